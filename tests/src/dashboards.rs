//! What the dashboards and rules of `manifests/` ask Prometheus.

use crate::programs::work_tree;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

/// A query that somebody's screen, or a rule, asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The file, below `manifests/`.
    pub file: String,
    /// The panel, the variable or the rule.
    pub of: String,
    /// What is asked.
    pub expr: String,
}

impl Query {
    /// Whether it asks for something that only a cluster has: a name that begins as theirs do and is no label's.
    #[must_use]
    pub fn is_of_cluster(&self) -> bool {
        let names = self.expr.split(|of: char| !of.is_ascii_alphanumeric() && of != '_');
        let is_label = |name: &str| ["_name", "_uid", "_reason"].iter().any(|end| name.ends_with(end));
        let mut of_workloads = names.into_iter().filter(|name| name.starts_with("k8s_") && !is_label(name));
        of_workloads.next().is_some() || self.expr.contains("k8s_container_status_reason{")
    }
}

/// All queries of all panels, variables and recording rules, for a Prometheus that evaluates no rules. Variables are
/// `.*`, or the first of their options; ranges that Grafana chooses are `window` (`1m`); what is recorded stands in place of
/// its name. Alerts ask nothing else: each compares what is recorded with numbers ([`alerts`]).
///
/// # Errors
/// If a file cannot be read.
pub fn queries(window: &str) -> Result<Vec<Query>> {
    let mut all = Vec::new();
    for (file, text) in files("dashboards", "json")? {
        let dashboard = serde_json::from_str(&text).with_context(|| file.clone())?;
        all.extend(of_dashboard(&file, &dashboard, window));
    }
    for (file, text) in files("rules", "yaml")? {
        all.extend(of_rules(&file, &rules(&text).with_context(|| file.clone())?));
    }
    Ok(all)
}

/// An alert.
#[derive(Clone, Debug, Deserialize)]
pub struct Alert {
    /// Its name.
    pub alert: String,
    /// When it is one.
    pub expr: String,
    /// What it says.
    pub annotations: BTreeMap<String, String>,
}

/// All alerts.
///
/// # Errors
/// If a file cannot be read.
pub fn alerts() -> Result<Vec<Alert>> {
    let of = |(file, text): (String, String)| rules(&text).with_context(|| file);
    let all = files("rules", "yaml")?.into_iter().map(of).collect::<Result<Vec<_>>>()?;
    Ok(all.into_iter().flatten().filter_map(Rule::alert).collect())
}

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Rule {
    Record { record: String, expr: String },
    Alert(Alert),
}

impl Rule {
    fn alert(self) -> Option<Alert> {
        if let Self::Alert(alert) = self { Some(alert) } else { None }
    }
}

fn rules(text: &str) -> Result<Vec<Rule>> {
    let rules: Rules = serde_saphyr::from_str(text)?;
    Ok(rules.groups.into_iter().flat_map(|group| group.rules).collect())
}

/// The files of a folder, with their names below `manifests/`.
fn files(folder: &str, extension: &str) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(work_tree().join("manifests").join(folder))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|of| of == extension) && name != "kustomization.yaml" {
            files.push((format!("{folder}/{name}"), fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

fn of_rules(file: &str, rules: &[Rule]) -> Vec<Query> {
    let mut all: Vec<Query> = Vec::new();
    for rule in rules {
        if let Rule::Record { record, expr } = rule {
            // Those that are used stand before, as Prometheus evaluates them.
            let expr =
                all.iter().fold(expr.clone(), |expr, known| expr.replace(&known.of, &format!("({})", known.expr)));
            all.push(Query { file: file.to_owned(), of: record.clone(), expr });
        }
    }
    all
}

fn of_dashboard(file: &str, dashboard: &Value, window: &str) -> Vec<Query> {
    let variables = list(dashboard, "/templating/list");
    let replaced = |expr: &str| replaced(expr, variables, window);
    let query = |of: String, expr: &str| Query { file: file.to_owned(), of, expr: replaced(expr) };
    let of_variable = |variable: &Value| {
        let name = format!("variable {}", text(variable, "/name"));
        // Grafana's own function: the values of a label.
        let (series, label) =
            text(variable, "/definition").strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(", ")?;
        Some(query(name, &format!("group by ({label}) ({series})")))
    };
    let of_panel = |panel: &Value| {
        let title = text(panel, "/title").to_owned();
        let targets = list(panel, "/targets").iter().map(|target| query(title.clone(), text(target, "/expr")));
        targets.collect::<Vec<_>>()
    };
    let panels = list(dashboard, "/panels").iter();
    let panels = panels.flat_map(|panel| std::iter::once(panel).chain(list(panel, "/panels")));
    variables.iter().filter_map(of_variable).chain(panels.flat_map(of_panel)).collect()
}

/// A query without Grafana's variables.
fn replaced(expr: &str, variables: &[Value], window: &str) -> String {
    let own = ["__rate_interval", "__range", "__interval"].map(|name| (name, window));
    let of_dashboard = variables.iter().map(|variable| {
        let is_chosen = text(variable, "/type") == "custom";
        (text(variable, "/name"), if is_chosen { text(variable, "/options/0/value") } else { ".*" })
    });
    own.into_iter().chain(of_dashboard).fold(expr.to_owned(), |expr, (name, value)| {
        expr.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value)
    })
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    fn dashboards() -> Vec<(String, Value)> {
        let files = files("dashboards", "json").unwrap();
        files.into_iter().map(|(file, text)| (file, serde_json::from_str(&text).unwrap())).collect()
    }

    #[test]
    fn variables_stand_for_anything_or_for_their_first_option() {
        let dashboard = json!({
            "templating": {"list": [
                {"name": "datasource", "type": "datasource"},
                {"name": "kind", "type": "custom", "options": [{"value": "deployment"}, {"value": "job"}]},
                {"name": "name", "type": "query", "definition": "label_values(a{b=\"c\"}, k8s_${kind}_name)"},
            ]},
            "panels": [
                {"title": "One", "targets": [{"expr": "rate(a{of_$kind=~\"$name\"}[$__rate_interval])"}]},
                {"type": "row", "panels": [{"title": "Within", "targets": [{"expr": "b"}, {"expr": "c[$__range]"}]}]},
            ],
        });
        let queries = of_dashboard("x", &dashboard, "1m");
        let told: Vec<_> = queries.iter().map(|query| (query.of.as_str(), query.expr.as_str())).collect();
        let expected = [
            ("variable name", "group by (k8s_deployment_name) (a{b=\"c\"})"),
            ("One", "rate(a{of_deployment=~\".*\"}[1m])"),
            ("Within", "b"),
            ("Within", "c[1m]"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_recorded_stands_in_place_of_its_name() {
        let text = "groups: [{name: g, rules: [{record: 'r:a', expr: x}, {record: 'r:b', expr: 'r:a / 2'},\
                    {alert: A, expr: 'r:b > 1', annotations: {}}]}]";
        let queries = of_rules("x", &rules(text).unwrap());
        assert_eq!(queries.iter().map(|query| query.expr.as_str()).collect::<Vec<_>>(), ["x", "(x) / 2"]);
    }

    #[test]
    fn each_query_is_told_of_and_has_no_variable_left() {
        let queries = queries("1m").unwrap();
        let files: BTreeSet<_> = queries.iter().map(|query| query.file.as_str()).collect();
        assert!(files.len() >= 5 && queries.len() > 80, "{files:?}: {}", queries.len());
        for query in &queries {
            assert!(!query.expr.is_empty() && !query.of.is_empty(), "{query:?}");
            assert!(!query.expr.replace("\"$1\"", "").replace("/$1\"", "").contains('$'), "{query:?}");
            assert!(!query.expr.contains("rewind:"), "{query:?}");
        }
    }

    #[test]
    fn an_alert_compares_what_is_recorded_with_numbers() {
        let recorded: BTreeSet<_> = queries("1m").unwrap().into_iter().map(|query| query.of).collect();
        let alerts = alerts().unwrap();
        assert!(alerts.len() >= 12, "{}", alerts.len());
        for alert in alerts {
            for compared in alert.expr.split(" and ") {
                let words: Vec<_> = compared.split(' ').collect();
                let [name, "<" | ">", number] = words[..] else { panic!("{alert:?}") };
                assert!(recorded.contains(name) && number.parse::<f64>().is_ok(), "{alert:?}");
            }
        }
    }

    #[test]
    fn an_alert_says_what_is_next() {
        for Alert { alert, annotations, .. } in alerts().unwrap() {
            for part in ["summary", "description", "runbook"] {
                assert!(annotations.get(part).is_some_and(|text| !text.is_empty()), "{alert}: {part}");
            }
            assert!(annotations["runbook"].contains("`kubectl rewind "), "{alert}");
        }
    }

    #[test]
    fn dashboards_differ_and_ask_the_prometheus_that_is_chosen() {
        let all = dashboards();
        let uids: BTreeSet<_> = all.iter().map(|(_, dashboard)| text(dashboard, "/uid").to_owned()).collect();
        assert!(uids.len() == all.len() && all.len() >= 4 && !uids.contains(""), "{uids:?}");
        for (file, dashboard) in &all {
            assert!(text(dashboard, "/title").starts_with("Rewind / "), "{file}");
            let panels = list(dashboard, "/panels").iter().filter(|panel| text(panel, "/type") != "row");
            for panel in panels {
                let targets = list(panel, "/targets");
                assert!(!targets.is_empty(), "{file}: {}", text(panel, "/title"));
                for asks in targets.iter().chain([panel]) {
                    assert_eq!(text(asks, "/datasource/uid"), "${datasource}", "{file}: {}", text(panel, "/title"));
                }
            }
        }
    }

    #[test]
    fn no_panel_covers_another() {
        for (file, dashboard) in dashboards() {
            let (mut covered, mut ids) = (BTreeSet::new(), BTreeSet::new());
            for panel in list(&dashboard, "/panels") {
                let of = |side: &str| panel.pointer(&format!("/gridPos/{side}")).and_then(Value::as_u64).unwrap();
                let (x, y, w, h) = (of("x"), of("y"), of("w"), of("h"));
                assert!(x + w <= 24 && w > 0 && h > 0, "{file}: {}", text(panel, "/title"));
                let mut cells = (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y)));
                let is_free = cells.all(|cell| covered.insert(cell));
                assert!(is_free && ids.insert(panel["id"].as_u64().unwrap()), "{file}: {}", text(panel, "/title"));
            }
        }
    }
}
