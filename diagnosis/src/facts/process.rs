//! What is known of one process: its programs, its signals, what it wrote, how it ended.

use super::memory::Memory;
use super::seen::Seen;
use crate::calls::{self, bits};
use crate::text::{command, written};
use rewind_common::call::{blob_flags, part};
use rewind_recording::call::Call;
use rewind_recording::decode::Invocation;
use rewind_recording::ending::Ending;
use rewind_recording::events::Exec;
use rewind_recording::setup::{is_runtime, runtime};
use rewind_recording::syscalls::Row;

/// Standard output and error.
const STDOUT: i32 = 1;
const STDERR: i32 = 2;

/// Something that a process wrote to its standard output or error.
#[derive(Clone, Debug)]
pub struct Output {
    /// Which event.
    pub index: usize,
    /// When it began to write.
    pub at_ns: u64,
    /// Its thread.
    pub tid: u32,
    /// Whether to standard error.
    pub to_stderr: bool,
    /// What is recorded of it, with `…` where there was more.
    pub text: String,
    /// Whether there was more behind it.
    pub is_cut: bool,
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub struct ProcessEnd {
    /// Which event.
    pub index: usize,
    /// The thread that ended last.
    pub tid: u32,
    /// How.
    pub ending: Ending,
}

/// A signal that was delivered.
#[derive(Clone, Copy, Debug)]
pub struct DeliveredSignal {
    /// Which event.
    pub index: usize,
    /// When.
    pub at_ns: u64,
    /// To which thread.
    pub tid: u32,
    /// What the kernel says of it: see [`rewind_common::record::Signal`].
    pub siginfo: [u32; 12],
}

/// A program that a process ran.
#[derive(Clone, Debug)]
pub struct Program {
    /// Which event.
    pub index: usize,
    /// When it began.
    pub at_ns: u64,
    /// Its arguments as one would type them.
    pub command: String,
}

impl Program {
    /// Its name, without its directory.
    #[must_use]
    pub fn name(&self) -> &str {
        name(&self.command)
    }

    /// Whether it is the runtime itself, about to set the container up.
    fn is_init(&self) -> bool {
        self.command.strip_suffix(" init").is_some_and(|program| program.ends_with("runc"))
    }
}

/// A call that tells a process to end.
#[derive(Clone, Copy, Debug)]
pub struct KillCall {
    /// Which event.
    pub index: usize,
    /// When.
    pub at_ns: u64,
    /// Who called.
    pub tgid: u32,
    /// Whom it named, as the caller numbers processes.
    pub target: i32,
    /// Which signal.
    pub signal: u32,
}

impl KillCall {
    /// What a call tells, if it is one that signals.
    pub(super) fn of(seen: &Seen<'_, '_>) -> Option<Self> {
        let call = seen.call();
        let signal_at = seen.row().filter(|row| row.has(bits::KILLS)).and_then(Row::signal_argument)?;
        let number = |i: usize| call.value(i).unwrap_or_default() as u32;
        let (target, signal) = (number(0).cast_signed(), number(signal_at));
        let kill = Self { index: seen.index, at_ns: seen.event.start_ns, tgid: seen.tgid, target, signal };
        (signal != 0 && call.errno().is_none()).then_some(kill)
    }
}

/// What is known of one process.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// As the host numbers its parent; 0 if not known.
    pub parent: u32,
    /// As its own namespace numbers it.
    pub ns_tgid: u32,
    /// Its main thread's name.
    pub comm: String,
    /// When it was first heard of.
    pub first_ns: u64,
    /// Whom it ran as in the end, where it was told.
    pub user: Option<u32>,
    /// What it ran, in order.
    pub programs: Vec<Program>,
    /// What interprets the last of these, where that is a script (`#!`): the name of a program, without its directory.
    pub(super) interpreter: Option<String>,
    /// Signals that were delivered to it.
    pub signals: Vec<DeliveredSignal>,
    /// What it wrote to its standard output and error.
    pub outputs: Vec<Output>,
    /// Whether it complained to `/dev/null`: who runs it reckons with that.
    pub(super) is_unheard: bool,
    /// The signals that its program took itself, a bit each.
    pub(super) handled: u64,
    /// Whether its standard output is its standard error for now.
    pub(super) is_stdout_stderr: bool,
    /// How it ended.
    pub end: Option<ProcessEnd>,
    /// Its memory.
    pub memory: Memory,
}

impl Process {
    /// When it began to run its last program; 0 if it ran none.
    #[must_use]
    pub fn since_ns(&self) -> u64 {
        self.programs.last().map_or(0, |program| program.at_ns)
    }

    /// What it ran last, else its name.
    #[must_use]
    pub fn command(&self) -> &str {
        self.programs.last().map_or(&self.comm, |program| &program.command)
    }

    /// The name of the program that it ran last, without its directory.
    #[must_use]
    pub fn program(&self) -> &str {
        name(self.command())
    }

    /// Whether it has run no program since its parent made it. One with another name has: its `execve` is overwritten.
    /// Programs that name their parts keep the first word (`gunicorn: worker`).
    pub(crate) fn is_fork_of(&self, parent: &Self) -> bool {
        fn word(comm: &str) -> &str {
            comm.split([' ', ':']).next().unwrap_or_default()
        }
        self.programs.is_empty() && (self.comm.is_empty() || word(&self.comm) == word(&parent.comm))
    }

    /// Whether it is a shell, or a script of one.
    pub(crate) fn is_shell(&self) -> bool {
        is_shell(self.runs_by())
    }

    /// Whether its program's work is to run others.
    pub(crate) fn launches(&self) -> bool {
        launches(self.runs_by())
    }

    /// The name of what runs: its program, or what interprets that.
    pub(crate) fn runs_by(&self) -> &str {
        self.interpreter.as_deref().unwrap_or(self.program())
    }

    /// Whether its program takes a signal itself, or did, as far as that is among the records.
    #[must_use]
    pub fn handles(&self, signal: u32) -> bool {
        self.handled & bit(signal) != 0
    }

    /// Whether it only set the container up.
    #[must_use]
    pub fn is_setup(&self) -> bool {
        self.programs.iter().all(Program::is_init) && self.is_runtime(&self.comm)
    }

    /// Whether a thread of that name is the runtime's.
    #[must_use]
    pub fn is_runtime(&self, comm: &str) -> bool {
        // `runc init` is `runc` before it says which part of it it is, and `exe` before it runs a copy of itself.
        let may_be = comm == "runc" || comm == "exe" && self.ns_tgid != 1;
        is_runtime(comm)
            || may_be && self.programs.iter().all(Program::is_init)
            || is_number(comm) && self.ns_tgid == 1 && self.programs.is_empty()
    }

    /// What to call the runtime that it is.
    #[must_use]
    pub fn runtime(&self) -> &str {
        if is_number(&self.comm) { "its runtime" } else { runtime(&self.comm) }
    }

    /// The kernel told that it runs another program.
    pub(super) fn execs(&mut self, exec: &Exec<'_>) {
        let interpreter = exec.argv().next().filter(|_| exec.is_interpreted());
        self.interpreter = interpreter.map(|path| name(&String::from_utf8_lossy(&path)).to_owned());
    }

    /// Takes a call of it that has returned into account.
    pub(super) fn feed(&mut self, seen: &Seen<'_, '_>) {
        self.memory.feed(seen.index, seen.name, seen.call());
        if seen.call().errno().is_some() {
            return;
        }
        if seen.has(bits::RUNS) {
            let command = command(seen.invocation, seen.arch);
            self.handled = 0;
            self.programs.push(Program { index: seen.index, at_ns: seen.event.end_ns, command });
        }
        if seen.name == "rt_sigaction" && handler(seen.call()).is_some_and(|handler| handler > SIG_IGN) {
            self.handled |= bit(seen.call().value(0).unwrap_or_default() as u32);
        }
        // `echo ... >&2` of a shell: its output is standard error until it is put back.
        if matches!(&**seen.name, "dup2" | "dup3") && seen.call().value(1) == Some(STDOUT as u64) {
            self.is_stdout_stderr = seen.call().value(0) == Some(STDERR as u64);
        }
        let Some(at) = calls::sent_argument(seen.name) else { return };
        let fd = seen.descriptor();
        // What goes nowhere is said to nobody.
        let is_heard = seen.table.and_then(|table| table.text(fd)) != Some("/dev/null");
        self.is_unheard |= fd == STDERR && !is_heard;
        // Where both go to one terminal, the name by which it was opened tells which is meant.
        let is_named = seen.table.and_then(|table| table.text(fd)) == Some("/dev/stderr");
        let stream = stream(fd, seen.invocation).map(|stream| if is_named { STDERR } else { stream });
        if let (Some(stream), true) = (stream, is_heard) {
            let (index, at_ns, tid) = (seen.index, seen.event.start_ns, seen.event.tid);
            let (text, is_cut) = written(seen.invocation, at);
            let to_stderr = stream == STDERR || self.is_stdout_stderr;
            self.outputs.push(Output { index, at_ns, tid, to_stderr, text, is_cut });
        }
    }
}

/// Which of standard output and error a call writes to: by its descriptor, or by another one of the same pipe or
/// terminal, as the kernel side says.
fn stream(fd: i32, invocation: &Invocation<'_>) -> Option<i32> {
    if matches!(fd, STDOUT | STDERR) {
        return Some(fd);
    }
    let mut blobs = invocation.enter.map_or(invocation.call.blobs, |enter| enter.blobs);
    let streams = [(blob_flags::TO_OUTPUT, STDOUT), (blob_flags::TO_ERROR, STDERR)];
    let of = |flags: u8| streams.iter().find(|(flag, _)| flags & flag != 0).map(|(_, fd)| *fd);
    blobs.find_map(|blob| of(blob.flags))
}

/// The name of the program that a command runs, without its directory.
fn name(command: &str) -> &str {
    let first = command.split(' ').next().unwrap_or_default();
    first.rsplit('/').next().unwrap_or(first)
}

/// What `sa_handler` holds in place of a function, at most.
const SIG_IGN: u64 = 1;

const fn bit(signal: u32) -> u64 {
    1_u64.wrapping_shl(signal)
}

/// The function that is to take a signal, which a `sigaction` begins with.
fn handler(call: &Call<'_>) -> Option<u64> {
    let blob = call.blob(1, part::WHOLE).filter(|blob| blob.pointer().is_none())?;
    blob.bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Programs whose work is to run others, and whose code tells how that went: shells first.
const LAUNCHERS: [&str; 26] = [
    "sh",
    "bash",
    "dash",
    "ash",
    "ksh",
    "mksh",
    "zsh",
    "busybox",
    "env",
    "nice",
    "nohup",
    "setsid",
    "stdbuf",
    "chroot",
    "timeout",
    "xargs",
    "find",
    "make",
    "gmake",
    "tini",
    "dumb-init",
    "catatonit",
    "su-exec",
    "gosu",
    "sudo",
    "flock",
];
/// How many of them are shells.
const SHELLS: usize = 8;

/// Whether a program's work is to run others.
fn launches(program: &str) -> bool {
    LAUNCHERS.contains(&program)
}

/// Whether a program is a shell.
pub(crate) fn is_shell(program: &str) -> bool {
    LAUNCHERS.iter().take(SHELLS).any(|shell| *shell == program)
}

/// Whether a name is that of who was run by a descriptor, before Linux 6.14: crun runs a copy of itself like that.
/// The first process of a container that has run nothing else is no program of the container's.
fn is_number(comm: &str) -> bool {
    !comm.is_empty() && comm.bytes().all(|byte| byte.is_ascii_digit())
}
