//! `stampede check`.

use crate::settings::Settings;

pub(super) async fn check(_settings: Settings) -> anyhow::Result<()> {
    Ok(())
}
