//! One contract suite per port, run over every adapter of it.
//!
//! A test is a plain async function over a [`Harness`]; the macro of its suite makes each one a
//! `#[test]` of an adapter:
//!
//! ```text
//! mod sale_gate {
//!     stampede_testkit::sale_gate_suite!(super::MyHarness::start());
//! }
//! ```
//!
//! The argument is an expression that makes a future of a harness, evaluated anew for each test.

pub mod catalogue;
mod dice;
pub mod later_work;
pub mod ledger;
pub mod outbox;
mod records;
pub mod sale_feed;
pub mod sale_gate;
mod scene;

pub use dice::Dice;
pub use records::Records;
pub use scene::{Harness, ManyNodes, Scene, attempt};

use std::{future::Future, time::Duration};

use tokio::{runtime, task::LocalSet, time};

/// How long one test may take; a gate that never answers fails instead of hanging.
const TEST_DURATION_MAX: Duration = Duration::from_mins(2);

/// Runs one test on a thread of its own making, since lanes never leave the thread they opened on.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        time::timeout(TEST_DURATION_MAX, test).await.expect("the test ends in time");
    });
}

/// Makes each named function of a suite a `#[test]` over what `$harness` makes.
#[doc(hidden)]
#[macro_export]
macro_rules! suite_tests {
    ($harness:expr, $suite:path, $($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                use $suite as suite;
                $crate::suites::run(async {
                    let harness = $harness.await;
                    suite::$name(&harness).await;
                });
            }
        )+
    };
}
