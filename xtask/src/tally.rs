//! Adding up what several test programs say.

use anyhow::{Context as _, Result, bail};
use rewind_tests::programs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// How many tests passed, failed and were skipped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
    broken: Vec<String>,
}

impl Tally {
    /// Counts a test that cannot run here, and says why.
    pub(crate) fn skip(&mut self, name: &str, reason: &str) {
        println!("SKIP {name}: {reason}");
        self.skipped += 1;
    }

    /// Counts one test.
    pub(crate) fn one(&mut self, name: &str, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(error) => {
                println!("FAIL {name}: {error:#}");
                self.fail(name);
            }
        }
    }

    /// Runs a `cargo test`, shows what it prints, and adds up its results.
    pub(crate) fn cargo(&mut self, cargo: &mut Command) -> Result<()> {
        let typed = programs::typed(cargo);
        println!("{typed}");
        let mut child = cargo.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{typed}`"))?;
        let failed_before = self.failed;
        for line in BufReader::new(child.stdout.take().context("no standard output")?).lines() {
            let line = line?;
            println!("{line}");
            self.result_line(&line);
        }
        let status = child.wait()?;
        // It did not compile, or a test took the whole program with it.
        if !status.success() && self.failed == failed_before {
            self.fail(&format!("`{typed}` ended with {}", programs::code(status)));
        } else if !status.success() {
            self.broken.push(typed);
        }
        Ok(())
    }

    fn fail(&mut self, name: &str) {
        self.failed += 1;
        self.broken.push(name.to_owned());
    }

    /// `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
    fn result_line(&mut self, line: &str) {
        let Some((_, figures)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for figure in figures.split("; ") {
            match figure.split_once(' ').map(|(count, what)| (count.parse().unwrap_or(0), what)) {
                Some((count, "passed")) => self.passed += count,
                Some((count, "failed")) => self.failed += count,
                Some((count, "ignored")) => self.skipped += count,
                _ => {}
            }
        }
    }

    pub(crate) fn say(&self) -> Result<()> {
        for name in &self.broken {
            println!("FAILED {name}");
        }
        println!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped);
        if self.failed > 0 {
            bail!("tests failed");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_programs_add_up() {
        let mut tally = Tally::default();
        tally.result_line(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        );
        tally.result_line(
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
        );
        tally.result_line("test a_result: ok. 7 passed");
        assert_eq!((tally.passed, tally.failed, tally.skipped), (15, 2, 1));
    }

    #[test]
    fn a_failure_is_an_error_and_a_skip_is_not() {
        let mut tally = Tally::default();
        tally.skip("one", "for a reason");
        assert!(tally.say().is_ok());
        tally.one("two", Err(anyhow::anyhow!("broken")));
        assert!(tally.say().is_err());
    }
}
