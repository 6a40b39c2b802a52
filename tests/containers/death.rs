//! Who killed it: the OOM killer, a process on the host, a process in another container.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::{Container, Running};
use rewind_tests::eventually::eventually;
use rewind_tests::programs;
use rewind_tests::workload::{self, Linking};
use serde_json::Value;
use std::io::Read as _;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const LIMIT: u64 = 32 << 20;

/// The events of a kind in the recording of `target`, once there is one.
fn events(agent: &Agent, target: &str, kind: &str) -> Result<Vec<Value>> {
    eventually(&format!("an event {kind}"), SOON, || {
        let text = agent.ask(&["dump", target, "--events", "-o", "json"]).ok()?.stdout;
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let events: Vec<_> = lines.filter(|line| line.get("kind").and_then(Value::as_str) == Some(kind)).collect();
        (!events.is_empty()).then_some(events)
    })
}

/// What `why` answers once the container's end is known.
fn answer(agent: &Agent, target: &str, words: &str) -> Result<String> {
    let mut last = String::new();
    eventually("an answer", SOON, || {
        let said = agent.ask(&["why", target, "-o", "json"]).ok()?.stdout;
        last = serde_json::from_str::<Value>(&said).ok()?.get("answer")?.as_str()?.to_owned();
        last.contains(words).then(|| last.clone())
    })
    .with_context(|| format!("`{words}` is not in the answer:\n{last}"))
}

/// Starts a container and waits for its first word of six letters.
fn started(container: &Container) -> Result<(Running, String)> {
    let (mut running, mut word) = (container.start()?, [0; 6]);
    running.runc.stdout.as_mut().context("no standard output")?.read_exact(&mut word)?;
    Ok((running, String::from_utf8(word.to_vec())?))
}

/// The first process of a container, as the host numbers it.
fn init(container: &Container) -> Result<i32> {
    let state = programs::run(Command::new("runc").args(["state", container.id()]))?.success()?;
    let state: Value = serde_json::from_str(&state)?;
    let tgid = state.get("pid").and_then(Value::as_i64).context("no pid")?;
    Ok(i32::try_from(tgid)?)
}

pub(crate) fn oom() -> Result<()> {
    let agent = Agent::start()?;
    let mut spec = Spec::new([workload::inside("hungry", Linking::Static)?]);
    spec.memory_bytes = Some(LIMIT);
    let container = Container::new("rewind-oom", &spec)?;
    let said = container.run()?;
    ensure!(said.code == 137, "it was not killed: {said:?}");

    let kills = events(&agent, container.id(), "oom_kill")?;
    ensure!(kills.len() == 1, "{kills:?}");
    let figure = |name: &str| kills[0].get(name).and_then(Value::as_u64).with_context(|| format!("no {name}"));
    ensure!(figure("cgroup_limit_bytes")? == LIMIT, "another limit: {}", kills[0]);
    let (usage, anon) = (figure("cgroup_usage_bytes")?, figure("anon_bytes")?);
    ensure!(usage > LIMIT - (2 << 20) && usage <= LIMIT, "{usage} bytes used of {LIMIT}");
    ensure!(anon > LIMIT / 2 && anon <= LIMIT + (2 << 20), "{anon} bytes held of {LIMIT}");
    let own = kills[0].pointer("/trigger/tgid") == kills[0].get("tgid");
    ensure!(own && kills[0].get("limit_met") == Some(&Value::Bool(true)), "{}", kills[0]);

    let first = answer(&agent, container.id(), "It was killed by the OOM killer: it held")?;
    for words in ["of 32 MiB allowed", "it asked for more itself"] {
        ensure!(first.contains(words), "`{words}` is not in `{first}`");
    }
    let listed = agent.ask(&["list"])?.success()?;
    let row = listed.lines().find(|line| line.contains(container.id())).unwrap_or_default();
    ensure!(row.contains("killed (OOM)"), "the list does not tell:\n{listed}");
    println!("{first}");

    let crash = crash(&agent, container.id())?;
    ensure!(crash.pointer("/header/reason") == Some(&"oom".into()), "{crash}");
    let limit = crash.pointer("/header/cause/oom/limit_bytes");
    ensure!(limit == Some(&LIMIT.into()), "the crash file's header does not tell the limit: {crash}");
    agent.stop()
}

/// What the header of its crash file says.
fn crash(agent: &Agent, id: &str) -> Result<Value> {
    eventually("its crash file", SOON, || {
        let list: Value = serde_json::from_str(&agent.ask(&["list", "--crashes", "-o", "json"]).ok()?.stdout).ok()?;
        list.get("crashes")?.as_array()?.iter().find(|crash| crash.to_string().contains(id)).cloned()
    })
}

pub(crate) fn from_the_host() -> Result<()> {
    let agent = Agent::start()?;
    let container = Container::new("rewind-shot", &Spec::new([workload::inside("blocked", Linking::Static)?]))?;
    let _running = started(&container)?;
    let tgid = init(&container)?;
    let shell = programs::run(Command::new("sh").args(["-c", &format!("kill -KILL {tgid}; echo $$")]))?.success()?;

    let sent = events(&agent, container.id(), "signal_sent")?;
    let killed = sent.last().context("no signal")?;
    let is = |pointer: &str, value: Value| killed.pointer(pointer) == Some(&value);
    ensure!(is("/signal", "SIGKILL".into()) && is("/tgid", tgid.into()), "{killed}");
    ensure!(is("/sender/tgid", shell.trim().parse::<u32>()?.into()) && is("/sender/comm", "sh".into()), "{killed}");
    ensure!(is("/sender/ns_tgid", Value::Null) && is("/sender/same_container", false.into()), "{killed}");
    answer(&agent, container.id(), &format!("killed by SIGKILL: sent by sh (process {}) on the host", shell.trim()))?;

    let crash = crash(&agent, container.id())?;
    let sender = crash.pointer("/header/cause/sender/tgid");
    ensure!(sender == Some(&shell.trim().parse::<u32>()?.into()), "the crash file's header does not tell who: {crash}");

    // The call that it was killed in comes first, unfinished; then the signal; then the end.
    let text = agent.ask(&["dump", container.id()])?.success()?;
    let at =
        |words: &str| text.lines().position(|line| line.contains(words)).with_context(|| format!("{words}:\n{text}"));
    at(&format!("Sent by:    sh[{}] on the host", shell.trim()))?;
    let (call, signal, end) = (at("never returned")?, at("SIGKILL sent by sh[")?, at("+++ killed by SIGKILL +++")?);
    ensure!(call < signal && signal < end, "call {call}, signal {signal}, end {end}:\n{text}");
    agent.stop()
}

pub(crate) fn from_another_container() -> Result<()> {
    let agent = Agent::start()?;
    // The shell ends as its child did, which a sidecar in the same PID namespace shoots.
    let script = "sleep 100 & printf %06d $!; wait $!";
    let victim = Container::new("rewind-victim", &Spec::new(["/usr/bin/busybox", "sh", "-c", script]))?;
    let (_running, child) = started(&victim)?;
    let child: u32 = child.parse()?;
    let mut spec = Spec::new(["/usr/bin/busybox", "sh", "-c", &format!("echo $$; kill -QUIT 1; kill -KILL {child}")]);
    spec.pid_namespace_of = Some(u32::try_from(init(&victim)?)?);
    let sidecar = Container::new("rewind-sidecar", &spec)?;
    // The namespace ends with the victim, and may take it along.
    let number: u32 = sidecar.run()?.stdout.trim().parse()?;

    let sent = events(&agent, victim.id(), "signal_sent")?;
    let of = |signal: &str| sent.iter().find(|sent| sent.get("signal").and_then(Value::as_str) == Some(signal));
    let ignored = of("SIGQUIT").context("no SIGQUIT")?;
    ensure!(ignored.get("ignored") == Some(&true.into()), "process 1 heeds a signal without a handler: {ignored}");
    let killed = of("SIGKILL").with_context(|| format!("no SIGKILL: {sent:?}"))?;
    ensure!(killed.pointer("/sender/ns_tgid") == Some(&number.into()), "sender {number}: {killed}");
    let container = killed.pointer("/sender/container").map(Value::to_string).unwrap_or_default();
    ensure!(container.contains(sidecar.id()), "the sender's container is not known: {killed}");
    let answer = answer(&agent, victim.id(), "SIGKILL: sent by")?;
    ensure!(answer.contains(&format!("in container {}", sidecar.id())), "{answer}");
    println!("{answer}");
    agent.stop()
}
