//! etcd, API server, controller manager, scheduler.

use super::parts::Parts;
use anyhow::Result;
use rewind_tests::cluster::certificates::{self, CLUSTER, Certificates, Usage};
use rewind_tests::cluster::place::{
    ADDRESS, ADMIN, API_SERVICE, NODE, POD_RANGE, Place, SECOND, SECOND_ADDRESS, SERVICE_RANGE,
};
use rewind_tests::cluster::processes::{self, wait};
use rewind_tests::programs;
use std::fs;
use std::process::Command;
use std::time::Duration;

const ETCD: &str = "http://127.0.0.1:2379";
const ETCD_PEER: &str = "http://127.0.0.1:2380";
/// Says who asked for what of ours.
const AUDIT_POLICY: &str = include_str!("config/audit.yaml");
/// The API server tells extensions by this authority's certificates who it asks for.
const FRONT: &str = "front-proxy-ca";
const TOKENS: &str = "service-accounts";

/// Makes all keys, certificates and kubeconfigs.
pub(super) fn certificates(place: &Place) -> Result<()> {
    let made = Certificates::of(place);
    made.authority(CLUSTER, "kubernetes-ca")?;
    made.authority(FRONT, FRONT)?;
    made.token_keys(TOKENS)?;
    let service = "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc";
    let names = format!(
        "{service},DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:{API_SERVICE},IP:{ADDRESS},IP:127.0.0.1"
    );
    made.sign("apiserver", CLUSTER, "/CN=kube-apiserver", Usage::Server(&names))?;
    made.sign("apiserver-client", CLUSTER, "/O=system:masters/CN=kube-apiserver-kubelet-client", Usage::Client)?;
    made.sign("front-proxy-client", FRONT, "/CN=front-proxy-client", Usage::Client)?;
    let node = format!("/O=system:nodes/CN=system:node:{NODE}");
    made.sign("kubelet-server", CLUSTER, &node, Usage::Server(&format!("DNS:{NODE},IP:{ADDRESS}")))?;
    let second = format!("/O=system:nodes/CN=system:node:{SECOND}");
    let names = format!("DNS:{SECOND},IP:{SECOND_ADDRESS}");
    made.sign("kubelet-server-two", CLUSTER, &second, Usage::Server(&names))?;
    for (user, subject) in [
        (ADMIN, "/O=system:masters/CN=kubernetes-admin"),
        ("kube-controller-manager", "/CN=system:kube-controller-manager"),
        ("kube-scheduler", "/CN=system:kube-scheduler"),
        ("kube-proxy", "/CN=system:kube-proxy"),
        ("kubelet", node.as_str()),
        ("kubelet-two", second.as_str()),
    ] {
        certificates::user(place, user, subject)?;
    }
    Ok(())
}

/// Starts etcd and the API server; does not wait for the latter.
pub(super) fn start(place: &Place, parts: &Parts) -> Result<()> {
    let mut etcd = parts.etcd();
    // What is lost when the machine stops is no loss.
    etcd.args(["--unsafe-no-fsync", "--name", "rewind", "--log-level", "warn"]);
    etcd.arg("--data-dir").arg(place.dir().join("etcd")).args(["--initial-cluster", &format!("rewind={ETCD_PEER}")]);
    etcd.args(["--listen-client-urls", ETCD, "--advertise-client-urls", ETCD]);
    etcd.args(["--listen-peer-urls", ETCD_PEER, "--initial-advertise-peer-urls", ETCD_PEER]);
    processes::start(place, "etcd", &etcd)?;
    wait(place, "etcd to be healthy", Duration::from_secs(30), || {
        let health = programs::run(Command::new("curl").args(["-fsS", &format!("{ETCD}/health")])).ok()?;
        health.stdout.contains("true").then_some(())
    })?;
    start_api_server(place, parts)
}

fn start_api_server(place: &Place, parts: &Parts) -> Result<()> {
    let made = Certificates::of(place);
    let policy = place.dir().join("audit.yaml");
    fs::write(&policy, AUDIT_POLICY)?;
    let mut api = parts.kube("kube-apiserver");
    for (option, value) in [
        ("etcd-servers", ETCD),
        ("bind-address", ADDRESS),
        ("secure-port", "6443"),
        ("advertise-address", ADDRESS),
        ("service-cluster-ip-range", SERVICE_RANGE),
        ("allow-privileged", "true"),
        ("authorization-mode", "Node,RBAC"),
        ("enable-admission-plugins", "NodeRestriction"),
        ("kubelet-preferred-address-types", "InternalIP"),
        ("service-account-issuer", "https://kubernetes.default.svc.cluster.local"),
        ("requestheader-allowed-names", "front-proxy-client"),
        ("requestheader-username-headers", "X-Remote-User"),
        ("requestheader-group-headers", "X-Remote-Group"),
        ("requestheader-extra-headers-prefix", "X-Remote-Extra-"),
    ] {
        api.arg(format!("--{option}={value}"));
    }
    for (option, file) in [
        ("client-ca-file", made.certificate(CLUSTER)),
        ("tls-cert-file", made.certificate("apiserver")),
        ("tls-private-key-file", made.key("apiserver")),
        ("cert-dir", place.dir().join("apiserver")),
        ("kubelet-client-certificate", made.certificate("apiserver-client")),
        ("kubelet-client-key", made.key("apiserver-client")),
        ("kubelet-certificate-authority", made.certificate(CLUSTER)),
        ("service-account-key-file", made.certificate(TOKENS)),
        ("service-account-signing-key-file", made.key(TOKENS)),
        ("requestheader-client-ca-file", made.certificate(FRONT)),
        ("proxy-client-cert-file", made.certificate("front-proxy-client")),
        ("proxy-client-key-file", made.key("front-proxy-client")),
        ("audit-policy-file", policy),
        ("audit-log-path", place.log("audit")),
    ] {
        api.arg(format!("--{option}={}", file.display()));
    }
    processes::start(place, "kube-apiserver", &api)
}

/// Starts what decides, once the API server answers.
pub(super) fn start_controllers(place: &Place, parts: &Parts) -> Result<()> {
    let made = Certificates::of(place);
    wait(place, "the API server to be ready", Duration::from_secs(120), || {
        let mut kubectl = parts.kube("kubectl");
        kubectl.arg("--kubeconfig").arg(place.kubeconfig(ADMIN)).args(["get", "--raw", "/readyz"]);
        programs::run(&mut kubectl).is_ok_and(|said| said.code == 0).then_some(())
    })?;
    let controller = |name: &str| {
        let mut command = parts.kube(name);
        for option in ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"] {
            command.arg(format!("--{option}={}", place.kubeconfig(name).display()));
        }
        command.arg(format!("--cert-dir={}", place.dir().join(name).display()));
        command.args([
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ]);
        command
    };
    let mut manager = controller("kube-controller-manager");
    for (option, file) in [
        ("root-ca-file", made.certificate(CLUSTER)),
        ("service-account-private-key-file", made.key(TOKENS)),
        ("cluster-signing-cert-file", made.certificate(CLUSTER)),
        ("cluster-signing-key-file", made.key(CLUSTER)),
        ("flex-volume-plugin-dir", place.dir().join("flex")),
    ] {
        manager.arg(format!("--{option}={}", file.display()));
    }
    manager.args(["--use-service-account-credentials=true", "--allocate-node-cidrs=true"]);
    manager.args([format!("--cluster-cidr={POD_RANGE}"), "--node-cidr-mask-size=22".into()]);
    processes::start(place, "kube-controller-manager", &manager)?;
    processes::start(place, "kube-scheduler", &controller("kube-scheduler"))
}
