//! Requests of `ptrace` (`linux/ptrace.h`) and types of `kcmp` (`linux/kcmp.h`).

use super::{Commands, Form, command};
use crate::syscalls::Return;
use crate::syscalls::arg::ArgKind::{Int, Pointer};

/// Number, name, arguments, result, bits.
#[rustfmt::skip]
pub(in crate::syscalls) const PTRACE: Commands = Commands {
    form: Form::Plain,
    unknown: "PTRACE_???",
    wide: true,
    otherwise: &[Int, Pointer, Pointer],
    rows: &[
        command(0, "PTRACE_TRACEME", &[], Return::Int, 0),
        command(1, "PTRACE_PEEKTEXT", &[Int, Pointer, Pointer], Return::Int, 0),
        command(2, "PTRACE_PEEKDATA", &[Int, Pointer, Pointer], Return::Int, 0),
        command(3, "PTRACE_PEEKUSER", &[Int, Pointer, Pointer], Return::Int, 0),
        command(4, "PTRACE_POKETEXT", &[Int, Pointer, Pointer], Return::Int, 0),
        command(5, "PTRACE_POKEDATA", &[Int, Pointer, Pointer], Return::Int, 0),
        command(6, "PTRACE_POKEUSER", &[Int, Pointer, Pointer], Return::Int, 0),
        command(7, "PTRACE_CONT", &[Int, Pointer, Pointer], Return::Int, 0),
        command(8, "PTRACE_KILL", &[Int, Pointer, Pointer], Return::Int, 0),
        command(9, "PTRACE_SINGLESTEP", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0xc, "PTRACE_GETREGS", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0xd, "PTRACE_SETREGS", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0xe, "PTRACE_GETFPREGS", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0xf, "PTRACE_SETFPREGS", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x10, "PTRACE_ATTACH", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x11, "PTRACE_DETACH", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x12, "PTRACE_GETFPXREGS", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x13, "PTRACE_SETFPXREGS", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x18, "PTRACE_SYSCALL", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x19, "PTRACE_GET_THREAD_AREA", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x1a, "PTRACE_SET_THREAD_AREA", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x1e, "PTRACE_ARCH_PRCTL", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x1f, "PTRACE_SYSEMU", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x20, "PTRACE_SYSEMU_SINGLESTEP", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x21, "PTRACE_SINGLEBLOCK", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4200, "PTRACE_SETOPTIONS", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4201, "PTRACE_GETEVENTMSG", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4202, "PTRACE_GETSIGINFO", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4203, "PTRACE_SETSIGINFO", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4204, "PTRACE_GETREGSET", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4205, "PTRACE_SETREGSET", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4206, "PTRACE_SEIZE", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4207, "PTRACE_INTERRUPT", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4208, "PTRACE_LISTEN", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4209, "PTRACE_PEEKSIGINFO", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x420a, "PTRACE_GETSIGMASK", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x420b, "PTRACE_SETSIGMASK", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x420c, "PTRACE_SECCOMP_GET_FILTER", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x420d, "PTRACE_SECCOMP_GET_METADATA", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x420e, "PTRACE_GET_SYSCALL_INFO", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x420f, "PTRACE_GET_RSEQ_CONFIGURATION", &[Int, Pointer, Pointer], Return::Int, 0),
    ],
};

/// The same for what `kcmp` compares.
#[rustfmt::skip]
pub(in crate::syscalls) const KCMP: Commands = Commands {
    form: Form::Plain,
    unknown: "KCMP_???",
    wide: false,
    otherwise: &[Int, Int],
    rows: &[
        command(0, "KCMP_FILE", &[Int, Int], Return::Int, 0),
        command(1, "KCMP_VM", &[], Return::Int, 0),
        command(2, "KCMP_FILES", &[], Return::Int, 0),
        command(3, "KCMP_FS", &[], Return::Int, 0),
        command(4, "KCMP_SIGHAND", &[], Return::Int, 0),
        command(5, "KCMP_IO", &[], Return::Int, 0),
        command(6, "KCMP_SYSVSEM", &[], Return::Int, 0),
        command(7, "KCMP_EPOLL_TFD", &[Int, Pointer], Return::Int, 0),
    ],
};
