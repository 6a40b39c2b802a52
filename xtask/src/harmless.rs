//! `cargo xtask harmless`: runs the common runtimes in good health, and writes what fails in them all the same into a
//! table that is compiled into `rewind-diagnosis`.
//!
//! Each runs several times, in a container beside an agent. What fails in each run is taken, by the rules that the agent
//! itself learns by, but for what is the container's own.

mod programs;

use crate::{build, setup};
use anyhow::{Context as _, Result, bail, ensure};
use programs::{PROGRAMS, Program};
use rewind_diagnosis::builtin::{COLUMNS, Row};
use rewind_diagnosis::healthy::{self, Failed, HealthyRun};
use rewind_recording::file;
use rewind_recording::stream::Recording;
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::programs as installed;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const TABLE: &str = "diagnosis/src/builtin.tsv";
/// Runs of each.
const RUNS: usize = 3;
const SOON: Duration = Duration::from_secs(20);

/// Where a path of a runtime's own can be; others are the container's.
const OWN: [&str; 7] = ["/usr/", "/etc/", "/lib", "/proc/", "/sys/", "/dev/", "/run/"];

/// What to run.
#[derive(clap::Args)]
pub(crate) struct Harmless {
    /// Where the agent and the plugin are, built; they are built where it is left out.
    #[arg(long)]
    built: Option<std::path::PathBuf>,
}

impl Harmless {
    pub(crate) fn run(self) -> Result<()> {
        if !rustix::process::geteuid().is_root() {
            bail!("this loads BPF programs and runs containers: run it as root");
        }
        let built = match self.built {
            Some(built) => built,
            None => {
                setup::for_build()?;
                build::all(false)?
            }
        };
        installed::set_bin_dir(&built);
        let agent = Agent::start()?;
        let mut rows = BTreeMap::new();
        for program in PROGRAMS {
            let found = installed::find(program.program).and_then(|path| fs::canonicalize(path).ok());
            let Some(path) = found else {
                println!("{}: not installed, left out", program.program);
                continue;
            };
            let version = version(&path, program)?;
            let failed = match failed(&agent, &path, program) {
                Ok(failed) => failed,
                Err(error) => {
                    println!("{} ({version}) is left out: {error:#}", program.program);
                    continue;
                }
            };
            println!("{} ({version}): {} failures in each healthy run", program.program, failed.len());
            // What was compiled here has a name that anything may have.
            for failed in failed.into_iter().filter(|failed| failed.program != programs::COMPILED) {
                // Of several that run one, the first tells.
                let Failed { program, call, errno, subject } = failed;
                rows.entry(Row::of(&program, &call, errno, &subject)).or_insert_with(|| version.clone());
            }
        }
        agent.stop()?;
        let mut table = format!("# Made by `cargo xtask harmless`: {}\n", COLUMNS.join("\t"));
        for (Row { program, call, errno, subject }, version) in rows {
            table += &format!("{program}\t{call}\t{errno}\t{subject}\t{version}\n");
        }
        fs::write(TABLE, table).with_context(|| format!("cannot write {TABLE}"))
    }
}

/// The first line of what a program says that it is.
fn version(path: &Path, program: &Program) -> Result<String> {
    let said = installed::run(Command::new(path).args(program.version))?;
    let text = if said.stdout.trim().is_empty() { said.stderr } else { said.stdout };
    let first = text.lines().find(|line| line.chars().any(|c| c.is_ascii_digit())).unwrap_or_default();
    Ok(first.trim().replace('\t', " ").chars().take(60).collect())
}

/// What fails in each run of a program.
fn failed(agent: &Agent, path: &Path, program: &Program) -> Result<BTreeSet<Failed>> {
    let mut in_each: Option<BTreeSet<Failed>> = None;
    for _ in 0..RUNS {
        let args = [&[path.to_str().context("no text")?], program.args].concat();
        let container = Container::new("rewind-harmless", &Spec::new(args))?;
        // As runtimes do.
        let etc = container.bundle().join("rootfs/etc");
        fs::write(etc.join("hosts"), "127.0.0.1 localhost\n")?;
        fs::write(etc.join("resolv.conf"), "nameserver 127.0.0.1\n")?;
        let said = container.run()?;
        ensure!(said.code == 0, "it is not in good health: {said:?}");
        let run = recorded(agent, container.id())?;
        let failed: BTreeSet<_> = run.failures.into_keys().filter(|failed| is_own(&failed.subject)).collect();
        in_each = Some(match in_each {
            Some(before) => before.intersection(&failed).cloned().collect(),
            None => failed,
        });
    }
    Ok(in_each.unwrap_or_default())
}

fn is_own(subject: &str) -> bool {
    subject.is_empty() || OWN.iter().any(|dir| subject.starts_with(dir))
}

/// What failed in a run, once its end is known.
fn recorded(agent: &Agent, id: &str) -> Result<HealthyRun> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("run.rewind");
    let name = path.to_str().context("no text")?;
    eventually("its end", SOON, || {
        agent.ask(&["save", id, "--output", name]).ok()?.success().ok()?;
        let Recording { header, records, .. } = file::open(&path).ok()?;
        healthy::ended_well(&header, &records)
    })
}
