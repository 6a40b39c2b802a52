//! `kubectl rewind undeploy` leaves nothing: no object in the cluster, nothing in the node's kernel.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::agents;
use std::fs;

/// Comes last: there are no agents afterwards.
pub(crate) fn clean() -> Result<()> {
    let admin = agents::deployed()?;
    let pins = || -> Result<Vec<String>> {
        let entries = fs::read_dir("/sys/fs/bpf").context("no bpffs")?.flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        // Tests on the host pin under names of their own.
        Ok(names.filter(|name| name.starts_with("rewind") && !name.starts_with("rewind-test")).collect())
    };
    ensure!(!pins()?.is_empty(), "the agent has pinned nothing: this test looks in the wrong place");
    admin.ask(&["rewind", "undeploy"])?;
    ensure!(pins()?.is_empty(), "left in the node's kernel: {:?}", pins()?);
    let kinds = "clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings,\
                 priorityclasses,customresourcedefinitions,namespaces";
    let left = admin.ask(&["get", kinds, "-o", "name"])?;
    let left: Vec<&str> = left.lines().filter(|name| name.contains("rewind")).collect();
    ensure!(left.is_empty(), "left in the cluster: {left:?}");
    Ok(())
}
