//! The developer's verbs, one file each.
//!
//! | verb | what it does |
//! |---|---|
//! | [`setup`] | installs what is missing |
//! | [`build_ebpf`] | compiles the kernel side |
//! | [`build`] | compiles everything |
//! | [`demo`] | records a container that crashes, and shows its last calls after its death |
//! | [`mod@test`] | runs every test that this machine can run |
//! | [`mod@bench`] | what recording costs, beside what else there is |
//! | [`vm`] | loads and records on other kernels |
//! | [`lint`] | structure, format, lints, documentation, licences |
//!
//! [`mod@fuzz`] and [`tally`] are parts of `test`. [`toolchain`] finds the compiler for the kernel side, [`packages`] and [`tools`] know what comes
//! from the distribution and from crates.io, [`command`] runs things.
#![forbid(unsafe_code)]

mod bench;
mod build;
mod build_ebpf;
mod command;
mod demo;
mod fuzz;
mod lint;
mod packages;
mod setup;
mod tally;
mod test;
mod toolchain;
mod tools;
mod vm;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Rewind's developer's verbs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what is missing to build, and say why.
    Setup(setup::Setup),
    /// Compile the kernel side.
    BuildEbpf,
    /// Compile everything.
    Build(build::Build),
    /// Record a container that crashes, and show its last calls after it is gone.
    Demo,
    /// Run every test that this machine can run.
    Test(test::Test),
    /// Measure what recording costs, beside a floor, strace and perf trace.
    Bench(bench::Bench),
    /// Load and record on other kernels, in QEMU.
    Vm(vm::Vm),
    /// Check structure, format, lints, documentation and licences.
    Lint(lint::Lint),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Setup(setup) => setup.run(),
        Verb::BuildEbpf => build_ebpf::run().map(drop),
        Verb::Build(build) => build.run(),
        Verb::Demo => demo::run(),
        Verb::Test(test) => test.run(),
        Verb::Bench(bench) => bench.run(),
        Verb::Vm(vm) => vm.run(),
        Verb::Lint(lint) => lint.run(),
    };
    outcome.map_or_else(|error| command::exit_code(&error), |()| ExitCode::SUCCESS)
}
