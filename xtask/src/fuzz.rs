//! The bounded fuzz run: every target of `recording/fuzz`, for some seconds each.

use crate::tally::Tally;
use crate::{command, tools};
use anyhow::Result;
use rewind_tests::programs::{find, work_tree};
use std::process::Command;

const SECONDS: &str = "20";
const FOLDER: &str = "recording/fuzz";

/// Fuzzes each target; what a machine lacks is a declared skip.
pub(crate) fn run(tally: &mut Tally) -> Result<()> {
    let targets = targets()?;
    if let Some(reason) = missing() {
        for target in targets {
            tally.skip(&format!("fuzz {target}"), &reason);
        }
        return Ok(());
    }
    let program = match tools::CARGO_FUZZ.get() {
        Ok(program) => program,
        Err(error) => {
            for target in targets {
                tally.skip(&format!("fuzz {target}"), &format!("{error:#}"));
            }
            return Ok(());
        }
    };
    for target in targets {
        let mut fuzz = Command::new(&program);
        command::other_toolchain(&mut fuzz)
            .env("RUSTUP_TOOLCHAIN", "nightly")
            .current_dir(work_tree().join("recording"));
        fuzz.args(["fuzz", "run", &target, "--", "-print_final_stats=0", "-verbosity=0", "-rss_limit_mb=2048"]);
        fuzz.arg(format!("-max_total_time={SECONDS}"));
        println!("fuzz {target}: {SECONDS} seconds");
        tally.one(&format!("fuzz {target}"), command::run(&mut fuzz));
    }
    Ok(())
}

fn missing() -> Option<String> {
    if find("rustup").is_none() {
        return Some("rustup is not installed".to_owned());
    }
    let mut rustc = Command::new("rustup");
    let nightly = command::output(command::other_toolchain(&mut rustc).args(["run", "nightly", "rustc", "--version"]));
    nightly.is_err().then(|| "no nightly toolchain: `rustup toolchain install nightly`".to_owned())
}

/// The targets are the files.
fn targets() -> Result<Vec<String>> {
    let files = std::fs::read_dir(work_tree().join(FOLDER).join("fuzz_targets"))?;
    let mut names: Vec<String> = files
        .flatten()
        .filter_map(|file| file.file_name().to_str().and_then(|name| name.strip_suffix(".rs")).map(str::to_owned))
        .collect();
    names.sort();
    Ok(names)
}
