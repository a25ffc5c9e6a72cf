//! What came of tests, read from what the test programs print.

use std::{fmt, ops::AddAssign};

/// So many lines about failures are kept: the rest is further up.
const TOLD_MAX: usize = 400;

/// Tests and checks that passed and failed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    /// What was said of those that failed.
    told: Vec<String>,
}

impl Outcome {
    /// One check that holds.
    pub(crate) fn passed() -> Self {
        Self { passed: 1, ..Self::default() }
    }

    /// One check that does not hold, and why.
    pub(crate) fn failed(why: String) -> Self {
        Self { failed: 1, told: vec![why], ..Self::default() }
    }

    /// What was said of those that failed, shortened where it is long.
    pub(crate) fn told(&self) -> String {
        let kept = &self.told[..self.told.len().min(TOLD_MAX)];
        match self.told.len() - kept.len() {
            0 => kept.join("\n"),
            more => format!("{}\n({more} more lines further up)", kept.join("\n")),
        }
    }
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.told.extend(other.told);
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Reads the output of cargo test, Vitest, Playwright and the proof line by line.
#[derive(Default)]
pub(crate) struct Reader {
    /// Within the report of what failed, which ends with the summary.
    telling: bool,
}

impl Reader {
    /// Adds to `outcome` what the next line tells.
    pub(crate) fn read(&mut self, line: &str, outcome: &mut Outcome) {
        let line = without_colours(line);
        let words: Vec<&str> =
            line.split([' ', ';', '|']).filter(|word| !word.is_empty()).collect();
        self.telling |= match words.as_slice() {
            ["failures:"] | ["1)", ..] => true,
            words => words.windows(2).any(|pair| matches!(pair, ["Failed", "Tests" | "Suites"])),
        };
        let is_summary = match words.as_slice() {
            ["test", "result:", ..] | ["Tests", ..] => true,
            // Playwright and the proof: "  16 passed (12.3s)" and "  1 failed", alone on their lines.
            [number, "passed", time] => is_number(number) && time.starts_with('('),
            [number, "failed"] => is_number(number),
            _ => false,
        };
        if is_summary {
            self.telling = false;
            outcome.passed += number_before("passed", &words);
            outcome.failed += number_before("failed", &words);
        }
        if self.telling {
            outcome.told.push(line);
        }
    }
}

fn number_before(word: &str, words: &[&str]) -> u32 {
    let number = words.windows(2).find(|pair| pair[1] == word).map(|pair| pair[0].parse());
    number.and_then(Result::ok).unwrap_or_default()
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
    use super::{Outcome, Reader};

    fn outcome(lines: &[&str]) -> Outcome {
        let mut outcome = Outcome::default();
        let mut reader = Reader::default();
        for line in lines {
            reader.read(line, &mut outcome);
        }
        outcome
    }

    fn counted(line: &str) -> (u32, u32) {
        let Outcome { passed, failed, .. } = outcome(&[line]);
        (passed, failed)
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

    #[test]
    fn what_cargo_says_of_a_failure_is_told() {
        let lines = [
            "test it_sells ... FAILED",
            "failures:",
            "---- it_sells stdout ----",
            "panicked",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored",
            "     Running tests/house.rs",
        ];
        assert_eq!(outcome(&lines).told(), lines[1..4].join("\n"));
    }

    #[test]
    fn what_vitest_says_of_a_failure_is_told() {
        let lines = [
            " ✓ src/a.test.ts (2 tests)",
            "⎯⎯⎯ Failed Tests 1 ⎯⎯⎯",
            " FAIL  src/b.test.ts > it sells",
            "      Tests  1 failed | 9 passed (10)",
            "   Start at  20:15:59",
        ];
        assert_eq!(outcome(&lines).told(), lines[1..3].join("\n"));
    }

    #[test]
    fn what_playwright_says_of_a_failure_is_told() {
        let lines = [
            "  ✘  7 [phone] › shop.spec.ts:9:1 › it sells (2.9s)",
            "  1) [phone] › shop.spec.ts:9:1 › it sells",
            "    Error: timed out",
            "  1 failed",
            "  293 passed (10.3m)",
        ];
        assert_eq!(outcome(&lines).told(), lines[1..3].join("\n"));
    }

    #[test]
    fn what_the_proof_says_of_a_failure_is_told() {
        let lines = [
            "    redis                  1/2           1  -  INCOMPLETE",
            "failures:",
            "R1/redis",
            "    lost: PUR-1 was told and is not in the ledger",
            "  2 failed",
            "  0 passed (0.1m)",
        ];
        let outcome = outcome(&lines);
        assert_eq!((outcome.passed, outcome.failed), (0, 2));
        assert_eq!(outcome.told(), lines[1..4].join("\n"));
    }

    #[test]
    fn a_long_report_says_how_much_of_it_is_left_out() {
        let outcome = outcome(&[&["failures:"][..], &["panicked"; 500]].concat());
        assert!(outcome.told().ends_with("panicked\n(101 more lines further up)"));
    }
}
