//! `cargo xtask rehearse`: the day of a sale, with Redis lost in the middle.

use std::{thread, time::Duration};

use crate::{
    binary,
    command::asks_for_help,
    install::Permission,
    stop::Stop,
    system::{System, folder},
};

const HELP: &str = "\
Rehearses the day of a sale on this machine: two API nodes and a worker over Redis and Postgres,
nginx in front, buyers by k6 who come over half a minute, and Redis killed in the middle and started
again. Says PASS if exactly the stock was sold, every buyer got a decision, the ledger has what
buyers were told and nothing else, and it agrees with Redis within a minute; else FAIL, and the
exit code is 1.

Usage: cargo xtask rehearse

The summary is written to target/k6, a page and JSON.
";

/// From the start of k6, which makes its buyers first, to the loss of Redis.
const BEFORE: Duration = Duration::from_secs(15);
/// How long Redis is away.
const AWAY: Duration = Duration::from_secs(3);

/// Starts the system, has it loaded, and breaks it meanwhile.
pub(crate) fn rehearse(arguments: &[String]) -> Result<(), Stop> {
    if asks_for_help(arguments, HELP)? {
        return Ok(());
    }
    let mut system = System::start(Permission::Install, binary::build)?;
    let outcome = system.load("rehearsal", |system| {
        thread::sleep(BEFORE);
        system.order("kill redis")?;
        thread::sleep(AWAY);
        system.order("start redis")
    });
    drop(system);
    println!("\nthe summary is {}", folder().join("rehearsal.html").display());
    if outcome.failed == 0 {
        println!("PASS");
        return Ok(());
    }
    println!("FAIL");
    Err(Stop::failed(outcome.told()))
}
