//! curl asks Node, which asks Python, each in a container of its own: twice, once it is slow, and once it fails.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::collector::free_port;
use rewind_tests::container::Container;
use rewind_tests::eventually::eventually;
use rewind_tests::jaeger::{Jaeger, Span};
use rewind_tests::workload;
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// What the first one calls its spans.
const SLOW: &str = "00f067aa0ba902b7";
const BAD: &str = "b7ad6b7169203331";
/// How long the slow one waits.
const WAIT: Duration = Duration::from_millis(300);

/// A container that runs a program of `tests/workloads`.
fn container(name: &str, program: &str, script: &str, ports: &[u16]) -> Result<Container> {
    let folder = workload::source(script).parent().context("no folder")?.to_owned();
    let mut args = vec![program.to_owned(), format!("/scripts/{script}")];
    args.extend(ports.iter().map(ToString::to_string));
    let mounts = vec![(folder, PathBuf::from("/scripts"))];
    Container::new(name, &Spec { mounts, ..Spec::new(args) })
}

/// One after the other: who was asked, and the spans of that, each below the one before.
struct Chain<'s> {
    spans: [&'s Span; 4],
}

impl<'s> Chain<'s> {
    fn of(all: &'s [Span], first: &str) -> Result<Self> {
        let below = |parent: &str| {
            let mut below = all.iter().filter(|span| span.parent() == Some(parent));
            let found = below.next().with_context(|| format!("nothing is below {parent}: {all:#?}"))?;
            ensure!(below.next().is_none(), "two are below {parent}: {all:#?}");
            Ok(found)
        };
        let asks = all.iter().find(|span| span.id() == first).with_context(|| format!("no {first}: {all:#?}"))?;
        ensure!(asks.parent().is_none(), "the first one is below another: {asks:#?}");
        let in_middle = below(asks.id())?;
        let from_middle = below(in_middle.id())?;
        Ok(Self { spans: [asks, in_middle, from_middle, below(from_middle.id())?] })
    }

    /// Fails if not all of them say this.
    fn all(&self, what: &str, is: impl Fn(&Span) -> bool) -> Result<()> {
        self.spans.iter().try_for_each(|span| {
            ensure!(is(span), "not {what}: {span:#?}");
            Ok(())
        })
    }
}

pub(crate) fn told() -> Result<()> {
    let jaeger = Jaeger::start()?;
    let off = [("OTEL_LOGS_EXPORTER", "none"), ("OTEL_METRICS_EXPORTER", "none")];
    let mut environment = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", jaeger.endpoint())];
    environment.extend(off.map(|(key, value)| (key, value.to_owned())));
    let agent = Agent::start_in(environment, &[])?;
    let [middle, last] = [free_port()?, free_port()?];
    let served = container("rewind-last", "/usr/bin/python3", "last.py", &[last])?;
    let serving = served.start()?;
    let handed_on = container("rewind-middle", "/usr/bin/node", "middle.js", &[middle, last])?;
    let handing_on = handed_on.start()?;
    for port in [middle, last] {
        eventually("both to listen", SOON, || TcpStream::connect(("127.0.0.1", port)).ok().map(drop))?;
    }
    let ask = |path: &str, span: &str| {
        format!("curl -s -o /dev/null -H 'traceparent: 00-{TRACE}-{span}-01' http://127.0.0.1:{middle}{path}")
    };
    let script = format!("{}; {}", ask("/slow", SLOW), ask("/bad", BAD));
    let asking = Container::new("rewind-asks", &Spec::new(["/bin/sh", "-c", &script]))?;
    let ran = asking.run()?;
    ensure!(ran.code == 0, "{ran:?}");
    // What went well is told when its container has ended.
    let ids = [asking.id(), handed_on.id(), served.id()].map(str::to_owned);
    drop((handing_on, serving));
    drop((handed_on, served));

    let mut seen = Vec::new();
    let all = eventually("the whole trace", SOON, || {
        seen = jaeger.trace(TRACE).ok()?;
        (seen.len() >= 8).then(|| seen.clone())
    });
    let all = all.with_context(|| format!("{seen:#?}"))?;
    ensure!(all.len() == 8, "more than was asked: {all:#?}");
    let (slow, bad) = (Chain::of(&all, SLOW)?, Chain::of(&all, BAD)?);
    for path in [&slow, &bad] {
        let [asking, middle, last] = &ids;
        let of = [(asking, "client"), (middle, "server"), (middle, "client"), (last, "server")];
        for (span, (container, kind)) in path.spans.iter().zip(of) {
            let id = span.resource("container.id");
            ensure!(id.as_ref() == Some(container) && span.tag("span.kind").as_deref() == Some(kind), "{span:#?}");
        }
    }
    let status = |span: &Span, status: &str| span.tag("http.response.status_code").as_deref() == Some(status);
    let has_failed = |span: &Span| span.tag("error").as_deref() == Some("true");
    slow.all("slow, and all is well", |span| span.took() >= WAIT && status(span, "200") && !has_failed(span))?;
    bad.all("failed", |span| status(span, "500") && has_failed(span))?;
    agent.stop()
}
