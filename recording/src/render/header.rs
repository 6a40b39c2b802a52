//! What is said of a recording before its events: whose, how it ended, what is covered, what is not.

use super::style::{HEADING, NOTABLE, marks};
use super::units::{age, bytes, counted, grouped};
use super::{Format, Options};
use crate::clock::Clock;
use crate::ending::{Oom, Sender};
use crate::escape::visible;
use crate::header::{Container, Coverage, Header, short_id};
use crate::origin::Origins;
use std::io;

/// Width of the names of the lines.
const NAME: usize = 12;

/// Writes what there is to say of a recording, a line each; for strace's and JSON's readers as
/// comments that start with `# `.
///
/// # Errors
/// Those of `out`.
pub fn write_header(out: &mut dyn io::Write, header: &Header, options: &Options) -> io::Result<()> {
    let lead = if options.format == Format::Table { "" } else { "# " };
    for (name, text, notable) in lines(header, options) {
        let (bold, plain) = marks(options.color, HEADING);
        let (on, off) = if notable { marks(options.color, NOTABLE) } else { Default::default() };
        writeln!(out, "{lead}{bold}{:NAME$}{plain}{on}{}{off}", format!("{name}:"), visible(&text))?;
    }
    if options.format == Format::Table { writeln!(out) } else { Ok(()) }
}

fn lines(header: &Header, options: &Options) -> Vec<(&'static str, String, bool)> {
    let mut clock = Clock::new(options.zone.clone(), header.host.unix_offset_ns);
    let coverage = &header.coverage;
    let mut lines = vec![("Container", container_name(&header.container), false)];
    let pod = header.container.pod.as_ref().map(|pod| pod.words()).filter(|words| !words.is_empty());
    lines.extend(pod.map(|words| ("Pod", words, false)));
    lines.push(("State", state(header, &mut clock), false));
    if let Some(cause) = &header.cause {
        let by = cause.sender.as_ref().filter(|sender| !sender.by_kernel);
        lines.extend(by.map(|by| ("Sent by", sender(header, by), false)));
        lines.extend(cause.oom.as_ref().map(|oom| ("OOM", out_of_memory(oom), false)));
    }
    lines.push(("Covers", covers(coverage, &mut clock), false));
    lines.push(("Calls", calls(coverage), false));
    if coverage.calls_overwritten > 0 {
        lines.push(("Complete", complete(coverage, &mut clock), false));
    }
    lines.extend(header.reason.map(|reason| ("Kept", format!("as a crash file, because {}", reason.words()), false)));
    lines.push(("Losses", losses(header), !header.losses.is_empty()));
    if header.redacted > 0 {
        lines.push(("Redacted", counted(header.redacted, "argument"), false));
    }
    if !header.payload {
        let text = "not recorded, but for what is written to stdout and stderr";
        lines.push(("Payload", text.to_owned(), false));
    }
    lines.extend(header.given_up.iter().map(|reason| ("Not seen", reason.clone(), true)));
    lines
}

/// `runc[5935] on the host`.
fn sender(header: &Header, sender: &Sender) -> String {
    let place = Origins::of(header).place(sender.cgroup_id).words();
    format!("{}[{}]{}", sender.comm, sender.tgid, place.map_or_else(String::new, |place| format!(" {place}")))
}

fn out_of_memory(oom: &Oom) -> String {
    let (anon, file, shmem) = (bytes(oom.anon_bytes), bytes(oom.file_bytes), bytes(oom.shmem_bytes));
    let (usage, limit) = (bytes(oom.usage_bytes), bytes(oom.limit_bytes));
    let mut text = format!("it held {anon} of its own, {file} of files, {shmem} shared");
    if oom.limit_bytes != 0 {
        text += &format!("; its cgroup held {usage} of {limit} allowed");
    }
    text + &format!("; {}[{}] asked for more", oom.trigger_comm, oom.trigger_tgid)
}

/// `web (docker 3f2a9c1b2d4e)`, or `3f2a9c1b2d4e (docker)` where there is no name.
#[must_use]
pub fn container_name(container: &Container) -> String {
    let id = short_id(&container.id);
    let runtime = if container.runtime.is_empty() { "unknown".into() } else { container.runtime.clone() };
    if container.name.is_empty() || container.name == container.id {
        format!("{id} ({runtime})")
    } else {
        format!("{} ({runtime} {id})", container.name)
    }
}

fn state(header: &Header, clock: &mut Clock) -> String {
    let Some(died_ns) = header.died_ns else { return "living".to_owned() };
    let mut text = header.ending.as_ref().map_or_else(String::new, |ending| format!("{}, ", ending.words()));
    text += "dead since ";
    clock.write_time(&mut text, died_ns, 3);
    text + &format!(", {} before this was read", age(header.read_ns.saturating_sub(died_ns)))
}

fn covers(coverage: &Coverage, clock: &mut Clock) -> String {
    if coverage.calls_held == 0 && coverage.newest_ns == 0 {
        return "nothing: no call is held".to_owned();
    }
    let mut text = String::new();
    clock.write_date(&mut text, coverage.oldest_ns);
    text.push(' ');
    clock.write_time(&mut text, coverage.oldest_ns, 3);
    text.push_str(" to ");
    clock.write_time(&mut text, coverage.newest_ns, 3);
    text.push_str(" (");
    clock.write_offset(&mut text, coverage.oldest_ns);
    text.push_str("), ");
    text + &super::units::duration(coverage.newest_ns.saturating_sub(coverage.oldest_ns))
}

fn calls(coverage: &Coverage) -> String {
    let mut text = format!("{} held", grouped(coverage.calls_held));
    if coverage.calls_overwritten > 0 {
        let (made, gone) = (grouped(coverage.calls_made), grouped(coverage.calls_overwritten));
        text += &format!(" of {made}, {gone} overwritten by newer ones");
    } else if coverage.calls_made > 0 {
        text += ", all that were made";
    }
    if coverage.ring_bytes > 0 {
        text += &format!(" (in {})", bytes(coverage.ring_bytes));
    }
    text
}

fn complete(coverage: &Coverage, clock: &mut Clock) -> String {
    let mut text = "all calls since ".to_owned();
    clock.write_time(&mut text, coverage.complete_from_ns, 3);
    text.push_str(", decisive ones since ");
    clock.write_time(&mut text, coverage.decisive_from_ns, 3);
    // It has a share of its own: what came well.
    if let Some(from_ns) = coverage.traffic_from_ns.filter(|from_ns| *from_ns > coverage.decisive_from_ns) {
        text.push_str(", network traffic since ");
        clock.write_time(&mut text, from_ns, 3);
    }
    text
}

/// The losses as one line; `none` if there are none.
fn losses(header: &Header) -> String {
    if header.losses.is_empty() {
        return "none".to_owned();
    }
    let one = |(reason, count): (&String, &u64)| match reason.as_str() {
        "unread_argument" => format!("{} that could not be read", counted(*count, "argument")),
        "shortened_argument" => format!("{} cut short", counted(*count, "argument")),
        reason => format!("{} ({})", counted(*count, "record"), reason.replace('_', " ")),
    };
    header.losses.iter().map(one).collect::<Vec<_>>().join(", ")
}
