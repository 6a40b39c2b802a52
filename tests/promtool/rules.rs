//! Rules, and what dashboards ask.

use super::promtool;
use anyhow::{Result, ensure};
use rewind_tests::dashboards;
use rewind_tests::programs::work_tree;
use serde_json::json;
use std::path::Path;
use tempfile::TempDir;

pub(crate) fn checked() -> Result<()> {
    over("manifests/rules", &["check", "rules"])
}

pub(crate) fn tested() -> Result<()> {
    over("manifests/rules/tests", &["test", "rules"])
}

/// As rules, which is what it parses.
pub(crate) fn queries() -> Result<()> {
    let queries = dashboards::queries("1m")?;
    let rules: Vec<_> = queries
        .iter()
        .map(|query| json!({"record": "asked", "expr": query.expr, "labels": {"of": query.of}}))
        .collect();
    let dir = TempDir::new()?;
    let file = dir.path().join("queries.yaml");
    std::fs::write(&file, json!({"groups": [{"name": "queries", "rules": rules}]}).to_string())?;
    run(&["check", "rules", "--lint=none"], &file)
}

fn over(folder: &str, verb: &[&str]) -> Result<()> {
    let mut count = 0;
    for entry in std::fs::read_dir(work_tree().join(folder))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") && !path.ends_with("kustomization.yaml") {
            run(verb, &path)?;
            count += 1;
        }
    }
    ensure!(count > 0, "{folder} has no rules");
    Ok(())
}

fn run(verb: &[&str], file: &Path) -> Result<()> {
    let file = file.to_string_lossy();
    let (said, code) = promtool(&[verb, &[&file]].concat(), None)?;
    ensure!(code == Some(0), "{file}: {code:?}: {said}");
    Ok(())
}
