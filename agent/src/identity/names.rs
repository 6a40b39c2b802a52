//! Names: what the path does not tell is asked of a list of sources, in order.
//!
//! Everything here is optional. A source that has no answer says so by `None`, whatever the cause:
//! a runtime that is not on this host, a file that is gone, too long or not what was expected. A
//! container without a name keeps its id.
//!
//! To add a source (Kubernetes' API, say), implement [`Source`] and put it in front with
//! [`Sources::ask_first`].

use super::runtimes;
use rewind_recording::header::Container;
use std::path::Path;

/// What a source knows of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The name that people know it by: `web`, or `namespace/pod/container`.
    pub name: String,
    /// The runtime, where the source knows better than the path.
    pub runtime: Option<String>,
    /// The pod's UID, where the source has one.
    pub pod_uid: Option<String>,
    /// It holds a pod's namespaces and does nothing else (the pause container): it needs no ring.
    pub sandbox: bool,
}

/// Something that may know a container's name.
pub trait Source: Send + Sync {
    /// What is known of a container of which `container` holds what the path told.
    fn known(&self, container: &Container) -> Option<Known>;
}

/// Sources in the order in which they are asked.
pub struct Sources {
    list: Vec<Box<dyn Source>>,
}

impl Sources {
    /// No source at all.
    #[must_use]
    pub fn none() -> Self {
        Self { list: Vec::new() }
    }

    /// The files that runtimes keep, below `root`: `/`, or where the host's root is mounted.
    #[must_use]
    pub fn on_disk(root: &Path) -> Self {
        Self {
            list: vec![
                Box::new(runtimes::ContainerdBundles::below(root)),
                Box::new(runtimes::Docker::below(root)),
                Box::new(runtimes::CriOBundles::below(root)),
                Box::new(runtimes::Podman::below(root)),
                Box::new(runtimes::Runc::below(root)),
            ],
        }
    }

    /// Puts a source before all others.
    pub fn ask_first(&mut self, source: Box<dyn Source>) {
        self.list.insert(0, source);
    }

    /// What the first source that knows the container says.
    #[must_use]
    pub fn known(&self, container: &Container) -> Option<Known> {
        self.list.iter().find_map(|source| source.known(container))
    }

    /// Fills in what is known, and says whether the container is a sandbox.
    pub fn fill(&self, container: &mut Container) -> bool {
        let Some(known) = self.known(container) else { return false };
        if !known.name.is_empty() {
            container.name = known.name.into();
        }
        if let Some(runtime) = known.runtime {
            container.runtime = runtime.into();
        }
        if let Some(uid) = known.pod_uid.filter(|_| container.pod_uid.is_empty()) {
            container.pod_uid = uid.into();
        }
        known.sandbox
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(&'static str);

    impl Source for Fixed {
        fn known(&self, _: &Container) -> Option<Known> {
            (!self.0.is_empty()).then(|| Known { name: self.0.to_owned(), ..Known::default() })
        }
    }

    #[test]
    fn the_first_source_that_knows_is_believed() {
        let mut sources = Sources::none();
        assert_eq!(sources.known(&Container::default()), None);
        sources.ask_first(Box::new(Fixed("old")));
        sources.ask_first(Box::new(Fixed("")));
        assert_eq!(sources.known(&Container::default()).map(|known| known.name), Some("old".to_owned()));
        sources.ask_first(Box::new(Fixed("new")));
        let mut container = Container { name: "path".into(), ..Container::default() };
        assert!(!sources.fill(&mut container));
        assert_eq!(container.name, "new");
    }

    #[test]
    fn a_name_that_the_path_gave_stays_when_no_source_knows() {
        let mut container = Container { name: "machine".into(), runtime: "systemd".into(), ..Container::default() };
        assert!(!Sources::on_disk(Path::new("/nonexistent")).fill(&mut container));
        assert_eq!((container.name.as_str(), container.runtime.as_str()), ("machine", "systemd"));
    }
}
