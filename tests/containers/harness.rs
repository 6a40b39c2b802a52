//! The containers themselves, with nothing recorded: what the other tests build on.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::bundle::Spec;
use rewind_tests::cgroup;
use rewind_tests::container::Container;
use rewind_tests::workload::{self, Linking};
use std::io::{Read as _, Write as _};

pub(crate) fn ends_and_leaves_nothing() -> Result<()> {
    let container = Container::new("rewind-plain", &Spec::new(["/usr/bin/busybox", "sh", "-c", "id -u; exit 3"]))?;
    let said = container.run()?;
    ensure!((said.code, said.stdout.trim()) == (3, "65534"), "{said:?}");
    let root = cgroup::root().context("no cgroup2 is mounted")?;
    ensure!(!container.exists() && !root.join(container.id()).exists(), "something is left");
    Ok(())
}

pub(crate) fn has_a_cgroup_and_streams() -> Result<()> {
    let container = Container::new("rewind-streams", &Spec::new([workload::inside("blocked", Linking::Static)?]))?;
    let mut running = container.start()?;
    let mut ready = [0; 6];
    running.runc.stdout.as_mut().context("no standard output")?.read_exact(&mut ready)?;
    let dir = cgroup::root().context("no cgroup2 is mounted")?.join(container.id());
    let procs = std::fs::read_to_string(dir.join("cgroup.procs")).with_context(|| format!("no {}", dir.display()))?;
    ensure!(procs.lines().count() == 1, "processes in its cgroup: {procs:?}");
    running.runc.stdin.as_mut().context("no standard input")?.write_all(b"go")?;
    ensure!(running.runc.wait()?.success(), "the workload failed");
    Ok(())
}
