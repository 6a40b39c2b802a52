//! Operations of `futex` (`linux/futex.h`, futex(2)). Two bits beside the number say how.

use super::{Commands, Form, command};
use crate::syscalls::Return;
use crate::syscalls::arg::ArgKind::{FutexBits, FutexWakeOp, HexIntFlags, Hidden, In, Pointer, Uint};
use crate::syscalls::arg::Shape::Timespec;
use crate::syscalls::bits::WAITS_THREAD;

/// Number, name, what stands for `val`, `timeout`, `uaddr2` and `val3`, result, bits.
#[rustfmt::skip]
pub(in crate::syscalls) const FUTEX: Commands = Commands {
    form: Form::Futex,
    unknown: "FUTEX_???",
    wide: false,
    otherwise: &[Uint, Pointer, Pointer, HexIntFlags],
    rows: &[
        command(0, "FUTEX_WAIT", &[Uint, In(Timespec)], Return::Int, WAITS_THREAD),
        command(1, "FUTEX_WAKE", &[Uint], Return::Int, 0),
        command(2, "FUTEX_FD", &[Uint], Return::Int, 0),
        command(3, "FUTEX_REQUEUE", &[Uint, Uint, Pointer], Return::Int, 0),
        command(4, "FUTEX_CMP_REQUEUE", &[Uint, Uint, Pointer, Uint], Return::Int, 0),
        command(5, "FUTEX_WAKE_OP", &[Uint, Uint, Pointer, FutexWakeOp], Return::Int, 0),
        command(6, "FUTEX_LOCK_PI", &[Hidden, In(Timespec)], Return::Int, WAITS_THREAD),
        command(7, "FUTEX_UNLOCK_PI", &[], Return::Int, 0),
        command(8, "FUTEX_TRYLOCK_PI", &[], Return::Int, 0),
        command(9, "FUTEX_WAIT_BITSET", &[Uint, In(Timespec), Hidden, FutexBits], Return::Int, WAITS_THREAD),
        command(0xa, "FUTEX_WAKE_BITSET", &[Uint, Hidden, Hidden, FutexBits], Return::Int, 0),
        command(0xb, "FUTEX_WAIT_REQUEUE_PI", &[Uint, In(Timespec), Pointer], Return::Int, WAITS_THREAD),
        command(0xc, "FUTEX_CMP_REQUEUE_PI", &[Uint, Uint, Pointer, Uint], Return::Int, 0),
        command(0xd, "FUTEX_LOCK_PI2", &[Hidden, In(Timespec)], Return::Int, WAITS_THREAD),
    ],
};
