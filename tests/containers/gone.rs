//! Reading what is no more.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::cgroup;
use rewind_tests::container::Container;
use rewind_tests::dump::{self, Dump};

const CRASH: &str = "open('/etc/passwd', 'w')";

pub(crate) fn crashed() -> Result<()> {
    let agent = Agent::start()?;
    let container = Container::new("rewind-crash", &Spec::new(["/usr/bin/python3", "-c", CRASH]))?;
    let said = container.run()?;
    ensure!(said.code == 1 && said.stderr.contains("PermissionError"), "it did not crash as it should: {said:?}");
    let dir = cgroup::root().context("no cgroup2 is mounted")?.join(container.id());
    ensure!(!dir.exists() && !container.exists(), "the container is still there");
    let id = container.id().to_owned();
    drop(container);

    Dump::eventually(&agent, &id, "the container's end", |dump| dump.has("exit_group", "1"))?;
    let text = agent.ask(&["dump", &id, "-o", "strace"])?.success()?;
    let denied =
        r#"openat(AT_FDCWD, "/etc/passwd", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = -1 EACCES (Permission denied)"#;
    for line in [denied, "exit_group(1)", "+++ exited with 1 +++", "write(2, \"PermissionError"] {
        ensure!(text.contains(line), "`{line}` is not there:\n{text}");
    }
    let failed = agent.ask(&["dump", &id, "--failed", "-o", "strace"])?.success()?;
    ensure!(failed.contains(denied) && !failed.contains(" = 0\n"), "--failed shows other calls:\n{failed}");
    let row = dump::list(&agent)?.into_iter().find(|row| row.to_string().contains(&id)).context("it is not listed")?;
    ensure!(row.get("died_ns").is_some_and(serde_json::Value::is_u64), "it is listed as living: {row}");
    Ok(())
}

pub(crate) fn unknown() -> Result<()> {
    let agent = Agent::start()?;
    // Where nothing is recorded at all, it says that.
    let container = Container::new("rewind-known", &Spec::new(["/usr/bin/busybox", "true"]))?;
    container.run()?.success()?;
    Dump::eventually(&agent, container.id(), "the container's end", |dump| dump.has("exit_group", "0"))?;
    let said = agent.ask(&["dump", "no-such-container"])?;
    ensure!(said.code == 3 && said.stdout.is_empty(), "{said:?}");
    ensure!(said.stderr.contains("no-such-container") && said.stderr.trim().lines().count() <= 3, "{}", said.stderr);
    Ok(())
}
