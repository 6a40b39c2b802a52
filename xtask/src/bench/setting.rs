//! What is attached while something runs.

use super::interrupt;
use super::place::{Playground, Role, Running, Where};
use anyhow::{Context as _, Result, bail};
use rewind_tests::agent::Agent;
use rewind_tests::{dump, programs};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long something may take to be attached.
const UP: Duration = Duration::from_secs(30);

/// One of the settings that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    Nothing,
    Floor,
    /// What no recorder of durations and pointed-to bytes can leave out.
    Least,
    /// With all that is on by default.
    Recorded,
    /// Without a part of what is read of sockets.
    WithoutHttp,
    WithoutDns,
    WithoutProtocols,
    NotRecorded,
    Strace,
    PerfTrace,
}

impl Setting {
    pub(super) const ALL: [Self; 10] = [
        Self::Nothing,
        Self::Floor,
        Self::Least,
        Self::Recorded,
        Self::WithoutHttp,
        Self::WithoutDns,
        Self::WithoutProtocols,
        Self::NotRecorded,
        Self::Strace,
        Self::PerfTrace,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing attached",
            Self::Floor => "floor: two empty programs",
            Self::Least => "the clock twice, and copies",
            Self::Recorded => "Rewind, recorded",
            Self::WithoutHttp => "Rewind, without HTTP",
            Self::WithoutDns => "Rewind, without DNS",
            Self::WithoutProtocols => "Rewind, without both",
            Self::NotRecorded => "Rewind, not recorded",
            Self::Strace => "strace -f",
            Self::PerfTrace => "perf trace",
        }
    }

    /// Where what is measured runs.
    pub(super) const fn place(self) -> Where {
        if matches!(self, Self::NotRecorded) { Where::Host } else { Where::Container }
    }

    /// Whether what is measured is recorded.
    const fn is_recorded(self) -> bool {
        matches!(self, Self::Recorded | Self::WithoutHttp | Self::WithoutDns | Self::WithoutProtocols)
    }

    /// Whether everything takes so long that a fraction of it will do.
    pub(super) const fn is_slow(self) -> bool {
        matches!(self, Self::Strace | Self::PerfTrace)
    }

    /// The command line of a tracer that prints nothing.
    fn tracer(self) -> Option<(PathBuf, &'static [&'static str])> {
        let found = |name: &str| programs::find(name).unwrap_or_else(|| name.into());
        match self {
            Self::Strace => Some((found("strace"), &["-f", "-o", "/dev/null"])),
            Self::PerfTrace => Some((found("perf"), &["trace", "-o", "/dev/null"])),
            _ => None,
        }
    }

    /// Why this machine cannot have it, if so.
    pub(super) fn refusal(self, place: &Playground) -> Option<String> {
        self.tracer()?;
        let mut tried = self.under(place, Path::new("true"));
        place.run(&mut tried, UP).err().map(|error| format!("{error:#}"))
    }

    /// The command that runs a program in this setting.
    pub(super) fn under(self, place: &Playground, program: &Path) -> Command {
        let Some((tracer, arguments)) = self.tracer() else {
            return place.command(self.place(), Role::Server, program);
        };
        let mut command = place.command(self.place(), Role::Tracer, &tracer);
        command.args(arguments).arg(program);
        command
    }

    /// Lets the tracer, if this is one, follow all servers that run.
    pub(super) fn follow(self, place: &Playground) -> Result<Option<Running>> {
        let Some((tracer, arguments)) = self.tracer() else { return Ok(None) };
        let servers = place.processes(self.place())?;
        let mut command = Command::new(tracer);
        let listed = servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        command.args(arguments).args(["-p", &listed]);
        let mut running = place.start(&mut command)?;
        let tgid = running.tgid();
        interrupt::eventually("the tracer to follow the server", UP, || {
            running.check()?;
            Ok(servers.iter().all(|server| self.follows(tgid, *server)).then_some(()))
        })?;
        Ok(Some(running))
    }

    fn follows(self, tracer: u32, server: u32) -> bool {
        if self == Self::Strace {
            let status = std::fs::read_to_string(format!("/proc/{server}/status")).unwrap_or_default();
            return status.lines().any(|line| line.split_whitespace().eq(["TracerPid:", &tracer.to_string()]));
        }
        let open = std::fs::read_dir(format!("/proc/{tracer}/fd")).into_iter().flatten().flatten();
        open.filter_map(|entry| std::fs::read_link(entry.path()).ok())
            .any(|target| target.to_string_lossy().contains("perf_event"))
    }
}

/// What is attached to the whole machine. Dropping it takes it off.
pub(super) enum Attached {
    /// Nothing.
    Nothing,
    /// Empty programs.
    Floor(Running),
    /// The recorder.
    Rewind(Agent),
}

impl Attached {
    /// Attaches what a setting has attached all the time; tracers come later.
    pub(super) fn new(setting: Setting, place: &Playground, floor: &Path) -> Result<Self> {
        Ok(match setting {
            Setting::Floor | Setting::Least => {
                let mut command = Command::new(programs::ours("rewind-floor"));
                // Its standard input stays open as long as it is wanted.
                command.arg(if setting == Setting::Least { "least" } else { "empty" }).arg(floor);
                let mut running = place.start_with(&mut command, Stdio::piped())?;
                interrupt::eventually("the floor's programs to be attached", UP, || {
                    running.check()?;
                    Ok(running.said().contains("attached").then_some(()))
                })?;
                Self::Floor(running)
            }
            Setting::WithoutHttp => Self::Rewind(recorder_of("dns")?),
            Setting::WithoutDns => Self::Rewind(recorder_of("http")?),
            Setting::WithoutProtocols => Self::Rewind(recorder_of("none")?),
            Setting::Recorded | Setting::NotRecorded => Self::Rewind(recorder()?),
            Setting::Nothing | Setting::Strace | Setting::PerfTrace => Self::Nothing,
        })
    }

    /// Fails if what was measured was not what the setting says.
    pub(super) fn check(&mut self, setting: Setting, place: &Playground) -> Result<()> {
        match self {
            Self::Nothing => Ok(()),
            Self::Floor(running) => running.check(),
            Self::Rewind(agent) => {
                for (cgroup, wanted) in [(Where::Container, setting.is_recorded()), (Where::Host, false)] {
                    let path = place.path(cgroup);
                    let recording = recording_of(agent, &path)?;
                    let made = recording.and_then(|found| figure(&found, "calls_made")).unwrap_or(0);
                    if (made > 0) != wanted {
                        bail!("{made} calls of {path} were recorded: this is not what was to be measured");
                    }
                }
                Ok(())
            }
        }
    }
}

/// The defaults, whatever the environment says.
pub(super) const SIZES: [&str; 4] = ["--budget", "64MiB", "--ring", "1MiB"];

/// A recorder that records. (Its socket is there before that; an answer is not.)
pub(super) fn recorder() -> Result<Agent> {
    recorder_of("http,dns")
}

/// One that reads these protocols of sockets.
fn recorder_of(protocols: &str) -> Result<Agent> {
    let [budget, budget_is, ring, ring_is] = SIZES;
    let agent = Agent::start_with(&[budget, budget_is, ring, ring_is, "--protocols", protocols])?;
    dump::list(&agent).with_context(|| format!("the recorder's log: {}", agent.log()))?;
    Ok(agent)
}

/// The recording of a cgroup.
pub(super) fn recording_of(agent: &Agent, cgroup_path: &str) -> Result<Option<Value>> {
    let list = dump::list(agent)?;
    let path = |listed: &Value| listed.get("container")?.get("cgroup_path")?.as_str().map(str::to_owned);
    Ok(list.into_iter().rfind(|listed| path(listed).as_deref() == Some(cgroup_path)))
}

/// A figure of a recording's coverage.
pub(super) fn figure(recording: &Value, name: &str) -> Option<u64> {
    recording.get("coverage")?.get(name)?.as_u64()
}

/// As [`figure`], where it has to be there.
pub(super) fn figure_of(recording: &Value, name: &str) -> Result<u64> {
    figure(recording, name).with_context(|| format!("the list has no {name}"))
}
