//! `kubectl rewind doctor` and `status`.

use crate::manifest::workload;
use crate::reading::grant;
use crate::told::SOON;
use anyhow::{Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::programs::Said;

const BINDING: &str = "validatingadmissionpolicybinding/rewind-agent-node";

pub(crate) fn doctor() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("doctor")?;
        let name = namespace.name();
        let said = namespace.ask(&["rewind", "doctor"])?;
        let answer = format!("Rewind works in this cluster: 1 of 1 nodes record, and you may read namespace {name}.");
        ensure!(said.lines().next() == Some(&answer), "{said}");
        for subject in ["API", "definitions", "policies", "roles", "agents"] {
            let is_ok = |line: &str| line.split_whitespace().take(2).eq([subject, "ok"]);
            ensure!(said.lines().any(is_ok), "{subject} is not as it should be:\n{said}");
        }
        ensure!(said.contains("Rewind can record on this host"), "the agent says nothing of its host:\n{said}");
        let everywhere = namespace.ask(&["rewind", "doctor", "-A"])?;
        ensure!(everywhere.contains("kube-system"), "{everywhere}");
        Ok(())
    })
}

pub(crate) fn without_rights() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("doctor")?;
        let (viewer, nobody) = (User::called("dora")?, User::called("dan")?);
        grant(&namespace, "rewind-viewer", "dora")?;
        let Said { code, stdout, stderr, .. } = namespace.kubectl_as(&viewer, &["rewind", "doctor"])?;
        ensure!(code == 0 && stdout.contains("you may read namespace"), "{code}: {stdout}{stderr}");
        ensure!(stdout.contains("Rewind can record on this host"), "she may ask the agent:\n{stdout}");
        let Said { code, stdout, stderr, .. } = namespace.kubectl_as(&nobody, &["rewind", "doctor"])?;
        ensure!(code == 7 && stdout.contains("you may not read namespace"), "{code}: {stdout}{stderr}");
        ensure!(!stdout.contains("Rewind can record on this host"), "he may not ask the agent:\n{stdout}");
        Ok(())
    })
}

pub(crate) fn other_manifests() -> Result<()> {
    agents::with(|admin| {
        let namespace = Namespace::new("doctor")?;
        admin.ask(&["delete", BINDING])?;
        let said = namespace.ask(&["rewind", "doctor"]);
        let less = r#"[{"op": "remove", "path": "/rules/1"}]"#;
        admin.ask(&["patch", "clusterrole", "rewind-agent", "--type=json", "-p", less])?;
        let other = namespace.ask(&["rewind", "doctor"]);
        // As it was, for the tests that follow.
        admin.ask(&["rewind", "deploy"])?;
        let (said, other) = (said?, other?);
        ensure!(said.contains("Not there: ValidatingAdmissionPolicyBinding rewind-agent-node."), "{said}");
        ensure!(said.lines().next().is_some_and(|line| line.contains("one thing is not as it should be")), "{said}");
        let differs = other.lines().find(|line| line.contains("Not as in this version: "));
        ensure!(differs.is_some_and(|line| line.contains("ClusterRole rewind-agent")), "{other}");
        let mended = namespace.ask(&["rewind", "doctor"])?;
        ensure!(!mended.contains("Not "), "{mended}");
        Ok(())
    })
}

pub(crate) fn counted() -> Result<()> {
    agents::with(|admin| {
        let namespace = Namespace::new("status")?;
        namespace.apply(&workload("web", &["sh", "-c", "cat /etc/missing.conf; exit 37"]).to_string())?;
        namespace.ends("web", 37, SOON)?;
        let stored = |all: &serde_json::Value| all.get("items")?.as_array()?.first().map(|_| ());
        namespace.until("its Recording", SOON, &["recordings"], stored)?;
        let status = namespace.kubectl_as(admin, &["rewind", "status"])?;
        ensure!(status.code == 0 && status.stderr.contains("Recording"), "{status:?}");
        ensure!(status.stderr.contains("1 exited (37)"), "{}", status.stderr);
        Ok(())
    })
}
