//! Catalogue and ledger in Postgres.

use std::sync::Arc;

use sqlx::PgPool;
use stampede_infrastructure::postgres::{
    PostgresCatalogue, PostgresLedger, PostgresLimits, connect, migrate,
};
use stampede_testkit::{
    servers::{self, TestDatabase},
    suites::Records,
};

/// An empty database with all tables, and a pool of it.
pub(crate) async fn database() -> (TestDatabase, PgPool) {
    let database = servers::postgres().await;
    let pool = connect(&database.url, &PostgresLimits::default()).expect("an address");
    migrate(&pool).await.expect("the migrations run");
    (database, pool)
}

async fn records() -> Records {
    let (database, pool) = database().await;
    let limits = PostgresLimits { sales_max: Records::SALES_MAX, ..PostgresLimits::default() };
    Records {
        catalogue: Arc::new(PostgresCatalogue::new(pool.clone(), &limits)),
        ledger: Arc::new(PostgresLedger::new(pool)),
        stale_epochs: true,
        kept: Box::new(database),
    }
}

mod catalogue {
    stampede_testkit::catalogue_suite!(super::records());
}

mod ledger {
    stampede_testkit::ledger_suite!(super::records());
}
