//! The feed: what happens, as it happens, each event once and in order, across the agent's death.

use anyhow::{Context as _, Result, ensure};
use rewind_agent::adoption;
use rewind_agent::crash::{Keeper, Limits, Policy, When};
use rewind_agent::feed::{Feed, Happened, Missed, Subscription};
use rewind_agent::identity::scope::Rule;
use rewind_agent::kernel::Plan;
use rewind_agent::kernel::pins::Pins;
use rewind_agent::recorder::{Config, Recorder, Scope};
use rewind_recording::event::{Event, What};
use rewind_recording::join::is_complete;
use rewind_tests::cgroup::{self, Cgroup};
use rewind_tests::eventually::eventually;
use rewind_tests::workload::{self, Linking};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
/// What the descriptors of the workload begin behind.
const FIRST: u64 = 1_000_000;
/// Names the directory that the child of the test of a restart works in.
const CHILD: &str = "REWIND_FEED_CHILD";

pub(crate) fn config(budget_bytes: u64, ring_bytes: u64) -> Result<Config> {
    Ok(Config {
        plan: Plan { budget_bytes, ring_bytes, payload_bytes: 256 },
        cgroup_mount: cgroup::root().context("no cgroup2 is mounted")?,
        scope: Scope::Rule(Rule { units: false, agent: None }),
        payload: false,
        redactor: None,
        given_up: Vec::new(),
    })
}

/// A recorder and its feed, in this process.
struct Fed {
    recorder: Arc<Recorder>,
    feed: Arc<Feed>,
    thread: Option<JoinHandle<()>>,
}

impl Fed {
    fn of(recorder: Recorder) -> Self {
        let recorder = Arc::new(recorder);
        let feed = Arc::new(Feed::new(Arc::clone(&recorder)));
        Self { recorder, feed, thread: None }
    }

    fn run(&mut self) {
        let feed = Arc::clone(&self.feed);
        self.thread = Some(thread::spawn(move || feed.run()));
    }
}

impl Drop for Fed {
    fn drop(&mut self) {
        self.feed.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts the workload in a cgroup, from its first call on.
fn decisive(cgroup: &Cgroup, arguments: &[&str]) -> Result<Child> {
    let mut command = Command::new("sh");
    command.args(["-c", r#"echo $$ >"$0" && exec "$@""#]).arg(cgroup.dir().join("cgroup.procs"));
    command.arg(workload::compiled("decisive", Linking::Static)?).args(arguments);
    command.stdin(Stdio::null()).spawn().context("cannot start sh")
}

/// The number of a call of the workload.
fn number(event: &Event<'_>) -> Option<u64> {
    match event.what {
        What::Call { call, .. } => call.value(0).and_then(|fd| fd.checked_sub(FIRST)).filter(|number| *number < FIRST),
        _ => None,
    }
}

/// Thread, start and number of each call of the workload in it.
fn numbers(happened: &Happened) -> Vec<(u32, u64, u64)> {
    let timeline = happened.batch.timeline();
    let events = timeline.by_end().filter(is_complete);
    events.filter_map(|event| Some((event.tid, event.start_ns, number(&event)?))).collect()
}

/// What a subscriber is given, up to some moment.
#[derive(Default)]
struct Given {
    numbers: BTreeMap<u32, Vec<u64>>,
    events: u64,
    exits: u64,
    paths: BTreeSet<String>,
}

impl Given {
    fn add(&mut self, happened: &Happened) {
        for (tid, _, number) in numbers(happened) {
            self.numbers.entry(tid).or_default().push(number);
        }
        let timeline = happened.batch.timeline();
        self.events += timeline.by_end().filter(is_complete).count() as u64;
        let exits = timeline.by_end().filter(|event| matches!(event.what, What::Exit(_)));
        self.exits += exits.count() as u64;
        self.paths.insert(happened.container.cgroup_path.clone());
    }

    fn drain(&mut self, subscription: &mut Subscription, of: &str) {
        while let Some(happened) = subscription.try_next() {
            if happened.container.cgroup_path == of || of.is_empty() {
                self.add(&happened);
            }
        }
    }
}

/// Each thread's numbers are 1 to `last`, in that order.
fn in_order(given: &Given, threads: usize, last: u64) -> Result<()> {
    ensure!(given.numbers.len() == threads, "{} threads of {threads}", given.numbers.len());
    for (tid, numbers) in &given.numbers {
        let wrong = numbers.iter().zip(1..).find(|(number, expected)| **number != *expected);
        ensure!(
            wrong.is_none() && numbers.len() as u64 == last,
            "thread {tid}: {} of {last}; the first that is wrong (is, should be): {wrong:?}",
            numbers.len()
        );
    }
    Ok(())
}

const THREADS: usize = 4;
const CALLS: u64 = 4_000;

pub(crate) fn each_once() -> Result<()> {
    let mut fed = Fed::of(Recorder::start(config(16 << 20, 8 << 20)?)?);
    let (mut one, mut two) = (fed.feed.subscribe("one"), fed.feed.subscribe("two"));
    fed.run();
    let cgroup = Cgroup::new("feed-once")?;
    let path = cgroup.path();
    let mut child = decisive(&cgroup, &[&THREADS.to_string(), &CALLS.to_string(), "100"])?;
    let (mut first, mut second) = (Given::default(), Given::default());
    eventually("the end of the workload", SOON, || {
        first.drain(&mut one, &path);
        second.drain(&mut two, &path);
        (first.exits > THREADS as u64 && second.exits > THREADS as u64).then_some(())
    })?;
    ensure!(child.wait()?.success(), "the workload failed");
    ensure!(one.missed() == Missed::default() && two.missed() == Missed::default(), "{:?}", one.missed());
    in_order(&first, THREADS, CALLS)?;
    in_order(&second, THREADS, CALLS)
}

pub(crate) fn stalled() -> Result<()> {
    const OPENS: u64 = 16_000;
    let mut fed = Fed::of(Recorder::start(config(32 << 20, 16 << 20)?)?);
    let (mut awake, mut asleep) = (fed.feed.subscribe("awake"), fed.feed.subscribe("asleep"));
    fed.run();
    let cgroup = Cgroup::new("feed-stalled")?;
    let path = format!("/nowhere/{}", "x".repeat(240));
    let mut child = decisive(&cgroup, &["2", &OPENS.to_string(), "1000", &path])?;
    let mut given = Given::default();
    eventually("the end of the workload", SOON, || {
        given.drain(&mut awake, "");
        (given.exits > 2).then_some(())
    })?;
    ensure!(child.wait()?.success(), "the workload failed");
    let mut late = Given::default();
    late.drain(&mut asleep, "");
    let missed = asleep.missed();
    ensure!(awake.missed().queue_full == 0, "who is awake misses because of who sleeps: {:?}", awake.missed());
    ensure!(missed.queue_full > 0, "the queue did not fill: {} events fit", late.events);
    ensure!(missed.overwritten == awake.missed().overwritten, "{missed:?} {:?}", awake.missed());
    ensure!(
        late.events + missed.queue_full == given.events,
        "{} delivered and {missed:?} are not {} made",
        late.events,
        given.events
    );
    ensure!(given.events > 2 * OPENS && missed.overwritten == 0, "{} of {} events", given.events, 2 * OPENS);
    Ok(())
}

pub(crate) fn short() -> Result<()> {
    const CONTAINERS: usize = 60;
    // Room for half of them: the dead go while others come.
    let mut fed = Fed::of(Recorder::start(config(2 << 20, 1 << 20)?)?);
    let mut subscription = fed.feed.subscribe("short");
    fed.run();
    let mut given = Given::default();
    let mut made = BTreeSet::new();
    for at in 0..CONTAINERS {
        let cgroup = Cgroup::new(&format!("feed-short-{at}"))?;
        made.insert(cgroup.path());
        ensure!(decisive(&cgroup, &["1", "3", "0"])?.wait()?.success(), "the workload failed");
        drop(cgroup);
        fed.recorder.reconcile()?;
        given.drain(&mut subscription, "");
    }
    eventually("the last one", SOON, || {
        given.drain(&mut subscription, "");
        made.is_subset(&given.paths).then_some(())
    })
    .with_context(|| format!("missing: {:?}", made.difference(&given.paths).collect::<Vec<_>>()))?;
    let whole = given.numbers.values().filter(|numbers| **numbers == [1, 2, 3]).count();
    ensure!(whole == CONTAINERS, "{whole} of {CONTAINERS} are whole; {:?}", subscription.missed());
    ensure!(subscription.missed() == Missed::default(), "{:?}", subscription.missed());
    Ok(())
}

pub(crate) fn killed() -> Result<()> {
    const KILLS: usize = 4;
    let dir = tempfile::tempdir()?;
    let pins = child_pins(dir.path());
    let unload = Unload(pins.clone());
    let cgroup = Cgroup::new("feed-killed")?;
    let mut child = start_child(dir.path(), &cgroup)?;
    let (threads, last) = (2, 6_000_u64);
    let mut workload = decisive(&cgroup, &[&threads.to_string(), &last.to_string(), "5000"])?;
    let came_to = || numbers_in(dir.path()).map(|lines| lines.len()).unwrap_or(0);
    for kill in 1..=KILLS {
        let wanted = kill * threads * last as usize / (KILLS + 2);
        eventually("some events", SOON, || (came_to() >= wanted).then_some(()))?;
        child.kill()?;
        child.wait()?;
        // It happens while nobody is there.
        thread::sleep(Duration::from_millis(100));
        child = start_child(dir.path(), &cgroup)?;
    }
    ensure!(workload.wait()?.success(), "the workload failed");
    let all = threads * last as usize;
    let seen = eventually("all events", SOON, || {
        let lines = numbers_in(dir.path()).ok()?;
        let once: BTreeSet<_> = lines.iter().copied().collect();
        (once.len() >= all).then_some(lines)
    });
    child.kill()?;
    child.wait()?;
    let log = fs::read_to_string(dir.path().join("log")).unwrap_or_default();
    let seen = seen.with_context(|| format!("{} lines of {all}; {log}", came_to()))?;
    let mut given = Given::default();
    let (mut once, mut again) = (BTreeSet::new(), 0);
    for line in &seen {
        // Once more: it had been delivered, and the agent was killed before it was noted.
        if once.insert(*line) {
            given.numbers.entry(line.0).or_default().push(line.2);
        } else {
            again += 1;
        }
    }
    in_order(&given, threads, last)?;
    ensure!(again < all / 4, "{again} of {all} events came again");
    ensure!(!log.contains("missed"), "{log}");
    println!("{again} of {all} events came again after {KILLS} kills");
    drop(unload);
    Ok(())
}

/// Takes out of the kernel what the child has pinned.
struct Unload(PathBuf);

impl Drop for Unload {
    fn drop(&mut self) {
        let _ = Pins::take(&self.0).map(Pins::unload);
    }
}

fn child_pins(dir: &Path) -> PathBuf {
    let name = dir.file_name().unwrap_or_default().to_string_lossy().replace('.', "");
    Path::new("/sys/fs/bpf").join(format!("rewind-test-feed-{name}"))
}

fn numbers_in(dir: &Path) -> Result<Vec<(u32, u64, u64)>> {
    let text = fs::read_to_string(dir.join("events"))?;
    let line = |line: &str| -> Option<(u32, u64, u64)> {
        let mut words = line.split(' ');
        Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    };
    Ok(text.lines().filter_map(line).collect())
}

fn start_child(dir: &Path, cgroup: &Cgroup) -> Result<Child> {
    let _ = fs::remove_file(dir.join("ready"));
    let log = File::options().create(true).append(true).open(dir.join("log"))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.env(CHILD, dir).arg(cgroup.path()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let mut child = command.spawn()?;
    eventually("a recorder", SOON, || dir.join("ready").exists().then_some(())).inspect_err(|_| {
        let _ = child.kill();
    })?;
    Ok(child)
}

/// What this program does as a child of [`killed`]: a recorder with a subscriber that writes down what it is
/// given. `None`: it is none.
pub(crate) fn child() -> Option<ExitCode> {
    let dir = PathBuf::from(std::env::var_os(CHILD)?);
    let cgroup = std::env::args().nth(1).unwrap_or_default();
    Some(match write_down(&dir, &cgroup) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    })
}

fn write_down(dir: &Path, cgroup: &str) -> Result<()> {
    let limits = Limits { bytes: 1 << 20, age_s: 60, per_container: 1 };
    let policy = Policy { when: When::Never, on_child: false, dir: dir.join("crashes"), limits };
    // The one that was killed may not be gone yet.
    let pins = eventually("the pins", SOON, || Pins::take(&child_pins(dir)).ok())?;
    let recorder = adoption::begin(config(32 << 20, 16 << 20)?, pins, &Keeper::new(&policy)?)?;
    let mut fed = Fed::of(recorder);
    let mut subscription = fed.feed.subscribe("writer");
    fed.run();
    let mut events = File::options().create(true).append(true).open(dir.join("events"))?;
    File::create(dir.join("ready"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    while let Some(happened) = runtime.block_on(subscription.next()) {
        if happened.container.cgroup_path != cgroup {
            continue;
        }
        let lines =
            numbers(&happened).into_iter().map(|(tid, start_ns, number)| format!("{tid} {start_ns} {number}\n"));
        events.write_all(lines.collect::<String>().as_bytes())?;
        if subscription.missed() != Missed::default() {
            eprintln!("missed: {:?}", subscription.missed());
        }
    }
    Ok(())
}
