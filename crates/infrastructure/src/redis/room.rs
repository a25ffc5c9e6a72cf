//! How many more units a Redis has memory for.

use stampede_application::ports::PortError;

use super::{failure::unavailable, inspection::Info, link::Link};

/// Bytes that a sold unit takes, about: 139 in the buyers' hash, and 114 in the outbox, 11 of them
/// its price, for as long as the ledger is away.
const UNIT_BYTES: u64 = 253;

/// Units for which there is memory below `maxmemory`; `None` without such a limit.
pub(super) async fn room(link: &Link) -> Result<Option<u64>, PortError> {
    let mut ask = redis::cmd("INFO");
    ask.arg("memory");
    let told: String = link.query(&ask).await.map_err(unavailable)?;
    Ok(units(&Info::read(&told)))
}

fn units(info: &Info<'_>) -> Option<u64> {
    let bytes = |name| info.text(name).and_then(|text| text.parse::<u64>().ok());
    let limit = bytes("maxmemory").filter(|&limit| limit > 0)?;
    Some(limit.saturating_sub(bytes("used_memory")?) / UNIT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_below_the_limit_is_room_and_no_limit_is_none() {
        let full = Info::read("used_memory:1000\r\nmaxmemory:26300\r\n");
        assert_eq!(units(&full), Some(100));
        assert_eq!(units(&Info::read("used_memory:26000\r\nmaxmemory:25200\r\n")), Some(0));
        assert_eq!(units(&Info::read("used_memory:1000\r\nmaxmemory:0\r\n")), None);
    }
}
