//! Catalogue and ledger of the embedded engine, on a file in a temporary folder.

use std::sync::Arc;

use stampede_infrastructure::embedded::{EmbeddedCatalogue, EmbeddedDatabase, EmbeddedLedger};
use stampede_testkit::suites::Records;

async fn records() -> Records {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = EmbeddedDatabase::open(folder.path()).await.expect("the database opens");
    Records {
        catalogue: Arc::new(EmbeddedCatalogue::new(database.clone(), Records::SALES_MAX)),
        ledger: Arc::new(EmbeddedLedger::new(database)),
        stale_epochs: false,
        kept: Box::new(folder),
    }
}

mod catalogue {
    stampede_testkit::catalogue_suite!(super::records());
}

mod ledger {
    stampede_testkit::ledger_suite!(super::records());
}
