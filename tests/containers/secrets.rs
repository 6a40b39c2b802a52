//! What a container is told in confidence is in no recording of it.

use anyhow::{Result, ensure};
use rewind_recording::file;
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::dump::Dump;
use rewind_tests::eventually::eventually;
use std::fs::{self, File};
use std::time::Duration;

const SECRET: &str = "hunter2";
const SCRIPT: &str = "/usr/bin/env DB_PASSWORD=hunter2 true; cat '/tmp/x?token=hunter2'; cat --password=hunter2; \
                      echo 'Authorization: Bearer hunter2'; echo 'paid by order-hunter2'; exit 3";

/// `hunter2` is found by names and shapes, but for one that only the person's own pattern knows.
pub(crate) fn redacted() -> Result<()> {
    let agent = Agent::start_with(&["--redact", "order-([a-z0-9]+)"])?;
    let container = Container::new("rewind-secret", &Spec::new(["/usr/bin/busybox", "sh", "-c", SCRIPT]))?;
    let said = container.run()?;
    ensure!(said.code == 3 && said.stdout.contains(SECRET), "it did not say what it should: {said:?}");
    let id = container.id();
    let dump = Dump::eventually(&agent, id, "the container's end", |dump| dump.has("exit_group", "3"))?;
    ensure!(dump.header.get("redacted").and_then(|count| count.as_u64()) >= Some(5), "{}", dump.header);
    let marked = |call: &&serde_json::Value| call.get("redacted").and_then(|is| is.as_bool()) == Some(true);
    ensure!(
        dump.named("execve").any(|call| marked(&call))
            && dump.named("open").chain(dump.named("openat")).any(|call| marked(&call)),
        "no open or no execve is marked as redacted"
    );

    let dir = tempfile::tempdir()?;
    let saved = dir.path().join("web.rewind").to_string_lossy().into_owned();
    agent.ask(&["save", id, "--output", &saved])?.success()?;
    let held = file::read(File::open(&saved)?)?.records;
    ensure!(!held.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes()), "the saved file holds the secret");
    let crash = eventually("its crash file", Duration::from_secs(10), || {
        let mut files = fs::read_dir(agent.crash_dir()).ok()?.flatten().map(|entry| entry.path());
        files.find(|path| path.extension().is_some_and(|extension| extension == "rewind"))
    })?;
    let kept = file::read(File::open(&crash)?)?.records;
    ensure!(!kept.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes()), "the crash file holds the secret");
    for shown in [
        &["dump", id, "-s", "999"][..],
        &["dump", id, "-s", "999", "-o", "json"],
        &["dump", id, "-s", "999", "-o", "strace"],
        &["dump", "-s", "999", "-o", "strace", "--from", &saved],
        &["why", id],
    ] {
        let text = agent.ask(shown)?.success()?;
        ensure!(!text.contains(SECRET) && text.contains("[redacted]"), "{shown:?} shows it:\n{text}");
    }
    let text = agent.ask(&["dump", id, "-s", "999", "-o", "strace"])?.success()?;
    for line in [
        r#""DB_PASSWORD=[redacted]", "true"]"#,
        r#""/tmp/x?token=[redacted]""#,
        "Bearer [redacted]\\n",
        "order-[redacted]\\n",
    ] {
        ensure!(text.contains(line), "`{line}` is not there:\n{text}");
    }
    agent.stop()
}
