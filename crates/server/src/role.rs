//! What a process does of a node's work.

use clap::ValueEnum;
use stampede_presentation::Serves;

use crate::settings::{Engine, Fault, Faults};

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

    /// Whether processes of this role can make a node over this engine.
    ///
    /// # Errors
    ///
    /// The engine embedded is one process: a part of it would leave the rest undone.
    pub fn check(self, engine: &Engine) -> Result<(), Faults> {
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
