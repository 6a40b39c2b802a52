//! Files as runtimes write them, shortened, and what must be read from them.
#![allow(clippy::expect_used)]

use super::names::Sources;
use super::path;
use super::runtimes::MAX_BYTES;
use super::source::Known;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

const ID: &str = "3f4a9d1c0b7e5a62d8f19c3be47a0516f2d3c4b5a69788796a5b4c3d2e1f0a9b";
const UID: &str = "2f1a6c3e-9b0d-4e57-8a11-0c9d3f7e2b64";

/// A host's root with a few files in it, removed when the test ends.
struct Host(PathBuf);

impl Host {
    fn with(files: &[(&str, &str)]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("rewind-names-{}-{number}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path.replace("{I}", ID));
            fs::create_dir_all(path.parent().expect("a directory")).expect("made");
            fs::write(path, text.replace("{I}", ID).replace("{U}", UID)).expect("written");
        }
        Self(root)
    }

    fn known(&self, cgroup_path: &str) -> Option<Known> {
        let path = cgroup_path.replace("{I}", ID).replace("{U}", UID);
        Sources::of_host(&self.0, None).known(&path::container(&path))
    }

    #[track_caller]
    fn name(&self, cgroup_path: &str) -> String {
        self.known(cgroup_path).expect("known").name
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const TASKS: &str = "run/containerd/io.containerd.runtime.v2.task";

#[test]
fn containerds_bundle_gives_namespace_pod_and_container() {
    let config = r#"{"ociVersion":"1.0.2","process":{"args":["x"]},"annotations":{
        "io.kubernetes.cri.container-name":"app","io.kubernetes.cri.container-type":"container",
        "io.kubernetes.cri.sandbox-name":"cart-0","io.kubernetes.cri.sandbox-namespace":"shop",
        "io.kubernetes.cri.sandbox-uid":"{U}"}}"#;
    for dir in [TASKS, "run/k3s/containerd/io.containerd.runtime.v2.task"] {
        let host = Host::with(&[(&format!("{dir}/k8s.io/{{I}}/config.json"), config)]);
        let known = host.known("/kubepods/burstable/pod{U}/{I}").expect("known");
        assert_eq!(known.name, "shop/cart-0/app");
        assert_eq!(known.pod_uid.as_deref(), Some(UID));
    }
}

#[test]
fn a_pause_container_has_its_pods_name() {
    let config = r#"{"annotations":{"io.kubernetes.cri.container-type":"sandbox",
        "io.kubernetes.cri.sandbox-name":"cart-0","io.kubernetes.cri.sandbox-namespace":"shop"}}"#;
    let host = Host::with(&[(&format!("{TASKS}/k8s.io/{{I}}/config.json"), config)]);
    let known = host.known("/kubepods/burstable/pod{U}/{I}").expect("known");
    assert_eq!(known.name, "shop/cart-0");
}

#[test]
fn a_bundle_settles_the_runtime_that_the_path_left_open() {
    let host = Host::with(&[(&format!("{TASKS}/prod/box/config.json"), "{}")]);
    let mut container = path::container("/prod/box");
    assert_eq!(container.runtime, "unknown");
    Sources::of_host(&host.0, None).fill(&mut container);
    assert_eq!((container.runtime.as_str(), container.name.as_str()), ("containerd", ""));
}

#[test]
fn docker_gives_the_name_people_know_without_its_slash() {
    let file = "var/lib/docker/containers/{I}/config.v2.json";
    let host = Host::with(&[(file, r#"{"StreamConfig":{},"ID":"{I}","Name":"/eager_bell","Config":{"Labels":{}}}"#)]);
    assert_eq!(host.name("/docker/{I}"), "eager_bell");
    assert_eq!(host.name("/system.slice/docker-{I}.scope/init.scope"), "eager_bell");
    let host = Host::with(&[(file, r#"{"Name":"/k8s_app_cart-0_shop_{U}_3"}"#)]);
    let known = host.known("/kubepods/burstable/pod{U}/{I}").expect("known");
    assert_eq!((known.name.as_str(), known.runtime.as_deref()), ("shop/cart-0/app", Some("docker")));
    let host = Host::with(&[(file, r#"{"Name":"/k8s_POD_cart-0_shop_{U}_0"}"#)]);
    assert_eq!(host.name("/docker/{I}"), "shop/cart-0");
}

#[test]
fn cri_o_gives_pod_and_container_by_annotation_or_by_its_long_name() {
    let file = "run/containers/storage/overlay-containers/{I}/userdata/config.json";
    let cgroup = "/kubepods.slice/kubepods-pod{U}.slice/crio-{I}.scope";
    for config in [
        r#"{"annotations":{"io.kubernetes.pod.name":"cart-0","io.kubernetes.pod.namespace":"shop",
            "io.kubernetes.container.name":"app","io.kubernetes.cri-o.ContainerType":"container"}}"#,
        r#"{"annotations":{"io.kubernetes.container.name":"app","io.kubernetes.cri-o.Name":"k8s_app_cart-0_shop_{U}_0"}}"#,
    ] {
        let known = Host::with(&[(file, config)]).known(cgroup).expect("known");
        assert_eq!(known.name, "shop/cart-0/app");
    }
    let sandbox = r#"{"annotations":{"io.kubernetes.cri-o.ContainerType":"sandbox","io.kubernetes.container.name":"POD",
        "io.kubernetes.cri-o.KubeName":"cart-0","io.kubernetes.cri-o.Namespace":"shop"}}"#;
    let known = Host::with(&[(file, sandbox)]).known(cgroup).expect("known");
    assert_eq!(known.name, "shop/cart-0");
}

#[test]
fn podmans_list_gives_the_name() {
    let list = r#"[{"id":"00","names":["other"]},{"id":"{I}","names":["db","alias"],"image":"x","metadata":"{}"}]"#;
    let host = Host::with(&[("var/lib/containers/storage/overlay-containers/containers.json", list)]);
    assert_eq!(host.name("/machine.slice/libpod-{I}.scope/container"), "db");
}

#[test]
fn runcs_state_gives_the_id_behind_a_cgroup_of_another_name() {
    let state = r#"{"id":"box","init_process_pid":1,"cgroup_paths":{"":"/sys/fs/cgroup/unified/jobs/7",
        "memory":"/sys/fs/cgroup/memory/jobs/7"}}"#;
    let host = Host::with(&[("run/runc/box/state.json", state)]);
    assert_eq!(host.name("/jobs/7"), "box");
    assert_eq!(host.known("/other/7"), None);
    assert_eq!(host.known("/"), None);
}

#[test]
fn whatever_a_file_holds_is_at_worst_no_answer() {
    let long = format!("{{\"Name\":\"/x\",\"pad\":\"{}\"}}", "a".repeat(usize::try_from(MAX_BYTES).expect("small")));
    for text in ["", "{", "[]", "null", "{\"Name\":7}", "\u{0}", long.as_str()] {
        let host = Host::with(&[("var/lib/docker/containers/{I}/config.v2.json", text)]);
        assert_eq!(host.known("/docker/{I}"), None);
    }
    let host = Host::with(&[("var/lib/docker/containers/{I}/config.v2.json/x", "")]);
    assert_eq!(host.known("/docker/{I}"), None);
}
