//! `cargo xtask lint`: format, lints, documentation, licences.

use crate::toolchain::Compiler;
use crate::{build, build_ebpf, command, setup, tools};
use anyhow::{Context as _, Result, bail};
use rewind_tests::programs::find;
use serde_json::Value;
use std::process::Command;

pub(crate) fn run() -> Result<()> {
    let object = build_ebpf::run()?;
    let with_object = |arguments: &[&str]| {
        let mut cargo = command::cargo();
        build::with_object(&mut cargo, &object).args(arguments);
        cargo
    };
    let steps: [(&str, &dyn Fn() -> Result<()>); 6] = [
        ("format", &|| command::run(command::cargo().args(["fmt", "--all", "--check"]))),
        ("lints", &|| {
            command::run(&mut with_object(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        }),
        ("documentation", &|| {
            command::run(
                with_object(&["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings"),
            )
        }),
        ("kernel side", &kernel_side),
        ("inherited lints", &inherited),
        ("licences and sources", &deny),
    ];
    let mut failed = Vec::new();
    for (name, step) in steps {
        eprintln!("lint: {name}");
        if let Err(error) = step() {
            eprintln!("lint: {name}: {error:#}");
            failed.push(name);
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("lint failed: {}", failed.join(", ")) }
}

fn kernel_side() -> Result<()> {
    command::run(command::cargo().args(["fmt", "--manifest-path", "agent-ebpf/Cargo.toml", "--check"]))?;
    let toolchain = setup::for_build()?;
    let clippy = match toolchain.compiler {
        // Its `cargo clippy` would call the driver of another toolchain.
        Compiler::Debian(_) => find("/usr/bin/clippy-driver").is_some(),
        Compiler::Rustup(_) => true,
    };
    if !clippy {
        eprintln!("lint: SKIP clippy of the kernel side: {} comes without clippy", toolchain.compiler);
        return Ok(());
    }
    command::run(toolchain.cargo("clippy").args(["--", "-D", "warnings"]))
}

/// Every crate of the workspace takes the workspace's lints.
fn inherited() -> Result<()> {
    let metadata = command::output(command::cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let crates = metadata.get("packages").and_then(Value::as_array).context("cargo names no packages")?;
    for package in crates {
        let manifest = package.get("manifest_path").and_then(Value::as_str).context("a package without a manifest")?;
        if !inherits(&std::fs::read_to_string(manifest)?) {
            bail!("{manifest} does not take the workspace's lints: [lints] workspace = true");
        }
    }
    Ok(())
}

fn inherits(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    lines.find(|line| !line.is_empty() && !line.starts_with('#')) == Some("workspace = true")
}

fn deny() -> Result<()> {
    let deny = tools::CARGO_DENY.get()?;
    let check = || {
        let mut check = Command::new(&deny);
        check.current_dir(rewind_tests::programs::work_tree());
        check
    };
    // Without `advisories`: those need a database from elsewhere.
    let what = ["bans", "licenses", "sources"];
    command::run(check().args(["--all-features", "check", "--hide-inclusion-graph"]).args(what))?;
    let kernel_side = ["--manifest-path", "agent-ebpf/Cargo.toml", "check", "--hide-inclusion-graph"];
    command::run(check().args(kernel_side).args(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lints_are_inherited_or_not() {
        assert!(inherits("[package]\nname = \"a\"\n\n[lints]\n# the house's\nworkspace = true\n"));
        assert!(!inherits("[package]\nname = \"a\"\n[lints]\n[lints.rust]\nworkspace = true\n"));
        assert!(!inherits("[package]\nname = \"a\"\n"));
    }
}
