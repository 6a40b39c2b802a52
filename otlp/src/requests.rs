//! Requests of HTTP/1 and lookups of names as spans, by the conventions' names.
//!
//! A request that carries a `traceparent` is in the trace that it names, else in one of its own; either way it links to
//! the run of its container. Who serves it is below the span that the header names. Who made it *is* the span that the
//! header names, for that is what who serves it has as its parent, below the span that serves the same trace in its
//! container and has not begun to answer. If the same header came in before, it is handed on as it was, and the span is
//! another one.

use crate::attribute::attribute;
use crate::headers::{Headers, SpanId};
use crate::id;
use crate::process::Processes;
use crate::spans::{Trace, of_process};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Link, SpanKind};
use rewind_protocols::dns::{self, Lookup, Outcome};
use rewind_protocols::http1::{Exchange, Request, Way};
use rewind_protocols::trace_context::TraceParent;
use rewind_recording::conversations::{Conversations, Party, Told, Unasked, body_bytes};
use rewind_recording::event::{Event, What};
use std::net::SocketAddr;

/// Methods that the conventions name (`http.request.method`).
const METHODS: [&str; 10] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"];
/// Most addresses of an answer that a span has.
const MAX_ADDRESSES: usize = 16;

/// What a connection that is followed takes, with the heads that wait on it.
const CONVERSATION_BYTES: usize = 2048;
/// What a question that waits takes.
const QUESTION_BYTES: usize = 512;

/// Requests and lookups of a recording.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    conversations: Conversations,
    headers: Headers,
}

impl Requests {
    /// Takes the next event, in the order of their ends; the spans of what is over with it.
    pub(crate) fn take(&mut self, trace: Trace<'_>, event: &Event<'_>, processes: &Processes) -> Vec<Span> {
        let told = self.conversations.take(event);
        let spans = self.spans(trace, &told, processes);
        if let What::SocketMessage(message) = event.what {
            for (party, exchange) in self.conversations.waiting(&message) {
                if let Some(header) = traceparent(exchange) {
                    self.headers.begins(header, is_served(exchange), trace.request_id(party, exchange));
                }
            }
        }
        spans
    }

    /// Whether a clock may tell of something.
    pub(crate) fn is_asking(&self) -> bool {
        self.conversations.is_asking()
    }

    /// The spans of questions, and of requests on closed connections, that have got no answer in time.
    pub(crate) fn expire(&mut self, trace: Trace<'_>, now_ns: u64, processes: &Processes) -> Vec<Span> {
        let told = self.conversations.expire(now_ns);
        self.spans(trace, &told, processes)
    }

    /// Nothing comes any more: the spans of what waits.
    pub(crate) fn end(mut self, trace: Trace<'_>, at_ns: u64, processes: &Processes) -> Vec<Span> {
        let told = self.conversations.end(at_ns);
        self.spans(trace, &told, processes)
    }

    /// About how many bytes it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.conversations.followed() * CONVERSATION_BYTES
            + self.conversations.questions() * QUESTION_BYTES
            + self.headers.bytes()
    }

    /// How many connections with requests, and questions, are not over.
    pub(crate) fn open(&self) -> usize {
        self.conversations.followed() + self.conversations.questions()
    }

    /// Holds half as much: the spans of what is given up, as it stands.
    pub(crate) fn shed(&mut self, trace: Trace<'_>, now_ns: u64, processes: &Processes) -> Vec<Span> {
        let told = self.conversations.give_up_half(now_ns);
        let spans = self.spans(trace, &told, processes);
        self.headers.forget();
        spans
    }

    fn spans(&mut self, trace: Trace<'_>, told: &[Told], processes: &Processes) -> Vec<Span> {
        let span = |told: &Told| match told {
            Told::Request(party, exchange) => trace.request(party, exchange, processes, &mut self.headers),
            Told::Lookup(way, lookup) => trace.lookup(*way, &Asked::of(lookup), processes),
            Told::Unasked(way, unasked) => trace.lookup(*way, &Asked::unseen(unasked), processes),
        };
        told.iter().map(span).collect()
    }
}

/// Whether a span is a request's: those alone link to the run of their container, as they are in other traces.
#[must_use]
pub fn is_request(span: &Span) -> bool {
    !span.links.is_empty()
}

fn is_served(exchange: &Exchange) -> bool {
    exchange.way == Some(Way::Received)
}

/// The trace context that its request carries.
fn traceparent(exchange: &Exchange) -> Option<&TraceParent> {
    exchange.request.as_ref()?.head.fields.traceparent.as_ref()
}

fn side(exchange: &Exchange) -> &'static str {
    if is_served(exchange) { "server" } else { "client" }
}

/// When it began, as far as that was seen.
fn began_ns(exchange: &Exchange) -> u64 {
    let request = exchange.request.as_ref().map(|request| request.began_ns);
    request.or(exchange.response.as_ref().map(|response| response.began_ns)).unwrap_or_default()
}

impl Trace<'_> {
    /// The span of a request that no header names.
    fn request_id(self, party: &Party, exchange: &Exchange) -> SpanId {
        id::span(self.id, side(exchange), ends(party), began_ns(exchange))
    }

    fn request(self, party: &Party, exchange: &Exchange, processes: &Processes, headers: &mut Headers) -> Span {
        let is_served = is_served(exchange);
        let request = exchange.request.as_ref();
        let response = exchange.response.as_ref();
        let head = request.map(|request| &request.head);
        let start_ns = began_ns(exchange);
        let end_ns = response.map(|it| it.last_ns.max(it.began_ns)).or(request.map(|it| it.last_ns));
        let own_id = self.request_id(party, exchange);
        let header = traceparent(exchange);
        let (trace_id, span_id, parent) = match header {
            None => (id::root(self.id, side(exchange), ends(party), start_ns), own_id, None),
            Some(header) => headers.over(header, is_served, own_id),
        };
        let parent = parent.map(Vec::from).unwrap_or_default();
        let process = processes.at(party.tgid, start_ns);
        let mut attributes = process.map(of_process).unwrap_or_default();
        attributes.extend(head.into_iter().flat_map(|head| of_request(head, is_served)));
        attributes.extend(of_ends(party, head, is_served));
        let status = response.map(|response| response.head.status);
        attributes.extend(status.map(|status| attribute("http.response.status_code", u32::from(status))));
        let is_failure = |status: u16| status >= 500 || !is_served && status >= 400;
        let error = match status {
            Some(status) => is_failure(status).then(|| status.to_string()),
            // None was seen: who knows.
            None => None,
        };
        attributes.extend(error.as_deref().map(|error| attribute("error.type", error)));
        let sizes = [
            ("http.request.body.size", request.and_then(|it| body_bytes(it, it.head.fields.length))),
            ("http.response.body.size", response.and_then(|it| body_bytes(it, it.head.fields.length))),
        ];
        let sizes = sizes.into_iter().filter_map(|(key, bytes)| bytes.map(|bytes| attribute(key, bytes)));
        attributes.extend(sizes);
        let doubts: Vec<_> = exchange.doubts.iter().map(|doubt| doubt.name().to_owned()).collect();
        attributes.extend((!doubts.is_empty()).then(|| attribute("rewind.http.unsure", doubts)));
        attributes.extend(response.is_none().then(|| attribute("rewind.http.response_seen", false)));
        let name = head.map_or("HTTP", |head| if is_known(&head.method) { &head.method } else { "HTTP" });
        let mut span = self.bare(span_id, parent, name, (start_ns, end_ns), error.is_some(), attributes);
        let run = Link { trace_id: self.id.to_vec(), span_id: self.root_id().to_vec(), ..Link::default() };
        span.trace_id = trace_id.to_vec();
        span.links = vec![run];
        span.kind = if is_served { SpanKind::Server } else { SpanKind::Client }.into();
        if let Some(header) = header {
            // Whoever sampled it says whether it is; that the parent is another process' is known.
            span.flags = if is_served { 0x300 } else { 0x100 } | u32::from(header.flags());
            let state = head.and_then(|head| head.fields.tracestate.as_ref());
            span.trace_state = state.map(ToString::to_string).unwrap_or_default();
        }
        span
    }

    fn lookup(self, way: Way, asked: &Asked<'_>, processes: &Processes) -> Span {
        let Asked { party, socket, id, question, start_ns, end_ns, answer, .. } = *asked;
        let process = processes.at(party.tgid, start_ns);
        let parent = process.map_or_else(|| self.root_id(), |process| self.process_id(process));
        let mut attributes = process.map(of_process).unwrap_or_default();
        attributes.extend(question.iter().flat_map(|question| {
            [
                attribute("dns.question.name", question.name.as_str()),
                attribute("rewind.dns.question.type", &*dns::type_name(question.kind)),
            ]
        }));
        let transport = if socket.transport == dns::Transport::Udp { "udp" } else { "tcp" };
        attributes.push(attribute("network.transport", transport));
        attributes.push(attribute("server.address", socket.server.ip().to_string().as_str()));
        attributes.push(attribute("server.port", u32::from(socket.server.port())));
        let mut error = None;
        match answer {
            Some(message) => {
                let code = dns::rcode_name(message.rcode);
                attributes.push(attribute("rewind.dns.response.code", &*code));
                let addresses: Vec<_> = message.addresses().take(MAX_ADDRESSES).map(|it| it.to_string()).collect();
                attributes.extend((!addresses.is_empty()).then(|| attribute("dns.answers", addresses)));
                error = match &*code {
                    "NOERROR" => None,
                    "NXDOMAIN" => Some("host_not_found"),
                    "SERVFAIL" => Some("try_again"),
                    _ => Some("no_recovery"),
                };
            }
            None if asked.is_given_up => attributes.push(attribute("rewind.dns.given_up", true)),
            None => error = Some("timeout"),
        }
        attributes.extend(error.map(|error| attribute("error.type", error)));
        attributes.extend((asked.times > 1).then(|| attribute("rewind.dns.times_asked", asked.times)));
        attributes.extend((asked.times == 0).then(|| attribute("rewind.dns.start_seen", false)));
        let kind = question.map_or(0, |question| question.kind);
        let number = ends(party) << 16 ^ u64::from(id) ^ u64::from(kind) << 48;
        let of = match (way, asked.times) {
            (Way::Sent, 0) => "answer",
            (Way::Received, 0) => "answer served",
            (Way::Sent, _) => "lookup",
            (Way::Received, _) => "lookup served",
        };
        let span_id = id::span(self.id, of, number, start_ns);
        let name = question.map_or("DNS lookup".to_owned(), |question| format!("DNS lookup {}", question.name));
        let times = (start_ns, Some(end_ns));
        let span = self.bare(span_id, parent.to_vec(), &name, times, error.is_some(), attributes);
        Span { kind: if way == Way::Sent { SpanKind::Internal } else { SpanKind::Server }.into(), ..span }
    }
}

/// A lookup, as far as it was seen.
struct Asked<'t> {
    party: &'t Party,
    socket: &'t dns::Socket,
    id: u16,
    question: Option<&'t dns::Question>,
    start_ns: u64,
    end_ns: u64,
    /// 0: its question was not seen, and it begins when it is answered.
    times: u32,
    answer: Option<&'t dns::Message>,
    /// It may have been answered, but nobody waited for that here.
    is_given_up: bool,
}

impl<'t> Asked<'t> {
    fn of(lookup: &'t Lookup<Party>) -> Self {
        Self {
            party: &lookup.owner,
            socket: &lookup.socket,
            id: lookup.id,
            question: Some(&lookup.question),
            start_ns: lookup.asked_ns,
            end_ns: lookup.ended_ns,
            times: lookup.times,
            answer: if let Outcome::Answered(message) = &lookup.outcome { Some(message) } else { None },
            is_given_up: lookup.outcome == Outcome::GivenUp,
        }
    }

    fn unseen(unasked: &'t Unasked) -> Self {
        let Unasked { socket, message, at_ns, owner } = unasked;
        Self {
            party: owner,
            socket,
            id: message.id,
            question: message.questions.first(),
            start_ns: *at_ns,
            end_ns: *at_ns,
            times: 0,
            answer: Some(message),
            is_given_up: false,
        }
    }
}

/// What makes the two ends of a connection others than those of the next one.
fn ends(party: &Party) -> u64 {
    u64::from(party.local.port()) << 16 | u64::from(party.peer.port())
}

fn is_known(method: &str) -> bool {
    METHODS.contains(&method)
}

fn of_request(head: &Request, is_served: bool) -> Vec<KeyValue> {
    let method = if is_known(&head.method) { head.method.as_str() } else { "_OTHER" };
    let mut attributes = vec![attribute("http.request.method", method)];
    attributes.extend((method == "_OTHER").then(|| attribute("http.request.method_original", head.method.as_str())));
    let path = head.target.path.as_str();
    if is_served {
        attributes.push(attribute("url.path", path));
        attributes.push(attribute("url.scheme", "http"));
    } else if let Some(authority) = authority(head) {
        let query = if head.target.has_query { "?REDACTED" } else { "" };
        attributes.push(attribute("url.full", format!("http://{authority}{path}{query}").as_str()));
    }
    let agent = head.fields.user_agent.as_deref().filter(|_| is_served);
    attributes.extend(agent.map(|agent| attribute("user_agent.original", agent)));
    attributes
        .extend(head.minor_version.map(|minor| attribute("network.protocol.version", format!("1.{minor}").as_str())));
    attributes
}

/// What the request says it goes to.
fn authority(head: &Request) -> Option<&str> {
    head.target.authority.as_deref().or(head.fields.host.as_deref()).filter(|authority| !authority.is_empty())
}

/// Both ends: the server by the name that the request has for it, where it has one.
fn of_ends(party: &Party, head: Option<&Request>, is_served: bool) -> Vec<KeyValue> {
    let (client, server) = if is_served { (party.peer, party.local) } else { (party.local, party.peer) };
    let (address, port) = head.and_then(authority).map_or_else(|| (server.ip().to_string(), None), split);
    let mut attributes = vec![
        attribute("server.address", address.as_str()),
        attribute("server.port", u32::from(port.unwrap_or(server.port()))),
        attribute("network.peer.address", party.peer.ip().to_string().as_str()),
        attribute("network.peer.port", u32::from(party.peer.port())),
    ];
    if is_served {
        attributes.push(attribute("client.address", client.ip().to_string().as_str()));
        attributes.push(attribute("client.port", u32::from(client.port())));
    }
    attributes
}

/// `host:port`, `[::1]:80`, or a host alone.
fn split(authority: &str) -> (String, Option<u16>) {
    if let Ok(address) = authority.parse::<SocketAddr>() {
        return (address.ip().to_string(), Some(address.port()));
    }
    match authority.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
        Some((host, Ok(port))) => (host.to_owned(), Some(port)),
        _ => (authority.to_owned(), None),
    }
}

#[cfg(test)]
mod tests;
