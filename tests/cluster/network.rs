//! Scenario 5 as a pod: a service that refuses, and one that nobody has heard of. And scenario 13: restarts are told.

use crate::manifest::{python, set};
use crate::told::{SOON, Told, between_runs, kept};
use anyhow::{Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::namespace::Namespace;
use serde_json::{Value, json};

/// Nobody stands behind it.
const SERVICE: &str = "
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {selector: {app: db}, ports: [{port: 5432}]}
";

pub(crate) fn refused() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("network")?;
        namespace.apply(SERVICE)?;
        let address = namespace.get(&["service", "db"])?;
        let address = address.pointer("/spec/clusterIP").and_then(Value::as_str).unwrap_or_default().to_owned();
        let script = "
import socket, time
for _ in range(3):
    try: socket.create_connection(('db', 5432), timeout=5)
    except OSError as error: last = error; time.sleep(0.1)
raise last
";
        let mut pod = python("web", script);
        set(&mut pod, "/spec/restartPolicy", json!("Always"));
        namespace.apply(&pod.to_string())?;
        between_runs(&namespace, "web", 1)?;
        let cause =
            format!("It exited with 1 after connect to db.{}:5432 ({address}:5432) was refused", namespace.name());
        Told::of(&namespace, "pod/web", &cause)?;
        // The question to the name server stands before it.
        let dump = namespace.ask(&["rewind", "dump", "pod/web", "-e", "%network", "-o", "strace"])?;
        let asked = dump.find("htons(53)").filter(|asked| dump.find(&address).is_some_and(|refused| *asked < refused));
        ensure!(asked.is_some(), "no question before the connection:\n{dump}");
        kept(&namespace, "web", &cause)?;

        // Which run it was, and how it ended, stand in the list and in the API.
        let of_runs = |all: &Value| {
            let all = all.get("items")?.as_array()?;
            let of = |run: u64| all.iter().any(|one| one.pointer("/spec/restart") == Some(&run.into()));
            let ended = all.iter().all(|one| one.pointer("/spec/ending") == Some(&"exited (1)".into()));
            (of(0) && of(1) && ended).then_some(())
        };
        namespace.until("Recordings of both runs", SOON, &["recordings"], of_runs)?;
        let wide = namespace.ask(&["rewind", "list", "-o", "wide"])?;
        ensure!(wide.contains("RESTART") && wide.contains("web"), "{wide}");
        Ok(())
    })
}

pub(crate) fn unknown() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("network")?;
        let script = "import socket; socket.create_connection(('nowhere.invalid.', 5432))";
        namespace.apply(&python("web", script).to_string())?;
        namespace.ends("web", 1, SOON)?;
        Told::of(&namespace, "pod/web", "It exited with 1")?;
        let why = namespace.ask(&["rewind", "why", "pod/web"])?;
        ensure!(why.contains("Name or service not known"), "what it said of it is not there:\n{why}");
        let dump = namespace.ask(&["rewind", "dump", "pod/web", "-e", "%network", "-o", "strace"])?;
        ensure!(dump.contains("sin_port=htons(53), sin_addr=inet_addr(\"10.96.0.10\")"), "nobody was asked:\n{dump}");
        Ok(())
    })
}
