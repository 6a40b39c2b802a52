//! What is for Prometheus and Grafana: the rules as the Operator has them, and what the chart has of `overlays/prometheus`.

use super::chart::everywhere;
use super::{File, MADE, folder, read};
use anyhow::{Result, bail};
use std::fs;

const RULES: &str = "rules/rewind.yaml";
/// In front of the rules, whose groups stand below `spec`.
const RULES_HEAD: &str = "apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: rewind
  namespace: rewind-system
  labels:
    app.kubernetes.io/part-of: rewind
spec:
";
/// Files of the overlay, and which value has them in the chart.
const OPTIONAL: [(&str, &str); 2] = [("service", "enabled"), ("monitor", "serviceMonitor")];
/// Where labels of an object end.
const LABELS: &str = "    app.kubernetes.io/part-of: rewind\nspec:\n";
const MORE_LABELS: &str = "    app.kubernetes.io/part-of: rewind
    {{- with .Values.prometheus.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
";
const NAMESPACE: [&str; 2] =
    ["kubernetes.io/metadata.name: monitoring", "kubernetes.io/metadata.name: {{ .Values.prometheus.namespace }}"];

/// Everything that is made.
pub(super) fn made() -> Result<Vec<File>> {
    let rules = read(RULES)?.text;
    let mut made = vec![
        File {
            path: "overlays/prometheus/rules.yaml".to_owned(),
            text: format!("{MADE}{RULES}.\n{}", as_object(&rules)),
        },
        File { path: "chart/files/rules.yaml".to_owned(), text: rules },
    ];
    for (name, value) in OPTIONAL {
        made.push(template(name, value, &read(&format!("overlays/prometheus/{name}.yaml"))?.text)?);
    }
    for entry in fs::read_dir(folder().join("dashboards"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") {
            let text = read(&format!("dashboards/{name}"))?.text;
            made.push(File { path: format!("chart/files/rewind-{name}"), text });
        }
    }
    Ok(made)
}

/// Rules as an object of the Operator's.
fn as_object(rules: &str) -> String {
    let lines = rules.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") });
    RULES_HEAD.to_owned() + &lines.collect::<String>()
}

/// A file of the overlay as a template that a value switches on.
fn template(name: &str, value: &str, text: &str) -> Result<File> {
    if text.contains("{{") {
        bail!("overlays/prometheus/{name}.yaml: `{{{{` would be an action of the template");
    }
    let [of_overlay, of_chart] = NAMESPACE;
    let text = everywhere(text).replace(of_overlay, of_chart).replace(LABELS, MORE_LABELS);
    let text = format!("{{{{- if .Values.prometheus.{value} }}}}\n{text}{{{{- end }}}}\n");
    Ok(File { path: format!("chart/templates/prometheus-{name}.yaml"), text })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::Value;

    #[test]
    fn rules_are_the_same_within_an_object() {
        let rules = read(RULES).unwrap().text;
        let object: Value = serde_saphyr::from_str(&as_object(&rules)).unwrap();
        let plain: Value = serde_saphyr::from_str(&rules).unwrap();
        assert_eq!(object.pointer("/spec/groups"), plain.pointer("/groups"));
        assert!(plain.pointer("/groups/0/rules/0/expr").is_some());
    }

    #[test]
    fn a_file_of_the_overlay_is_there_if_its_value_says_so() {
        let text = "namespace: rewind-system\n  labels:\n    app.kubernetes.io/part-of: rewind\nspec:\n  a: b\n";
        let made = template("monitor", "serviceMonitor", text).unwrap();
        assert_eq!(made.path, "chart/templates/prometheus-monitor.yaml");
        assert!(
            made.text.starts_with("{{- if .Values.prometheus.serviceMonitor }}\nnamespace: {{ .Release.Namespace }}\n")
        );
        assert!(made.text.ends_with("    {{- end }}\nspec:\n  a: b\n{{- end }}\n"), "{}", made.text);
        assert!(template("monitor", "serviceMonitor", "a: '{{ b }}'\n").is_err());
    }
}
