//! The agents' port, spoken to directly: what the plugin does, and what somebody does who is up to no good.

use crate::definitions;
use anyhow::{Context as _, Result, bail};
use rewind_resources::secret::Secret;
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::place::NODE;
use rewind_tests::programs;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

/// `kubectl port-forward` to an agent. Dropping it ends it.
pub(crate) struct Forward {
    kubectl: Child,
    /// It says so of each connection, and ends where nobody listens.
    said: Option<BufReader<ChildStdout>>,
    port: u16,
}

impl Forward {
    pub(crate) fn start(admin: &User, agent: &str) -> Result<Self> {
        let mut command = admin.command(&["port-forward", "-n", agents::NAMESPACE, agent, ":7979"])?;
        let mut kubectl = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut said = String::new();
        let mut lines = BufReader::new(kubectl.stdout.take().context("no standard output")?);
        lines.read_line(&mut said)?;
        // `Forwarding from 127.0.0.1:40001 -> 7979`
        let port = said.split([':', ' ']).find_map(|word| word.parse().ok());
        let mut forward = Self { kubectl, said: Some(lines), port: 0 };
        forward.port = port.with_context(|| format!("kubectl names no port: {said}"))?;
        Ok(forward)
    }

    /// Its port on loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Reads on, so that kubectl never waits, however many connect.
    pub(crate) fn drain(&mut self) {
        if let Some(mut said) = self.said.take() {
            std::thread::spawn(move || drop(std::io::copy(&mut said, &mut std::io::sink())));
        }
    }

    /// What is answered on a connection of its own, and the status.
    pub(crate) fn ask(&self, path: &str, headers: &[String]) -> Result<(String, u16)> {
        let mut curl = Command::new("curl");
        curl.args(["-s", "-w", " %{http_code}"]).args(headers.iter().flat_map(|header| ["-H", header]));
        let said = programs::run(curl.arg(format!("http://127.0.0.1:{}{path}", self.port)))?.stdout;
        let (body, status) = said.rsplit_once(' ').context("curl says no status")?;
        Ok((body.to_owned(), status.parse()?))
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}

/// A request that stands in the cluster, and its secret.
pub(crate) struct Asked {
    name: String,
    secret: Secret,
}

impl Asked {
    /// Makes a good one of the administrator's, for a minute, but for what `change` makes of it.
    pub(crate) fn new(admin: &User, namespace: &str, pod: &Value, change: impl FnOnce(&mut Value)) -> Result<Self> {
        let (mut random, mut request) = ([0; 32], definitions::request(namespace));
        std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut random)?;
        let secret = Secret::of(random);
        let of = |place: &str| pod.pointer(place).and_then(Value::as_str).context("the pod has no name");
        let name = format!("asked-{}", secret.hash().get(..12).unwrap_or_default());
        request["metadata"]["name"] = name.clone().into();
        let spec = json!({
            "action": "Read",
            "target": {"pod": of("/metadata/name")?, "podUID": of("/metadata/uid")?, "container": "app"},
            "node": NODE,
            "expires": in_seconds(60)?,
            "secretHash": secret.hash(),
            "user": "kubernetes-admin",
        });
        request["spec"] = spec;
        change(&mut request["spec"]);
        let said = admin.kubectl_with(&["create", "-f", "-"], &request.to_string())?;
        if said.code != 0 {
            bail!("{}", said.stderr);
        }
        Ok(Self { name: format!("{namespace}/{name}"), secret })
    }

    /// As it is shown.
    pub(crate) fn headers(&self) -> [String; 2] {
        [format!("rewind-request: {}", self.name), format!("authorization: Rewind {}", self.secret.shown())]
    }
}

/// A time, as the API has it.
pub(crate) fn in_seconds(seconds: i64) -> Result<String> {
    let mut date = Command::new("date");
    let said = programs::run(date.args(["--utc", &format!("--date={seconds} seconds"), "+%Y-%m-%dT%H:%M:%SZ"]))?;
    Ok(said.success()?.trim().to_owned())
}

/// How often that refusal stands in the agents' log, with its count.
pub(crate) fn refusals(admin: &User, reason: &str) -> Result<Vec<u64>> {
    let log = admin.ask(&["logs", agents::DAEMON_SET, "-n", agents::NAMESPACE])?;
    let lines = log
        .lines()
        .filter(|line| line.contains("refused at the port") && line.contains(&format!("\"refused_{reason}\"")));
    Ok(lines.filter_map(|line| line.split("count=").nth(1)?.split(' ').next()?.parse().ok()).collect())
}
