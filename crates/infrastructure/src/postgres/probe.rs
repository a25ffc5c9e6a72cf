//! Whether Postgres answers.

use async_trait::async_trait;
use sqlx::PgPool;
use stampede_application::ports::{PortError, StoreProbe};

use super::{STORE, failure::unavailable};

/// Asks Postgres for nothing, over a connection of the pool.
#[derive(Clone, Debug)]
pub struct PostgresProbe {
    pool: PgPool,
}

impl PostgresProbe {
    /// A probe of the store behind `pool`.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl StoreProbe for PostgresProbe {
    fn name(&self) -> &'static str {
        STORE
    }

    async fn ping(&self) -> Result<(), PortError> {
        sqlx::query("SELECT 1").execute(&self.pool).await.map_err(unavailable)?;
        Ok(())
    }
}
