//! The lines of the board, one a file.

mod server_killed;

use crate::Line;

/// Every line, in the order of the board.
#[must_use]
pub fn all() -> Vec<Line> {
    vec![server_killed::line()]
}
