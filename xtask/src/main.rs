//! The developer's verbs, one file each.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`command`] | runs things |
//! | [`packages`], [`tools`] | what comes from the distribution, and from crates.io |
//! | [`go`] | what is built from Go modules |
//! | [`toolchain`] | finds the compiler for the kernel side |
//! | [`setup`] | a verb: installs what is missing |
//! | [`build_ebpf`] | a verb: compiles the kernel side |
//! | [`mod@build`] | a verb: compiles everything |
//! | [`debug`] | a verb: runs the recorder with what its kernel side complains of in its log |
//! | [`cluster`] | a verb: a real cluster, up and down |
//! | [`collector`] | the OpenTelemetry Collector that tests send to |
//! | [`demo`] | a verb: records a container that crashes, and shows its last calls after its death |
//! | [`harmless`] | a verb: what fails in healthy runs of the common runtimes, as a table |
//! | [`jaeger`] | the trace store that tests ask |
//! | [`resolved`] | systemd-resolved, which tests ask |
//! | [`prometheus`] | Prometheus, which reads and checks metrics, rules and queries |
//! | [`python`] | programs of Python for tests |
//! | [`mcp`] | a client of the Model Context Protocol, for a test |
//! | [`perfetto`] | the schema that traces for Perfetto are held against |
//! | [`vm`] | a verb: loads and records on other kernels |
//! | [`image`] | a verb: the agent as an OCI image |
//! | [`tally`] | adds up what test programs say |
//! | [`mod@fuzz`] | the part of `test` that fuzzes |
//! | [`corpus`] | a verb: what `why` says of programs that go wrong |
//! | [`mod@test`] | a verb: runs every test that this machine can run |
//! | [`traces`] | a verb: asks a trace store for what the agent has sent to it |
//! | [`mod@bench`] | a verb: what recording costs, beside what else there is |
//! | [`manifests`] | a verb: what is made of `manifests/base` |
//! | [`lint`] | a verb: structure, format, lints, documentation, licences |
#![forbid(unsafe_code)]

mod bench;
mod build;
mod build_ebpf;
mod cluster;
mod collector;
mod command;
mod corpus;
mod debug;
mod demo;
mod fuzz;
mod go;
mod harmless;
mod image;
mod jaeger;
mod lint;
mod manifests;
mod mcp;
mod packages;
mod perfetto;
mod prometheus;
mod python;
mod resolved;
mod setup;
mod tally;
mod test;
mod toolchain;
mod tools;
mod traces;
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
    Demo {
        /// Show instead what an OpenTelemetry Collector gets of three containers: spans, log records and metrics.
        #[arg(long)]
        telemetry: bool,
    },
    /// Run the common runtimes in good health, and write what fails in them all the same into a table.
    Harmless(harmless::Harmless),
    /// Run the recorder with what its kernel side complains of in its log.
    Debug(debug::Debug),
    /// Bring a real cluster up on this machine, or take it down.
    Cluster(cluster::Cluster),
    /// Run every test that this machine can run.
    Test(test::Test),
    /// Run programs that go wrong in real containers, and show what `why` says of them: right, none or wrong, by class.
    Corpus(corpus::Corpus),
    /// Ask a trace store, which takes ten minutes to build, for what the agent has sent to it.
    Traces,
    /// Measure what recording costs, beside a floor, strace and perf trace.
    Bench(bench::Bench),
    /// Load and record on other kernels, in QEMU.
    Vm(vm::Vm),
    /// Build the agent's OCI image, without Docker.
    Image(image::BuildImage),
    /// Make what is made of manifests/base: definitions, one file, the chart.
    Manifests(manifests::Manifests),
    /// Check structure, format, lints, documentation, licences and manifests.
    Lint(lint::Lint),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Setup(setup) => setup.run(),
        Verb::BuildEbpf => build_ebpf::run().map(drop),
        Verb::Build(build) => build.run(),
        Verb::Demo { telemetry } => demo::run(telemetry),
        Verb::Harmless(harmless) => harmless.run(),
        Verb::Debug(debug) => debug.run(),
        Verb::Cluster(cluster) => cluster.run(),
        Verb::Test(test) => test.run(),
        Verb::Corpus(corpus) => corpus.run(),
        Verb::Traces => traces::run(),
        Verb::Bench(bench) => bench.run(),
        Verb::Vm(vm) => vm.run(),
        Verb::Image(image) => image.run(),
        Verb::Manifests(manifests) => manifests.run(),
        Verb::Lint(lint) => lint.run(),
    };
    outcome.map_or_else(|error| command::exit_code(&error), |()| ExitCode::SUCCESS)
}
