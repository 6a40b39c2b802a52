//! What agents take and how fast they are on a cluster: one that is up, with the agents that `kubectl rewind deploy` has
//! put there.
//!
//! Measured on two CPUs (Linux 6.18): one watch each of pods, services and slices; a full ring is read in 0.2 s; from death
//! to the Event 0.5 s (2 at most); 43 MiB with 100 pods; 300 pods, 600 recordings, each named within 1 s and rightly, in all
//! crash files too. Missed in two runs of three: 20 pods in a crash loop, 1.9 to 2.3 deaths a second, take 1.8 to 2.3 % of a
//! core; the goal is 2. (It was 3 when all tables of the host's sockets were read for each new container.)
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`node`] | the agent of the node: its process, and its answers |
//! | [`pods`] | pods to measure with |
//! | [`watches`] | what the agent has the API server watch |
//! | [`load`] | memory with many pods, CPU in a crash loop, reading a full ring |
//! | [`told`] | from death to the Event on the pod |
//! | [`churn`] | names of pods that come and go |

mod churn;
mod load;
mod node;
mod pods;
mod told;
mod watches;

use super::figures::Series;
use super::table::{Goal, Table};
use super::{Part, interrupt};
use anyhow::{Context as _, Result};
use node::NodeAgent;
use rewind_tests::cluster::kubectl::User;

const WATCHES: &str = "what the agent has the API server watch";
const READING: &str = "kubectl rewind dump of a full ring of 1 MiB, through the API server";
const TOLD: &str = "20 pods that fail: from death to the Event on the pod, as a watch has it";
const MEMORY: &str = "the agent with 100 pods: resident memory (code, heap) but for its mapped rings";
const LOOP: &str = "20 pods in a crash loop, each started again within ten seconds at most, over 30 s";
const CHURN: &str = "300 pods that come, fail and go as fast as the node starts them";

/// Measures one thing, and puts its figures into the table.
type Step = fn(&mut Table, &User, &NodeAgent) -> Result<()>;

/// Measures what `parts` name.
pub(super) fn run(table: &mut Table, parts: &[Part]) -> Result<()> {
    let admin = User::admin()?;
    admin.ask(&["rewind", "deploy"]).context("a cluster has to be up (`cargo xtask cluster up`) and have the image")?;
    let agent = NodeAgent::find(&admin)?;
    if parts.contains(&Part::Cluster) {
        let steps: [Step; 5] = [watched, read, told_of, rested, looped];
        for step in steps {
            interrupt::check()?;
            step(table, &admin, &agent)?;
        }
    }
    if parts.contains(&Part::Churn) {
        churned(table, &agent)?;
    }
    Ok(())
}

fn watched(table: &mut Table, admin: &User, _: &NodeAgent) -> Result<()> {
    for (resource, count) in watches::open(admin.place())? {
        let goal = if watches::WANTED.contains(&&*resource) { Goal::AtMost(1.0) } else { Goal::AtMost(0.0) };
        table.alone(WATCHES, &format!("watches of {resource}"), &Series::new([count as f64]), goal);
    }
    Ok(())
}

fn read(table: &mut Table, admin: &User, agent: &NodeAgent) -> Result<()> {
    eprintln!("bench: a full ring is read");
    let seconds = load::dumps(admin, agent)?;
    table.alone(READING, "s, the whole command", &Series::new(seconds), Goal::Below(1.0));
    Ok(())
}

fn told_of(table: &mut Table, admin: &User, agent: &NodeAgent) -> Result<()> {
    eprintln!("bench: 20 pods fail");
    let seconds = told::measure(admin, agent)?;
    let most = seconds.iter().copied().fold(0.0, f64::max);
    table.alone(TOLD, "s", &Series::new(seconds), Goal::Below(3.0));
    table.alone(TOLD, "s, the last one", &Series::new([most]), Goal::Below(3.0));
    Ok(())
}

fn rested(table: &mut Table, _: &User, agent: &NodeAgent) -> Result<()> {
    eprintln!("bench: 100 pods");
    let rest = load::rest(agent)?;
    table.alone(MEMORY, "MiB", &Series::new([rest.own_mebibytes]), Goal::Below(60.0));
    table.alone(MEMORY, "% of a core at rest, over 10 s", &Series::new([rest.cpu_percent]), Goal::Below(1.0));
    Ok(())
}

fn looped(table: &mut Table, _: &User, agent: &NodeAgent) -> Result<()> {
    eprintln!("bench: 20 pods in a crash loop");
    let looped = load::crash_loop(agent)?;
    table.alone(LOOP, "% of a core", &Series::new([looped.cpu_percent]), Goal::Below(2.0));
    table.alone(LOOP, "deaths a second meanwhile", &Series::new([looped.deaths_a_second]), Goal::AtLeast(0.0));
    Ok(())
}

fn churned(table: &mut Table, agent: &NodeAgent) -> Result<()> {
    eprintln!("bench: {} pods come and go", churn::PODS);
    let churned = churn::measure(agent)?;
    let mut show = |what: &str, figure: f64, goal| table.alone(CHURN, what, &Series::new([figure]), goal);
    show("pods a second", churned.pods_a_second, Goal::AtLeast(0.0));
    show("recordings of their containers", churned.recordings as f64, Goal::AtLeast(churn::PODS as f64));
    show("recordings with a wrong name, or none", churned.wrong as f64, Goal::AtMost(0.0));
    show("crash files with the right name", churned.crash_files as f64, Goal::AtLeast(churn::PODS as f64));
    show("crash files with a wrong one, or none", churned.wrong_crash_files as f64, Goal::AtMost(0.0));
    table.alone(CHURN, "s from the first call to the name", &Series::new(churned.named_s.clone()), Goal::Below(2.0));
    let most = churned.named_s.iter().copied().fold(0.0, f64::max);
    table.alone(CHURN, "s, the last one", &Series::new([most]), Goal::Below(2.0));
    Ok(())
}
