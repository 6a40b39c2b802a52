//! Live traces: calls as they are made, until the right to see them goes; and pods that come later.

use crate::manifest::{deployment, set, workload};
use crate::reading::grant;
use crate::told::SOON;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::eventually::eventually;
use rewind_tests::programs;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A right that was taken away is noticed within that time.
const TAKEN_AWAY: Duration = Duration::from_secs(60);

/// `kubectl rewind trace` that goes on. Dropping it ends it.
struct Trace {
    kubectl: Child,
    said: TempDir,
}

impl Trace {
    fn start(user: &User, namespace: &Namespace, target: &str) -> Result<Self> {
        let said = tempfile::tempdir()?;
        let mut command = user.command(&["rewind", "trace", target, "-o", "strace", "-n", namespace.name()])?;
        let [out, err] = ["out", "err"].map(|name| File::create(said.path().join(name)));
        let kubectl = command.stdin(Stdio::null()).stdout(out?).stderr(err?).spawn()?;
        Ok(Self { kubectl, said })
    }

    fn text(&self, name: &str) -> String {
        fs::read(self.said.path().join(name))
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .unwrap_or_default()
    }

    fn out(&self) -> String {
        self.text("out")
    }

    fn until(&self, what: &str, wanted: impl Fn(&str, &str) -> bool) -> Result<()> {
        let shown = || wanted(&self.out(), &self.text("err")).then_some(());
        let text = || format!("{}\n{}", self.out().lines().take(40).collect::<Vec<_>>().join("\n"), self.text("err"));
        eventually(what, SOON, shown).with_context(text)
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}

/// Five numbered calls a second.
const SLOWLY: [&str; 2] = ["/workloads/counting", "200000"];

fn counting(name: &str) -> Value {
    let mut pod = workload(name, &SLOWLY);
    set(&mut pod, "/spec/containers/0/stdin", json!(true));
    pod
}

pub(crate) fn shown() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("trace")?;
        namespace.apply(&counting("web").to_string())?;
        namespace.runs("web")?;
        let user = User::called("tracer")?;
        grant(&namespace, "rewind-viewer", "tracer")?;
        let mut trace = Trace::start(&user, &namespace, "pod/web")?;
        trace.until("calls", |out, _| out.contains("lseek("))?;
        // While they are made: more of them come, and they follow one another.
        let before = trace.out().matches("lseek(").count();
        trace.until("more calls", |out, _| out.matches("lseek(").count() >= before + 5)?;
        let numbers = trace.out();
        let number = |line: &str| line.rsplit_once("= ")?.1.trim().parse::<u64>().ok();
        let numbers: Vec<u64> = numbers.lines().filter(|line| line.contains("lseek(")).filter_map(number).collect();
        ensure!(numbers.windows(2).all(|two| two[1] == two[0] + 1), "some are missing: {numbers:?}");

        namespace.ask(&["delete", "rolebinding", "rewind"])?;
        let since = Instant::now();
        let ended = eventually("the trace to end", TAKEN_AWAY, || trace.kubectl.try_wait().ok().flatten())?;
        let said = trace.text("err");
        println!("a trace ended {:.0} s after its right was taken away", since.elapsed().as_secs_f64());
        ensure!(programs::code(ended) == 7, "it ended with {}: {said}", programs::code(ended));
        ensure!(said.contains("the right to trace was taken away") && said.contains("forbidden"), "{said}");
        Ok(())
    })
}

pub(crate) fn followed() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("follow")?;
        let deployment = deployment("web", 1, counting("web"));
        namespace.apply(&deployment.to_string())?;
        namespace.ask(&["rollout", "status", "deployment/web", "--timeout=60s"])?;
        let names = || -> Result<Vec<String>> {
            let names = namespace.ask(&["get", "pods", "-o", "jsonpath={.items[*].metadata.name}"])?;
            Ok(names.split_whitespace().map(str::to_owned).collect())
        };
        let first = names()?;
        let [first] = &*first else { anyhow::bail!("{first:?}") };
        let user = User::called("follower")?;
        grant(&namespace, "rewind-viewer", "follower")?;
        let trace = Trace::start(&user, &namespace, "deploy/web")?;
        let line_of = |pod: &str| {
            let label = format!("{pod}/app");
            move |out: &str| out.lines().any(|line| line.starts_with(&label) && line.contains("lseek("))
        };
        let of_first = line_of(first);
        trace.until("calls of the first pod", |out, _| of_first(out))?;

        namespace.ask(&["scale", "deployment/web", "--replicas=2"])?;
        namespace.ask(&["rollout", "status", "deployment/web", "--timeout=60s"])?;
        let second = names()?.into_iter().find(|name| name != first).context("no second pod")?;
        let (of_second, comes) = (line_of(&second), format!("+ {second}/app: traced from now on"));
        trace.until("calls of the pod that came", |out, err| of_second(out) && err.contains(&comes))?;

        namespace.ask(&["delete", "pod", first, "--wait=false"])?;
        let goes = format!("{first}/app: the container has ended");
        trace.until("a word on the pod that went", |_, err| err.contains(&goes))?;
        // Its successor comes, and the trace goes on.
        trace.until("the successor", |_, err| err.matches("+ ").count() >= 2)
    })
}
