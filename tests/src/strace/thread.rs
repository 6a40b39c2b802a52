//! Lines -> one sequence of calls for each thread, named by its place in the tree of processes.
//!
//! Two runs give other pids, so threads are matched by where they come from: `0` is the first one,
//! `0.2` the second that it made, by `fork`, `vfork`, `clone` or `clone3`.

use super::line::{self, Call, What};
use std::collections::{BTreeMap, HashMap};

/// What one thread did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// Its pid in this run.
    pub pid: u32,
    /// Its calls, in order.
    pub calls: Vec<Call>,
    /// How it ended, if the trace says so.
    pub end: Option<String>,
}

/// A trace: threads by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// `0`, `0.1`, `0.1.1`, ...
    pub threads: BTreeMap<String, Thread>,
    /// The place of each pid, also of those that were made and are not in the trace.
    pub places: HashMap<u32, String>,
}

impl Trace {
    /// Reads a whole trace.
    ///
    /// # Errors
    /// The first line that is not strace's, or a pid that nobody made.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (order, mut by_pid) = by_pid(text)?;
        let Some(first) = order.first() else { return Err("the trace is empty".to_owned()) };
        let mut trace = Self::default();
        let mut open = vec![("0".to_owned(), *first)];
        while let Some((place, pid)) = open.pop() {
            trace.places.insert(pid, place.clone());
            let Some(thread) = by_pid.remove(&pid) else { continue };
            let children = thread.calls.iter().filter_map(child);
            open.extend(children.enumerate().map(|(i, child)| (format!("{place}.{}", i + 1), child)));
            trace.threads.insert(place, thread);
        }
        match order.iter().find(|pid| by_pid.contains_key(pid)) {
            Some(orphan) => Err(format!("the trace does not show who made {orphan}")),
            None => Ok(trace),
        }
    }
}

/// The pid that a successful call of the fork family returned.
fn child(call: &Call) -> Option<u32> {
    let forks = matches!(call.name.as_str(), "fork" | "vfork" | "clone" | "clone3");
    forks.then(|| call.result.parse().ok()).flatten().filter(|pid| *pid > 0)
}

type ByPid = HashMap<u32, Thread>;

/// Gathers each pid's calls; `order` is the order in which pids first appear.
fn by_pid(text: &str) -> Result<(Vec<u32>, ByPid), String> {
    let (mut order, mut by_pid, mut begun) = (Vec::new(), ByPid::new(), HashMap::<u32, String>::new());
    for text in text.lines() {
        let Some((pid, what)) = line::parse(text)? else { continue };
        let thread = by_pid.entry(pid).or_insert_with(|| {
            order.push(pid);
            Thread { pid, ..Thread::default() }
        });
        match what {
            What::Call(call) => thread.calls.push(call),
            What::Unfinished(half) => {
                begun.insert(pid, half);
            }
            What::Resumed(half) => {
                let whole = begun.remove(&pid).unwrap_or_default() + &half;
                thread.calls.push(line::call(&whole).ok_or_else(|| format!("halves that do not fit: {whole}"))?);
            }
            What::End(end) => {
                // It died in this call: strace does not always write the second half.
                let whole = begun.remove(&pid).map(|half| format!("{half}) = ?"));
                thread.calls.extend(whole.as_deref().and_then(line::call));
                thread.end = Some(end);
            }
            What::Signal(_) => {}
        }
    }
    Ok((order, by_pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORKS: &str = "\
10 execve(\"/bin/sh\", [\"sh\"], 0x7ffc /* 3 vars */) = 0
10 vfork( <unfinished ...>
11 getpid() = 11
11 exit_group(1) = ?
11 +++ exited with 1 +++
10 <... vfork resumed>) = 11
10 clone(child_stack=NULL, flags=SIGCHLD) = 12
12 read(0,  <unfinished ...>
12 +++ killed by SIGKILL +++
10 exit_group(0) = ?
10 +++ exited with 0 +++
";

    #[test]
    fn threads_are_named_by_who_made_them() -> Result<(), String> {
        let trace = Trace::parse(FORKS)?;
        let names = |place: &str| -> Vec<String> {
            trace
                .threads
                .get(place)
                .map(|thread| thread.calls.iter().map(|call| call.name.clone()).collect())
                .unwrap_or_default()
        };
        assert_eq!(names("0"), ["execve", "vfork", "clone", "exit_group"]);
        assert_eq!(names("0.1"), ["getpid", "exit_group"]);
        assert_eq!(names("0.2"), ["read"]);
        assert_eq!(trace.threads["0.2"].end.as_deref(), Some("killed by SIGKILL"));
        assert_eq!(trace.places[&11], "0.1");
        Ok(())
    }

    #[test]
    fn a_thread_that_nobody_made_is_an_error() {
        assert!(Trace::parse("1 getpid() = 1\n2 getpid() = 2\n").is_err_and(|error| error.contains('2')));
    }
}
