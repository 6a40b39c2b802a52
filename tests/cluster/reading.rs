//! Who may read what: rights are those of the pods' own namespace.

use crate::manifest::{python, workload};
use crate::port::Forward;
use crate::told::SOON;
use anyhow::{Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::eventually::until;

const MARKER: &str = "what-was-read";
const OPENED: &str = "\"/tmp/marked\"";
/// What it writes and reads goes by a descriptor of its own, for standard output is recorded always; and stands nowhere
/// in the script, which is an argument.
const READS: &str = "
import time
open('/tmp/marked', 'w').write('-'.join(['what', 'was', 'read']))
while True:
    open('/tmp/marked').read()
    time.sleep(0.1)
";

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
        let namespace = Namespace::new("payload")?;
        namespace.apply(&python("web", READS).to_string())?;
        namespace.runs("web")?;
        let user = User::called("carol")?;
        grant(&namespace, "rewind-admin", "carol")?;
        let ask = |arguments: &[&str]| namespace.kubectl_as(&user, arguments)?.success();
        let dump = || ask(&["rewind", "dump", "pod/web", "-o", "strace", "-s", "64"]);
        let has = |word: &'static str| move |dump: &String| dump.contains(word).then(|| dump.clone());
        let before = until("it to have read its file", SOON, dump, has(OPENED))?;
        ensure!(!before.contains(MARKER), "payload is recorded, and nobody has switched it on:\n{before}");
        ask(&["rewind", "payload", "pod/web", "on"])?;
        until("payload", SOON, dump, has(MARKER))?;
        ask(&["rewind", "payload", "pod/web", "off"])?;
        // The newest calls have none again.
        let newest = || ask(&["rewind", "dump", "pod/web", "-o", "strace", "--last", "12"]);
        let is_without = |dump: &String| (dump.contains(OPENED) && !dump.contains(MARKER)).then_some(());
        until("calls without payload", SOON, newest, is_without)
    })
}

/// Whoever reaches the port gets nothing without a request of their own.
pub(crate) fn directly() -> Result<()> {
    agents::with(|admin| {
        let namespace = with_pod("directly")?;
        let forward = Forward::start(admin, agents::DAEMON_SET)?;
        let request = format!("rewind-request: {}/r1", namespace.name());
        let guessed = format!("authorization: Rewind {}", "0".repeat(64));
        for headers in [vec![], vec![request.clone()], vec![guessed.clone()], vec![request, guessed]] {
            let (said, status) = forward.ask("/v1/recordings", &headers)?;
            ensure!([401, 429].contains(&status), "{headers:?}: {status} {said}");
            ensure!(!said.contains("web"), "it tells of pods: {said}");
        }
        Ok(())
    })
}
