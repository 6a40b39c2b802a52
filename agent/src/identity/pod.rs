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
        let is_known = |of: &Self| [of.uid, of.namespace, of.pod, of.container].iter().all(|part| !part.is_empty());
        if let Some(pod) = &container.pod {
            // That of a static pod in the API is not the one in its cgroup's path.
            let uid = if pod.uid.is_empty() { &container.pod_uid } else { &pod.uid };
            let [namespace, name, of] = [&pod.namespace, &pod.name, &pod.container].map(|text| text.as_str());
            return Some(Self { namespace, pod: name, uid: uid.as_str(), container: of }).filter(is_known);
        }
        // As agents of before have it.
        let uid = container.pod_uid.as_str();
        let mut parts = container.name.as_str().split('/');
        let (namespace, pod, name) = (parts.next()?, parts.next()?, parts.next()?);
        let is_whole = parts.next().is_none();
        is_whole.then_some(Self { namespace, pod, uid, container: name }).filter(is_known)
    }
}

/// The namespace and the UID of the pod that a container is of, a sandbox as well, which has no name of its own.
#[must_use]
pub(crate) fn pod_of(container: &Container) -> Option<(&str, &str)> {
    if let Some(of) = PodContainer::of(container) {
        return Some((of.namespace, of.uid));
    }
    let pod = container.pod.as_ref()?;
    let uid = if pod.uid.is_empty() { &container.pod_uid } else { &pod.uid };
    Some((pod.namespace.as_str(), uid.as_str())).filter(|(namespace, uid)| !namespace.is_empty() && !uid.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_recording::header::Pod;

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
    fn the_fields_go_before_the_joined_name_and_the_apis_uid_before_the_paths() {
        let pod = |uid: &str| Pod {
            namespace: "kube-system".into(),
            name: "etcd-n1".into(),
            uid: uid.into(),
            container: "etcd".into(),
            ..Pod::default()
        };
        let static_pod = |uid| Container { pod: Some(Box::new(pod(uid))), ..container("shop/web/app", "hash") };
        let of = |container: &Container| {
            PodContainer::of(container).map(|of| [of.namespace, of.pod, of.uid, of.container].join(" "))
        };
        assert_eq!(of(&static_pod("mirror")).as_deref(), Some("kube-system etcd-n1 mirror etcd"));
        assert_eq!(of(&static_pod("")).as_deref(), Some("kube-system etcd-n1 hash etcd"));
        // The pause container is none of the pod's.
        let pause = Pod { container: "".into(), ..pod("mirror") };
        let pause = Container { pod: Some(Box::new(pause)), ..container("shop/web/app", "hash") };
        assert_eq!(of(&pause), None);
        assert_eq!(pod_of(&pause), Some(("kube-system", "mirror")));
        assert_eq!(pod_of(&container("shop/web/app", "u1")), Some(("shop", "u1")));
        assert_eq!(pod_of(&container("web", "u1")), None);
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
