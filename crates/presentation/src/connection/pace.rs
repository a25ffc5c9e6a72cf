//! Whether a client keeps pace: sends a head in time once it has begun one, and reads what it is
//! answered.
//!
//! No request starts a timer. A connection counts the looks that are taken at it while its client
//! owes something, and one task a thread looks at all connections now and then.

use std::{
    cell::{Cell, RefCell},
    io,
    rc::{Rc, Weak},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{task::spawn_local, time::sleep};

use super::Ended;
use crate::{settings::HttpLimits, worker::Node};

/// How many looks are taken within the shorter of the two limits.
const LOOKS: u32 = 4;
/// The least time between two looks.
const INTERVAL_MIN: Duration = Duration::from_millis(1);
/// The most, since what is gone is remembered until the next one.
const INTERVAL_MAX: Duration = Duration::from_secs(2);

/// Turns that a connection may take without a look at what its client sends, and without giving it
/// anything. A turn looks, or follows what it was given; the library does neither only where it asks
/// for its own turn again and again.
const IDLE_TURNS_MAX: u32 = 1_000;

/// What the server waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// For the next request, these looks long. The library ends a connection that is kept for too
    /// long, but not one that owes it the rest of a body that nobody reads.
    Idle(u32),
    /// For the rest of a head, these looks long.
    Head(u32),
    /// For its own answer, up to its last byte; how long a body may take is the affair of who reads
    /// it. Or for the connection's first head, which the library limits itself, and answers 408.
    #[default]
    Busy,
}

/// How one connection's client keeps pace. Of one thread, that of the connection's task.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    phase: Cell<Phase>,
    /// Those who make an answer to it; busy while there is one.
    hands: Cell<u32>,
    /// Turns since the client was looked at or given something.
    idle_turns: Cell<u32>,
    /// For how many looks a write has stood still; `None` while all that is written goes.
    clogged: Cell<Option<u32>>,
    /// Set once, by which everything that is done to the connection fails.
    late: Cell<Option<Ended>>,
    /// The connection's task while it waits; there is one, whatever it waits for.
    waiting: RefCell<Option<Waker>>,
}

/// A request in hand; until the last of these is dropped, its client owes nothing.
pub(crate) struct InHand(Rc<Pace>);

impl Drop for InHand {
    fn drop(&mut self) {
        let pace = &self.0;
        pace.hands.set(pace.hands.get() - 1);
        if pace.hands.get() == 0 {
            pace.phase.set(Phase::Idle(0));
        }
    }
}

impl Pace {
    /// A request's head is there, and its answer is being made.
    pub(crate) fn take_in_hand(self: &Rc<Self>) -> InHand {
        self.hands.set(self.hands.get() + 1);
        self.phase.set(Phase::Busy);
        InHand(self.clone())
    }

    /// Ready while the client takes what is written.
    pub(super) fn poll_flows(&self, context: &Context<'_>) -> Poll<()> {
        if self.clogged.get().is_none() {
            return Poll::Ready(());
        }
        self.wait(context);
        Poll::Pending
    }

    /// Fails once the client is late.
    pub(super) fn check(&self) -> io::Result<()> {
        match self.late.get() {
            None => Ok(()),
            Some(why) => Err(io::Error::new(io::ErrorKind::TimedOut, why.as_str())),
        }
    }

    /// The connection is asked for what the client has sent.
    pub(super) fn looked(&self) {
        self.idle_turns.set(0);
    }

    /// The client has sent something: what comes while nothing is in hand begins a head.
    pub(super) fn bytes_came(&self) {
        if let Phase::Idle(_) = self.phase.get() {
            self.phase.set(Phase::Head(0));
        }
    }

    /// The library has taken a turn.
    ///
    /// # Errors
    ///
    /// Why the connection is ended, told once: 128 KiB of requests wait behind the one in hand, and
    /// above that the library looks at no more and takes turn after turn.
    pub(super) fn turned(&self) -> Result<(), Ended> {
        let turns = self.idle_turns.get() + 1;
        if turns < IDLE_TURNS_MAX {
            self.idle_turns.set(turns);
            return Ok(());
        }
        let told = self.late.replace(Some(Ended::FarAhead)).is_some();
        if told { Ok(()) } else { Err(Ended::FarAhead) }
    }

    /// The client has taken something of what was written.
    pub(super) fn moved(&self) {
        self.idle_turns.set(0);
        if let Phase::Idle(_) = self.phase.get() {
            self.phase.set(Phase::Idle(0));
        }
        if self.clogged.take().is_some() {
            self.wake();
        }
    }

    /// The client takes nothing at present.
    pub(super) fn stood_still(&self, context: &Context<'_>) {
        if self.clogged.get().is_none() {
            self.clogged.set(Some(0));
        }
        self.wait(context);
    }

    /// Remembers whom to wake.
    pub(super) fn wait(&self, context: &Context<'_>) {
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *waiting = Some(context.waker().clone());
        }
    }

    fn wake(&self) {
        if let Some(waker) = self.waiting.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    /// Looks at the connection; tells once why it is ended.
    fn look(&self, limits: Looks) -> Option<Ended> {
        // A head is not asked for while the client is to read first.
        let why = match (self.clogged.get(), self.phase.get()) {
            (Some(looks), _) if looks >= limits.unread => Ended::Unread,
            (None, Phase::Head(looks)) if looks >= limits.head => Ended::SlowHead,
            (None, Phase::Idle(looks)) if looks >= limits.idle => Ended::Unfinished,
            (Some(looks), _) => {
                self.clogged.set(Some(looks + 1));
                return None;
            }
            (None, Phase::Head(looks)) => {
                self.phase.set(Phase::Head(looks + 1));
                return None;
            }
            (None, Phase::Idle(looks)) => {
                self.phase.set(Phase::Idle(looks + 1));
                return None;
            }
            (None, Phase::Busy) => return None,
        };
        let told = self.late.replace(Some(why)).is_some();
        self.wake();
        (!told).then_some(why)
    }
}

/// The limits, in looks.
#[derive(Clone, Copy, Debug)]
struct Looks {
    head: u32,
    unread: u32,
    idle: u32,
}

/// All connections of one thread by one listener.
pub(crate) struct Paces {
    node: Arc<Node>,
    interval: Duration,
    limits: Looks,
    /// Empty exactly while nobody looks. What is gone is forgotten at the next look.
    open: RefCell<Vec<Weak<Pace>>>,
}

impl Paces {
    /// None yet; late is who is beyond the limits of the node's settings.
    pub(crate) fn new(node: Arc<Node>) -> Self {
        let (interval, limits) = looks_of(&node.settings.limits);
        Self { node, interval, limits, open: RefCell::default() }
    }

    /// One connection more. Needs a local task set.
    pub(super) fn open(self: &Rc<Self>) -> Rc<Pace> {
        let pace = Rc::new(Pace::default());
        let mut open = self.open.borrow_mut();
        if open.is_empty() {
            spawn_local(look_now_and_then(self.clone()));
        }
        open.push(Rc::downgrade(&pace));
        pace
    }

    /// Looks at every connection; whether there are any.
    fn look(&self) -> bool {
        let mut open = self.open.borrow_mut();
        open.retain(|pace| {
            let Some(pace) = pace.upgrade() else { return false };
            if let Some(why) = pace.look(self.limits) {
                self.node.metrics.connection_ended(why);
            }
            true
        });
        !open.is_empty()
    }
}

/// How often to look, and how many looks the limits are.
fn looks_of(limits: &HttpLimits) -> (Duration, Looks) {
    let shorter = limits.head_timeout.min(limits.write_timeout);
    let interval = (shorter / LOOKS).clamp(INTERVAL_MIN, INTERVAL_MAX);
    let looks = |limit: Duration| {
        let looks = limit.as_nanos().div_ceil(interval.as_nanos());
        u32::try_from(looks).unwrap_or(u32::MAX)
    };
    let (head, unread) = (looks(limits.head_timeout), looks(limits.write_timeout));
    // An idle connection is the library's to end, which comes first.
    let idle = looks(limits.keep_alive + limits.head_timeout);
    (interval, Looks { head, unread, idle })
}

/// Looks at a thread's connections until there are none.
async fn look_now_and_then(paces: Rc<Paces>) {
    loop {
        sleep(paces.interval).await;
        if !paces.look() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::task::{ArcWake, waker};

    use super::*;

    const LIMITS: Looks = Looks { head: 5, unread: 3, idle: 9 };

    /// Counts how often the connection's task was woken.
    #[derive(Default)]
    struct Woken(AtomicU32);

    impl ArcWake for Woken {
        fn wake_by_ref(woken: &Arc<Self>) {
            woken.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Woken {
        fn times(&self) -> u32 {
            self.0.load(Ordering::Relaxed)
        }
    }

    /// A connection that was answered once and is kept.
    fn kept() -> Rc<Pace> {
        let pace = Rc::new(Pace::default());
        drop(pace.take_in_hand());
        pace
    }

    /// Looks so often; what the last look told.
    fn look(pace: &Pace, times: u32) -> Option<Ended> {
        (0..times).fold(None, |_, _| pace.look(LIMITS))
    }

    #[test]
    fn a_head_is_late_beyond_its_limit_and_told_once() {
        let (pace, woken) = (kept(), Arc::new(Woken::default()));
        let waker = waker(woken.clone());
        pace.wait(&Context::from_waker(&waker));
        pace.bytes_came();
        assert_eq!(look(&pace, LIMITS.head), None);
        assert!(pace.check().is_ok() && woken.times() == 0);
        // More of the same head is no other head.
        pace.bytes_came();
        assert_eq!(look(&pace, 1), Some(Ended::SlowHead));
        assert_eq!(pace.check().unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!((look(&pace, 1), woken.times()), (None, 2));
    }

    #[test]
    fn a_first_head_is_the_affair_of_the_library() {
        let pace = Pace::default();
        pace.bytes_came();
        assert_eq!(look(&pace, 100), None);
    }

    #[test]
    fn whoever_owes_nothing_is_never_late() {
        let pace = kept();
        assert_eq!(look(&pace, LIMITS.idle), None);
        pace.bytes_came();
        let in_hand = pace.take_in_hand();
        pace.bytes_came();
        assert_eq!(look(&pace, 100), None);
        drop(in_hand);
        assert_eq!(look(&pace, LIMITS.idle), None);
        pace.bytes_came();
        assert_eq!(look(&pace, LIMITS.head + 1), Some(Ended::SlowHead));
    }

    #[test]
    fn a_connection_that_takes_turns_and_looks_at_nothing_is_ended_and_told_once() {
        let pace = kept();
        let turns = |turns: u32| (0..turns).try_for_each(|_| pace.turned());
        for looks in [Pace::looked, Pace::moved] {
            assert_eq!(turns(IDLE_TURNS_MAX - 1), Ok(()));
            looks(&pace);
        }
        assert_eq!(turns(IDLE_TURNS_MAX), Err(Ended::FarAhead));
        assert!(pace.check().is_err());
        assert_eq!((turns(1), look(&pace, 100)), (Ok(()), None));
    }

    #[test]
    fn a_connection_that_the_library_forgets_is_ended() {
        let pace = kept();
        assert_eq!(look(&pace, LIMITS.idle), None);
        // An answer that still goes is no idleness.
        pace.moved();
        assert_eq!(look(&pace, LIMITS.idle), None);
        assert_eq!(look(&pace, 1), Some(Ended::Unfinished));
    }

    #[test]
    fn a_write_is_late_while_it_stands_still_and_not_while_it_moves() {
        let (pace, woken) = (kept(), Arc::new(Woken::default()));
        let waker = waker(woken.clone());
        let context = Context::from_waker(&waker);
        for _ in 0..10 {
            pace.stood_still(&context);
            assert_eq!(look(&pace, LIMITS.unread), None);
            assert!(pace.poll_flows(&context).is_pending());
            pace.moved();
            assert!(pace.poll_flows(&context).is_ready());
        }
        assert_eq!(woken.times(), 10);
        pace.stood_still(&context);
        assert_eq!(look(&pace, LIMITS.unread), None);
        pace.stood_still(&context);
        assert_eq!(look(&pace, 1), Some(Ended::Unread));
    }

    #[test]
    fn a_head_is_not_late_while_it_is_not_asked_for() {
        let pace = kept();
        let context = Context::from_waker(Waker::noop());
        pace.bytes_came();
        pace.stood_still(&context);
        assert_eq!(look(&pace, LIMITS.unread), None);
        pace.moved();
        assert_eq!(look(&pace, LIMITS.head), None);
        assert_eq!(look(&pace, 1), Some(Ended::SlowHead));
    }

    #[test]
    fn lateness_is_told_after_the_limit_and_by_half_of_the_shorter_one_later() {
        let limits = HttpLimits {
            head_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(31),
            ..HttpLimits::default()
        };
        let (interval, looks) = looks_of(&limits);
        for (limit, max) in
            [(limits.head_timeout, looks.head), (limits.write_timeout, looks.unread)]
        {
            assert!(interval * max >= limit);
            assert!(interval * (max + 1) <= limit + limits.head_timeout / 2);
        }
    }
}
