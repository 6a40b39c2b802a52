//! The table of `Recording`s: what is kept in a cluster of containers that ended.

use crate::cli::ListFormat;
use crate::list::{short_age, table};
use jiff::Timestamp;
use rewind_recording::render::units;
use rewind_resources::recording::Recording;
use std::io;

const COLUMNS: [&str; 6] = ["NAME", "POD", "CONTAINER", "ENDED", "NODE", "CAUSE"];

/// Writes the list, the newest first; `namespaces`: of more than one.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(
    out: &mut dyn io::Write,
    all: &mut [Recording],
    format: ListFormat,
    namespaces: bool,
    now: Timestamp,
) -> io::Result<()> {
    all.sort_by(|a, b| b.spec.ended.cmp(&a.spec.ended));
    if format == ListFormat::Json {
        serde_json::to_writer_pretty(&mut *out, &all)?;
        return writeln!(out);
    }
    if all.is_empty() {
        return Ok(());
    }
    let wide = format == ListFormat::Wide;
    let first = ["NAMESPACE"].into_iter().filter(|_| namespaces);
    let last = ["CALLS HELD", "OWNER", "EXPIRES", "SENT TO"].into_iter().filter(|_| wide);
    let columns: Vec<_> = first.chain(COLUMNS).chain(last).collect();
    table(out, &columns, all.iter().map(|recording| row(recording, namespaces, wide, now)))
}

fn row(recording: &Recording, namespaces: bool, wide: bool, now: Timestamp) -> Vec<String> {
    let (metadata, spec) = (&recording.metadata, &recording.spec);
    let ended = spec.ended.as_ref().map_or_else(String::new, |ended| {
        let ns = now.as_nanosecond().saturating_sub(ended.0.as_nanosecond());
        format!(" {} ago", short_age(u64::try_from(ns).unwrap_or(0)))
    });
    let mut row = Vec::new();
    if namespaces {
        row.push(metadata.namespace.clone().unwrap_or_default());
    }
    row.extend([
        format!("rec/{}", metadata.name.as_deref().unwrap_or_default()),
        spec.pod.clone(),
        spec.container.clone(),
        format!("{}{ended}", spec.ending),
        spec.node.clone(),
        spec.cause.clone(),
    ]);
    if wide {
        let owner = spec.owner.as_ref().map(|owner| format!("{}/{}", owner.kind, owner.name));
        let expires = spec.expires.as_ref().map(|expires| expires.0.to_string());
        let dash = || "-".to_owned();
        row.extend([
            units::grouped(u64::try_from(spec.coverage.calls_held).unwrap_or(0)),
            owner.unwrap_or_else(dash),
            expires.unwrap_or_else(dash),
            spec.url.clone().unwrap_or_else(dash),
        ]);
    }
    row
}

/// How to read one: a line for standard error.
#[must_use]
pub(crate) fn footer(all: &[Recording], whose: &str) -> String {
    match all.first().and_then(|recording| recording.metadata.name.as_ref()) {
        Some(name) => format!(
            "{}; 'kubectl rewind why rec/{name}' says more of the first",
            units::counted(all.len() as u64, "Recording")
        ),
        None => format!("no Recording {whose}: no container has ended badly there since Rewind is deployed"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use rewind_resources::recording::RecordingSpec;

    fn recording(name: &str, second: i64) -> Recording {
        let spec = RecordingSpec {
            pod: "web-1".into(),
            container: "app".into(),
            node: "n1".into(),
            ending: "exited (1)".into(),
            ended: Some(Time(Timestamp::from_second(second).unwrap())),
            cause: "open of /etc/app.conf failed (ENOENT)".into(),
            ..RecordingSpec::default()
        };
        Recording::new(name, spec)
    }

    #[test]
    fn the_newest_stands_first_with_how_it_ended_and_why() {
        let mut all = [recording("web-a", 100), recording("web-b", 200)];
        let mut out = Vec::new();
        write(&mut out, &mut all, ListFormat::Table, false, Timestamp::from_second(230).unwrap()).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[1],
            "rec/web-b  web-1  app        exited (1) 30s ago  n1    open of /etc/app.conf failed (ENOENT)"
        );
        assert!(lines[2].starts_with("rec/web-a") && lines[2].contains("2m ago"), "{text}");
        assert_eq!(
            footer(&all, "in namespace shop"),
            "2 Recordings; 'kubectl rewind why rec/web-b' says more of the first"
        );
        assert!(footer(&[], "in namespace shop").starts_with("no Recording in namespace shop"));
    }
}
