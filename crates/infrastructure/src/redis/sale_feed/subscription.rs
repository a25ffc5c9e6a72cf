//! One subscription a node to the channels of all shards, renewed by the client library.

use std::sync::Arc;

use redis::{
    Client, ErrorKind, Msg, ProtocolVersion, PushInfo, PushKind, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use stampede_application::{live_sales::LiveSales, ports::Causes};
use stampede_domain::Shard;
use tokio::{sync::mpsc, time};

use super::{Parts, message::Message, shard::ShardFeed};

/// Messages that wait to be applied; what does not fit is found by the next read of its shard.
const MESSAGES_MAX: usize = 4_096;

/// Applies messages for ever; subscribes anew whenever that fails.
pub(super) async fn follow(parts: &Parts, shards: &[ShardFeed], live: &Arc<LiveSales>) {
    let mut pause = parts.settings.reconnect_min;
    loop {
        match subscribe(parts).await {
            Ok((_connection, mut messages)) => {
                pause = parts.settings.reconnect_min;
                while let Some(push) = messages.recv().await {
                    apply(push, shards, live);
                }
            }
            Err(error) => {
                // Told once by the reads of the shards, which fail by the same cause.
                tracing::debug!(error = %Causes(&error), "not subscribed");
                time::sleep(pause).await;
                pause = (pause * 2).min(parts.settings.reconnect_max);
            }
        }
    }
}

async fn subscribe(
    parts: &Parts,
) -> Result<(ConnectionManager, mpsc::Receiver<PushInfo>), RedisError> {
    let (sender, messages) = mpsc::channel(MESSAGES_MAX);
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(parts.settings.connection_timeout))
        .set_response_timeout(Some(parts.settings.response_timeout))
        .set_number_of_retries(usize::MAX)
        .set_min_delay(parts.settings.reconnect_min)
        .set_max_delay(parts.settings.reconnect_max)
        .set_push_sender(move |push: PushInfo| match sender.try_send(push) {
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(closed()),
        })
        .set_automatic_resubscription();
    let mut connection = client(parts)?.get_connection_manager_with_config(config).await?;
    for shard in Shard::all() {
        connection.subscribe(parts.registry.keys.feed(shard)).await?;
    }
    Ok((connection, messages))
}

/// Messages beside replies need the third version of the protocol.
fn client(parts: &Parts) -> Result<Client, RedisError> {
    use redis::IntoConnectionInfo;
    let info = parts.settings.url.as_str().into_connection_info()?;
    let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(redis))
}

fn closed() -> RedisError {
    RedisError::from((ErrorKind::Client, "nobody takes messages"))
}

fn apply(push: PushInfo, shards: &[ShardFeed], live: &LiveSales) {
    if push.kind == PushKind::Disconnection {
        // What was published meanwhile is lost: look at once instead of at the next interval.
        shards.iter().for_each(ShardFeed::look_now);
        return;
    }
    let Some(message) = Msg::from_push_info(push) else { return };
    let again = match Message::read(message.get_payload_bytes()) {
        Message::Stock(id, version, stock) => {
            (!live.apply_stock(&id, version, stock)).then_some(id)
        }
        Message::ReadAgain(id) => Some(id),
        Message::Unknown => None,
    };
    if let Some(id) = again
        && let Some(shard) = shards.get(Shard::of(&id.sku).index())
    {
        shard.want(id);
        shard.look_now();
    }
}
