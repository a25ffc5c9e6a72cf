//! `stampede migrate`.

use crate::{engine, settings::Settings};

/// Brings the tables of the engine's database up to date.
pub(super) async fn migrate(settings: Settings) -> anyhow::Result<()> {
    engine::migrate(&settings).await?;
    super::print(&format!("The tables of the engine {} are up to date.\n", settings.engine.name()))
}
