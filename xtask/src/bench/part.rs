//! What can be measured.

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    Getppid,
    Openat,
    Connection,
    Nginx,
    Redis,
    Decode,
    /// `rewind why` of a full ring.
    Why,
    Daemon,
    Adoption,
    Crash,
    Feed,
    Export,
    Metrics,
    /// Ten minutes of short connections. Only if it is named.
    Soak,
    /// On a cluster that is up: memory, CPU, reading, Events, watches. Only if it is named.
    Cluster,
    /// As above: the names of 300 pods that come and go.
    Churn,
}

/// What is measured on a cluster, and only there.
pub(super) const ON_CLUSTER: [Part; 2] = [Part::Cluster, Part::Churn];
