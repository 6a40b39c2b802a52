//! Who may read what: rights are those of the pods' own namespace.

use crate::forward::Forward;
use crate::manifest::workload;
use anyhow::{Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::programs;
use std::process::Command;

/// A namespace with a pod that has run.
pub(crate) fn with_pod(name: &str) -> Result<Namespace> {
    let namespace = Namespace::new(name)?;
    namespace.apply(&workload("web", &["sleep", "1000"]).to_string())?;
    namespace.runs("web")?;
    Ok(namespace)
}

pub(crate) fn grant(namespace: &Namespace, role: &str, user: &str) -> Result<()> {
    let (role, user) = (format!("--clusterrole={role}"), format!("--user={user}"));
    namespace.ask(&["create", "rolebinding", "rewind", &role, &user]).map(drop)
}

fn refused(namespace: &Namespace, user: &User, arguments: &[&str]) -> Result<()> {
    let said = namespace.kubectl_as(user, arguments)?;
    ensure!(said.code != 0 && said.stdout.is_empty(), "{arguments:?} was not refused: {said:?}");
    ensure!(said.stderr.to_lowercase().contains("forbidden"), "{arguments:?}: {}", said.stderr);
    Ok(())
}

pub(crate) fn by_namespace() -> Result<()> {
    agents::with(|_| {
        let (own, other) = (with_pod("own")?, with_pod("other")?);
        let user = User::called("alice")?;
        grant(&own, "rewind-viewer", "alice")?;
        let dump = own.kubectl_as(&user, &["rewind", "dump", "pod/web"])?.success()?;
        ensure!(dump.contains("execve(\"/bin/sleep\""), "{dump}");
        refused(&other, &user, &["rewind", "dump", "pod/web"])?;
        refused(&other, &user, &["rewind", "why", "pod/web"])?;
        refused(&own, &user, &["rewind", "payload", "pod/web", "on"])?;
        // What was asked for is gone with the answer.
        let left = own.ask(&["get", "recordingrequests", "-o", "name"])?;
        ensure!(left.is_empty(), "{left}");
        Ok(())
    })
}

pub(crate) fn none() -> Result<()> {
    agents::with(|_| {
        let namespace = with_pod("own")?;
        let user = User::called("mallory")?;
        for arguments in [["rewind", "dump", "pod/web"], ["rewind", "why", "pod/web"], ["get", "recordings", "-o"]] {
            let arguments = if arguments[0] == "get" { &arguments[..2] } else { &arguments[..] };
            refused(&namespace, &user, arguments)?;
        }
        Ok(())
    })
}

pub(crate) fn payload() -> Result<()> {
    agents::with(|_| {
        let namespace = with_pod("payload")?;
        let user = User::called("carol")?;
        grant(&namespace, "rewind-admin", "carol")?;
        namespace.kubectl_as(&user, &["rewind", "payload", "pod/web", "on"])?.success().map(drop)
    })
}

/// Whoever reaches the port gets nothing without a request of their own.
pub(crate) fn directly() -> Result<()> {
    agents::with(|admin| {
        let namespace = with_pod("directly")?;
        let forward = Forward::start(admin)?;
        let ask = |headers: &[&str]| -> Result<String> {
            let mut curl = Command::new("curl");
            curl.args(["-s", "-w", " %{http_code}"]).args(headers.iter().flat_map(|header| ["-H", header]));
            Ok(programs::run(curl.arg(format!("http://127.0.0.1:{}/v1/recordings", forward.port)))?.stdout)
        };
        let request = format!("rewind-request: {}/r1", namespace.name());
        let guessed = format!("authorization: Rewind {}", "0".repeat(64));
        let (request, guessed) = (request.as_str(), guessed.as_str());
        for headers in [&[][..], &[request], &[guessed], &[request, guessed]] {
            let said = ask(headers)?;
            ensure!(said.ends_with(" 401") || said.ends_with(" 429"), "{headers:?}: {said}");
            ensure!(!said.contains("web"), "it tells of pods: {said}");
        }
        Ok(())
    })
}
