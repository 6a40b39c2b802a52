//! The troubles that people come with, as real containers: `why` names the right cause first, from the ring of
//! a container that is gone, and from its crash file.

pub(crate) mod network;
pub(crate) mod never;
pub(crate) mod slow;

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::told::{Told, told, unwrapped};
use serde_json::Value;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Says nothing of what it fails to do.
const START: &str = "
import socket, sys
def read(path):
    try: return open(path).read()
    except OSError: return None
token, config = read('/run/secrets/token'), read('/etc/app/config.yaml')
if config is None: sys.exit(1)
try: socket.create_connection(('127.0.0.1', 1))
except OSError: sys.exit(1)
";

pub(crate) fn startup() -> Result<()> {
    let agent = Agent::start()?;
    let id = format!("rewind-start-{}", std::process::id());
    let run = |prepare: &dyn Fn(&Path) -> Result<()>| {
        let container = Container::with_id(&id, &python(START))?;
        prepare(&container.bundle().join("rootfs"))?;
        let said = container.run()?;
        ensure!((said.code, said.stderr.as_str()) == (1, ""), "{said:?}");
        Ok(())
    };
    run(&|_| Ok(()))?;
    let missing = "It exited with 1 after openat of /etc/app/config.yaml found no such file (ENOENT).";
    let before = Told::of(&agent, &id, 1)?;
    before.expect(missing, "openat(AT_FDCWD, \"/etc/app/config.yaml\", O_RDONLY|O_CLOEXEC) = -1 ENOENT")?;

    run(&|root| {
        put(&root.join("run/secrets/token"), "t", 0o400)?;
        put(&root.join("etc/app/config.yaml"), "port: 1", 0o644)
    })?;
    let told = Told::of(&agent, &id, 2)?;
    let refused = "It exited with 1 after connect to 127.0.0.1:1 was refused (ECONNREFUSED).";
    told.expect(refused, "sin_port=htons(1), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = -1 ECONNREFUSED")?;
    told.mentions("openat of /run/secrets/token was denied (EACCES)")?;
    let previous = agent.ask(&["why", &id, "--previous"])?.success()?;
    ensure!(unwrapped(&previous).starts_with(missing), "{previous}");
    agent.stop()
}

pub(crate) fn crash() -> Result<()> {
    let agent = Agent::start()?;
    let container = Container::new("rewind-crash", &python("import time; time.sleep(1); open('/etc/passwd', 'w')"))?;
    let told = told(&agent, container, 1)?;
    let denied =
        r#"openat(AT_FDCWD, "/etc/passwd", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = -1 EACCES (Permission denied)"#;
    told.expect("It exited with 1 after openat of /etc/passwd was denied (EACCES)", denied)?;
    let dump = agent.ask(&["dump", &told.id, "-o", "strace"])?.success()?;
    ensure!(dump.matches(denied).count() == 1, "it was tried once:\n{dump}");
    for line in ["write(2, \"PermissionError", "+++ exited with 1 +++"] {
        ensure!(dump.contains(line), "`{line}` is not there:\n{dump}");
    }
    agent.stop()
}

pub(crate) fn descriptors() -> Result<()> {
    let agent = Agent::start()?;
    let script = "ulimit -n 32; exec python3 -c 'f = [open(\"/etc/group\") for _ in range(99)]'";
    let told = told(&agent, Container::new("rewind-full", &Spec::new(["/bin/sh", "-c", script]))?, 1)?;
    let first = "openat(AT_FDCWD, \"/etc/group\", O_RDONLY|O_CLOEXEC) = -1 EMFILE (Too many open files)";
    told.expect(
        "It exited with 1 after openat of /etc/group found all descriptors of the process in use (EMFILE)",
        first,
    )?;
    ensure!(told.answer().contains("29 of those open are /etc/group"), "{}", told.answer());
    let kinds = told.why.pointer("/descriptors/kinds/0").map(Value::to_string);
    ensure!(kinds.as_deref() == Some("[\"/etc/group\",29]"), "{kinds:?}");
    agent.stop()
}

pub(crate) fn secret() -> Result<()> {
    let agent = Agent::start()?;
    let secrets = tempfile::tempdir()?;
    put(&secrets.path().join("token"), "t", 0o400)?;
    fs::set_permissions(&secrets, Permissions::from_mode(0o755))?;
    let script = "
import os, sys
for path in ['/etc/app/token', '/.config/app/token', '/run/secrets/token']:
    try: open(path); break
    except OSError: pass
else:
    os.stat(path); sys.exit('no usable token')
";
    let mut spec = python(script);
    spec.mounts.push((secrets.path().to_owned(), "/run/secrets".into()));
    let told = told(&agent, Container::new("rewind-secret", &spec)?, 1)?;
    told.expect(
        "It exited with 1 after openat of /run/secrets/token was denied (EACCES)",
        "openat(AT_FDCWD, \"/run/secrets/token\", O_RDONLY|O_CLOEXEC) = -1 EACCES (Permission denied)",
    )?;
    let known = "; it ran as user 65534, and the file is user 0's with mode 0400.";
    ensure!(told.answer().ends_with(known), "{}", told.answer());
    let tried = told.why.get("tried").and_then(Value::as_array).context("no paths")?;
    let tried: Vec<_> =
        tried.iter().filter_map(|tried| Some((tried.get("path")?.as_str()?, tried.get("result")?.as_str()?))).collect();
    let in_order = [
        ("/etc/app/token", "ENOENT"),
        ("/.config/app/token", "ENOENT"),
        ("/run/secrets/token", "EACCES"),
        ("/run/secrets/token", "ok"),
    ];
    ensure!(tried == in_order, "{tried:?}");
    agent.stop()
}

pub(crate) fn python(script: &str) -> Spec {
    Spec::new(["/usr/bin/python3", "-c", script])
}

/// A file of the container's own, which root owns.
fn put(path: &Path, text: &str, mode: u32) -> Result<()> {
    fs::create_dir_all(path.parent().context("no directory")?)?;
    fs::write(path, text)?;
    Ok(fs::set_permissions(path, Permissions::from_mode(mode))?)
}
