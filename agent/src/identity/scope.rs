//! What is to be recorded: containers, and systemd's units where they are wanted; never the host.
//!
//! The kernel side keeps a state for each cgroup (`rewind_common::ring::cgroup_state`), which also
//! says how a cgroup made below it starts. A ring begins at the topmost open cgroup in which a task
//! makes a call. So the agent gives every cgroup that is there when it starts its [`Rule::state`],
//! and asks again for each one that is made later, to correct what it inherited.
//!
//! | state | its own tasks | a cgroup made below it |
//! |---|---|---|
//! | `OPEN` | recorded | open |
//! | `PARENT` | not recorded | open |
//! | `SLICE` | not recorded | open if it has a container's name, else ignored |
//! | `IGNORED` | not recorded | ignored |
//!
//! A correction comes late by as long as the agent takes (or is away). Until then a conmon beside a
//! container, or the units of a slice that an operator made just now, may be recorded; and a container
//! is missed only where something above it was itself made just now, below a host's directory
//! (the first container of a user who has just logged in).
//!
//! In a directory that systemd made, `*.service` and `*.scope` are units of the host, unless the name
//! is a container's. Names of slices are those of systemd (`systemd.special(7)`) and of Kubernetes
//! distributions.

use super::path;
use rewind_common::ring::cgroup_state::{IGNORED, OPEN, PARENT, RECORDED, REFUSED, SLICE, TAKING};

/// Directories at the top that hold the host's own processes even where units are wanted, and
/// containers of a systemd driver at most.
///
/// `runtime.slice` and `podruntime` hold the kubelet and its runtime where a distribution keeps them
/// apart from `system.slice`; `user.slice` holds sessions, and the containers of users.
const HOST: [&str; 3] = ["user.slice", "runtime.slice", "podruntime"];

/// Directories at the top that runtimes make for containers, and in which no task lives.
const HOLDERS: [&str; 10] = [
    "docker",
    "default",
    "k8s.io",
    "libpod_parent",
    "libpod-parent",
    "lxc",
    "buildkit",
    "ecs",
    "actions_job",
    "rewind",
];

/// What the operator wants, and where the agent is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Record systemd's units too: those of `system.slice` and of slices that the operator made.
    /// Sessions and services of users stay out.
    pub units: bool,
    /// The agent's own cgroup; it and everything below it are left alone. The root, where an agent
    /// without a cgroup of its own lives, stands for none.
    pub agent: Option<String>,
}

impl Rule {
    /// The state of a cgroup: `OPEN`, `PARENT`, `SLICE` or `IGNORED`.
    #[must_use]
    pub fn state(&self, cgroup_path: &str) -> u32 {
        if self.is_agents(cgroup_path) || path::is_monitor(cgroup_path) {
            return IGNORED;
        }
        if path::place(cgroup_path).is_some() {
            return within_container(cgroup_path);
        }
        let names: Vec<&str> = path::components(cgroup_path).map(|(_, name)| name).collect();
        let (Some(top), Some(last)) = (names.first(), names.last()) else { return PARENT };
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

    fn is_agents(&self, cgroup_path: &str) -> bool {
        let own = self.agent.as_deref().filter(|own| path::components(own).next().is_some());
        own.and_then(|own| cgroup_path.strip_prefix(own.trim_end_matches('/')))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// The state in which the kernel side lets a cgroup called `name` start below one in state `parent`:
/// the same rule as in `agent-ebpf/src/hooks/cgroup.rs`, to tell what needs no correction.
#[must_use]
pub fn inherited(parent: u32, name: &str) -> u32 {
    match parent {
        RECORDED => RECORDED,
        OPEN | TAKING | REFUSED | PARENT => OPEN,
        SLICE if ["docker-", "libpod-", "crio-", "cri-co"].iter().any(|prefix| name.starts_with(prefix)) => OPEN,
        _ => IGNORED,
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

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3f4a9d1c0b7e5a62d8f19c3be47a0516f2d3c4b5a69788796a5b4c3d2e1f0a9b";
    const UID: &str = "2f1a6c3e-9b0d-4e57-8a11-0c9d3f7e2b64";

    /// Containers.
    const CONTAINERS: &[&str] = &[
        "/default/box",
        "/docker/{I}",
        "/docker/{I}/init.scope",
        "/mycontainer",
        "/garden/abc",
        "/kubepods/burstable/pod{U}/{I}",
        "/kubepods.slice/kubepods-pod{U}.slice/cri-containerd-{I}.scope",
        "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{U}.slice/crio-{I}.scope",
        "/system.slice/docker-{I}.scope",
        "/system.slice/docker-{I}.scope/init.scope",
        "/docker/{I}/kubelet.slice/kubelet.service",
        "/builds.slice/docker-{I}.scope",
        "/system.slice/web.service/libpod-payload-{I}",
        "/machine.slice/libpod-{I}.scope",
        "/machine.slice/systemd-nspawn@web.service/payload",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{I}.scope/container",
        "/rewind/record-12",
        "/lxc.payload.c1",
    ];

    /// Directories in which containers appear, and in which nothing runs.
    const PARENTS: &[&str] = &[
        "/",
        "",
        "/docker",
        "/default",
        "/kubepods",
        "/kubepods/burstable",
        "/kubepods/burstable/pod{U}",
        "/kubepods.slice/kubepods-besteffort.slice",
        "/kubelet.slice/kubelet-kubepods.slice",
        "/docker/{I}/kubelet.slice/kubelet-kubepods.slice",
        "/system.slice/k3s.service/kubepods",
        "/machine.slice",
        "/rewind",
    ];

    /// The host, even where units are wanted: only a container's name opens what is made below.
    const SLICES: &[&str] = &[
        "/user.slice",
        "/user.slice/user-1000.slice/session-3.scope",
        "/user.slice/user-1000.slice/user@1000.service/user.slice",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/podman-pause-7f.scope",
        "/runtime.slice/kubelet.service",
        "/podruntime/kubelet",
    ];

    /// Never recorded, nor anything below.
    const IGNORED_ALL: &[&str] = &[
        "/init.scope",
        "/openrc.sshd",
        "/lxc.monitor.c1",
        "/machine.slice/libpod-conmon-{I}.scope",
        "/kubepods.slice/kubepods-pod{U}.slice/crio-conmon-{I}.scope",
        "/libpod_parent/conmon",
    ];

    const UNITS: &[&str] = &[
        "/system.slice/ssh.service",
        "/system.slice/system-getty.slice/getty@tty1.service",
        "/builds.slice/job.service",
        "/builds.slice/run-7.scope",
        "/dev-hugepages.mount",
    ];

    fn written(path: &str) -> String {
        path.replace("{I}", ID).replace("{U}", UID)
    }

    #[track_caller]
    fn all_are(rule: &Rule, paths: &[&str], state: u32) {
        for path in paths {
            assert_eq!(rule.state(&written(path)), state, "{path} with {rule:?}");
        }
    }

    #[test]
    fn containers_are_open_the_host_is_not_whether_or_not_units_are_wanted() {
        for units in [false, true] {
            let rule = Rule { units, agent: None };
            all_are(&rule, CONTAINERS, OPEN);
            all_are(&rule, PARENTS, PARENT);
            all_are(&rule, SLICES, SLICE);
            all_are(&rule, IGNORED_ALL, IGNORED);
        }
    }

    #[test]
    fn units_are_open_only_where_they_are_wanted() {
        let (without, with) = (Rule::default(), Rule { units: true, agent: None });
        all_are(&without, UNITS, SLICE);
        all_are(&with, UNITS, OPEN);
        let slices = ["/system.slice", "/system.slice/system-getty.slice", "/builds.slice"];
        all_are(&without, &slices, SLICE);
        all_are(&with, &slices, PARENT);
    }

    #[test]
    fn a_container_that_is_made_while_the_agent_is_away_is_recorded_from_its_first_call() {
        let rule = Rule::default();
        for path in CONTAINERS {
            let path = written(path);
            let Some((parent, name)) = path.rsplit_once('/') else { continue };
            let start = inherited(rule.state(parent), name);
            assert_eq!(start, OPEN, "{path}");
        }
    }

    #[test]
    fn a_unit_that_is_made_while_the_agent_is_away_is_not_recorded() {
        let rule = Rule::default();
        for path in ["/system.slice/ssh.service", "/user.slice/user-0.slice", "/builds.slice/job.service"] {
            let Some((parent, name)) = path.rsplit_once('/') else { continue };
            assert_eq!(inherited(rule.state(parent), name), IGNORED, "{path}");
        }
        assert_eq!(inherited(RECORDED, "sub"), RECORDED);
    }

    #[test]
    fn the_agents_own_cgroup_is_ignored_with_all_below_it_and_no_other() {
        let agent = written("/kubepods/burstable/pod{U}/{I}");
        let rule = Rule { units: true, agent: Some(agent.clone()) };
        assert_eq!(rule.state(&agent), IGNORED);
        assert_eq!(rule.state(&format!("{agent}/sub")), IGNORED);
        assert_eq!(rule.state(&written("/kubepods/burstable/pod{U}")), PARENT);
        assert_eq!(rule.state(&written("/docker/{I}")), OPEN);
        let rule = Rule { units: false, agent: Some("/".to_owned()) };
        assert_eq!(rule.state("/docker"), PARENT);
    }
}
