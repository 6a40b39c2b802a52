//! Two traces of one program -> the first difference, with what stands around it.

use super::line::Call;
use super::normal::normal;
use super::thread::{Thread, Trace};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

const CONTEXT: usize = 4;

/// What is left out of a comparison, for a reason that the program gives.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leave<'a> {
    /// Calls whose number depends on timing (a contended lock's `futex`), left out of both traces.
    pub timing: &'a [&'a str],
}

/// Where two traces part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The thread's place in the tree.
    pub place: String,
    /// The common calls just before.
    pub before: Vec<String>,
    /// What the oracle has from here on.
    pub expected: Vec<String>,
    /// What the recording has from here on.
    pub recorded: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "thread {} differs:", self.place)?;
        for line in &self.before {
            writeln!(out, "      {line}")?;
        }
        for (mark, lines) in [("strace", &self.expected), ("rewind", &self.recorded)] {
            let none = ["(nothing more)".to_owned()];
            for line in if lines.is_empty() { none.as_slice() } else { lines } {
                writeln!(out, "{mark}  {line}")?;
            }
        }
        Ok(())
    }
}

/// The first difference, in the order of places in the tree; `None` if the traces say the same.
#[must_use]
pub fn first_difference(oracle: &Trace, recording: &Trace, leave: Leave<'_>) -> Option<Difference> {
    let (oracle, recording) = (sequences(oracle, leave), sequences(recording, leave));
    let mut places: Vec<&String> = oracle.keys().chain(recording.keys()).collect();
    places.sort_unstable();
    places.dedup();
    let nothing = Vec::new();
    places
        .into_iter()
        .find_map(|place| part(place, oracle.get(place).unwrap_or(&nothing), recording.get(place).unwrap_or(&nothing)))
}

fn part(place: &str, expected: &[String], recorded: &[String]) -> Option<Difference> {
    let same = expected.iter().zip(recorded).take_while(|(a, b)| a == b).count();
    if same == expected.len() && same == recorded.len() {
        return None;
    }
    let from = |lines: &[String], at: usize| lines.iter().skip(at).take(CONTEXT).cloned().collect();
    Some(Difference {
        place: place.to_owned(),
        before: from(expected.get(..same).unwrap_or_default(), same.saturating_sub(CONTEXT)),
        expected: from(expected, same),
        recorded: from(recorded, same),
    })
}

fn sequences(trace: &Trace, leave: Leave<'_>) -> BTreeMap<String, Vec<String>> {
    trace.threads.iter().map(|(place, thread)| (place.clone(), sequence(place, thread, &trace.places, leave))).collect()
}

fn sequence(place: &str, thread: &Thread, places: &HashMap<u32, String>, leave: Leave<'_>) -> Vec<String> {
    // Before its first `execve` the first process is the tool's own child, not the program.
    let begins = thread.calls.iter().position(|call| call.name == "execve" && call.result == "0");
    let begins = if place == "0" { begins.unwrap_or(0) } else { 0 };
    let calls = thread.calls.iter().skip(begins).filter(|call| {
        // A call that a signal interrupted is made again or not, as the signal's moment has it.
        let restarted = call.result.starts_with("? ERESTART") || call.name == "restart_syscall";
        !restarted && !leave.timing.contains(&call.name.as_str())
    });
    let mut random = Random::default();
    let lines = calls.map(|call| random.passed(normal(call, places), call));
    lines.chain(thread.end.iter().map(|end| format!("+++ {end} +++"))).collect()
}

/// The descriptors of `/dev/urandom`: what is read from it is chance, as with `getrandom`.
#[derive(Default)]
struct Random {
    open: HashSet<String>,
}

impl Random {
    fn passed(&mut self, line: String, call: &Call) -> String {
        let first = call.arguments.split(", ").next().unwrap_or_default();
        match call.name.as_str() {
            "open" | "openat" if call.arguments.contains("\"/dev/urandom\"") => {
                self.open.insert(call.result.clone());
            }
            "close" => {
                self.open.remove(first);
            }
            "read" if self.open.contains(first) => return format!("read({first}, RANDOM) = {}", call.result),
            _ => {}
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(a: &str, b: &str) -> Result<Option<Difference>, String> {
        Ok(first_difference(&Trace::parse(a)?, &Trace::parse(b)?, Leave { timing: &["futex"] }))
    }

    #[test]
    fn other_pids_and_addresses_are_no_difference() -> Result<(), String> {
        let a = "5 execve(\"/a\", [\"a\"], 0x7ffe00000000 /* 1 var */) = 0\n5 fork() = 6\n6 exit(0) = ?\n5 wait4(6, NULL, 0, NULL) = 6\n";
        let b = "9 close(3) = 0\n9 execve(\"/a\", [\"a\"], 0x7ffd00000000 /* 1 var */) = 0\n9 fork() = 12\n\
                 9 futex(0x1, FUTEX_WAKE, 1) = 0\n9 wait4(12, NULL, 0, NULL) = 12\n12 exit(0) = ?\n";
        assert_eq!(traces(a, b)?, None);
        Ok(())
    }

    #[test]
    fn the_first_difference_is_shown_with_what_stands_before_it() -> Result<(), String> {
        let a = "5 open(\"a\") = 3\n5 close(3) = 0\n5 close(4) = 0\n";
        let b = "9 open(\"a\") = 3\n9 close(3) = -1 EBADF (Bad file descriptor)\n9 close(4) = 0\n";
        let found = traces(a, b)?.ok_or("no difference")?;
        assert_eq!(found.before, ["open(\"a\") = 3"]);
        assert_eq!(found.recorded[0], "close(3) = -1 EBADF (Bad file descriptor)");
        assert!(found.to_string().contains("strace  close(3) = 0"));
        Ok(())
    }

    #[test]
    fn a_call_that_is_missing_at_the_end_is_a_difference() -> Result<(), String> {
        let found = traces("5 open(\"a\") = 3\n5 close(3) = 0\n", "9 open(\"a\") = 3\n")?.ok_or("no difference")?;
        assert!(found.recorded.is_empty() && found.to_string().contains("(nothing more)"));
        Ok(())
    }

    #[test]
    fn what_is_read_from_the_random_device_is_chance_and_nothing_else_is() -> Result<(), String> {
        let trace = |bytes: &str, text: &str| {
            format!(
                "5 openat(AT_FDCWD, \"/dev/urandom\", O_RDONLY) = 3\n5 read(3, \"{bytes}\", 4) = 4\n5 close(3) = 0\n\
                 5 open(\"file\", O_RDONLY) = 3\n5 read(3, \"{text}\", 4) = 4\n"
            )
        };
        assert_eq!(traces(&trace("abcd", "text"), &trace("efgh", "text"))?, None);
        assert!(traces(&trace("abcd", "text"), &trace("abcd", "tent"))?.is_some());
        Ok(())
    }

    #[test]
    fn a_thread_that_is_missing_is_a_difference() -> Result<(), String> {
        let found = traces("5 fork() = 6\n6 exit(0) = ?\n", "9 fork() = 10\n")?.ok_or("no difference")?;
        assert_eq!((found.place.as_str(), found.expected.len()), ("0.1", 1));
        Ok(())
    }
}
