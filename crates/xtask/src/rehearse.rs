//! `cargo xtask rehearse`: the day of a sale, with Redis lost in the middle.

use std::{process::Child, thread, time::Duration};

use crate::{
    binary,
    command::asks_for_help,
    install::Permission,
    stop::Stop,
    system::{System, folder},
};

const HELP: &str = "\
Rehearses the day of a sale on this machine: two API nodes and a worker over Redis and Postgres,
nginx in front, buyers by k6 who come over half a minute, and Redis, which syncs before it answers,
killed once a third of the stock is sold, and started again. Says PASS if exactly the stock was
sold, every buyer got a decision, the ledger has as many units as buyers were told of, and it
agrees with Redis purchase by purchase within a minute; else FAIL, and the exit code is 1.

Usage: cargo xtask rehearse

The summary is written to target/k6, a page and JSON.
";

/// How often it is looked whether a third is sold.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long Redis is away.
const AWAY: Duration = Duration::from_secs(3);

/// Starts the system, has it loaded, and breaks it meanwhile.
pub(crate) fn rehearse(arguments: &[String]) -> Result<(), Stop> {
    if asks_for_help(arguments, HELP)? {
        return Ok(());
    }
    let mut system = System::start(Permission::Install, binary::build).inspect_err(|stop| {
        if stop.code == Stop::FAILED {
            println!("FAIL");
        }
    })?;
    let outcome = system.load("rehearsal", |system, k6| {
        // As it ships it may take what it told in the last two seconds, when its disk is slow.
        system.order("sync always")?;
        await_a_third(system, k6)?;
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

/// Waits until a third of the stock is sold: how long k6 takes to make its buyers is the machine's.
/// It is k6 that ends it where that never comes.
fn await_a_third(system: &mut System, k6: &mut Child) -> Result<(), Stop> {
    loop {
        let sold = system.sold()?;
        if sold.is_a_third() {
            println!("--- {} of {} units are sold", sold.units, sold.stock);
            return Ok(());
        }
        let ended = k6.try_wait().map_err(|error| Stop::failed(format!("k6: {error}")))?;
        if let Some(status) = ended {
            let early = "k6 ended before a third of the stock was sold, so that nothing was lost";
            return Err(Stop::failed(format!("{early}: {status}")));
        }
        thread::sleep(LOOK_EVERY);
    }
}
