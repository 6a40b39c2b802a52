//! From a container's death, as its crash file has it, to the Event on its pod, as a watch of the API has it.

use super::super::interrupt;
use super::node::NodeAgent;
use super::pods::{self, text};
use anyhow::{Context as _, Result};
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::namespace::Namespace;
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

const PODS: usize = 20;
const TOLD: Duration = Duration::from_secs(120);
/// What a watch prints of each Event.
const LINE: &str = r#"jsonpath={.involvedObject.uid}{" "}{.source.component}{" "}{.reason}{"\n"}"#;

/// When the first Event of the agent's came on each pod, by the pod's UID.
type Came = Arc<Mutex<HashMap<String, SystemTime>>>;

/// `kubectl get events --watch`. Dropping it ends it.
struct Watch {
    kubectl: Child,
    came: Came,
}

impl Watch {
    fn start(admin: &User, namespace: &Namespace) -> Result<Self> {
        let mut command = admin.command(&["get", "events", "--watch", "-n", namespace.name(), "-o", LINE])?;
        let mut kubectl = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let (lines, came) = (kubectl.stdout.take().context("no standard output")?, Came::default());
        std::thread::spawn({
            let came = Arc::clone(&came);
            move || {
                for line in BufReader::new(lines).lines().map_while(Result::ok) {
                    if let [uid, "rewind-agent", _] = *line.split(' ').collect::<Vec<_>>() {
                        let mut came = came.lock().unwrap_or_else(PoisonError::into_inner);
                        came.entry(uid.to_owned()).or_insert_with(SystemTime::now);
                    }
                }
            }
        });
        Ok(Self { kubectl, came })
    }

    fn came(&self) -> HashMap<String, SystemTime> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}

/// Seconds for each pod.
pub(super) fn measure(admin: &User, agent: &NodeAgent) -> Result<Vec<f64>> {
    let namespace = Namespace::new("bench-told")?;
    let watch = Watch::start(admin, &namespace)?;
    let command = ["sh", "-c", "cat /etc/missing.conf; exit 3"];
    pods::make(&namespace, (0..PODS).map(|number| format!("told-{number}")), &command, "Never")?;
    interrupt::eventually("an Event on each of 20 pods", TOLD, || Ok((watch.came().len() >= PODS).then_some(())))?;
    let deaths = agent.crashes()?.into_iter().filter_map(|crash| {
        let header = crash.get("header")?;
        let is_ours = text(header, "/container/pod/namespace") == namespace.name();
        is_ours.then(|| Some((text(header, "/container/pod/uid").to_owned(), died(header)?)))?
    });
    let deaths: HashMap<String, SystemTime> = deaths.collect();
    let late = watch.came().into_iter().map(|(uid, came)| {
        let died = deaths.get(&uid).with_context(|| format!("no crash file of pod {uid}"))?;
        Ok(came.duration_since(*died).unwrap_or_default().as_secs_f64())
    });
    late.collect()
}

fn died(header: &Value) -> Option<SystemTime> {
    let at = |pointer: &str| header.pointer(pointer).and_then(Value::as_i64);
    let unix_ns = at("/died_ns")? + at("/host/unix_offset_ns")?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(unix_ns).ok()?))
}
