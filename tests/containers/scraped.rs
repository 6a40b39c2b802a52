//! Metrics as a real Prometheus scrapes them: of the host, of containers and of what they do.

use super::exported::SOON;
use crate::scenarios::python;
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::cgroup::{self, Cgroup};
use rewind_tests::collector::free_port;
use rewind_tests::container::{Container, Running};
use rewind_tests::dashboards;
use rewind_tests::eventually::eventually;
use rewind_tests::prometheus::{Prometheus, TOOL, get};
use serde_json::Value;
use std::fs::{self, File};
use std::io::Write as _;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Serves itself some requests, one of them slow and one that fails, asks for a name where nobody answers, writes to the
/// disk, has a child that wants more memory than there is, and lives on.
const WEB: &str = "
import http.client, http.server, os, socket, threading, time
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/slow': time.sleep(0.2)
        self.send_response(503 if self.path == '/broken' else 200)
        self.send_header('Content-Length', '0')
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(('127.0.0.1', 0), Web)
threading.Thread(target=server.serve_forever, daemon=True).start()
if os.fork() == 0:
    held = bytearray(512 << 20)
    os._exit(0)
os.wait()
question = b'\\x12\\x34\\x01\\0\\0\\1\\0\\0\\0\\0\\0\\0\\4name\\0\\0\\1\\0\\1'
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    try: names.sendto(question, ('127.0.0.1', 53))
    except OSError: pass
    with open('/tmp/written', 'wb') as file:
        file.write(os.urandom(1 << 16))
        file.flush()
        os.fsync(file.fileno())
    for path in ['/', '/slow', '/broken']:
        connection = http.client.HTTPConnection('127.0.0.1', server.server_port)
        connection.request('GET', path)
        connection.getresponse().read()
        connection.close()
    try: socket.create_connection(('127.0.0.1', 1))
    except ConnectionRefusedError: pass
    time.sleep(0.1)
";
/// Cannot open its settings.
const CRASHING: &str = "open('/etc/shop/shop.toml')";

/// An agent that is scraped, with containers.
pub(super) struct Scraped {
    pub(super) agent: Agent,
    pub(super) target: String,
    _web: (Container, Running),
    _dir: TempDir,
}

impl Scraped {
    /// One whose metrics are a second old at most; with a token, if it is to be shown.
    pub(super) fn start(address: &str, token: Option<&str>) -> Result<(Self, TempDir)> {
        let (dir, target) = (tempfile::tempdir()?, format!("{address}:{}", free_port()?));
        let config = dir.path().join("config.yaml");
        let secret = dir.path().join("token");
        let token = match token {
            Some(token) => {
                fs::write(&secret, format!("{token}\n"))?;
                format!(", tokenFile: {}", secret.display())
            }
            None => String::new(),
        };
        let every = "{interval: 1s}";
        fs::write(
            &config,
            format!(
                "export: {{hostMetrics: {every}, containerMetrics: {every}, trafficMetrics: {every}, metricInterval: 500, \
                 prometheus: {{listen: '{target}'{token}}}}}\n"
            ),
        )?;
        let agent = Agent::start_with(&["--config", &config.display().to_string()])?;
        let spec = Spec { cpus: Some(0.5), memory_bytes: Some(128 << 20), disk_bytes: Some(1 << 30), ..python(WEB) };
        let web = Container::new("rewind-web", &spec)?;
        let running = web.start()?;
        let failed = Container::new("rewind-crashing", &python(CRASHING))?.run()?;
        ensure!(failed.code == 1, "{failed:?}");
        let other = tempfile::tempdir()?;
        Ok((Self { agent, target, _web: (web, running), _dir: dir }, other))
    }
}

pub(crate) fn by_prometheus() -> Result<()> {
    let (scraped, _dir) = Scraped::start("127.0.0.1", None)?;
    let prometheus = Prometheus::start(&scraped.target, None, &[])?;
    for query in [
        "system_memory_usage_bytes{state=\"used\"} > 0",
        "sum(rate(system_cpu_time_seconds_total[10s])) > 0",
        "container_memory_usage_bytes{container_id=~\"rewind-web.*\"} > 0",
        "rate(rewind_container_calls_total{container_id=~\"rewind-web.*\", rewind_call_class=\"network\"}[10s]) > 0",
        "rewind_container_crashes_total > 0",
        "rate(rewind_tcp_connections_total{error_type=\"refused\", server_address=\"127.0.0.1\"}[10s]) > 0",
        "rate(http_server_request_duration_seconds_count{http_response_status_code=\"503\"}[10s]) > 0",
        "histogram_quantile(0.99, sum by (le) (rate(http_client_request_duration_seconds_bucket[10s]))) > 0.1",
        "process_cpu_time_seconds_total > 0",
    ] {
        let found = eventually(query, SOON, || prometheus.query(query).ok().filter(|found| !found.is_empty()));
        found.with_context(|| format!("{:?}", prometheus.health()))?;
    }
    let exemplars = eventually("an exemplar", SOON, || {
        let found = prometheus.exemplars("http_server_request_duration_seconds_bucket").ok()?;
        found.into_iter().find(|exemplar| exemplar.pointer("/labels/trace_id").is_some())
    })?;
    let trace = exemplars.pointer("/labels/trace_id").and_then(Value::as_str).unwrap_or_default();
    ensure!(trace.len() == 32, "{exemplars}");
    // What is left out would be told.
    let left = prometheus.query("rewind_agent_prometheus_left_out_total > 0")?;
    ensure!(left.is_empty(), "{left:?}");
    let log = prometheus.log();
    ensure!(!log.contains("level=warn") && !log.contains("level=error"), "{log}");
    checked(&scraped.target)?;
    scraped.agent.stop()
}

/// `promtool check metrics` finds nothing but names that are OpenTelemetry's.
fn checked(target: &str) -> Result<()> {
    let (status, text) = get(target, "/metrics", &[])?;
    ensure!(status.contains(" 200 "), "{status}");
    let mut file = tempfile::tempfile()?;
    file.write_all(text.as_bytes())?;
    let mut file: File = file;
    std::io::Seek::rewind(&mut file)?;
    let output = Command::new(TOOL).args(["check", "metrics"]).stdin(Stdio::from(file)).output()?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let known = ["system_cpu_logical_count", "system_processes_count"];
    let is_known = |line: &str| known.iter().any(|name| line.starts_with(name));
    let found: Vec<_> = said.lines().filter(|line| !is_known(line)).collect();
    ensure!(found.is_empty(), "{found:?}");
    Ok(())
}

pub(crate) fn with_a_token_beyond_loopback() -> Result<()> {
    let (scraped, dir) = Scraped::start("0.0.0.0", Some("a-secret"))?;
    let port = scraped.target.rsplit(':').next().context("no port")?;
    let target = format!("127.0.0.1:{port}");
    let status = |headers: &[_]| Some(get(&target, "/metrics", headers).ok()?.0);
    eventually("the endpoint", SOON, || status(&[]))?;
    let statuses =
        [status(&[]), status(&[("Authorization", "Bearer a-secret")]), status(&[("Authorization", "Bearer b")])];
    let has = |at: usize, code: &str| statuses[at].as_ref().is_some_and(|status: &String| status.contains(code));
    ensure!(has(0, " 401 ") && has(1, " 200 ") && has(2, " 401 "), "{statuses:?}");
    let (token, wrong) = (dir.path().join("token"), dir.path().join("wrong"));
    fs::write(&token, "a-secret")?;
    fs::write(&wrong, "another")?;
    for (file, health) in [(&token, "up"), (&wrong, "down")] {
        let prometheus = Prometheus::start(&target, Some(file), &[])?;
        eventually(health, SOON, || prometheus.health().ok().filter(|(is, _)| is == health))?;
    }
    scraped.agent.stop()
}

pub(crate) fn beside_ten_thousand_cgroups() -> Result<()> {
    let (scraped, _dir) = Scraped::start("127.0.0.1", None)?;
    let web = |text: &str| {
        text.lines().any(|line| line.starts_with("container_memory_usage_bytes{container_id=\"rewind-web"))
    };
    let scrape = || Some(get(&scraped.target, "/metrics", &[]).ok()?.1);
    eventually("the container's figures", SOON, || scrape().filter(|text| web(text)))?;
    // Where Docker has its containers.
    let above = Cgroup::below(&cgroup::root().context("no cgroup2 is mounted")?, "docker")?;
    let many = (0..10_000).map(|number| Cgroup::below(above.dir(), &format!("{number:064x}")));
    let many = many.collect::<Result<Vec<_>>>()?;
    // Some of them are containers, for a moment.
    for cgroup in many.iter().step_by(100) {
        let script = format!("echo 0 > {}/cgroup.procs && exec cat /nonexistent", cgroup.dir().display());
        Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status()?;
    }
    let has = |text: &str, number: u32| text.contains(&format!("container_id=\"{number:064x}\""));
    let text = eventually("figures of the last of them", SOON, || {
        scrape().filter(|text| web(text) && has(text, 9_900) && has(text, 0))
    })?;
    ensure!(!has(&text, 1), "what has no process is no container");
    drop(many);
    eventually("the container's figures, after them", SOON, || scrape().filter(|text| web(text)))?;
    scraped.agent.stop()
}

pub(crate) fn asked_what_dashboards_ask() -> Result<()> {
    let (scraped, _dir) = Scraped::start("127.0.0.1", None)?;
    let prometheus = Prometheus::start(&scraped.target, None, &[])?;
    let all = dashboards::queries("30s")?;
    let (of_cluster, of_host): (Vec<_>, Vec<_>) = all.into_iter().partition(dashboards::Query::is_of_cluster);
    ensure!(!of_cluster.is_empty() && of_host.len() > 50, "{} and {}", of_cluster.len(), of_host.len());
    let mut unanswered: Vec<_> = of_host.iter().collect();
    let asked = eventually("each query to be answered", 2 * SOON, || {
        unanswered.retain(|query| prometheus.query(&query.expr).is_ok_and(|found| found.is_empty()));
        unanswered.is_empty().then_some(())
    });
    let names = unanswered.iter().map(|query| format!("{query:?}")).collect::<Vec<_>>().join("\n");
    asked.with_context(|| names)?;
    for query in &of_host {
        prometheus.query(&query.expr)?;
    }
    scraped.agent.stop()
}
