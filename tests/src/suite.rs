//! Tests that say what they need. Where a need is missing the test is skipped, and says so.
//!
//! libtest knows no skip at run time: a test that returns early counts as passed. `libtest-mimic`
//! prints the same lines and does know; its `ignored` are our skips.

use crate::cluster::place::Place;
use crate::{agent, programs, store};
use anyhow::Result;
use libtest_mimic::{Arguments, Trial};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// Something that a test cannot do without.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// User 0.
    Root,
    /// The rights and the kernel to load BPF programs, and a cgroup2 mount.
    Bpf,
    /// A program of somebody else's.
    Program(&'static str),
    /// A binary of ours. Where `cargo xtask test` says that they are built, a missing one fails.
    Ours(&'static str),
    /// A file of the system's.
    File(&'static str),
    /// A compiler that makes static programs.
    StaticC,
    /// A cluster that is up.
    Cluster,
    /// An S3 server.
    Store,
}

const CAP_SYS_ADMIN: u64 = 1 << 21;
const CAP_BPF: u64 = 1 << 39;

impl Need {
    /// Why the need is not met, if it is not.
    #[must_use]
    pub fn missing(self) -> Option<String> {
        match self {
            Self::Root => (!rustix::process::geteuid().is_root()).then(|| "needs root".to_owned()),
            Self::Bpf => bpf_is_missing(),
            Self::Program(name) => programs::find(name).is_none().then(|| format!("{name} is not installed")),
            Self::Ours(name) => {
                let built = std::env::var_os(programs::BIN_DIR).is_some() || programs::ours(name).is_file();
                (!built).then(|| format!("{name} is not built: run `cargo xtask build`"))
            }
            Self::File(path) => (!Path::new(path).exists()).then(|| format!("{path} is not installed")),
            Self::StaticC => {
                let libc =
                    ["/usr/lib/x86_64-linux-gnu/libc.a", "/usr/lib/aarch64-linux-gnu/libc.a", "/usr/lib64/libc.a"];
                let there = programs::find("gcc").is_some() && libc.iter().any(|file| Path::new(file).exists());
                (!there).then(|| "gcc or the static libc is not installed".to_owned())
            }
            Self::Store => store::program().is_none().then(|| format!("{} is not installed", store::PROGRAM.0)),
            Self::Cluster => {
                let up = Place::of_machine().is_ok_and(|place| place.kubectl().is_ok());
                (!up).then(|| "no cluster is up: run `cargo xtask cluster up`".to_owned())
            }
        }
    }
}

fn bpf_is_missing() -> Option<String> {
    if !Path::new("/sys/kernel/btf/vmlinux").exists() {
        return Some("this kernel has no BTF (/sys/kernel/btf/vmlinux)".to_owned());
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let held = status.lines().find_map(|line| line.strip_prefix("CapEff:")).map(str::trim);
    let held = held.and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0);
    if held & (CAP_BPF | CAP_SYS_ADMIN) == 0 {
        return Some("needs CAP_BPF".to_owned());
    }
    crate::cgroup::root().is_none().then(|| "no cgroup2 is mounted".to_owned())
}

/// A list of tests.
#[derive(Default)]
pub struct Suite {
    trials: Vec<Trial>,
}

impl Suite {
    /// Adds a test. `name` is a sentence.
    #[must_use]
    pub fn test(
        mut self,
        name: &'static str,
        needs: &[Need],
        body: impl FnOnce() -> Result<()> + Send + 'static,
    ) -> Self {
        let reason = needs.iter().find_map(|need| need.missing());
        let skipped = reason.is_some();
        let trial = Trial::test(name, move || body().map_err(|error| format!("{error:#}").into()));
        if let Some(reason) = reason {
            println!("SKIP {name}: {reason}");
        }
        self.trials.push(trial.with_ignored_flag(skipped));
        self
    }

    /// Runs the tests that the command line asks for, one after the other: they share one kernel.
    #[must_use]
    pub fn run(self) -> ExitCode {
        self.run_at_a_time(1)
    }

    /// The same, as many at a time.
    #[must_use]
    pub fn run_at_a_time(self, most: usize) -> ExitCode {
        let mut arguments = Arguments::from_args();
        arguments.test_threads = Some(most);
        if let Err(error) = agent::sweep() {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
        libtest_mimic::run(&arguments, self.trials).exit_code()
    }
}
