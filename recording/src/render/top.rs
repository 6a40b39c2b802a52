//! Where the time went: sums by syscall or by thread.

use super::style::{BAD, HEADING, marks};
use super::units::{duration, grouped};
use super::words::{comm_of, ids};
use super::{Format, Options, Summary, Words, by_start, choose, write_header};
use crate::escape::{UntrustedString, json};
use crate::event::{Event, Outcome, Timeline, What};
use crate::filter::failed;
use crate::header::Header;
use crate::setup::is_runtime;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;

mod findings;

/// What is summed up by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum By {
    /// System call.
    #[default]
    Syscall,
    /// Thread.
    Thread,
    /// Thread and system call.
    ThreadAndSyscall,
    /// Process and descriptor; calls that are not on a descriptor are left out.
    Descriptor,
}

impl By {
    /// What names a row.
    const fn headings(self) -> &'static [&'static str] {
        match self {
            Self::Syscall => &["SYSCALL"],
            Self::Thread => &["TID", "COMM"],
            Self::ThreadAndSyscall => &["TID", "COMM", "SYSCALL"],
            Self::Descriptor => &["PID", "COMM", "DESCRIPTOR"],
        }
    }

    /// The row that a call of this name belongs to, if to any.
    fn row(self, words: &Words<'_>, event: &Event<'_>, name: &str) -> Option<Vec<UntrustedString>> {
        let (tgid, tid) = ids(event, words.options.pids);
        let thread = || [tid.to_string().into(), comm_of(event).into()];
        Some(match self {
            Self::Syscall => vec![name.into()],
            Self::Thread => thread().to_vec(),
            Self::ThreadAndSyscall => thread().into_iter().chain([name.into()]).collect(),
            Self::Descriptor => {
                let tgid = tgid.map_or_else(|| "?".to_owned(), |tgid| tgid.to_string());
                vec![tgid.into(), comm_of(event).into(), words.descriptor(event)?.into()]
            }
        })
    }
}

/// The sums of one row. Times are nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Calls.
    pub calls: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Calls that threads were still in.
    pub in_flight: u64,
    /// Time in those calls, those in flight included; of what began before the recording, since it began.
    pub total_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// Errors by number.
    #[serde(skip)]
    pub errnos: BTreeMap<u16, u64>,
}

impl Sums {
    fn add(&mut self, event: &Event<'_>, read_ns: u64) {
        let What::Call { call, outcome, .. } = event.what else { return };
        self.calls += 1;
        let ns = match outcome {
            Outcome::Returned | Outcome::Died => call.duration_ns,
            Outcome::InFlight | Outcome::InProgress => read_ns.saturating_sub(event.start_ns),
            Outcome::Lost => 0,
        };
        self.in_flight += u64::from(outcome.is_open());
        self.total_ns = self.total_ns.saturating_add(ns);
        self.max_ns = self.max_ns.max(ns);
        if outcome == Outcome::Returned && failed(&call) {
            self.errors += 1;
            *self.errnos.entry(call.errno().unwrap_or_default()).or_default() += 1;
        }
    }

    fn average_ns(&self) -> u64 {
        self.total_ns.checked_div(self.calls).unwrap_or(0)
    }
}

/// The names of a row, and its sums.
type Row = (Vec<UntrustedString>, Sums);

/// Writes the sums of a recording, the largest total time first; as JSON one row a line.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn io::Write,
    header: &Header,
    records: &[u8],
    options: &Options,
    by: By,
) -> io::Result<Summary> {
    let timeline = Timeline::new(records);
    let (chosen, summary) = choose(&timeline, &options.filter.matcher(header, &options.zone), options.filter.last);
    let options = &Options { descriptors: by == By::Descriptor, ..options.clone() };
    let mut words = Words::new(header, options);
    let (mut rows, mut calls) = (BTreeMap::<_, Sums>::new(), BTreeMap::<String, Sums>::new());
    by_start(&timeline, chosen, &mut words, |words, event| {
        let What::Call { call, .. } = event.what else { return Ok(()) };
        let name = words.name(&call);
        if let Some(row) = by.row(words, &event, &name) {
            rows.entry(row).or_default().add(&event, header.read_ns);
        }
        // What the runtime does before the first program stands in the table, but does not stand out.
        if !is_runtime(&comm_of(&event).text()) {
            calls.entry(name.into_owned()).or_default().add(&event, header.read_ns);
        }
        Ok(())
    })?;
    let mut rows: Vec<Row> = rows.into_iter().collect();
    rows.sort_by_key(|(_, sums)| std::cmp::Reverse((sums.total_ns, sums.calls)));
    if options.format == Format::Json {
        for row in &rows {
            write_json(out, row, by)?;
        }
    } else {
        write_header(out, header, options)?;
        write_table(out, &rows, options, by)?;
        findings::write(out, &calls, options)?;
    }
    out.flush()?;
    Ok(summary)
}

/// One object: the names by their headings, and the sums.
fn write_json(out: &mut dyn io::Write, (names, sums): &Row, by: By) -> io::Result<()> {
    let mut object = serde_json::Map::new();
    for (heading, name) in by.headings().iter().zip(names) {
        let number = name.as_str().parse::<u32>().ok().filter(|_| matches!(*heading, "TID" | "PID"));
        object.insert(heading.to_lowercase(), number.map_or_else(|| name.as_str().into(), Into::into));
    }
    if let serde_json::Value::Object(figures) = serde_json::to_value(sums)? {
        object.extend(figures);
    }
    json::write(out, &object)?;
    out.write_all(b"\n")
}

fn write_table(out: &mut dyn io::Write, rows: &[Row], options: &Options, by: By) -> io::Result<()> {
    let total_ns: u64 = rows.iter().fold(0, |sum, (_, sums)| sum.saturating_add(sums.total_ns));
    let mut table = Table::new();
    let figures = ["CALLS", "ERRORS", "TOTAL", "SHARE", "AVERAGE", "MAX", "NOW IN IT"];
    table.load_preset(presets::NOTHING).set_header(by.headings().iter().copied().chain(figures));
    for (names, sums) in rows {
        let share = share(sums.total_ns, total_ns);
        let blank_zero = |n: u64| if n == 0 { String::new() } else { grouped(n) };
        table.add_row(names.iter().map(ToString::to_string).chain([
            grouped(sums.calls),
            blank_zero(sums.errors),
            duration(sums.total_ns),
            format!("{}.{}%", share / 10, share % 10),
            duration(sums.average_ns()),
            duration(sums.max_ns),
            blank_zero(sums.in_flight),
        ]));
    }
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if i >= by.headings().len() {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (i, line) in table.lines().enumerate() {
        let style =
            if i == 0 { Some(HEADING) } else { rows.get(i - 1).filter(|(_, sums)| sums.errors > 0).map(|_| BAD) };
        let (on, off) = style.filter(|_| options.color).map_or_else(Default::default, |style| marks(true, style));
        writeln!(out, "{on}{}{off}", line.trim_end())?;
    }
    Ok(())
}

/// Thousandths.
fn share(part: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(part) * 1000 / u128::from(whole.max(1))).unwrap_or(1000)
}
