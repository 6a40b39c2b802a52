//! `cargo xtask bench`: what recording costs, beside what else there is.
//!
//! Every round visits every setting once (the slowest ones only at first), in an order that moves on by
//! one from round to round, so that what drifts drifts for all. Ratios are made of the figures of one round; the table has their
//! medians. It is a benchmark, never a test: a missed goal is shown, not a failure.

mod adoption;
mod calls;
mod cluster;
mod connections;
mod crash;
mod daemon;
mod export;
mod feed;
mod figures;
mod held;
mod interrupt;
mod metrics;
mod part;
mod place;
mod servers;
mod setting;
mod soak;
mod table;

use crate::{build, build_ebpf, collector, command, setup};
use anyhow::{Result, bail};
use calls::Calls;
use clap::Args;
use figures::{Figures, Load, Series};
use held::FullRing;
use part::{ON_CLUSTER, Part};
use place::Playground;
use rewind_tests::programs::BIN_DIR;
use rewind_tests::{agent, programs};
use setting::{Attached, Setting};
use std::path::{Path, PathBuf};
use std::time::Duration;
use table::{Goal, Table};

/// Calls of one visit.
const GETPPID: u64 = 2_000_000;
const OPENAT: u64 = 500_000;
const CONNECTION: u64 = 30_000;
/// Rounds that visit what costs so much that a few of them say it. The others need many short ones: a
/// machine that is shared is faster and slower by a tenth from one second to the next.
const SLOW_ROUNDS: usize = 3;
/// Headings of figures that stand alone.
const HELD: &str = "a full ring of nginx under load, and its way to the text of -o strace on one core";
const DAEMON: &str =
    "the daemon: resident memory (code, libraries, heap) but for its mapped rings; CPU, user and system";

const ADOPTION: &str = "an agent is killed: the next one takes up its programs and rings";
const EVENT: &str = "an event of a TCP connection, in the kernel";
const FEED: &str = "250 containers, in each of which 16 calls fail each second";
const CRASH: &str = "the death of a container with a full ring of nginx under load, and its crash file";

/// What to measure, and for how long.
#[derive(Args)]
pub(crate) struct Bench {
    /// Rounds; medians are over these.
    #[arg(long, value_name = "N", default_value_t = 11, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// One short round: figures that say little.
    #[arg(long)]
    quick: bool,
    /// Only these.
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    only: Vec<Part>,
}

impl Bench {
    pub(crate) fn run(&self) -> Result<()> {
        if !rustix::process::geteuid().is_root() {
            bail!("the benchmark loads BPF programs and makes cgroups: run it as root");
        }
        if self.only.iter().any(|part| ON_CLUSTER.contains(part)) {
            return self.on_cluster();
        }
        setup::for_build()?;
        let collector =
            if self.wants(Part::Export) || self.wants(Part::Metrics) { Some(collector::program()?) } else { None };
        let no_perf = setup::for_bench()?;
        let floor = build_ebpf::run()?.with_file_name("floor");
        let built = build::all(true)?;
        let decoder = self.example(Part::Decode, &built, "rewind-recording", "decode_speed")?;
        programs::set_bin_dir(&built);

        agent::sweep()?;
        interrupt::listen()?;
        let place = Playground::new()?;
        let refused = no_perf.map(|why| (Setting::PerfTrace, why)).into_iter().collect();
        let mut run = Run { bench: self, place: &place, floor, decoder, collector, refused, failed: Vec::new() };
        let (mut figures, mut table) = (Figures::default(), Table::default());
        let ended = run.compare(&mut figures);
        for load in self.loads() {
            table.load(&figures, load, &run.refused);
        }
        let ended = ended.and_then(|()| run.alone(&mut table));
        println!("{}; rounds: {}\n\n{}", machine(), self.rounds(), table.render());
        ended?;
        for error in &run.failed {
            eprintln!("bench: not measured: {error}");
        }
        if run.failed.is_empty() { Ok(()) } else { bail!("{} measurements failed", run.failed.len()) }
    }

    /// What runs in a cluster is measured with nothing else beside it.
    fn on_cluster(&self) -> Result<()> {
        if !self.only.iter().all(|part| ON_CLUSTER.contains(part)) {
            bail!("what is measured on a cluster is measured alone");
        }
        // Who names a directory of programs has built them.
        if std::env::var_os(BIN_DIR).is_none() {
            programs::set_bin_dir(&build::all(true)?);
        }
        interrupt::listen()?;
        let mut table = Table::default();
        let ended = cluster::run(&mut table, &self.only);
        println!("{}\n\n{}", machine(), table.render());
        ended
    }

    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn rounds(&self) -> u32 {
        if self.quick { 1 } else { self.rounds }
    }

    /// For how long a server is under load at a time.
    fn load_seconds(&self) -> u64 {
        if self.quick { 1 } else { 2 }
    }

    fn loads(&self) -> Vec<Load> {
        let loads = [
            (Part::Getppid, Load::Getppid),
            (Part::Openat, Load::Openat),
            (Part::Connection, Load::Connection),
            (Part::Nginx, Load::Nginx),
            (Part::Redis, Load::Redis),
        ];
        loads.into_iter().filter(|(part, _)| self.wants(*part)).map(|(_, load)| load).collect()
    }

    /// A program that is an example of a package, so it is built apart.
    fn example(&self, part: Part, built: &Path, package: &str, name: &str) -> Result<PathBuf> {
        if self.wants(part) {
            let mut cargo = command::cargo();
            cargo.args(["build", "--release", "--package", package, "--example", name]);
            command::run(build::with_object(&mut cargo, &build_ebpf::run()?))?;
        }
        Ok(built.join("examples").join(name))
    }
}

/// One run of the benchmark.
struct Run<'a> {
    bench: &'a Bench,
    place: &'a Playground,
    /// The empty programs.
    floor: PathBuf,
    /// The program that decodes.
    decoder: PathBuf,
    /// The Collector, where it is wanted.
    collector: Option<PathBuf>,
    /// Settings that this machine cannot have, and why.
    refused: Vec<(Setting, String)>,
    /// What went wrong, other than by Ctrl-C.
    failed: Vec<String>,
}

impl Run<'_> {
    /// All loads in all settings, round by round.
    fn compare(&mut self, figures: &mut Figures) -> Result<()> {
        let loads = self.bench.loads();
        if loads.is_empty() {
            return Ok(());
        }
        let calls = Calls::compile(self.place, self.bench.quick)?;
        for setting in Setting::ALL {
            let known = self.refused.iter().any(|(refused, _)| *refused == setting);
            if let Some(why) = (!known).then(|| setting.refusal(self.place)).flatten() {
                interrupt::check()?;
                self.refused.push((setting, why));
            }
        }
        let offered = |setting: &Setting| self.refused.iter().all(|(refused, _)| refused != setting);
        let settings: Vec<Setting> = Setting::ALL.into_iter().filter(offered).collect();
        for round in 0..self.bench.rounds() as usize {
            let order = settings.iter().cycle().skip(round % settings.len()).take(settings.len());
            for setting in order.filter(|setting| !setting.is_slow() || round < SLOW_ROUNDS) {
                match self.visit(*setting, &loads, &calls) {
                    Ok(values) => {
                        self.progress(round, setting.name(), &values);
                        values.into_iter().for_each(|(load, value)| figures.add(load, *setting, round, value));
                    }
                    Err(error) => self.fail(setting.name(), &error)?,
                }
            }
        }
        Ok(())
    }

    /// All loads in one setting, once.
    fn visit(&mut self, setting: Setting, loads: &[Load], calls: &Calls) -> Result<Vec<(Load, f64)>> {
        let mut attached = Attached::new(setting, self.place, &self.floor)?;
        let mut values = Vec::new();
        for load in loads {
            match self.once(*load, setting, calls) {
                Ok(value) => values.push((*load, value)),
                Err(error) => self.fail(&format!("{}, {}", load.name(), setting.name()), &error)?,
            }
        }
        attached.check(setting, self.place)?;
        Ok(values)
    }

    fn once(&self, load: Load, setting: Setting, calls: &Calls) -> Result<f64> {
        let place = self.place;
        match load {
            Load::Getppid => calls.measure(place, setting, "getppid", GETPPID),
            Load::Openat => calls.measure(place, setting, "openat", OPENAT),
            Load::Connection => calls.measure(place, setting, "connection", CONNECTION),
            Load::Nginx => servers::nginx(place, setting)?.wrk(place, setting, self.bench.load_seconds()),
            Load::Redis => servers::redis(place, setting)?.redis_benchmark(place, setting, self.bench.quick),
        }
    }

    /// What is not compared with anything.
    fn alone(&mut self, table: &mut Table) -> Result<()> {
        if [Part::Nginx, Part::Decode, Part::Why].into_iter().any(|part| self.bench.wants(part)) {
            match held::measure(self.place, self.bench.load_seconds()) {
                Ok(held) => self.show_held(table, &held)?,
                Err(error) => self.fail("a full ring", &error)?,
            }
        }
        if self.bench.wants(Part::Daemon) {
            let seconds = if self.bench.quick { 2 } else { 10 };
            eprintln!("bench: the daemon at rest, {seconds} s");
            match daemon::at_rest(self.place, Duration::from_secs(seconds)) {
                Ok(rest) => {
                    let (memory, cpu) = (Series::new([rest.own_mebibytes]), Series::new([rest.cpu_percent]));
                    let at_rest = format!("with {} containers at rest", daemon::CONTAINERS);
                    table.alone(DAEMON, &format!("MiB, {at_rest}"), &memory, Goal::Below(40.0));
                    table.alone(DAEMON, &format!("% of a core, over {seconds} s"), &cpu, Goal::Below(1.0));
                }
                Err(error) => self.fail("the daemon at rest", &error)?,
            }
        }
        if self.bench.wants(Part::Connection) {
            eprintln!("bench: events of connections");
            let calls = Calls::compile(self.place, self.bench.quick)?;
            let rounds = (0..self.bench.rounds()).map(|_| connections::ns_an_event(self.place, &calls));
            match rounds.collect::<Result<Vec<_>>>() {
                Ok(ns) => table.alone(EVENT, "ns, by the kernel's count", &Series::new(ns), Goal::Below(1000.0)),
                Err(error) => self.fail("events of connections", &error)?,
            }
        }
        if self.bench.wants(Part::Adoption) {
            eprintln!("bench: a killed agent's successor");
            match adoption::measure(self.place, self.bench.rounds()) {
                Ok(seconds) => {
                    let what = format!("s until the next agent answers, {} rings taken up", daemon::CONTAINERS);
                    table.alone(ADOPTION, &what, &Series::new(seconds), Goal::Below(1.0));
                }
                Err(error) => self.fail("a killed agent's successor", &error)?,
            }
        }
        if self.bench.wants(Part::Crash) {
            let rounds = self.bench.rounds();
            eprintln!("bench: crash files, {rounds} times");
            let crashes = (0..rounds).map(|_| crash::measure(self.place, self.bench.load_seconds()));
            match crashes.collect::<Result<Vec<_>>>() {
                Ok(crashes) => {
                    let series = |of: fn(&crash::Crash) -> f64| Series::new(crashes.iter().map(of));
                    let goal = Goal::Below(100.0);
                    table.alone(CRASH, "ms, from its death to its crash file", &series(|c| c.written_ms), goal);
                    table.alone(
                        CRASH,
                        "bytes of the file, a byte of the ring",
                        &series(|c| c.size_ratio),
                        Goal::Below(0.2),
                    );
                    table.alone(CRASH, "ms, why --from that file", &series(|c| c.why_ms), Goal::Below(200.0));
                }
                Err(error) => self.fail("crash files", &error)?,
            }
        }
        if self.bench.wants(Part::Feed) {
            self.feed(table)?;
        }
        if let Some(collector) = self.collector.clone() {
            let quick = self.bench.quick;
            if self.bench.wants(Part::Export)
                && let Err(error) = export::show(self.place, &collector, if quick { 3 } else { 10 }, table)
            {
                self.fail("spans to a Collector", &error)?;
            }
            if self.bench.wants(Part::Metrics)
                && let Err(error) = metrics::show(self.place, &collector, quick, table)
            {
                self.fail("metrics", &error)?;
            }
        }
        if self.bench.only.contains(&Part::Soak) {
            self.soak(table)?;
        }
        Ok(())
    }

    fn soak(&mut self, table: &mut Table) -> Result<()> {
        let seconds = if self.bench.quick { 60 } else { 600 };
        let calls = Calls::compile(self.place, self.bench.quick)?;
        let measured = collector::program()
            .and_then(|collector| soak::show(self.place, &collector, &calls, Duration::from_secs(seconds), table));
        measured.or_else(|error| self.fail("ten minutes of short connections", &error))
    }

    fn feed(&mut self, table: &mut Table) -> Result<()> {
        let time = Duration::from_secs(if self.bench.quick { 3 } else { 10 });
        for storm in feed::Storm::ALL {
            for is_on in [false, true] {
                let what = format!("{}, the feed {}", storm.name(), if is_on { "on" } else { "off" });
                eprintln!("bench: {} containers, {what}, {} s", feed::CONTAINERS, time.as_secs());
                match feed::measure(self.place, storm, is_on, time) {
                    Ok(figures) => show_feed(table, &format!("{FEED}; {what}"), &figures, is_on),
                    Err(error) => self.fail(&format!("the feed, {what}"), &error)?,
                }
            }
        }
        Ok(())
    }

    fn show_held(&mut self, table: &mut Table, held: &FullRing) -> Result<()> {
        let calls = Series::new([held.calls_per_mebibyte]);
        table.alone(HELD, "calls a MiB", &calls, Goal::AtLeast(16_000.0));
        if self.bench.wants(Part::Decode) {
            eprintln!("bench: decoding");
            let passes = if self.bench.quick { 1 } else { 2 * self.bench.rounds() as usize };
            match held::decode(self.place, &self.decoder, &held.recording, passes) {
                Ok(passes) => {
                    let (series, goal) = (Series::new(passes), Goal::AtLeast(1_000_000.0));
                    table.alone(HELD, "records decoded a second", &series, goal);
                }
                Err(error) => self.fail("decoding", &error)?,
            }
        }
        if self.bench.wants(Part::Why) {
            eprintln!("bench: rewind why");
            match held::why(&held.recording, self.bench.rounds()) {
                Ok(ms) => table.alone(HELD, "ms of `rewind why` of it", &Series::new(ms), Goal::Below(200.0)),
                Err(error) => self.fail("rewind why", &error)?,
            }
        }
        if self.bench.wants(Part::Daemon) {
            let memory = Series::new([held.own_mebibytes]);
            table.alone(DAEMON, "MiB, after it sent that ring", &memory, Goal::Below(40.0));
        }
        Ok(())
    }

    fn progress(&self, round: usize, setting: &str, values: &[(Load, f64)]) {
        let shown = values.iter().map(|(load, value)| format!("{} {}", load.name(), table::number(*value)));
        let shown = shown.collect::<Vec<_>>().join(", ");
        eprintln!("bench: round {} of {}, {setting}: {shown}", round + 1, self.bench.rounds());
    }

    /// Goes on without what failed; not after Ctrl-C, which makes everything fail.
    fn fail(&mut self, what: &str, error: &anyhow::Error) -> Result<()> {
        interrupt::check()?;
        eprintln!("bench: {what}: {error:#}");
        self.failed.push(format!("{what}: {error:#}"));
        Ok(())
    }
}

fn show_feed(table: &mut Table, heading: &str, figures: &feed::Figures, is_on: bool) {
    let mut show = |what: &str, figure: f64, goal| table.alone(heading, what, &Series::new([figure]), goal);
    show("% of a core, the thread that reads rings", figures.feed_percent, Goal::Below(25.0));
    show("% of a core, all of the daemon", figures.daemon_percent, Goal::Below(100.0));
    if !is_on {
        return;
    }
    show("events a second", figures.events_a_second, Goal::AtLeast(0.0));
    show("ms until its subscriber has an event, the median", figures.lag_median_ms, Goal::Below(100.0));
    show("ms until its subscriber has an event, 99 of 100", figures.lag_p99_ms, Goal::Below(200.0));
    for (reason, missed) in &figures.missed {
        show(&format!("missed: {reason}"), *missed, Goal::AtMost(0.0));
    }
}

/// What it was measured on.
fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cpus} CPUs, Linux {}", kernel.trim())
}
