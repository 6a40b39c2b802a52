//! How a host and its containers are doing, for people and programs.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`mod@line`] | a line whose parts are marked |
//! | [`host`] | the host at a glance |
//! | [`containers`] | the table of containers |
//! | [`screen`] | both on a terminal, again and again |

mod containers;
mod host;
mod line;
mod screen;
#[cfg(test)]
mod tests;

pub(crate) use screen::{Screen, Then};

use crate::cli::{Sort, TopFormat};
use rewind_recording::api::node::{Node, Rates, rates};
use rewind_recording::escape::json;
use rewind_recording::render::units;
use serde::Serialize;
use std::io;

/// Most names of what could not be read.
const NAMES: usize = 3;

/// A host now, and what it used since a moment before.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Moment {
    #[serde(flatten)]
    node: Node,
    rates: Rates,
}

impl Moment {
    /// The later of two moments.
    #[must_use]
    pub(crate) fn new(before: &Node, node: Node) -> Self {
        Self { rates: rates(before, &node), node }
    }

    /// What of it could not be read, in a sentence; `None`: nothing.
    #[must_use]
    pub(crate) fn unread(&self) -> Option<String> {
        let all = &self.node.unread;
        let names = all.get(..NAMES).unwrap_or(all).join("; ");
        let more = if all.len() > NAMES { "; ..." } else { "" };
        (!all.is_empty())
            .then(|| format!("{} could not be read: {names}{more}", units::counted(all.len() as u64, "figure")))
    }
}

/// Writes it, within so many columns where there are some.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(
    out: &mut dyn io::Write,
    moment: &Moment,
    sort: Sort,
    format: TopFormat,
    (width, color): (Option<usize>, bool),
) -> io::Result<()> {
    if format == TopFormat::Json {
        json::write_pretty(out, moment)?;
        return writeln!(out);
    }
    let width = width.unwrap_or(usize::MAX);
    for line in host::lines(moment) {
        line.write(out, width, color)?;
    }
    let [head, rows @ ..] = &*containers::table(moment, sort, width) else { return Ok(()) };
    writeln!(out)?;
    head.write(out, width, color)?;
    rows.iter().try_for_each(|row| row.write(out, width, color))
}
