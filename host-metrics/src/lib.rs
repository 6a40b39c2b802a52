//! How a host is doing: figures from its `/proc` and `/sys`, and the same as OpenTelemetry metrics.
//!
//! ```text
//! /proc, /sys, statvfs -> figures -> metrics -> an exporter of the caller's
//! ```
//!
//! # What always holds
//!
//! * Names, units and attributes are those of the Collector's `hostmetrics` receiver (contrib 0.155), which dashboards
//!   read today; where it is known to be wrong, the file of the family says so, and this is right. What it has no name
//!   for begins with `rewind.host.`.
//! * What cannot be read is left out and told ([`Unread`]): a zero is one that was read.
//! * No text of a file makes this panic, and a line that is not understood costs that line. Crate `procfs` reads what it
//!   reads line by line; its parsers of whole files refuse all of it for one odd line, and some panic.
//! * Counters are cumulative since the host's start; one that goes back begins anew ([`rewind_otlp::metric::series`]).
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`roots`] | where the host's files are |
//! | [`reading`] | files as text, and what could not be read |
//! | [`text`] | texts of the kernel's, in parts |
//! | [`identity`] | which host it is |
//! | [`stat`] | `/proc/stat`, which several have figures in |
//! | [`cpu`] | time, utilization and frequency of each logical CPU |
//! | [`load`] | load averages, uptime |
//! | [`memory`] | memory |
//! | [`paging`] | swap, and faults |
//! | [`disks`] | block devices |
//! | [`filesystems`] | mounted filesystems |
//! | [`network`] | network interfaces |
//! | [`connections`] | TCP connections by state |
//! | [`processes`] | processes by status |
//! | [`pressure`] | pressure stall information |
//! | [`host`] | all of it |
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod connections;
pub mod cpu;
pub mod disks;
pub mod filesystems;
pub mod host;
pub mod identity;
pub mod load;
pub mod memory;
pub mod network;
pub mod paging;
pub mod pressure;
pub mod processes;
pub mod reading;
pub mod roots;
pub mod stat;
#[cfg(test)]
mod tests;
pub mod text;

pub use filesystems::Filesystems;
pub use host::{Figures, Host};
pub use identity::Identity;
pub use reading::Unread;
pub use roots::Roots;
