//! The table of recordings.

use crate::cli::ListFormat;
use comfy_table::{CellAlignment, Table, presets};
use rewind_recording::api::{List, Listed};
use rewind_recording::decode::signal_name;
use rewind_recording::ending::Ending;
use rewind_recording::escape::{UntrustedString, json, visible};
use rewind_recording::header::{Container, Owner};
use rewind_recording::render::{short_id, units};
use std::io;

const COLUMNS: [&str; 9] =
    ["CONTAINER", "NAME", "RUNTIME", "STATE", "SINCE", "CALLS HELD", "COVERS", "MEMORY", "LOSSES"];
const WIDE_COLUMNS: [&str; 8] =
    ["RECORDING", "OVERWRITTEN", "PAYLOAD", "OWNER", "RESTART", "IMAGE", "POD UID", "CGROUP"];
/// Most containers named that are not recorded.
const NAMES: usize = 8;
/// These hold figures, and are aligned to the right.
const FIGURES: [&str; 13] = [
    "CALLS HELD",
    "COVERS",
    "MEMORY",
    "LOSSES",
    "OVERWRITTEN",
    "RESTART",
    "SIZE",
    "COUNT",
    "CONTAINERS",
    "FAILED",
    "P50",
    "P99",
    "MAX",
];

/// Writes the list: the living first, then the dead, the newest of each first.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(out: &mut dyn io::Write, list: &List, format: ListFormat) -> io::Result<()> {
    if format == ListFormat::Json {
        json::write_pretty(out, list)?;
        return writeln!(out);
    }
    if list.recordings.is_empty() {
        return Ok(());
    }
    let mut recordings: Vec<_> = list.recordings.iter().collect();
    recordings.sort_by_key(|l| std::cmp::Reverse((l.died_ns.unwrap_or(u64::MAX), l.born_ns, l.recording)));
    let wide = format == ListFormat::Wide;
    let columns: Vec<_> = COLUMNS.into_iter().chain(WIDE_COLUMNS.into_iter().filter(|_| wide)).collect();
    let rows = recordings.into_iter().map(|listed| {
        let more = wide.then(|| wide_cells(listed)).into_iter().flatten();
        cells(listed, list.now_ns).into_iter().chain(more).collect()
    });
    table(out, &columns, rows)
}

/// What the agent of a node shows.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct OfNode {
    /// The node.
    pub node: String,
    /// What is recorded there, of the pods that were asked for.
    #[serde(flatten)]
    pub list: List,
}

const POD_COLUMNS: [&str; 3] = ["POD", "CONTAINER", "NODE"];

/// Writes what several nodes record, by pod; `namespaces`: of more than one.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_of_nodes(
    out: &mut dyn io::Write,
    nodes: &[OfNode],
    format: ListFormat,
    namespaces: bool,
) -> io::Result<()> {
    if format == ListFormat::Json {
        json::write_pretty(out, &nodes)?;
        return writeln!(out);
    }
    let all = nodes.iter().flat_map(|of| of.list.recordings.iter().map(move |listed| (of, listed)));
    let mut rows: Vec<(Vec<String>, std::cmp::Reverse<u64>, Vec<String>)> = all
        .map(|(of, listed)| {
            let name = listed.container.name.as_str();
            let parts: Vec<_> = name.splitn(3, '/').collect();
            let [namespace, pod, container] = match *parts {
                [namespace, pod, container] => [namespace, pod, container],
                _ => ["-", name, "-"],
            };
            let place: Vec<_> =
                [namespace, pod, container].map(str::to_owned).into_iter().skip(1 - usize::from(namespaces)).collect();
            let [.., state, since, calls, covers, memory, losses] = cells(listed, of.list.now_ns);
            let mut row = place.clone();
            row.extend([of.node.clone(), state, since, calls, covers, memory, losses]);
            if format == ListFormat::Wide {
                row.extend(wide_cells(listed));
            }
            (place, std::cmp::Reverse(listed.died_ns.unwrap_or(u64::MAX)), row)
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    rows.sort();
    let wide = WIDE_COLUMNS.into_iter().filter(|_| format == ListFormat::Wide);
    let columns: Vec<_> = ["NAMESPACE"]
        .into_iter()
        .filter(|_| namespaces)
        .chain(POD_COLUMNS)
        .chain(COLUMNS.into_iter().skip(3))
        .chain(wide)
        .collect();
    table(out, &columns, rows.into_iter().map(|(.., row)| row))
}

/// What several nodes record, in a line for standard error.
#[must_use]
pub(crate) fn footer_of_nodes(nodes: &[OfNode]) -> String {
    let all = || nodes.iter().flat_map(|of| &of.list.recordings);
    let mut names: Vec<_> = nodes.iter().map(|of| &of.node).collect();
    names.sort();
    names.dedup();
    let on = units::counted(names.len() as u64, "node");
    if all().next().is_none() {
        return format!(
            "nothing is recorded of these pods on {on}: they have made no call since the agents are there, or are \
             not recorded (annotation rewind.dev/record)"
        );
    }
    let living = all().filter(|listed| listed.is_living()).count() as u64;
    let refused: Vec<_> = nodes.iter().flat_map(|of| &of.list.refused).map(label).collect();
    let refused = match &*refused {
        [] => String::new(),
        some => format!("; not recorded for want of memory: {}", some.get(..NAMES).unwrap_or(some).join(", ")),
    };
    format!("{} ({living} living) on {on}{refused}", units::counted(all().count() as u64, "recording"))
}

/// Writes a table as kubectl does.
pub(crate) fn table(
    out: &mut dyn io::Write,
    columns: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> io::Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(columns.iter().copied());
    table.add_rows(rows.map(|cells| cells.into_iter().map(|cell| visible(&cell).into_owned())));
    for (column, name) in table.column_iter_mut().zip(columns) {
        column.set_padding((0, 2));
        if FIGURES.contains(name) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

/// What the node's recordings take, or why there are none: a line for standard error.
#[must_use]
pub(crate) fn footer(list: &List) -> String {
    let totals = &list.totals;
    let mut text = if list.recordings.is_empty() {
        "nothing is recorded on this node: no container has started or made a call since the recorder is loaded; \
         start one, or see 'rewind-agent doctor' for what is missing"
            .to_owned()
    } else {
        let (used, budget) = (units::bytes(totals.used_bytes), units::bytes(totals.budget_bytes));
        let living = list.recordings.iter().filter(|listed| listed.is_living()).count() as u64;
        format!(
            "{} ({living} living), {used} of {budget} used, {} free",
            units::counted(list.recordings.len() as u64, "recording"),
            units::counted(totals.rings_free, "ring")
        )
    };
    if totals.refused > 0 {
        let names: Vec<_> = list.refused.iter().take(NAMES).map(label).collect();
        let names = if names.is_empty() { String::new() } else { format!(" ({} now)", names.join(", ")) };
        text += &format!(
            "; {} refused for want of memory so far{names}: give the agent a larger budget",
            units::counted(totals.refused, "container")
        );
    }
    if totals.unfollowed > 0 {
        text += &format!(
            "; {} not followed for want of room so far: containers in them are not recorded",
            units::counted(totals.unfollowed, "cgroup")
        );
    }
    if totals.missed_runs > 0 {
        text += &format!(
            "; {} of the recorder's programs skipped by the kernel so far: as many calls or events may be missing",
            units::counted(totals.missed_runs, "run")
        );
    }
    text
}

fn label(container: &Container) -> String {
    if container.name.is_empty() { short_id(&container.id).to_string() } else { container.name.to_string() }
}

fn cells(listed: &Listed, now_ns: u64) -> [String; 9] {
    let Listed { container, coverage, .. } = listed;
    let lost = listed.records_lost();
    let covered = coverage.newest_ns.saturating_sub(coverage.oldest_ns);
    [
        short_id(&container.id).to_string(),
        or_dash(&container.name),
        or_dash(&container.runtime),
        match listed.died_ns {
            None => "living".to_owned(),
            Some(died_ns) => {
                let how = listed.ending.as_ref().map_or_else(|| "dead".to_owned(), short_ending);
                format!("{how} {} ago", short_age(now_ns.saturating_sub(died_ns)))
            }
        },
        units::age(now_ns.saturating_sub(listed.born_ns)),
        units::grouped(coverage.calls_held),
        if coverage.calls_held == 0 { "-".to_owned() } else { units::duration(covered) },
        units::bytes(coverage.ring_bytes),
        if lost == 0 { "-".to_owned() } else { units::grouped(lost) },
    ]
}

fn wide_cells(listed: &Listed) -> [String; 8] {
    let pod = listed.container.pod.as_deref();
    let dash = || "-".to_owned();
    [
        format!("#{}", listed.recording),
        units::grouped(listed.coverage.calls_overwritten),
        if listed.payload { "on" } else { "off" }.to_owned(),
        pod.and_then(|pod| pod.owner.as_ref()).map_or_else(dash, Owner::to_string),
        pod.and_then(|pod| pod.restart).map_or_else(dash, |restart| restart.to_string()),
        pod.map_or_else(dash, |pod| or_dash(&pod.image)),
        pod.map(|pod| &pod.uid)
            .filter(|uid| !uid.is_empty())
            .map_or_else(|| or_dash(&listed.container.pod_uid), or_dash),
        listed.container.cgroup_path.to_string(),
    ]
}

/// How a main process ended, as runtimes show it: `exited (1)`, `killed (SIGKILL)`.
pub(crate) fn short_ending(ending: &Ending) -> String {
    match (ending.exit_code, ending.signal) {
        (Some(code), _) => format!("exited ({code})"),
        _ if ending.oom_killed => "killed (OOM)".to_owned(),
        (None, Some(signal)) => {
            let number = || signal.to_string();
            format!("killed ({})", signal_name(u32::from(signal)).unwrap_or_else(number))
        }
        (None, None) => "dead".to_owned(),
    }
}

/// An age with one unit: `42s`, `5m`, `3h`, `2d`.
pub(crate) fn short_age(ns: u64) -> String {
    let age = units::age(ns);
    age.find(|c: char| c.is_ascii_alphabetic()).and_then(|at| age.get(..=at)).unwrap_or(&age).to_owned()
}

pub(crate) fn or_dash(name: &UntrustedString) -> String {
    if name.is_empty() { "-".to_owned() } else { name.to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rewind_recording::api::Totals;

    #[test]
    fn what_the_node_lost_is_said_only_where_something_was() {
        let of = |refused, unfollowed, missed_runs| {
            let totals = Totals { refused, unfollowed, missed_runs, ..Totals::default() };
            footer(&List { recordings: vec![Listed::default()], totals, ..List::default() })
        };
        assert!(of(0, 0, 0).ends_with(" used, 0 rings free"), "{}", of(0, 0, 0));
        assert!(
            of(2, 0, 0).ends_with("; 2 containers refused for want of memory so far: give the agent a larger budget")
        );
        let unfollowed = "; 3 cgroups not followed for want of room so far: containers in them are not recorded";
        assert!(of(0, 3, 0).ends_with(unfollowed), "{}", of(0, 3, 0));
        let missed =
            "; 1 run of the recorder's programs skipped by the kernel so far: as many calls or events may be missing";
        assert!(of(0, 0, 1).ends_with(missed), "{}", of(0, 0, 1));
    }

    #[test]
    fn recordings_of_nodes_stand_by_pod_with_the_living_run_first() {
        let listed = |recording, name: &str, died_ns| {
            let container = Container { name: name.into(), id: "abc".into(), ..Container::default() };
            Listed { recording, container, died_ns, ..Listed::default() }
        };
        let of = |node: &str, recordings| OfNode {
            node: node.to_owned(),
            list: List { recordings, now_ns: 5_000_000_000, ..List::default() },
        };
        let nodes = [
            of("n2", vec![listed(1, "shop/web-2/app", None)]),
            of("n1", vec![listed(4, "shop/web-1/app", Some(3_000_000_000)), listed(5, "shop/web-1/app", None)]),
        ];
        let shown = |namespaces| {
            let mut out = Vec::new();
            write_of_nodes(&mut out, &nodes, ListFormat::Table, namespaces).unwrap();
            String::from_utf8(out).unwrap()
        };
        let text = shown(false);
        let lines: Vec<_> = text.lines().map(|line| line.split_whitespace().take(4).collect::<Vec<_>>()).collect();
        assert_eq!(lines[0], ["POD", "CONTAINER", "NODE", "STATE"]);
        assert_eq!(lines[1], ["web-1", "app", "n1", "living"]);
        assert_eq!(lines[2], ["web-1", "app", "n1", "dead"]);
        assert_eq!(lines[3], ["web-2", "app", "n2", "living"]);
        assert!(shown(true).starts_with("NAMESPACE  POD"), "{}", shown(true));
        assert_eq!(footer_of_nodes(&nodes), "3 recordings (2 living) on 2 nodes");
        assert!(footer_of_nodes(&[]).contains("nothing is recorded"));
    }
}
