//! Who talked to whom, as a table, as JSON, and for programs that draw.

use crate::cli::MapFormat;
use crate::list;
use rewind_recording::escape::{json, visible};
use rewind_recording::map::Edge;
use rewind_recording::render::units;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io;

const COLUMNS: [&str; 8] = ["FROM", "TO", "WHAT", "COUNT", "FAILED", "P50", "P99", "MAX"];

/// Writes it.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(out: &mut dyn io::Write, edges: &[Edge], format: MapFormat) -> io::Result<()> {
    match format {
        MapFormat::Table if edges.is_empty() => Ok(()),
        MapFormat::Table => list::table(out, &COLUMNS, edges.iter().map(cells)),
        MapFormat::Json => {
            json::write_pretty(out, &edges.iter().map(Line::of).collect::<Vec<_>>())?;
            writeln!(out)
        }
        MapFormat::Dot => write_dot(out, edges),
        MapFormat::Mermaid => write_mermaid(out, edges),
    }
}

fn cells(edge: &Edge) -> Vec<String> {
    let took = |hundredths| edge.percentile(hundredths).map_or_else(|| "-".to_owned(), units::duration);
    let mut cells = [&edge.from, &edge.to].map(|end| visible(end).into_owned()).to_vec();
    cells.extend([edge.kind.name().to_owned(), units::grouped(edge.count), units::grouped(edge.failed)]);
    cells.extend([50, 99, 100].map(took));
    cells
}

#[derive(Serialize)]
struct Line<'e> {
    from: &'e str,
    to: &'e str,
    kind: &'static str,
    count: u64,
    failed: u64,
    /// Null where of none it is known.
    p50_ns: Option<u64>,
    p99_ns: Option<u64>,
    max_ns: Option<u64>,
}

impl<'e> Line<'e> {
    fn of(edge: &'e Edge) -> Self {
        let [p50_ns, p99_ns, max_ns] = [50, 99, 100].map(|hundredths| edge.percentile(hundredths));
        let Edge { from, to, kind, count, failed, .. } = edge;
        Self { from, to, kind: kind.name(), count: *count, failed: *failed, p50_ns, p99_ns, max_ns }
    }
}

/// What stands on an arrow: `http 12, 3 failed, p99 4.10ms`.
fn label(edge: &Edge) -> String {
    let failed = if edge.failed == 0 { String::new() } else { format!(", {} failed", units::grouped(edge.failed)) };
    let took = edge.percentile(99).map_or_else(String::new, |ns| format!(", p99 {}", units::duration(ns)));
    format!("{} {}{failed}{took}", edge.kind.name(), units::grouped(edge.count))
}

/// Graphviz' language: in a quoted string a backslash and a quote have one in front.
fn write_dot(out: &mut dyn io::Write, edges: &[Edge]) -> io::Result<()> {
    let quoted = |text: &str| format!("\"{}\"", visible(text).replace('\\', "\\\\").replace('"', "\\\""));
    writeln!(out, "digraph rewind {{\n  rankdir=LR;\n  node [shape=box];")?;
    for edge in edges {
        let color = if edge.failed > 0 { ", color=red" } else { "" };
        let [from, to, label] = [&edge.from, &edge.to, &label(edge)].map(|text| quoted(text));
        writeln!(out, "  {from} -> {to} [label={label}{color}];")?;
    }
    writeln!(out, "}}")
}

/// Mermaid's: what is no letter, digit or common sign is written by its number.
fn write_mermaid(out: &mut dyn io::Write, edges: &[Edge]) -> io::Result<()> {
    let quoted = |text: &str| {
        let plain = |sign: char| sign.is_ascii_alphanumeric() || " .,:/_-".contains(sign);
        let one = |sign: char| if plain(sign) { sign.to_string() } else { format!("#{};", u32::from(sign)) };
        format!("\"{}\"", visible(text).chars().map(one).collect::<String>())
    };
    let ends: BTreeSet<&str> = edges.iter().flat_map(|edge| [edge.from.as_str(), edge.to.as_str()]).collect();
    let number = |end: &str| ends.iter().position(|known| *known == end).unwrap_or_default();
    writeln!(out, "flowchart LR")?;
    for (number, end) in ends.iter().enumerate() {
        writeln!(out, "  n{number}[{}]", quoted(end))?;
    }
    for edge in edges {
        let (from, to) = (number(&edge.from), number(&edge.to));
        writeln!(out, "  n{from} -->|{}| n{to}", quoted(&label(edge)))?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rewind_recording::map::Kind;

    fn written(format: MapFormat) -> String {
        let of = |from: &str, to: &str, failed, took_ns: &[u64]| Edge {
            from: from.to_owned(),
            to: to.to_owned(),
            kind: Kind::Http,
            count: 12,
            failed,
            took_ns: took_ns.to_vec(),
        };
        let edges = [of("shop/web", "shop/db", 3, &[1_000_000, 4_100_000]), of("a\"\\\x1b]x", "shop/web", 0, &[])];
        let mut out = Vec::new();
        write(&mut out, &edges, format).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_has_figures_to_the_right_and_no_control_character() {
        let table = written(MapFormat::Table);
        assert!(table.contains("shop/web") && table.contains("4.10ms") && !table.contains('\x1b'), "{table}");
        let width = table.lines().next().unwrap().len();
        assert!(width <= 80, "{width}: {table}");
    }

    #[test]
    fn graphviz_and_mermaid_are_steered_by_no_name() {
        let dot = written(MapFormat::Dot);
        assert!(
            dot.contains(r#""shop/web" -> "shop/db" [label="http 12, 3 failed, p99 4.10ms", color=red];"#),
            "{dot}"
        );
        assert!(dot.contains(r#"  "a\"\\"#), "{dot}");
        let mermaid = written(MapFormat::Mermaid);
        assert!(mermaid.contains(r#"-->|"http 12, 3 failed, p99 4.10ms"|"#), "{mermaid}");
        assert!(mermaid.contains("a#34;#92;"), "{mermaid}");
    }

    #[test]
    fn json_says_null_where_nothing_is_known() {
        let edges: serde_json::Value = serde_json::from_str(&written(MapFormat::Json)).unwrap();
        assert_eq!((&edges[0]["p99_ns"], &edges[1]["p99_ns"]), (&4_100_000.into(), &serde_json::Value::Null));
    }
}
