//! How workloads are, as a backend is told of it: by the names of the Collector's receiver `k8s_cluster`.

use crate::manifest::{self, set, workload};
use crate::otlp;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::cluster::place::{ADDRESS, NODE, SECOND};
use rewind_tests::cluster::second::Second;
use rewind_tests::cluster::{agents, node};
use rewind_tests::collector::{Collector, attribute};
use rewind_tests::eventually::{eventually, until};
use rewind_tests::points::points;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::time::Duration;

/// One that the overlay lets agents speak to.
const PORT: u16 = 4318;
/// Metrics come every quarter of a minute, and objects change in their own time.
const SOON: Duration = Duration::from_secs(90);
/// A Lease runs out, and is looked at twice until then.
const TAKEN_OVER: Duration = Duration::from_secs(120);
const LEASE: &str = "rewind-cluster-metrics";

/// What a backend is told of some objects.
struct Told<'c> {
    collector: &'c Collector,
    /// Attributes of their resources.
    of: Vec<(&'static str, String)>,
}

impl<'c> Told<'c> {
    fn of(collector: &'c Collector, of: &[(&'static str, &str)]) -> Self {
        Self { collector, of: of.iter().map(|(key, text)| (*key, (*text).to_owned())).collect() }
    }

    /// All that it was told of a metric: each resource, the point's attributes, and the number.
    fn all(&self, metric: &str) -> Vec<(Value, String, f64)> {
        let is_its =
            |resource: &Value| self.of.iter().all(|(key, text)| attribute(resource, key).as_ref() == Some(text));
        let of = |(resource, metric): (Value, Value)| {
            points(&metric).into_iter().map(move |point| {
                let which = point.attributes.values().cloned().collect::<Vec<_>>().join(" ");
                (resource.clone(), which, point.number)
            })
        };
        let metrics = self.collector.metrics().into_iter();
        let its = metrics.filter(|(resource, of)| of.get("name") == Some(&metric.into()) && is_its(resource));
        its.flat_map(of).collect()
    }

    /// What it was told last.
    fn last(&self, metric: &str, which: &str) -> Option<(Value, f64)> {
        let mut all = self.all(metric).into_iter().rev();
        all.find(|(_, of, _)| of == which).map(|(resource, _, number)| (resource, number))
    }

    /// Waits until that was told last; the resource.
    fn is(&self, metric: &str, which: &str, wanted: f64) -> Result<Value> {
        let what = format!("{metric} {which} of {:?} to be {wanted}", self.of);
        let said = |(resource, number): &(Value, f64)| (*number == wanted).then(|| resource.clone());
        until(&what, SOON, || Ok(self.last(metric, which)), |last| last.as_ref().and_then(said))
    }
}

/// A Deployment of two, of which one may be away while it is replaced.
pub(crate) fn deployment(name: &str) -> Value {
    let mut two = manifest::deployment(name, 2, workload(name, &["sleep", "1000"]));
    set(&mut two, "/spec/strategy", json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}));
    two
}

fn exporting(test: impl FnOnce(&User, &Collector, &Namespace) -> Result<()>) -> Result<()> {
    agents::with(|admin| {
        let collector = Collector::on(ADDRESS, PORT)?;
        let exports = otlp::exporting(admin, &collector.endpoint())?;
        let namespace = Namespace::new("told")?;
        let done = test(admin, &collector, &namespace);
        drop(exports);
        done
    })
}

pub(crate) fn rollout() -> Result<()> {
    exporting(|admin, collector, namespace| {
        namespace.apply(&deployment("web").to_string())?;
        let web = Told::of(collector, &[("k8s.deployment.name", "web"), ("k8s.namespace.name", namespace.name())]);
        let resource = web.is("k8s.deployment.available", "", 2.0)?;
        web.is("k8s.deployment.desired", "", 2.0)?;
        let uid = namespace.ask(&["get", "deployment", "web", "-o", "jsonpath={.metadata.uid}"])?;
        let cluster = admin.ask(&["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"])?;
        for (key, text) in [("k8s.deployment.uid", uid), ("k8s.cluster.uid", cluster)] {
            ensure!(attribute(&resource, key).as_deref() == Some(text.trim()), "{key} is not {text}: {resource}");
        }
        for key in ["k8s.node.name", "host.name", "k8s.pod.name"] {
            ensure!(attribute(&resource, key).is_none(), "{key} is not the Deployment's: {resource}");
        }
        // An image that there is not: one of two goes, and none comes.
        namespace.ask(&["set", "image", "deployment/web", "app=rewind.test/none:1"])?;
        web.is("k8s.deployment.available", "", 1.0)?;
        web.is("k8s.deployment.desired", "", 2.0)?;
        namespace.ask(&["rollout", "undo", "deployment/web"])?;
        web.is("k8s.deployment.available", "", 2.0)?;
        let its = Told::of(collector, &[("k8s.namespace.name", namespace.name())]);
        its.is("k8s.namespace.phase", "", 1.0)?;
        its.is("k8s.replicaset.desired", "", 2.0)?;
        let agents = Told::of(collector, &[("k8s.daemonset.name", "rewind-agent")]);
        agents.is("k8s.daemonset.ready_nodes", "", 1.0).map(drop)
    })
}

pub(crate) fn ends() -> Result<()> {
    exporting(|_, collector, namespace| {
        let mut fails = workload("fails", &["cat", "/etc/missing.conf"]);
        set(&mut fails, "/spec/restartPolicy", json!("Always"));
        namespace.apply(&fails.to_string())?;
        let mut hungry = workload("hungry", &["/workloads/hungry"]);
        let resources = json!({"limits": {"memory": "32Mi"}, "requests": {"cpu": "10m", "memory": "16Mi"}});
        set(&mut hungry, "/spec/containers/0/resources", resources);
        namespace.apply(&hungry.to_string())?;

        let of = |pod: &str| {
            let of = [("k8s.namespace.name", namespace.name()), ("k8s.pod.name", pod), ("k8s.node.name", NODE)];
            Told::of(collector, &of)
        };
        let fails = of("fails");
        let restarts = || Ok(fails.last("k8s.container.restarts", ""));
        let again = |last: &Option<(Value, f64)>| last.clone().filter(|(_, restarts)| *restarts >= 2.0);
        let (resource, _) = until("two restarts", SOON, restarts, again)?;
        let last_reason = "k8s.container.status.last_terminated_reason";
        ensure!(attribute(&resource, last_reason).as_deref() == Some("Error"), "{resource}");
        ensure!(attribute(&resource, "k8s.container.name").as_deref() == Some("app"), "{resource}");
        fails.is("rewind.k8s.container.last_exit_code", "", 1.0)?;
        // Between runs, of which each is over at once: as the kubelet saw it last.
        let between = || {
            let reasons = fails.all("k8s.container.status.reason").into_iter().filter(|(.., is)| *is == 1.0);
            Ok(reasons.map(|(_, reason, _)| reason).collect::<Vec<_>>())
        };
        let waits = |reasons: &Vec<String>| {
            reasons.iter().any(|reason| ["CrashLoopBackOff", "Error"].contains(&reason.as_str())).then_some(())
        };
        until("the reason why it does not run", SOON, between, waits)?;
        fails.is("k8s.container.ready", "", 0.0)?;

        let hungry = of("hungry");
        hungry.is("k8s.pod.phase", "", 4.0)?;
        let resource = hungry.is("k8s.container.status.reason", "OOMKilled", 1.0)?;
        ensure!(attribute(&resource, last_reason).as_deref() == Some("OOMKilled"), "{resource}");
        for (metric, number) in [
            ("k8s.container.memory_limit", f64::from(32 << 20)),
            ("k8s.container.memory_request", f64::from(16 << 20)),
            ("k8s.container.cpu_request", 0.01),
        ] {
            hungry.is(metric, "", number)?;
        }
        ensure!(hungry.all("k8s.container.cpu_limit").is_empty(), "it has none");
        Ok(())
    })
}

/// Says a condition of the node, as those do who watch for problems of nodes.
fn condition(admin: &User, status: &str) -> Result<()> {
    let condition = json!({"type": "RewindTest", "status": status, "reason": "Test", "message": "of a test"});
    let patch = json!({"status": {"conditions": [condition]}}).to_string();
    admin.ask(&["patch", "node", NODE, "--subresource=status", "-p", &patch]).map(drop)
}

pub(crate) fn node() -> Result<()> {
    exporting(|admin, collector, _| {
        let its = Told::of(collector, &[("k8s.node.name", NODE)]);
        let resource = its.is("k8s.node.condition_ready", "", 1.0)?;
        ensure!(attribute(&resource, "k8s.pod.name").is_none(), "{resource}");
        let of =
            |name: &str| admin.ask(&["get", "node", NODE, "-o", &format!("jsonpath={{.status.allocatable.{name}}}")]);
        its.is("k8s.node.allocatable_cpu", "", of("cpu")?.trim().parse().context("whole CPUs")?)?;
        its.is("k8s.node.allocatable_pods", "", of("pods")?.trim().parse()?)?;
        let said = condition(admin, "True").and_then(|()| its.is("k8s.node.condition_rewind_test", "", 1.0));
        let unsaid = condition(admin, "False").and_then(|()| its.is("k8s.node.condition_rewind_test", "", 0.0));
        let remove = json!({"status": {"conditions": [{"type": "RewindTest", "$patch": "delete"}]}}).to_string();
        admin.ask(&["patch", "node", NODE, "--subresource=status", "-p", &remove])?;
        said.and(unsaid).map(drop)
    })
}

/// Who holds the Lease. Nobody: an empty text.
fn holder(admin: &User) -> Result<String> {
    let lease = admin.get(&["lease", LEASE, "-n", agents::NAMESPACE])?;
    let holder = lease.pointer("/spec/holderIdentity").and_then(Value::as_str);
    Ok(holder.unwrap_or_default().to_owned())
}

fn held_by(admin: &User, wanted: &str) -> Result<()> {
    let what = format!("the Lease to be held by `{wanted}`");
    until(&what, TAKEN_OVER, || holder(admin), |holder| (holder == wanted).then_some(()))
}

pub(crate) fn expired() -> Result<()> {
    exporting(|admin, collector, namespace| {
        held_by(admin, NODE)?;
        // As an agent leaves it that was taken for dead, of a node that is gone now.
        let gone = json!({"spec": {"holderIdentity": "gone", "leaseDurationSeconds": 15}}).to_string();
        let patch = ["patch", "lease", LEASE, "-n", agents::NAMESPACE, "--type=merge", "-p", &gone];
        eventually("the Lease to be another's", SOON, || admin.ask(&patch).ok())?;
        held_by(admin, NODE)?;
        namespace.apply(&deployment("web").to_string())?;
        let web = Told::of(collector, &[("k8s.deployment.name", "web"), ("k8s.namespace.name", namespace.name())]);
        web.is("k8s.deployment.available", "", 2.0).map(drop)
    })?;
    // Where nothing is exported any more, nobody holds it.
    agents::with(|admin| held_by(admin, ""))
}

pub(crate) fn handed_over() -> Result<()> {
    exporting(|admin, collector, namespace| {
        let second = Second::start(admin)?;
        held_by(admin, NODE)?;
        let agent = agents::ready(admin, "the first node's agent", |agent| agents::is_on(agent, NODE))?;
        let container = agent.pointer("/status/containerStatuses/0").context("it has no container")?;
        let tgid = Pid::from_raw(node::main_process(admin.place(), container)?).context("no process")?;
        kill_process(tgid, Signal::STOP)?;
        let after = held_by(admin, SECOND).and_then(|()| {
            namespace.apply(&deployment("web").to_string())?;
            let web = Told::of(collector, &[("k8s.deployment.name", "web"), ("k8s.namespace.name", namespace.name())]);
            web.is("k8s.deployment.desired", "", 2.0).map(drop)
        });
        kill_process(tgid, Signal::CONT)?;
        after?;
        // It has seen that another holds it, and leaves it to that one.
        let own = Told::of(collector, &[("k8s.node.name", NODE)]);
        let told = || own.all("k8s.node.condition_ready").len();
        let before = told();
        eventually("the first one to tell of its node again", SOON, || (told() > before + 1).then_some(()))?;
        ensure!(holder(admin)? == SECOND, "{} holds the Lease", holder(admin)?);
        drop(second);
        Ok(())
    })
}
