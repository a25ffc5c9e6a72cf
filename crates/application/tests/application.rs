//! What the application layer holds by itself: batches, and what a node shows of its sales.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod application {
    mod coalescer;
    mod confirming;
    mod live_sales;
    mod reconciling;
    mod samples;
    mod shedding;
    mod stores;
}
