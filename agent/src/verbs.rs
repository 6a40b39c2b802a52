//! What each verb of the command line does: options -> parts -> exit code.

use crate::cli;
use crate::cluster::Cluster;
use crate::config::{Typed, Watched};
use crate::crash::Keeper;
use crate::host::cgroup::Layout;
use crate::host::doctor::{Load, Program, Report};
use crate::host::facts::{Fact, Facts};
use crate::host::refusal::{Refusal, refusal};
use crate::host::rules;
use crate::identity::scope::Rule;
use crate::kernel::pins::{self, Pins};
use crate::kernel::{Plan, Protocol};
use crate::record::{self, Cgroup, Recorded};
use crate::recorder::{Config, Recorder, Scope};
use crate::serve::{SocketPath, programs};
use crate::{adoption, clock, health, kernel, measure, pipeline, recorder};
use anyhow::anyhow;
use jiff::tz::TimeZone;
use rewind_host_metrics::Roots;
use rewind_recording::escape::visible;
use rewind_recording::file::Saving;
use rewind_recording::redact::{self, Redactor};
use rewind_recording::render::{self, Format, Options, Timestamps};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::sync::Arc;

/// What was typed cannot be meant.
const USAGE: u8 = 2;
/// This host cannot record.
const CANNOT: u8 = 3;

/// The exit code of a failure.
#[must_use]
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    let recorder = error.downcast_ref().or_else(|| match error.downcast_ref() {
        Some(adoption::Error::Recorder(error)) => Some(error),
        _ => None,
    });
    let lacks = |error: &recorder::Error| {
        matches!(error, recorder::Error::Kernel(kernel::Error::Program { .. } | kernel::Error::Btf(_)))
    };
    if error.is::<Refusal>() || recorder.is_some_and(lacks) {
        ExitCode::from(CANNOT)
    } else if error.is::<redact::Error>() {
        ExitCode::from(USAGE)
    } else {
        ExitCode::FAILURE
    }
}

/// `rewind-agent run`.
///
/// # Errors
/// Whatever keeps it from recording or answering, in one sentence.
pub(crate) fn run(options: &cli::Run) -> anyhow::Result<ExitCode> {
    let typed = options.redaction.patterns();
    // A bad pattern that was typed is wrong usage, not a file to be read again.
    Redactor::new(&typed)?;
    let watched = options.kubernetes.config.as_deref().map(Watched::open);
    let settings = watched.as_ref().map(|watched| watched.good().clone()).unwrap_or_default();
    let redactor = Redactor::new(&[typed.as_slice(), &settings.redact].concat())?;
    let host = Host::suited()?;
    let mut plan = plan(options.budget.as_u64(), &options.memory);
    plan.budget_bytes = settings.budget_bytes.unwrap_or(plan.budget_bytes);
    plan.ring_bytes = settings.ring_bytes.unwrap_or(plan.ring_bytes);
    plan.protocols = settings.protocols.as_deref().map_or(plan.protocols, Protocol::bits);
    let node = options.kubernetes.kubernetes.then(|| node(&options.kubernetes));
    let rule = Rule { units: options.units, agent: own_cgroup(), pod_uid: options.kubernetes.pod_uid.clone() };
    let place = SocketPath::take(&options.socket)?;
    let pins = if options.no_pins { None } else { Some(Pins::take(&options.place.pins)?) };
    let mut policy = options.crash.policy();
    policy.when = settings.when.unwrap_or(policy.when);
    policy.on_child = settings.on_child.unwrap_or(policy.on_child);
    let keeper = Keeper::new(&policy)?;
    let config = host.config(plan, Scope::Rule(rule), options.payload, Some(redactor));
    let (pods, peers) = node.as_ref().map(|node| (Arc::clone(&node.pods), Arc::clone(&node.peers))).unzip();
    let host_name = node.as_ref().map_or_else(host_name, |node| node.cluster.node().to_owned());
    let config = Config { pods, peers, host_name, ..config };
    let recorder = match pins {
        Some(pins) => adoption::begin(config, pins, &keeper)?,
        None => Recorder::start(config)?,
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).max_blocking_threads(4).enable_all().build()?;
    let wanted = pipeline::Wanted {
        event_logs: options.event_log.clone(),
        node,
        listen: options.kubernetes.listen,
        upload: options.crash.crash_upload.clone().map(|url| (url, options.crash.cluster_name.clone())),
        settings: watched,
        spill: options.crash.policy().dir.join("export"),
        host: Roots::of(Path::new("/proc"), options.host_root.as_deref()),
        typed: Typed { when: options.crash.crash_when, on_child: options.crash.crash_on_child, redact: typed },
    };
    runtime.block_on(pipeline::run(recorder, keeper, place, wanted))?;
    if !options.no_pins {
        tracing::info!(pins = %options.place.pins.display(), "recording goes on without the agent; `rewind-agent unload` ends it");
    }
    Ok(ExitCode::SUCCESS)
}

/// `rewind-agent health`.
///
/// # Errors
/// If no agent answers.
pub(crate) fn health(options: &cli::Health) -> anyhow::Result<ExitCode> {
    let told = health::check(&options.socket)?;
    let mut out = io::stdout();
    for line in rewind_recording::api::counter::in_words(&told.counts) {
        writeln!(out, "{line}")?;
    }
    for (signal, state) in told.export.unwrap_or_default() {
        writeln!(out, "{signal} {}", visible(&state.words(clock::unix_s())))?;
    }
    for sentence in told.refused {
        writeln!(out, "not understood: {}", visible(&sentence))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `rewind-agent unload`.
///
/// # Errors
/// If an agent is there, or something cannot be removed.
pub(crate) fn unload(options: &cli::Unload) -> anyhow::Result<ExitCode> {
    let path = &options.place.pins;
    let mut out = io::stdout();
    if pins::is_there(path) {
        let count = Pins::take(path)?.unload()?;
        writeln!(out, "took {count} programs and maps out of the kernel, and removed {}", path.display())?;
    } else {
        writeln!(out, "there is nothing at {}", path.display())?;
    }
    if options.stay {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(pipeline::told_to_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `rewind-agent record`.
///
/// # Errors
/// Whatever keeps it from recording, running or printing, in one sentence.
pub(crate) fn record(options: &cli::Record) -> anyhow::Result<ExitCode> {
    let redactor = Redactor::new(&options.redaction.patterns())?;
    let host = Host::suited()?;
    let sink = Sink::open(options)?;
    let cgroup = Cgroup::new(&host.mount, &format!("record-{}", std::process::id()))?;
    let memory = cli::MemoryOptions {
        ring: RECORD_RING,
        payload_bytes: payload_bytes(options),
        protocols: Protocol::ALL.to_vec(),
    };
    let scope = Scope::Only(cgroup.path.clone());
    let config = host.config(
        plan(RECORD_BUDGET_BYTES, &memory),
        scope,
        !options.no_payload,
        (!options.no_redact).then_some(redactor),
    );
    let recorder = Recorder::start(config)?;
    // Whoever presses Ctrl-C means the command, which gets it too; its recording is still wanted.
    let _ignored = ignore_interrupts()?;
    let recorded = record::run(&recorder, &cgroup, &options.command)?;
    drop(recorder);
    sink.take(&recorded, options)?;
    Ok(as_command(recorded.status))
}

/// `rewind-agent doctor`.
///
/// # Errors
/// If the report cannot be printed.
pub(crate) fn doctor(options: &cli::Doctor) -> anyhow::Result<ExitCode> {
    let facts = Facts::gather();
    let mut report = Report { findings: rules::findings(&facts), ..Report::default() };
    if !options.quick && refusal(&facts).is_none() {
        let host = Host::suited()?;
        let memory = cli::MemoryOptions { ring: RECORD_RING, payload_bytes: 256, protocols: Protocol::ALL.to_vec() };
        // Nobody sees what it records.
        let config = host.config(plan(RECORD_BUDGET_BYTES, &memory), Scope::Only("/none".to_owned()), false, None);
        match Recorder::start(config.clone()) {
            Ok(recorder) => report.programs = programs(&recorder),
            Err(error) => {
                let load = Load::Refused { why: error.to_string() };
                report.programs.push(Program { name: "recorder".to_owned(), load });
            }
        }
        if report.can_record() {
            match measure::cost(&config, &host.mount) {
                Ok(cost) => report.cost = Some(cost),
                Err(error) => eprintln!("rewind-agent: what recording costs here cannot be measured: {error}"),
            }
        }
    }
    io::stdout().write_all(report.render().as_bytes())?;
    Ok(if report.can_record() { ExitCode::SUCCESS } else { ExitCode::from(CANNOT) })
}

/// The hidden verb behind `doctor`'s figures.
///
/// # Errors
/// None but those of standard output.
pub(crate) fn workload() -> anyhow::Result<ExitCode> {
    writeln!(io::stdout(), "{}", measure::workload())?;
    Ok(ExitCode::SUCCESS)
}

/// Ring and budget of a single command: it is emptied as it fills, so this bounds a burst, not a run.
const RECORD_RING: bytesize::ByteSize = bytesize::ByteSize::mib(8);
const RECORD_BUDGET_BYTES: u64 = 12 << 20;

fn plan(budget_bytes: u64, memory: &cli::MemoryOptions) -> Plan {
    Plan {
        budget_bytes,
        ring_bytes: memory.ring.as_u64(),
        payload_bytes: memory.payload_bytes,
        protocols: Protocol::bits(&memory.protocols),
    }
}

/// A host that can record.
struct Host {
    mount: PathBuf,
    given_up: Vec<String>,
}

impl Host {
    fn suited() -> anyhow::Result<Self> {
        let facts = Facts::gather();
        if let Some(refusal) = refusal(&facts) {
            return Err(refusal.into());
        }
        let given_up = rules::given_up(&rules::findings(&facts));
        match facts.cgroups {
            Fact::Known(Layout::V2 { mount, .. }) => Ok(Self { mount, given_up }),
            _ => anyhow::bail!("cannot find where cgroup v2 is mounted; mount it at /sys/fs/cgroup"),
        }
    }

    fn config(&self, plan: Plan, scope: Scope, payload: bool, redactor: Option<Redactor>) -> Config {
        let (cgroup_mount, given_up) = (self.mount.clone(), self.given_up.clone());
        Config {
            plan,
            cgroup_mount,
            scope,
            payload,
            redactor,
            given_up,
            host_name: host_name(),
            pods: None,
            peers: None,
        }
    }
}

/// This host as a node of a cluster: the kubelet, too, calls it as the host calls itself if nothing else is said.
fn node(options: &cli::Kubernetes) -> pipeline::Node {
    let name = options.node_name.clone().unwrap_or_else(|| host_name().to_lowercase());
    let cluster = Arc::new(Cluster::of_node(name));
    pipeline::Node { cluster, pods: Arc::default(), peers: Arc::default(), workloads: Arc::default() }
}

/// What this host calls itself.
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// This process' cgroup in the unified hierarchy.
fn own_cgroup() -> Option<String> {
    let cgroups = procfs::process::Process::myself().and_then(|process| process.cgroups()).ok()?;
    cgroups.0.into_iter().find(|cgroup| cgroup.hierarchy == 0).map(|cgroup| cgroup.pathname)
}

/// Keeps SIGINT and SIGQUIT from this process as long as it lives.
fn ignore_interrupts() -> anyhow::Result<tokio::runtime::Runtime> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let guard = runtime.enter();
    // Having a handler is what matters: nobody listens to it.
    let _interrupt = signal(SignalKind::interrupt())?;
    let _quit = signal(SignalKind::quit())?;
    drop(guard);
    Ok(runtime)
}

/// Where a recording goes. It is opened before the command runs, so that nothing is run in vain.
enum Sink {
    Print(Format, Box<dyn Write>),
    Save(Box<Saving>),
}

impl Sink {
    fn open(options: &cli::Record) -> anyhow::Result<Self> {
        let cannot = |path: &Path, error: io::Error| anyhow!("cannot write {}: {error}", path.display());
        Ok(match (options.output_format.format(), &options.output) {
            (Some(format), Some(path)) => {
                let file = File::create(path).map_err(|error| cannot(path, error))?;
                Self::Print(format, Box::new(BufWriter::new(file)))
            }
            (Some(format), None) => Self::Print(format, Box::new(BufWriter::new(io::stderr()))),
            (None, Some(path)) => Self::Save(Box::new(Saving::start(path).map_err(|error| cannot(path, error))?)),
            (None, None) => anyhow::bail!("-o file needs --output FILE"),
        })
    }

    fn take(self, recorded: &Recorded, options: &cli::Record) -> anyhow::Result<()> {
        match self {
            Self::Print(format, mut out) => print(recorded, format, options, &mut out)
                .map_err(|error| anyhow!("cannot print the recording: {error}"))?,
            Self::Save(saving) => {
                let saved = saving.finish(&recorded.header, &recorded.records);
                saved.map_err(|error| anyhow!("cannot save the recording: {error}"))?;
            }
        }
        if recorded.missed > 0 || !recorded.header.losses.is_empty() {
            eprintln!(
                "rewind-agent: the recording is not complete: {} records were overwritten before they could be read; losses: {:?}",
                recorded.missed, recorded.header.losses
            );
        }
        Ok(())
    }
}

/// As many payload bytes as are to be shown, and a reasonable number at least.
fn payload_bytes(options: &cli::Record) -> u32 {
    u32::try_from(options.string_limit).unwrap_or(u32::MAX).clamp(256, 1024)
}

fn print(recorded: &Recorded, format: Format, options: &cli::Record, out: &mut dyn Write) -> io::Result<()> {
    let shown = Options {
        format,
        timestamps: match options.timestamps {
            0 => Timestamps::None,
            1 => Timestamps::Seconds,
            2 => Timestamps::Micros,
            _ => Timestamps::Unix,
        },
        durations: options.durations,
        descriptors: options.descriptors,
        string_bytes: options.string_limit,
        zone: TimeZone::system(),
        ..Options::default()
    };
    render::write(out, &recorded.header, &recorded.records, &shown)?;
    out.flush()
}

/// Exits as the command did.
fn as_command(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
