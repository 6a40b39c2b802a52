//! Agents that die or are replaced, and an API server that goes: recording goes on, and what was not told is told.

use crate::manifest::{mount, set, workload};
use crate::told::{SOON, kept};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::cluster::place::{NODE, Place};
use rewind_tests::cluster::{agents, node, processes};
use rewind_tests::dump::Dump;
use rewind_tests::eventually::eventually;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs::File;

const API_SERVER: &str = "kube-apiserver";

/// A pod that numbers its calls, a hundred a second, until somebody who is attached goes.
fn counting(name: &str) -> Result<Namespace> {
    let namespace = Namespace::new(name)?;
    let mut pod = workload("web", &["/workloads/counting", "10000"]);
    for field in ["stdin", "stdinOnce"] {
        set(&mut pod, &format!("/spec/containers/0/{field}"), json!(true));
    }
    namespace.apply(&pod.to_string())?;
    namespace.runs("web")?;
    Ok(namespace)
}

/// The recording of the pod: there is one, and what is said of it.
fn recording(namespace: &Namespace) -> Result<Value> {
    let nodes: Value = serde_json::from_str(&namespace.ask(&["rewind", "list", "-o", "json"])?)?;
    let nodes = nodes.as_array().context("no list of nodes")?;
    let all: Vec<&Value> = nodes.iter().filter_map(|node| node.get("recordings")?.as_array()).flatten().collect();
    let [one] = &*all else { anyhow::bail!("not one recording of the namespace: {all:?}") };
    let name = format!("{}/web/app", namespace.name());
    ensure!(one.pointer("/container/name") == Some(&name.into()), "{one}");
    Ok((*one).clone())
}

/// Ends the pod, and looks whether all its calls are in the one recording that there was `before`.
fn whole(namespace: &Namespace, before: &Value) -> Result<()> {
    namespace.ask(&["attach", "web", "--stdin"])?;
    namespace.ends("web", 0, SOON)?;
    let last: u64 = namespace.ask(&["logs", "web"])?.trim().parse()?;
    let dump = eventually("its end", SOON, || {
        let dump = Dump::parse(&namespace.ask(&["rewind", "dump", "pod/web", "-o", "json"]).ok()?).ok()?;
        dump.has("exit_group", "0").then_some(dump)
    })?;
    let number = |call: &Value| call.get("result").and_then(Value::as_u64);
    let numbers: Vec<u64> = dump.named("lseek").filter_map(number).collect();
    let wrong = numbers.iter().zip(1..).find(|(number, expected)| *number != expected);
    ensure!(wrong.is_none() && numbers.len() as u64 == last, "{} of {last}, {wrong:?}: {}", numbers.len(), dump.header);
    for nothing in ["calls_overwritten", "calls_lost"] {
        ensure!(dump.coverage(nothing).unwrap_or(0) == 0, "{nothing}: {}", dump.header);
    }
    let after = recording(namespace)?;
    let of = |listed: &Value| ["/recording", "/born_ns"].map(|field| listed.pointer(field).cloned());
    ensure!(of(before) == of(&after), "it is another recording: {before} {after}");
    Ok(())
}

fn adopted(admin: &User) -> Result<()> {
    let log = admin.ask(&["logs", agents::DAEMON_SET, "-n", agents::NAMESPACE])?;
    ensure!(log.contains("went on with the programs and rings of the agent before"), "{log}");
    Ok(())
}

fn restarts(agent: &Value) -> Option<u64> {
    agent.pointer("/status/containerStatuses/0/restartCount")?.as_u64()
}

pub(crate) fn killed() -> Result<()> {
    agents::with(|admin| {
        let namespace = counting("killed")?;
        let before = recording(&namespace)?;
        let agent = agents::ready(admin, "an agent", |agent| agents::is_on(agent, NODE))?;
        let container = agent.pointer("/status/containerStatuses/0").context("it has no container")?;
        let tgid = node::main_process(admin.place(), container)?;
        kill_process(Pid::from_raw(tgid).context("no process")?, Signal::KILL)?;
        agents::ready(admin, "the agent to be started again", |now| restarts(now) > restarts(&agent))?;
        adopted(admin)?;
        whole(&namespace, &before)
    })
}

pub(crate) fn replaced() -> Result<()> {
    agents::with(|admin| {
        let namespace = counting("replaced")?;
        let before = recording(&namespace)?;
        admin.ask(&["rollout", "restart", agents::DAEMON_SET, "-n", agents::NAMESPACE])?;
        admin.ask(&["rollout", "status", agents::DAEMON_SET, "-n", agents::NAMESPACE, "--timeout=90s"])?;
        adopted(admin)?;
        whole(&namespace, &before)
    })
}

/// The API server, ended. Dropping it starts it again.
struct Away<'a> {
    place: &'a Place,
    admin: &'a User,
}

impl<'a> Away<'a> {
    fn take(admin: &'a User) -> Result<Self> {
        let away = Self { place: admin.place(), admin };
        processes::called(away.place, API_SERVER)?.end(Signal::TERM)?;
        Ok(away)
    }

    fn back(self) -> Result<()> {
        processes::start_again(self.place, API_SERVER)?;
        let is_ready = || self.admin.ask(&["get", "--raw", "/readyz"]).ok();
        eventually("the API server to be ready", SOON, is_ready).map(drop)
    }
}

impl Drop for Away<'_> {
    fn drop(&mut self) {
        let is_gone = processes::called(self.place, API_SERVER).is_ok_and(|server| !server.is_running());
        if is_gone && let Err(error) = processes::start_again(self.place, API_SERVER) {
            eprintln!("{API_SERVER}: {error:#}");
        }
    }
}

pub(crate) fn without_api_server() -> Result<()> {
    agents::with(|admin| {
        let namespace = Namespace::new("away")?;
        // Two runs that crash, when they are told to, and one that stays.
        let crash = "until [ -e /go/now ]; do sleep 0.2; done; [ -e /go/twice ] && exec sleep 1000
            if [ -e /go/once ]; then touch /go/twice; else touch /go/once; fi; exec cat /etc/missing.conf";
        let mut pod = workload("web", &["sh", "-c", crash]);
        set(&mut pod, "/spec/restartPolicy", json!("Always"));
        set(&mut pod, "/spec/containers/0/volumeMounts", json!([]));
        mount(&mut pod, json!({"name": "go", "emptyDir": {}}), "/go");
        namespace.apply(&pod.to_string())?;
        namespace.runs("web")?;
        let uid = namespace.get(&["pod", "web"])?;
        let uid = uid.pointer("/metadata/uid").and_then(Value::as_str).context("no UID")?.to_owned();

        let (place, before) = (admin.place(), node::crash_files(admin.place()));
        let away = Away::take(admin)?;
        File::create(node::volume(place, &uid, "go").join("now"))?;
        // The second one is of a container that the API server has never heard of.
        let two = || (node::crash_files(place) >= before + 2).then_some(());
        eventually("two runs to end and to be kept, with the API server away", SOON, two)?;
        away.back()?;

        kept(&namespace, "web", "It exited with 1 after open")?;
        let both = |all: &Value| (all.get("items")?.as_array()?.len() == 2).then_some(());
        namespace.until("Recordings of the runs that nobody was told of", SOON, &["recordings"], both)?;
        // The third one began meanwhile, too.
        eventually("what only the API server knows of the run that goes on", SOON, || {
            let dump = namespace.ask(&["rewind", "dump", "pod/web", "-o", "json"]).ok()?;
            let pod = Dump::parse(&dump).ok()?.header.pointer("/container/pod").cloned()?;
            (pod.get("restart")?.as_u64()? == 2 && pod.get("qos")? == "BestEffort").then_some(())
        })
    })
}
