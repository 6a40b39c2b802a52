//! The header fields that matter here; the rest is not kept.

use super::doubt::{Doubt, Doubts};
use super::target;
use crate::trace_context::{MAX_STATE_BYTES, TraceParent, TraceState};

/// Longest `Host` that is kept.
pub const MAX_HOST_BYTES: usize = 255;
/// Longest `User-Agent` that is kept.
pub const MAX_USER_AGENT_BYTES: usize = 256;

/// `Content-Length`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lengths {
    /// There is none.
    #[default]
    None,
    /// There is one.
    One(u64),
    /// It is no number, or there are several.
    Unsure,
}

/// `Transfer-Encoding`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TransferCoding {
    /// There is none.
    #[default]
    None,
    /// `chunked` comes last: the message says itself where it ends.
    Chunked,
    /// Another comes last.
    Other,
}

/// What `Connection` names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `close`.
    pub close: bool,
    /// `keep-alive`.
    pub keep_alive: bool,
    /// `upgrade`.
    pub upgrade: bool,
}

/// What is kept of a message's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// `Host`, of which there may be one.
    pub host: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// `Content-Length`.
    pub length: Lengths,
    /// `Transfer-Encoding`.
    pub coding: TransferCoding,
    /// `Connection`.
    pub connection: Options,
    /// `traceparent`, if it is valid and the only one.
    pub traceparent: Option<TraceParent>,
    /// `tracestate`, if it is valid and there is a valid `traceparent`.
    pub tracestate: Option<TraceState>,
}

/// Takes one field after another.
#[derive(Debug, Default)]
pub(super) struct Gather {
    fields: Fields,
    traceparents: usize,
    tracestate: Vec<u8>,
}

impl Gather {
    /// Takes a field: its name in any case, its value without the space around it.
    pub(super) fn take(&mut self, name: &[u8], value: &[u8], doubts: &mut Doubts) {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        match name.len() {
            4 if is("host") => match &self.fields.host {
                None => self.fields.host = Some(target::text(value, MAX_HOST_BYTES).0),
                // RFC 9112, 3.2: a server refuses two. One is as good as the other.
                Some(_) => doubts.add(Doubt::BadField),
            },
            10 if is("user-agent") => self.fields.user_agent = Some(target::text(value, MAX_USER_AGENT_BYTES).0),
            10 if is("connection") => self.connection(value),
            10 if is("tracestate") => {
                if !self.tracestate.is_empty() {
                    self.tracestate.push(b',');
                }
                // One more than may be there tells that there was more.
                let room = (MAX_STATE_BYTES + 1).saturating_sub(self.tracestate.len());
                self.tracestate.extend(value.iter().take(room));
            }
            11 if is("traceparent") => {
                self.traceparents += 1;
                self.fields.traceparent = TraceParent::parse(value);
            }
            14 if is("content-length") => self.length(value, doubts),
            17 if is("transfer-encoding") => self.coding(value, doubts),
            _ => {}
        }
    }

    fn connection(&mut self, value: &[u8]) {
        for option in list(value) {
            let options = &mut self.fields.connection;
            options.close |= option.eq_ignore_ascii_case(b"close");
            options.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            options.upgrade |= option.eq_ignore_ascii_case(b"upgrade");
        }
    }

    /// RFC 9110, 8.6: digits alone. A list of equal ones may be taken for one; readers differ.
    fn length(&mut self, value: &[u8], doubts: &mut Doubts) {
        let digits = |value: &[u8]| {
            let text = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            text.and_then(|text| text.parse().ok())
        };
        self.fields.length = match (self.fields.length, digits(value)) {
            (Lengths::None, Some(length)) => Lengths::One(length),
            (before, _) => {
                let is_second = before != Lengths::None || value.contains(&b',');
                doubts.add(if is_second { Doubt::TwoLengths } else { Doubt::BadLength });
                Lengths::Unsure
            }
        };
    }

    /// RFC 9112, 6.1: `chunked` comes last, and once.
    fn coding(&mut self, value: &[u8], doubts: &mut Doubts) {
        for coding in list(value) {
            if self.fields.coding == TransferCoding::Chunked {
                doubts.add(Doubt::BadCoding);
            }
            let is_chunked = coding.eq_ignore_ascii_case(b"chunked");
            self.fields.coding = if is_chunked { TransferCoding::Chunked } else { TransferCoding::Other };
        }
        if self.fields.coding == TransferCoding::None {
            doubts.add(Doubt::BadCoding);
            self.fields.coding = TransferCoding::Other;
        }
    }

    /// What the fields say in all.
    pub(super) fn end(mut self, doubts: &mut Doubts) -> Fields {
        if self.fields.length != Lengths::None && self.fields.coding != TransferCoding::None {
            doubts.add(Doubt::LengthAndCoding);
        }
        // W3C: of several `traceparent`s none is valid, and without one there is no `tracestate`.
        self.fields.traceparent = self.fields.traceparent.filter(|_| self.traceparents == 1);
        self.fields.tracestate = self.fields.traceparent.and_then(|_| TraceState::parse(&self.tracestate));
        self.fields
    }
}

/// The elements of a list, without empty ones.
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trim).filter(|element| !element.is_empty())
}

/// Without the space around it.
pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(fields: &[(&str, &str)]) -> (Fields, Doubts) {
        let (mut gather, mut doubts) = (Gather::default(), Doubts::default());
        fields.iter().for_each(|(name, value)| gather.take(name.as_bytes(), value.as_bytes(), &mut doubts));
        let fields = gather.end(&mut doubts);
        (fields, doubts)
    }

    fn doubts(fields: &[(&str, &str)]) -> Vec<Doubt> {
        gather(fields).1.iter().collect()
    }

    #[test]
    fn names_are_of_any_case() {
        let (fields, doubts) = gather(&[
            ("HOST", "h:80"),
            ("user-Agent", "curl/8"),
            ("Content-length", "12"),
            ("connection", "Keep-Alive, Upgrade"),
        ]);
        assert_eq!(fields.host.as_deref(), Some("h:80"));
        assert_eq!(fields.user_agent.as_deref(), Some("curl/8"));
        assert_eq!(fields.length, Lengths::One(12));
        assert_eq!(fields.connection, Options { close: false, keep_alive: true, upgrade: true });
        assert!(doubts.is_empty());
    }

    #[test]
    fn a_length_is_sure_if_it_is_one_number() {
        for (values, doubt) in [
            (&["5", "5"][..], Doubt::TwoLengths),
            (&["5", "6"], Doubt::TwoLengths),
            (&["5, 5"], Doubt::TwoLengths),
            (&["x", "5"], Doubt::TwoLengths),
            (&["+5"], Doubt::BadLength),
            (&["-5"], Doubt::BadLength),
            (&["0x5"], Doubt::BadLength),
            (&["5 5"], Doubt::BadLength),
            (&["18446744073709551616"], Doubt::BadLength),
        ] {
            let fields: Vec<_> = values.iter().map(|value| ("Content-Length", *value)).collect();
            let (read, doubts) = gather(&fields);
            assert_eq!(read.length, Lengths::Unsure, "{values:?}");
            assert!(doubts.has(doubt), "{values:?}: {doubts:?}");
        }
    }

    #[test]
    fn chunked_comes_last_and_once() {
        let coding = |value: &str| gather(&[("Transfer-Encoding", value)]).0.coding;
        assert_eq!(coding("gzip, Chunked"), TransferCoding::Chunked);
        assert_eq!(coding("chunked, gzip"), TransferCoding::Other);
        assert_eq!(coding("xchunked"), TransferCoding::Other);
        assert_eq!(doubts(&[("Transfer-Encoding", "chunked, chunked")]), [Doubt::BadCoding]);
        assert_eq!(doubts(&[("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "x")]), [Doubt::BadCoding]);
        assert_eq!(doubts(&[("Transfer-Encoding", "")]), [Doubt::BadCoding]);
    }

    #[test]
    fn of_two_traceparents_none_is_valid_and_tracestates_are_one_list() {
        let parent = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        let (fields, _) = gather(&[parent, ("tracestate", "a=1"), ("TraceState", "b=2")]);
        assert_eq!(fields.tracestate.unwrap().to_string(), "a=1,b=2");
        assert_eq!(gather(&[parent, parent, ("tracestate", "a=1")]).0, Fields::default());
        assert_eq!(gather(&[("tracestate", "a=1")]).0, Fields::default());
        let long = "x".repeat(MAX_STATE_BYTES);
        assert_eq!(gather(&[parent, ("tracestate", "a=1"), ("tracestate", &long)]).0.tracestate, None);
    }

    #[test]
    fn a_length_and_a_coding_are_one_too_many() {
        let both = [("Content-Length", "5"), ("Transfer-Encoding", "chunked")];
        assert_eq!(doubts(&both), [Doubt::LengthAndCoding]);
    }

    #[test]
    fn two_hosts_are_one_too_many() {
        assert_eq!(doubts(&[("Host", "a"), ("Host", "a")]), [Doubt::BadField]);
    }
}
