//! How a container or a pod is doing: figures from its cgroup, and the same as OpenTelemetry metrics.
//!
//! ```text
//! a cgroup's files -> figures -> metrics -> an exporter of the caller's
//! ```
//!
//! # What always holds
//!
//! * Names, units and instruments are those of the Collector's `kubeletstats` receiver (contrib 0.155), which dashboards
//!   read today, then those of the semantic conventions. What neither has a name for begins with `rewind.container.`, or
//!   `rewind.pod.` of a pod.
//! * Memory is reckoned as the kubelet does: the working set is what is used without inactive page cache.
//! * What the kernel does not tell is `None`, and what cannot be read is left out and told ([`Unread`]): a zero is one
//!   that was read. A cgroup may go away at any time: [`ReadError::Gone`].
//! * No text of a file makes this panic, and no path leads out of a hierarchy.
//! * Counters are cumulative since the container's start; one that goes back begins anew
//!   ([`rewind_otlp::metric::series`]).
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`hierarchies`] | where cgroups are mounted: v2, and v1's controllers |
//! | [`reading`] | the files of one cgroup, and what could not be read |
//! | [`subject`] | of what metrics are: a container, a pod |
//! | [`cpu`] | CPU time, throttling, limit and weight |
//! | [`memory`] | memory |
//! | [`disks`] | what was read from block devices and written to them |
//! | [`pids`] | threads |
//! | [`pressure`] | pressure stall information |
//! | [`figures`] | all of it |
//! | [`meter`] | the same as metrics, over time |
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cpu;
pub mod disks;
pub mod figures;
pub mod hierarchies;
pub mod memory;
pub mod meter;
pub mod pids;
pub mod pressure;
pub mod reading;
pub mod subject;
#[cfg(test)]
mod tests;

pub use figures::Figures;
pub use hierarchies::Hierarchies;
pub use meter::{Limits, Meter};
pub use reading::ReadError;
pub use rewind_host_metrics::Unread;
pub use subject::Subject;
