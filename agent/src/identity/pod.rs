//! Which container of which pod a cgroup is of: what rights and objects of the cluster go by.

use rewind_recording::header::{Container, Pod};

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
        let Pod { namespace, name: pod, uid, container, .. } = container.pod.as_deref()?;
        let known =
            Self { namespace: namespace.as_str(), pod: pod.as_str(), uid: uid.as_str(), container: container.as_str() };
        let is_whole = [known.namespace, known.pod, known.uid, known.container].iter().all(|part| !part.is_empty());
        is_whole.then_some(known)
    }
}

/// A container `namespace/pod/container` of a pod.
#[cfg(test)]
pub(crate) fn named(name: &str, uid: &str) -> Container {
    let mut parts = name.split('/').map(Into::into);
    let mut next = || parts.next().unwrap_or_default();
    let pod = Pod { namespace: next(), name: next(), container: next(), uid: uid.into(), ..Pod::default() };
    // The UID in the path of a static pod's cgroup is another.
    Container { name: name.into(), pod: Some(Box::new(pod)), pod_uid: "hash".into(), ..Container::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pods_container_is_known_by_namespace_uid_and_name() {
        let web = named("shop/web-1/app", "u1");
        let known = PodContainer::of(&web).unwrap();
        assert_eq!((known.namespace, known.pod, known.uid, known.container), ("shop", "web-1", "u1", "app"));
    }

    #[test]
    fn what_is_not_known_in_full_is_nobodys() {
        for (name, uid) in [("shop/web/app", ""), ("", "u1"), ("web", "u1"), ("shop/web", "u1"), ("shop//app", "u1")] {
            assert_eq!(PodContainer::of(&named(name, uid)), None, "{name} {uid}");
        }
    }
}
