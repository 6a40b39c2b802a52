//! What happens in a recording, as figures: failed opens and connects, signals and OOM kills counted; connections,
//! requests and lookups counted and measured.
//!
//! Made of the events, and of the spans that they make ([`crate::Live`]), so that a figure and the span that its exemplar
//! names agree. HTTP and DNS by the names of the conventions 1.44.0; the conventions have none for the rest.
//!
//! # How many series there are
//!
//! Each attribute is one of a closed list but for the peer's name. A recording has [`MAX_PEERS`] of those, and
//! [`MAX_SERIES`] altogether, and its caller says how many are left for all ([`Measures::take`]). What is beyond goes
//! under `other`, and is counted ([`Measures::beyond`]).

use crate::metric::histogram::{Histogram, histogram};
use crate::metric::{Points, sum};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric, exemplar};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use rewind_common::record::connection::{direction, what};
use rewind_recording::decode::{self, errno_name, signal_name};
use rewind_recording::event::{Event, Timeline, What};
use rewind_recording::events::connection::{Fate, peer};
use rewind_recording::events::{Connection, Outcome};
use rewind_recording::header::Header;
use rewind_recording::syscalls::{Arch, Made, Return};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Most names of peers of a recording.
pub const MAX_PEERS: usize = 32;
/// Most series of a recording.
pub const MAX_SERIES: usize = 256;
/// What stands for all others.
const OTHER: &str = "other";
const STATUS: &str = "http.response.status_code";

/// Name, unit, and what it counts.
type Instrument = (&'static str, &'static str, &'static str);

const FAILED_OPENS: Instrument = ("rewind.container.failed_opens", "{call}", "Opens of files that failed, by errno");
const FAILED_CONNECTS: Instrument =
    ("rewind.container.failed_connects", "{call}", "Calls of connect that failed, of sockets of any kind, by errno");
const SIGNALS: Instrument = ("rewind.container.signals", "{signal}", "Signals that processes got");
const OOM_KILLS: Instrument = ("rewind.container.oom_kills", "{process}", "Processes that the OOM killer chose");
const CONNECTIONS: Instrument =
    ("rewind.tcp.connections", "{connection}", "TCP connections that came to be or did not, by who began them");
const RETRANSMITS: Instrument =
    ("rewind.tcp.retransmits", "{segment}", "Segments that were sent again, of connections that have ended");
const IO: Instrument = ("rewind.tcp.io", "By", "Bytes of connections that have ended");
const RTT: Instrument = ("rewind.tcp.rtt", "s", "Smoothed round-trip times of connections at their ends");
const LOOKUPS: Instrument = ("dns.lookup.duration", "s", "How long lookups of names took");
const SERVED: Instrument = ("http.server.request.duration", "s", "How long requests took that were served");
const SENT: Instrument = ("http.client.request.duration", "s", "How long requests took that were sent");

/// A series.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Series {
    of: Instrument,
    attributes: Vec<(&'static str, String)>,
}

/// What has happened in one recording, since it is looked at.
#[derive(Debug, Default)]
pub struct Measures {
    counts: HashMap<Series, u64>,
    histograms: HashMap<Series, Histogram>,
    peers: HashSet<String>,
    beyond: u64,
}

impl Measures {
    /// Takes what happened; `room` is how many series may come to be in all recordings, and is less by those that do.
    pub fn take(&mut self, header: &Header, timeline: &Timeline<'_>, room: &mut usize) {
        let arch = Arch::parse(&header.host.arch).unwrap_or(Arch::HERE);
        for event in timeline.by_end().filter(rewind_recording::join::is_complete) {
            self.event(header, arch, &event, room);
        }
    }

    /// Takes the spans that it made, likewise.
    pub fn take_spans(&mut self, header: &Header, spans: &[Span], room: &mut usize) {
        spans.iter().for_each(|span| self.span(header, span, room));
    }

    /// How many series there are.
    #[must_use]
    pub fn series(&self) -> usize {
        self.counts.len() + self.histograms.len()
    }

    /// How often something went under `other` because there were too many series.
    #[must_use]
    pub const fn beyond(&self) -> u64 {
        self.beyond
    }

    /// All of it as of now, cumulative.
    pub fn metrics(&mut self, points: Points) -> Vec<Metric> {
        fn of(series: &Series) -> Vec<(&str, &str)> {
            series.attributes.iter().map(|(key, text)| (*key, text.as_str())).collect()
        }
        let mut counts = BTreeMap::<Instrument, Vec<_>>::new();
        for (series, count) in &self.counts {
            counts.entry(series.of).or_default().push(points.of(*count, &of(series)));
        }
        let mut histograms = BTreeMap::<Instrument, Vec<_>>::new();
        for (series, measured) in &mut self.histograms {
            histograms.entry(series.of).or_default().push(measured.point(points, &of(series)));
        }
        let points = histograms.values_mut().flatten();
        points.flat_map(|point| &mut point.attributes).for_each(as_number);
        let counts = counts.into_iter().map(|((name, unit, about), of)| sum(name, unit, about, of));
        counts.chain(histograms.into_iter().map(|((name, unit, about), of)| histogram(name, unit, about, of))).collect()
    }

    fn event(&mut self, header: &Header, arch: Arch, event: &Event<'_>, room: &mut usize) {
        match event.what {
            What::Call { call, outcome: Outcome::Returned, .. } if (-4095..0).contains(&call.result) => {
                let row = decode::row(&call, arch);
                let is_open = row.is_some_and(|row| row.result == Return::Fd(Made::Path));
                let is_connect = row.is_some_and(|row| row.name == "connect");
                let of = if is_open { FAILED_OPENS } else { FAILED_CONNECTS };
                let name = u16::try_from(-call.result).ok().and_then(errno_name).unwrap_or(OTHER);
                if is_open || is_connect && !matches!(name, "EINPROGRESS" | "EALREADY" | "EISCONN") {
                    self.add(of, vec![("error.type", name.to_owned())], 1, room);
                }
            }
            What::Signal(told) => {
                let [signo, ..] = { told.siginfo };
                let name = signal_name(signo).unwrap_or_else(|| OTHER.to_owned());
                self.add(SIGNALS, vec![("rewind.signal.name", name)], 1, room);
            }
            What::OomKill(_) => self.add(OOM_KILLS, Vec::new(), 1, room),
            What::Connection(told) if told.header.flags != what::CLOSED => {
                let mut attributes = self.connection(header, &told, room);
                let fate = Fate::of(&told);
                attributes.extend((!fate.is_good()).then(|| ("error.type", fate.name().to_owned())));
                self.add(CONNECTIONS, attributes, 1, room);
            }
            What::Connection(told) => self.closed(header, &told, room),
            _ => {}
        }
    }

    /// A connection that has ended.
    fn closed(&mut self, header: &Header, told: &Connection, room: &mut usize) {
        let attributes = self.connection(header, told, room);
        for (way, bytes) in [("transmit", told.bytes_sent), ("receive", told.bytes_received)] {
            let of_way = [("network.io.direction", way.to_owned())];
            let attributes = attributes.iter().filter(|(key, _)| *key != "rewind.tcp.direction").cloned();
            self.add(IO, attributes.chain(of_way).collect(), bytes, room);
        }
        self.add(RETRANSMITS, attributes.clone(), told.retransmits.into(), room);
        if told.srtt_us != 0 {
            let seconds = f64::from(told.srtt_us) / 1e6;
            let time_unix_nano = crate::unix_ns(header, told.time_ns);
            let exemplar = || Exemplar { time_unix_nano, ..exemplar(seconds, None) };
            self.record(RTT, attributes, seconds, exemplar, room);
        }
    }

    /// Who began a connection, and who the peer is, if it is that one's name that counts.
    fn connection(&mut self, header: &Header, told: &Connection, room: &mut usize) -> Vec<(&'static str, String)> {
        let (way, is_out) = match told.direction {
            direction::OUT => ("out", true),
            direction::IN => ("in", false),
            _ => ("unknown", false),
        };
        let mut attributes = vec![("rewind.tcp.direction", way.to_owned())];
        if is_out {
            let peer = self.peer(name_of(header, &peer(told).to_string()), room);
            attributes.push(("server.address", peer));
        }
        attributes
    }

    fn span(&mut self, header: &Header, span: &Span, room: &mut usize) {
        let text = |key: &str| find(span, key).and_then(as_text);
        let seconds = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) as f64 / 1e9;
        let error = text("error.type").map(|error| ("error.type", error.to_owned()));
        let exemplar = || Exemplar { time_unix_nano: span.end_time_unix_nano, ..exemplar(seconds, Some(span)) };
        if let Some(method) = text("http.request.method") {
            // Who knows how long one took that was not seen to be answered?
            let Some(Value::IntValue(status)) = find(span, STATUS) else { return };
            let mut attributes = vec![("http.request.method", method.to_owned())];
            attributes.extend((100..600).contains(status).then(|| (STATUS, status.to_string())));
            attributes.extend(error);
            let is_served = span.kind == SpanKind::Server as i32;
            if !is_served {
                let port = match find(span, "network.peer.port") {
                    Some(Value::IntValue(port)) => *port,
                    _ => 0,
                };
                let address = text("network.peer.address").unwrap_or_default();
                let ends =
                    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") };
                let peer = self.peer(name_of(header, &ends), room);
                attributes.push(("server.address", peer));
            }
            self.record(if is_served { SERVED } else { SENT }, attributes, seconds, exemplar, room);
        } else if find(span, "dns.question.name").is_some()
            && span.kind == SpanKind::Internal as i32
            && find(span, "rewind.dns.start_seen").is_none()
        {
            self.record(LOOKUPS, error.into_iter().collect(), seconds, exemplar, room);
        }
    }

    /// The peer's name, or `other` where there are too many.
    fn peer(&mut self, name: String, room: &usize) -> String {
        if self.peers.contains(&name) {
            return name;
        }
        if self.peers.len() >= MAX_PEERS || *room == 0 {
            self.beyond += 1;
            return OTHER.to_owned();
        }
        self.peers.insert(name.clone());
        name
    }

    fn add(&mut self, of: Instrument, attributes: Vec<(&'static str, String)>, count: u64, room: &mut usize) {
        let series = Series { of, attributes };
        if let Some(known) = self.counts.get_mut(&series) {
            *known += count;
            return;
        }
        let series = self.admit(series, room);
        *self.counts.entry(series).or_default() += count;
    }

    fn record(
        &mut self,
        of: Instrument,
        attributes: Vec<(&'static str, String)>,
        value: f64,
        exemplar: impl FnOnce() -> Exemplar,
        room: &mut usize,
    ) {
        let series = Series { of, attributes };
        if let Some(known) = self.histograms.get_mut(&series) {
            return known.record(value, exemplar);
        }
        let series = self.admit(series, room);
        self.histograms.entry(series).or_default().record(value, exemplar);
    }

    /// A series that is not there yet, or the one of all others: that is one an instrument, for which there is room.
    fn admit(&mut self, mut series: Series, room: &mut usize) -> Series {
        if self.series() < MAX_SERIES && *room > 0 {
            *room -= 1;
            return series;
        }
        self.beyond += 1;
        series.attributes.iter_mut().for_each(|(_, text)| OTHER.clone_into(text));
        series.attributes.dedup();
        series
    }
}

/// The name that a cluster has for an address with a port, or the address alone.
fn name_of(header: &Header, ends: &str) -> String {
    let named = header.peers.get(ends).map_or(ends, |name| name.as_str());
    let host = named.rsplit_once(':').map_or(named, |(host, _)| host);
    host.trim_matches(['[', ']']).to_owned()
}

fn find<'s>(span: &'s Span, key: &str) -> Option<&'s Value> {
    let of = span.attributes.iter().find(|attribute| attribute.key == key)?;
    of.value.as_ref()?.value.as_ref()
}

fn as_text(value: &Value) -> Option<&str> {
    if let Value::StringValue(text) = value { Some(text) } else { None }
}

/// The conventions have a status as a number.
fn as_number(attribute: &mut KeyValue) {
    let text = attribute.value.as_ref().and_then(|value| value.value.as_ref()).and_then(as_text);
    let number = text.filter(|_| attribute.key == STATUS).and_then(|text| text.parse::<u32>().ok());
    if let Some(number) = number {
        *attribute = crate::attribute(STATUS, number);
    }
}

/// What an exemplar is of.
fn exemplar(value: f64, span: Option<&Span>) -> Exemplar {
    Exemplar {
        value: Some(exemplar::Value::AsDouble(value)),
        trace_id: span.map(|span| span.trace_id.clone()).unwrap_or_default(),
        span_id: span.map(|span| span.span_id.clone()).unwrap_or_default(),
        ..Exemplar::default()
    }
}

#[cfg(test)]
mod tests;
