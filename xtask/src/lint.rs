//! `cargo xtask lint`: structure, format, lints, documentation, licences, manifests.

mod structure;

use crate::{build, build_ebpf, command, manifests, tools};
use anyhow::{Context as _, Result, bail};
use clap::ValueEnum as _;
use rewind_tests::programs::work_tree;
use serde_json::Value;
use std::process::Command;

/// What `cargo xtask lint` can be told.
#[derive(clap::Args)]
pub(crate) struct Lint {
    /// Check this alone.
    #[arg(long, value_enum, value_name = "STEP")]
    only: Option<Step>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Step {
    /// The directions between modules, and who may start tasks.
    Structure,
    /// rustfmt.
    Format,
    /// Clippy.
    Lints,
    /// Broken links in the documentation.
    Documentation,
    /// Format and lints of what is not in the workspace.
    OtherWorkspaces,
    /// That every crate takes the workspace's lints.
    InheritedLints,
    /// Licences and sources of dependencies.
    Licences,
    /// That manifests are what is made of their base.
    Manifests,
}

impl Lint {
    pub(crate) fn run(&self) -> Result<()> {
        let mut failed = Vec::new();
        for step in Step::value_variants().iter().filter(|step| self.only.is_none_or(|only| only == **step)) {
            let name = step.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            eprintln!("lint: {name}");
            if let Err(error) = step.run() {
                eprintln!("lint: {name}: {error:#}");
                failed.push(name);
            }
        }
        if failed.is_empty() { Ok(()) } else { bail!("lint failed: {}", failed.join(", ")) }
    }
}

impl Step {
    fn run(self) -> Result<()> {
        match self {
            Self::Structure => structure::check(&outside_folders(&root_manifest()?)),
            Self::Format => command::run(command::cargo().args(["fmt", "--all", "--check"])),
            Self::Lints => with_object(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
            Self::Documentation => with_object(&["doc", "--workspace", "--no-deps", "--quiet"]),
            Self::OtherWorkspaces => outside(),
            Self::InheritedLints => inherited(),
            Self::Licences => deny(),
            Self::Manifests => manifests::check(),
        }
    }
}

/// Runs cargo over the workspace, which the agent is in: it does not compile without the kernel side.
fn with_object(arguments: &[&str]) -> Result<()> {
    let mut cargo = command::cargo();
    build::with_object(&mut cargo, &build_ebpf::run()?).args(arguments).env("RUSTDOCFLAGS", "-D warnings");
    command::run(&mut cargo)
}

/// Format and lints of the crates that are workspaces of their own. They are checked as programs of
/// this machine's target: no compiler for the kernel's comes with a clippy of its own everywhere, and
/// what aya-ebpf lacks outside of it is not looked at before linking.
fn outside() -> Result<()> {
    for folder in outside_folders(&root_manifest()?) {
        let manifest = format!("{folder}/Cargo.toml");
        let target = work_tree().join(&folder).join("target/lint");
        command::run(command::cargo().args(["fmt", "--manifest-path", &manifest, "--check"]))?;
        let mut clippy = command::cargo();
        clippy.args(["clippy", "--manifest-path", &manifest, "--target-dir"]).arg(target);
        // The kernel side is made of unstable features; aya-ebpf declares a newer compiler than it needs.
        clippy.env("RUSTC_BOOTSTRAP", "1").args(["--ignore-rust-version", "--all-features", "--", "-D", "warnings"]);
        command::run(&mut clippy)?;
    }
    Ok(())
}

/// Every crate of the workspace takes the workspace's lints, and those outside have the same.
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
    let root = root_manifest()?;
    for folder in outside_folders(&root) {
        let manifest = work_tree().join(folder).join("Cargo.toml");
        if lints(&std::fs::read_to_string(&manifest)?) != lints(&root) {
            bail!("the [lints] of {} are not those of the workspace: copy them", manifest.display());
        }
    }
    Ok(())
}

fn root_manifest() -> Result<String> {
    Ok(std::fs::read_to_string(work_tree().join("Cargo.toml"))?)
}

/// What the workspace excludes.
fn outside_folders(root: &str) -> Vec<String> {
    let excluded = root.lines().find_map(|line| line.strip_prefix("exclude = ")).unwrap_or_default();
    excluded.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The tables of lints, a line an entry, whether a workspace's or a crate's.
fn lints(manifest: &str) -> Vec<&str> {
    let mut is_lints = false;
    let entries = manifest.lines().map(str::trim).filter_map(|line| {
        if line.starts_with('[') {
            is_lints = line.starts_with("[lints.") || line.starts_with("[workspace.lints.");
        }
        let line = line.trim_start_matches("[workspace.").trim_start_matches('[');
        (is_lints && !line.is_empty() && !line.starts_with('#')).then_some(line)
    });
    entries.collect()
}

fn inherits(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    lines.find(|line| !line.is_empty() && !line.starts_with('#')) == Some("workspace = true")
}

fn deny() -> Result<()> {
    let deny = tools::CARGO_DENY.get()?;
    let check = || {
        let mut check = Command::new(&deny);
        check.current_dir(work_tree());
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

    #[test]
    fn crates_outside_have_the_workspaces_lints() -> Result<()> {
        let root = root_manifest()?;
        assert_eq!(outside_folders(&root), ["agent-ebpf", "recording/fuzz"]);
        assert!(lints(&root).contains(&"unsafe_code = \"deny\""), "{:?}", lints(&root));
        inherited()
    }

    #[test]
    fn tables_of_lints_are_the_same_wherever_they_stand() {
        let of = "[workspace]\n[workspace.lints.rust]\n# why\na = \"deny\"\n\n[workspace.lints.clippy]\nb = \"warn\"\n[profile.x]\nc = 1\n";
        let own = of.replace("workspace.lints", "lints");
        assert_eq!(lints(of), ["lints.rust]", "a = \"deny\"", "lints.clippy]", "b = \"warn\""]);
        assert_eq!(lints(&own), lints(of));
        assert_ne!(lints(&own.replace("deny", "warn")), lints(of));
        assert_ne!(lints(&own.replace("[lints.clippy]\n", "")), lints(of));
    }
}
