//! A node of an older version of this program: what it asked of Postgres, as it asked it.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use stampede_domain::{Epoch, RecordedPurchase, Sale};

/// What a version of this program knew of the tables.
pub(super) struct Schema {
    /// The newest migration that it came with.
    pub(super) version: i64,
    /// What its products had beside what the first ones had: columns, and values for them.
    product: [&'static str; 2],
    /// What it changed of a product besides, when it wrote a change down.
    changed: &'static str,
    /// What a commit did to its sale besides.
    committed: &'static str,
    /// What its runs of reconciliation told besides: columns, and values for them.
    told: [&'static str; 2],
}

/// The columns of a product's page, empty.
const PAGE: [&str; 2] =
    [", description, picture, price_minor, currency", ", NULL, NULL, NULL, NULL"];
/// The same, changed.
const PAGE_CHANGED: &str =
    ", description = 'Old', picture = NULL, price_minor = NULL, currency = NULL";
/// What a run of reconciliation tells.
const RUN: [&str; 2] = [
    ", node, trigger, thoroughness, sku, raised, drifts",
    ", 'old', 'schedule', 'counters', NULL, 0, '{}'::jsonb",
];

/// The schema of 5, of which the versions behind it changed no column.
const RECOVERING: Schema = Schema {
    version: 5,
    product: PAGE,
    changed: PAGE_CHANGED,
    committed: ", final_run_at = NULL",
    told: RUN,
};

/// Every schema on which a version of this program sold, from the first on.
pub(super) const SCHEMAS: [Schema; 4] = [
    Schema { version: 3, product: ["", ""], changed: "", committed: "", told: ["", ""] },
    Schema { version: 4, product: PAGE, changed: PAGE_CHANGED, committed: "", told: ["", ""] },
    RECOVERING,
    Schema { version: 6, ..RECOVERING },
];

/// Such a node at work. It has one connection, and so statements that Postgres has planned before
/// the tables were changed.
pub(super) struct OldNode {
    schema: &'static Schema,
    connection: PgConnection,
}

impl OldNode {
    pub(super) async fn of(schema: &'static Schema, url: &str) -> Self {
        let mut connection = PgConnection::connect(url).await.expect("Postgres answers");
        let patience = sqlx::raw_sql("SET lock_timeout = '5s'");
        patience.execute(&mut connection).await.expect("Postgres answers");
        Self { schema, connection }
    }

    /// Creates a sale.
    pub(super) async fn create(&mut self, sale: &Sale, epoch: Epoch) {
        let [columns, values] = self.schema.product;
        let statement = format!(
            "INSERT INTO sales (generation, sku, epoch_number, epoch_nonce, product_name,
                 initial_stock, stock, starts, ends, limit_per_buyer, acknowledge, paused,
                 ended_by_admin, version, created_at{columns})
             VALUES ($1, $2, $3, $4, $5, $6::int8::int4, $6::int8::int4, $7, $8, $9::int8::int4,
                 $10, $11, $12, $13, $14{values})"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(sale.id.generation.0)
            .bind(sale.id.sku.as_str())
            .bind(epoch.number.cast_signed())
            .bind(epoch.nonce.cast_signed())
            .bind(&sale.product_name)
            .bind(i64::from(sale.initial_stock))
            .bind(sale.window.start.to_utc())
            .bind(sale.window.end.to_utc())
            .bind(i64::from(sale.limit_per_buyer))
            .bind(sale.acknowledge.to_string())
            .bind(sale.paused)
            .bind(sale.ended_by_admin)
            .bind(epoch.first_version().0.cast_signed())
            .bind(sale.created_at.to_utc())
            .execute(&mut self.connection)
            .await
            .expect("the old statement creates");
    }

    /// Commits a purchase, as its outbox did; answers whether it was new.
    pub(super) async fn commit(&mut self, recorded: &RecordedPurchase) -> bool {
        let mut transaction = self.connection.begin().await.expect("a transaction");
        let held = "SELECT generation, epoch_number, epoch_nonce FROM sales
                    WHERE generation = ANY($1) AND deleted_at IS NULL
                    ORDER BY generation FOR UPDATE";
        let held = sqlx::query(held).bind(vec![recorded.sale.generation.0]);
        held.execute(&mut *transaction).await.expect("the sale's row");
        let committed = self.schema.committed;
        let statement = format!(
            "WITH inserted AS (
                 INSERT INTO purchases (
                     purchase_no, bits, generation, epoch_number, epoch_nonce, buyer,
                     purchased_at, qty, key_hash, remaining, position, ordinal, held_after,
                     limit_per_buyer, cancelled, traceparent, unit_price_minor, currency
                 )
                 SELECT $2, $3, $1, $4, $5, $6, $7, $8::int8::int4, $9, $10::int8::int4, $11,
                     $12::int8::int4, $13::int8::int4,
                     (SELECT limit_per_buyer FROM sales WHERE generation = $1), false, NULL,
                     NULL, NULL
                 WHERE NOT EXISTS (SELECT FROM voided WHERE voided.purchase_no = $2)
                 ON CONFLICT (purchase_no) DO NOTHING
                 RETURNING purchase_no, qty, cancelled
             ),
             counted AS (
                 UPDATE sales
                 SET sold = sold + (SELECT COALESCE(SUM(qty), 0) FROM inserted){committed}
                 WHERE generation = $1 AND EXISTS (SELECT FROM inserted)
             )
             SELECT purchase_no FROM inserted"
        );
        let purchase = &recorded.purchase;
        let new: Option<String> = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(recorded.sale.generation.0)
            .bind(purchase.no().as_str())
            .bind(purchase.bits.0.as_slice())
            .bind(recorded.epoch.number.cast_signed())
            .bind(recorded.epoch.nonce.cast_signed())
            .bind(recorded.buyer.as_str())
            .bind(purchase.at.to_utc())
            .bind(i64::from(purchase.qty))
            .bind(purchase.key.0.as_slice())
            .bind(i64::from(purchase.remaining))
            .bind(purchase.position.0.cast_signed())
            .bind(i64::from(purchase.ordinal))
            .bind(i64::from(purchase.held_after))
            .fetch_optional(&mut *transaction)
            .await
            .expect("the old statement commits");
        transaction.commit().await.expect("it is committed");
        new.is_some()
    }

    /// Writes a change of a running sale down: it is paused.
    pub(super) async fn pause(&mut self, sale: &Sale, version: i64) {
        let changed = self.schema.changed;
        let statement = format!(
            "UPDATE sales
             SET product_name = $3, stock = $4::int8::int4, paused = true, version = $2{changed}
             WHERE generation = $1 AND version < $2"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(sale.id.generation.0)
            .bind(version)
            .bind(&sale.product_name)
            .bind(i64::from(sale.initial_stock))
            .execute(&mut self.connection)
            .await
            .expect("the old statement changes");
    }

    /// Voids a purchase that is not on record, as a person asked for.
    pub(super) async fn void(&mut self, recorded: &RecordedPurchase) {
        let mut transaction = self.connection.begin().await.expect("a transaction");
        let held = "SELECT FROM sales WHERE generation = $1 FOR UPDATE";
        let held = sqlx::query(held).bind(recorded.sale.generation.0);
        held.execute(&mut *transaction).await.expect("the sale's row");
        let statement = "INSERT INTO voided (purchase_no, generation, error, voided_at)
                         VALUES ($1, $2, 'gone', $3) ON CONFLICT (purchase_no) DO NOTHING";
        sqlx::query(statement)
            .bind(recorded.purchase.no().as_str())
            .bind(recorded.sale.generation.0)
            .bind(recorded.purchase.at.to_utc())
            .execute(&mut *transaction)
            .await
            .expect("the old statement voids");
        transaction.commit().await.expect("it is committed");
    }

    /// Puts a run of reconciliation on record that found nothing.
    pub(super) async fn record_run(&mut self) {
        let [columns, values] = self.schema.told;
        let statement = format!(
            "INSERT INTO reconciliation_runs
                 (started_at, finished_at, sales, mismatches, repaired, error{columns})
             VALUES (clock_timestamp(), clock_timestamp(), 1, 0, 0, NULL{values})"
        );
        let recorded = sqlx::query(AssertSqlSafe(statement)).execute(&mut self.connection).await;
        recorded.expect("the old statement records");
    }

    /// The places of a sale's purchases, as a restore or a comparison read them.
    pub(super) async fn positions(&mut self, sale: &Sale) -> Vec<i64> {
        let statement =
            "SELECT position, bits, epoch_number, epoch_nonce, buyer, purchased_at, qty,
                key_hash, remaining, ordinal, held_after, cancelled, traceparent,
                unit_price_minor, currency
            FROM purchases WHERE generation = $1 AND position > $2
            ORDER BY position LIMIT $3";
        let rows = sqlx::query(statement).bind(sale.id.generation.0).bind(0_i64).bind(100_i64);
        let rows = rows.fetch_all(&mut self.connection).await.expect("the old statement reads");
        rows.iter().map(|row| sqlx::Row::get(row, "position")).collect()
    }
}
