//! The table of containers, those that use most first. What does not fit in is left out, what matters least first.

use super::Moment;
use super::host::{bytes, percent};
use super::line::{Line, Mark};
use crate::cli::Sort;
use rewind_recording::api::node::{ContainerUse, Use};
use rewind_recording::escape::{back, visible, width};
use rewind_recording::header::ContainerKind;
use rewind_recording::render::units;

/// Fewest columns of names.
const NAME: usize = 16;
const GAP: usize = 2;
/// From which part on it is worth a look, and bad.
const THROTTLED: (f64, f64) = (0.05, 0.25);
const FULL: (f64, f64) = (0.85, 0.95);

/// A container, and what it used.
#[derive(Clone, Copy)]
struct Row<'m> {
    its: &'m ContainerUse,
    used: Use,
}

type Cell = (Mark, String);

/// A column of figures.
struct Column {
    name: &'static str,
    /// What sorts by it.
    sort: Option<Sort>,
    /// It is left out before those of less.
    rank: u8,
    /// Whether it is left out where there is nothing to show.
    is_rare: bool,
    cell: fn(&Row<'_>) -> Option<Cell>,
}

const fn column(name: &'static str, rank: u8, cell: fn(&Row<'_>) -> Option<Cell>) -> Column {
    Column { name, sort: None, rank, is_rare: false, cell }
}

const fn rare(name: &'static str, rank: u8, cell: fn(&Row<'_>) -> Option<Cell>) -> Column {
    Column { is_rare: true, ..column(name, rank, cell) }
}

const fn sorted(sort: Sort, column: Column) -> Column {
    Column { sort: Some(sort), ..column }
}

const COLUMNS: [Column; 14] = [
    sorted(Sort::Cpu, column("CPU", 0, |row| plain(row.used.cpus.map(|cpus| format!("{cpus:.2}"))))),
    rare("THROTTLED", 4, |row| {
        row.its.periods.filter(|periods| *periods > 0)?;
        // In none of no periods.
        Some(marked(row.used.throttled.or(row.used.cpus.map(|_| 0.0))?, THROTTLED))
    }),
    sorted(Sort::Memory, column("MEMORY", 0, |row| plain(row.its.memory_bytes.map(units::bytes)))),
    rare("LIMIT", 3, |row| {
        let limit = row.its.memory_limit_bytes.filter(|limit| *limit > 0)?;
        Some(marked(row.its.memory_bytes? as f64 / limit as f64, FULL))
    }),
    sorted(Sort::Io, column("READ/S", 2, |row| plain(row.used.read_bytes.map(bytes)))),
    sorted(Sort::Io, column("WRITTEN/S", 2, |row| plain(row.used.written_bytes.map(bytes)))),
    column("THREADS", 6, |row| plain(row.its.threads.map(units::grouped))),
    column("CALLS/S", 5, |row| plain(row.used.calls.map(rate))),
    sorted(Sort::Errors, column("ERRORS/S", 1, |row| plain(row.used.errors.map(rate)))),
    rare("FAILED OPENS", 8, |row| plain(row.its.failed_opens.map(units::grouped))),
    rare("FAILED CONNECTS", 7, |row| plain(row.its.failed_connects.map(units::grouped))),
    rare("SIGNALS", 9, |row| plain(row.its.signals.map(units::grouped))),
    rare("FAILED", 3, |row| bad(row.its.failed_processes)),
    rare("OOM KILLS", 3, |row| bad(row.its.oom_kills)),
];

/// Its head, and a line a container.
pub(super) fn table(moment: &Moment, sort: Sort, columns: usize) -> Vec<Line> {
    let of = |its| Row { its, used: moment.rates.containers.get(&its.recording).copied().unwrap_or_default() };
    let mut rows: Vec<Row<'_>> = moment.node.containers.iter().map(of).collect();
    rows.sort_by(|a, b| by(sort, b).total_cmp(&by(sort, a)).then_with(|| label(a.its).cmp(&label(b.its))));
    let names: Vec<_> = rows.iter().map(|row| visible(&label(row.its)).into_owned()).collect();
    let mut shown: Vec<Shown> = COLUMNS.iter().filter_map(|column| Shown::new(column, &rows)).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0).max(NAME);
    let room = |shown: &[Shown]| columns.saturating_sub(shown.iter().map(|of| of.width + GAP).sum());
    while room(&shown) < NAME {
        let Some(least) = (0..shown.len()).max_by_key(|at| shown.get(*at).map(|of| of.column.rank)) else { break };
        shown.remove(least);
    }
    let room = room(&shown).min(widest);
    let head = shown.iter().fold(Line::default().with(Mark::Plain, &padded("CONTAINER", room)), |line, of| {
        let mark = if of.column.sort == Some(sort) { Mark::Heading } else { Mark::Plain };
        of.cell(line, mark, of.column.name)
    });
    let rows = names.iter().enumerate().map(|(at, name)| {
        let line = Line::default().with(Mark::Plain, &padded(&fitted(name, room), room));
        shown.iter().fold(line, |line, of| match of.cells.get(at).and_then(Option::as_ref) {
            Some((mark, text)) => of.cell(line, *mark, text),
            None => of.cell(line, Mark::Plain, "-"),
        })
    });
    [head].into_iter().chain(rows).collect()
}

/// A column with its cells.
struct Shown {
    column: &'static Column,
    cells: Vec<Option<Cell>>,
    width: usize,
}

impl Shown {
    fn new(column: &'static Column, rows: &[Row<'_>]) -> Option<Self> {
        let cells: Vec<_> = rows.iter().map(column.cell).collect();
        let widest = cells.iter().flatten().map(|(_, text)| width(text)).max();
        (widest.is_some() || !column.is_rare).then(|| Self {
            column,
            cells,
            width: widest.unwrap_or(0).max(column.name.len()),
        })
    }

    fn cell(&self, line: Line, mark: Mark, text: &str) -> Line {
        let room = (self.width + GAP).saturating_sub(width(text));
        line.with(Mark::Plain, &" ".repeat(room)).with(mark, text)
    }
}

/// What is sorted by; what is not known comes last.
fn by(sort: Sort, row: &Row<'_>) -> f64 {
    let figure = match sort {
        Sort::Cpu => row.used.cpus,
        Sort::Memory => row.its.memory_bytes.map(|bytes| bytes as f64),
        Sort::Io => row.used.io_bytes(),
        Sort::Errors => row.used.errors,
    };
    figure.unwrap_or(-1.0)
}

fn label(its: &ContainerUse) -> String {
    let name = if its.kind == ContainerKind::Sandbox { "pause".to_owned() } else { its.name.to_string() };
    let names = [its.namespace.to_string(), its.pod.to_string(), name];
    names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join("/")
}

/// The end of a name, which tells more than its beginning.
fn fitted(name: &str, columns: usize) -> String {
    if width(name) <= columns { name.to_owned() } else { format!("…{}", back(name, columns.saturating_sub(1))) }
}

fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

fn plain(text: Option<String>) -> Option<Cell> {
    Some((Mark::Plain, text?))
}

fn marked(part: f64, (notable, bad): (f64, f64)) -> Cell {
    (Mark::from(part, notable, bad), percent(part))
}

fn bad(count: Option<u64>) -> Option<Cell> {
    count.filter(|count| *count > 0).map(|count| (Mark::Bad, units::grouped(count)))
}

/// A number a second: with a decimal where it is small.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
fn rate(number: f64) -> String {
    if number > 0.0 && number < 10.0 { format!("{number:.1}") } else { units::grouped(number.round() as u64) }
}
