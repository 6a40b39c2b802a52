//! A socket carried a message of HTTP/1 or of DNS.

use super::connection::{Address, address};
use super::json::JsonLine;
use super::kind::{Context, EventKind, Notice, Timing, WithBlobs};
use crate::blobs::{Blobs, Bytes, TextKind, TextSpan};
use crate::escape::Untrusted;
use rewind_common::call::REDACTED_BYTE;
use rewind_common::record::{self as wire, message::message_flags};
use rewind_protocols::http1::{Head, Start, Target, Way};
use rewind_protocols::{dns, http1};
use serde::Serialize;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;

/// A message that a socket carried: of argument 0 its first bytes.
pub type SocketMessage<'a> = WithBlobs<'a, wire::SocketMessage>;

impl SocketMessage<'_> {
    fn has(&self, flag: u8) -> bool {
        self.fixed.header.flags & flag != 0
    }

    /// Whether it is one of DNS, not of HTTP/1.
    #[must_use]
    pub fn is_dns(&self) -> bool {
        self.has(message_flags::DNS)
    }

    /// Whether UDP carried it, not TCP.
    #[must_use]
    pub fn is_udp(&self) -> bool {
        self.has(message_flags::UDP)
    }

    /// How it went.
    #[must_use]
    pub fn way(&self) -> Way {
        if self.has(message_flags::RECEIVED) { Way::Received } else { Way::Sent }
    }

    /// This end.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        address(self.fixed.local, self.fixed.local_port)
    }

    /// The other end; without an address and a port where the call did not name it.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        address(self.fixed.peer, self.fixed.peer_port)
    }

    /// When it was on its way: what is sent goes when the call begins, what comes is there when it returns.
    #[must_use]
    pub fn at_ns(&self) -> u64 {
        let began_ns = Some(self.fixed.since_ns).filter(|ns| *ns != 0 && self.way() == Way::Sent);
        began_ns.unwrap_or(self.fixed.time_ns)
    }

    /// Its first bytes. What was hidden of them stands as asterisks, which no protocol takes amiss.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let Some(blob) = self.blobs.clone().next() else { return Vec::new() };
        let is_redacted = blob.is_redacted();
        let shown = |byte: &u8| if is_redacted && *byte == REDACTED_BYTE { b'*' } else { *byte };
        blob.bytes.iter().map(shown).collect()
    }

    /// As one of HTTP/1; `None`: it only looked like one.
    #[must_use]
    pub fn http(&self) -> Option<Head> {
        match http1::read(&self.bytes()) {
            Start::Whole(head, _) | Start::Cut(Some(head)) if !self.is_dns() => Some(head),
            _ => None,
        }
    }

    /// As messages of DNS: one, or several over TCP; none if it only looked like one.
    #[must_use]
    pub fn dns(&self) -> Vec<dns::Message> {
        if !self.is_dns() {
            return Vec::new();
        }
        let bytes = self.bytes();
        if !self.has(message_flags::LENGTH) {
            // Over TCP the rest of it may come with a later call.
            let total = if self.is_udp() { self.fixed.total as usize } else { u16::MAX.into() };
            return dns::read(&bytes, total).into_iter().collect();
        }
        let (mut messages, mut rest) = (Vec::new(), &bytes[..]);
        while let Some(([high, low], behind)) = rest.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let (message, next) = behind.split_at(length.min(behind.len()));
            messages.extend(dns::read(message, length));
            rest = next;
        }
        messages
    }
}

/// Where a request goes: what its target or its `Host` says, and the path.
#[must_use]
pub(crate) fn url(target: &Target, host: Option<&str>) -> String {
    let authority = target.authority.as_deref().or(host).unwrap_or_default();
    let query = if target.has_query { "?..." } else { "" };
    let cut = if target.is_cut { "..." } else { "" };
    format!("{authority}{}{cut}{query}", target.path)
}

/// What a message of DNS asks for: `A example.com`, one or several.
#[must_use]
pub(crate) fn questions_of(questions: &[dns::Question]) -> String {
    let one = |question: &dns::Question| format!("{} {}", dns::type_name(question.kind), question.name);
    questions.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What an answer says: `93.184.216.34, 93.184.216.35`, `NXDOMAIN`, `no data`.
#[must_use]
pub(crate) fn answer(message: &dns::Message) -> String {
    if message.rcode != 0 {
        return dns::rcode_name(message.rcode).into_owned();
    }
    let mut parts: Vec<String> = message.addresses().map(|address| address.to_string()).collect();
    let others = message.answers.len() - parts.len();
    if parts.is_empty() && others > 0 {
        parts.push(format!("{others} records"));
    } else if parts.is_empty() && !message.is_cut && !message.is_truncated {
        parts.push("no data".to_owned());
    }
    if message.is_truncated {
        parts.push("truncated".to_owned());
    } else if message.is_cut {
        parts.push("...".to_owned());
    }
    parts.join(", ")
}

#[derive(Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum Said {
    Request {
        method: String,
        url: String,
    },
    Response {
        status: u16,
    },
    Question {
        id: u16,
        questions: String,
    },
    Answer {
        id: u16,
        questions: String,
        answer: String,
    },
    /// It only looked like one.
    Other,
}

#[derive(Serialize)]
struct Fields {
    direction: &'static str,
    transport: &'static str,
    local: Address,
    peer: Address,
    bytes: u32,
    #[serde(flatten)]
    said: Said,
    text: String,
}

impl SocketMessage<'_> {
    fn said(&self) -> Said {
        let of_http = |head| match head {
            Head::Request(request) => {
                Said::Request { url: url(&request.target, request.fields.host.as_deref()), method: request.method }
            }
            Head::Response(response) => Said::Response { status: response.status },
        };
        let of_dns = |message: dns::Message| {
            let (id, questions) = (message.id, questions_of(&message.questions));
            if message.is_response {
                Said::Answer { id, questions, answer: answer(&message) }
            } else {
                Said::Question { id, questions }
            }
        };
        self.http().map(of_http).or_else(|| self.dns().into_iter().next().map(of_dns)).unwrap_or(Said::Other)
    }
}

impl EventKind for SocketMessage<'_> {
    fn name(&self) -> &'static str {
        if self.is_dns() { "dns" } else { "http" }
    }

    fn tid(&self) -> u32 {
        self.fixed.header.tid
    }

    fn tgid(&self) -> Option<u32> {
        Some(self.fixed.tgid)
    }

    fn end_ns(&self) -> u64 {
        self.fixed.time_ns
    }

    /// At the end of the call that carried it.
    fn timing(&self) -> Timing {
        Timing::WithinCalls
    }

    fn peer(&self) -> Option<SocketAddr> {
        Some(Self::peer(self)).filter(|peer| peer.port() != 0)
    }

    fn write_text(&self, out: &mut String, _: &Context<'_>) {
        let peer = Self::peer(self);
        let (to, from) = match (self.way(), peer.port()) {
            (_, 0) => (String::new(), String::new()),
            (Way::Sent, _) => (format!(" to {peer}"), String::new()),
            (Way::Received, _) => (String::new(), format!(" from {peer}")),
        };
        let _ = match self.said() {
            Said::Request { method, url } => write!(out, "request {method} {}{to}{from}", text(&url)),
            Said::Response { status } => write!(out, "response {status}{to}{from}"),
            Said::Question { questions, .. } => write!(out, "question {}{to}{from}", text(&questions)),
            Said::Answer { questions, answer, .. } => {
                write!(out, "answer {}: {}{to}{from}", text(&questions), text(&answer))
            }
            Said::Other => write!(out, "what looked like {}{to}{from} and is none", self.name()),
        };
    }

    fn notice(&self) -> Notice {
        match self.said() {
            Said::Response { status: 500.. } => Notice::Bad,
            Said::Response { status: 400.. } => Notice::Notable,
            Said::Answer { .. } if self.dns().iter().any(|message| message.rcode != 0) => Notice::Notable,
            _ => Notice::Plain,
        }
    }

    fn blobs(&self) -> Option<Blobs<'_>> {
        Some(self.blobs)
    }

    fn text_of(&self, _: &Bytes<'_>) -> Option<TextSpan> {
        Some(TextSpan { from: 0, kind: if self.is_dns() { TextKind::Text } else { TextKind::HttpHead } })
    }

    fn write_json(&self, line: JsonLine<'_>, context: &Context<'_>) -> io::Result<()> {
        line.with(&Fields {
            direction: if self.way() == Way::Received { "in" } else { "out" },
            transport: if self.is_udp() { "udp" } else { "tcp" },
            local: self.local().into(),
            peer: Self::peer(self).into(),
            bytes: self.fixed.total,
            said: self.said(),
            text: self.text(context),
        })
    }
}

fn text(text: &str) -> Untrusted<'_> {
    Untrusted::new(text.as_bytes())
}
