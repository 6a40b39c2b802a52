//! Which container of which pod a cgroup is of: what rights and objects of the cluster go by.

use rewind_recording::header::Container;

/// A container of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PodContainer<'a> {
    /// The pod's namespace.
    pub namespace: &'a str,
    /// The pod's name.
    pub pod: &'a str,
    /// The pod's UID.
    pub uid: &'a str,
    /// The container's name.
    pub container: &'a str,
}

impl<'a> PodContainer<'a> {
    /// `None`: it is no pod's, or it is not known yet of which.
    #[must_use]
    pub(crate) fn of(container: &'a Container) -> Option<Self> {
        let uid = container.pod_uid.as_str();
        let mut parts = container.name.as_str().split('/');
        let (namespace, pod, name) = (parts.next()?, parts.next()?, parts.next()?);
        let is_whole = parts.next().is_none() && [uid, namespace, pod, name].iter().all(|part| !part.is_empty());
        is_whole.then_some(Self { namespace, pod, uid, container: name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(name: &str, pod_uid: &str) -> Container {
        Container { name: name.into(), pod_uid: pod_uid.into(), ..Container::default() }
    }

    #[test]
    fn a_pods_container_is_known_by_namespace_uid_and_name() {
        let web = container("shop/web-1/app", "u1");
        let known = PodContainer::of(&web).unwrap();
        assert_eq!((known.namespace, known.pod, known.uid, known.container), ("shop", "web-1", "u1", "app"));
    }

    #[test]
    fn what_is_not_known_in_full_is_nobodys() {
        for (name, uid) in [
            ("shop/web/app", ""),
            ("", "u1"),
            ("web", "u1"),
            ("shop/web", "u1"),
            ("shop//app", "u1"),
            ("a/b/c/d", "u1"),
        ] {
            assert_eq!(PodContainer::of(&container(name, uid)), None, "{name} {uid}");
        }
    }
}
