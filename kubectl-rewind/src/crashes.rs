//! The table of crash files.

use crate::cli::ListFormat;
use crate::list::{or_dash, short_age, short_ending, table};
use rewind_recording::crash::{Crash, Crashes, Reason};
use rewind_recording::escape::json;
use rewind_recording::header::Header;
use rewind_recording::render::{short_id, units};
use std::io;

const COLUMNS: [&str; 8] = ["CRASH", "CONTAINER", "NAME", "RUNTIME", "ENDED", "CALLS HELD", "COVERS", "SIZE"];
const WIDE_COLUMNS: [&str; 3] = ["RECORDING", "POD UID", "FILE"];

/// Writes the list, the newest first.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(out: &mut dyn io::Write, crashes: &Crashes, format: ListFormat) -> io::Result<()> {
    if format == ListFormat::Json {
        json::write_pretty(out, crashes)?;
        return writeln!(out);
    }
    if crashes.crashes.is_empty() {
        return Ok(());
    }
    let wide = format == ListFormat::Wide;
    let columns: Vec<_> = COLUMNS.into_iter().chain(WIDE_COLUMNS.into_iter().filter(|_| wide)).collect();
    let rows = crashes.crashes.iter().rev().map(|crash| {
        let more = wide.then(|| wide_cells(crash)).into_iter().flatten();
        cells(crash, crashes.now_unix_ns).into_iter().chain(more).collect()
    });
    table(out, &columns, rows)
}

/// What the files take, and what is amiss: lines for standard error.
#[must_use]
pub(crate) fn footer(crashes: &Crashes) -> Vec<String> {
    let totals = &crashes.totals;
    if totals.when == "never" {
        return vec!["no crash files are written: the agent runs with --crash-when never".to_owned()];
    }
    let mut first = format!(
        "{} in {}, {} of {} used",
        units::counted(totals.files, "crash file"),
        crashes.directory,
        units::bytes(totals.bytes),
        units::bytes(totals.max_bytes),
    );
    let evicted: u64 = totals.evicted.values().sum();
    if evicted > 0 {
        let by = totals.evicted.iter().map(|(limit, count)| format!("{limit} {}", units::grouped(*count)));
        first += &format!("; {} removed for a limit ({})", units::grouped(evicted), by.collect::<Vec<_>>().join(", "));
    }
    let mut lines = vec![first];
    if totals.torn > 0 {
        let torn = units::counted(totals.torn, "file");
        lines.push(format!("{torn} only half written when the agent was killed, and removed"));
    }
    lines.extend(crashes.unreadable.iter().map(|bad| format!("cannot read {}: {}", bad.file, bad.error)));
    if !totals.last_error.is_empty() {
        lines.push(format!(
            "warning: {} ({} failed): {} in memory until there is room, {} lost",
            totals.last_error,
            units::counted(totals.failed_writes, "attempt"),
            units::counted(totals.waiting, "recording"),
            units::grouped(totals.lost),
        ));
    } else if totals.failed_writes > 0 {
        lines.push(format!(
            "{} failed before, writing works again; {} lost",
            units::counted(totals.failed_writes, "attempt"),
            units::counted(totals.lost, "recording")
        ));
    }
    lines
}

fn cells(crash: &Crash, now_unix_ns: i64) -> [String; 8] {
    let header = &crash.header;
    let (container, coverage) = (&header.container, &header.coverage);
    let ago = u64::try_from(now_unix_ns.saturating_sub(header.over_unix_ns())).unwrap_or(0);
    let how = how(header);
    [
        format!("@{}", crash.crash),
        short_id(&container.id).to_string(),
        or_dash(&container.name),
        or_dash(&container.runtime),
        format!("{how} {} ago", short_age(ago)),
        units::grouped(coverage.calls_held),
        units::duration(coverage.newest_ns.saturating_sub(coverage.oldest_ns)),
        units::bytes(crash.bytes),
    ]
}

/// How it ended, in two words.
pub(crate) fn how(header: &Header) -> String {
    match (&header.ending, header.reason) {
        (_, Some(Reason::Child)) => "child failed".to_owned(),
        (Some(ending), _) => short_ending(ending),
        (None, Some(Reason::Drained)) => "taken over".to_owned(),
        (None, _) => "ended".to_owned(),
    }
}

fn wide_cells(crash: &Crash) -> [String; 3] {
    let header = &crash.header;
    [format!("#{}", header.recording), or_dash(&header.container.pod_uid), crash.file.clone()]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rewind_recording::crash::{Totals, Unreadable};
    use rewind_recording::ending::Ending;
    use rewind_recording::header::Container;

    fn crash(number: u64, ending: Option<Ending>, reason: Reason) -> Crash {
        let container = Container { id: "web-1".into(), name: "web".into(), ..Container::default() };
        let header = Header {
            container,
            ending,
            reason: Some(reason),
            died_ns: Some(1_000_000_000 * number),
            ..Header::default()
        };
        Crash { crash: number, bytes: 4096, header, ..Crash::default() }
    }

    #[test]
    fn the_newest_crash_stands_first_with_how_it_ended() {
        let three = Ending { exit_code: Some(3), ..Ending::default() };
        let segv = Ending { signal: Some(11), ..Ending::default() };
        let crashes = Crashes {
            now_unix_ns: 10_000_000_000,
            crashes: vec![
                crash(1, Some(three), Reason::ExitCode),
                crash(2, Some(segv), Reason::Signal),
                crash(3, None, Reason::Child),
            ],
            ..Crashes::default()
        };
        let mut out = Vec::new();
        write(&mut out, &crashes, ListFormat::Table).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().skip(1).collect();
        for (line, (number, how)) in lines.iter().zip([
            ("@3", "child failed 7s ago"),
            ("@2", "killed (SIGSEGV) 8s ago"),
            ("@1", "exited (3) 9s ago"),
        ]) {
            assert!(line.starts_with(number) && line.contains(how) && line.ends_with("4 KiB"), "{text}");
        }
    }

    #[test]
    fn what_is_amiss_is_said() {
        let totals = Totals {
            torn: 1,
            failed_writes: 3,
            waiting: 2,
            last_error: "cannot keep crash files in /x: full".into(),
            evicted: [("age".to_owned(), 2), ("container".to_owned(), 25)].into(),
            ..Totals::default()
        };
        let unreadable = vec![Unreadable { file: "bad.rewind".into(), error: "damaged".into() }];
        let text = footer(&Crashes { totals, unreadable, ..Crashes::default() }).join("\n");
        for part in [
            "27 removed for a limit (age 2, container 25)",
            "1 file only half",
            "cannot read bad.rewind: damaged",
            "/x: full (3 attempts failed): 2 recordings in memory",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
