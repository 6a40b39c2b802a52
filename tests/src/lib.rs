//! The harness of the tests that need a kernel or a container; `cargo xtask demo` uses it too.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it knows |
//! |---|---|
//! | [`eventually`] | bounded waiting |
//! | [`readme`] | the commands that the README shows |
//! | [`strace`] | reading strace's format and comparing two traces of one program |
//! | [`programs`] | where our binaries and other people's programs are; running one to its end |
//! | [`bpf`] | what a recorder has pinned, as the kernel tells it |
//! | [`cgroup`] | a cgroup of the test's own |
//! | [`cluster`] | a real cluster, and asking it as people do |
//! | [`workload`] | compiling `workloads/*.c`, one behaviour each |
//! | [`resolved`] | systemd-resolved, which is not installed |
//! | [`store`] | an S3 server of the test's own |
//! | [`collector`] | an OpenTelemetry Collector of the test's own |
//! | [`prometheus`] | a Prometheus of the test's own |
//! | [`dashboards`] | what dashboards and rules ask Prometheus |
//! | [`points`] | data points of metrics, as a Collector keeps them |
//! | [`jaeger`] | a Jaeger of the test's own |
//! | [`mcp`] | a client of the Model Context Protocol that is not ours |
//! | [`terminal`] | a terminal for a command that wants one |
//! | [`perfetto`] | traces for Perfetto, as its published schema reads them |
//! | [`agent`] | a recorder of the test's own |
//! | [`suite`] | what a test needs; a missing need is a declared, counted skip |
//! | [`dump`] | what `rewind list` and `rewind dump -o json` say |
//! | [`counting`] | a program that numbers its own calls |
//! | [`bundle`], [`container`] | real runc containers |
//! | [`told`] | what `why` says of a container that is gone |
//!
//! Every guard ends what it started, by pid or by id, and nothing else.
#![forbid(unsafe_code)]

pub mod agent;
#[cfg(feature = "bpf")]
pub mod bpf;
pub mod bundle;
pub mod cgroup;
pub mod cluster;
pub mod collector;
pub mod container;
pub mod counting;
pub mod dashboards;
pub mod dump;
pub mod eventually;
pub mod jaeger;
pub mod mcp;
pub mod perfetto;
pub mod points;
pub mod programs;
pub mod prometheus;
pub mod readme;
pub mod resolved;
pub mod store;
pub mod strace;
pub mod suite;
pub mod terminal;
pub mod told;
pub mod workload;
