//! `rewind diff`: how two runs differ, on one screen: the answer first, then the differences by kind.

use crate::page::{Page, fit_middle};
use rewind_diagnosis::diff::{Diff, Difference, Kind, Parting, RunText, Side};
use rewind_recording::escape::{json, width};
use rewind_recording::render::style::{BAD, HEADING, NOTABLE};
use rewind_recording::render::units::{counted, duration, grouped};
use rewind_recording::render::{Format, Options};
use std::io::{self, Write};

#[cfg(test)]
mod tests;

/// Writes how two runs differ: a screen, or with [`Format::Json`] one object.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(out: &mut dyn Write, diff: &Diff, options: &Options) -> io::Result<()> {
    if options.format == Format::Json {
        json::write_pretty(out, diff)?;
        return out.write_all(b"\n");
    }
    let page = &mut Page::new(out, options);
    page.paragraph(Some(if diff.differs { BAD.bold() } else { HEADING }), 0, &diff.answer)?;
    writeln!(page.out)?;
    for (side, run) in [Side::A, Side::B].into_iter().zip(&diff.runs) {
        page.line(None, &format!("{:<11} {}", format!("{}:", side.letter()), of_run(run)))?;
    }
    for caveat in &diff.caveats {
        page.line(Some(NOTABLE), &format!("{:<11} {caveat}", "Note:"))?;
    }
    if let Some(parting) = &diff.parting {
        self::parting(page, parting)?;
    }
    differences(page, diff)?;
    slower(page, diff)
}

/// "web (docker), exited with 1 after 1.2s, 1,022 calls held".
fn of_run(run: &RunText) -> String {
    let how = match (&run.ended, run.ran_ns) {
        (Some(how), Some(ns)) => format!("{how} after {}", duration(ns)),
        (Some(how), None) => how.clone(),
        (None, Some(ns)) => format!("running for {}", duration(ns)),
        (None, None) => "running".to_owned(),
    };
    format!("{}, {how}, {} held", run.container, counted(run.calls_held, "call"))
}

fn parting(page: &mut Page<'_>, parting: &Parting) -> io::Result<()> {
    page.heading(&format!("Where they part ({})", parting.program))?;
    let both = parting.after.as_ref().map(|after| ("both", after.as_str()));
    let sides = [Side::A, Side::B].map(|side| (side.letter(), parting.of(side).unwrap_or("-")));
    for (who, what) in both.into_iter().chain(sides) {
        let lead = format!("  {who:<5} ");
        let room = page.width.saturating_sub(width(&lead));
        page.line(None, &format!("{lead}{}", fit_middle(what, room)))?;
    }
    Ok(())
}

fn differences(page: &mut Page<'_>, diff: &Diff) -> io::Result<()> {
    let mut of = None;
    for difference in &diff.differences {
        let heading = heading(difference);
        if of != Some(heading) {
            page.heading(heading)?;
            page.line(None, &format!("  {:<2} {:>7} {:>7}  {}", "IN", "A", "B", "WHAT"))?;
            of = Some(heading);
        }
        let mark = if difference.sure { "" } else { "?" };
        let is_none = |count: u64| count == 0 && difference.kind != Kind::Environment;
        let [a, b] = difference.counts.map(|count| if is_none(count) { "-".to_owned() } else { grouped(count) });
        let lead = format!("  {:<2} {a:>7} {b:>7}  ", format!("{}{mark}", difference.side.letter()));
        let room = page.width.saturating_sub(width(&lead));
        let is_bad = !difference.ordinary && difference.kind <= Kind::End;
        page.line(is_bad.then_some(BAD), &format!("{lead}{}", fit_middle(&difference.text, room)))?;
    }
    if diff.left_out > 0 {
        page.line(None, &format!("  and {}", counted(diff.left_out, "more difference")))?;
    }
    if diff.differences.iter().any(|difference| !difference.sure) {
        writeln!(page.out)?;
        page.paragraph(
            Some(NOTABLE),
            0,
            "?: the other may have done so as well, in calls that are not held any more.",
        )?;
    }
    Ok(())
}

/// What stands above the differences of one kind.
const fn heading(difference: &Difference) -> &'static str {
    if difference.ordinary {
        return "Failures of an ordinary kind";
    }
    match difference.kind {
        Kind::Outcome => "Failed in one, went well in the other",
        Kind::Error => "Failed in one",
        Kind::Signal => "Signals in one",
        Kind::End => "Ended badly in one",
        Kind::Program => "Programs of one",
        Kind::Peer => "Peers of one",
        Kind::Path => "Paths of one",
        Kind::Environment => "Bytes of the environment, where one's is far larger",
        Kind::Calls => "Calls of one, or far more of them",
    }
}

fn slower(page: &mut Page<'_>, diff: &Diff) -> io::Result<()> {
    if diff.slower.is_empty() {
        return Ok(());
    }
    page.heading("The longest call, where one took far longer")?;
    page.line(None, &format!("  {:>7} {:>7}  {}", "A", "B", "CALL"))?;
    for slower in &diff.slower {
        let [a, b] = slower.longest_ns.map(duration);
        let on = slower.subject.as_ref().map_or_else(String::new, |subject| format!(" on {subject}"));
        let lead = format!("  {a:>7} {b:>7}  ");
        let room = page.width.saturating_sub(width(&lead));
        page.line(Some(NOTABLE), &format!("{lead}{}", fit_middle(&format!("{}{on}", slower.call), room)))?;
    }
    Ok(())
}
