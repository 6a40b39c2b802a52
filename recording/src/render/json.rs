//! One JSON object a line: the header first, then events.

use super::Words;
use super::words::{comm_of, errno_name, ids, invocation};
use crate::escape::{self, UntrustedString};
use crate::event::{Event, Outcome, What};
use crate::events::{Context, JsonLine, Who};
use crate::header::Header;
use crate::task::Pids;
use serde::Serialize;
use std::borrow::Cow;
use std::io;

/// The first line.
#[derive(Serialize)]
struct HeaderLine<'h> {
    kind: &'static str,
    #[serde(flatten)]
    header: &'h Header,
}

/// A call in words and numbers, as its JSON line has it.
#[derive(Clone, Debug, Serialize)]
pub struct CallFields<'e> {
    /// Its name.
    pub syscall: Cow<'static, str>,
    /// Its number.
    pub nr: u16,
    /// Its arguments, as strace writes them.
    pub args: Vec<&'e str>,
    /// The registers, in hex for no reader's numbers hold 64 bits; null where a copy of what the
    /// argument points to stands for it.
    pub raw: Vec<Option<String>>,
    /// Null if it has not returned.
    pub result: Option<i64>,
    /// As strace writes it.
    pub result_text: Option<&'e str>,
    /// The error's name, if it failed.
    pub errno: Option<String>,
    /// Null if that is not known.
    pub duration_ns: Option<u64>,
    /// What could have answered it, where the kernel never began it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<&'static str>,
    /// Whether it had not returned.
    pub unfinished: bool,
    /// The name of the address that it was given, as the cluster knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_name: Option<&'e str>,
    /// When the recording began, where the call is older than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began_before: Option<&'e str>,
    /// Whether secrets in its arguments were hidden: `[redacted]` stands for them.
    pub redacted: bool,
    /// What became of it, in a word.
    pub outcome: &'static str,
}

/// Writes the header's line.
pub(super) fn write_header(out: &mut dyn io::Write, header: &Header) -> io::Result<()> {
    escape::json::write(out, &HeaderLine { kind: "header", header })?;
    out.write_all(b"\n")
}

/// Writes the line of an event.
pub(super) fn write_line(out: &mut dyn io::Write, words: &mut Words<'_>, event: &Event<'_>) -> io::Result<()> {
    let mut time = String::new();
    words.clock.write_rfc3339(&mut time, event.start_ns);
    words.begin(event);
    let pids = words.options.pids;
    match event.what {
        What::Call { outcome, .. } => match call_fields(words, event, outcome, &time) {
            Some(fields) => line(out, pids, event, "call", &time).with(&fields),
            None => Ok(()),
        },
        what => {
            let Some(kind) = what.as_event() else { return Ok(()) };
            let context = Context { origins: &words.origins, pids };
            let mut line = line(out, pids, event, kind.name(), &time);
            line.who.peer_name = words.name_of_peer(kind).map(UntrustedString::as_str);
            kind.write_json(line, &context)
        }
    }
}

/// What the line of a call says; `time` is that of its start.
pub(super) fn call_fields<'w>(
    words: &'w mut Words<'_>,
    event: &Event<'_>,
    outcome: Outcome,
    time: &'w str,
) -> Option<CallFields<'w>> {
    let invocation = invocation(event)?;
    let call = &invocation.call;
    if !outcome.is_start() {
        words.arguments(&invocation);
    } else {
        words.entry_arguments(&invocation);
    }
    let arguments = words.line.len();
    if outcome == Outcome::Returned && call.has_result() {
        words.result(&invocation);
    }
    let words = &*words;
    let (arguments, result) = words.line.split_at(arguments);
    let returned = outcome == Outcome::Returned;
    let has_result = returned && call.has_result();
    Some(CallFields {
        syscall: words.name(call),
        nr: call.nr,
        args: split(arguments),
        raw: (0..usize::from(call.count)).map(|i| call.value(i).map(|value| format!("{value:#x}"))).collect(),
        result: has_result.then_some(call.result),
        result_text: has_result.then_some(result),
        errno: call.errno().filter(|_| returned).map(|errno| errno_name(errno).into_owned()),
        refused: call.refusal.map(|refusal| refusal.by().name()),
        duration_ns: match outcome {
            _ if call.refusal.is_some() => None,
            Outcome::Returned | Outcome::Died => Some(call.duration_ns),
            Outcome::InFlight => Some(words.read_ns.saturating_sub(event.start_ns)),
            Outcome::InProgress | Outcome::Lost => None,
        },
        unfinished: !returned,
        peer_name: words.peer(&invocation).map(UntrustedString::as_str),
        began_before: (outcome == Outcome::InProgress).then_some(time),
        redacted: [invocation.enter, Some(*call)].into_iter().flatten().any(|call| call.is_redacted()),
        outcome: match outcome {
            Outcome::Returned => "returned",
            Outcome::Died => "died",
            Outcome::InFlight | Outcome::InProgress => "in_flight",
            Outcome::Lost => "lost",
        },
    })
}

/// The line of an event, without the fields of its kind.
fn line<'l>(
    out: &'l mut dyn io::Write,
    pids: Pids,
    event: &'l Event<'_>,
    kind: &'static str,
    time: &'l str,
) -> JsonLine<'l> {
    let (tgid, tid) = ids(event, pids);
    let comm = event.task.is_some().then(|| comm_of(event).text());
    let is_known = !matches!(event.what, What::Call { outcome: Outcome::InProgress, .. });
    let (time, ktime_ns) = (is_known.then_some(time), is_known.then_some(event.start_ns));
    JsonLine { out, who: Who { kind, time, ktime_ns, tid, tgid, comm, peer_name: None } }
}

/// Splits arguments at the commas between them: those in quotes and brackets belong to one.
pub(super) fn split(arguments: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0u32, false, false);
    for (at, byte) in arguments.bytes().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match byte {
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(arguments.get(from..at).unwrap_or_default().trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    let rest = arguments.get(from..).unwrap_or_default().trim();
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}
