//! Signals: send, handle, mask, wait.

use super::arg::ArgKind::{Choice, Fd, Flags, FrameMask, In, Int, Out, Restarted, Signal, Size};
use super::arg::Shape::{Sigaction, Siginfo, Sigset, Stack, Timespec};
use super::bits::{DECISIVE, DESC, ENTRY, KILLS, ORDINARY, PROCESS, RESTORES, RESUMES, SIGNAL, SLEEPS, TIMES_OUT};
use super::flags::process::PIDFD_SIGNAL;
use super::flags::signal::SIG_HOW;
use super::{NONE, Return, Row, row};

/// The rows: name, number on x86-64, number on arm64, arguments, result, classes and flags.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("kill", 62, 129, &[Int, Signal], Return::Int, PROCESS | SIGNAL | DECISIVE | KILLS),
    row("tkill", 200, 130, &[Int, Signal], Return::Int, PROCESS | SIGNAL | DECISIVE | KILLS),
    row("tgkill", 234, 131, &[Int, Int, Signal], Return::Int, PROCESS | SIGNAL | DECISIVE | KILLS),
    row("rt_sigqueueinfo", 129, 138, &[Int, Signal, In(Siginfo)], Return::Int, PROCESS | SIGNAL | DECISIVE | KILLS),
    row("rt_tgsigqueueinfo", 297, 240, &[Int, Int, Signal, In(Siginfo)], Return::Int, PROCESS | SIGNAL | DECISIVE | KILLS),
    row("pidfd_send_signal", 424, 424, &[Fd, Signal, In(Siginfo), Flags(&PIDFD_SIGNAL)], Return::Int, DESC | PROCESS | SIGNAL | DECISIVE),
    row("rt_sigaction", 13, 134, &[Signal, In(Sigaction), Out(Sigaction), Size], Return::Int, SIGNAL),
    row("rt_sigprocmask", 14, 135, &[Choice(&SIG_HOW), In(Sigset), Out(Sigset), Size], Return::Int, SIGNAL),
    row("rt_sigpending", 127, 136, &[Out(Sigset), Size], Return::Int, SIGNAL),
    row("rt_sigtimedwait", 128, 137, &[In(Sigset), Out(Siginfo), In(Timespec), Size], Return::Signal, SIGNAL | ORDINARY | ENTRY | SLEEPS | TIMES_OUT),
    row("rt_sigsuspend", 130, 133, &[In(Sigset), Size], Return::Int, SIGNAL | ORDINARY | ENTRY | SLEEPS),
    row("rt_sigreturn", 15, 139, &[FrameMask], Return::Int, SIGNAL | RESTORES),
    row("sigaltstack", 131, 132, &[In(Stack), Out(Stack)], Return::Int, SIGNAL),
    row("pause", 34, NONE, &[], Return::Int, SIGNAL | ORDINARY | SLEEPS),
    row("restart_syscall", 219, 128, &[Restarted], Return::Int, ORDINARY | RESUMES),
];
