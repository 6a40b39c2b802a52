//! The head of a message: its line and its fields, from the first bytes of a call.

use super::doubt::{Doubt, Doubts};
use super::fields::{Fields, Gather, TransferCoding, trim};
use super::target::Target;

/// Longest method that is taken for one.
pub const MAX_METHOD_BYTES: usize = 32;

/// Methods that are known without the rest of their line: RFC 9110, 9.1, RFC 5789 (`PATCH`), and `QUERY`.
const METHODS: [&str; 10] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"];
const VERSION: &[u8] = b"HTTP/1.";

/// What a message begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// Of a request.
    Request(Request),
    /// Of a response.
    Response(Response),
}

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// As it was written.
    pub method: String,
    /// Where it goes.
    pub target: Target,
    /// What follows `HTTP/1.`; none if the line was cut before.
    pub minor_version: Option<u8>,
    /// Its fields.
    pub fields: Fields,
    /// What is not sure of it.
    pub doubts: Doubts,
}

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Of three digits.
    pub status: u16,
    /// What follows `HTTP/1.`.
    pub minor_version: u8,
    /// Its fields.
    pub fields: Fields,
    /// What is not sure of it.
    pub doubts: Doubts,
}

/// What bytes begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A head, and how many bytes it has, with the empty line that ends it.
    Whole(Head, usize),
    /// A head may begin here and go on; what is seen of it, if that says what it is.
    Cut(Option<Head>),
    /// No HTTP/1.
    Other,
}

/// Reads what bytes begin with. Empty lines before a message are no part of it, but count.
#[must_use]
pub fn read(bytes: &[u8]) -> Start {
    let skipped = empty_lines(bytes);
    let bytes = bytes.get(skipped..).unwrap_or_default();
    let mut lines = Lines { bytes, at: 0, doubts: Doubts::default() };
    let Some(first) = lines.next() else { return cut_line(bytes) };
    let Some(mut head) = line(first) else { return Start::Other };
    let mut gather = Gather::default();
    let mut is_whole = false;
    let mut last: Option<(&[u8], &[u8])> = None;
    while let Some(line) = lines.next() {
        match field(line, last.is_some(), &mut lines.doubts) {
            Line::End => {
                is_whole = true;
                break;
            }
            // What a folded value goes on with is not joined to it: the doubt tells.
            Line::Skipped => {}
            Line::Field(name, value) => {
                if let Some((name, value)) = last.replace((name, value)) {
                    gather.take(name, value, &mut lines.doubts);
                }
            }
        }
    }
    if let Some((name, value)) = last {
        gather.take(name, value, &mut lines.doubts);
    }
    if !is_whole {
        lines.doubts.add(Doubt::HeadCut);
    }
    let fields = gather.end(&mut lines.doubts);
    head.fill(fields, lines.doubts);
    if is_whole { Start::Whole(head, skipped + lines.at) } else { Start::Cut(Some(head)) }
}

impl Head {
    fn fill(&mut self, read: Fields, mut seen: Doubts) {
        // RFC 9112, 6.1 and 6.3: HTTP/1.0 has no codings, and a request that does not end with `chunked` has no end.
        let is_bad = match self {
            Self::Request(request) => {
                read.coding == TransferCoding::Other
                    || read.coding == TransferCoding::Chunked && request.minor_version == Some(0)
            }
            Self::Response(response) => read.coding != TransferCoding::None && response.minor_version == 0,
        };
        if is_bad {
            seen.add(Doubt::BadCoding);
        }
        let (fields, doubts) = match self {
            Self::Request(request) => (&mut request.fields, &mut request.doubts),
            Self::Response(response) => (&mut response.fields, &mut response.doubts),
        };
        *fields = read;
        doubts.extend(seen);
    }
}

/// Whole lines, without their ends.
struct Lines<'b> {
    bytes: &'b [u8],
    at: usize,
    doubts: Doubts,
}

impl<'b> Lines<'b> {
    fn next(&mut self) -> Option<&'b [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        self.at += end + 1;
        let line = rest.get(..end)?;
        Some(line.strip_suffix(b"\r").unwrap_or_else(|| {
            self.doubts.add(Doubt::BareLineFeed);
            line
        }))
    }
}

enum Line<'b> {
    End,
    Field(&'b [u8], &'b [u8]),
    Skipped,
}

fn field<'b>(line: &'b [u8], is_behind_another: bool, doubts: &mut Doubts) -> Line<'b> {
    if line.is_empty() {
        return Line::End;
    }
    if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        doubts.add(Doubt::BadField);
    }
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        doubts.add(if is_behind_another { Doubt::FoldedField } else { Doubt::BadField });
        return Line::Skipped;
    }
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        doubts.add(Doubt::BadField);
        return Line::Skipped;
    };
    let (name, value) = line.split_at(colon);
    let plain = trim(name);
    if plain.len() < name.len() {
        doubts.add(Doubt::SpaceBeforeColon);
    }
    if plain.is_empty() || !plain.iter().all(|byte| is_token(*byte)) {
        doubts.add(Doubt::BadField);
    }
    Line::Field(plain, trim(value.get(1..).unwrap_or_default()))
}

/// A request or status line.
fn line(line: &[u8]) -> Option<Head> {
    if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return None;
    }
    match line.strip_prefix(VERSION) {
        Some(rest) => status(rest),
        None => request(line),
    }
}

/// What follows `HTTP/1.` in a status line (RFC 9112, 4).
fn status(rest: &[u8]) -> Option<Head> {
    let (minor, rest) = rest.split_first()?;
    let (digits, reason) = rest.strip_prefix(b" ")?.split_at_checked(3)?;
    let status = digits
        .iter()
        .try_fold(0, |status, digit| digit.is_ascii_digit().then(|| status * 10 + u16::from(digit - b'0')))?;
    let is_line = status >= 100 && reason.first().is_none_or(|byte| *byte == b' ');
    is_line.then_some(Head::Response(Response {
        status,
        minor_version: minor_version(*minor)?,
        fields: Fields::default(),
        doubts: Doubts::default(),
    }))
}

/// RFC 9112, 3: one space between the three parts.
fn request(line: &[u8]) -> Option<Head> {
    let mut parts = line.split(|byte| *byte == b' ');
    let method = method(parts.next()?)?;
    let target = parts.next()?;
    let version = parts.next()?.strip_prefix(VERSION)?;
    let (&[minor], None) = (version, parts.next()) else { return None };
    Some(Head::Request(Request {
        target: Target::read(method, target, false)?,
        method: method.to_owned(),
        minor_version: Some(minor_version(minor)?),
        fields: Fields::default(),
        doubts: Doubts::default(),
    }))
}

fn minor_version(digit: u8) -> Option<u8> {
    matches!(digit, b'0' | b'1').then(|| digit - b'0')
}

fn method(bytes: &[u8]) -> Option<&str> {
    let is_method = (1..=MAX_METHOD_BYTES).contains(&bytes.len()) && bytes.iter().all(|byte| is_token(*byte));
    std::str::from_utf8(bytes).ok().filter(|_| is_method)
}

/// A line that is not there in whole: what it may become.
fn cut_line(line: &[u8]) -> Start {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let is_clean = !line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t');
    if !is_clean {
        return Start::Other;
    }
    if line.starts_with(VERSION) || VERSION.starts_with(line) {
        return cut_status(line.get(VERSION.len()..).unwrap_or_default());
    }
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let Some(method) = parts.next().and_then(method) else { return Start::Other };
    let (Some(target), rest) = (parts.next(), parts.next()) else { return Start::Cut(None) };
    // Any word and a space are like a request; with a known method it is one.
    let is_version = |rest: &[u8]| rest.starts_with(VERSION) && rest.len() <= 8 || VERSION.starts_with(rest);
    let Some(target) = Target::read(method, target, rest.is_none()) else {
        // `http:` and `http:/` may become one.
        return if rest.is_none() && is_scheme(target) { Start::Cut(None) } else { Start::Other };
    };
    if !rest.is_none_or(is_version) {
        return Start::Other;
    }
    let minor = rest.and_then(|rest| rest.get(VERSION.len())).copied();
    let Some(minor_version) = minor.map_or(Some(None), |minor| minor_version(minor).map(Some)) else {
        return Start::Other;
    };
    let is_request = METHODS.contains(&method) || minor_version.is_some();
    Start::Cut(is_request.then(|| {
        Head::Request(Request {
            method: method.to_owned(),
            target,
            minor_version,
            fields: Fields::default(),
            doubts: [Doubt::HeadCut].into_iter().collect(),
        })
    }))
}

fn is_scheme(bytes: &[u8]) -> bool {
    let name = bytes.split(|byte| *byte == b':').next().unwrap_or_default();
    let is_name = name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    is_name && b"://".starts_with(bytes.get(name.len()..).unwrap_or_default())
}

/// What is there behind `HTTP/1.`: version, space, three digits, and whatever.
fn cut_status(rest: &[u8]) -> Start {
    if let Some(Head::Response(mut response)) = status(rest) {
        response.doubts.add(Doubt::HeadCut);
        return Start::Cut(Some(Head::Response(response)));
    }
    let may_go_on = rest.len() < 5
        && rest.iter().enumerate().all(|(at, byte)| match at {
            0 => minor_version(*byte).is_some(),
            1 => *byte == b' ',
            2 => (b'1'..=b'9').contains(byte),
            _ => byte.is_ascii_digit(),
        });
    if may_go_on { Start::Cut(None) } else { Start::Other }
}

/// RFC 9112, 2.2: at least one empty line before a request is to be passed over.
fn empty_lines(bytes: &[u8]) -> usize {
    let mut skipped = 0;
    loop {
        match bytes.get(skipped..).unwrap_or_default() {
            [b'\r', b'\n', ..] => skipped += 2,
            [b'\n', ..] => skipped += 1,
            _ => return skipped,
        }
    }
}

/// RFC 9110, 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
