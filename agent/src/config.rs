//! The file of the ConfigMap: what of the agent can be set for a whole cluster, and changed without a restart.
//!
//! ```yaml
//! record:
//!   namespaces:
//!     include: []          # none: all
//!     exclude: [kube-system]
//!   pods: all              # or: annotated, those that say rewind.dev/record: "true"
//! memory:                  # from the agent's next start on
//!   budget: 64MiB
//!   ring: 1MiB
//! protocols: [http, dns]   # what is read of sockets; from the agent's next start on
//! crashes:
//!   when: failed           # or: always, never
//!   onChild: false
//! redact: ["token=(\\w+)"]
//! publish:
//!   recordings: true
//!   events: true
//! payload:
//!   byAnnotation: false    # whether rewind.dev/payload of a pod or a namespace is heeded
//! export:                  # before the OTEL_* variables of the same meaning
//!   endpoint: http://otel-collector:4318
//!   protocol: http/protobuf
//!   traces: {exporter: none}
//!   requestSpans: true     # whether spans of HTTP requests are sent, of pods that do not say rewind.dev/request-spans
//!   hostMetrics: {enabled: true, interval: 15s} # how the host is doing; likewise containerMetrics, trafficMetrics,
//!                          # workloadMetrics
//!   prometheus: {listen: 127.0.0.1:9464} # metrics for who scrapes; beyond loopback with a tokenFile. Left out: none
//! ```
//!
//! All of it may be left out. What stands here goes before what was typed. A file with a value that is not understood
//! is refused as a whole, by the value's name, and the last good one stays.

mod fields;
mod sent;

use crate::crash::When;
use crate::export;
use crate::identity::kubernetes::asked::{self, Asked};
use crate::kernel::Protocol;
use crate::recorder::Wish;
use clap::ValueEnum as _;
use fields::Fields;
use rewind_recording::redact::Redactor;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Most bytes of the file: as much as a ConfigMap has room for.
const MAX_BYTES: u64 = 1 << 20;

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Namespaces whose pods are recorded; none: of all.
    pub include: Vec<String>,
    /// Namespaces whose pods are not.
    pub exclude: Vec<String>,
    /// Whether pods are recorded that do not say whether they are to be.
    pub unannotated: bool,
    /// Bytes of all rings.
    pub budget_bytes: Option<u64>,
    /// Most bytes of a ring.
    pub ring_bytes: Option<u64>,
    /// What is read of sockets.
    pub protocols: Option<Vec<Protocol>>,
    /// Which ends are kept.
    pub when: Option<When>,
    /// Whether failed children are kept.
    pub on_child: Option<bool>,
    /// Patterns of what is hidden.
    pub redact: Vec<String>,
    /// Whether `Recording`s are made.
    pub recordings: bool,
    /// Whether Events are.
    pub events: bool,
    /// Whether pods may switch payload on for themselves.
    pub payload_by_annotation: bool,
    /// Where what happens and how things are is told.
    pub export: export::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            unannotated: true,
            budget_bytes: None,
            ring_bytes: None,
            protocols: None,
            when: None,
            on_child: None,
            redact: Vec::new(),
            recordings: true,
            events: true,
            payload_by_annotation: false,
            export: export::Settings::default(),
        }
    }
}

impl Settings {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// Which value is not understood, and why, in one sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let is_empty = text.lines().all(|line| line.trim_start().starts_with('#') || matches!(line.trim(), "" | "---"));
        if is_empty {
            return Ok(Self::default());
        }
        let yaml: serde_json::Value =
            serde_saphyr::from_str(text).map_err(|error| format!("it is no YAML: {error}"))?;
        let mut all = Fields::of("", yaml)?;
        let default = Self::default();
        let mut record = all.section("record")?;
        let mut namespaces = record.section("namespaces")?;
        let (include, exclude) = (namespaces.take("include")?, namespaces.take("exclude")?);
        namespaces.finish()?;
        let unannotated = record.choice("pods", &[("all", true), ("annotated", false)])?;
        record.finish()?;
        let mut memory = all.section("memory")?;
        let (budget_bytes, ring_bytes) = (memory.take_as("budget", size)?, memory.take_as("ring", size)?);
        memory.finish()?;
        let protocols = protocols(all.take("protocols")?)?;
        let mut crashes = all.section("crashes")?;
        let whens = [When::Failed, When::Always, When::Never].map(|when| (when.name(), when));
        let (when, on_child) = (crashes.choice("when", &whens)?, crashes.take("onChild")?);
        crashes.finish()?;
        let redact: Vec<String> = all.take("redact")?.unwrap_or_default();
        Redactor::new(&redact).map_err(|error| format!("`redact`: {error}"))?;
        let mut publish = all.section("publish")?;
        let (recordings, events) = (publish.take("recordings")?, publish.take("events")?);
        publish.finish()?;
        let mut payload = all.section("payload")?;
        let payload_by_annotation = payload.take("byAnnotation")?;
        payload.finish()?;
        let export = sent::settings(all.section("export")?)?;
        all.finish()?;
        Ok(Self {
            include: include.unwrap_or_default(),
            exclude: exclude.unwrap_or_default(),
            unannotated: unannotated.unwrap_or(default.unannotated),
            budget_bytes,
            ring_bytes,
            protocols,
            when,
            on_child,
            redact,
            recordings: recordings.unwrap_or(default.recordings),
            events: events.unwrap_or(default.events),
            payload_by_annotation: payload_by_annotation.unwrap_or(default.payload_by_annotation),
            export,
        })
    }

    /// What is wished of a pod's containers in this namespace, by what the pod asks for and what the namespace does;
    /// `None` where that is not known yet. The lists of namespaces go before annotations: those are who runs the
    /// cluster's to say. A pod's annotation goes before its namespace's. What is not known yet is recorded.
    #[must_use]
    pub(crate) fn wish(&self, namespace: &str, asked: [Option<Asked>; 2]) -> Wish {
        let is_in = |list: &[String]| list.iter().any(|name| name == namespace);
        let is_meant = (self.include.is_empty() || is_in(&self.include)) && !is_in(&self.exclude);
        let is_wished = first(asked, |asked| asked.record).is_none_or(|word| word.unwrap_or(self.unannotated));
        let payload = first(asked, |asked| asked.payload).flatten().filter(|_| self.payload_by_annotation);
        let ring_bytes = first(asked, |asked| asked.ring_bytes).flatten();
        let request_spans = first(asked, |asked| asked.request_spans).flatten();
        Wish { record: is_meant && is_wished, payload, ring_bytes, request_spans }
    }

    /// What of it holds from the agent's next start on, if that differs.
    #[must_use]
    pub(crate) fn later(&self, other: &Self) -> Option<&'static str> {
        let differs = (self.budget_bytes, self.ring_bytes, &self.protocols)
            != (other.budget_bytes, other.ring_bytes, &other.protocols);
        differs.then_some("memory.budget, memory.ring and protocols hold from the agent's next start on")
    }
}

/// What was typed that the file goes before.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    /// Which ends are kept.
    pub when: When,
    /// Whether failed children are kept.
    pub on_child: bool,
    /// Patterns of what is hidden: those of the file come to them.
    pub redact: Vec<String>,
}

/// What is asked for by the first that asks; `None` where who might is not known yet.
fn first<T>(asked: [Option<Asked>; 2], of: impl Fn(Asked) -> Option<T>) -> Option<Option<T>> {
    let [pod, namespace] = asked;
    match pod.map(&of)? {
        Some(word) => Some(Some(word)),
        None => namespace.map(of),
    }
}

/// What is read of sockets, by its names.
fn protocols(names: Option<Vec<String>>) -> Result<Option<Vec<Protocol>>, String> {
    let of = |name: &String| Protocol::from_str(name, false).map_err(|_| format!("`protocols`: there is no {name}"));
    names.map(|names| names.iter().map(of).collect()).transpose()
}

/// A size in bytes.
fn size(text: &str) -> Result<u64, String> {
    asked::size(text).map_err(|error| format!("it {error}"))
}

/// The file, looked at again and again. A ConfigMap's mount swaps a link: whatever is watched is another file then.
#[derive(Debug)]
pub(crate) struct Watched {
    path: PathBuf,
    /// What stood there last, good or not.
    seen: Option<String>,
    good: Settings,
}

impl Watched {
    /// Reads it for the first time. Where there is none, or a bad one, everything is as by default.
    #[must_use]
    pub(crate) fn open(path: &Path) -> Self {
        let mut watched = Self { path: path.to_owned(), seen: None, good: Settings::default() };
        watched.look();
        watched
    }

    /// The last good settings.
    #[must_use]
    pub(crate) const fn good(&self) -> &Settings {
        &self.good
    }

    /// Looks again; whether there are other settings than before.
    pub(crate) fn look(&mut self) -> bool {
        let path = self.path.display();
        let text = match read(&self.path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                if self.seen.take().is_some() {
                    tracing::warn!(%path, %error, "the configuration cannot be read; the last good one stays");
                }
                return false;
            }
        };
        // One that is gone says nothing: it may be on its way.
        if text.is_none() || text == self.seen {
            return false;
        }
        let parsed = Settings::parse(text.as_deref().unwrap_or_default());
        self.seen = text;
        match parsed {
            Ok(settings) if settings == self.good => false,
            Ok(settings) => {
                tracing::info!(%path, ?settings, "the configuration was read");
                self.good = settings;
                true
            }
            Err(error) => {
                tracing::error!(%path, %error, "the configuration was refused; the last good one stays");
                false
            }
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
