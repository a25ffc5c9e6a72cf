//! Whether the database file answers.

use async_trait::async_trait;
use stampede_application::ports::{PortError, StoreProbe};

use super::{EmbeddedDatabase, STORE, failure::unavailable};

/// Reads from the file over a connection of the readers' pool.
#[derive(Clone, Debug)]
pub struct EmbeddedProbe {
    database: EmbeddedDatabase,
}

impl EmbeddedProbe {
    /// A probe of `database`.
    #[must_use]
    pub fn new(database: EmbeddedDatabase) -> Self {
        Self { database }
    }
}

#[async_trait]
impl StoreProbe for EmbeddedProbe {
    fn name(&self) -> &'static str {
        STORE
    }

    async fn ping(&self) -> Result<(), PortError> {
        // Reads a page of the file, which `SELECT 1` would not.
        let read =
            sqlx::query("SELECT 1 FROM sales LIMIT 1").fetch_optional(self.database.readers());
        read.await.map_err(unavailable)?;
        Ok(())
    }
}
