//! One container makes as much of everything as it can: others are recorded all the same.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::cgroup::Cgroup;
use rewind_tests::dump::Dump;
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// More than there are entries for cgroups.
const CGROUPS: usize = 20_000;
/// Deeper than entries are made.
const DEPTH: usize = 60;

/// A shell in the cgroup with this directory fails to make a directory of that name.
pub(crate) fn marks(dir: &Path, name: &str) -> Result<()> {
    let script = format!("read go; mkdir /nonexistent/{name}; exit 0");
    let mut child = Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    fs::write(dir.join("cgroup.procs"), child.id().to_string())?;
    child.stdin.take().context("no standard input")?.write_all(b"go\n")?;
    ensure!(child.wait()?.success());
    Ok(())
}

/// Sub-cgroups of a directory, removed when this is dropped.
struct Many(Vec<PathBuf>);

impl Many {
    /// Side by side, each hundredth with the longest name that there is.
    fn wide(above: &Path) -> Result<Self> {
        let mut made = Self(Vec::new());
        for i in 0..CGROUPS {
            let name = if i % 100 == 0 { format!("{i:0>255}") } else { format!("sub-{i}") };
            made.make(above.join(name))?;
        }
        Ok(made)
    }

    /// One below the other.
    fn deep(above: &Path) -> Result<Self> {
        let mut made = Self(Vec::new());
        let mut dir = above.to_owned();
        for _ in 0..DEPTH {
            dir = dir.join("deep");
            made.make(dir.clone())?;
        }
        Ok(made)
    }

    fn make(&mut self, dir: PathBuf) -> Result<()> {
        fs::create_dir(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        self.0.push(dir);
        Ok(())
    }
}

impl Drop for Many {
    fn drop(&mut self) {
        self.0.iter().rev().for_each(|dir| drop(fs::remove_dir(dir)));
    }
}

fn is_recorded(agent: &Agent, cgroup: &Cgroup, name: &str) -> Result<()> {
    Dump::eventually(agent, &cgroup.path(), &format!("the call that names {name}"), |dump| dump.has("mkdir", name))?;
    Ok(())
}

pub(crate) fn by_cgroups() -> Result<()> {
    let agent = Agent::start()?;
    let attacker = Cgroup::new("attacker")?;
    marks(attacker.dir(), "before")?;
    let wide = Many::wide(attacker.dir())?;
    let deep = Many::deep(attacker.dir())?;
    marks(wide.0.last().context("none")?, "wide")?;
    marks(deep.0.last().context("none")?, "deep")?;

    let other = Cgroup::new("other")?;
    marks(other.dir(), "other")?;
    is_recorded(&agent, &other, "other")?;
    // What it does below itself is its own.
    is_recorded(&agent, &attacker, "wide")?;
    is_recorded(&agent, &attacker, "deep")?;
    let list: Value = serde_json::from_str(&agent.ask(&["list", "-o", "json"])?.success()?)?;
    let total = |name: &str| list.pointer(&format!("/totals/{name}")).and_then(Value::as_u64);
    ensure!(total("unfollowed") == Some(0) && total("refused") == Some(0), "{}", list["totals"]);
    agent.stop()
}

pub(crate) fn before_the_recorder() -> Result<()> {
    let attacker = Cgroup::new("attacker")?;
    let wide = Many::wide(attacker.dir())?;
    let agent = Agent::start()?;
    let other = Cgroup::new("other")?;
    marks(other.dir(), "other")?;
    is_recorded(&agent, &other, "other")?;
    drop(wide);
    agent.stop()
}
