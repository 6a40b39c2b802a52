//! Requests and lookups as tables of their own, and as JSON: a line for each that was put together of what sockets
//! carried ([`crate::conversations`]), by when it began.

use super::style::{HEADING, marks, style_of};
use super::units::duration;
use super::{Format, Options, Words};
use crate::conversations::{Conversations, Told, Unasked, body_bytes};
use crate::escape::{self, visible};
use crate::event::{Timeline, What};
use crate::events::socket_message::{answer, questions_of, url};
use crate::events::{Notice, kinds};
use crate::task::{Pids, comm};
use rewind_protocols::dns::{self, Outcome};
use rewind_protocols::http1::{Exchange, Message, Way};
use serde::Serialize;
use std::fmt::Write as _;
use std::io;

/// Widths of the columns, with the two spaces behind each.
const TIME: usize = 17;
const PROCESS: usize = 24;
const WAY: usize = 5;
const RESULT: usize = 11;
const TOOK: usize = 10;
const ADDRESS: usize = 23;

/// Whether requests and lookups are all that is shown.
pub(super) fn is_meant(options: &Options) -> bool {
    let chosen = &options.filter.kinds;
    let is_of = |kind: &&str| kinds::HTTP.contains(kind) || kinds::DNS.contains(kind);
    !chosen.is_empty() && chosen.iter().all(is_of) && options.format != Format::Strace
}

/// Writes the line of headings.
pub(super) fn write_columns(out: &mut dyn io::Write, words: &Words<'_>) -> io::Result<()> {
    let (bold, plain) = marks(words.options.color, HEADING);
    let (time, process, way, result, took) = ("TIME", "PROCESS", "WAY", "RESULT", "TOOK");
    writeln!(
        out,
        "{bold}{time:TIME$}{process:PROCESS$}{way:WAY$}{result:RESULT$}{took:TOOK$}{:ADDRESS$}WHAT{plain}",
        "PEER"
    )
}

/// Takes the events of a timeline, of messages those that are chosen; what they complete.
pub(super) fn take(conversations: &mut Conversations, timeline: &Timeline<'_>, chosen: &[usize]) -> Vec<Told> {
    let mut told = Vec::new();
    for (at, event) in (0..timeline.len()).filter_map(|at| Some((at, timeline.event(at)?))) {
        if matches!(event.what, What::Connection(_)) || chosen.binary_search(&at).is_ok() {
            told.extend(conversations.take(&event));
        }
    }
    told
}

/// Takes the lines of all that the chosen events complete, each with its time; how many there were.
pub(super) fn each_line(
    timeline: &Timeline<'_>,
    chosen: &[usize],
    words: &mut Words<'_>,
    mut line: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let mut conversations = Conversations::default();
    let mut all = take(&mut conversations, timeline, chosen);
    all.extend(conversations.end(words.read_ns));
    all.sort_by_key(Told::start_ns);
    all.retain(|told| is_wanted(words.options, told));
    let mut text = Vec::with_capacity(256);
    for told in &all {
        text.clear();
        write_line(&mut text, words, told)?;
        line(told.start_ns(), &text)?;
    }
    Ok(all.len() as u64)
}

/// Whether its kind was asked for: connections tell of requests as well.
pub(super) fn is_wanted(options: &Options, told: &Told) -> bool {
    let kinds = if matches!(told, Told::Request(..)) { kinds::HTTP } else { kinds::DNS };
    kinds.iter().any(|kind| options.filter.kinds.contains(kind))
}

/// Writes one.
pub(super) fn write_line(out: &mut dyn io::Write, words: &mut Words<'_>, told: &Told) -> io::Result<()> {
    if words.options.format == Format::Json {
        return write_json(out, words, told);
    }
    let party = *told.party();
    words.line.clear();
    let put = |words: &mut Words<'_>, text: &str, width| {
        let column = words.column();
        words.line.push_str(text);
        words.fill(column, width);
    };
    words.clock.write_time(&mut words.line, told.start_ns(), 6);
    words.fill(0, TIME);
    let name = party.task.as_ref().map_or_else(|| "?".to_owned(), |task| comm(&task.comm).to_string());
    let (tgid, _) = numbers(words.options.pids, told);
    put(words, &format!("{name}[{tgid}]"), PROCESS);
    put(words, if told.way() == Some(Way::Received) { "in" } else { "out" }, WAY);
    let (result, notice) = result(told);
    put(words, &result, RESULT);
    let unknown = if told.is_begin_unseen() { "?" } else { "" };
    put(words, &told.took_ns().map_or_else(|| unknown.to_owned(), duration), TOOK);
    let peer = party.peer.to_string();
    let peer = words.peers.get(&peer).map_or(peer, ToString::to_string);
    put(words, if party.peer.port() == 0 { "" } else { &peer }, ADDRESS);
    words.line.push_str(&what(told));
    let (on, off) = style_of(notice).map_or(("".into(), "".into()), |style| marks(words.options.color, style));
    writeln!(out, "{on}{}{off}", visible(words.line.trim_end()))
}

/// The process and the thread, in the numbers that are wanted.
fn numbers(pids: Pids, told: &Told) -> (u32, u32) {
    let party = told.party();
    match (pids, party.task) {
        (Pids::Container, Some(task)) => (task.ns_tgid, task.ns_tid),
        _ => (party.tgid, party.tid),
    }
}

/// What came of it, and whether it has failed.
#[must_use]
pub fn result_of(told: &Told) -> (String, bool) {
    let (text, notice) = result(told);
    (text, notice == Notice::Bad)
}

/// What came of it.
fn result(told: &Told) -> (String, Notice) {
    match told {
        Told::Request(_, exchange) => match &exchange.response {
            Some(response) => {
                let notice = match response.head.status {
                    500.. => Notice::Bad,
                    400.. => Notice::Notable,
                    _ => Notice::Plain,
                };
                (response.head.status.to_string(), notice)
            }
            None => ("none seen".to_owned(), Notice::Notable),
        },
        Told::Lookup(_, lookup) => match &lookup.outcome {
            Outcome::Answered(message) => answered(message),
            Outcome::TimedOut => ("no answer".to_owned(), Notice::Bad),
            Outcome::GivenUp => ("given up".to_owned(), Notice::Notable),
        },
        Told::Unasked(_, unasked) => answered(&unasked.message),
    }
}

fn answered(answer: &dns::Message) -> (String, Notice) {
    let notice = if answer.rcode == 0 { Notice::Plain } else { Notice::Notable };
    (dns::rcode_name(answer.rcode).into_owned(), notice)
}

/// What was asked for.
#[must_use]
pub fn asked(told: &Told) -> String {
    match told {
        Told::Request(_, exchange) => exchange.request.as_ref().map_or_else(
            || "response to a request that was not seen".to_owned(),
            |Message { head, .. }| format!("{} {}", head.method, url(&head.target, head.fields.host.as_deref())),
        ),
        Told::Lookup(_, lookup) => questions_of(std::slice::from_ref(&lookup.question)),
        Told::Unasked(_, unasked) if unasked.message.questions.is_empty() => "?".to_owned(),
        Told::Unasked(_, unasked) => questions_of(&unasked.message.questions),
    }
}

/// What was asked for, what an answer says, and what there is to doubt.
fn what(told: &Told) -> String {
    let mut text = asked(told);
    let answered = match told {
        Told::Request(..) => None,
        Told::Lookup(_, lookup) => {
            if let Outcome::Answered(message) = &lookup.outcome {
                Some(message)
            } else {
                None
            }
        }
        Told::Unasked(_, unasked) => Some(&unasked.message),
    };
    if let Some(message) = answered.filter(|message| message.rcode == 0) {
        let _ = write!(text, ": {}", answer(message));
    }
    match told {
        Told::Request(_, exchange) if !exchange.doubts.is_empty() => {
            let doubts: Vec<_> = exchange.doubts.iter().map(|doubt| doubt.name().replace('_', " ")).collect();
            let _ = write!(text, "  (unsure: {})", doubts.join(", "));
        }
        Told::Lookup(_, lookup) if lookup.times > 1 => {
            let _ = write!(text, "  (asked {} times)", lookup.times);
        }
        Told::Unasked(..) => text.push_str("  (its question was not seen)"),
        Told::Request(..) | Told::Lookup(..) => {}
    }
    text
}

#[derive(Serialize)]
struct Line<'t> {
    kind: &'static str,
    time: String,
    ktime_ns: u64,
    tid: u32,
    tgid: u32,
    comm: Option<String>,
    direction: &'static str,
    local: String,
    peer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_name: Option<&'t str>,
    /// Null if there was no response, or no answer, or if its beginning was not seen.
    took_ns: Option<u64>,
    #[serde(flatten)]
    of: Of<'t>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Of<'t> {
    Request {
        method: Option<&'t str>,
        url: Option<String>,
        status: Option<u16>,
        request_bytes: Option<u64>,
        response_bytes: Option<u64>,
        traceparent: Option<String>,
        doubts: Vec<&'static str>,
    },
    Lookup {
        transport: &'static str,
        /// Null if an answer has none, and its question was not seen.
        question: Option<&'t str>,
        #[serde(rename = "type")]
        kind: Option<String>,
        /// Null if there was no answer.
        rcode: Option<String>,
        addresses: Vec<String>,
        /// How often it was seen to be asked.
        times: u32,
        /// Null if that was not seen.
        waited_ns: Option<u64>,
    },
}

fn write_json(out: &mut dyn io::Write, words: &mut Words<'_>, told: &Told) -> io::Result<()> {
    let party = told.party();
    let (tgid, tid) = numbers(words.options.pids, told);
    let mut time = String::new();
    words.clock.write_rfc3339(&mut time, told.start_ns());
    let peer = party.peer.to_string();
    let (kind, of) = match told {
        Told::Request(_, exchange) => ("request", of_exchange(exchange)),
        Told::Lookup(_, lookup) => {
            let answered = if let Outcome::Answered(message) = &lookup.outcome { Some(message) } else { None };
            let waited_ns = lookup.ended_ns.saturating_sub(lookup.asked_ns);
            let asked = (lookup.times, Some(waited_ns));
            ("lookup", of_lookup(&lookup.socket, Some(&lookup.question), answered, asked))
        }
        Told::Unasked(_, unasked) => {
            let Unasked { socket, message, .. } = &**unasked;
            ("lookup", of_lookup(socket, message.questions.first(), Some(message), (0, None)))
        }
    };
    let line = Line {
        kind,
        time,
        ktime_ns: told.start_ns(),
        tid,
        tgid,
        comm: party.task.as_ref().map(|task| comm(&task.comm).to_string()),
        direction: if told.way() == Some(Way::Received) { "in" } else { "out" },
        local: party.local.to_string(),
        peer_name: words.peers.get(&peer).map(escape::UntrustedString::as_str),
        peer,
        took_ns: told.took_ns(),
        of,
    };
    escape::json::write(out, &line)?;
    out.write_all(b"\n")
}

fn of_lookup<'t>(
    socket: &dns::Socket,
    question: Option<&'t dns::Question>,
    answer: Option<&dns::Message>,
    (times, waited_ns): (u32, Option<u64>),
) -> Of<'t> {
    let addresses = answer.into_iter().flat_map(dns::Message::addresses);
    Of::Lookup {
        transport: if socket.transport == dns::Transport::Udp { "udp" } else { "tcp" },
        question: question.map(|question| question.name.as_str()),
        kind: question.map(|question| dns::type_name(question.kind).into_owned()),
        rcode: answer.map(|message| dns::rcode_name(message.rcode).into_owned()),
        addresses: addresses.map(|address| address.to_string()).collect(),
        times,
        waited_ns,
    }
}

fn of_exchange(exchange: &Exchange) -> Of<'_> {
    let request = exchange.request.as_ref();
    let head = request.map(|request| &request.head);
    Of::Request {
        method: head.map(|head| head.method.as_str()),
        url: head.map(|head| url(&head.target, head.fields.host.as_deref())),
        status: exchange.response.as_ref().map(|response| response.head.status),
        request_bytes: request.and_then(|it| body_bytes(it, it.head.fields.length)),
        response_bytes: exchange.response.as_ref().and_then(|it| body_bytes(it, it.head.fields.length)),
        traceparent: head.and_then(|head| head.fields.traceparent.as_ref()).map(ToString::to_string),
        doubts: exchange.doubts.iter().map(rewind_protocols::http1::Doubt::name).collect(),
    }
}

#[cfg(test)]
mod tests;
