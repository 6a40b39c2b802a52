//! What is to be recorded: containers, and systemd's units where they are wanted; never the host.
//!
//! The kernel side keeps a state for each cgroup (`rewind_common::ring::cgroup_state`), which also
//! says how a cgroup made below it starts. A ring begins at the topmost open cgroup in which a task
//! makes a call. The agent gives every cgroup that is there when it starts its [`Rule::state`]; of
//! those made later the kernel side decides by itself, from the state above and the name alone
//! (`agent-ebpf/src/name.rs`), and records nothing that the agent would leave out.
//!
//! | state | its own tasks | a cgroup made below it |
//! |---|---|---|
//! | `OPEN` | recorded | open, a monitor ignored |
//! | `PARENT` | not recorded | open, a monitor ignored |
//! | `SLICE` | not recorded | as its name says: a container open, what holds pods a parent, a monitor ignored, all else a slice |
//! | `TOP` (of units) | not recorded | as in a slice, but open where the name is not of the host |
//! | `IGNORED` | not recorded | ignored |
//!
//! What only the place tells and not the name (`machine.slice` of a user, BuildKit's directory below a
//! service, pods inside a recorded node container) is found where programs are loaded anew.
//!
//! In a directory that systemd made, `*.service` and `*.scope` are units of the host, unless the name
//! is a container's. Names of slices are those of systemd (`systemd.special(7)`) and of Kubernetes
//! distributions.

use super::path;
use rewind_common::ring::cgroup_state::{IGNORED, OPEN, PARENT, SLICE, TOP, TOP_OF_UNITS};

/// Directories at the top that hold the host's own processes even where units are wanted, and
/// containers of a systemd driver at most.
///
/// `runtime.slice` and `podruntime` hold the kubelet and its runtime where a distribution keeps them
/// apart from `system.slice`; `user.slice` holds sessions, and the containers of users; the parents
/// that Podman makes without systemd hold its conmon too.
const HOST: [&str; 5] = ["user.slice", "runtime.slice", "podruntime", "libpod_parent", "libpod-parent"];

/// Directories at the top that runtimes make for containers, and in which no task lives.
const HOLDERS: [&str; 8] = ["docker", "default", "k8s.io", "lxc", "buildkit", "ecs", "actions_job", "rewind"];

/// What the operator wants, and where the agent is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Record systemd's units too: those of `system.slice` and of slices that the operator made.
    /// Sessions and services of users stay out.
    pub units: bool,
    /// The agent's own cgroup; it and everything below it are left alone. The root, where an agent
    /// without a cgroup of its own lives, stands for none.
    pub agent: Option<String>,
    /// The UID of the pod that the agent is in, with all its containers: in a cgroup namespace of its own the
    /// agent sees the root as its cgroup.
    pub pod_uid: Option<String>,
}

impl Rule {
    /// The state of a cgroup: `OPEN`, `PARENT`, `SLICE` or `IGNORED`; of the root a `TOP`.
    #[must_use]
    pub(crate) fn state(&self, cgroup_path: &str) -> u32 {
        if self.is_agents(cgroup_path) || path::is_monitor(cgroup_path) {
            return IGNORED;
        }
        if path::place(cgroup_path).is_some() {
            return within_container(cgroup_path);
        }
        let names: Vec<&str> = path::components(cgroup_path).map(|(_, name)| name).collect();
        let (Some(top), Some(last)) = (names.first(), names.last()) else {
            return if self.units { TOP_OF_UNITS } else { TOP };
        };
        if names.iter().any(|name| path::is_kubepods(name)) {
            // A class of pods, or a pod. Helpers beside its containers were sorted out above.
            return PARENT;
        }
        match *top {
            "init.scope" => IGNORED,
            top if is_openrc(top) => IGNORED,
            top if HOST.contains(&top) => SLICE,
            "machine.slice" => PARENT,
            top if names.len() == 1 && HOLDERS.contains(&top) => PARENT,
            top if top.ends_with(".slice") || path::is_unit(top) => match (self.units, last.ends_with(".slice")) {
                (false, _) => SLICE,
                (true, true) => PARENT,
                (true, false) => OPEN,
            },
            _ => OPEN,
        }
    }

    /// Whether a cgroup is the agent's own, or that of its pod, or one below.
    #[must_use]
    pub(crate) fn is_agents(&self, cgroup_path: &str) -> bool {
        if self.pod_uid.as_deref().is_some_and(|uid| path::is_within_pod(cgroup_path, uid)) {
            return true;
        }
        let own = self.agent.as_deref().filter(|own| path::components(own).next().is_some());
        own.and_then(|own| cgroup_path.strip_prefix(own.trim_end_matches('/')))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// A container's own cgroup and what it makes below, but for the directories in which a kubelet or a
/// runtime inside it keeps containers of its own.
fn within_container(cgroup_path: &str) -> u32 {
    let own = path::place(cgroup_path).map_or(0, |place| place.own_cgroup.len());
    let below = cgroup_path.get(own..).unwrap_or_default();
    let holds = path::components(below).any(|(_, name)| path::is_kubepods(name));
    if holds { PARENT } else { OPEN }
}

/// OpenRC names a service's cgroup `openrc.<service>` at the top.
fn is_openrc(top: &str) -> bool {
    top == "openrc" || top.starts_with("openrc.")
}
