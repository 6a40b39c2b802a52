//! `rewind why`: a diagnosis on one screen, the answer first, then what it rests on. Eighty columns
//! where the output is no terminal or a narrow one.

use crate::causes::{self, Cause};
use crate::page::{Page, column, fit, fit_middle};
use anstyle::Style;
use jiff::tz::TimeZone;
use rewind_diagnosis::diagnosis::{Confidence, Diagnosis, EventText, FindingText};
use rewind_diagnosis::{diagnose, diff};
use rewind_recording::escape::{json, visible, width};
use rewind_recording::render::style::{BAD, HEADING, NOTABLE};
use rewind_recording::render::units::{bytes, counted, duration, grouped};
use rewind_recording::render::{Format, Options};
use rewind_recording::stream::Recording;
use serde::Serialize;
use std::io::{self, Write};

#[cfg(test)]
mod tests;

/// What JSON shows.
#[derive(Serialize)]
struct Told<'d> {
    #[serde(flatten)]
    diagnosis: &'d Diagnosis,
    /// How it differs from another run, one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<&'d str>,
    /// What is kept of ends by the same cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<&'d Cause>,
}

/// Writes the diagnosis of a recording, how it differs from the run `against`, and since when its cause is known, where
/// that is among `causes`: a screen, or with [`Format::Json`] one object.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(
    out: &mut dyn Write,
    recording: &Recording,
    against: Option<&Recording>,
    causes: &[Cause],
    options: &Options,
) -> io::Result<()> {
    let Recording { header, records, .. } = recording;
    let diagnosis = diagnose(header, records, options);
    let against = against.map(|other| diff((&other.header, &other.records), (header, records)).answer);
    let kept = header.diagnosed.as_ref().map(|kept| kept.fingerprint.as_str());
    let fingerprints: Vec<_> = kept.into_iter().chain(diagnosis.fingerprint.as_deref()).collect();
    let told = Told { diagnosis: &diagnosis, against: against.as_deref(), seen: causes::known(causes, &fingerprints) };
    if options.format == Format::Json {
        json::write_pretty(out, &told)?;
        return out.write_all(b"\n");
    }
    screen(out, &told, options)
}

fn screen(out: &mut dyn Write, told: &Told<'_>, options: &Options) -> io::Result<()> {
    let diagnosis = told.diagnosis;
    let page = &mut Page::new(out, options);
    let style = if diagnosis.unusual { BAD.bold() } else { HEADING };
    page.paragraph(Some(style), 0, &diagnosis.answer)?;
    if let Some(notice) = &diagnosis.notice {
        page.paragraph(None, 0, notice)?;
    }
    writeln!(page.out)?;
    if let Some(against) = told.against {
        page.paragraph(Some(HEADING), 0, against)?;
        writeln!(page.out)?;
    }
    header(page, diagnosis, told.seen, &options.zone)?;
    said(page, &diagnosis.said)?;
    findings(page, &diagnosis.findings)?;
    failed(page, diagnosis)?;
    tried(page, diagnosis)?;
    blocked(page, diagnosis)?;
    memory(page, diagnosis)?;
    descriptors(page, diagnosis)?;
    ran(page, diagnosis)?;
    slow(page, diagnosis)?;
    last(page, diagnosis)
}

fn header(page: &mut Page<'_>, diagnosis: &Diagnosis, seen: Option<&Cause>, zone: &TimeZone) -> io::Result<()> {
    page.line(None, &format!("{:<11} {}", "Container:", diagnosis.container))?;
    if let Some(pod) = &diagnosis.pod {
        page.line(None, &format!("{:<11} {pod}", "Pod:"))?;
    }
    if let Some(ended) = &diagnosis.ended {
        let (time, comm) = (time_of_day(&ended.time), &ended.comm);
        page.line(None, &format!("{:<11} {} at {time} (process {}, {comm})", "Ended:", ended.how, ended.tgid))?;
    }
    if diagnosis.unusual {
        let confidence = match diagnosis.confidence {
            Confidence::Certain => "certain: the kernel says so",
            Confidence::Likely => "likely",
            Confidence::None => "none: nothing that is recorded explains it",
        };
        page.line(None, &format!("{:<11} {confidence}", "Confidence:"))?;
    }
    if let Some(seen) = seen {
        page.line(None, &format!("{:<11} {}", "Cause:", causes::since(seen, zone)))?;
    }
    if diagnosis.calls_held > 0 {
        let (calls, covered) = (counted(diagnosis.calls_held, "call"), duration(diagnosis.covered_ns));
        page.line(None, &format!("{:<11} {calls} in {covered}", "Held:"))?;
    }
    for caveat in &diagnosis.caveats {
        page.line(Some(NOTABLE), &format!("{:<11} {caveat}", "Note:"))?;
    }
    Ok(())
}

fn said(page: &mut Page<'_>, said: &[String]) -> io::Result<()> {
    if said.is_empty() {
        return Ok(());
    }
    page.heading("What it wrote last")?;
    said.iter().try_for_each(|line| page.line(None, &format!("  {line}")))
}

/// What the answer rests on, and what else was found.
fn findings(page: &mut Page<'_>, findings: &[FindingText]) -> io::Result<()> {
    let Some((first, others)) = findings.split_first() else { return Ok(()) };
    page.heading("What that rests on")?;
    for event in &first.evidence {
        event_text(page, event, 2, None)?;
    }
    if !first.reasons.is_empty() {
        page.paragraph(None, 4, &first.reasons.join("; "))?;
    }
    if !others.is_empty() {
        page.heading("Also found")?;
        for other in others {
            page.paragraph(None, 4, &other.text)?;
        }
    }
    Ok(())
}

fn failed(page: &mut Page<'_>, diagnosis: &Diagnosis) -> io::Result<()> {
    if diagnosis.failed.is_empty() && diagnosis.ordinary_failures == 0 {
        return Ok(());
    }
    page.heading("Failed calls")?;
    if !diagnosis.failed.is_empty() {
        page.line(None, &format!("  {:<13} {:>5}  {:<13} {:<11} {}", "LAST", "TIMES", "ERROR", "CALL", "WHAT"))?;
    }
    for failed in &diagnosis.failed {
        let what = failed.what.as_deref().unwrap_or("-");
        let lead = format!(
            "  {:<13} {:>5}  {:<13} {:<11} ",
            time_of_day(&failed.last),
            grouped(failed.count),
            failed.errno,
            failed.call
        );
        let room = page.width.saturating_sub(width(&lead));
        let is_odd = failed.ordinary.is_none() && failed.healthy.is_none();
        page.line(is_odd.then_some(BAD), &format!("{lead}{}", fit_middle(what, room)))?;
        if let Some(healthy) = &failed.healthy {
            page.line(None, &format!("  {:<13} {:>5}  {healthy}", "", ""))?;
        }
    }
    if diagnosis.ordinary_failures > 0 {
        let others = if diagnosis.failed.is_empty() { "" } else { "and " };
        let text =
            format!("  {others}{} of an ordinary kind or less weight", counted(diagnosis.ordinary_failures, "failure"));
        page.line(None, &text)?;
    }
    Ok(())
}

fn tried(page: &mut Page<'_>, diagnosis: &Diagnosis) -> io::Result<()> {
    if diagnosis.tried.is_empty() {
        return Ok(());
    }
    page.heading("Paths it tried, in order")?;
    for tried in &diagnosis.tried {
        let times = if tried.count > 1 { format!("{}x", grouped(tried.count)) } else { String::new() };
        let lead = format!("  {:<13} {times:>5}  {:<13} {:<11} ", time_of_day(&tried.time), tried.result, tried.call);
        let room = page.width.saturating_sub(width(&lead));
        page.line((tried.result != "ok").then_some(BAD), &format!("{lead}{}", fit_middle(&tried.path, room)))?;
    }
    Ok(())
}

fn blocked(page: &mut Page<'_>, diagnosis: &Diagnosis) -> io::Result<()> {
    if diagnosis.blocked.is_empty() {
        return Ok(());
    }
    let living = diagnosis.blocked.iter().all(|blocked| blocked.living);
    page.heading(if living { "What its threads are in" } else { "What its threads were in when they died" })?;
    for blocked in &diagnosis.blocked {
        let more = if blocked.before { ">" } else { "" };
        let long = blocked.duration_ns.map_or_else(|| "?".to_owned(), |ns| format!("{more}{}", duration(ns)));
        let lead = format!("  {:<7} {} {long:>7}  ", blocked.tid, column(&blocked.comm, 12));
        let room = page.width.saturating_sub(width(&lead));
        page.line(Some(NOTABLE), &format!("{lead}{}", fit_call(&blocked.call, room)))?;
    }
    Ok(())
}

fn memory(page: &mut Page<'_>, diagnosis: &Diagnosis) -> io::Result<()> {
    let Some(memory) = &diagnosis.memory else { return Ok(()) };
    page.heading("Memory")?;
    let (heap, mapped, largest) = (memory.heap_bytes, memory.mapped_bytes, memory.largest_bytes);
    let text = format!(
        "  grew by {}: heap {}, mapped {}, the largest piece {}",
        bytes(memory.growth_bytes),
        bytes(heap),
        bytes(mapped),
        bytes(largest)
    );
    page.line(None, &text)?;
    if memory.refusals > 0 {
        page.line(Some(BAD), &format!("  {} refused", counted(memory.refusals, "allocation")))?;
    }
    Ok(())
}

fn descriptors(page: &mut Page<'_>, diagnosis: &Diagnosis) -> io::Result<()> {
    let Some(descriptors) = &diagnosis.descriptors else { return Ok(()) };
    page.heading(&format!("Descriptors: {} known to be open", grouped(descriptors.open)))?;
    for (what, count) in &descriptors.kinds {
        let room = page.width.saturating_sub(11);
        page.line(None, &format!("  {:>6} × {}", grouped(*count), fit_middle(what, room)))?;
    }
    Ok(())
}

fn ran(page: &mut Page<'_>, diagnosis: &Diagnosis) -> io::Result<()> {
    if diagnosis.ran.is_empty() {
        return Ok(());
    }
    page.heading("What it ran")?;
    page.line(None, &format!("  {:<13} {:<7} {:>7}  {:<8} {}", "SINCE", "PID", "FOR", "END", "COMMAND"))?;
    for ran in &diagnosis.ran {
        let long = ran.duration_ns.map_or_else(String::new, duration);
        let ended = ran.ended.as_deref().map_or("living", |words| {
            let prefixes = ["killed by the ", "killed by ", "exited with "];
            let short = prefixes.into_iter().find_map(|prefix| words.strip_prefix(prefix)).unwrap_or(words);
            short.split_once(' ').map_or(short, |(signal, _)| signal)
        });
        let indent = 2 * ran.depth.min(6);
        let lead = format!("  {:<13} {:<7} {long:>7}  {ended:<8} {:indent$}", time_of_day(&ran.time), ran.tgid, "");
        page.line((!ran.well).then_some(BAD), &format!("{lead}{}", ran.command))?;
    }
    if diagnosis.ran_more > 0 {
        page.line(None, &format!("  and {}", more_processes(diagnosis.ran_more)))?;
    }
    Ok(())
}

fn more_processes(number: u64) -> String {
    if number == 1 { "1 more process".to_owned() } else { format!("{} more processes", grouped(number)) }
}

fn slow(page: &mut Page<'_>, diagnosis: &Diagnosis) -> io::Result<()> {
    if diagnosis.slow.is_empty() {
        return Ok(());
    }
    page.heading("Slow calls")?;
    page.line(None, &format!("  {:>7} {:>7} {:>7}  {}", "CALLS", "TOTAL", "LONGEST", "THE LONGEST"))?;
    for slow in &diagnosis.slow {
        let (total, longest) = (duration(slow.total_ns), duration(slow.longest_ns));
        let lead = format!("  {:>7} {total:>7} {longest:>7}  ", grouped(slow.calls));
        let room = page.width.saturating_sub(width(&lead));
        page.line(None, &format!("{lead}{}", fit_call(&slow.example, room)))?;
    }
    Ok(())
}

fn last(page: &mut Page<'_>, diagnosis: &Diagnosis) -> io::Result<()> {
    let Some(newest) = diagnosis.last.last() else { return Ok(()) };
    page.heading(&match &diagnosis.ended {
        Some(_) => format!("Last calls of the thread that ended it ({}, {})", newest.tid, newest.comm),
        None => "Last calls".to_owned(),
    })?;
    for event in &diagnosis.last {
        let failed = event.call.contains(" = -1 E");
        event_text(page, event, 2, failed.then_some(BAD))?;
    }
    Ok(())
}

/// `14:03:07.123` of `2026-11-21T14:03:07.123456789+01:00`.
fn time_of_day(rfc3339: &str) -> &str {
    rfc3339.get(11..23).unwrap_or(rfc3339)
}

/// A call, cut in its arguments so that its result stays.
fn fit_call(call: &str, columns: usize) -> String {
    let call = &*visible(call);
    let Some((arguments, result)) = call.rsplit_once(" = ").filter(|_| width(call) > columns) else {
        return fit(call, columns);
    };
    // The errno's text is the first to go: its name says it.
    let result = result.split_once(" (").map_or(result, |(name, _)| name);
    let room = columns.saturating_sub(width(result) + 3);
    format!("{} = {result}", fit(arguments, room))
}

/// An event: its time and thread, and as much of it as fits, the result whole.
fn event_text(page: &mut Page<'_>, event: &EventText, indent: usize, style: Option<Style>) -> io::Result<()> {
    let lead = format!("{:indent$}{:<13} {:<7} ", "", time_of_day(&event.time), event.tid);
    let room = page.width.saturating_sub(width(&lead));
    page.line(style, &format!("{lead}{}", fit_call(&event.call, room)))
}
