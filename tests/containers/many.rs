//! Two hundred containers come and go: what the recorder holds is bounded, and nothing of theirs stays.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::cgroup;
use rewind_tests::container::Container;
use rewind_tests::dump::{self, Dump};
use std::fs;

const CONTAINERS: usize = 200;
const WARM_UP: usize = 5;
/// Descriptors of requests that have just been answered.
const FEW: usize = 4;

pub(crate) fn two_hundred() -> Result<()> {
    let agent = Agent::start()?;
    let prefix = format!("rewind-many-{}", std::process::id());
    for number in 0..WARM_UP {
        once(&prefix, number)?;
    }
    let before = Usage::by(agent.tgid())?;
    for number in WARM_UP..CONTAINERS {
        once(&prefix, number)?;
    }
    let last = format!("{prefix}-{}", CONTAINERS - 1);
    Dump::eventually(&agent, &last, "the last container's end", |dump| dump.has("exit_group", "0"))?;

    let after = Usage::by(agent.tgid())?;
    ensure!(
        after.files <= before.files + FEW,
        "the recorder holds {} descriptors, {} before",
        after.files,
        before.files
    );
    ensure!((after.maps, after.programs) == (before.maps, before.programs), "{before:?} became {after:?}");
    let rows = dump::list(&agent)?;
    ensure!(rows.len() <= CONTAINERS + FEW, "{} recordings are listed", rows.len());
    ensure!(rows.iter().any(|row| row.to_string().contains(&last)), "the newest is not listed");
    let root = cgroup::root().context("no cgroup2 is mounted")?;
    for dir in [root.as_path(), "/run/runc".as_ref()] {
        let left = names(dir)?.into_iter().find(|name| name.starts_with(&prefix));
        ensure!(left.is_none(), "{left:?} is left in {}", dir.display());
    }
    agent.stop()
}

fn once(prefix: &str, number: usize) -> Result<()> {
    let container = Container::with_id(&format!("{prefix}-{number}"), &Spec::new(["/usr/bin/busybox", "true"]))?;
    container.run()?.success().map(drop)
}

/// What a process holds.
#[derive(Debug)]
struct Usage {
    files: usize,
    maps: usize,
    programs: usize,
}

impl Usage {
    fn by(tgid: u32) -> Result<Self> {
        let dir = format!("/proc/{tgid}/fdinfo");
        let (mut files, mut maps, mut programs) = (0, 0, 0);
        for name in names(dir.as_ref())? {
            // It may have been closed since.
            let Ok(text) = fs::read_to_string(format!("{dir}/{name}")) else { continue };
            files += 1;
            maps += usize::from(text.contains("map_id:"));
            programs += usize::from(text.contains("prog_id:"));
        }
        Ok(Self { files, maps, programs })
    }
}

fn names(dir: &std::path::Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}
