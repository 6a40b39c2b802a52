//! Whoever may open a port-forward to an agent keeps nobody else from reading.

use crate::forward::Crowd;
use crate::reading::{grant, with_pod};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use rewind_tests::cluster::kubectl::User;
use rewind_tests::eventually::eventually;
use serde_json::Value;
use std::time::{Duration, Instant};

const SIZE: usize = 100;
/// Some seconds; a reader without the crowd takes one, on a machine with nothing else to do.
const READS: Duration = Duration::from_secs(15);
const SOON: Duration = Duration::from_secs(30);

fn counted(admin: &User, name: &str) -> Result<u64> {
    let said = admin.ask(&["rewind", "status", "-o", "json"])?;
    let nodes: Value = serde_json::from_str(&said)?;
    let nodes = nodes.as_array().context("no list")?;
    Ok(nodes.iter().filter_map(|node| node.pointer(&format!("/counts/{name}"))?.as_u64()).sum())
}

pub(crate) fn held_up() -> Result<()> {
    agents::with(|admin| {
        let namespace = with_pod("crowd")?;
        let reader = User::called("dora")?;
        grant(&namespace, "rewind-viewer", "dora")?;
        let before = counted(admin, "refused_unknown")?;
        let crowd = Crowd::start(admin, SIZE, namespace.name())?;
        eventually("a hundred guesses", SOON, || (crowd.guesses() > 100).then_some(()))?;
        for _ in 0..3 {
            let begun = Instant::now();
            let dump = namespace.kubectl_as(&reader, &["rewind", "dump", "pod/web"])?.success()?;
            let took = begun.elapsed();
            ensure!(dump.contains("execve(\"/bin/sleep\""), "{dump}");
            ensure!(took < READS, "it took {took:?}");
            println!("read in {took:?} beside {} guesses", crowd.guesses());
        }
        let guessed = counted(admin, "refused_unknown")? - before;
        ensure!(guessed >= 100, "{guessed} guesses were counted of {}", crowd.guesses());
        drop(crowd);
        let told = admin.kubectl(&["rewind", "status"])?;
        ensure!(told.stderr.contains("at the port with a wrong name or secret"), "{told:?}");
        Ok(())
    })
}
