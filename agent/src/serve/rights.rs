//! What who asks may have: everything on the Unix socket, what a request covers on the port. Pure.

use crate::identity::pod::PodContainer;
use k8s_openapi::jiff::Timestamp;
use rewind_recording::api::{Endpoint, List};
use rewind_recording::crash::Crashes;
use rewind_recording::header::Container;
use rewind_resources::request::Action;
use rewind_resources::session::RequestName;
use rewind_resources::target::Target;

/// Whose connection it is.
#[derive(Clone, Debug)]
pub(crate) enum Rights {
    /// The host's owner.
    All,
    /// Somebody whose request was checked.
    Request(Box<Grant>),
}

/// What a request that was checked grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The request.
    pub request: RequestName,
    /// Its UID: another of the same name grants nothing here.
    pub uid: String,
    /// The hash of the secret that goes with it.
    pub secret_hash: String,
    /// What is wanted.
    pub action: Action,
    /// Whose recordings, in the request's namespace.
    pub target: Target,
    /// Who asks.
    pub user: String,
    /// Until when.
    pub expires: Timestamp,
}

impl Rights {
    /// Whether this may be asked at all.
    #[must_use]
    pub(crate) const fn allow(&self, endpoint: Endpoint) -> bool {
        let Self::Request(grant) = self else { return true };
        match endpoint {
            // Lists have the numbers that all others are named by.
            Endpoint::Version | Endpoint::Doctor | Endpoint::Recordings | Endpoint::Crashes => true,
            Endpoint::Recording(_) | Endpoint::Crash(_) => matches!(grant.action, Action::Read | Action::Trace),
            Endpoint::Trace(_) => matches!(grant.action, Action::Trace),
            Endpoint::Payload(_) => matches!(grant.action, Action::Payload),
            // The host is no namespace's: such a request is taken in the agents' own alone.
            Endpoint::Node => matches!(grant.action, Action::Node),
        }
    }

    /// Whether what is told of this namespace's pods may be seen.
    #[must_use]
    pub(crate) fn reach(&self, namespace: &str) -> bool {
        let Self::Request(grant) = self else { return true };
        grant.request.namespace == namespace
    }

    /// Whether it is about a container that may be seen.
    #[must_use]
    pub(crate) fn cover(&self, container: &Container) -> bool {
        let Self::Request(grant) = self else { return true };
        PodContainer::of(container)
            .is_some_and(|of| of.namespace == grant.request.namespace && grant.target.covers(of.uid, of.container))
    }

    /// What of a list may be seen.
    pub(crate) fn narrow_list(&self, list: &mut List) {
        list.recordings.retain(|listed| self.cover(&listed.container));
        list.refused.retain(|container| self.cover(container));
    }

    /// What of the crash files may be seen.
    pub(crate) fn narrow_crashes(&self, crashes: &mut Crashes) {
        crashes.crashes.retain(|crash| self.cover(&crash.header.container));
        if matches!(self, Self::Request(_)) {
            // Whose they are cannot be known.
            crashes.unreadable.clear();
        }
    }
}

#[cfg(test)]
#[path = "rights_tests.rs"]
mod tests;
