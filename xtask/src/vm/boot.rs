//! One boot: QEMU, its console, and a bound on its time.

use super::arch::Arch;
use super::verdicts::Verdicts;
use anyhow::{Context as _, Result};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A kernel without virtualization boots in 5 s and runs all checks in 90; where others have the
/// processors too, in 200.
const LIMIT: Duration = Duration::from_secs(600);

/// QEMU ends soon after its console.
const ENDED: Duration = Duration::from_secs(5);

/// What is booted.
pub(super) struct Boot<'a> {
    pub(super) arch: Arch,
    pub(super) qemu: &'a Path,
    pub(super) kernel: &'a Path,
    pub(super) initramfs: &'a Path,
    /// What `tests/vm/init` is to expect.
    pub(super) expect: &'a str,
}

/// Boots a kernel and reads its verdicts; prints `all` that the console says, or the verdicts.
pub(super) fn boot(what: &Boot<'_>, all: bool) -> Result<Verdicts> {
    let mut command = Command::new(what.qemu);
    command.args(what.arch.machine()).args(["-smp", "2", "-m", "1024"]);
    // Emulated even where there is KVM: the same everywhere, and a nested KVM may take QEMU down.
    command.args(["-accel", "tcg,thread=multi"]);
    command.args(["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot"]);
    command.arg("-kernel").arg(what.kernel).arg("-initrd").arg(what.initramfs);
    let (console, expect) = (what.arch.console(), what.expect);
    command.arg("-append").arg(format!("console={console} quiet panic=-1 rewind.expect={expect}"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut machine = Machine(command.spawn().context("cannot start QEMU")?);
    let lines = lines(&mut machine.0)?;
    let deadline = Instant::now() + LIMIT;
    let mut verdicts = Verdicts::default();
    let mut last = String::new();
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                let is_verdict = verdicts.line(&line);
                if all || is_verdict {
                    println!("{line}");
                }
                if !line.is_empty() {
                    last = line;
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                verdicts.fail(&format!("boot: it was not done after {} s", LIMIT.as_secs()));
                break;
            }
            Err(RecvTimeoutError::Disconnected) => {
                machine.wait(ENDED)?;
                break;
            }
        }
    }
    verdicts.end(&last);
    Ok(verdicts)
}

/// What the console says, and QEMU itself; ends when both are closed.
fn lines(machine: &mut Child) -> Result<Receiver<String>> {
    let (sender, lines) = channel();
    let console = machine.stdout.take().context("no standard output")?;
    let errors = machine.stderr.take().context("no standard error")?;
    let other = sender.clone();
    std::thread::spawn(move || read(console, |line| sender.send(line).is_ok()));
    std::thread::spawn(move || read(errors, |line| other.send(line).is_ok()));
    Ok(lines)
}

fn read(from: impl std::io::Read, mut take: impl FnMut(String) -> bool) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    // Bytes, for a console may say anything.
    while from.read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
        if !take(String::from_utf8_lossy(&line).trim_end().to_owned()) {
            return;
        }
        line.clear();
    }
}

/// A running QEMU. It does not outlive us.
struct Machine(Child);

impl Machine {
    /// Waits for its end, which is near.
    fn wait(&mut self, most: Duration) -> Result<()> {
        let deadline = Instant::now() + most;
        while self.0.try_wait()?.is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // This very process; it may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
