//! `stampede check`.

mod finding;
mod folder;
mod judge_postgres;
mod judge_redis;

use std::{error::Error as _, fmt::Write as _};

use anyhow::bail;
use secrecy::ExposeSecret as _;
use stampede_application::ports::{PortError, Worth};
use stampede_domain::Acknowledgement;
use stampede_infrastructure::{postgres, redis, worth};

use self::finding::{Finding, Level};
use crate::{
    open_files::OpenFiles,
    settings::{Engine, RedisAndPostgres, Settings},
};

/// Looks at settings and stores, and prints one line a finding and what an acknowledgement is
/// worth here. Changes nothing.
pub(super) async fn check(settings: Settings) -> anyhow::Result<()> {
    let mut findings = vec![Finding::ok(format!("settings: engine {}", settings.engine.name()))];
    let files = OpenFiles::raise(&settings);
    let judge = if files.suffice() { Finding::ok } else { Finding::warn };
    findings.push(judge(files.to_string()));
    findings.extend(settings.telemetry.told_of_unheeded().map(Finding::warn));
    let worth = match &settings.engine {
        Engine::Embedded(embedded) => {
            findings.extend(folder::judge(&embedded.data_dir));
            Some(worth::embedded())
        }
        Engine::Redis(stores) => {
            check_stores(stores, settings.migrate, settings.acknowledge, &mut findings).await
        }
    };
    let mut report = String::new();
    for finding in &findings {
        // Writing to a String cannot fail.
        let _ = writeln!(report, "{finding}");
    }
    let _ = writeln!(report, "\n{}", told(worth.as_ref(), settings.engine.name()));
    super::print(&report)?;
    match findings.iter().filter(|finding| finding.level == Level::Fail).count() {
        0 => Ok(()),
        count => bail!("{count} of these must be fixed before the server starts"),
    }
}

/// Looks at both stores at once; returns what an acknowledgement is worth there, if both answer.
async fn check_stores(
    stores: &RedisAndPostgres,
    migrate: bool,
    level: Acknowledgement,
    findings: &mut Vec<Finding>,
) -> Option<Worth> {
    let postgres = async {
        let pool = postgres::connect(stores.database_url.expose_secret(), &stores.postgres)?;
        postgres::inspect(&pool).await
    };
    let (redis, postgres) = futures::future::join(redis::inspect(&stores.redis), postgres).await;
    match &redis {
        Ok(facts) => findings.extend(judge_redis::judge(facts)),
        Err(error) => findings.push(away("redis", "REDIS_URL", error)),
    }
    match &postgres {
        Ok(facts) => findings.extend(judge_postgres::judge(facts, migrate, level)),
        Err(error) => findings.push(away("postgres", "DATABASE_URL", error)),
    }
    let (redis, postgres) = redis.ok().zip(postgres.ok())?;
    Some(worth::on_redis(level, &redis, &postgres))
}

/// The table of what an acknowledgement is worth, for a person.
fn told(worth: Option<&Worth>, engine: &str) -> String {
    let Some(worth) = worth else {
        return "What an answered purchase is worth here cannot be said while a store is away."
            .to_owned();
    };
    let level = worth.level;
    let mut told =
        format!("What an answered purchase is worth here (level {level}, engine {engine}):");
    for (fault, loss) in &worth.may_lose {
        // Writing to a String cannot fail.
        let _ = write!(told, "\n  {:<34} {}", fault.words(), loss.words());
    }
    if level == Acknowledgement::Gate {
        told.push_str(
            "\nWhat is lost may be sold again; the stock is never sold twice over in the ledger.",
        );
    }
    told
}

fn away(store: &str, setting: &str, error: &PortError) -> Finding {
    let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Finding::fail(format!("{store}: does not answer at {setting}: {cause}"))
}
