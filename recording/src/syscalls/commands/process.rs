//! Requests of `ptrace` (`linux/ptrace.h`) and types of `kcmp` (`linux/kcmp.h`),
//! and codes of `arch_prctl` (`asm/prctl.h`).

use super::{Commands, Form, command};
use crate::syscalls::Return;
use crate::syscalls::arg::ArgKind::{Flags, HexFlags, HexIntFlags, Hidden, Int, Pointer, Signal, Size};
use crate::syscalls::flags::process::PTRACE_O;

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
        command(7, "PTRACE_CONT", &[Int, Pointer, Signal], Return::Int, 0),
        command(8, "PTRACE_KILL", &[Int], Return::Int, 0),
        command(9, "PTRACE_SINGLESTEP", &[Int, Pointer, Signal], Return::Int, 0),
        command(0xc, "PTRACE_GETREGS", &[Int, Hidden, Pointer], Return::Int, 0),
        command(0xd, "PTRACE_SETREGS", &[Int, Hidden, Pointer], Return::Int, 0),
        command(0xe, "PTRACE_GETFPREGS", &[Int, Hidden, Pointer], Return::Int, 0),
        command(0xf, "PTRACE_SETFPREGS", &[Int, Hidden, Pointer], Return::Int, 0),
        command(0x10, "PTRACE_ATTACH", &[Int], Return::Int, 0),
        command(0x11, "PTRACE_DETACH", &[Int, Pointer, Signal], Return::Int, 0),
        command(0x12, "PTRACE_GETFPXREGS", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x13, "PTRACE_SETFPXREGS", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x18, "PTRACE_SYSCALL", &[Int, Pointer, Signal], Return::Int, 0),
        command(0x19, "PTRACE_GET_THREAD_AREA", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x1a, "PTRACE_SET_THREAD_AREA", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x1e, "PTRACE_ARCH_PRCTL", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x1f, "PTRACE_SYSEMU", &[Int, Pointer, Signal], Return::Int, 0),
        command(0x20, "PTRACE_SYSEMU_SINGLESTEP", &[Int, Pointer, Signal], Return::Int, 0),
        command(0x21, "PTRACE_SINGLEBLOCK", &[Int, Pointer, Signal], Return::Int, 0),
        command(0x4200, "PTRACE_SETOPTIONS", &[Int, Pointer, Flags(&PTRACE_O)], Return::Int, 0),
        command(0x4201, "PTRACE_GETEVENTMSG", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4202, "PTRACE_GETSIGINFO", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4203, "PTRACE_SETSIGINFO", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4204, "PTRACE_GETREGSET", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4205, "PTRACE_SETREGSET", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x4206, "PTRACE_SEIZE", &[Int, Pointer, Flags(&PTRACE_O)], Return::Int, 0),
        command(0x4207, "PTRACE_INTERRUPT", &[Int], Return::Int, 0),
        command(0x4208, "PTRACE_LISTEN", &[Int], Return::Int, 0),
        command(0x4209, "PTRACE_PEEKSIGINFO", &[Int, Pointer, Pointer], Return::Int, 0),
        command(0x420a, "PTRACE_GETSIGMASK", &[Int, Size, Pointer], Return::Int, 0),
        command(0x420b, "PTRACE_SETSIGMASK", &[Int, Size, Pointer], Return::Int, 0),
        command(0x420c, "PTRACE_SECCOMP_GET_FILTER", &[Int, Size, Pointer], Return::Int, 0),
        command(0x420d, "PTRACE_SECCOMP_GET_METADATA", &[Int, Size, Pointer], Return::Int, 0),
        command(0x420e, "PTRACE_GET_SYSCALL_INFO", &[Int, Size, Pointer], Return::Int, 0),
        command(0x420f, "PTRACE_GET_RSEQ_CONFIGURATION", &[Int, Pointer, Pointer], Return::Int, 0),
    ],
};

/// The same for what `kcmp` compares.
#[rustfmt::skip]
pub(in crate::syscalls) const KCMP: Commands = Commands {
    form: Form::Plain,
    unknown: "KCMP_???",
    wide: false,
    otherwise: &[HexIntFlags, HexIntFlags],
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

/// The same for `arch_prctl`.
#[rustfmt::skip]
pub(in crate::syscalls) const ARCH_PRCTL: Commands = Commands {
    form: Form::Plain,
    unknown: "ARCH_???",
    wide: false,
    otherwise: &[HexFlags],
    rows: &[
        command(0x1001, "ARCH_SET_GS", &[HexFlags], Return::Int, 0),
        command(0x1002, "ARCH_SET_FS", &[HexFlags], Return::Int, 0),
        command(0x1003, "ARCH_GET_FS", &[Pointer], Return::Int, 0),
        command(0x1004, "ARCH_GET_GS", &[Pointer], Return::Int, 0),
        command(0x1011, "ARCH_GET_CPUID", &[], Return::Int, 0),
        command(0x1012, "ARCH_SET_CPUID", &[HexFlags], Return::Int, 0),
        command(0x1021, "ARCH_GET_XCOMP_SUPP", &[Pointer], Return::Int, 0),
        command(0x1022, "ARCH_GET_XCOMP_PERM", &[Pointer], Return::Int, 0),
        command(0x1023, "ARCH_REQ_XCOMP_PERM", &[HexFlags], Return::Int, 0),
        command(0x1024, "ARCH_GET_XCOMP_GUEST_PERM", &[Pointer], Return::Int, 0),
        command(0x1025, "ARCH_REQ_XCOMP_GUEST_PERM", &[HexFlags], Return::Int, 0),
        command(0x2001, "ARCH_MAP_VDSO_X32", &[HexFlags], Return::Int, 0),
        command(0x2002, "ARCH_MAP_VDSO_32", &[HexFlags], Return::Int, 0),
        command(0x2003, "ARCH_MAP_VDSO_64", &[HexFlags], Return::Int, 0),
        command(0x5001, "ARCH_SHSTK_ENABLE", &[HexFlags], Return::Int, 0),
        command(0x5002, "ARCH_SHSTK_DISABLE", &[HexFlags], Return::Int, 0),
        command(0x5003, "ARCH_SHSTK_LOCK", &[HexFlags], Return::Int, 0),
        command(0x5004, "ARCH_SHSTK_UNLOCK", &[HexFlags], Return::Int, 0),
        command(0x5005, "ARCH_SHSTK_STATUS", &[HexFlags], Return::Int, 0),
    ],
};
