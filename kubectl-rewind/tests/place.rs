//! Where the plugin looks for agents, and what it says where there is no cluster. No API server is made up here: what
//! one answers is tried in tests/cluster.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub, dead_code)]
#![cfg(unix)]

mod server;

use server::{Manners, start};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Nobody listens at its address.
const KUBECONFIG: &str = "
apiVersion: v1
kind: Config
current-context: here
contexts:
  - {name: here, context: {cluster: here, user: ann, namespace: shop}}
  - {name: there, context: {cluster: nowhere, user: ann}}
clusters:
  - {name: here, cluster: {server: 'https://127.0.0.1:1'}}
users:
  - {name: ann, user: {token: abc}}
";

fn run(program: &str, home: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).env("TZ", "UTC").envs(environment.iter().copied()).args(arguments);
    let Output { stdout, stderr, status } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(stdout), text(stderr), status.code().unwrap())
}

fn plugin(home: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> (String, String, i32) {
    run(env!("CARGO_BIN_EXE_kubectl-rewind"), home, environment, arguments)
}

/// A home with a kubeconfig.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".kube")).unwrap();
    fs::write(home.path().join(".kube/config"), KUBECONFIG).unwrap();
    home
}

#[test]
fn the_plugin_asks_the_cluster_of_the_kubeconfig_and_says_which_one_does_not_answer() {
    let home = home();
    for line in [&["list"][..], &["dump", "web"], &["status"], &["undeploy"], &["deploy"], &["trace", "deploy/web"]] {
        let (out, err, code) = plugin(home.path(), &[], line);
        assert!(
            err.starts_with("kubectl rewind: the API server https://127.0.0.1:1 cannot be reached: "),
            "{line:?} {err}"
        );
        assert_eq!((out.as_str(), code, err.lines().count()), ("", 8, 1), "{line:?} {err}");
    }
}

#[test]
fn without_a_kubeconfig_the_plugin_asks_this_host_and_so_it_does_when_told_to() {
    let server = start(Manners::default());
    let socket = server.socket.to_str().unwrap();
    let nothing = tempfile::tempdir().unwrap();
    let (_, err, code) = plugin(nothing.path(), &[], &["list"]);
    assert!(err.contains("no agent listens on /run/rewind/agent.sock") && code == 5, "{err}");
    let home = home();
    for (environment, line) in [
        (&[("REWIND_SOCKET", socket)][..], &["list"][..]),
        (&[], &["list", "--socket", socket]),
        (&[("REWIND_SOCKET", socket)], &["list", "--host"]),
    ] {
        let (out, err, code) = plugin(home.path(), environment, line);
        assert!(out.contains("3f2a9c1b2d4e") && code == 0, "{line:?}: {err}");
    }
}

#[test]
fn rewind_asks_this_host_unless_a_cluster_is_named() {
    let (home, server) = (home(), start(Manners::default()));
    let environment = [("REWIND_SOCKET", server.socket.to_str().unwrap())];
    let rewind = |line: &[&str]| run(env!("CARGO_BIN_EXE_rewind"), home.path(), &environment, line);
    assert_eq!(rewind(&["list"]).2, 0);
    for line in [&["list", "-n", "shop"][..], &["list", "-A"], &["dump", "-l", "app=web"], &["why", "web", "-c", "app"]]
    {
        let (_, err, code) = rewind(line);
        assert!(err.starts_with("rewind: the API server https://127.0.0.1:1") && code == 8, "{line:?}: {err}");
    }
}

#[test]
fn a_kubeconfig_that_is_of_no_use_is_said_to_be() {
    let home = home();
    for (line, part) in [
        (&["list", "--context", "prod"][..], "prod"),
        (&["list", "--context", "there"], "nowhere"),
        (&["list", "--kubeconfig", "/nonexistent/config"], "/nonexistent/config"),
        (&["list", "--as-group", "admins"], "--as-group needs --as"),
    ] {
        let (_, err, code) = plugin(home.path(), &[], line);
        assert!(err.starts_with("kubectl rewind: the kubeconfig cannot be used: ") && err.contains(part), "{err}");
        assert_eq!((code, err.lines().count()), (8, 1), "{line:?}: {err}");
    }
}

#[test]
fn what_is_typed_wrongly_is_said_before_a_cluster_is_asked() {
    let home = home();
    for (line, part, wanted) in [
        (&["dump", "svc/web"][..], "\"svc\" is no kind", 3),
        (&["dump", "pod/"], "names nothing", 3),
        (&["dump", "web", "-l", "app=web"], "cannot be used with", 2),
        (&["list", "--host", "-n", "shop"], "cannot be used with", 2),
    ] {
        let (_, err, code) = plugin(home.path(), &[], line);
        assert!(err.contains(part), "{line:?}: {err}");
        assert_eq!(code, wanted, "{line:?}: {err}");
    }
}

#[test]
fn kubectls_completion_is_answered_in_its_own_protocol() {
    let home = home();
    let (out, err, code) = plugin(home.path(), &[], &["__complete", "du"]);
    assert_eq!(
        (out.as_str(), err.as_str(), code),
        ("dump\tShow a recording: what is covered, then every call that is held\n:4\n", "", 0)
    );
    let (out, _, _) = plugin(home.path(), &[], &["__complete", "dump", "--context", ""]);
    assert_eq!(out, "here\nthere\n:4\n");
    // A cluster that does not answer costs the person nothing but the words.
    let (out, err, code) = plugin(home.path(), &[], &["__complete", "-n", "shop", "dump", "we"]);
    assert_eq!((out.as_str(), err.as_str(), code), (":4\n", "", 0));
    let (script, _, _) = plugin(home.path(), &[], &["completion", "kubectl"]);
    assert_eq!(script, "#!/bin/sh\nexec kubectl-rewind __complete \"$@\"\n");
}

#[test]
fn the_manifests_can_be_printed_without_a_cluster() {
    let home = home();
    let (out, err, code) = plugin(home.path(), &[], &["deploy", "--print"]);
    assert!(out.contains("kind: DaemonSet") && code == 0, "{err}");
    let (out, _, _) = plugin(home.path(), &[], &["deploy", "--print", "--image", "registry.example/rewind:7"]);
    assert!(out.contains("registry.example/rewind:7"), "{out}");
}
