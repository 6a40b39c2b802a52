//! Shows what runs, and how a shell uses it.

use anyhow::{Context as _, Result};
use rewind_tests::cluster::kubectl::User;
use rewind_tests::cluster::place::{ADMIN, Place};
use rewind_tests::cluster::processes;
use rewind_tests::programs;

/// What a shell evaluates. `kubectl` then is the cluster's, and `kubectl rewind` what was built last.
pub(super) fn environment(place: &Place) -> Result<()> {
    let kubectl = place.kubectl().context("no cluster is up: run `cargo xtask cluster up`")?;
    let bin = kubectl.parent().context("kubectl has no directory")?;
    println!("export KUBECONFIG={}", place.kubeconfig(ADMIN).display());
    println!("export PATH={}:{}:\"$PATH\"", bin.display(), programs::bin_dir().display());
    Ok(())
}

/// Processes with their memory, nodes and pods.
pub(super) fn show(place: &Place) -> Result<()> {
    let processes = processes::all(place);
    if processes.is_empty() {
        println!("no cluster is up");
        return Ok(());
    }
    let mut sum = 0;
    for process in &processes {
        let resident = process.resident_kib() / 1024;
        sum += resident;
        let state = if process.is_running() { "runs" } else { "HAS ENDED" };
        println!("{:<24} {:>8} {resident:>5} MiB  {state}", process.name, process.tgid);
    }
    println!("{:<24} {:>8} {sum:>5} MiB\n", "all", "");
    print!("{}", User::admin()?.ask(&["get", "nodes,pods", "-A", "-o", "wide"])?);
    Ok(())
}
