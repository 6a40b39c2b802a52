//! Starts what keeps running, and ends it. A process is known by its number and by when it started, so that a later
//! one with the same number is left alone. What was started can be ended and started again, one by one.

use super::place::Place;
use crate::eventually::eventually;
use crate::programs;
use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What was started, in the order of their start.
const LIST: &str = "processes";
/// After a polite signal.
const ENDS: Duration = Duration::from_secs(5);
/// Lines of a log that say why somebody ended.
const LAST_LINES: usize = 10;

/// A process that was started.
#[derive(Clone, Debug)]
pub struct Process {
    /// What it is called: `kube-apiserver`.
    pub name: String,
    /// Its number.
    pub tgid: i32,
    started: u64,
}

impl Process {
    /// Whether it has not ended.
    #[must_use]
    pub fn is_running(&self) -> bool {
        started(self.tgid) == Some(self.started)
    }

    /// Ends it, and waits for that.
    ///
    /// # Errors
    /// When it does not end.
    pub fn end(&self, signal: Signal) -> Result<()> {
        end(self.tgid, signal, || self.is_running())
    }

    /// Its resident memory.
    #[must_use]
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.tgid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
    }
}

/// Starts a program in a session of its own. What it says goes into its log.
///
/// # Errors
/// When it cannot be started, or ends at once.
pub fn start(place: &Place, name: &str, command: &Command) -> Result<()> {
    prepare(place, name, command)?;
    let log = File::options().create(true).append(true).open(place.log(name))?;
    let mut setsid = Command::new("setsid");
    setsid.arg(command.get_program()).args(command.get_args()).current_dir("/");
    setsid.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let child = setsid.spawn().with_context(|| format!("cannot start `{}`", programs::typed(command)))?;
    let tgid = i32::try_from(child.id())?;
    let started = started(tgid).with_context(|| format!("{name} ended at once: {}", last_lines(place, name)))?;
    let mut list = File::options().create(true).append(true).open(list(place))?;
    writeln!(list, "{name} {tgid} {started}")?;
    Ok(())
}

/// Notes how a program is started, for [`start_again`].
///
/// # Errors
/// When that cannot be written.
pub fn prepare(place: &Place, name: &str, command: &Command) -> Result<()> {
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    fs::write(typed(place, name), serde_json::to_vec(&words)?).with_context(|| format!("cannot note {name}"))
}

/// Starts what was prepared, or has ended, as it was started.
///
/// # Errors
/// When there is nothing under that name, or it runs.
pub fn start_again(place: &Place, name: &str) -> Result<()> {
    if called(place, name).is_ok_and(|process| process.is_running()) {
        bail!("{name} runs");
    }
    let words: Vec<String> = serde_json::from_slice(&fs::read(typed(place, name))?)?;
    let (program, arguments) = words.split_first().context("it was started with no words")?;
    start(place, name, Command::new(program).args(arguments))
}

/// Ends what was started under a name; from now on it counts as never started.
///
/// # Errors
/// When it does not end.
pub fn forget(place: &Place, name: &str) -> Result<()> {
    called(place, name)?.end(Signal::TERM)?;
    let text = fs::read_to_string(list(place))?;
    let others = text.lines().filter(|line| line.split(' ').next() != Some(name));
    fs::write(list(place), others.map(|line| format!("{line}\n")).collect::<String>())?;
    Ok(())
}

/// What was started under a name, the last time.
///
/// # Errors
/// When nothing was; what there is, is named.
pub fn called(place: &Place, name: &str) -> Result<Process> {
    let all = all(place);
    let names = || all.iter().map(|process| process.name.as_str()).collect::<Vec<_>>().join(", ");
    all.iter()
        .find(|process| process.name == name)
        .cloned()
        .with_context(|| format!("no {name}: there are {}", names()))
}

/// All that were started, whether they run or not; each once.
#[must_use]
pub fn all(place: &Place) -> Vec<Process> {
    let text = fs::read_to_string(list(place)).unwrap_or_default();
    let process = |line: &str| {
        let mut words = line.split(' ');
        let (name, tgid, started) = (words.next()?, words.next()?, words.next()?);
        Some(Process { name: name.to_owned(), tgid: tgid.parse().ok()?, started: started.parse().ok()? })
    };
    let mut all: Vec<Process> = Vec::new();
    for process in text.lines().filter_map(process) {
        all.retain(|before| before.name != process.name);
        all.push(process);
    }
    all
}

/// Waits for what processes that were started bring about.
///
/// # Errors
/// When it does not come about in time, or one of them ends.
pub fn wait<T>(place: &Place, what: &str, within: Duration, mut probe: impl FnMut() -> Option<T>) -> Result<T> {
    let answer = eventually(what, within, || {
        let ended = all(place).into_iter().find(|process| !process.is_running());
        ended.map(Err).or_else(|| probe().map(Ok))
    });
    match answer.with_context(|| format!("the logs are in {}", place.dir().join("log").display()))? {
        Ok(answer) => Ok(answer),
        Err(ended) => bail!("{} has ended: {}", ended.name, last_lines(place, &ended.name)),
    }
}

/// Sends a signal and waits; one that cannot be refused comes after some seconds.
///
/// # Errors
/// When it does not end all the same.
pub fn end(tgid: i32, signal: Signal, is_running: impl Fn() -> bool) -> Result<()> {
    let pid = Pid::from_raw(tgid).context("no process")?;
    for signal in [signal, Signal::KILL] {
        if !is_running() || kill_process(pid, signal).is_err() {
            return Ok(());
        }
        let ended = eventually("a process to end", ENDS, || (!is_running()).then_some(()));
        if ended.is_ok() {
            return Ok(());
        }
    }
    bail!("process {tgid} does not end")
}

/// When a process started, in ticks after boot; `None`: there is none, or it has ended and nobody has waited for it.
#[must_use]
pub fn started(tgid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{tgid}/stat")).ok()?;
    // The name, in parentheses, may hold anything. Fields as in proc_pid_stat(5), from the third on.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.nth(18)?.parse().ok() }
}

fn last_lines(place: &Place, name: &str) -> String {
    let log = fs::read_to_string(place.log(name)).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default().join("\n")
}

fn list(place: &Place) -> PathBuf {
    place.dir().join(LIST)
}

/// The words that it was started with.
fn typed(place: &Place, name: &str) -> PathBuf {
    place.dir().join(format!("{name}.typed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_the_one_that_was_started() -> Result<()> {
        let tgid = i32::try_from(std::process::id())?;
        let own = Process { name: "own".into(), tgid, started: started(tgid).context("no start")? };
        assert!(own.is_running() && own.resident_kib() > 0);
        assert!(!Process { started: own.started + 1, ..own }.is_running());
        Ok(())
    }

    #[test]
    fn a_process_that_has_ended_is_not_running_though_nobody_has_waited_for_it() -> Result<()> {
        let mut child = Command::new("true").spawn()?;
        let tgid = i32::try_from(child.id())?;
        eventually("its end", ENDS, || started(tgid).is_none().then_some(()))?;
        child.wait()?;
        Ok(())
    }
}
