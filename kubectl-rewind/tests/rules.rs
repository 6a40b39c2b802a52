//! The commands that alerts name are ones that there are.
#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::Value;
use std::process::Command;

const RULES: &str = include_str!("../../manifests/rules/rewind.yaml");

/// What stands in backticks in the alerts' texts, with names in place of what Prometheus puts there.
fn commands() -> Vec<String> {
    let rules: Value = serde_saphyr::from_str(RULES).unwrap();
    let groups = rules["groups"].as_array().unwrap().iter();
    let texts = groups.flat_map(|group| group["rules"].as_array().unwrap()).filter_map(|rule| {
        rule["annotations"]["runbook"].as_str().map(|text| text.split('`').skip(1).step_by(2).map(str::to_owned))
    });
    let named = |text: String| {
        let mut parts = text.split("{{ $labels.");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            let (label, rest) = part.split_once(" }}").unwrap();
            text + if label == "workload" { "deployment/web" } else { "x" } + rest
        })
    };
    texts.flatten().map(named).collect()
}

#[test]
fn an_alert_names_no_command_that_is_malformed() {
    let commands = commands();
    assert!(commands.len() >= 15, "{commands:?}");
    for command in commands {
        // `--previous` alone belongs to the command before.
        let Some(arguments) = command.strip_prefix("kubectl rewind ") else {
            assert_eq!(command, "--previous");
            continue;
        };
        let mut arguments: Vec<&str> = arguments.split(' ').collect();
        // Said of pods in general.
        if matches!(arguments[..], ["why" | "top"]) {
            arguments.push("pod/x");
        }
        let home = tempfile::tempdir().unwrap();
        let mut plugin = Command::new(env!("CARGO_BIN_EXE_kubectl-rewind"));
        let output = plugin.env_clear().env("HOME", home.path()).args(&arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        // There is no cluster and no agent to ask; 2 would be a command line that is not understood.
        assert!(matches!(output.status.code(), Some(5 | 8)), "{command}: {said}");
    }
}
