//! `stampede demo`.

use std::{
    io::{self, ErrorKind},
    path::PathBuf,
};

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use stampede_application::ports::Randomness as _;
use stampede_infrastructure::OsRandomness;
use stampede_presentation::{Http, UseCases};
use tempfile::TempDir;

use super::serve::{bind, tell_beginning, tell_worth};
use crate::{
    cli,
    demo::{Crowd, Place, Shop, Welcome},
    engine,
    role::Role,
    run,
    settings::{EmbeddedSettings, Engine, Settings},
    telemetry::Telemetry,
    wiring::Node,
};

/// Ports that are tried one after another if the first is taken.
const PORTS_TRIED: u16 = 20;

/// The demo's folder.
pub(super) enum Folder {
    /// Goes with the process.
    Temporary(TempDir),
    /// Stays.
    Kept(PathBuf),
}

/// The settings with what the demo makes by itself: a folder, a key, a port.
pub(super) fn settings(
    mut settings: Settings,
    options: cli::Demo,
) -> anyhow::Result<(Settings, Folder)> {
    let folder = match options.data_dir {
        Some(folder) => Folder::Kept(folder),
        None => Folder::Temporary(
            TempDir::with_prefix("stampede-demo-").context("no temporary folder can be made")?,
        ),
    };
    if let Engine::Embedded(embedded) = &mut settings.engine {
        let data_dir = folder.path();
        *embedded = EmbeddedSettings { data_dir, ..embedded.clone() };
    }
    settings.access.admin_key.get_or_insert_with(new_key);
    settings.listen.port = options.port.unwrap_or(settings.listen.port);
    Ok((settings, folder))
}

/// Serves with sales and buyers of its own until told to stop.
pub(super) async fn demo(settings: Settings, folder: Folder) -> anyhow::Result<()> {
    tell_beginning(&settings);
    let telemetry = Telemetry::start(&settings.telemetry)?;
    let counters = telemetry.of_queue()?;
    let engine = engine::open(&settings, &counters).await?;
    tell_worth(engine.durability.as_ref()).await;
    let node = Node::new(engine, &settings, counters);
    telemetry.show_feed(node.live.clone());
    let (http, place) = bind_near(&settings, &node, &telemetry)?;
    let key = settings.access.admin_key.clone().unwrap_or_default();
    let open_shop = open(node.use_cases.clone(), place, key, folder.fate());
    let beside = async {
        if let Err(error) = open_shop.await {
            let error: &(dyn std::error::Error + Send + Sync) = error.as_ref();
            tracing::error!(error = error as &dyn std::error::Error, "the shop does not open");
        }
    };
    let ended = Box::pin(run::run(node, http, Role::All, settings.stop, beside)).await;
    telemetry.stop().await;
    ended
}

/// Opens the shop, says so, and keeps it for as long as it is polled.
async fn open(
    use_cases: UseCases,
    place: Place,
    admin_key: SecretString,
    data: String,
) -> anyhow::Result<()> {
    let shop = Shop::new(&use_cases);
    let sales = shop.stock_up().await?;
    let admin_key = admin_key.expose_secret();
    super::print(&Welcome { place, admin_key, sales: &sales, data: &data }.to_string())?;
    let _crowd = Crowd::start(use_cases)?;
    shop.keep().await;
    Ok(())
}

/// Listens on the port of the settings, or on the next one that is free.
fn bind_near(
    settings: &Settings,
    node: &Node,
    telemetry: &Telemetry,
) -> anyhow::Result<(Http, Place)> {
    let wanted = settings.listen.port;
    let last = if wanted == 0 { 0 } else { wanted.saturating_add(PORTS_TRIED) };
    for port in wanted..=last {
        match bind(settings, port, Role::All.serves(), node, telemetry) {
            Ok(http) => {
                let address = http.addresses().first().copied().context("no address")?;
                let taken = Some(wanted).filter(|_| port != wanted);
                return Ok((http, Place { address, taken }));
            }
            Err(error) if is_taken(&error) && port != last => {}
            Err(error) => return Err(error),
        }
    }
    anyhow::bail!("no port from {wanted} to {last} is free")
}

fn is_taken(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == ErrorKind::AddrInUse)
}

/// A key that nobody can guess.
fn new_key() -> SecretString {
    let mut bytes = [0; 16];
    OsRandomness.fill(&mut bytes);
    SecretString::from(bytes.map(|byte| format!("{byte:02x}")).concat())
}

impl Folder {
    fn path(&self) -> PathBuf {
        match self {
            Self::Temporary(folder) => folder.path().into(),
            Self::Kept(folder) => folder.clone(),
        }
    }

    /// What becomes of it, for people.
    fn fate(&self) -> String {
        match self {
            Self::Temporary(_) => "Ctrl-C ends the demo and removes its data.".into(),
            Self::Kept(folder) => {
                format!("Ctrl-C ends the demo; its data stays in {}.", folder.display())
            }
        }
    }
}
