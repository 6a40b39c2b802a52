//! What the README shows is what there is: every command of its console blocks is known to our programs.
//!
//! `cargo xtask` verbs and our programs are asked for the help of the verb that the README names, with
//! the flags that it names; what the demo shows is compared by the demo's own test.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::programs::{self, ours, work_tree};
use rewind_tests::readme;
use std::process::Command;

pub(crate) fn commands() -> Result<()> {
    let text = std::fs::read_to_string(work_tree().join("README.md")).context("cannot read README.md")?;
    let shown = readme::commands(&text);
    ensure!(!shown.is_empty(), "the README shows no command");
    for shown in shown {
        known(&shown.command).with_context(|| format!("README.md:{}: {}", shown.line, shown.command))?;
    }
    Ok(())
}

fn known(command: &str) -> Result<()> {
    let words: Vec<&str> = command.split_whitespace().take_while(|word| !matches!(*word, "--" | "|" | "&")).collect();
    let (program, rest) = match words.as_slice() {
        ["cargo", "xtask", rest @ ..] => (None, rest),
        ["kubectl", "rewind", rest @ ..] => (Some("kubectl-rewind"), rest),
        ["sudo", program, rest @ ..] | [program, rest @ ..] => (Some(*program), rest),
        [] => return Ok(()),
    };
    let Some(verb) = rest.first() else { return Ok(()) };
    let mut help = match program {
        None => {
            let mut cargo = Command::new("cargo");
            cargo.args(["run", "-q", "--package", "xtask", "--"]).current_dir(work_tree());
            cargo
        }
        Some(name @ ("rewind" | "kubectl-rewind" | "rewind-agent")) => Command::new(ours(name)),
        // Other people's programs.
        Some(_) => return Ok(()),
    };
    let help = programs::run(help.args([verb, "--help"]))?.success()?;
    for flag in rest.iter().filter(|word| word.starts_with('-')) {
        let flag = flag.split('=').next().unwrap_or(flag);
        ensure!(
            help.split_whitespace().any(|word| word.trim_matches(|c| ",[]<>".contains(c)) == flag),
            "there is no {flag}"
        );
    }
    Ok(())
}
