//! Whether Postgres answers.

use async_trait::async_trait;
use sqlx::{PgPool, postgres::PgPoolOptions};
use stampede_application::ports::{PortError, StoreProbe};

use super::{STORE, deadline::lives, failure::unavailable};

/// Asks Postgres for nothing, over a connection of its own: behind buyers who wait for one of the
/// node's, a store that answers would look as if it did not.
#[derive(Clone, Debug)]
pub struct PostgresProbe {
    own: PgPool,
}

impl PostgresProbe {
    /// A probe of the store behind `pool`; connects when it is asked.
    #[must_use]
    pub fn new(pool: &PgPool) -> Self {
        let own = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(pool.options().get_acquire_timeout())
            .after_release(|connection, _| Box::pin(lives(connection)))
            .connect_lazy_with((*pool.connect_options()).clone());
        Self { own }
    }

    /// Gives its connection back.
    pub async fn close(&self) {
        self.own.close().await;
    }
}

#[async_trait]
impl StoreProbe for PostgresProbe {
    fn name(&self) -> &'static str {
        STORE
    }

    async fn ping(&self) -> Result<(), PortError> {
        sqlx::query("SELECT 1").execute(&self.own).await.map_err(unavailable)?;
        Ok(())
    }
}
