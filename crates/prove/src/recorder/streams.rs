//! A stream is followed, and everything noted that it says.

use std::time::Duration;

use stampede_testkit::shop::Events;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::{AGAIN, Recorder, reading::seen};
use crate::history::Event;

/// How often it is looked whether a stream has nothing to say.
const IDLE_EVERY: Duration = Duration::from_millis(10);
/// A stream says something every 15 s at least.
const SILENCE: Duration = Duration::from_secs(20);

impl Recorder {
    /// Follows the stream of a node for ever, opening it anew when it breaks.
    pub async fn follow(&self, node: usize) {
        loop {
            let begun = self.now();
            if let Some(mut events) = Events::try_open(&self.shop(node), &self.sku).await {
                self.follow_one(node, begun, &mut events).await;
            }
            sleep(AGAIN).await;
        }
    }

    async fn follow_one(&self, node: usize, begun: Duration, events: &mut Events) {
        let stream = {
            let mut noted = self.noted();
            noted.streams += 1;
            let stream = noted.streams;
            noted.idle.insert(stream, (node, begun));
            stream
        };
        let over = self.listen(node, stream, begun, events).await;
        self.noted().idle.remove(&stream);
        self.note(node, over, Event::Over { stream });
    }

    /// Notes the events of a stream until it is over; answers when there was last nothing to read.
    async fn listen(
        &self,
        node: usize,
        stream: usize,
        begun: Duration,
        events: &mut Events,
    ) -> Duration {
        // An event was not there yet when there was last nothing to read. One look may be ahead of
        // what the runtime knows by then, so it is the look before it that counts. The first event
        // may have come with the answer, long before this was told of it.
        let (mut idle, mut idle_before) = (begun, begun);
        let mut looks = interval(IDLE_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = self.now();
        while self.now() < heard + SILENCE {
            tokio::select! {
                biased;
                event = events.next_within(SILENCE) => {
                    let Some(event) = event else { break };
                    if let Some(seen) = seen(&event.data, event.id) {
                        self.note(node, idle_before, Event::Told { stream, seen });
                    }
                    heard = self.now();
                }
                _ = looks.tick() => {
                    (idle_before, idle) = (idle, self.now());
                    self.noted().idle.insert(stream, (node, idle_before));
                }
            }
        }
        idle_before
    }
}
