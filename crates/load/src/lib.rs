//! A load generator for a flash sale: HTTP/1.1 without TLS, for loopback and beyond.
//!
//! Three kinds of load, each bounded in connections, in time and in memory:
//!
//! * [`OpenLoop`]: arrivals at a fixed rate, whatever the server does. This is how buyers come,
//!   and the only load whose latencies say what a buyer would have waited.
//! * [`ClosedLoop`]: a crowd of connections, each of which asks again once it was answered. It
//!   finds out how much a server can do; a slow server slows it, so its latencies flatter.
//! * [`Watchers`]: event streams of one sale, and how long a change of its stock takes to all of
//!   them.
//!
//! # Reading the figures
//!
//! * An open loop counts a latency from the instant that the request was *due*, not from when it
//!   was sent: a server that stalls for a second has made everybody wait who came in that second
//!   (no coordinated omission). The runtime's timer has steps of 1 ms, so requests are due on a
//!   grid of milliseconds: that of its arrival, rounded up.
//! * A request that has no answer within its time counts as [`Outcome::TimedOut`] with just that
//!   time, also one that found no connection until then and was never sent.
//! * [`Report::latencies`] has every request, [`Report::decided`] those that were told success or
//!   a rejection: answers of 503 are quick, and would make an overloaded server look good.
//! * [`Report::lateness`] is how late requests were written, which stands in the latencies too. As
//!   long as connections are free, all of it is the generator's own: about a millisecond on a
//!   machine that has time for it, for the runtime wakes that late. Where every connection is busy,
//!   the wait for one is in it, and so is the time that a new one takes to open.
//! * Latencies are exact to one in a thousand and longest at an hour; a maximum is exact.
//!
//! # Where it runs
//!
//! On the runtime that calls it. One thread is enough: [`on_its_own_thread`] gives it one, so that
//! what else the caller does cannot make arrivals late. Nothing is repeated: a request whose
//! connection broke is [`Outcome::Broken`], and the next request opens a connection anew.

mod answer;
mod closed_loop;
mod connection;
mod draft;
mod fault;
mod head;
mod latencies;
mod open_loop;
mod outcome;
mod own_thread;
mod report;
mod run;
mod script;
mod target;
mod watchers;

pub use closed_loop::ClosedLoop;
pub use fault::Fault;
pub use latencies::Latencies;
pub use open_loop::OpenLoop;
pub use outcome::{Code, Outcome, Said};
pub use own_thread::on_its_own_thread;
pub use report::{Report, Second};
pub use script::{Attempts, Script, StatusReads};
pub use target::{BadTarget, Target};
pub use watchers::{WatchReport, Watchers};
