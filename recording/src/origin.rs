//! Who is meant by a cgroup that a record names: the sender of a signal, the process that brought an
//! OOM kill about. A record holds only the cgroup's id; the agent, which knows what runs on the host,
//! adds whose they are to the header, so that a saved file can still tell.

mod named;

pub use crate::header::Origin;
pub use named::named;

use crate::header::{Container, Header, short_id};
use std::collections::BTreeMap;

/// Most cgroups that a header explains.
pub const MAX_ORIGINS: usize = 256;

/// The cgroups of others that a recording's header explains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    own: u64,
    known: BTreeMap<u64, Origin>,
}

/// Where a process is, as seen from the container that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts<'n> {
    /// In the same container.
    Own,
    /// In another one, or on the host.
    Known(&'n Origin),
    /// In a cgroup that was not known when the recording was read.
    Unknown(u64),
}

impl Origins {
    /// Those that a header explains.
    #[must_use]
    pub fn of(header: &Header) -> Self {
        Self { own: header.container.cgroup_id, known: header.origins.clone() }
    }

    /// Takes in what a later header explains.
    pub fn learn(&mut self, header: &Header) {
        self.known.extend(header.origins.iter().map(|(id, origin)| (*id, origin.clone())));
    }

    /// Where the processes of a cgroup are.
    #[must_use]
    pub fn place(&self, cgroup_id: u64) -> Whereabouts<'_> {
        if cgroup_id == self.own {
            return Whereabouts::Own;
        }
        match self.known.get(&cgroup_id) {
            Some(origin) if origin.container.cgroup_id == self.own && self.own != 0 => Whereabouts::Own,
            Some(origin) => Whereabouts::Known(origin),
            None => Whereabouts::Unknown(cgroup_id),
        }
    }
}

/// Runtimes of containers.
const CONTAINERS: [&str; 5] = ["containerd", "cri-o", "docker", "podman", "lxc"];

/// Whether it is a container, and not a part of the host: by its runtime; where the path does not tell that,
/// because somebody gave it a name, or because it is recorded.
fn is_container(origin: &Origin) -> bool {
    let Container { runtime, name, .. } = &origin.container;
    CONTAINERS.contains(&runtime.as_str()) || *runtime == "unknown" && (!name.is_empty() || origin.recording.is_some())
}

impl Whereabouts<'_> {
    /// In words that follow on a process: `in container web`, `on the host (/system.slice/cron.service)`;
    /// nothing for the same container.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Own => None,
            Self::Known(origin) if is_container(origin) => {
                let container = &origin.container;
                let id = short_id(&container.id);
                let name = if container.name.is_empty() { &id } else { &container.name };
                Some(format!("in container {name}"))
            }
            Self::Known(origin) if origin.container.cgroup_path == "/" => Some("on the host".to_owned()),
            Self::Known(origin) => Some(format!("on the host ({})", origin.container.cgroup_path)),
            Self::Unknown(id) => Some(format!("in a cgroup that is gone or not known (id {id})")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(container: Container) -> Origin {
        Origin { container, recording: None }
    }

    fn header() -> Header {
        let mut header = Header::default();
        header.container.cgroup_id = 7;
        let container = |runtime: &str, name: &str, path: &str| {
            origin(Container {
                runtime: runtime.into(),
                name: name.into(),
                cgroup_path: path.into(),
                ..Container::default()
            })
        };
        header.origins.insert(8, container("docker", "web", "/docker/web"));
        header.origins.insert(9, container("unknown", "", "/user.slice"));
        header.origins.insert(1, container("unknown", "", "/"));
        let below = Container { cgroup_id: 7, ..container("docker", "own", "/docker/own/sub").container };
        header.origins.insert(11, origin(below));
        let recorded = Origin {
            recording: Some(3),
            container: Container { id: "job".into(), ..container("unknown", "", "/x").container },
        };
        header.origins.insert(12, recorded);
        header
    }

    #[test]
    fn a_process_is_placed_by_its_cgroup() {
        let origins = Origins::of(&header());
        let words = |id| origins.place(id).words().unwrap_or_default();
        assert_eq!([7, 11].map(words), ["", ""]);
        assert_eq!([8, 9, 1].map(words), ["in container web", "on the host (/user.slice)", "on the host"]);
        assert_eq!(words(12), "in container job");
        assert!(words(99).contains("not known (id 99)"));
    }
}
