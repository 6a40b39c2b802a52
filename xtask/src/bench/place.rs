//! Where things run: in a cgroup that a recorder takes for a container, or in one that it leaves out.

use super::interrupt;
use anyhow::{Context as _, Result, bail};
use rewind_tests::cgroup::{self, Cgroup};
use rewind_tests::programs;
use rustix::process::{Pid, Signal, kill_process};
use std::cell::Cell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a program may take to end when it is asked to.
const DOWN: Duration = Duration::from_secs(10);
/// Where systemd keeps its users' sessions: no recorder of containers wants those.
const HOST_SLICE: &str = "user.slice";

/// Which of the two cgroups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// The one that is recorded whenever a recorder runs.
    Container,
    /// The one that never is.
    Host,
}

/// What a program does, and so which CPU it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// What is measured: the last CPU.
    Server,
    /// What asks it: the first.
    Client,
    /// Any.
    Tracer,
}

/// The two cgroups, and a directory for files. All of it goes when this is dropped.
pub(super) struct Playground {
    container: Cgroup,
    host: Cgroup,
    /// Behind what is in it.
    _slice: Option<Slice>,
    dir: tempfile::TempDir,
    cpus: usize,
    logs: Cell<u32>,
}

impl Playground {
    pub(super) fn new() -> Result<Self> {
        let root = cgroup::root().context("no cgroup2 is mounted")?;
        let name = format!("rewind-bench-{}", std::process::id());
        let parent = root.join(HOST_SLICE);
        let slice = fs::create_dir(&parent).is_ok().then(|| Slice(parent.clone()));
        Ok(Self {
            container: Cgroup::below(&root, &name)?,
            host: Cgroup::below(&parent, &name)?,
            _slice: slice,
            dir: tempfile::Builder::new().prefix("rewind-bench-").tempdir()?,
            cpus: std::thread::available_parallelism().map_or(1, Into::into),
            logs: Cell::default(),
        })
    }

    /// The directory for files; everything starts in it.
    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn cgroup(&self, place: Where) -> &Cgroup {
        match place {
            Where::Container => &self.container,
            Where::Host => &self.host,
        }
    }

    /// A cgroup, as recordings name it.
    pub(super) fn path(&self, place: Where) -> String {
        self.cgroup(place).path()
    }

    /// The processes that live in a cgroup.
    pub(super) fn processes(&self, place: Where) -> Result<Vec<u32>> {
        tgids(self.cgroup(place).dir())
    }

    /// A command that joins a cgroup before it starts the program. Its CPU is fixed, so that no run
    /// depends on where the scheduler puts it.
    pub(super) fn command(&self, place: Where, role: Role, program: &Path) -> Command {
        let mut command = into(self.cgroup(place).dir());
        command.current_dir(self.dir());
        match role {
            Role::Server | Role::Client if self.cpus > 1 => {
                let cpu = if role == Role::Server { self.cpus - 1 } else { 0 };
                command.args(["taskset", "--cpu-list", &cpu.to_string()]);
            }
            _ => {}
        }
        command.arg(program);
        command
    }

    /// Starts a program that stays.
    pub(super) fn start(&self, command: &mut Command) -> Result<Running> {
        self.start_with(command, Stdio::null())
    }

    /// As [`Playground::start`], with something on its standard input.
    pub(super) fn start_with(&self, command: &mut Command, stdin: Stdio) -> Result<Running> {
        self.logs.set(self.logs.get() + 1);
        let path = self.dir().join(format!("log.{}", self.logs.get()));
        let log = File::create(&path)?;
        command.stdin(stdin).stdout(log.try_clone()?).stderr(log);
        let typed = programs::typed(command);
        let child = command.spawn().with_context(|| format!("cannot start `{typed}`"))?;
        Ok(Running { child, typed, log: path })
    }

    /// Runs a program to its end; what it prints.
    pub(super) fn run(&self, command: &mut Command, within: Duration) -> Result<String> {
        let mut running = self.start(command)?;
        let what = format!("`{}` to end", running.typed);
        let status = interrupt::eventually(&what, within, || Ok(running.child.try_wait()?))?;
        if !status.success() {
            bail!("`{}` ended with {}: {}", running.typed, programs::code(status), running.last_words());
        }
        Ok(running.said())
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        // What a program of ours has started, and left.
        for cgroup in [&self.container, &self.host] {
            end_all(cgroup.dir());
        }
    }
}

/// A parent that was not there before us.
struct Slice(PathBuf);

impl Drop for Slice {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// A shell that joins `cgroup` and becomes what follows.
pub(super) fn into(dir: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", r#"echo $$ >"$0" && exec "$@""#]).arg(dir.join("cgroup.procs"));
    command
}

/// Ends what lives in a cgroup of ours, by pid.
pub(super) fn end_all(dir: &Path) {
    for tgid in tgids(dir).unwrap_or_default() {
        if let Some(pid) = i32::try_from(tgid).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

fn tgids(dir: &Path) -> Result<Vec<u32>> {
    let file = dir.join("cgroup.procs");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    text.lines().map(|line| line.parse().with_context(|| format!("{line} is no pid"))).collect()
}

/// A process of ours. Dropping it ends it.
pub(super) struct Running {
    child: Child,
    typed: String,
    log: PathBuf,
}

impl Running {
    pub(super) fn tgid(&self) -> u32 {
        self.child.id()
    }

    /// Fails if it has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => {
                bail!("`{}` has ended with {}: {}", self.typed, programs::code(status), self.last_words())
            }
        }
    }

    /// What it has said so far, errors included.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn last_words(&self) -> String {
        let said = self.said();
        said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let ended = rewind_tests::eventually::eventually("its end", DOWN, || self.child.try_wait().ok().flatten());
        if ended.is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
