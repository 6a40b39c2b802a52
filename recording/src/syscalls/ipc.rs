//! Futexes, System V IPC and message queues.

use super::arg::ArgKind::{
    BytesIn, BytesOut, Clock, Command, CreateOnly, Fd, Flags, Hex, HexIntFlags, In, Int, IpcCmd, IpcFlags, IpcKey,
    Long, Name, OpenFlags, OpenMode, Operand, Out, Pointer, SemopsIn, Size, Uint,
};
use super::arg::Shape::{Sigevent, Timespec, U32};
use super::bits::{DESC, ENTRY, IPC, ORDINARY, TIMES_OUT, WAITS_THREAD};
use super::commands::FUTEX;
use super::flags::ipc::{IPC_GET, MSG_IPC, MSGCTL, SEMCTL};
use super::{Made, Return, Row, row};

/// The rows: name, number on x86-64, number on arm64, arguments, result, classes and flags.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("futex", 202, 98, &[Pointer, Command(&FUTEX), Operand(0), Operand(1), Operand(2), Operand(3)], Return::Int, ORDINARY | WAITS_THREAD | TIMES_OUT),
    row("futex_waitv", 449, 449, &[Pointer, Uint, HexIntFlags, In(Timespec), Clock], Return::Int, ORDINARY | ENTRY | WAITS_THREAD),
    row("futex_wake", 454, 454, &[Pointer, Hex, Int, HexIntFlags], Return::Int, ORDINARY),
    row("futex_wait", 455, 455, &[Pointer, Hex, Hex, HexIntFlags, In(Timespec), Clock], Return::Int, ORDINARY | ENTRY | WAITS_THREAD),
    row("futex_requeue", 456, 456, &[Pointer, HexIntFlags, Int, Int], Return::Int, ORDINARY),
    row("semget", 64, 190, &[IpcKey, Int, IpcFlags(&IPC_GET)], Return::Int, IPC),
    row("semop", 65, 193, &[Int, SemopsIn(2), Uint], Return::Int, IPC | ORDINARY | ENTRY),
    row("semtimedop", 220, 192, &[Int, SemopsIn(2), Uint, In(Timespec)], Return::Int, IPC | ORDINARY | ENTRY),
    row("semctl", 66, 191, &[Int, Int, IpcCmd(&SEMCTL), Pointer], Return::Int, IPC),
    row("msgget", 68, 186, &[IpcKey, IpcFlags(&IPC_GET)], Return::Int, IPC),
    row("msgsnd", 69, 189, &[Int, Pointer, Size, Flags(&MSG_IPC)], Return::Int, IPC),
    row("msgrcv", 70, 188, &[Int, Pointer, Size, Long, Flags(&MSG_IPC)], Return::Int, IPC | ORDINARY),
    row("msgctl", 71, 187, &[Int, IpcCmd(&MSGCTL), Pointer], Return::Int, IPC),
    row("mq_open", 240, 180, &[Name, OpenFlags, OpenMode(1), CreateOnly(1)], Return::Fd(Made::Unknown), DESC),
    row("mq_unlink", 241, 181, &[Name], Return::Int, 0),
    row("mq_timedsend", 242, 182, &[Fd, BytesIn(2), Size, Uint, In(Timespec)], Return::Int, DESC | ORDINARY | ENTRY),
    row("mq_timedreceive", 243, 183, &[Fd, BytesOut, Size, Out(U32), In(Timespec)], Return::Int, DESC | ORDINARY | ENTRY | TIMES_OUT),
    row("mq_notify", 244, 184, &[Fd, In(Sigevent)], Return::Int, DESC),
    row("mq_getsetattr", 245, 185, &[Fd, Pointer, Pointer], Return::Int, DESC),
];
