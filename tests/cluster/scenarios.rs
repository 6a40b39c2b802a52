//! The troubles that people come with, as pods: what `kubectl` and `kubectl rewind` say of them.

use crate::manifest::{mount, python, set, workload};
use crate::told::{SOON, Told, between_runs, kept, recorded, unwrapped};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::namespace::Namespace;
use serde_json::{Value, json};

/// Says nothing of what it fails to do. Its first run finds no configuration; the next ones find nobody listening.
const START: &str = "
import os, socket, sys
def read(path):
    try: return open(path).read()
    except OSError: return None
if not os.path.exists('/etc/app/again'):
    open('/etc/app/again', 'w').close()
    read('/etc/app/config.yaml')
    sys.exit(1)
read('/run/secrets/token')
try: socket.create_connection(('127.0.0.1', 1))
except OSError: sys.exit(1)
";
const MISSING: &str = "It exited with 1 after openat of /etc/app/config.yaml found no such file (ENOENT).";
const REFUSED: &str = "It exited with 1 after connect to 127.0.0.1:1 was refused (ECONNREFUSED).";

pub(crate) fn startup() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("startup")?;
        namespace.apply(SECRET)?;
        let mut pod = python("web", START);
        set(&mut pod, "/spec/restartPolicy", json!("Always"));
        mount(&mut pod, json!({"name": "app", "emptyDir": {}}), "/etc/app");
        mount(&mut pod, token(), "/run/secrets");
        namespace.apply(&pod.to_string())?;
        between_runs(&namespace, "web", 1)?;
        let told = Told::of(&namespace, "pod/web", REFUSED)?;
        told.expect("sin_port=htons(1), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = -1 ECONNREFUSED")?;
        told.mentions("openat of /run/secrets/token was denied (EACCES)")?;
        let previous = namespace.ask(&["rewind", "why", "pod/web", "--previous"])?;
        ensure!(unwrapped(&previous).starts_with(MISSING), "{previous}");
        // The pod's Event is one, and says the last cause.
        recorded(&namespace, "web", MISSING)?;
        kept(&namespace, "web", REFUSED)
    })
}

pub(crate) fn crash() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("crash")?;
        let script = "import time; time.sleep(1); open('/etc/passwd', 'w')";
        namespace.apply(&python("web", script).to_string())?;
        namespace.ends("web", 1, SOON)?;
        let denied = r#"openat(AT_FDCWD, "/etc/passwd", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = -1 EACCES (Permission denied)"#;
        let answer = "It exited with 1 after openat of /etc/passwd was denied (EACCES)";
        Told::of(&namespace, "pod/web", answer)?.expect(denied)?;
        let dump = namespace.ask(&["rewind", "dump", "pod/web", "-o", "strace"])?;
        ensure!(dump.matches(denied).count() == 1, "it was tried once:\n{dump}");
        for line in ["write(2, \"PermissionError", "+++ exited with 1 +++"] {
            ensure!(dump.contains(line), "`{line}` is not there:\n{dump}");
        }
        kept(&namespace, "web", answer)
    })
}

pub(crate) fn memory() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("memory")?;
        let mut pod = workload("web", &["/workloads/hungry"]);
        set(&mut pod, "/spec/containers/0/resources", json!({"limits": {"memory": "32Mi"}}));
        namespace.apply(&pod.to_string())?;
        let ended = namespace.ends("web", 137, SOON)?;
        ensure!(ended.get("reason") == Some(&"OOMKilled".into()), "{ended}");
        let answer = "It was killed by the OOM killer: it held";
        let told = Told::of(&namespace, "pod/web", answer)?;
        ensure!(told.answer.contains("of 32 MiB allowed"), "{}", told.answer);
        let events = namespace.ask(&["rewind", "dump", "pod/web", "--events", "-o", "json"])?;
        let kill = events.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut kill = kill.filter(|event| event.get("kind") == Some(&"oom_kill".into()));
        let kill = kill.next().with_context(|| format!("no OOM kill:\n{events}"))?;
        ensure!(kill.get("cgroup_limit_bytes") == Some(&(32u64 << 20).into()), "{kill}");
        kept(&namespace, "web", answer)
    })
}

pub(crate) fn secret() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("secret")?;
        namespace.apply(SECRET)?;
        let script = "
import sys
for path in ['/etc/app/token', '/.config/app/token', '/run/secrets/token']:
    try: open(path); break
    except OSError: pass
else: sys.exit('no usable token')
";
        let mut pod = python("web", script);
        mount(&mut pod, token(), "/run/secrets");
        namespace.apply(&pod.to_string())?;
        namespace.ends("web", 1, SOON)?;
        let answer = "It exited with 1 after openat of /run/secrets/token was denied (EACCES)";
        let told = Told::of(&namespace, "pod/web", answer)?;
        told.expect("openat(AT_FDCWD, \"/run/secrets/token\", O_RDONLY|O_CLOEXEC) = -1 EACCES (Permission denied)")?;
        let tried = told.why.get("tried").and_then(Value::as_array).context("no paths")?;
        let path_and_result =
            |tried: &Value| Some((tried.get("path")?.as_str()?.to_owned(), tried.get("result")?.as_str()?.to_owned()));
        let tried: Vec<_> = tried.iter().filter_map(path_and_result).collect();
        let in_order =
            [("/etc/app/token", "ENOENT"), ("/.config/app/token", "ENOENT"), ("/run/secrets/token", "EACCES")];
        let in_order = in_order.map(|(path, result)| (path.to_owned(), result.to_owned()));
        ensure!(tried == in_order, "{tried:?}");
        kept(&namespace, "web", answer)
    })
}

pub(crate) fn killed() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("killed")?;
        let mut pod = workload("web", &["/workloads/blocked"]);
        set(&mut pod, "/spec/shareProcessNamespace", json!(true));
        set(&mut pod, "/spec/containers/0/stdin", json!(true));
        let shoot = "until p=$(pidof blocked); do sleep 0.2; done; sleep 1; kill -TERM $p; sleep 1000";
        let sidecar = json!({"name": "sidecar", "image": "rewind.test/workloads:1", "command": ["sh", "-c", shoot]});
        if let Some(containers) = pod.pointer_mut("/spec/containers").and_then(Value::as_array_mut) {
            containers.push(sidecar);
        }
        namespace.apply(&pod.to_string())?;
        namespace.ends("web", 143, SOON)?;
        let answer = "It was killed by SIGTERM: sent by sh";
        let told = Told::of(&namespace, "pod/web", answer)?;
        let sender = format!("in container {}/web/sidecar", namespace.name());
        ensure!(told.answer.contains(&sender), "`{sender}` is not in this: {}", told.answer);
        kept(&namespace, "web", answer)
    })
}

const SECRET: &str = "
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {token: t}
";

/// A secret's volume that root alone may read.
fn token() -> Value {
    json!({"name": "token", "secret": {"secretName": "token", "defaultMode": 0o400}})
}
