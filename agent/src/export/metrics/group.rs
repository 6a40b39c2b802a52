//! Which groups of metrics there are, and what is set of each.

use std::time::Duration;

/// A group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Group {
    /// The agent's own figures.
    Agent,
    /// How the host is doing.
    Host,
    /// How each container is doing.
    Containers,
    /// What containers do: connections, requests, lookups, signals.
    Traffic,
    /// Pods and nodes as Kubernetes has them, and what it is asked to run.
    Workloads,
}

/// How many there are.
const GROUPS: usize = 5;

impl Group {
    /// Those that are set in the file of settings, by the name of their section.
    pub(crate) const SET: [(Self, &str); GROUPS - 1] = [
        (Self::Host, "hostMetrics"),
        (Self::Containers, "containerMetrics"),
        (Self::Traffic, "trafficMetrics"),
        (Self::Workloads, "workloadMetrics"),
    ];
}

/// Whether and how often a group is read, wherever metrics go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Whether it is at all.
    pub is_on: bool,
    /// How often.
    pub interval: Duration,
}

/// The settings of all groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Groups([Setting; GROUPS]);

impl Default for Groups {
    fn default() -> Self {
        let mut groups = Self([Setting { is_on: true, interval: Duration::from_secs(15) }; GROUPS]);
        groups.set(Group::Agent, Setting { is_on: true, interval: Duration::from_secs(60) });
        groups
    }
}

impl Groups {
    /// That of one.
    pub(crate) const fn of(&self, group: Group) -> Setting {
        let Self([agent, host, containers, traffic, workloads]) = *self;
        match group {
            Group::Agent => agent,
            Group::Host => host,
            Group::Containers => containers,
            Group::Traffic => traffic,
            Group::Workloads => workloads,
        }
    }

    /// Sets that of one.
    pub(crate) const fn set(&mut self, group: Group, setting: Setting) {
        let Self([agent, host, containers, traffic, workloads]) = self;
        *match group {
            Group::Agent => agent,
            Group::Host => host,
            Group::Containers => containers,
            Group::Traffic => traffic,
            Group::Workloads => workloads,
        } = setting;
    }
}
