//! Several recordings as one, by time: each line says in front whose it is.
//!
//! Hosts' clocks differ: lines of two nodes stand in the order of their own clocks.

use super::style::{HEADING, marks};
use super::{Format, Options, Summary, Words, choose, each_line, json, table, write_header};
use crate::escape::{visible, width};
use crate::event::Timeline;
use crate::header::Header;
use anstyle::{AnsiColor, Style};
use std::io;

/// Whose lines are told apart by these, as `stern` does.
const COLORS: [AnsiColor; 6] =
    [AnsiColor::Cyan, AnsiColor::Green, AnsiColor::Magenta, AnsiColor::Yellow, AnsiColor::Blue, AnsiColor::BrightCyan];
/// Narrower than this no terminal is taken to be.
const MIN_WIDTH: usize = 60;

/// One recording of several.
#[derive(Clone, Copy, Debug)]
pub struct Part<'r> {
    /// Whose it is, as its lines say: `web-7d4b9/app`.
    pub label: &'r str,
    /// Its header.
    pub header: &'r Header,
    /// Its records.
    pub records: &'r [u8],
}

/// What stands in front of lines of several recordings.
#[derive(Clone, Debug)]
pub struct Prefix {
    format: Format,
    color: bool,
    columns: usize,
}

impl Prefix {
    /// For recordings of these labels.
    #[must_use]
    pub fn new<'l>(labels: impl Iterator<Item = &'l str>, options: &Options) -> Self {
        let columns = labels.map(|label| width(&visible(label))).max().unwrap_or(0).max("POD".len()) + 2;
        Self { format: options.format, color: options.color, columns }
    }

    /// What is left of the terminal for a line.
    #[must_use]
    pub fn narrowed(&self, options: &Options) -> Options {
        let width = options.width.map(|width| width.saturating_sub(self.columns).max(MIN_WIDTH));
        Options { width, ..options.clone() }
    }

    /// Writes the heading of the table's columns; other formats have none.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_columns(&self, out: &mut dyn io::Write, header: &Header, options: &Options) -> io::Result<()> {
        if self.format != Format::Table {
            return Ok(());
        }
        let (bold, plain) = marks(self.color, HEADING);
        write!(out, "{bold}{:columns$}{plain}", "POD", columns = self.columns)?;
        table::write_columns(out, &Words::new(header, options))
    }

    /// Writes lines, each with the label of recording `number` in front.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn io::Write, number: usize, label: &str, lines: &[u8]) -> io::Result<()> {
        lines.split_inclusive(|byte| *byte == b'\n').try_for_each(|line| match (self.format, line) {
            (Format::Json, [b'{', rest @ ..]) => {
                write!(out, "{{\"source\":{},", serde_json::to_string(label).unwrap_or_default())?;
                out.write_all(rest)
            }
            _ => {
                let label = visible(label);
                let color = COLORS.get(number % COLORS.len()).copied();
                let style = color.map_or_else(Style::new, |color| Style::new().fg_color(Some(color.into())));
                let (on, off) = marks(self.color, style);
                let spaces = self.columns.saturating_sub(width(&label));
                write!(out, "{on}{label}{off}{:spaces$}", "")?;
                out.write_all(line)
            }
        })
    }
}

/// Writes several recordings, their lines by time; [`super::write()`] writes one. A filter's `last` is of each.
///
/// # Errors
/// Those of `out`.
pub fn write_merged(out: &mut dyn io::Write, parts: &[Part<'_>], options: &Options) -> io::Result<Summary> {
    let prefix = Prefix::new(parts.iter().map(|part| part.label), options);
    let narrow = prefix.narrowed(options);
    let mut total = Summary::default();
    let mut lines: Vec<(i64, usize, Vec<u8>)> = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let header = part.header;
        match options.format {
            Format::Table => write_header(out, header, options)?,
            Format::Strace => {}
            Format::Json => {
                let mut line = Vec::new();
                json::write_header(&mut line, header)?;
                prefix.write(out, number, part.label, &line)?;
            }
        }
        let timeline = Timeline::new(part.records);
        let (chosen, summary) = choose(&timeline, &narrow.filter.matcher(header, &narrow.zone), narrow.filter.last);
        let offset_ns = header.host.unix_offset_ns;
        let count = each_line(&timeline, chosen, &mut Words::new(header, &narrow), |at_ns, line| {
            lines.push((at_ns.cast_signed().saturating_add(offset_ns), number, line.to_vec()));
            Ok(())
        })?;
        total.add(&summary.with_lines(count));
    }
    if let Some(first) = parts.first() {
        prefix.write_columns(out, first.header, &narrow)?;
    }
    // Stable: what one recording has in its own order stays so.
    lines.sort_by_key(|(unix_ns, ..)| *unix_ns);
    for (_, number, line) in &lines {
        let label = parts.get(*number).map_or("", |part| part.label);
        prefix.write(out, *number, label, line)?;
    }
    out.flush()?;
    Ok(total)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::event::build;
    use crate::header::Host;

    fn header(unix_offset_ns: i64) -> Header {
        Header { host: Host { unix_offset_ns, arch: "x86_64".into(), ..Host::default() }, ..Header::default() }
    }

    /// A thread that closes descriptors at these times.
    fn closes(tid: u32, at_s: &[u64]) -> Vec<u8> {
        let mut records = Vec::new();
        for at_s in at_s {
            build::call(&mut records, tid, 3).at(at_s * 1_000_000_000, 100).arg(*at_s).result(0).end();
        }
        records
    }

    /// Clocks of the hosts differ by 10 s.
    fn shown(options: &Options) -> (String, Summary) {
        let (one, two) = (header(0), header(10_000_000_000));
        let (first, second) = (closes(7, &[11, 13]), closes(8, &[2, 4]));
        let parts = [
            Part { label: "web-1/app", header: &one, records: &first },
            Part { label: "web-22/app", header: &two, records: &second },
        ];
        let mut out = Vec::new();
        let summary = write_merged(&mut out, &parts, options).unwrap();
        (String::from_utf8(out).unwrap(), summary)
    }

    #[test]
    fn lines_of_two_hosts_stand_by_their_time_with_whose_they_are_in_front() {
        let (text, summary) = shown(&Options { format: Format::Strace, ..Options::default() });
        let order: Vec<_> = text.lines().map(|line| (&line[..12], line[12..].split(' ').next().unwrap())).collect();
        let (one, two) = ("web-1/app   ", "web-22/app  ");
        assert_eq!(order, [(one, "7"), (two, "8"), (one, "7"), (two, "8")], "{text}");
        assert_eq!(summary.shown, 4);
    }

    #[test]
    fn a_table_has_both_headers_and_one_line_of_columns() {
        let (text, _) = shown(&Options::default());
        assert_eq!(text.matches("Container:").count(), 2, "{text}");
        assert_eq!(text.matches("COMM").count(), 1, "{text}");
        assert!(text.contains("\nPOD         TIME "), "{text}");
    }

    #[test]
    fn a_line_of_json_stays_an_object_and_says_its_source() {
        let (text, _) = shown(&Options { format: Format::Json, ..Options::default() });
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 6);
        assert!(lines.iter().all(|line| line["source"].as_str().unwrap().starts_with("web-")), "{text}");
        assert_eq!(lines[3]["source"], "web-22/app");
    }

    #[test]
    fn a_filter_goes_for_each() {
        let filter = crate::filter::Filter { last: Some(1), ..Default::default() };
        let (text, summary) = shown(&Options { format: Format::Strace, filter, ..Options::default() });
        assert_eq!((text.lines().count(), summary.shown), (2, 2), "{text}");
    }
}
