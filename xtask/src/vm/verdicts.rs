//! What `tests/vm/init` says, counted.
//!
//! ```text
//! REWIND-VM ok NAME
//! REWIND-VM FAIL NAME: WHY
//! REWIND-VM info ANYTHING
//! REWIND-VM end NUMBER
//! ```
//!
//! The number is how many checks there were: one that was not heard of has failed.

use anyhow::{Result, bail};

const PREFIX: &str = "REWIND-VM ";

/// How the checks of one kernel went, or of all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdicts {
    passed: u64,
    failed: Vec<String>,
    /// How many there were to be, once that is known.
    checks: Option<u64>,
    /// Kernels that were not tried, and why.
    left_out: Vec<String>,
}

impl Verdicts {
    /// Takes a line of the console; whether it was for us.
    pub(super) fn line(&mut self, line: &str) -> bool {
        // The kernel may have written the beginning of the line.
        let Some((_, said)) = line.split_once(PREFIX) else { return false };
        match said.split_once(' ') {
            Some(("ok", _)) => self.passed += 1,
            Some(("FAIL", why)) => self.fail(why),
            Some(("end", number)) => self.checks = number.trim().parse().ok(),
            _ => {}
        }
        true
    }

    /// Counts a failure.
    pub(super) fn fail(&mut self, why: &str) {
        self.failed.push(why.to_owned());
    }

    /// There are no more lines behind `last`.
    pub(super) fn end(&mut self, last: &str) {
        let heard = self.passed + self.failed.len() as u64;
        match self.checks {
            None => self.fail(&format!("boot: the console fell silent before all checks were done: {last}")),
            Some(checks) if checks != heard => self.fail(&format!("boot: {checks} checks, {heard} verdicts")),
            Some(_) => {}
        }
    }

    /// Adds those of a kernel.
    pub(super) fn add(&mut self, kernel: &str, of_kernel: Self) {
        self.passed += of_kernel.passed;
        self.failed.extend(of_kernel.failed.into_iter().map(|why| format!("{kernel}: {why}")));
    }

    /// A kernel was not tried.
    pub(super) fn leave_out(&mut self, kernel: &str, why: &str) {
        self.left_out.push(format!("{kernel}: {why}"));
    }

    /// The sum.
    pub(super) fn say(&self) -> Result<()> {
        for why in &self.left_out {
            println!("LEFT OUT {why}");
        }
        for why in &self.failed {
            println!("FAILED {why}");
        }
        println!("{} passed, {} failed", self.passed, self.failed.len());
        if self.failed.is_empty() { Ok(()) } else { bail!("some kernels do not do what they should") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &[&str]) -> Verdicts {
        let mut verdicts = Verdicts::default();
        for line in lines {
            verdicts.line(line);
        }
        verdicts.end(lines.last().copied().unwrap_or_default());
        verdicts
    }

    #[test]
    fn verdicts_are_counted() {
        let all =
            heard(&["Linux version 6.1", "REWIND-VM ok load", "[ 1.0] REWIND-VM FAIL record: why", "REWIND-VM end 2"]);
        assert_eq!((all.passed, all.failed.as_slice()), (1, ["record: why".to_owned()].as_slice()));
        assert!(all.say().is_err());
    }

    #[test]
    fn silence_is_a_failure() {
        assert_eq!(heard(&["REWIND-VM ok load"]).failed.len(), 1);
        assert_eq!(heard(&["REWIND-VM ok load", "REWIND-VM end 2"]).failed.len(), 1);
        assert_eq!(heard(&[]).failed.len(), 1);
    }

    #[test]
    fn failures_name_their_kernel() {
        let mut sum = Verdicts::default();
        sum.add("6.1", heard(&["REWIND-VM FAIL load: refused", "REWIND-VM end 1"]));
        assert_eq!(sum.failed, ["6.1: load: refused"]);
    }
}
