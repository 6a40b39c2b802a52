//! Brings a cluster up.

use super::down::down;
use super::parts::Parts;
use super::{control_plane, filesystem, host, images, node};
use anyhow::{Context as _, Result, bail};
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::place::{NODE, Place, SECOND};
use rewind_tests::cluster::processes::{self, wait};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::time::{Duration, Instant};

const DNS: &str = include_str!("config/coredns.yaml");
const SOON: Duration = Duration::from_secs(120);

/// What was there when a cluster was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A cluster that runs.
    Up,
    /// Nothing, or what a cluster has left that has not ended well.
    Nothing,
}

/// Brings it up, unless it is. What fails on the way takes everything down again, but for the logs.
pub(crate) fn up(place: &Place) -> Result<Found> {
    if !rustix::process::geteuid().is_root() {
        bail!("a cluster mounts, makes cgroups and a bridge: run it as root");
    }
    let parts = Parts::get()?;
    let processes = processes::all(place);
    if place.kubectl().is_ok() && processes.iter().all(processes::Process::is_running) {
        return Ok(Found::Up);
    }
    if place.dir().exists() {
        eprintln!("cluster: taking down what an earlier one has left");
        down(place)?;
    }
    host::check()?;
    let begin = Instant::now();
    let came = start(place, &parts);
    if let Err(error) = came {
        let logs = std::env::temp_dir().join(format!("rewind-cluster-logs-{}", std::process::id()));
        let kept = fs::rename(place.dir().join("log"), &logs).map(|()| format!("the logs are in {}", logs.display()));
        down(place)?;
        return Err(error.context(kept.unwrap_or_else(|_| "there are no logs".to_owned())));
    }
    eprintln!("cluster: up in {:.1} s", begin.elapsed().as_secs_f64());
    Ok(Found::Nothing)
}

fn start(place: &Place, parts: &Parts) -> Result<()> {
    let parent = place.dir().parent().context("it has no parent")?;
    fs::create_dir_all(parent)?;
    // Keys lie in it.
    DirBuilder::new().mode(0o700).create(place.dir())?;
    fs::create_dir(place.dir().join("log"))?;
    host::prepare(place)?;
    filesystem::create(place, NODE)?;
    filesystem::create(place, SECOND)?;
    host::prepare_second(&filesystem::network(place))?;
    node::start_runtime(place)?;
    control_plane::certificates(place)?;
    control_plane::start(place, parts)?;
    images::import_all(place, parts)?;
    control_plane::start_controllers(place, parts)?;
    node::start(place, parts)?;
    node::prepare_second(place, parts)?;
    // From now on it is there for others; until it is ready they may wait as we do.
    fs::write(place.programs(), parts.kubernetes().display().to_string())?;
    ready(place)
}

fn ready(place: &Place) -> Result<()> {
    let admin = User::admin()?;
    let ask = |arguments: &[&str]| admin.kubectl(arguments).ok().filter(|said| said.code == 0).map(|said| said.stdout);
    let is = |arguments: &[&str], wanted: &str| ask(arguments).filter(|said| said == wanted).map(drop);
    admin.apply(DNS)?;
    let node_is_ready = r#"jsonpath={.status.conditions[?(@.type=="Ready")].status}"#;
    wait(place, "the node to be ready", SOON, || is(&["get", "node", NODE, "-o", node_is_ready], "True"))?;
    let dns = ["get", "deployment", "coredns", "-n", "kube-system", "-o", "jsonpath={.status.readyReplicas}"];
    wait(place, "the name server to be ready", SOON, || is(&dns, "1"))
}
