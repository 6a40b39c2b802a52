//! TCP connections as a table of their own: a line for each that came to be, did not, or ended.

use super::style::{HEADING, marks, style_of};
use super::units::{bytes, duration};
use super::words::{comm_of, ids};
use super::{Options, Words};
use crate::escape::visible;
use crate::event::{Event, What};
use crate::events::connection::{self, Connection};
use crate::events::{EventKind, Notice, kinds};
use rewind_common::record::connection::what;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;

/// Widths of the columns, with the two spaces behind each.
const TIME: usize = 17;
const PROCESS: usize = 24;
const WHAT: usize = 9;
const ADDRESS: usize = 23;
const RESULT: usize = 17;
const FIGURE: usize = 10;

/// Whether connections are all that is shown.
pub(super) fn is_meant(options: &Options) -> bool {
    let chosen = &options.filter.kinds;
    !chosen.is_empty() && chosen.iter().all(|kind| kinds::TCP.contains(kind))
}

/// Writes the line of headings.
pub(super) fn write_columns(out: &mut dyn io::Write, words: &Words<'_>) -> io::Result<()> {
    let (bold, plain) = marks(words.options.color, HEADING);
    writeln!(
        out,
        "{bold}{:TIME$}{:PROCESS$}{:WHAT$}{:ADDRESS$}{:ADDRESS$}{:RESULT$}{:FIGURE$}{:FIGURE$}{:FIGURE$}{:FIGURE$}RETRANS{plain}",
        "TIME", "PROCESS", "WHAT", "LOCAL", "PEER", "RESULT", "TOOK", "SENT", "RECEIVED", "RTT"
    )
}

/// Writes one event.
pub(super) fn write_line(out: &mut dyn io::Write, words: &mut Words<'_>, event: &Event<'_>) -> io::Result<()> {
    words.begin(event);
    let column = words.column();
    words.clock.write_time(&mut words.line, event.start_ns, 6);
    words.fill(column, TIME);
    let column = words.column();
    match ids(event, words.options.pids) {
        (Some(tgid), _) => drop(write!(words.line, "{}[{tgid}]", comm_of(event))),
        (None, _) => words.line.push('?'),
    }
    words.fill(column, PROCESS);
    let notice = match event.what {
        What::Connection(told) => write_connection(words, &told),
        What::Listen(listen) => {
            let local = connection::address(listen.local, listen.local_port);
            write_ends(words, "listen", local, "");
            let _ = write!(words.line, "backlog {}", { listen.backlog });
            listen.notice()
        }
        _ => return Ok(()),
    };
    let (on, off) = style_of(notice).map_or(("".into(), "".into()), |style| marks(words.options.color, style));
    writeln!(out, "{on}{}{off}", visible(words.line.trim_end()))
}

fn write_connection(words: &mut Words<'_>, told: &Connection) -> Notice {
    let peer = words.name_of_peer(told).map_or_else(|| connection::peer(told).to_string(), ToString::to_string);
    write_ends(words, connection::what_name(told), connection::local(told), &peer);
    let is_there = told.header.flags != what::FAILED && told.header.flags != what::GIVEN_UP;
    let is_over = told.header.flags == what::CLOSED;
    let rtt_ns = u64::from(told.srtt_us) * 1_000;
    let figures = [
        (Some(connection::result(told)), RESULT),
        (connection::took_ns(told).map(duration), FIGURE),
        (is_over.then(|| bytes(told.bytes_sent)), FIGURE),
        (is_over.then(|| bytes(told.bytes_received)), FIGURE),
        ((is_there && rtt_ns != 0).then(|| duration(rtt_ns)), FIGURE),
    ];
    for (text, width) in figures.map(|(text, width)| (text.unwrap_or_default(), width)) {
        let column = words.column();
        words.line.push_str(&text);
        words.fill(column, width);
    }
    if told.retransmits != 0 {
        let _ = write!(words.line, "{}", { told.retransmits });
    }
    told.notice()
}

fn write_ends(words: &mut Words<'_>, what: &str, local: SocketAddr, peer: &str) {
    // A connect that found no way has had no end here.
    let local = if local.port() == 0 && local.ip().is_unspecified() { String::new() } else { local.to_string() };
    for (text, width) in [(what, WHAT), (&local, ADDRESS), (peer, ADDRESS)] {
        let column = words.column();
        words.line.push_str(text);
        words.fill(column, width);
    }
}
