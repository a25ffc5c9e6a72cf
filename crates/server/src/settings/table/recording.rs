//! Settings of what follows a sale's acceptance: the outbox, reconciliation.

use super::{Kind, Section, Setting, WAIT_MAX_MS};

pub(super) const OUTBOX: Section = Section {
    title: "How purchases reach the ledger",
    settings: &[
        Setting::whole(
            "STAMPEDE_OUTBOX_ROWS_MAX",
            "purchases",
            "1000",
            (1, 10_000),
            "purchases in one commit, about; on embedded 256 at most",
        ),
        Setting::whole(
            "STAMPEDE_OUTBOX_READ_WAIT_MS",
            "milliseconds",
            "1000",
            (10, 60_000),
            "how long a read waits for the first entry",
        ),
        Setting::whole(
            "STAMPEDE_OUTBOX_CLAIM_IDLE_MS",
            "milliseconds",
            "5000",
            (500, WAIT_MAX_MS),
            "idle time after which another worker takes over what one held",
        ),
        Setting::whole(
            "STAMPEDE_OUTBOX_LAG_MAX_MS",
            "milliseconds",
            "10000",
            (0, 60_000),
            "how long purchases may wait for the ledger so that buyers come first: while anything is sold, the drain takes a fifth of the time at most until they have waited so long; 0 and it never gives way",
        ),
        Setting::whole(
            "STAMPEDE_OUTBOX_BACKOFF_MIN_MS",
            "milliseconds",
            "50",
            (1, 60_000),
            "first pause after a failure, doubled from there",
        ),
        Setting::whole(
            "STAMPEDE_OUTBOX_BACKOFF_MAX_MS",
            "milliseconds",
            "5000",
            (10, WAIT_MAX_MS),
            "longest pause after a failure",
        ),
        Setting::whole(
            "STAMPEDE_CONFIRMS_AT_ONCE_MAX",
            "commits",
            "4",
            (1, 64),
            "commits at a time before answers at level ledger, each of one sale; as many lookups at that level go beside them",
        ),
        Setting::whole(
            "STAMPEDE_CONFIRM_ROWS_MAX",
            "purchases",
            "1000",
            (1, 10_000),
            "purchases in one such commit, about",
        ),
        Setting::whole(
            "STAMPEDE_UNCONFIRMED_PURCHASES_MAX",
            "purchases",
            "16384",
            (1, 1_000_000),
            "purchases that wait for such a commit, of all sales; one sale has no more of that than it leaves to the others, half of it if it is alone, and then an attempt at level ledger is answered 503 before the gate is asked",
        ),
        Setting::whole(
            "STAMPEDE_CONFIRM_MAX_MS",
            "milliseconds",
            "2000",
            (50, 60_000),
            "how long a buyer waits for the ledger before 503; the commit goes on",
        ),
        Setting::whole(
            "STAMPEDE_RECORD_TRIES_MAX",
            "tries",
            "3",
            (1, 100),
            "times that the ledger may refuse a purchase for its data before it becomes a dead letter",
        ),
    ],
};

pub(super) const RECONCILIATION: Section = Section {
    title: "How gate and ledger are compared",
    settings: &[
        Setting::of(
            "STAMPEDE_RECONCILE_SCHEDULE",
            Kind::Cron,
            "*/20 * * * * *",
            "when gate and ledger are compared",
        ),
        Setting::whole(
            "STAMPEDE_RECONCILE_PAGE_ROWS",
            "rows",
            "1000",
            (10, 10_000),
            "sales or purchases that are compared at a time",
        ),
        Setting::whole(
            "STAMPEDE_RECONCILE_SETTLED_AFTER_MS",
            "milliseconds",
            "10000",
            (0, WAIT_MAX_MS),
            "age below which a purchase is on its way and not missing",
        ),
        Setting::whole(
            "STAMPEDE_RECONCILE_WAITING_MAX",
            "entries",
            "10000",
            (1, 1_000_000),
            "entries of one sale in the outbox that are looked through",
        ),
        Setting::whole(
            "STAMPEDE_RECONCILE_SWEEP_ROWS",
            "purchases",
            "20000",
            (0, 10_000_000),
            "purchases compared one by one in a scheduled run although counters agree",
        ),
    ],
};
