//! Scenario 5 as a pod: a service that refuses, and one that nobody has heard of. And scenario 13: restarts are told.

use crate::manifest::{python, served, set};
use crate::told::{SOON, Told, between_runs, kept};
use anyhow::{Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::eventually::until;
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

/// Asks by its name, again and again, over connections of their own.
const ASKS: &str =
    "while :; do wget -q -O - http://shop/index.html?token=hunter2; wget -q -O - http://shop/none; sleep 0.2; done";

pub(crate) fn talks() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("talks")?;
        namespace.apply(&served("shop", ASKS))?;
        namespace.runs("shop")?;
        namespace.runs("client")?;
        let of = namespace.name();
        let service = format!("shop.{of}:80");
        let lines = |target: &str, option: &str| -> Result<Vec<Value>> {
            let text = namespace.ask(&["rewind", "dump", target, option, "-o", "json"])?;
            ensure!(!text.contains("hunter2"), "a query is shown");
            Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
        };
        let has = |lines: &[Value], wanted: &[(&str, Value)]| {
            lines.iter().any(|line| wanted.iter().all(|(key, value)| line.get(key) == Some(value)))
        };
        until(
            "a request of the client's, by the Service's name",
            SOON,
            || lines("pod/client", "--http"),
            |lines| {
                let asked = |path: &str, status: u64| {
                    has(
                        lines,
                        &[("url", path.into()), ("status", status.into()), ("peer_name", service.as_str().into())],
                    )
                };
                (asked("shop/index.html?...", 200) && asked("shop/none", 404)).then_some(())
            },
        )?;
        until(
            "a lookup of the Service's name",
            SOON,
            || lines("pod/client", "--dns"),
            |lines| {
                let name = format!("shop.{of}.svc.cluster.local");
                let found = [
                    ("question", name.into()),
                    ("rcode", "NOERROR".into()),
                    ("peer_name", "kube-dns.kube-system:53".into()),
                ];
                has(lines, &found).then_some(())
            },
        )?;
        let served = lines("pod/shop", "--http")?;
        ensure!(has(&served, &[("direction", "in".into()), ("status", 200.into())]), "{served:#?}");
        let map = |arguments: &[&str]| -> Result<Vec<Value>> {
            let arguments = [&["rewind", "map", "-o", "json"], arguments].concat();
            Ok(serde_json::from_str(&namespace.ask(&arguments)?)?)
        };
        let client = format!("{of}/client/app");
        let edge = |to: &str, kind: &str| [("from", client.as_str().into()), ("to", to.into()), ("kind", kind.into())];
        let of_one = map(&["pod/client"])?;
        for (to, kind) in [(service.as_str(), "http"), (&service, "tcp"), ("kube-dns.kube-system:53", "dns")] {
            ensure!(has(&of_one, &edge(to, kind)), "no {kind} to {to}: {of_one:#?}");
        }
        // With both ends at hand it is known which pod has served.
        let of_all = map(&[])?;
        let shop = format!("{of}/shop/app");
        ensure!(has(&of_all, &edge(&shop, "http")) && has(&of_all, &edge(&shop, "tcp")), "{of_all:#?}");
        Ok(())
    })
}
