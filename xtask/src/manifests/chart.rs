//! The Helm chart's templates: the base, with what can be chosen taken from the values.
//!
//! With the values that the chart comes with, each template is the file of the base that it was made of, to the byte;
//! that is checked whenever they are made. The namespace is Helm's, who makes it before anything is applied.

use super::File;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::fs;

/// Helm's namespace is not ours to make.
pub(super) const NOT_IN_IT: &str = "base/namespace.yaml";
/// Where the base puts everything.
pub(super) const NAMESPACE: &str = "rewind-system";

/// What stands in the base, and what in place of it in the chart.
struct Choice {
    base: &'static str,
    chart: &'static str,
}

/// In every file.
const EVERYWHERE: &[Choice] = &[
    choice("namespace: rewind-system\n", "namespace: {{ .Release.Namespace }}\n"),
    choice("'system:serviceaccount:rewind-system:", "'system:serviceaccount:{{ .Release.Namespace }}:"),
];

/// In one file, once.
const CHOICES: &[(&str, &[Choice])] = &[
    (
        "base/agent.yaml",
        &[
            choice(super::IMAGE, "image: {{ .Values.image.repository }}:{{ .Values.image.tag }}"),
            choice("imagePullPolicy: IfNotPresent", "imagePullPolicy: {{ .Values.image.pullPolicy }}"),
            choice("value: 64MiB", "value: {{ .Values.budgetMiB }}MiB"),
            choice("memory: 128Mi", "memory: {{ add .Values.budgetMiB 64 }}Mi"),
            choice("memory: 192Mi", "memory: {{ add .Values.budgetMiB 128 }}Mi"),
            choice("cpu: 500m", "cpu: {{ .Values.cpuLimit }}"),
            choice("maxUnavailable: 10%", "maxUnavailable: {{ .Values.maxUnavailable }}"),
            choice("priorityClassName: system-node-critical", "priorityClassName: {{ .Values.priorityClassName }}"),
            choice("values: [system-node-critical]", "values: [{{ .Values.priorityClassName }}]"),
            choice(" path: /run/containerd/io.containerd.runtime.v2.task", " path: {{ .Values.containersDir }}"),
            choice("          volumeMounts:\n", METRICS_PORT),
            choice("          securityContext:\n            privileged", HOST_ROOT),
            choice("            - name: crashes\n              mountPath", OPTIONAL_MOUNTS),
            choice("        # Crash files outlive the pod.\n", OPTIONAL_VOLUMES),
        ],
    ),
    ("base/config.yaml", &[choice("    {}\n", CONFIG)]),
    ("base/connect.yaml", &[choice("name: system:authenticated", "name: {{ .Values.connectGroup }}")]),
];

// The same as overlays/prometheus/agent.yaml and config.yaml, and components/host-root/agent.yaml, where they are wanted.
const HOST_ROOT: &str = "            {{- if .Values.hostRoot }}
            - name: REWIND_HOST_ROOT
              value: /host
            {{- end }}
          securityContext:
            privileged";
const METRICS_PORT: &str = "          {{- if .Values.prometheus.enabled }}
          ports:
            - name: metrics
              containerPort: 9464
          {{- end }}
          volumeMounts:
";
const OPTIONAL_MOUNTS: &str = "            {{- if .Values.prometheus.enabled }}
            - name: metrics-token
              mountPath: /etc/rewind-metrics
              readOnly: true
            {{- end }}
            {{- if .Values.hostRoot }}
            - name: host
              mountPath: /host
              readOnly: true
              mountPropagation: HostToContainer
            {{- end }}
            - name: crashes
              mountPath";
const OPTIONAL_VOLUMES: &str = "        {{- if .Values.prometheus.enabled }}
        - name: metrics-token
          secret:
            secretName: rewind-metrics-token
            defaultMode: 256
            optional: true
        {{- end }}
        {{- if .Values.hostRoot }}
        - name: host
          hostPath:
            path: /
            type: Directory
        {{- end }}
        # Crash files outlive the pod.
";
const CONFIG: &str = "    {{- if .Values.prometheus.enabled }}
    {{- $metrics := dict \"listen\" \"0.0.0.0:9464\" \"tokenFile\" \"/etc/rewind-metrics/token\" }}
    {{- toYaml (mergeOverwrite (dict \"export\" (dict \"prometheus\" $metrics)) .Values.config) | nindent 4 }}
    {{- else }}
    {{- toYaml .Values.config | nindent 4 }}
    {{- end }}
";

const fn choice(base: &'static str, chart: &'static str) -> Choice {
    Choice { base, chart }
}

/// The templates, which with the chart's own values are the base again.
pub(super) fn templates(base: &[File]) -> Result<Vec<File>> {
    let chart = fs::read_to_string(super::folder().join("chart/Chart.yaml"))?;
    let version = concat!("\nversion: ", env!("CARGO_PKG_VERSION"), "\n");
    if !chart.contains(version) || !chart.contains(&version.replace("version", "appVersion")) {
        bail!("chart/Chart.yaml is not of version {}", env!("CARGO_PKG_VERSION"));
    }
    let values = fs::read_to_string(super::folder().join("chart/values.yaml"))?;
    let values: Value = serde_saphyr::from_str(&values).context("chart/values.yaml")?;
    let wanted = base.iter().filter(|file| file.path != NOT_IN_IT);
    wanted.map(|file| template(file, &values)).collect()
}

fn template(file: &File, values: &Value) -> Result<File> {
    if file.text.contains("{{") {
        bail!("{}: `{{{{` would be an action of the template", file.path);
    }
    let mut text = everywhere(&file.text);
    for choice in CHOICES.iter().filter(|(path, _)| *path == file.path).flat_map(|(_, choices)| *choices) {
        if text.matches(choice.base).count() != 1 {
            bail!("{} does not have `{}` once", file.path, choice.base.trim());
        }
        text = text.replace(choice.base, choice.chart);
    }
    let rendered = rendered(&text, values).with_context(|| format!("the template of {}", file.path))?;
    if rendered != file.text {
        let lines = rendered.lines().zip(file.text.lines()).find(|(one, other)| one != other);
        bail!("with the chart's values, {} is not the base's: {lines:?}", file.path);
    }
    Ok(File { path: file.path.replace("base/", "chart/templates/"), text })
}

/// A text with what is chosen in every file.
pub(super) fn everywhere(text: &str) -> String {
    EVERYWHERE.iter().fold(text.to_owned(), |text, choice| text.replace(choice.base, choice.chart))
}

/// What Helm makes of a template, as far as ours go: values, sums, a value as YAML on lines of its own, and what there is
/// only if a value says so.
fn rendered(template: &str, values: &Value) -> Result<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (action, mut after) = after.split_once("}}").context("an action has no end")?;
        text += if action.starts_with('-') { before.trim_end() } else { before };
        let action = action.trim_start_matches('-').trim();
        if let Some(path) = action.strip_prefix("if ") {
            let (within, beyond) = after.split_once("{{- end }}").context("an `if` has no end")?;
            let (then, other) = within.split_once("{{- else }}").unwrap_or((within, ""));
            let is_so = value(path, values)?.as_bool().context("it is neither true nor false")?;
            text += rendered(if is_so { then } else { other }, values)?.trim_end();
            after = beyond;
        } else {
            text += &evaluated(action, values)?;
        }
        rest = after;
    }
    Ok(text + rest)
}

fn value<'v>(path: &str, values: &'v Value) -> Result<&'v Value> {
    let pointer = path.strip_prefix(".Values").map(|path| path.replace('.', "/"));
    pointer.and_then(|pointer| values.pointer(&pointer)).with_context(|| format!("there is no {path}"))
}

fn evaluated(action: &str, values: &Value) -> Result<String> {
    let value = |path: &str| value(path, values);
    let words: Vec<&str> = action.split(' ').collect();
    Ok(match words.as_slice() {
        [".Release.Namespace"] => NAMESPACE.to_owned(),
        [path] => match value(path)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
        ["add", path, more] => (value(path)?.as_i64().context("it is no number")? + more.parse::<i64>()?).to_string(),
        ["toYaml", path, "|", "nindent", columns] => {
            let indent = format!("\n{}", " ".repeat(columns.parse()?));
            let yaml = serde_saphyr::to_string(value(path)?)?;
            yaml.trim_end().lines().map(|line| format!("{indent}{line}")).collect()
        }
        _ => bail!("`{action}` is not known here"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_renders_as_helm_would() {
        let values = json!({"size": 64, "image": {"tag": "1"}, "config": {}});
        let render = |template| rendered(template, &values).unwrap();
        assert_eq!(render("a: {{ .Values.image.tag }}\nb: {{ add .Values.size 128 }}Mi\n"), "a: 1\nb: 192Mi\n");
        assert_eq!(render("c: |\n    {{- toYaml .Values.config | nindent 4 }}\n"), "c: |\n    {}\n");
        assert_eq!(render("namespace: {{ .Release.Namespace }}\n"), "namespace: rewind-system\n");
        let if_so = |so: bool| {
            let template =
                "a:\n  {{- if .Values.so }}\n  b: {{ .Values.size }}\n  {{- else }}\n  c: 1\n  {{- end }}\nd: 1\n";
            rendered(template, &json!({"so": so, "size": 64})).unwrap()
        };
        assert_eq!([if_so(true), if_so(false)], ["a:\n  b: 64\nd: 1\n", "a:\n  c: 1\nd: 1\n"]);
        for wrong in ["{{ .Values.none }}", "{{ include x }}", "{{ .Values.size", "{{- if .Values.size }}{{- end }}"] {
            assert!(rendered(wrong, &values).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_value_that_is_not_the_bases_is_told() {
        let file = |text: &str| File { path: "base/connect.yaml".to_owned(), text: text.to_owned() };
        let base = file("kind: Group\nname: system:authenticated\nnamespace: rewind-system\n");
        let made = template(&base, &json!({"connectGroup": "system:authenticated"})).unwrap();
        assert_eq!(made.path, "chart/templates/connect.yaml");
        assert_eq!(made.text, "kind: Group\nname: {{ .Values.connectGroup }}\nnamespace: {{ .Release.Namespace }}\n");
        let told = template(&base, &json!({"connectGroup": "system:masters"})).unwrap_err().to_string();
        assert!(told.contains("system:masters"), "{told}");
        assert!(template(&file("kind: Group\n"), &json!({})).is_err());
        assert!(template(&file("name: system:authenticated {{ x }}"), &json!({})).is_err());
    }
}
