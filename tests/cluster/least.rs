//! Least privilege: the shipped agent's pod with one right taken away at a time. What breaks is what
//! `manifests/README.md` says of that right; with all of them nothing does, and there is no other one.

use crate::manifest::{set, workload};
use crate::port::{Asked, Forward};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::cluster::place::NODE;
use rewind_tests::cluster::{agents, node};
use rewind_tests::dump::Dump;
use rewind_tests::eventually::eventually;
use rewind_tests::programs;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(90);
const NOBODY: u32 = 65534;
/// Agents that start at once.
const AT_ONCE: usize = 4;

/// A right, and what is no more without it: of what [`Agent::does`] names, or why the agent ends.
struct Right {
    name: &'static str,
    taken: &'static [Taken],
    costs: &'static [&'static str],
    ends: Option<&'static str>,
}

/// Where it stands.
enum Taken {
    Capability(&'static str),
    Field(&'static str),
    Mount(&'static str),
    Rule(&'static str),
}

use Taken::{Capability, Field, Mount, Rule};

const fn costs(name: &'static str, taken: &'static [Taken], costs: &'static [&'static str]) -> Right {
    Right { name, taken, costs, ends: None }
}

const fn ends(name: &'static str, taken: &'static [Taken], why: &'static str) -> Right {
    Right { name, taken, costs: &[], ends: Some(why) }
}

/// The table of `manifests/README.md`.
const RIGHTS: [Right; 19] = [
    costs("all", &[], &[]),
    ends("bpf", &[Capability("BPF")], "Rewind runs as root without CAP_BPF"),
    ends("perfmon", &[Capability("PERFMON")], "Rewind runs as root without CAP_PERFMON"),
    costs("ptrace", &[Capability("SYS_PTRACE")], &[OPEN, IN_PROGRESS, OPEN_NOBODY, IN_PROGRESS_NOBODY]),
    costs("dac", &[Capability("DAC_READ_SEARCH")], &[OPEN_NOBODY, IN_PROGRESS_NOBODY]),
    costs("hostpid", &[Field("/spec/hostPID")], &[OPEN, IN_PROGRESS, OPEN_NOBODY, IN_PROGRESS_NOBODY]),
    ends("run", &[Mount("run")], "cannot listen on /run/rewind/agent.sock: Read-only file system"),
    costs("crashes", &[Mount("crashes")], &[KEPT]),
    ends("pins", &[Mount("bpf")], "cannot mount bpffs at /sys/fs/bpf: Operation not permitted"),
    ends("cgroup", &[Mount("cgroup")], "this host has cgroup v1 alone"),
    // While the API server tells of pods, nobody misses it.
    costs("containers", &[Mount("containers")], &[]),
    costs("pods", &[Rule("pods")], &[KNOWN, PODS]),
    costs("nobody", &[Mount("containers"), Rule("pods")], &[NAMED, KNOWN, PODS]),
    costs("services", &[Rule("services")], &[SERVICES]),
    costs("slices", &[Rule("endpointslices")], &[SLICES]),
    costs("requests", &[Rule("recordingrequests")], &[READERS]),
    costs("status", &[Rule("recordingrequests/status")], &[READERS]),
    costs("recordings", &[Rule("recordings")], &[RECORDINGS]),
    // Of agents that tell of the same end, an Event is said by who could make the Recording, or may not.
    costs("events", &[Rule("recordings"), Rule("events")], &[RECORDINGS, EVENTS]),
];

const NEXT_CALL: Duration = Duration::from_secs(3);

const NAMED: &str = "names pods";
const KNOWN: &str = "knows what the API server knows of them";
const OPEN: &str = "open descriptors of root's processes";
const OPEN_NOBODY: &str = "open descriptors of others' processes";
const IN_PROGRESS: &str = "calls in progress of root's processes";
const IN_PROGRESS_NOBODY: &str = "calls in progress of others' processes";
const KEPT: &str = "crash files outlive the pod";
const PINNED: &str = "recording outlives the process";
const PODS: &str = "watches pods of this node";
const SERVICES: &str = "watches services";
const SLICES: &str = "watches endpoints of services";
const READERS: &str = "lets readers in";
const RECORDINGS: &str = "writes Recordings";
const EVENTS: &str = "writes Events";
const EVERYTHING: [&str; 14] = [
    NAMED,
    KNOWN,
    OPEN,
    OPEN_NOBODY,
    IN_PROGRESS,
    IN_PROGRESS_NOBODY,
    KEPT,
    PINNED,
    PODS,
    SERVICES,
    SLICES,
    READERS,
    RECORDINGS,
    EVENTS,
];
const OF_PROC: [&str; 4] = [OPEN, OPEN_NOBODY, IN_PROGRESS, IN_PROGRESS_NOBODY];
/// CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH (`include/uapi/linux/capability.h`).
const CAPABILITIES: u64 = 1 << 39 | 1 << 38 | 1 << 19 | 1 << 2;

/// An agent beside the one of the node, with pins and crash files of its own.
struct Agent {
    admin: User,
    pod: String,
    /// The ids of the witnesses' containers.
    seen: (String, String),
}

impl Agent {
    fn start(admin: &User, template: &Value, role: &Value, seen: (String, String), right: &Right) -> Result<Self> {
        let agent = Self { admin: admin.clone(), pod: format!("least-{}", right.name), seen };
        let pod = &agent.pod;
        let mut spec = template.clone();
        spec["nodeName"] = NODE.into();
        spec["restartPolicy"] = "Never".into();
        spec["serviceAccountName"] = pod.as_str().into();
        let mut rules = role.get("rules").context("no rules")?.clone();
        let container = spec.pointer_mut("/containers/0").context("no container")?;
        let arguments = container.get_mut("args").and_then(Value::as_array_mut).context("no arguments")?;
        arguments.extend([format!("--pins=/sys/fs/bpf/rewind-test-{pod}").into(), "--budget=8MiB".into()]);
        for taken in right.taken {
            match taken {
                Field(_) => {}
                Capability(name) => {
                    without(container.pointer_mut("/securityContext/capabilities/add"), |of| of == *name)?
                }
                Mount(name) => without(container.get_mut("volumeMounts"), |of| of["name"] == *name)?,
                Rule(resource) => without(Some(&mut rules), |rule| rule["resources"] == json!([resource]))?,
            }
        }
        // Beside the node's own agent it has a directory of its own.
        for volume in spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
            if volume["name"] == "crashes" {
                volume["hostPath"]["path"] = format!("/var/lib/rewind/{pod}").into();
            }
        }
        let mut object = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": pod, "namespace": agents::NAMESPACE, "annotations": {"rewind.dev/record": "false"}},
            "spec": spec,
        });
        for place in right.taken.iter().filter_map(|taken| if let Field(place) = taken { Some(place) } else { None }) {
            ensure!(object.pointer(place).is_some(), "{place} is not there");
            set(&mut object, place, Value::Null);
        }
        let (rbac, of) = ("rbac.authorization.k8s.io", json!({"name": pod, "namespace": agents::NAMESPACE}));
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": of});
        let role = json!({"apiVersion": format!("{rbac}/v1"), "kind": "ClusterRole", "metadata": {"name": pod}, "rules": rules});
        let binding = json!({
            "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": pod},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": pod},
            "subjects": [{"kind": "ServiceAccount", "name": pod, "namespace": agents::NAMESPACE}],
        });
        let all = json!({"apiVersion": "v1", "kind": "List", "items": [account, role, binding, object]});
        admin.apply(&all.to_string())?;
        Ok(agent)
    }

    /// `None`: it has ended.
    fn tgid(&self) -> Result<Option<i32>> {
        let pod = ["pod", &self.pod, "-n", agents::NAMESPACE];
        let container = self.admin.until(&format!("{} to be ready, or to end", self.pod), SOON, &pod, |pod| {
            let container = pod.pointer("/status/containerStatuses/0")?;
            let is_over = container.pointer("/state/terminated").is_some();
            (is_over || container.get("ready") == Some(&true.into())).then(|| container.clone())
        })?;
        if container.pointer("/state/terminated").is_some() {
            return Ok(None);
        }
        node::main_process(self.admin.place(), &container).map(Some)
    }

    fn log(&self) -> Result<String> {
        self.admin.ask(&["logs", &self.pod, "-n", agents::NAMESPACE])
    }

    /// What it does of all that an agent does.
    fn does(&self, tgid: i32, namespace: &Namespace) -> Result<BTreeSet<&'static str>> {
        let mut does = BTreeSet::new();
        let mut note = |what: &'static str, is_done: bool| {
            if is_done {
                does.insert(what);
            }
        };
        let socket = format!("/proc/{tgid}/root/run/rewind/agent.sock");
        let ask = |arguments: &[&str]| {
            let mut rewind = Command::new(programs::ours("rewind"));
            programs::run(rewind.args(["--socket", &socket]).args(arguments))?.success()
        };
        let list: Value = serde_json::from_str(&ask(&["list", "-o", "json"])?)?;
        let list = list.get("recordings").and_then(Value::as_array).context("no recordings")?;
        for (name, id, open, in_progress) in
            [("root", &self.seen.0, OPEN, IN_PROGRESS), ("nobody", &self.seen.1, OPEN_NOBODY, IN_PROGRESS_NOBODY)]
        {
            let of = |one: &&Value| one.pointer("/container/id").and_then(Value::as_str) == Some(id);
            let one = list.iter().find(of).with_context(|| format!("{name} is not recorded at all"))?;
            let full = format!("{}/{name}/app", namespace.name());
            note(NAMED, one.pointer("/container/name") == Some(&full.into()));
            note(KNOWN, one.pointer("/container/pod/qos") == Some(&"BestEffort".into()));
            // It counts five times a second: its first call with this agent may not have come yet.
            let is_open = || ask(&["dump", id, "-o", "strace", "-y"]).ok()?.contains("</memfd:counting").then_some(());
            note(open, eventually(open, NEXT_CALL, is_open).is_ok());
            let dump = Dump::parse(&ask(&["dump", id, "-o", "json"])?)?;
            let waits = |call: &Value| call["unfinished"] == true && call.to_string().contains("nanosleep");
            note(in_progress, dump.calls.iter().any(waits));
        }
        note(PINNED, Path::new(&format!("/sys/fs/bpf/rewind-test-{}", self.pod)).exists());
        let kept = fs::read_dir(self.admin.place().on_node(&format!("/var/lib/rewind/{}/crashes", self.pod)));
        note(
            KEPT,
            kept.is_ok_and(|mut files| {
                files.any(|file| file.is_ok_and(|file| file.path().extension() == Some("rewind".as_ref())))
            }),
        );
        let log = self.log()?;
        for (watch, what) in [("pods of this node", PODS), ("services", SERVICES), ("endpoints of services", SLICES)] {
            let is_silent =
                |line: &str| line.contains("does not tell of them") && line.contains(&format!("what={watch:?}"));
            note(what, !log.lines().any(is_silent));
        }
        note(RECORDINGS, !is_refused(&log, "a Recording", namespace));
        note(EVENTS, !is_refused(&log, "an Event", namespace));
        let pod = namespace.get(&["pod", "root"])?;
        let asked = Asked::new(&self.admin, namespace.name(), &pod, |_| {})?;
        let forward = Forward::start(&self.admin, &format!("pod/{}", self.pod))?;
        note(READERS, forward.ask("/v1/recordings", &asked.headers())?.1 == 200);
        Ok(does)
    }
}

/// Whether it was not allowed to write that, of a pod of this namespace: others may just be going.
fn is_refused(log: &str, what: &str, namespace: &Namespace) -> bool {
    let refused = format!("{what} was refused");
    log.lines().any(|line| line.contains(&refused) && line.contains(namespace.name()))
}

/// Takes what `is_it` means out of a list, where it has to be.
fn without(list: Option<&mut Value>, is_it: impl Fn(&Value) -> bool) -> Result<()> {
    let list = list.and_then(Value::as_array_mut).context("there is no such list")?;
    let before = list.len();
    list.retain(|item| !is_it(item));
    ensure!(list.len() + 1 == before, "the right is not there, or more than once: {list:?}");
    Ok(())
}

/// All of them. Dropping them takes them away.
struct Agents(Vec<(&'static Right, Agent)>);

impl Drop for Agents {
    fn drop(&mut self) {
        let Some((_, Agent { admin, .. })) = self.0.first() else { return };
        let kinds = ["pod", "serviceaccount", "clusterrole", "clusterrolebinding"];
        let objects = RIGHTS.iter().flat_map(|right| kinds.map(|kind| format!("{kind}/least-{}", right.name)));
        let objects: Vec<String> = objects.collect();
        let gone = ["delete", "-n", agents::NAMESPACE, "--ignore-not-found", "--force", "--grace-period=0"];
        let gone = gone.into_iter().chain(objects.iter().map(String::as_str)).collect::<Vec<_>>();
        if let Err(error) = admin.ask(&gone) {
            eprintln!("{error:#}");
        }
        for (right, _) in &self.0 {
            let pins = format!("--pins=/sys/fs/bpf/rewind-test-least-{}", right.name);
            let unload = || {
                let said = programs::run(Command::new(programs::ours("rewind-agent")).args(["unload", &pins]));
                said.ok().filter(|said| said.code == 0)
            };
            if let Err(error) = eventually("what an agent pinned to be gone", SOON, unload) {
                eprintln!("{error:#}");
            }
        }
    }
}

/// Pods that live before the agents come: in each a process numbers its calls and another one waits.
fn witnesses() -> Result<Namespace> {
    let namespace = Namespace::new("witnesses")?;
    for (name, user) in [("root", 0), ("nobody", NOBODY)] {
        let mut pod = workload(name, &["sh", "-c", "sleep 1000 | /workloads/counting 200000"]);
        set(&mut pod, "/spec/containers/0/securityContext", json!({"runAsUser": user, "runAsGroup": user}));
        namespace.apply(&pod.to_string())?;
    }
    namespace.runs("root")?;
    namespace.runs("nobody")?;
    Ok(namespace)
}

pub(crate) fn each() -> Result<()> {
    agents::with(|admin| {
        let namespace = witnesses()?;
        let template = admin.get(&[agents::DAEMON_SET, "-n", agents::NAMESPACE])?;
        let template = template.pointer("/spec/template/spec").context("no template")?.clone();
        let role = admin.get(&["clusterrole", "rewind-agent"])?;
        let id = |pod: &str| -> Result<String> {
            let pod = namespace.get(&["pod", pod])?;
            let id = pod.pointer("/status/containerStatuses/0/containerID").and_then(Value::as_str);
            Ok(id.and_then(|id| id.rsplit('/').next()).context("no id")?.to_owned())
        };
        let seen = (id("root")?, id("nobody")?);
        let start = |right| -> Result<_> { Ok((right, Agent::start(admin, &template, &role, seen.clone(), right)?)) };
        let mut started = Agents(Vec::new());
        for some in RIGHTS.chunks(AT_ONCE) {
            let before = started.0.len();
            for right in some {
                started.0.push(start(right)?);
            }
            for (_, agent) in started.0.iter().skip(before) {
                agent.tgid()?;
            }
        }
        let (mut running, mut wrong) = (Vec::new(), Vec::new());
        for (right, agent) in &started.0 {
            match (agent.tgid()?, right.ends) {
                (Some(tgid), None) => running.push((right, agent, tgid)),
                (None, Some(why)) if agent.log()?.contains(why) => {}
                (tgid, _) => wrong.push(format!("{}: process {tgid:?}: {}", right.name, agent.log()?)),
            }
        }
        let all = running.iter().find(|(right, ..)| right.taken.is_empty()).context("none has all rights")?;
        nothing_more(all.2)?;
        namespace.apply(&workload("crash", &["cat", "/etc/missing.conf"]).to_string())?;
        namespace.ends("crash", 1, SOON)?;
        let last = &started.0.last().context("no agents")?.1;
        eventually("it to be told", SOON, || last.log().ok().filter(|log| is_refused(log, "an Event", &namespace)))?;
        for (right, agent, tgid) in running {
            let does = agent.does(tgid, &namespace).with_context(|| right.name)?;
            // `/proc` is read in a time that is limited, with many agents coming and going; no rule is needed for it.
            let is_of_rules = !right.taken.is_empty() && right.taken.iter().all(|taken| matches!(taken, Rule(_)));
            let looked_at = || EVERYTHING.iter().filter(|what| !is_of_rules || !OF_PROC.contains(what));
            let costs: Vec<_> = looked_at().filter(|what| !does.contains(*what)).collect();
            if !costs.iter().copied().eq(looked_at().filter(|what| right.costs.contains(*what))) {
                wrong.push(format!("{}: costs {costs:?}, not {:?}: {}", right.name, right.costs, agent.log()?));
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    })
}

/// The kernel's word on what the agent's process may.
fn nothing_more(tgid: i32) -> Result<()> {
    let status = fs::read_to_string(format!("/proc/{tgid}/status"))?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default();
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        let held = u64::from_str_radix(field(set), 16)?;
        let is_less = ["CapInh:", "CapAmb:"].contains(&set) && held & !CAPABILITIES == 0;
        ensure!(held == CAPABILITIES || is_less, "{set} {held:x}, not {CAPABILITIES:x}");
    }
    ensure!((field("NoNewPrivs:"), field("Seccomp:")) == ("1", "2"), "{status}");
    Ok(())
}
