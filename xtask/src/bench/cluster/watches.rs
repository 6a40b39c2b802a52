//! Watches that the agent has open, by the API server's audit log.

use anyhow::{Context as _, Result};
use rewind_tests::cluster::place::Place;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead as _, BufReader};

/// What it may watch.
pub(super) const WANTED: [&str; 3] = ["endpointslices", "pods", "services"];
const AGENT: &str = "system:serviceaccount:rewind-system:rewind-agent";

/// How many are open, by resource; those that are wanted are named in any case.
pub(super) fn open(place: &Place) -> Result<BTreeMap<String, usize>> {
    let path = place.log("audit");
    let log = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = BufReader::new(log).lines().map_while(Result::ok);
    Ok(counted(lines.filter_map(|line| serde_json::from_str(&line).ok())))
}

fn counted(events: impl Iterator<Item = Value>) -> BTreeMap<String, usize> {
    let mut open: HashMap<String, String> = HashMap::new();
    for event in events {
        let of = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        if of("/user/username") != AGENT || of("/verb") != "watch" {
            continue;
        }
        match of("/stage").as_str() {
            "ResponseStarted" => drop(open.insert(of("/auditID"), of("/objectRef/resource"))),
            _ => drop(open.remove(&of("/auditID"))),
        }
    }
    let mut counts: BTreeMap<String, usize> = WANTED.iter().map(|resource| ((*resource).to_owned(), 0)).collect();
    open.into_values().for_each(|resource| *counts.entry(resource).or_default() += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_watch_is_open_from_its_beginning_to_its_end() {
        let event = |id: &str, stage: &str, resource: &str, user: &str| {
            json!({"auditID": id, "stage": stage, "verb": "watch", "user": {"username": user},
                "objectRef": {"resource": resource}})
        };
        let all = [
            event("1", "ResponseStarted", "pods", AGENT),
            event("2", "ResponseStarted", "services", AGENT),
            event("2", "ResponseComplete", "services", AGENT),
            event("3", "ResponseStarted", "services", AGENT),
            event("4", "ResponseStarted", "nodes", AGENT),
            event("5", "ResponseStarted", "pods", "system:node:n1"),
        ];
        let counts = counted(all.into_iter());
        let wanted = [("endpointslices", 0), ("nodes", 1), ("pods", 1), ("services", 1)];
        assert!(counts.iter().map(|(resource, count)| (resource.as_str(), *count)).eq(wanted), "{counts:?}");
    }
}
