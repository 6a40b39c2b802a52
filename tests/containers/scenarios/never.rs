//! Containers whose program never runs: the runtime fails at a step of setting them up.

use super::put;
use anyhow::{Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::told::told;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

pub(crate) fn program() -> Result<()> {
    program_by("runc")
}

pub(crate) fn program_by_crun() -> Result<()> {
    program_by("crun")
}

pub(crate) fn files() -> Result<()> {
    files_by("runc")
}

pub(crate) fn files_by_crun() -> Result<()> {
    files_by("crun")
}

/// A program that is not there, in four ways, and one that may not be executed, in two.
fn program_by(runtime: &str) -> Result<()> {
    let agent = Agent::start()?;
    let script = "#!/bin/sh\n";
    let nothing = "#!/opt/python9\n";
    for (name, program, file, answer) in [
        ("missing", "/bin/nope", None, "could not execute /bin/nope, which does not exist (ENOENT)."),
        ("unfound", "nope", None, "could not find the program nope in /usr/bin, /bin, /usr/sbin, /sbin (ENOENT)."),
        (
            "interpreter",
            "/app/run",
            Some((nothing, 0o755)),
            "could not execute /app/run, whose interpreter or loader does not exist (ENOENT).",
        ),
        (
            "mode",
            "/app/run",
            Some((script, 0o644)),
            // crun asks whether it may execute it, which is as good an answer.
            if runtime == "crun" {
                "could not execute /app/run as user 65534: permission denied (EACCES)."
            } else {
                "could not execute /app/run, whose mode 0644 lets nobody execute it."
            },
        ),
        (
            "user",
            "/app/run",
            Some((script, 0o700)),
            "could not execute /app/run as user 65534: permission denied (EACCES).",
        ),
        (
            "format",
            "/app/run",
            Some(("nothing that runs\n", 0o755)),
            "could not execute /app/run as user 65534: exec format error (ENOEXEC).",
        ),
    ] {
        let container = Container::new(&format!("rewind-never-{name}"), &Spec::new([program]))?;
        if let Some((text, mode)) = file {
            put(&container.bundle().join("rootfs/app/run"), text, mode)?;
        }
        never(&agent, runtime, container, answer)?;
    }
    agent.stop()
}

/// Mounts that fail, mount points and a working directory that cannot be made.
fn files_by(runtime: &str) -> Result<()> {
    let agent = Agent::start()?;
    let shared = tempfile::tempdir()?;
    let bind = |from: &Path, to: &str| json!({"destination": to, "type": "none", "source": from, "options": ["rbind"]});
    let missing = shared.path().join("nothing");
    let prepare = |name: &str, edit: &dyn Fn(&mut Value)| -> Result<Container> {
        let container = Container::new(&format!("rewind-never-{name}"), &Spec::new(["/bin/true"]))?;
        let path = container.bundle().join("config.json");
        let mut config = serde_json::from_str(&fs::read_to_string(&path)?)?;
        edit(&mut config);
        fs::write(&path, config.to_string())?;
        Ok(container)
    };
    let mount = |name: &str, mount: Value| {
        prepare(name, &|config| {
            if let Some(mounts) = config.get_mut("mounts").and_then(Value::as_array_mut) {
                mounts.push(mount.clone());
            }
        })
    };
    let source = format!(
        "could not find {} while it set up the file systems: no such file or directory (ENOENT).",
        missing.display()
    );
    never(&agent, runtime, mount("source", bind(&missing, "/mnt/x"))?, &source)?;

    let container = mount("target", bind(shared.path(), "/etc/passwd"))?;
    let target = fs::canonicalize(container.bundle())?.join("rootfs/etc/passwd");
    let answer =
        format!("could not mount {} on {}: not a directory (ENOTDIR).", shared.path().display(), target.display());
    never(&agent, runtime, container, &answer)?;

    let unknown = json!({"destination": "/mnt", "type": "nosuchfs", "source": "disk"});
    let container = mount("type", unknown)?;
    let target = fs::canonicalize(container.bundle())?.join("rootfs/mnt");
    never(
        &agent,
        runtime,
        container,
        &format!("could not mount disk on {}: no such device (ENODEV).", target.display()),
    )?;

    // Where the host's own root is to be the container's.
    let container = prepare("root", &|config| {
        set(config, "/root/path", json!("/"));
        let own = |path: &str, kind: &str| json!({"destination": path, "type": kind, "source": kind});
        // So that nothing is made in the host's.
        set(config, "/mounts", json!([own("/proc", "proc"), own("/dev", "tmpfs")]));
    })?;
    let busy = "could not change to the container's root (pivot_root): device or resource busy (EBUSY).";
    never(&agent, runtime, container, busy)?;
    if runtime == "crun" {
        // It makes all directories before what it mounts becomes read-only: they would be the host's.
        return agent.stop();
    }

    // What is mounted read-only has no room for another mount point.
    let read_only = bind(shared.path(), "/usr/rewind-never");
    let container = mount("read-only", read_only)?;
    let below = fs::canonicalize(container.bundle())?.join("rootfs/usr/rewind-never");
    never(&agent, runtime, container, &format!("could not make {}: read-only file system (EROFS).", below.display()))?;

    let container = prepare("cwd", &|config| set(config, "/process/cwd", json!("/usr/rewind-never")))?;
    never(&agent, runtime, container, "could not make /usr/rewind-never: read-only file system (EROFS).")?;
    agent.stop()
}

fn set(config: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = config.pointer_mut(pointer) {
        *place = value;
    }
}

/// Runs it, and expects that `why` says so.
fn never(agent: &Agent, runtime: &str, container: Container, answer: &str) -> Result<()> {
    let container = if runtime == "runc" { container } else { container.by(runtime)? };
    let told = told(agent, container, 1)?;
    let expected = format!("Its program never ran: {runtime} {answer}");
    ensure!(told.answer() == expected, "`{expected}` is not this: {}", told.answer());
    // Once it has complained, who started it kills it, if it has not ended before.
    told.expect(&expected, "+++ exited with 1 +++").or_else(|_| told.expect(&expected, "+++ killed by SIGKILL +++"))
}
