//! Drifts between gate and ledger, planted in the stores behind the back of the program.
//!
//! Each is what a fault leaves behind, and nothing that the program itself would ever write.

mod entries;

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use redis::aio::MultiplexedConnection;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlitePool};
pub use stampede_application::ports::Drift;
use stampede_domain::{
    AttemptKey, BuyerId, Epoch, Generation, Instant, Position, Purchase, PurchaseBits,
    RecordedPurchase, SaleId, Shard, Sku,
};
use uuid::Uuid;

use crate::servers;

/// The columns that a purchase keeps in the archive.
const ARCHIVED: &str = "purchase_no, bits, generation, epoch_number, epoch_nonce, buyer, \
     purchased_at, qty, key_hash, remaining, position, ordinal, held_after, limit_per_buyer, \
     cancelled, traceparent, unit_price_minor, currency";

/// Where an installation keeps gate and ledger.
#[derive(Clone, Debug)]
pub enum Stores {
    /// The file of the embedded engine.
    File(SqlitePool),
    /// The stores of the redis engine.
    Redis {
        /// Its Redis.
        redis: MultiplexedConnection,
        /// The prefix of all its keys.
        prefix: Arc<str>,
        /// The address of its ledger.
        ledger: Arc<str>,
    },
}

/// What the ledger says of the newest purchase of a sale.
struct Newest {
    epoch: Epoch,
    position: i64,
    at: Instant,
}

impl Stores {
    /// Whether there can be such a drift: a gate that is made from its ledger's own file has no
    /// counters but its buyers, and no other life than the ledger's.
    #[must_use]
    pub fn can_have(&self, drift: Drift) -> bool {
        let redis_only = [Drift::CountersDisagree, Drift::StaleEntryRefused];
        matches!(self, Self::Redis { .. }) || !redis_only.contains(&drift)
    }

    /// The sale of this sku.
    pub async fn sale(&self, sku: &str) -> SaleId {
        let statement = AssertSqlSafe(format!(
            "SELECT generation FROM sales WHERE sku = '{sku}' AND deleted_at IS NULL"
        ));
        let generation: Uuid = match self {
            Self::File(pool) => {
                sqlx::query_scalar(statement).fetch_one(pool).await.expect("the sale is there")
            }
            Self::Redis { ledger, .. } => {
                let mut session = PgConnection::connect(ledger).await.expect("it answers");
                let row = sqlx::query_scalar(statement).fetch_one(&mut session);
                row.await.expect("the sale is there")
            }
        };
        SaleId { sku: Sku::parse(sku).expect("a sku"), generation: Generation(generation) }
    }

    /// Plants one of that kind in a sale that has sold, has units left, and has nothing on its way.
    ///
    /// After [`Drift::GateWithoutCatalogue`] there is no such sale any more.
    pub async fn plant(&self, drift: Drift, id: &SaleId) {
        match drift {
            Drift::MissingInLedger => self.lose_newest(id).await,
            Drift::MissingInGate => self.record_unseen(id).await,
            Drift::CountersDisagree => self.miscount(id).await,
            Drift::DefinitionDiffers => self.rename(id).await,
            Drift::GateWithoutCatalogue => self.bury(id).await,
            Drift::EntryOfAnOldGeneration => self.enqueue_of_nothing(id).await,
            Drift::StaleEntryRefused => self.enqueue_stale(id).await,
            Drift::SoldTwice => self.sell_newest_to_another(id).await,
        }
    }

    /// The ledger loses the newest purchase, with its unit.
    async fn lose_newest(&self, id: &SaleId) {
        let (sale, newest) = (self.generation(id), self.newest(id).await);
        let lost = format!(
            "UPDATE sales SET sold = sold - (SELECT qty FROM purchases WHERE generation = {sale} \
             AND position = {at}) WHERE generation = {sale}; \
             DELETE FROM purchases WHERE generation = {sale} AND position = {at};",
            at = newest.position,
        );
        self.ledger(&lost).await;
    }

    /// The ledger gets a purchase that the gate has never seen, with its unit.
    async fn record_unseen(&self, id: &SaleId) {
        let (sale, newest) = (self.generation(id), self.newest(id).await);
        let recorded = newest.another(id);
        let purchase = &recorded.purchase;
        let unseen = format!(
            "INSERT INTO purchases ({ARCHIVED}) \
             SELECT '{no}', {bits}, generation, epoch_number, epoch_nonce, '{buyer}', \
                 purchased_at, 1, {key}, 0, {position}, 1, 1, limit_per_buyer, {lasting}, NULL, \
                 unit_price_minor, currency \
             FROM purchases WHERE generation = {sale} AND position = {at}; \
             UPDATE sales SET sold = sold + 1 WHERE generation = {sale};",
            no = purchase.no(),
            bits = self.blob(&purchase.bits.0),
            buyer = recorded.buyer,
            key = self.blob(&purchase.key.0),
            position = purchase.position.0,
            lasting = "(1 = 0)",
            at = newest.position,
        );
        self.ledger(&unseen).await;
    }

    /// The gate's head offers a unit more than there is.
    async fn miscount(&self, id: &SaleId) {
        let Self::Redis { redis, prefix, .. } = self else {
            panic!("a gate in memory has no counters of their own")
        };
        let head = format!("{prefix}{{{}}}:sale:{id}:head", Shard::of(&id.sku));
        let mut command = redis::cmd("HINCRBY");
        command.arg(head).arg("stock").arg(1);
        command.exec_async(&mut redis.clone()).await.expect("Redis answers");
    }

    /// The ledger has the sale under another name.
    async fn rename(&self, id: &SaleId) {
        let sale = self.generation(id);
        let renamed =
            format!("UPDATE sales SET product_name = 'Of another day' WHERE generation = {sale};");
        self.ledger(&renamed).await;
    }

    /// The ledger buries the sale, and nobody tells the gate.
    async fn bury(&self, id: &SaleId) {
        let sale = self.generation(id);
        let now = match self {
            Self::File(_) => "1000 * unixepoch()",
            Self::Redis { .. } => "now()",
        };
        let buried = format!(
            "INSERT INTO purchases_archive ({ARCHIVED}, deleted_at) \
             SELECT {ARCHIVED}, {now} FROM purchases WHERE generation = {sale}; \
             DELETE FROM purchases WHERE generation = {sale}; \
             UPDATE sales SET deleted_at = {now}, epoch_number = epoch_number + 1 \
             WHERE generation = {sale};"
        );
        self.ledger(&buried).await;
    }

    /// The ledger has the newest purchase as somebody else's.
    async fn sell_newest_to_another(&self, id: &SaleId) {
        let (sale, newest) = (self.generation(id), self.newest(id).await);
        let recorded = newest.another(id);
        let sold = format!(
            "UPDATE purchases SET purchase_no = '{no}', bits = {bits}, buyer = '{buyer}', \
             key_hash = {key} WHERE generation = {sale} AND position = {at};",
            no = recorded.purchase.no(),
            bits = self.blob(&recorded.purchase.bits.0),
            buyer = recorded.buyer,
            key = self.blob(&recorded.purchase.key.0),
            at = newest.position,
        );
        self.ledger(&sold).await;
    }

    async fn newest(&self, id: &SaleId) -> Newest {
        let millis = match self {
            Self::File(_) => "purchased_at",
            Self::Redis { .. } => "(1000 * extract(epoch FROM purchased_at))::bigint",
        };
        let statement = AssertSqlSafe(format!(
            "SELECT s.epoch_number, s.epoch_nonce, p.position, {millis} FROM purchases p \
             JOIN sales s USING (generation) WHERE generation = {} \
             ORDER BY p.position DESC LIMIT 1",
            self.generation(id)
        ));
        let row: (i64, i64, i64, i64) = match self {
            Self::File(pool) => {
                sqlx::query_as(statement).fetch_one(pool).await.expect("the sale has sold")
            }
            Self::Redis { ledger, .. } => {
                let mut session = PgConnection::connect(ledger).await.expect("it answers");
                let row = sqlx::query_as(statement).fetch_one(&mut session);
                row.await.expect("the sale has sold")
            }
        };
        let (number, nonce, position, at) = row;
        Newest {
            epoch: Epoch { number: number.cast_unsigned(), nonce: nonce.cast_unsigned() },
            position,
            at: Instant::from_millis(at),
        }
    }

    /// Does something to the ledger at once.
    async fn ledger(&self, statements: &str) {
        match self {
            Self::File(pool) => {
                let at_once = AssertSqlSafe(format!("BEGIN IMMEDIATE; {statements} COMMIT;"));
                sqlx::raw_sql(at_once).execute(pool).await.expect("the file takes it");
            }
            Self::Redis { ledger, .. } => servers::execute(ledger, statements).await,
        }
    }

    fn generation(&self, id: &SaleId) -> String {
        match self {
            Self::File(_) => self.blob(id.generation.0.as_bytes()),
            Self::Redis { .. } => format!("'{}'", id.generation.0),
        }
    }

    fn blob(&self, bytes: &[u8]) -> String {
        let digits = bytes.iter().fold(String::new(), |mut digits, byte| {
            // Writing to a string cannot fail.
            let _ = write!(digits, "{byte:02x}");
            digits
        });
        match self {
            Self::File(_) => format!("x'{digits}'"),
            Self::Redis { .. } => format!("'\\x{digits}'"),
        }
    }
}

impl Newest {
    /// A purchase of one unit that nobody made, behind this one; another each time.
    fn another(&self, id: &SaleId) -> RecordedPurchase {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let (mut bits, mut key) = ([0xd1; 10], [0xd1; 16]);
        bits[2..6].copy_from_slice(&id.generation.0.as_bytes()[12..]);
        bits[6..].copy_from_slice(&made.to_be_bytes());
        key[12..].copy_from_slice(&made.to_be_bytes());
        RecordedPurchase {
            sale: id.clone(),
            epoch: self.epoch,
            buyer: BuyerId::parse(&format!("nobody {made}")).expect("a buyer"),
            purchase: Purchase {
                bits: PurchaseBits(bits),
                at: self.at,
                qty: 1,
                key: AttemptKey(key),
                remaining: 0,
                position: Position(self.position.cast_unsigned() + 1),
                ordinal: 1,
                held_after: 1,
                cancelled: false,
                unit_price: None,
            },
            traceparent: None,
        }
    }
}
