//! The table of causes.

use super::Cause;
use crate::cli::ListFormat;
use crate::list::{short_age, table};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rewind_recording::escape::json;
use rewind_recording::render::units::{counted, grouped};
use serde::Serialize;
use std::io;

const COLUMNS: [&str; 7] = ["COUNT", "CONTAINERS", "FIRST SEEN", "LAST SEEN", "NEWEST", "FINGERPRINT", "CAUSE"];

/// What JSON shows.
#[derive(Serialize)]
struct Told<'c> {
    causes: &'c [Cause],
}

/// Writes them; `namespaces`: of more than one.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(
    out: &mut dyn io::Write,
    causes: &[Cause],
    format: ListFormat,
    namespaces: bool,
    now: Timestamp,
) -> io::Result<()> {
    if format == ListFormat::Json {
        json::write_pretty(out, &Told { causes })?;
        return writeln!(out);
    }
    if causes.is_empty() {
        return Ok(());
    }
    let wide = format == ListFormat::Wide;
    let first = ["NAMESPACES"].into_iter().filter(|_| namespaces);
    let columns: Vec<_> = first.chain(COLUMNS).chain(["CLASS"].into_iter().filter(|_| wide)).collect();
    let rows = causes.iter().map(|cause| {
        let first = namespaces.then(|| cause.namespaces.iter().cloned().collect::<Vec<_>>().join(","));
        let class = wide.then(|| cause.class.clone().unwrap_or_else(dash));
        first.into_iter().chain(cells(cause, now)).chain(class).collect()
    });
    table(out, &columns, rows)
}

fn cells(cause: &Cause, now: Timestamp) -> [String; 7] {
    [
        grouped(cause.count),
        grouped(cause.containers),
        format!("{} ago", ago(cause.first_seen, now)),
        format!("{} ago", ago(cause.last_seen, now)),
        cause.newest.clone(),
        cause.fingerprint.clone().unwrap_or_else(dash),
        cause.cause.clone(),
    ]
}

fn dash() -> String {
    "-".to_owned()
}

/// How long ago, with one unit.
fn ago(then: Timestamp, now: Timestamp) -> String {
    short_age(u64::try_from(now.as_nanosecond().saturating_sub(then.as_nanosecond())).unwrap_or(0))
}

/// Since when a cause is known: "first seen Tue 2026-11-24 09:12, 41 times since, in 40 containers".
#[must_use]
pub(crate) fn since(cause: &Cause, zone: &TimeZone) -> String {
    let first = cause.first_seen.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M");
    match cause.count.saturating_sub(1) {
        0 => format!("new: first seen {first}, and only then as far as is kept"),
        more => {
            let times = if more == 1 { "once".to_owned() } else { format!("{} times", grouped(more)) };
            format!("first seen {first}, {times} since, in {}", counted(cause.containers, "container"))
        }
    }
}

/// How many there are: a line for standard error.
#[must_use]
pub(crate) fn footer(causes: &[Cause]) -> String {
    let ends = causes.iter().fold(0_u64, |sum, cause| sum.saturating_add(cause.count));
    let unknown: u64 = causes.iter().filter(|cause| cause.fingerprint.is_none()).map(|cause| cause.count).sum();
    let of = match unknown {
        0 => String::new(),
        some => format!(", {} without a cause that was found", grouped(some)),
    };
    let named = causes.iter().filter(|cause| cause.fingerprint.is_some()).count() as u64;
    format!("{} of containers by {}{of}, as far as is kept", counted(ends, "end"), counted(named, "cause"))
}
