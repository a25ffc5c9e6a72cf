//! Restores that come to nothing, at each of the places where that could do harm. On redis only: the
//! embedded gate is made from its own file.

use std::time::Duration;

use sqlx::{Executor as _, PgConnection};
use stampede_application::{
    ports::{Amended, PortError, SaleGate},
    use_cases::{ProductChanges, UpdateError},
};
use stampede_domain::{Decision, Rejection};
use stampede_testkit::{
    servers::until,
    suites::{attempt, run},
};

use crate::{
    products::amended_at_the_gate_alone,
    shop::{WIDGET, When},
};

/// The ledger has no room for another session whenever a change of a sale is to be recorded.
const REFUSE_CHANGES: &str = "
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE 'no room' USING ERRCODE = 'too_many_connections'; END $$;
    CREATE TRIGGER refuse_change BEFORE UPDATE OF version ON sales
        FOR EACH ROW EXECUTE FUNCTION refuse_change()";
const TAKE_CHANGES: &str = "DROP TRIGGER refuse_change ON sales";

/// A restore waits before it opens the gate, until nobody holds this lock.
const WAIT_BEFORE_OPENING: &str = "
    CREATE FUNCTION wait_before_opening() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END $$;
    CREATE TRIGGER wait_before_opening BEFORE UPDATE OF opened_number ON sales
        FOR EACH ROW WHEN (NEW.opened_number IS NULL AND OLD.opened_number IS NOT NULL)
        EXECUTE FUNCTION wait_before_opening()";

/// However many restores come to nothing, before the gate is closed and after.
#[test]
fn a_change_that_only_the_gate_has_outlives_restores_that_came_to_nothing() {
    run(async {
        let shop = crate::shop::redis().await;
        let (id, ahead) = amended_at_the_gate_alone(&shop).await;
        let bought = shop.buy(&id, "ada").await;
        let mut epoch = shop.row(&id).await.epoch;
        for _ in 0..2 {
            epoch = shop.stores.begin_restore_and_die(&id, epoch).await;
        }
        shop.stores.change_ledger(REFUSE_CHANGES).await;
        let interrupted = shop.gate.rebuild(&id).await;
        assert!(matches!(interrupted, Err(PortError::Unavailable { .. })), "{interrupted:?}");
        shop.stores.change_ledger(TAKE_CHANGES).await;
        shop.stores.lapse_restores().await;
        let closed_in = shop.row(&id).await.epoch;
        assert!(closed_in.number > epoch.number, "it had taken an epoch, and closed the gate");
        shop.stores.begin_restore_and_die(&id, closed_in).await;

        let rebuilt = shop.gate.rebuild(&id).await.expect("the gate is made anew").snapshot;
        assert_eq!(rebuilt.sale, ahead);
        assert_eq!(shop.row(&id).await.sale, ahead, "the ledger has it now");
        assert_eq!(shop.recorded(&id).await[0].purchase.no(), bought.no());
        assert_eq!(shop.dead_letters().await, []);
    });
}

/// What the gate of an earlier life has is not what is on sale, whatever a node still believes.
#[test]
fn a_correction_at_a_gate_of_another_life_changes_nothing_until_that_is_made_anew() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Upcoming).await;
        let before = shop.row(&id).await;
        let taken = shop.stores.begin_restore_and_die(&id, before.epoch).await;
        let mut other = before.sale.clone();
        other.initial_stock = 3;
        let seen = shop.snapshot(&id).await.version;
        let amended = shop.gate.amend(&other, taken, seen).await.expect("the gate answers");
        assert_eq!(amended, Amended::OtherLife);
        assert_eq!(shop.snapshot(&id).await.sale, before.sale);

        let changes = ProductChanges { initial_stock: Some(3), ..ProductChanges::default() };
        let view = shop.update.run(&id.sku, &changes, None).await.expect("it is upcoming");
        let row = shop.row(&id).await;
        assert!(row.epoch.number > taken.number, "the gate was made anew first");
        assert_eq!((view.sale.clone(), row.sale), (other.clone(), other.clone()));
        assert_eq!(shop.snapshot(&id).await.sale, other);
    });
}

/// A restore needs the row that a correction holds.
#[test]
fn a_correction_of_a_sale_whose_gate_is_lost_has_it_restored_before_it_takes_the_row() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Upcoming).await;
        shop.stores.lose_shard(&id).await;
        let changes = ProductChanges { initial_stock: Some(3), ..ProductChanges::default() };
        shop.update.run(&id.sku, &changes, None).await.expect("it is upcoming");
        assert_eq!(shop.row(&id).await.sale.initial_stock, 3);

        let losing = (shop.stores.clone(), id.clone());
        shop.gate.before_amend(async move { losing.0.lose_shard(&losing.1).await });
        let changes = ProductChanges { initial_stock: Some(4), ..ProductChanges::default() };
        let view = shop.update.run(&id.sku, &changes, None).await.expect("it is upcoming");
        let row = shop.row(&id).await;
        assert_eq!((row.sale.initial_stock, row.version), (4, view.version));
        assert_eq!(shop.snapshot(&id).await.sale, row.sale);
    });
}

/// A restorer is at work, and the row is free: who corrects the sale is told to come again.
#[test]
fn a_correction_while_a_restorer_is_at_work_is_to_be_repeated() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Upcoming).await;
        let before = shop.row(&id).await;
        let taken = shop.stores.begin_restore_and_die(&id, before.epoch).await;
        let at_work = "UPDATE sales SET restore_until = clock_timestamp() + INTERVAL '4 seconds'";
        shop.stores.change_ledger(at_work).await;
        let changes = ProductChanges { initial_stock: Some(3), ..ProductChanges::default() };
        let refused = tokio::select! {
            biased;
            () = shop.stores.keep_restoring(&id, taken) => panic!("it goes on for ever"),
            refused = shop.update.run(&id.sku, &changes, None) => refused,
        };
        assert!(
            matches!(refused, Err(UpdateError::Port(PortError::Unavailable { .. }))),
            "{refused:?}"
        );
        assert_eq!(shop.row(&id).await.sale, before.sale);
    });
}

/// Somebody deletes a key of ours: who is gone from the gate must not buy again.
#[test]
fn buyers_that_are_lost_while_the_gate_is_written_are_missed() {
    run(async {
        let shop = crate::shop::redis().await;
        let id = shop.sell(WIDGET, 10, 1, When::Active).await;
        shop.buy(&id, "ada").await;
        shop.buy(&id, "ben").await;
        shop.drain(&id).await.expect("the stores answer");
        shop.stores.change_ledger(WAIT_BEFORE_OPENING).await;
        let mut holder = shop.stores.ledger_session().await;
        holder.execute("SELECT pg_advisory_lock(42)").await.expect("the lock is free");

        let losing = async {
            opening_waits(&mut shop.stores.ledger_session().await).await;
            shop.stores.lose_buyer(&id, "ada").await;
            holder.execute("SELECT pg_advisory_unlock(42)").await.expect("it is ours");
        };
        let (rebuilt, ()) = tokio::join!(shop.gate.rebuild(&id), losing);
        assert!(matches!(rebuilt, Err(PortError::Unavailable { .. })), "{rebuilt:?}");
        shop.stores.lapse_restores().await;
        let again = shop.decide(&id, &[attempt("ada", 2, 1)]).await;
        assert!(
            matches!(again[..], [Decision::Rejected(Rejection::AlreadyPurchased(_))]),
            "{again:?}"
        );
        assert_eq!(shop.counts(&id).await, (8, 2, 2));
    });
}

/// Returns once a restore waits before it opens its gate.
async fn opening_waits(session: &mut PgConnection) {
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_database ON database = pg_database.oid
         WHERE locktype = 'advisory' AND objid = 42 AND NOT granted
             AND datname = current_database()";
    until("a restore that waits", Duration::from_secs(30), async || {
        let waiting: i64 =
            sqlx::query_scalar(waiting).fetch_one(&mut *session).await.expect("the ledger answers");
        (waiting > 0).then_some(())
    })
    .await;
}
