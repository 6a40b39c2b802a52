//! The cluster itself, with nothing recorded: what the other tests build on.

use crate::manifest::served;
use anyhow::{Result, ensure};
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::programs::Said;
use std::time::Duration;

pub(crate) fn service() -> Result<()> {
    let namespace = Namespace::new("pods")?;
    let client = "until wget -q -O - http://web/ 2>/dev/null; do sleep 0.2; done";
    namespace.apply(&served("web", client))?;
    namespace.runs("web")?;
    namespace.ends("client", 0, Duration::from_secs(60))?;
    let log = namespace.ask(&["logs", "client"])?;
    ensure!(log == "from-web\n", "the client read {log:?}");
    Ok(())
}

pub(crate) fn restarted() -> Result<()> {
    let namespace = Namespace::new("pods")?;
    namespace.apply(
        "
apiVersion: v1
kind: Pod
metadata: {name: failing}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: app, image: 'rewind.test/workloads:1', command: [cat, /etc/missing]}
",
    )?;
    namespace.ends("failing", 1, Duration::from_secs(60))?;
    // Every ten seconds the kubelet looks after pods that have ended.
    namespace.until("three restarts", Duration::from_secs(90), &["pod", "failing"], |pod| {
        let restarts = pod.pointer("/status/containerStatuses/0/restartCount")?.as_u64()?;
        (restarts >= 3).then_some(())
    })
}

pub(crate) fn forbidden() -> Result<()> {
    let nobody = User::called("nobody-in-particular")?;
    let Said { code, stderr, .. } = nobody.kubectl(&["get", "pods", "-n", "default"])?;
    ensure!(code == 1, "it ended with {code}");
    ensure!(
        stderr.contains(r#"User "nobody-in-particular" cannot list resource "pods""#),
        "the API server says otherwise: {stderr}"
    );
    Ok(())
}
