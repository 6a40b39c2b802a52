//! Commands of `fcntl` (`linux/fcntl.h`).

use super::{Commands, Form, command};
use crate::syscalls::arg::ArgKind::{Choice, Fd, Flags, In, Int, OpenFlags, Out, Pointer, Signal, Uint};
use crate::syscalls::arg::Shape::{Lock, LockHolder};
use crate::syscalls::bits::{CLOEXEC, LOCKS_FILE, SETS_CLOEXEC, WAITS_FILE_LOCK};
use crate::syscalls::flags::file::{FD_FLAGS, LEASE, NOTIFY, SEALS};
use crate::syscalls::{Made, Return};

/// Number, name, argument, result, bits.
#[rustfmt::skip]
pub(in crate::syscalls) const FCNTL: Commands = Commands {
    form: Form::Plain,
    unknown: "F_???",
    wide: false,
    otherwise: &[Pointer],
    rows: &[
        command(0, "F_DUPFD", &[Uint], Return::Fd(Made::Copy), 0),
        command(1, "F_GETFD", &[], Return::Flags("flags", &FD_FLAGS), 0),
        command(2, "F_SETFD", &[Flags(&FD_FLAGS)], Return::Int, SETS_CLOEXEC),
        command(3, "F_GETFL", &[], Return::OpenFlags, 0),
        command(4, "F_SETFL", &[OpenFlags], Return::Int, 0),
        command(5, "F_GETLK", &[Out(LockHolder)], Return::Int, 0),
        command(6, "F_SETLK", &[In(Lock)], Return::Int, LOCKS_FILE),
        command(7, "F_SETLKW", &[In(Lock)], Return::Int, LOCKS_FILE | WAITS_FILE_LOCK),
        command(8, "F_SETOWN", &[Int], Return::Int, 0),
        command(9, "F_GETOWN", &[], Return::Int, 0),
        command(0xa, "F_SETSIG", &[Signal], Return::Int, 0),
        command(0xb, "F_GETSIG", &[], Return::Signal, 0),
        command(0xf, "F_SETOWN_EX", &[Pointer], Return::Int, 0),
        command(0x10, "F_GETOWN_EX", &[Pointer], Return::Int, 0),
        command(0x11, "F_GETOWNER_UIDS", &[Pointer], Return::Int, 0),
        command(0x24, "F_OFD_GETLK", &[Out(LockHolder)], Return::Int, 0),
        command(0x25, "F_OFD_SETLK", &[In(Lock)], Return::Int, LOCKS_FILE),
        command(0x26, "F_OFD_SETLKW", &[In(Lock)], Return::Int, LOCKS_FILE | WAITS_FILE_LOCK),
        command(0x400, "F_SETLEASE", &[Choice(&LEASE)], Return::Int, 0),
        command(0x401, "F_GETLEASE", &[], Return::Choice(&LEASE), 0),
        command(0x402, "F_NOTIFY", &[Flags(&NOTIFY)], Return::Int, 0),
        command(0x403, "F_DUPFD_QUERY", &[Fd], Return::Int, 0),
        command(0x404, "F_CREATED_QUERY", &[Pointer], Return::Int, 0),
        command(0x405, "F_CANCELLK", &[Pointer], Return::Int, 0),
        command(0x406, "F_DUPFD_CLOEXEC", &[Uint], Return::Fd(Made::Copy), CLOEXEC),
        command(0x407, "F_SETPIPE_SZ", &[Int], Return::Int, 0),
        command(0x408, "F_GETPIPE_SZ", &[], Return::Int, 0),
        command(0x409, "F_ADD_SEALS", &[Flags(&SEALS)], Return::Int, 0),
        command(0x40a, "F_GET_SEALS", &[], Return::Flags("seals", &SEALS), 0),
        command(0x40b, "F_GET_RW_HINT", &[Pointer], Return::Int, 0),
        command(0x40c, "F_SET_RW_HINT", &[Pointer], Return::Int, 0),
        command(0x40d, "F_GET_FILE_RW_HINT", &[Pointer], Return::Int, 0),
        command(0x40e, "F_SET_FILE_RW_HINT", &[Pointer], Return::Int, 0),
    ],
};
