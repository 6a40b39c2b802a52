//! A recorder of the test's own: `rewind-agent run` on a socket of its own.

use crate::cgroup::Cgroup;
use crate::eventually::eventually;
use crate::programs::{self, Said};
use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The socket's name in its directory.
const SOCKET: &str = "rewind.sock";
const UP: Duration = Duration::from_secs(30);
const DOWN: Duration = Duration::from_secs(10);

/// A running recorder. Dropping it ends it, and takes out of the kernel what it has pinned.
#[derive(Debug)]
pub struct Agent {
    child: Child,
    dir: TempDir,
    environment: Vec<(&'static str, String)>,
}

impl Agent {
    /// Starts a recorder and waits until its socket answers.
    ///
    /// # Errors
    /// When it does not come up; its log is in the message.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// Starts a recorder with more arguments.
    ///
    /// # Errors
    /// When it does not come up; its log is in the message.
    pub fn start_with(arguments: &[&str]) -> Result<Self> {
        Self::spawn(None, Vec::new(), arguments)
    }

    /// Starts a recorder with more arguments, and more in its environment.
    ///
    /// # Errors
    /// When it does not come up; its log is in the message.
    pub fn start_in(environment: Vec<(&'static str, String)>, arguments: &[&str]) -> Result<Self> {
        Self::spawn(None, environment, arguments)
    }

    /// From now on it is started in that environment.
    pub fn set_environment(&mut self, environment: Vec<(&'static str, String)>) {
        self.environment = environment;
    }

    /// Starts a recorder whose crash files lie in `crash_dir`, with more arguments.
    ///
    /// # Errors
    /// When it does not come up; its log is in the message.
    pub fn with_crash_dir(crash_dir: &Path, arguments: &[&str]) -> Result<Self> {
        Self::spawn(Some(crash_dir), Vec::new(), arguments)
    }

    /// Starts a recorder that is another build of ours, as [`programs::ours`] names it.
    ///
    /// # Errors
    /// When it does not come up; its log is in the message.
    pub fn of_build(program: &str, arguments: &[&str]) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("rewind-").tempdir()?;
        let like = Self::command(&dir.path().join(SOCKET));
        let child = spawn(dir.path(), Command::new(programs::ours(program)).args(like.get_args()).args(arguments))?;
        let mut agent = Self { child, dir, environment: Vec::new() };
        agent.wait_until_up()?;
        Ok(agent)
    }

    fn spawn(crash_dir: Option<&Path>, environment: Vec<(&'static str, String)>, arguments: &[&str]) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("rewind-").tempdir()?;
        let socket = dir.path().join(SOCKET);
        let mut command = match crash_dir {
            Some(crash_dir) => Self::command_with(&socket, crash_dir),
            None => Self::command(&socket),
        };
        let child = spawn(dir.path(), command.args(arguments).envs(environment.iter().cloned()))?;
        let mut agent = Self { child, dir, environment };
        agent.wait_until_up()?;
        Ok(agent)
    }

    /// Kills it (SIGKILL) and waits for its end. What it has pinned stays.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again where it was, after it was killed or has ended; does not wait.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn_again(&mut self, arguments: &[&str]) -> Result<()> {
        let mut command = Self::command(&self.socket());
        command.args(arguments).envs(self.environment.iter().cloned());
        self.child = spawn(self.dir.path(), &mut command)?;
        Ok(())
    }

    /// As [`Self::spawn_again`], and waits until its socket answers.
    ///
    /// # Errors
    /// When it does not come up; its log is in the message.
    pub fn start_again(&mut self, arguments: &[&str]) -> Result<()> {
        self.spawn_again(arguments)?;
        self.wait_until_up()
    }

    /// As [`Self::start_again`], in a cgroup from its first call on.
    ///
    /// # Errors
    /// When it does not come up; its log is in the message.
    pub fn start_again_in(&mut self, cgroup: &Cgroup) -> Result<()> {
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"echo $$ >"$0" && exec "$@""#]).arg(cgroup.dir().join("cgroup.procs"));
        let agent = Self::command(&self.socket());
        shell.arg(agent.get_program()).args(agent.get_args());
        self.child = spawn(self.dir.path(), &mut shell)?;
        self.wait_until_up()
    }

    fn wait_until_up(&mut self) -> Result<()> {
        let socket = self.socket();
        let up = eventually("the recorder's socket to answer", UP, || {
            let ended = self.child.try_wait().ok().flatten();
            (ended.is_some() || UnixStream::connect(&socket).is_ok()).then_some(ended)
        });
        match up {
            Ok(None) => Ok(()),
            Ok(Some(status)) => bail!("the recorder ended with {}: {}", programs::code(status), self.log()),
            Err(error) => Err(error.context(self.log())),
        }
    }

    /// The command that starts a recorder, on a socket and with pins of its own.
    #[must_use]
    pub fn command(socket: &Path) -> Command {
        // Crash files lie beside the socket: the host's own are nothing for a test.
        Self::command_with(socket, &socket.with_extension("crashes"))
    }

    fn command_with(socket: &Path, crash_dir: &Path) -> Command {
        let mut command = Command::new(programs::ours("rewind-agent"));
        command.arg("run").arg("--socket").arg(socket).arg("--pins").arg(pins(socket));
        command.arg("--crash-dir").arg(crash_dir);
        command
    }

    /// Where its programs and rings are pinned.
    #[must_use]
    pub fn pins(&self) -> PathBuf {
        pins(&self.socket())
    }

    /// Takes out of the kernel what it has pinned, after it has ended.
    ///
    /// # Errors
    /// When the command cannot be started.
    pub fn unload(&self) -> Result<Said> {
        programs::run(Command::new(programs::ours("rewind-agent")).arg("unload").arg("--pins").arg(self.pins()))
    }

    /// Its socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join(SOCKET)
    }

    /// Where its crash files lie, unless an argument says otherwise.
    #[must_use]
    pub fn crash_dir(&self) -> PathBuf {
        self.socket().with_extension("crashes")
    }

    /// Its process.
    #[must_use]
    pub fn tgid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// A `rewind` command that asks this recorder.
    #[must_use]
    pub fn rewind(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(programs::ours("rewind"));
        // The subcommand comes first, as people type it.
        let (verb, rest) = arguments.split_first().map_or((None, [].as_slice()), |(verb, rest)| (Some(verb), rest));
        command.args(verb).arg("--socket").arg(self.socket()).args(rest);
        command
    }

    /// Runs a `rewind` command to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn ask(&self, arguments: &[&str]) -> Result<Said> {
        programs::run(&mut self.rewind(arguments))
    }

    /// Asks it to end and waits for that.
    ///
    /// # Errors
    /// When it does not end, or not with success.
    pub fn stop(mut self) -> Result<()> {
        let status = self.end()?;
        if !status.success() {
            bail!("the recorder ended with {}: {}", programs::code(status), self.log());
        }
        Ok(())
    }

    /// Asks it to end and waits for that. What it has pinned stays.
    ///
    /// # Errors
    /// When it does not end.
    pub fn end(&mut self) -> Result<std::process::ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM)?;
        eventually("the recorder to end", DOWN, || self.child.try_wait().ok().flatten())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("killing the recorder: {error:#}");
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if let Err(error) = self.unload().and_then(Said::success) {
            eprintln!("unloading the recorder: {error:#}");
        }
    }
}

fn spawn(dir: &Path, command: &mut Command) -> Result<Child> {
    let log = File::options().create(true).append(true).open(dir.join("log"))?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.spawn().with_context(|| format!("cannot start {}", programs::ours("rewind-agent").display()))
}

/// Where pins of tests lie.
const BPFFS: &str = "/sys/fs/bpf";
/// Their names: this, the test program's process id, and a name.
const PINS: &str = "rewind-test-";

/// Pins of the recorder that answers on a socket. bpffs takes no name with a dot.
fn pins(socket: &Path) -> PathBuf {
    let name = socket.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().replace('.', "");
    Path::new(BPFFS).join(format!("{PINS}{}-{name}", std::process::id()))
}

/// Takes recorders out of the kernel that test programs have left which were killed: each would go on to record,
/// and every call of this machine would pay for it.
///
/// # Errors
/// If one cannot be removed.
pub fn sweep() -> Result<()> {
    let Ok(found) = fs::read_dir(BPFFS) else { return Ok(()) };
    for dir in found.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some((tgid, _)) = name.strip_prefix(PINS).and_then(|rest| rest.split_once('-')) else { continue };
        let is_dead = tgid.parse::<u32>().is_ok_and(|tgid| !Path::new("/proc").join(tgid.to_string()).exists());
        if is_dead {
            println!("a test that was killed has left a recorder in the kernel: {} is removed", dir.display());
            fs::remove_dir_all(&dir).with_context(|| format!("cannot remove {}", dir.display()))?;
        }
    }
    Ok(())
}
