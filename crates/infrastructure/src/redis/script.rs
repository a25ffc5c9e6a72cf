//! The scripts, each with the fence before it, and how one is sent.

use std::{fmt::Write as _, sync::LazyLock};

use redis::{Cmd, RedisError, Script, ServerErrorKind, Value};
use stampede_domain::Epoch;

use super::{
    fence::{Reply, Undecodable},
    link::{Link, Live, is_unanswered},
    registry::KnownSale,
};

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {
        $(
            $(#[$doc])*
            pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
                Script::new(concat!(include_str!("lua/fence.lua"), include_str!($file)))
            });
        )*
    };
}

scripts! {
    /// Decides a batch.
    ATTEMPT = "lua/attempt.lua";
    /// Opens a new sale.
    OPEN = "lua/open.lua";
    /// Reads a sale.
    SNAPSHOT = "lua/snapshot.lua";
    /// Reads a buyer's record.
    PURCHASES = "lua/purchases.lua";
    /// Pauses, resumes, ends.
    CHANGE = "lua/change.lua";
    /// Replaces the definition of an upcoming sale.
    AMEND = "lua/amend.lua";
    /// Forgets a deleted sale.
    FORGET = "lua/forget.lua";
    /// Shuts a sale that the ledger does not know.
    SHUT = "lua/shut.lua";
    /// Reads a part of the buyers.
    HOLDINGS = "lua/holdings.lua";
    /// Reads the counters.
    AUDIT = "lua/audit.lua";
    /// Puts lost purchases back.
    REPAIR = "lua/repair.lua";
    /// Reads a part of what waits in the outbox.
    WAITING = "lua/waiting.lua";
    /// Takes in purchases of an earlier epoch.
    ADOPT = "lua/adopt.lua";
    /// Restore, step 2.
    CLOSE = "lua/close.lua";
    /// Restore, step 3.
    SURVIVORS = "lua/survivors.lua";
    /// Restore, step 5.
    REFILL = "lua/refill.lua";
    /// Restore, step 6.
    REOPEN = "lua/reopen.lua";
}

/// Bytes reserved for the part of a command that every script has.
const COMMAND_BYTES: usize = 512;

/// What is sent: a script and what follows the arguments that every script has.
pub(super) struct Call<'a> {
    pub(super) script: &'static Script,
    /// Arguments and bytes that `write` adds, so that the command is allocated once.
    pub(super) size: (usize, usize),
    /// Adds ARGV 5 and later.
    pub(super) write: &'a (dyn Fn(&mut Cmd) + Sync),
}

impl Call<'_> {
    /// A script without arguments of its own.
    pub(super) fn plain(script: &'static Script) -> Call<'static> {
        Call { script, size: (0, 0), write: &|_| {} }
    }
}

/// What came back, and whether an earlier sending of the same may still take effect.
pub(super) struct Sent {
    pub(super) reply: Reply,
    pub(super) resent: bool,
    pub(super) live: Live,
}

/// A script's own reply.
pub(super) struct Answer {
    pub(super) value: Value,
    /// The life of the gate that replied.
    pub(super) epoch: Epoch,
    /// Whether an earlier sending of the same may still take effect.
    pub(super) resent: bool,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
}

/// Sends a script for a sale under the epoch that is known, `None` for any.
///
/// One round trip. A script that the server does not have is loaded; a reply that was lost is
/// asked for once more with the same arguments, as long as the not-after leaves time.
pub(super) async fn send(
    link: &Link,
    response_timeout_ms: i64,
    sale: &KnownSale,
    epoch: Option<Epoch>,
    call: &Call<'_>,
) -> Result<Sent, SendError> {
    deliver(link, response_timeout_ms, sale, epoch, call, true).await
}

/// As [`send`], and once at most: for what would do harm at another server than the first.
pub(super) async fn send_once(
    link: &Link,
    response_timeout_ms: i64,
    sale: &KnownSale,
    epoch: Option<Epoch>,
    call: &Call<'_>,
) -> Result<Sent, SendError> {
    deliver(link, response_timeout_ms, sale, epoch, call, false).await
}

async fn deliver(
    link: &Link,
    response_timeout_ms: i64,
    sale: &KnownSale,
    epoch: Option<Epoch>,
    call: &Call<'_>,
    again: bool,
) -> Result<Sent, SendError> {
    let mut live = link.live().await?;
    let not_after = live.time.now_ms().saturating_add(response_timeout_ms);
    let command = command(sale, epoch, not_after, call);
    let mut resent = false;
    loop {
        match run(&mut live, call.script, &command).await {
            Ok(value) => {
                let (reply, raw_ms) = Reply::read(value)?;
                link.observe(&live, raw_ms);
                return Ok(Sent { reply, resent, live });
            }
            Err(error) if is_unanswered(&error) => {
                link.drop_broken(&live).await;
                if resent || !again || live.time.now_ms() >= not_after {
                    return Err(error.into());
                }
                resent = true;
                live = link.live().await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Runs the command, loading the script first if the server has lost it.
///
/// A missing script says nothing about the data: a restart that lost nothing loses scripts.
async fn run(live: &mut Live, script: &Script, command: &Cmd) -> Result<Value, RedisError> {
    let reply = command.query_async(&mut live.connection).await;
    match reply {
        Err(error) if error.kind() == redis::ErrorKind::Server(ServerErrorKind::NoScript) => {
            script.load_async(&mut live.connection).await?;
            command.query_async(&mut live.connection).await
        }
        reply => reply,
    }
}

fn command(sale: &KnownSale, epoch: Option<Epoch>, not_after: i64, call: &Call<'_>) -> Cmd {
    let keys = &sale.keys;
    let mut command = Cmd::with_capacity(12 + call.size.0, COMMAND_BYTES + call.size.1);
    command.arg("EVALSHA").arg(call.script.get_hash()).arg(5);
    for key in [&keys.head, &keys.buyers, &keys.sales, &keys.outbox, &keys.feed] {
        command.arg(key);
    }
    let mut known = String::new();
    match epoch {
        Some(epoch) => write!(known, "{epoch}").unwrap_or_default(),
        None => known.push('*'),
    }
    command.arg(&sale.generation).arg(known).arg(not_after).arg(sale.id.sku.as_str());
    (call.write)(&mut command);
    command
}
