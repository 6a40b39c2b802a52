//! Paths as they are seen on real hosts, and what they must be read as.
#![allow(clippy::expect_used)]

use super::path::{container, is_monitor, place, pod_uid};
use proptest::prelude::*;

const ID: &str = "3f4a9d1c0b7e5a62d8f19c3be47a0516f2d3c4b5a69788796a5b4c3d2e1f0a9b";
const NODE: &str = "aa11bb22cc33dd44ee55ff6600778899aa11bb22cc33dd44ee55ff6600778899";
const UID: &str = "2f1a6c3e-9b0d-4e57-8a11-0c9d3f7e2b64";
const UID_: &str = "2f1a6c3e_9b0d_4e57_8a11_0c9d3f7e2b64";
const HASH: &str = "c3d1e7a9b5f04826a1c0de99f7b3a254";

/// Writes `I`, `N`, `U`, `V`, `H` in braces out.
fn path(template: &str) -> String {
    template.replace("{I}", ID).replace("{N}", NODE).replace("{U}", UID).replace("{V}", UID_).replace("{H}", HASH)
}

#[track_caller]
fn reads(template: &str, runtime: &str, id: &str, pod: &str) {
    let read = container(&path(template));
    assert_eq!(
        (read.runtime.as_str(), read.id.as_str(), read.pod_uid.as_str()),
        (runtime, path(id).as_str(), path(pod).as_str()),
        "{template}"
    );
    assert_eq!(read.cgroup_path, path(template));
}

#[test]
fn containerd_pods_are_read_with_both_drivers_and_in_every_class() {
    for (template, pod) in [
        ("/kubepods/burstable/pod{U}/{I}", "{U}"),
        ("/kubepods/besteffort/pod{U}/{I}", "{U}"),
        ("/kubepods/pod{U}/{I}", "{U}"),
        ("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{V}.slice/cri-containerd-{I}.scope", "{U}"),
        ("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{V}.slice/cri-containerd-{I}.scope", "{U}"),
        ("/kubepods.slice/kubepods-pod{V}.slice/cri-containerd-{I}.scope", "{U}"),
        // A kubelet with its cgroup root set, and a k3s agent below a service.
        ("/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{V}.slice/cri-containerd-{I}.scope", "{U}"),
        ("/system.slice/k3s.service/kubepods/burstable/pod{U}/{I}", "{U}"),
        // Drivers that do not agree.
        ("/system.slice/containerd.service/kubepods-burstable-pod{V}.slice:cri-containerd:{I}", "{U}"),
        ("/kubepods-besteffort-pod{V}.slice:cri-containerd:{I}", "{U}"),
        ("/k8s.io/{I}", ""),
        ("/default/{I}", ""),
        ("/system.slice/nerdctl-{I}.scope", ""),
        ("/user.slice/user-1000.slice/user@1000.service/user.slice/nerdctl-{I}.scope", ""),
    ] {
        reads(template, "containerd", "{I}", pod);
    }
}

#[test]
fn a_static_pod_has_the_hash_of_its_manifest_as_uid() {
    reads("/kubepods/burstable/pod{H}/{I}", "containerd", "{I}", "{H}");
    let systemd = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{H}.slice/cri-containerd-{I}.scope";
    reads(systemd, "containerd", "{I}", "{H}");
}

#[test]
fn cri_o_containers_are_read_and_their_monitors_are_not_containers() {
    let slice = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{V}.slice";
    reads(&format!("{slice}/crio-{{I}}.scope"), "cri-o", "{I}", "{U}");
    reads(&format!("{slice}/crio-{{I}}.scope/container"), "cri-o", "{I}", "{U}");
    reads("/kubepods/burstable/pod{U}/crio-{I}", "cri-o", "{I}", "{U}");
    let monitor = format!("{slice}/crio-conmon-{{I}}.scope");
    reads(&monitor, "systemd", "crio-conmon-{I}.scope", "{U}");
    assert!(is_monitor(&path(&monitor)));
    assert!(place(&path(&monitor)).is_none());
    assert!(place(&path("/kubepods/burstable/pod{U}/crio-conmon-{I}")).is_none());
}

#[test]
fn docker_containers_are_read_with_both_drivers() {
    for template in [
        "/docker/{I}",
        "/system.slice/docker-{I}.scope",
        "/builds.slice/docker-{I}.scope",
        "/system.slice:docker:{I}",
        "/ecs/1a2b3c4d5e6f/{I}",
        "/actions_job/{I}",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{I}.scope",
        "/docker/{I}/init.scope",
        "/docker/{I}/system.slice/nginx.service",
        "/system.slice/docker-{I}.scope/init",
        "/../../docker/{I}",
    ] {
        reads(template, "docker", "{I}", "");
    }
    reads("/docker/buildkit/x1y2z3a4b5c6d7e8f9g0h1i2j", "docker", "x1y2z3a4b5c6d7e8f9g0h1i2j", "");
}

#[test]
fn podman_containers_are_read_for_root_and_for_users() {
    for template in [
        "/machine.slice/libpod-{I}.scope",
        "/machine.slice/libpod-{I}.scope/container",
        "/machine.slice/machine-libpod_pod_{N}.slice/libpod-{I}.scope/container",
        "/libpod_parent/libpod-{I}",
        "/libpod_parent/{N}/libpod-{I}",
        "/libpod-parent/libpod-conmon-{I}/{I}",
        "/system.slice/container-web.service/libpod-payload-{I}",
        "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{I}.scope/container",
    ] {
        reads(template, "podman", "{I}", "");
        assert!(!is_monitor(&path(template)), "{template}");
    }
    for monitor in
        ["/machine.slice/libpod-conmon-{I}.scope", "/libpod_parent/conmon", "/libpod_parent/libpod-conmon-{I}"]
    {
        assert!(is_monitor(&path(monitor)), "{monitor}");
    }
    assert!(place(&path("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-conmon-{I}.scope")).is_none());
}

#[test]
fn the_innermost_container_wins_in_nested_hosts() {
    let kind = "/docker/{N}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice\
                /kubelet-kubepods-besteffort-pod{V}.slice/cri-containerd-{I}.scope";
    reads(kind, "containerd", "{I}", "{U}");
    reads("/system.slice/docker-{N}.scope/kubelet/kubepods/burstable/pod{U}/{I}", "containerd", "{I}", "{U}");
    reads("/docker/{N}/kubelet.slice/kubelet.service", "docker", "{N}", "");
    reads("/docker/{N}/docker/{I}", "docker", "{I}", "");
    reads("/docker/{N}/system.slice/docker-{I}.scope", "docker", "{I}", "");
    // Docker inside a pod is not the pod's, though it runs below it.
    reads("/kubepods/burstable/pod{U}/{N}/docker/{I}", "docker", "{I}", "{U}");
}

#[test]
fn the_own_cgroup_is_the_path_up_to_the_container() {
    let inner = path("/docker/{I}/system.slice/nginx.service");
    let found = place(&inner).expect("a container");
    assert_eq!(found.own_cgroup, path("/docker/{I}"));
    let found = path("/machine.slice/libpod-{I}.scope/container");
    assert_eq!(place(&found).expect("a container").own_cgroup, path("/machine.slice/libpod-{I}.scope"));
}

#[test]
fn machines_are_read_with_their_names() {
    for (template, id, name) in [
        ("/machine.slice/machine-web\\x2d1.scope/payload/system.slice/x.service", "machine-web\\x2d1.scope", "web-1"),
        ("/machine.slice/systemd-nspawn@db.service/payload", "systemd-nspawn@db.service", "db"),
        ("/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", "machine-qemu\\x2d1\\x2dvm.scope", "qemu-1-vm"),
        ("/machine.slice/machine-odd\\xzz.scope", "machine-odd\\xzz.scope", "odd\\xzz"),
    ] {
        reads(template, "systemd", id, "");
        assert_eq!(container(template).name, name);
    }
    reads("/lxc.payload.c1/init.scope", "lxc", "c1", "");
    reads("/lxc/c1", "lxc", "c1", "");
    assert!(is_monitor("/lxc.monitor.c1"));
}

#[test]
fn units_are_read_by_their_own_name() {
    for (template, unit) in [
        ("/system.slice/nginx.service", "nginx.service"),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"),
        ("/user.slice/user-1000.slice/session-3.scope", "session-3.scope"),
        ("/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/app-vim.scope", "app-vim.scope"),
        ("/system.slice/foo.service/workers", "foo.service"),
        ("/system.slice/docker-cleanup.scope", "docker-cleanup.scope"),
        ("/init.scope", "init.scope"),
    ] {
        reads(template, "systemd", unit, "");
    }
}

#[test]
fn what_names_no_runtime_is_known_by_its_last_component() {
    reads("/default/box", "containerd", "box", "");
    reads("/default/box/init.scope", "containerd", "box", "");
    reads("/anything/box", "unknown", "box", "");
    reads("/mycontainer", "unknown", "mycontainer", "");
    reads("/custom/{I}", "unknown", "{I}", "");
    reads("/system.slice/runc-{I}.scope", "unknown", "{I}", "");
    reads("/rewind/record-4711", "rewind", "record-4711", "");
    reads("/", "unknown", "/", "");
    reads("", "unknown", "/", "");
    reads("/kubepods/burstable/pod{U}", "unknown", "pod{U}", "{U}");
}

#[test]
fn what_only_looks_like_a_pod_has_no_uid() {
    for template in
        ["/podruntime/kubelet", "/podman.slice/x", "/machine.slice/machine-libpod_pod_{I}.slice", "/a-pod.slice"]
    {
        assert_eq!(pod_uid(&path(template)), None, "{template}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,80}", tail in "(/|:|-|\\.scope|\\.slice|pod|[0-9a-f]{64}|é|\\\\x){0,12}") {
        for path in [text.clone(), tail.clone(), format!("{text}/{tail}")] {
            let read = container(&path);
            prop_assert!(!read.id.is_empty());
            if let Some(place) = place(&path) {
                prop_assert!(path.starts_with(place.own_cgroup));
                prop_assert!(place.own_cgroup.contains(place.id));
            }
            let _ = is_monitor(&path);
        }
    }
}
