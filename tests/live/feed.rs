//! The feed: what happens, as it happens, each event once and in order, across the agent's death. An event log is
//! its subscriber here.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::eventually::eventually;
use rewind_tests::workload::{self, Linking};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);
/// What the descriptors of the workload begin behind.
const FIRST: u64 = 1_000_000;
/// A protected share that takes all that the workloads here do.
const LARGE: [&str; 4] = ["--budget", "32MiB", "--ring", "16MiB"];

fn start(sizes: &[&str], logs: &[&Path]) -> Result<Agent> {
    let logs = logs.iter().map(|log| log.to_str().context("a path that is no text")).collect::<Result<Vec<_>>>()?;
    Agent::start_with(&[sizes, &logs.iter().flat_map(|log| ["--event-log", log]).collect::<Vec<_>>()].concat())
}

/// Starts the workload in a cgroup, from its first call on.
fn decisive(cgroup: &Cgroup, arguments: &[&str]) -> Result<Child> {
    let mut command = Command::new("sh");
    command.args(["-c", r#"echo $$ >"$0" && exec "$@""#]).arg(cgroup.dir().join("cgroup.procs"));
    command.arg(workload::compiled("decisive", Linking::Static)?).args(arguments);
    command.stdin(Stdio::null()).spawn().context("cannot start sh")
}

/// What a subscriber was given.
#[derive(Default)]
struct Given {
    /// Of each thread of the workload, start and number of its calls.
    numbers: BTreeMap<u64, Vec<(u64, u64)>>,
    /// Events of the cgroup.
    events: u64,
    /// Ends of its threads.
    exits: u64,
    /// All events, of other cgroups too.
    all: u64,
    cgroups: BTreeSet<String>,
    missed: Option<Value>,
}

impl Given {
    /// What stands in a log, of a cgroup.
    fn read(log: &Path, cgroup: &str) -> Self {
        let text = fs::read_to_string(log).unwrap_or_default();
        let mut given = Self::default();
        // Its last line may not be whole yet.
        for line in text.lines() {
            let _ = given.add(line, cgroup);
        }
        given
    }

    fn add(&mut self, line: &str, cgroup: &str) -> Option<()> {
        let line: Value = serde_json::from_str(line).ok()?;
        if let Some(missed) = line.get("missed") {
            self.missed = Some(missed.clone());
            return None;
        }
        self.all += 1;
        let of = line.get("cgroup")?.as_str()?;
        self.cgroups.insert(of.to_owned());
        if !cgroup.is_empty() && cgroup != of {
            return None;
        }
        self.events += 1;
        self.exits += u64::from(line.get("kind")? == "exit");
        let number = line.get("arg")?.as_u64()?.checked_sub(FIRST).filter(|number| *number < FIRST)?;
        let (tid, start_ns) = (line.get("tid")?.as_u64()?, line.get("start_ns")?.as_u64()?);
        self.numbers.entry(tid).or_default().push((start_ns, number));
        Some(())
    }

    fn missed(&self, reason: &str) -> u64 {
        self.missed.as_ref().and_then(|missed| missed.get(reason)?.as_u64()).unwrap_or(0)
    }

    /// Each thread's numbers are 1 to `last`, in that order.
    fn in_order(&self, threads: usize, last: u64) -> Result<()> {
        ensure!(self.numbers.len() == threads, "{} threads of {threads}", self.numbers.len());
        for (tid, numbers) in &self.numbers {
            let wrong =
                numbers.iter().map(|(_, number)| number).zip(1..).find(|(number, expected)| **number != *expected);
            ensure!(
                wrong.is_none() && numbers.len() as u64 == last,
                "thread {tid}: {} of {last}; the first that is wrong (is, should be): {wrong:?}; {:?}",
                numbers.len(),
                self.missed
            );
        }
        Ok(())
    }
}

pub(crate) fn each_once() -> Result<()> {
    const THREADS: usize = 4;
    const CALLS: u64 = 4_000;
    let dir = tempfile::tempdir()?;
    let logs = [dir.path().join("one"), dir.path().join("two")];
    let agent = start(&LARGE, &logs.each_ref().map(PathBuf::as_path))?;
    let cgroup = Cgroup::new("feed-once")?;
    let mut child = decisive(&cgroup, &[&THREADS.to_string(), &CALLS.to_string(), "100"])?;
    ensure!(child.wait()?.success(), "the workload failed");
    for log in &logs {
        let given = eventually("the end of the workload", SOON, || {
            Some(Given::read(log, &cgroup.path())).filter(|given| given.exits > THREADS as u64)
        })?;
        ensure!(given.missed.is_none(), "{:?}", given.missed);
        given.in_order(THREADS, CALLS)?;
    }
    agent.stop()
}

pub(crate) fn stalled() -> Result<()> {
    const OPENS: u64 = 15_000;
    let dir = tempfile::tempdir()?;
    let (awake, asleep) = (dir.path().join("awake"), dir.path().join("asleep"));
    rustix::fs::mknodat(rustix::fs::CWD, &asleep, rustix::fs::FileType::Fifo, 0o600.into(), 0)?;
    let agent = start(&LARGE, &[&awake, &asleep])?;
    let cgroup = Cgroup::new("feed-stalled")?;
    // Two threads, more than its queue takes of 4 MiB.
    let path = format!("/nowhere/{}", "x".repeat(240));
    let mut child = decisive(&cgroup, &["2", &OPENS.to_string(), "2000", &path])?;
    ensure!(child.wait()?.success(), "the workload failed");
    // Nobody has read what the other one writes: this one has all the same.
    let given = eventually("the end of the workload", SOON, || {
        Some(Given::read(&awake, &cgroup.path())).filter(|given| given.exits > 2)
    })?;
    ensure!(given.missed.is_none(), "who keeps up misses because of who does not: {:?}", given.missed);
    ensure!(given.events > 2 * OPENS, "{} events of more than {}", given.events, 2 * OPENS);
    // Now it is read. What else happens meanwhile both are given.
    let late = Arc::new(Mutex::new(Given::default()));
    thread::spawn({
        let (late, asleep) = (Arc::clone(&late), asleep.clone());
        move || -> Result<()> {
            for line in BufReader::new(File::open(asleep)?).lines() {
                late.lock().unwrap_or_else(PoisonError::into_inner).add(&line?, "");
            }
            Ok(())
        }
    });
    let told = || {
        let late = late.lock().unwrap_or_else(PoisonError::into_inner);
        (late.all, late.missed("queue_full"), late.missed("overwritten"))
    };
    let added_up = eventually("delivered and missed to be what was made", SOON, || {
        let (delivered, missed, _) = told();
        (delivered + missed == Given::read(&awake, "").all && missed > 0).then_some(())
    });
    let (delivered, missed, overwritten) = told();
    added_up.with_context(|| format!("{delivered} and {missed} of {}", Given::read(&awake, "").all))?;
    ensure!(delivered > 0 && overwritten == 0, "{delivered} delivered, {overwritten} overwritten");
    agent.stop()
}

pub(crate) fn short() -> Result<()> {
    const CONTAINERS: usize = 100;
    const AT_ONCE: usize = 5;
    let dir = tempfile::tempdir()?;
    let log = dir.path().join("events");
    // Room for half of them: the dead go while others come.
    let agent = start(&["--budget", "4MiB", "--ring", "1MiB"], &[&log])?;
    let mut made = BTreeSet::new();
    for at in 0..CONTAINERS {
        let cgroup = Cgroup::new(&format!("feed-short-{at}"))?;
        made.insert(cgroup.path());
        ensure!(decisive(&cgroup, &["1", "3", "0"])?.wait()?.success(), "the workload failed");
        drop(cgroup);
        if (at + 1).is_multiple_of(AT_ONCE) {
            thread::sleep(Duration::from_millis(250));
        }
    }
    let given =
        eventually("the last one", SOON, || Some(Given::read(&log, "")).filter(|given| made.is_subset(&given.cgroups)));
    let given = given.with_context(|| {
        let given = Given::read(&log, "");
        format!(
            "missing: {:?}; {:?}; {}",
            made.difference(&given.cgroups).collect::<Vec<_>>(),
            given.missed,
            agent.log()
        )
    })?;
    let is_whole = |numbers: &[(u64, u64)]| numbers.iter().map(|(_, number)| *number).eq(1..=3);
    let whole: usize =
        given.numbers.values().map(|numbers| numbers.chunks(3).filter(|three| is_whole(three)).count()).sum();
    ensure!(whole == CONTAINERS && given.missed.is_none(), "{whole} of {CONTAINERS} are whole; {:?}", given.missed);
    agent.stop()
}

pub(crate) fn killed() -> Result<()> {
    const KILLS: usize = 4;
    const THREADS: usize = 2;
    const CALLS: u64 = 6_000;
    let dir = tempfile::tempdir()?;
    let log = dir.path().join("events");
    let mut agent = start(&LARGE, &[&log])?;
    let text = log.to_str().context("a path that is no text")?;
    let arguments = [&LARGE[..], &["--event-log", text]].concat();
    let cgroup = Cgroup::new("feed-killed")?;
    let path = cgroup.path();
    let mut workload = decisive(&cgroup, &[&THREADS.to_string(), &CALLS.to_string(), "10000"])?;
    let came_to = || Given::read(&log, &path).numbers.values().map(Vec::len).sum::<usize>();
    let all = THREADS * CALLS as usize;
    for kill in 1..=KILLS {
        let wanted = kill * all / (KILLS + 2);
        eventually("some events", SOON, || (came_to() >= wanted).then_some(()))?;
        agent.kill()?;
        // It happens while nobody is there.
        thread::sleep(Duration::from_millis(100));
        agent.start_again(&arguments)?;
    }
    ensure!(workload.wait()?.success(), "the workload failed");
    let once = |given: &Given| -> usize {
        given.numbers.values().map(|numbers| numbers.iter().collect::<BTreeSet<_>>().len()).sum()
    };
    let given = eventually("all events", SOON, || Some(Given::read(&log, &path)).filter(|given| once(given) >= all));
    let mut given = given.with_context(|| format!("{} of {all}; {}", came_to(), agent.log()))?;
    ensure!(given.missed.is_none(), "{:?}", given.missed);
    // Once more: it had been delivered, and the agent was killed before that was noted.
    let again = came_to() - all;
    for numbers in given.numbers.values_mut() {
        let mut seen = BTreeSet::new();
        numbers.retain(|line| seen.insert(*line));
    }
    given.in_order(THREADS, CALLS)?;
    ensure!(again < all / 4, "{again} of {all} events came again");
    println!("{again} of {all} events came again after {KILLS} kills");
    agent.stop()
}
