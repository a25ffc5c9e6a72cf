//! How many tests passed and failed, read from what the test programs print.

use std::{fmt, ops::AddAssign};

/// Tests and checks that passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

impl Count {
    /// What one line of output adds: the summaries of cargo test, Vitest and Playwright.
    pub(crate) fn in_line(line: &str) -> Self {
        let line = without_colours(line);
        let words: Vec<&str> =
            line.split([' ', ';', '|']).filter(|word| !word.is_empty()).collect();
        let is_summary = match words.as_slice() {
            ["test", "result:", ..] | ["Tests", ..] => true,
            // Playwright: "  16 passed (12.3s)" and "  1 failed", alone on their lines.
            [number, "passed", time] => is_number(number) && time.starts_with('('),
            [number, "failed"] => is_number(number),
            _ => false,
        };
        if !is_summary {
            return Self::default();
        }
        let before = |word| {
            let at = words.iter().position(|&found| found == word)?;
            words.get(at.checked_sub(1)?)?.parse().ok()
        };
        Self {
            passed: before("passed").unwrap_or_default(),
            failed: before("failed").unwrap_or_default(),
        }
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Without the escape sequences of a terminal's colours, `ESC [ … m`.
fn without_colours(line: &str) -> String {
    let mut pieces = line.split('\u{1b}');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or("", |(_, text)| text));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::Count;

    fn counted(line: &str) -> (u32, u32) {
        let count = Count::in_line(line);
        (count.passed, count.failed)
    }

    #[test]
    fn the_summaries_of_each_test_program_are_counted() {
        let cargo = "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered";
        assert_eq!(counted(cargo), (7, 2));
        assert_eq!(counted("      Tests  1 failed | 9 passed (10)"), (9, 1));
        assert_eq!(
            counted("\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m10 passed\u{1b}[39m (10)"),
            (10, 0)
        );
        assert_eq!(counted("  16 passed (12.3s)"), (16, 0));
        assert_eq!(counted("  1 failed"), (0, 1));
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(counted(" Test Files  2 passed (2)"), (0, 0));
        assert_eq!(counted("test a_sale_of_3_passed ... ok"), (0, 0));
        assert_eq!(counted("after 4 attempts 3 passed and 1 failed"), (0, 0));
        assert_eq!(counted(""), (0, 0));
    }
}
