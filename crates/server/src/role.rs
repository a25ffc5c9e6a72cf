//! What a process does of a node's work.

use std::time::Duration;

use clap::ValueEnum;
use stampede_presentation::Serves;

use crate::settings::{Engine, Fault, Faults, Settings};

/// What a process does of a node's work. Each can restore a gate: the fence of every script may
/// ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Answers shoppers and admins, and leaves to workers what nobody waits for.
    Api,
    /// Takes purchases to the ledger and compares it with the gate; serves health and metrics.
    Worker,
    /// Does all of it.
    All,
}

impl Role {
    /// Whether it runs the workers of outbox and reconciliation, and lets the archive forget.
    #[must_use]
    pub fn records(self) -> bool {
        match self {
            Self::Api => false,
            Self::Worker | Self::All => true,
        }
    }

    /// Which routes it has.
    #[must_use]
    pub fn serves(self) -> Serves {
        match self {
            Self::Worker => Serves::Operations,
            Self::Api | Self::All => Serves::Everything,
        }
    }

    /// The settings as processes of this role go by them: one that answers no buyers does not give
    /// way to any.
    ///
    /// # Errors
    ///
    /// The engine embedded is one process: a part of it would leave the rest undone.
    pub fn adapt(self, mut settings: Settings) -> Result<Settings, Faults> {
        self.check(&settings.engine)?;
        match self {
            Self::Worker => {
                settings.queue.lag_max = Duration::ZERO;
                settings.reconcile.limits.given_way_max = Duration::ZERO;
            }
            Self::Api | Self::All => {}
        }
        Ok(settings)
    }

    /// Whether processes of this role can make a node over this engine.
    fn check(self, engine: &Engine) -> Result<(), Faults> {
        match (self, engine) {
            (Self::All, _) | (Self::Api | Self::Worker, Engine::Redis(_)) => Ok(()),
            (Self::Api | Self::Worker, Engine::Embedded(_)) => {
                let remedy = "leave it out, or set STAMPEDE_ENGINE=redis";
                let problem = "divides a node, and the engine embedded is one process";
                Err(Faults(vec![Fault::other("--role", problem, remedy)]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Need;

    const OVER_REDIS: [(&str, &str); 4] = [
        ("ADMIN_API_KEY", "0123456789abcdef"),
        ("STAMPEDE_ENGINE", "redis"),
        ("REDIS_URL", "redis://localhost"),
        ("DATABASE_URL", "postgres://localhost/stampede"),
    ];

    #[test]
    fn a_process_that_answers_no_buyers_gives_way_to_none() {
        let read = || {
            let environment = OVER_REDIS.map(|(name, value)| (name.into(), value.into()));
            Settings::read(environment, None, Need::Whole).unwrap()
        };
        let longest =
            |settings: Settings| [settings.queue.lag_max, settings.reconcile.limits.given_way_max];
        let set = longest(read());
        assert!(!set.contains(&Duration::ZERO));
        let never = [Duration::ZERO; 2];
        for (role, is) in [(Role::Api, set), (Role::Worker, never), (Role::All, set)] {
            assert_eq!(longest(role.adapt(read()).unwrap()), is, "{role:?}");
        }
    }
}
