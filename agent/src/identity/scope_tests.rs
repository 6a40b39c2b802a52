//! Paths as they are seen on real hosts, and what is to happen with their calls: as the agent decides at
//! its start, and as the kernel side decides for what is made later.

#[path = "../../../agent-ebpf/src/name.rs"]
mod name;

use super::path;
use super::scope::Rule;
use name::{NAME_BYTES, Name};
use proptest::prelude::*;
use rewind_common::ring::cgroup_state::{IGNORED, OPEN, PARENT, RECORDED, SLICE, TOP, TOP_OF_UNITS};

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
    "/system.slice/nerdctl-{I}.scope",
    "/system.slice/runc-{I}.scope",
    "/system.slice:docker:{I}",
    "/system.slice/cri-containerd-{I}.scope",
    "/system.slice/k3s.service/kubepods/burstable/pod{U}/{I}",
    "/system.slice/containerd.service/kubepods-burstable-pod{U}.slice:cri-containerd:{I}",
    "/user.slice/user-1000.slice/user@1000.service/user.slice/nerdctl-{I}.scope",
    "/user.slice/user-1000.slice/user@1000.service/app.slice/docker-{I}.scope",
    "/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_{I}.slice/libpod-{I}.scope/container",
    "/libpod_parent/libpod-{I}",
];

/// Directories in which containers appear, and in which nothing runs.
const PARENTS: &[&str] = &[
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
    "/user.slice/user-1000.slice/user@1000.service/app.slice/docker-cleanup.service",
];

/// Never recorded, nor anything below.
const IGNORED_ALL: &[&str] = &[
    "/init.scope",
    "/openrc.sshd",
    "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-conmon-{I}.scope",
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
    "/system.slice/docker-registry.service",
    "/system.slice/docker-cleanup.scope",
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
        let rule = Rule { units, ..Rule::default() };
        all_are(&rule, CONTAINERS, OPEN);
        all_are(&rule, PARENTS, PARENT);
        all_are(&rule, SLICES, SLICE);
        all_are(&rule, IGNORED_ALL, IGNORED);
    }
}

#[test]
fn units_are_open_only_where_they_are_wanted() {
    let (without, with) = (Rule::default(), Rule { units: true, ..Rule::default() });
    all_are(&without, UNITS, SLICE);
    all_are(&with, UNITS, OPEN);
    let slices = ["/system.slice", "/system.slice/system-getty.slice", "/builds.slice"];
    all_are(&without, &slices, SLICE);
    all_are(&with, &slices, PARENT);
}

/// As the kernel side decides below `parent`.
fn begun(parent: u32, name: &str) -> u32 {
    let mut text = [0; NAME_BYTES];
    text[..name.len()].copy_from_slice(name.as_bytes());
    name::begin(parent, &Name::of(&text, name.len() as u64))
}

/// As the kernel side decides where the agent knows no more than the root.
fn begun_all_the_way(rule: &Rule, path: &str) -> u32 {
    path.split('/').filter(|name| !name.is_empty()).fold(rule.state("/"), begun)
}

#[test]
fn the_root_says_whether_units_are_wanted() {
    for path in ["/", ""] {
        assert_eq!(Rule::default().state(path), TOP);
        assert_eq!(Rule { units: true, ..Rule::default() }.state(path), TOP_OF_UNITS);
    }
}

#[test]
fn a_container_that_is_made_after_the_agent_is_recorded_from_its_first_call() {
    for rule in [Rule::default(), Rule { units: true, ..Rule::default() }] {
        for path in CONTAINERS {
            let path = written(path);
            assert_eq!(begun_all_the_way(&rule, &path), OPEN, "{path} with {rule:?}");
            let (parent, name) = path.rsplit_once('/').unwrap();
            assert_eq!(begun(rule.state(parent), name), OPEN, "{path} with {rule:?}");
        }
    }
}

#[test]
fn the_host_that_is_made_after_the_agent_is_not_recorded_and_units_only_where_they_are_wanted() {
    let (without, with) = (Rule::default(), Rule { units: true, ..Rule::default() });
    for path in SLICES.iter().chain(IGNORED_ALL) {
        let path = written(path);
        for rule in [&without, &with] {
            let begun = begun_all_the_way(rule, &path);
            assert!(matches!(begun, SLICE | IGNORED), "{path} begins as {begun} with {rule:?}");
        }
    }
    for path in UNITS {
        assert_eq!(begun_all_the_way(&without, path), SLICE, "{path}");
        assert_eq!(begun_all_the_way(&with, path), OPEN, "{path}, units wanted");
    }
    assert_eq!(begun(RECORDED, "libpod-conmon-1"), RECORDED, "a container does not hide by a name");
}

#[test]
fn the_agents_own_cgroup_is_ignored_with_all_below_it_and_no_other() {
    let agent = written("/kubepods/burstable/pod{U}/{I}");
    let rule = Rule { units: true, agent: Some(agent.clone()), ..Rule::default() };
    assert_eq!(rule.state(&agent), IGNORED);
    assert_eq!(rule.state(&format!("{agent}/sub")), IGNORED);
    assert_eq!(rule.state(&written("/kubepods/burstable/pod{U}")), PARENT);
    assert_eq!(rule.state(&written("/docker/{I}")), OPEN);
    let rule = Rule { units: false, agent: Some("/".to_owned()), ..Rule::default() };
    assert_eq!(rule.state("/docker"), PARENT);
}

#[test]
fn the_agents_own_pod_is_ignored_with_all_of_its_containers_however_paths_spell_it() {
    let rule = Rule { agent: Some("/".to_owned()), pod_uid: Some(UID.to_owned()), ..Rule::default() };
    let underscored = UID.replace('-', "_");
    for path in [
        "/kubepods/burstable/pod{U}",
        "/kubepods/burstable/pod{U}/{I}",
        "/kubepods/burstable/pod{U}/{I}/below",
        &format!("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{underscored}.slice"),
        &format!("/kubepods.slice/kubepods-pod{underscored}.slice/cri-containerd-{{I}}.scope"),
        "/docker/{I}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{U}.slice/cri-containerd-{I}.scope",
    ] {
        assert_eq!(rule.state(&written(path)), IGNORED, "{path}");
        // What is made later begins as the pod's directory says.
        assert_eq!(begun(rule.state(&written(path)), ID), IGNORED, "{path}");
    }
    let other = "2f1a6c3e-9b0d-4e57-8a11-0c9d3f7e2b65";
    assert_eq!(rule.state(&format!("/kubepods/burstable/pod{other}/{ID}")), OPEN);
    assert_eq!(rule.state("/kubepods/burstable"), PARENT);
}

/// Names, and parts of which names are made that mean something or just fail to.
fn a_name() -> impl Strategy<Value = String> {
    let part = "(docker|libpod|libpod-payload|libpod_parent|crio|crio-conmon|libpod-conmon|conmon|nerdctl|containerd|\
                cri-containerd|runc|lxc|lxc.payload|lxc.monitor|kubepods|kubelet|machine|user|system|init|openrc|x|pod)";
    let id = "([0-9a-f]{10,14}|[0-9a-f]{63,65}|[a-z]{1,9}|)";
    let suffix = "(\\.scope|\\.slice|\\.service|\\.mount|\\.swap|\\.socket|)";
    prop::string::string_regex(&format!("{part}?[-:.]?{part}?[-:.]?{id}{suffix}"))
        .unwrap()
        .prop_filter("no name of a directory", |name| !matches!(name.as_str(), "" | "." | ".."))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn in_a_slice_a_name_says_the_same_to_the_kernel_side_as_to_the_agent(name in a_name()) {
        let path = format!("/x.slice/{name}");
        let own = path::place(&path).is_some_and(|place| place.own_cgroup == path);
        let wanted = match (path::is_monitor(&path), own, path::is_kubepods(&name)) {
            (true, _, _) => IGNORED,
            (false, true, _) => OPEN,
            (false, false, true) => PARENT,
            (false, false, false) => SLICE,
        };
        prop_assert_eq!(begun(SLICE, &name), wanted, "{}", path);
    }

    #[test]
    fn what_the_agent_leaves_out_the_kernel_side_leaves_out(names in prop::collection::vec(a_name(), 1..5), units: bool) {
        let rule = Rule { units, ..Rule::default() };
        let path = format!("/{}", names.join("/"));
        if matches!(rule.state(&path), SLICE | IGNORED) {
            let begun = begun_all_the_way(&rule, &path);
            prop_assert!(matches!(begun, SLICE | IGNORED | PARENT), "{} begins as {}", path, begun);
        }
    }
}
