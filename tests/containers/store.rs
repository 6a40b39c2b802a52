//! Crash files in an S3 server: under their names, each once, whatever the server does.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, Said, ours};
use rewind_tests::store::{BUCKET, Line, Store};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);
/// The store's library tries again within a quarter of a minute.
const BACK: Duration = Duration::from_secs(30);
/// How long a request may hang.
const HANGS: Duration = Duration::from_secs(75);

fn options() -> [String; 4] {
    ["--crash-upload".into(), format!("s3://{BUCKET}/nodes"), "--cluster-name".into(), "lab".into()]
}

fn start(environment: Vec<(&'static str, String)>) -> Result<Agent> {
    let options = options();
    Agent::start_in(environment, &options.each_ref().map(String::as_str))
}

fn start_again(agent: &mut Agent) -> Result<()> {
    let options = options();
    agent.start_again(&options.each_ref().map(String::as_str))
}

/// A container that ends badly, and when it had.
fn crash(name: &str) -> Result<Instant> {
    let fails = Spec::new(["/usr/bin/busybox", "sh", "-c", "cat /etc/nope; exit 3"]);
    ensure!(Container::new(name, &fails)?.run()?.code == 3, "it did not fail as it should");
    Ok(Instant::now())
}

/// What the agent says of crash files.
fn totals(agent: &Agent) -> Option<Value> {
    let said = agent.ask(&["list", "--crashes", "-o", "json"]).ok()?.stdout;
    serde_json::from_str::<Value>(&said).ok()?.get("totals").cloned()
}

fn count(totals: &Value, name: &str) -> u64 {
    totals.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// So many objects, and no more; the agent knows of each that it is there.
fn arrive(store: &Store, agent: &Agent, number: usize, within: Duration) -> Result<Vec<String>> {
    let all = eventually(&format!("{number} objects, each known"), within, || {
        let sent = count(&totals(agent)?, "sent");
        (store.objects().len() >= number && sent == number as u64).then(|| store.objects())
    });
    let all = all.with_context(|| format!("{:?}\n{}", store.objects(), agent.log()))?;
    ensure!(all.len() == number, "{all:?}");
    Ok(all)
}

fn read(store: &Store, arguments: &[&str]) -> Result<Said> {
    let mut rewind = Command::new(ours("rewind"));
    programs::run(rewind.args(arguments).args(["--socket", "/nowhere"]).envs(store.environment()))
}

pub(crate) fn sent() -> Result<()> {
    let store = Store::start()?;
    let mut agent = start(store.environment())?;
    crash("rewind-stored")?;
    let name = arrive(&store, &agent, 1, SOON)?.remove(0);
    let parts: Vec<_> = name.split('/').collect();
    ensure!(parts.len() == 5 && parts.starts_with(&["nodes", "lab"]), "{name}");
    ensure!(parts[3].starts_with("rewind-stored") && parts[4].ends_with(".rewind"), "{name}");
    let before = store.object(&name)?;

    // The next agent finds it there, in an image without certificates, too.
    agent.kill()?;
    let no_certificates = [("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")];
    let no_certificates = no_certificates.map(|(name, path)| (name, path.to_owned()));
    agent.set_environment(store.environment().into_iter().chain(no_certificates).collect());
    start_again(&mut agent)?;
    crash("rewind-stored")?;
    arrive(&store, &agent, 2, SOON)?;
    ensure!(store.object(&name)? == before, "it was sent twice");
    agent.stop()?;

    let from = format!("s3://{BUCKET}/{name}");
    let why = read(&store, &["why", "--from", &from])?.success()?;
    ensure!(why.contains("exited with 3"), "{why}");
    let dump = read(&store, &["dump", "--from", &from, "-o", "strace"])?.success()?;
    ensure!(dump.contains("\"/etc/nope\"") && dump.contains("+++ exited with 3 +++"), "{dump}");
    let missing = read(&store, &["why", "--from", &format!("{from}.not")])?;
    ensure!(missing.code == 1 && missing.stderr.contains("there is no such object"), "{missing:?}");
    Ok(())
}

pub(crate) fn refused() -> Result<()> {
    let store = Store::start()?;
    let mut agent = start(store.wrong_environment())?;
    for _ in 0..4 {
        crash("rewind-refused")?;
    }
    let said = eventually("four files that are kept, and that none is sent", SOON, || {
        totals(&agent).filter(|totals| count(totals, "files") == 4 && count(totals, "failed_sends") >= 3)
    });
    let said = said.with_context(|| agent.log())?;
    ensure!(count(&said, "sent") == 0 && store.objects().is_empty(), "{said}");
    let error = said.get("last_send_error").and_then(Value::as_str).unwrap_or_default();
    ensure!(error.contains("403 Forbidden"), "{error}");
    let other = Command::new(ours("rewind"))
        .args(["why", "--from", &format!("s3://{BUCKET}/x.rewind"), "--socket", "/nowhere"])
        .envs(store.wrong_environment())
        .output()?;
    let told = String::from_utf8_lossy(&other.stderr).into_owned();
    ensure!(told.contains("the store does not let you read it"), "{told}");

    agent.end()?;
    agent.set_environment(store.environment());
    start_again(&mut agent)?;
    arrive(&store, &agent, 4, SOON)?;
    agent.stop()
}

pub(crate) fn away() -> Result<()> {
    let mut store = Store::start()?;
    let agent = start(store.environment())?;
    store.go_away()?;
    for _ in 0..3 {
        let ended = crash("rewind-away")?;
        let files = count(&totals(&agent).context("no list")?, "files");
        eventually("the file to be written", SOON, || (count(&totals(&agent)?, "files") > 0).then_some(()))?;
        ensure!(ended.elapsed() < SOON, "{files} files: a store that is away holds up what is written");
    }
    eventually("three files", SOON, || (count(&totals(&agent)?, "files") == 3).then_some(()))?;
    ensure!(store.objects().is_empty(), "{:?}", store.objects());
    store.come_back()?;
    arrive(&store, &agent, 3, BACK)?;
    agent.stop()
}

pub(crate) fn hangs() -> Result<()> {
    let store = Store::start()?;
    // What asks whether it is there is shorter, a crash file is longer.
    let line = Line::that_hangs(store.address(), 1, 2500)?;
    let agent = start(store.environment_over(&line))?;
    crash("rewind-hung")?;
    eventually("a file to hang half way", SOON, || (line.hung() == 1).then_some(()))?;
    ensure!(store.objects().is_empty(), "half a file is there: {:?}", store.objects());
    crash("rewind-next")?;
    let first = arrive(&store, &agent, 1, SOON)?;
    ensure!(first.iter().all(|name| name.contains("/rewind-next")), "{first:?}");
    let both = arrive(&store, &agent, 2, HANGS)?;
    ensure!(both.iter().any(|name| name.contains("/rewind-hung")), "{both:?}");
    agent.stop()
}
