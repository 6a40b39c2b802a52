//! OTLP to a real Collector by each protocol, with TLS: a certificate that is not believed, and one of this side's own.

use anyhow::{Context as _, Result, ensure};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use rewind_exporter::{Destination, Exporter, Signal};
use rewind_tests::collector::{Collector, Tls, free_port};
use rewind_tests::eventually::eventually;
use rewind_tests::programs;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const PROTOCOLS: [&str; 3] = ["http/protobuf", "http/json", "grpc"];

/// Certificates made by `openssl`: two authorities, one for the server, one that nobody believes.
pub(super) struct Certificates {
    dir: tempfile::TempDir,
}

impl Certificates {
    pub(super) fn make() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let this = Self { dir };
        for authority in ["ca", "other"] {
            this.openssl(&[
                &["req", "-x509", "-nodes", "-days", "2"][..],
                &[
                    "-subj",
                    &format!("/CN={authority}"),
                    "-keyout",
                    &format!("{authority}.key"),
                    "-out",
                    &format!("{authority}.pem"),
                ],
            ])?;
        }
        std::fs::write(this.path("san"), "subjectAltName=IP:127.0.0.1\n")?;
        for name in ["server", "client"] {
            let (key, request) = (format!("{name}.key"), format!("{name}.csr"));
            this.openssl(&[&["req", "-nodes", "-subj", &format!("/CN={name}"), "-keyout", &key, "-out", &request]])?;
            this.openssl(&[
                &[
                    "x509",
                    "-req",
                    "-days",
                    "2",
                    "-CA",
                    "ca.pem",
                    "-CAkey",
                    "ca.key",
                    "-CAcreateserial",
                    "-extfile",
                    "san",
                ],
                &["-in", &request, "-out", &format!("{name}.pem")],
            ])?;
        }
        Ok(this)
    }

    fn openssl(&self, arguments: &[&[&str]]) -> Result<()> {
        let mut command = Command::new("openssl");
        command.current_dir(&self.dir);
        for part in arguments {
            command.args(*part);
            if part.first() == Some(&"req") {
                command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
            }
        }
        programs::run(&mut command)?.success().map(drop)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// Sends a span of that name; it is tried once.
async fn send(collector: &Collector, protocol: &str, name: &str, files: &[(&str, &Path)]) -> Result<()> {
    let endpoint = if protocol == "grpc" { collector.grpc_endpoint() } else { collector.endpoint() };
    let endpoint = if files.is_empty() { endpoint } else { endpoint.replace("http://", "https://") };
    let mut set: BTreeMap<String, String> =
        files.iter().map(|(name, path)| (format!("OTEL_EXPORTER_OTLP_{name}"), path.display().to_string())).collect();
    set.insert("OTEL_EXPORTER_OTLP_PROTOCOL".to_owned(), protocol.to_owned());
    set.insert("OTEL_EXPORTER_OTLP_COMPRESSION".to_owned(), "gzip".to_owned());
    let (destination, _) = Destination::of(Signal::Traces, Some(&endpoint), &|name| set.get(name).cloned())?;
    let exporter = Exporter::new(destination, Duration::ZERO)?;
    let span = Span { name: name.to_owned(), trace_id: vec![1; 16], span_id: vec![2; 8], ..Span::default() };
    let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
    let of = ResourceSpans { scope_spans, ..ResourceSpans::default() };
    exporter.send(&TracesData { resource_spans: vec![of] }).await?;
    Ok(())
}

fn names(collector: &Collector) -> Vec<String> {
    let mut names: Vec<String> =
        collector.spans().iter().filter_map(|span| Some(span.get("name")?.as_str()?.to_owned())).collect();
    names.sort_unstable();
    names
}

fn came(collector: &Collector, wanted: &[&str]) -> Result<()> {
    let mut wanted: Vec<&str> = wanted.to_vec();
    wanted.sort_unstable();
    let come = eventually("all spans", SOON, || Some(names(collector)).filter(|names| names.len() >= wanted.len()));
    let come = come.with_context(|| format!("{:?}", names(collector)))?;
    ensure!(come == wanted, "{come:?}");
    Ok(())
}

pub(crate) fn all() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let collector = Collector::start()?;
    for protocol in PROTOCOLS {
        runtime.block_on(send(&collector, protocol, protocol, &[]))?;
    }
    came(&collector, &PROTOCOLS)
}

pub(crate) fn with_tls() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let certificates = Certificates::make()?;
    let (ca, other) = (certificates.path("ca.pem"), certificates.path("other.pem"));
    let (certificate, key) = (certificates.path("server.pem"), certificates.path("server.key"));
    let tls = Tls { certificate: &certificate, key: &key, client_ca: None };
    let collector = Collector::with(free_port()?, Some(tls))?;
    for protocol in PROTOCOLS {
        runtime.block_on(send(&collector, protocol, protocol, &[("CERTIFICATE", &ca)]))?;
        let wrong = runtime.block_on(send(&collector, protocol, "wrong", &[("CERTIFICATE", &other)]));
        let error = wrong.err().context("a certificate that nobody believes was believed")?;
        ensure!(format!("{error:#}").contains("certificate"), "{protocol}: {error:#}");
    }
    came(&collector, &PROTOCOLS)?;

    let tls = Tls { client_ca: Some(&ca), ..tls };
    let collector = Collector::with(free_port()?, Some(tls))?;
    let (own, own_key) = (certificates.path("client.pem"), certificates.path("client.key"));
    for protocol in PROTOCOLS {
        let files = [("CERTIFICATE", ca.as_path()), ("CLIENT_CERTIFICATE", &own), ("CLIENT_KEY", &own_key)];
        runtime.block_on(send(&collector, protocol, protocol, &files))?;
        let without = runtime.block_on(send(&collector, protocol, "without", &files[..1]));
        ensure!(without.is_err(), "{protocol}: it was let in without a certificate");
        // One that cannot be read is said before anything is sent.
        let missing = certificates.path("missing.pem");
        let error = runtime.block_on(send(&collector, protocol, "missing", &[("CERTIFICATE", &missing)]));
        ensure!(format!("{:?}", error.err()).contains("missing.pem"), "{protocol}");
    }
    came(&collector, &PROTOCOLS)
}
