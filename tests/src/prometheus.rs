//! A real Prometheus of the test's own, on loopback, that scrapes one target every second.

use crate::collector::free_port;
use crate::eventually::eventually;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The program: `cargo xtask test` unpacks it, and puts it into `PATH`.
pub const PROGRAM: &str = "prometheus";
/// Its tool.
pub const TOOL: &str = "promtool";
const SOON: Duration = Duration::from_secs(30);

/// A running Prometheus; dropping it ends it.
#[derive(Debug)]
pub struct Prometheus {
    child: Child,
    dir: TempDir,
    port: u16,
}

impl Prometheus {
    /// Starts one that scrapes `target` (`127.0.0.1:9464`), showing the token of a file if there is one, and goes by these
    /// files of rules.
    ///
    /// # Errors
    /// When it does not come up; what it said is in the message.
    pub fn start(target: &str, token: Option<&Path>, rules: &[&Path]) -> Result<Self> {
        let (dir, port) = (tempfile::Builder::new().prefix("rewind-prometheus-").tempdir()?, free_port()?);
        let shown = token
            .map_or_else(String::new, |token| format!(", authorization: {{credentials_file: {}}}", token.display()));
        let rules: Vec<_> = rules.iter().map(|rules| rules.display().to_string()).collect();
        let config = dir.path().join("prometheus.yml");
        fs::write(
            &config,
            format!(
                "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{}]\nscrape_configs:\n  \
                 - {{job_name: rewind, static_configs: [{{targets: ['{target}']}}]{shown}}}\n",
                rules.join(", ")
            ),
        )?;
        let log = fs::File::create(dir.path().join("log"))?;
        let child = Command::new(PROGRAM)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--enable-feature=exemplar-storage")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("cannot start Prometheus")?;
        let prometheus = Self { child, dir, port };
        let up = eventually("Prometheus to be ready", SOON, || {
            prometheus.get("/-/ready").ok().filter(|(status, _)| status.contains(" 200 ")).map(drop)
        });
        up.with_context(|| fs::read_to_string(prometheus.dir.path().join("log")).unwrap_or_default())?;
        Ok(prometheus)
    }

    /// What a query answers now: its results.
    ///
    /// # Errors
    /// When it is refused.
    pub fn query(&self, query: &str) -> Result<Vec<Value>> {
        let answer = self.ask(&format!("/api/v1/query?query={}", encoded(query)))?;
        Ok(answer.pointer("/data/result").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    /// The exemplars of the last minutes that a query finds.
    ///
    /// # Errors
    /// When it is refused.
    pub fn exemplars(&self, query: &str) -> Result<Vec<Value>> {
        let answer = self.ask(&format!("/api/v1/query_exemplars?query={}&start=0&end=4102444800", encoded(query)))?;
        let all = answer.pointer("/data").and_then(Value::as_array).cloned().unwrap_or_default();
        let of = |series: Value| series.get("exemplars").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(all.into_iter().flat_map(of).collect())
    }

    /// How its target is: `up`, `down` or `unknown`, and what it says of the last scrape.
    ///
    /// # Errors
    /// When it does not say.
    pub fn health(&self) -> Result<(String, String)> {
        let answer = self.ask("/api/v1/targets?state=active")?;
        let text = |key: &str| {
            let text = answer.pointer(&format!("/data/activeTargets/0/{key}")).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        Ok((text("health"), text("lastError")))
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    fn ask(&self, path: &str) -> Result<Value> {
        let (status, body) = self.get(path)?;
        ensure!(status.contains(" 200 "), "{path}: {status}: {body}");
        serde_json::from_str(&body).with_context(|| format!("{path} answers with {body}"))
    }

    fn get(&self, path: &str) -> Result<(String, String)> {
        get(&format!("127.0.0.1:{}", self.port), path, &[])
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first line of the answer to a GET, and its body.
///
/// # Errors
/// When there is no answer.
pub fn get(address: &str, path: &str, headers: &[(&str, &str)]) -> Result<(String, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(SOON))?;
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n{headers}\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no head of an answer")?;
    Ok((head.lines().next().unwrap_or_default().to_owned(), body.to_owned()))
}

/// A text in a query of a URL.
fn encoded(text: &str) -> String {
    let of = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(of).collect()
}
