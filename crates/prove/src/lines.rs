//! The lines of the board, one a file.

mod disk;
mod drifts;
mod gate_lost;
mod load;
mod network;
mod postgres_away;
mod power_lost;
mod recorded;
mod recovery;
mod rolling_restart;
mod server_killed;
mod storm;
mod worker_killed;

use crate::{Chance, Line};

/// Every line, in the order of the board.
#[must_use]
pub fn all() -> Vec<Line> {
    vec![
        server_killed::line(),
        power_lost::line(),
        gate_lost::line(),
        postgres_away::line(),
        worker_killed::line(),
        network::line(),
        storm::line(),
        drifts::line(),
        recorded::line(),
        rolling_restart::line(),
        recovery::line(),
        disk::line(),
    ]
}

/// So many instants for faults, as numbers of decided attempts from 1 to `most`, in their order.
fn instants(chance: &mut Chance, count: usize, most: usize) -> Vec<usize> {
    let mut instants: Vec<usize> = (0..count).map(|_| chance.number(1, most)).collect();
    instants.sort_unstable();
    instants
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_has_a_name_of_its_own_that_can_be_typed() {
        let lines = super::all();
        let kinds = lines
            .iter()
            .flat_map(|line| line.kinds.iter().map(|kind| format!("{}/{}", line.name, kind.name)));
        let kinds: Vec<String> = kinds.collect();
        assert!(kinds.iter().all(|name| !name.contains(' ')), "{kinds:?}");
        assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len());
    }
}
