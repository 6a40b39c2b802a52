//! Of what metrics are, which is how their names begin.

/// Of what metrics are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A container.
    Container,
    /// A pod, with all that is in it.
    Pod,
}

impl Subject {
    /// Before what both have, in the Collector and the conventions.
    pub(crate) const fn known(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Pod => "k8s.pod",
        }
    }

    /// Before what Kubernetes alone has.
    pub(crate) const fn of_kubernetes(self) -> &'static str {
        match self {
            Self::Container => "k8s.container",
            Self::Pod => "k8s.pod",
        }
    }

    /// Before what nobody else has a name for.
    pub(crate) const fn own(self) -> &'static str {
        match self {
            Self::Container => "rewind.container",
            Self::Pod => "rewind.pod",
        }
    }
}
