//! Names: what the path does not tell is asked of a list of sources, in order.
//!
//! Everything here is optional. A source that has no answer says so by `None`, whatever the cause:
//! a runtime that is not on this host, a file that is gone, too long or not what was expected. A
//! container without a name keeps its id.
//!
//! To add a source (Kubernetes' API, say), implement [`Source`] and put it into the list of
//! [`Sources::on_disk`], before those that know less.

use super::runtimes;
use super::source::{Known, Source};
use rewind_recording::header::Container;
use std::path::Path;

/// Sources in the order in which they are asked.
pub(crate) struct Sources {
    list: Vec<Box<dyn Source>>,
}

impl Sources {
    /// All of a host, whose root is mounted at `root`.
    #[must_use]
    pub(crate) fn on_disk(root: &Path) -> Self {
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

    /// These alone.
    #[cfg(test)]
    pub(crate) fn of(list: Vec<Box<dyn Source>>) -> Self {
        Self { list }
    }

    /// What the first source that knows the container says.
    #[must_use]
    pub(crate) fn known(&self, container: &Container) -> Option<Known> {
        self.list.iter().find_map(|source| source.known(container))
    }

    /// Fills in what is known.
    pub(crate) fn fill(&self, container: &mut Container) {
        let Some(known) = self.known(container) else { return };
        if !known.name.is_empty() {
            container.name = known.name.into();
        }
        if let Some(runtime) = known.runtime {
            container.runtime = runtime.into();
        }
        if let Some(uid) = known.pod_uid.filter(|_| container.pod_uid.is_empty()) {
            container.pod_uid = uid.into();
        }
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
        let of = |names: &[&'static str]| {
            Sources::of(names.iter().map(|name| -> Box<dyn Source> { Box::new(Fixed(name)) }).collect())
        };
        assert_eq!(of(&[]).known(&Container::default()), None);
        assert_eq!(of(&["", "old"]).known(&Container::default()).map(|known| known.name), Some("old".to_owned()));
        let mut container = Container { name: "path".into(), ..Container::default() };
        of(&["new", "", "old"]).fill(&mut container);
        assert_eq!(container.name, "new");
    }

    #[test]
    fn a_name_that_the_path_gave_stays_when_no_source_knows() {
        let mut container = Container { name: "machine".into(), runtime: "systemd".into(), ..Container::default() };
        Sources::on_disk(Path::new("/nonexistent")).fill(&mut container);
        assert_eq!((container.name.as_str(), container.runtime.as_str()), ("machine", "systemd"));
    }
}
