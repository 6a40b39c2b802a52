//! Crash files that are sent away: read from there when the node is gone.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, ours};
use rewind_tests::store::files;
use std::fs;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn fails() -> Spec {
    Spec::new(["/usr/bin/busybox", "sh", "-c", "cat /etc/nope; exit 3"])
}

pub(crate) fn sent() -> Result<()> {
    let away = tempfile::tempdir()?;
    let url = format!("file://{}", away.path().display());
    let options = ["--crash-upload", url.as_str(), "--cluster-name", "lab"];
    let mut agent = Agent::start_with(&options)?;
    let first = Container::new("rewind-sent", &fails())?;
    ensure!(first.run()?.code == 3, "it did not fail as it should");
    let sent = || Some(files(away.path())).filter(|files| files.len() == 1);
    let file = eventually("the file to be sent", SOON, sent)?.remove(0);
    ensure!(file.starts_with(away.path().join("lab")), "{file:?}");
    let shown = eventually("the list to say where it is", SOON, || {
        let said = agent.ask(&["list", "--crashes", "-o", "json"]).ok()?.stdout;
        said.contains("\"url\": \"file:///").then_some(said)
    })?;
    ensure!(shown.contains("\"sent\": 1"), "{shown}");

    // The next agent sends nothing twice, and what comes all the same.
    let is_made = fs::metadata(&file)?.modified()?;
    agent.kill()?;
    agent.start_again(&options)?;
    let second = Container::new("rewind-sent", &fails())?;
    ensure!(second.run()?.code == 3, "it did not fail as it should");
    eventually("the second file to be sent", SOON, || (files(away.path()).len() == 2).then_some(()))?;
    ensure!(fs::metadata(&file)?.modified()? == is_made, "it was sent twice");
    agent.stop()?;

    let from = format!("file://{}", file.display());
    let mut why = Command::new(ours("rewind"));
    let said = programs::run(why.args(["why", "--from", &from, "--socket", "/nowhere"]))?.success();
    let said = said.with_context(|| from.clone())?;
    ensure!(said.contains("exited with 3"), "{said}");
    Ok(())
}

pub(crate) fn away() -> Result<()> {
    // Nobody listens there; that holds up no crash file.
    let options = ["--crash-upload", "http://127.0.0.1:1/crashes"];
    let agent = Agent::start_with(&options);
    ensure!(agent.is_err(), "http is no object store, and was taken for one");
    let away = tempfile::tempdir()?;
    let gone = away.path().join("file-in-the-way");
    fs::write(&gone, "")?;
    let agent = Agent::start_with(&["--crash-upload", &format!("file://{}/below", gone.display())])?;
    for _ in 0..2 {
        let container = Container::new("rewind-unsent", &fails())?;
        ensure!(container.run()?.code == 3, "it did not fail as it should");
    }
    let said = eventually("both files to be kept, and the failure to be said", SOON, || {
        let said = agent.ask(&["list", "--crashes", "-o", "json"]).ok()?.stdout;
        (said.contains("\"files\": 2") && !said.contains("\"failed_sends\": 0")).then_some(said)
    })?;
    ensure!(said.contains("\"sent\": 0") && !said.contains("\"last_send_error\": \"\""), "{said}");
    agent.stop()
}
