//! The README's chapter on Kubernetes, typed as it stands there.

use crate::told::{between_runs, kept};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::programs::work_tree;
use rewind_tests::readme;

/// `deploy` is what all these tests begin with, `undeploy` the last of them.
pub(crate) fn walk() -> Result<()> {
    agents::with(|_| {
        let namespace = Namespace::new("readme")?;
        let text = std::fs::read_to_string(work_tree().join("README.md")).context("cannot read README.md")?;
        let mut ran = 0;
        for shown in readme::commands(&text) {
            let words: Vec<&str> = shown.command.split_whitespace().collect();
            let said = match words.as_slice() {
                ["kubectl", "rewind", "deploy" | "undeploy"] => continue,
                ["kubectl", "apply", "-f", file] => {
                    namespace.apply(&std::fs::read_to_string(work_tree().join(file))?)?;
                    between_runs(&namespace, "web", 1)?;
                    kept(&namespace, "web", "/etc/web/config.yaml")?;
                    continue;
                }
                ["kubectl", rest @ ..] => namespace.ask(rest),
                _ => continue,
            };
            let said = said.with_context(|| format!("README.md:{}: `{}`", shown.line, shown.command))?;
            ensure!(!said.trim().is_empty(), "README.md:{}: `{}` says nothing", shown.line, shown.command);
            ran += 1;
        }
        ensure!(ran >= 6, "only {ran} commands were run");
        Ok(())
    })
}
