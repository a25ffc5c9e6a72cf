//! The use cases over the real adapters of every engine; an embedded one on a temporary folder is
//! the form in memory.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

/// Makes each sentence about a shop a `#[test]` on every engine.
macro_rules! on_every_engine {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(
                #[test]
                fn $name() {
                    stampede_testkit::suites::run(async {
                        super::$name(crate::shop::embedded().await).await;
                    });
                }
            )+
        }

        mod redis {
            $(
                #[test]
                fn $name() {
                    stampede_testkit::suites::run(async {
                        super::$name(crate::shop::redis().await).await;
                    });
                }
            )+
        }
    };
}

#[path = "use_cases/acknowledging.rs"]
mod acknowledging;
#[path = "use_cases/changes.rs"]
mod changes;
#[path = "use_cases/clocks.rs"]
mod clocks;
#[path = "use_cases/dead_letters.rs"]
mod dead_letters;
#[path = "use_cases/deletion.rs"]
mod deletion;
#[path = "use_cases/faults.rs"]
mod faults;
#[path = "use_cases/faulty_catalogue.rs"]
mod faulty_catalogue;
#[path = "use_cases/interrupted_restore.rs"]
mod interrupted_restore;
#[path = "use_cases/looking_up.rs"]
mod looking_up;
#[path = "use_cases/older_ledger.rs"]
mod older_ledger;
#[path = "use_cases/products.rs"]
mod products;
#[path = "use_cases/reconciliation.rs"]
mod reconciliation;
#[path = "use_cases/recording.rs"]
mod recording;
#[path = "use_cases/reluctant_ledger.rs"]
mod reluctant_ledger;
#[path = "use_cases/shop.rs"]
mod shop;
#[path = "use_cases/stores.rs"]
mod stores;
#[path = "use_cases/waiting.rs"]
mod waiting;
#[path = "use_cases/workers.rs"]
mod workers;
