//! Who is meant by a cgroup that a record names: the sender of a signal, the process that brought an
//! OOM kill about. A record holds only the cgroup's id; the agent, which knows what runs on the host,
//! adds whose they are to the header, so that a saved file can still tell.

use crate::header::{Container, Header};
use crate::record::{Record, all};
use crate::render::short_id;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most cgroups that a header explains.
pub const MOST: usize = 256;

/// What is known of a cgroup that records name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Neighbour {
    /// Whose it is.
    #[serde(flatten)]
    pub container: Container,
    /// Its recording on the same host, if it has one.
    pub recording: Option<u64>,
}

/// The cgroups of others that a recording's header explains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    own: u64,
    known: BTreeMap<u64, Neighbour>,
}

/// Where a process is, as seen from the container that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'n> {
    /// In the same container.
    Own,
    /// In another one, or on the host.
    Known(&'n Neighbour),
    /// In a cgroup that was not known when the recording was read.
    Unknown(u64),
}

impl Neighbours {
    /// Those that a header explains.
    #[must_use]
    pub fn of(header: &Header) -> Self {
        Self { own: header.container.cgroup_id, known: header.neighbours.clone() }
    }

    /// Takes in what a later header explains.
    pub fn learn(&mut self, header: &Header) {
        self.known.extend(header.neighbours.iter().map(|(id, neighbour)| (*id, neighbour.clone())));
    }

    /// Where the processes of a cgroup are.
    #[must_use]
    pub fn place(&self, cgroup_id: u64) -> Place<'_> {
        if cgroup_id == self.own {
            return Place::Own;
        }
        match self.known.get(&cgroup_id) {
            Some(neighbour) if neighbour.container.cgroup_id == self.own && self.own != 0 => Place::Own,
            Some(neighbour) => Place::Known(neighbour),
            None => Place::Unknown(cgroup_id),
        }
    }
}

/// Runtimes of containers.
const CONTAINERS: [&str; 5] = ["containerd", "cri-o", "docker", "podman", "lxc"];

/// Whether it is a container, and not a part of the host: by its runtime; where the path does not tell that,
/// because somebody gave it a name, or because it is recorded.
fn is_container(neighbour: &Neighbour) -> bool {
    let Container { runtime, name, .. } = &neighbour.container;
    CONTAINERS.contains(&runtime.as_str())
        || runtime == "unknown" && (!name.is_empty() || neighbour.recording.is_some())
}

impl Place<'_> {
    /// In words that follow on a process: `in container web`, `on the host (/system.slice/cron.service)`;
    /// nothing for the same container.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Own => None,
            Self::Known(neighbour) if is_container(neighbour) => {
                let container = &neighbour.container;
                let id = short_id(&container.id);
                let name = if container.name.is_empty() { id } else { container.name.as_str() };
                Some(format!("in container {name}"))
            }
            Self::Known(neighbour) if neighbour.container.cgroup_path == "/" => Some("on the host".to_owned()),
            Self::Known(neighbour) => Some(format!("on the host ({})", neighbour.container.cgroup_path)),
            Self::Unknown(id) => Some(format!("in a cgroup that is gone or not known (id {id})")),
        }
    }
}

/// The cgroups that records name besides their own, [`MOST`] at most.
#[must_use]
pub fn named(records: &[u8], own: u64) -> BTreeSet<u64> {
    let of = |record| match record {
        Record::SignalSent(sent) => Some(sent.sender_cgroup),
        Record::OomKill(kill) => Some(kill.trigger_cgroup),
        _ => None,
    };
    let named = all(records).map_while(Result::ok).filter_map(of);
    named.filter(|id| *id != own && *id != 0).collect::<BTreeSet<_>>().into_iter().take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::build;

    fn neighbour(container: Container) -> Neighbour {
        Neighbour { container, recording: None }
    }

    fn header() -> Header {
        let mut header = Header::default();
        header.container.cgroup_id = 7;
        let container = |runtime: &str, name: &str, path: &str| {
            neighbour(Container {
                runtime: runtime.into(),
                name: name.into(),
                cgroup_path: path.into(),
                ..Container::default()
            })
        };
        header.neighbours.insert(8, container("docker", "web", "/docker/web"));
        header.neighbours.insert(9, container("unknown", "", "/user.slice"));
        header.neighbours.insert(1, container("unknown", "", "/"));
        let below = Container { cgroup_id: 7, ..container("docker", "own", "/docker/own/sub").container };
        header.neighbours.insert(11, neighbour(below));
        let recorded = Neighbour {
            recording: Some(3),
            container: Container { id: "job".into(), ..container("unknown", "", "/x").container },
        };
        header.neighbours.insert(12, recorded);
        header
    }

    #[test]
    fn a_process_is_placed_by_its_cgroup() {
        let neighbours = Neighbours::of(&header());
        let words = |id| neighbours.place(id).words().unwrap_or_default();
        assert_eq!([7, 11].map(words), ["", ""]);
        assert_eq!([8, 9, 1].map(words), ["in container web", "on the host (/user.slice)", "on the host"]);
        assert_eq!(words(12), "in container job");
        assert!(words(99).contains("not known (id 99)"));
    }

    #[test]
    fn only_cgroups_of_others_are_to_be_explained() {
        let mut records = Vec::new();
        for cgroup in [7, 8, 0, 8] {
            build::sent(&mut records, 1, (5, 5), 9, (3, cgroup, "kill"));
        }
        assert_eq!(named(&records, 7).into_iter().collect::<Vec<_>>(), [8]);
    }
}
