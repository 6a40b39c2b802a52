//! Waiting for descriptors: poll, select, epoll, asynchronous I/O.

use super::arg::ArgKind::{
    Choice, Command, EpollEventsOut, Fd, FdSet, FdSets, Flags, Hex, In, InOut, Int, Long, Operand, Out, Pointer,
    PollFds, Size, Uint,
};
use super::arg::Shape::{Address, SigmaskBox, Sigset, Timespec, Timeval};
use super::bits::{CLOEXEC, DESC, ENTRY, MEMORY, ORDINARY, POLLS, SIGNAL, TRIES_KERNEL, WAITS_WORK, WATCHES};
use super::commands::EPOLL_CTL;
use super::flags::poll::EPOLL_CREATE;
use super::flags::system::{IO_URING_ENTER, IO_URING_REGISTER};
use super::{Made, NONE, Return, Row, row};

/// The rows: name, number on x86-64, number on arm64, arguments, result, classes and flags.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("poll", 7, NONE, &[PollFds(1), Uint, Int], Return::Poll, DESC | ORDINARY | ENTRY | WAITS_WORK | POLLS),
    row("ppoll", 271, 73, &[PollFds(1), Uint, InOut(Timespec), In(Sigset), Size], Return::Poll, DESC | ORDINARY | ENTRY | WAITS_WORK | POLLS),
    row("select", 23, NONE, &[FdSets, FdSet, FdSet, FdSet, InOut(Timeval)], Return::Select, DESC | ORDINARY | ENTRY | WAITS_WORK | POLLS),
    row("pselect6", 270, 72, &[FdSets, FdSet, FdSet, FdSet, InOut(Timespec), In(SigmaskBox)], Return::Select, DESC | ORDINARY | ENTRY | WAITS_WORK | POLLS),
    row("epoll_create", 213, NONE, &[Int], Return::Fd(Made::Anonymous("[eventpoll]")), DESC),
    row("epoll_create1", 291, 20, &[Flags(&EPOLL_CREATE)], Return::Fd(Made::Anonymous("[eventpoll]")), DESC),
    row("epoll_ctl", 233, 21, &[Fd, Command(&EPOLL_CTL), Fd, Operand(0)], Return::Int, DESC | WATCHES),
    row("epoll_wait", 232, NONE, &[Fd, EpollEventsOut, Int, Int], Return::Int, DESC | ORDINARY | WAITS_WORK),
    row("epoll_pwait", 281, 22, &[Fd, EpollEventsOut, Int, Int, In(Sigset), Size], Return::Int, DESC | ORDINARY | WAITS_WORK),
    row("epoll_pwait2", 441, 441, &[Fd, EpollEventsOut, Int, In(Timespec), In(Sigset), Size], Return::Int, DESC | ORDINARY | ENTRY | WAITS_WORK),
    row("epoll_ctl_old", 214, NONE, &[Hex, Hex, Hex, Hex], Return::Int, 0),
    row("epoll_wait_old", 215, NONE, &[Hex, Hex, Hex, Hex], Return::Int, 0),
    row("io_setup", 206, 0, &[Uint, Out(Address)], Return::Int, MEMORY),
    row("io_destroy", 207, 1, &[Pointer], Return::Int, MEMORY),
    row("io_submit", 209, 2, &[Pointer, Long, Pointer], Return::Int, 0),
    row("io_cancel", 210, 3, &[Pointer, Pointer, Pointer], Return::Int, 0),
    row("io_getevents", 208, 4, &[Pointer, Long, Long, Pointer, In(Timespec)], Return::Int, ORDINARY | ENTRY),
    row("io_pgetevents", 333, 292, &[Pointer, Long, Long, Pointer, In(Timespec), In(SigmaskBox)], Return::Int, ORDINARY | ENTRY),
    row("io_uring_setup", 425, 425, &[Uint, Pointer], Return::Fd(Made::Anonymous("[io_uring]")), DESC | CLOEXEC | TRIES_KERNEL),
    row("io_uring_enter", 426, 426, &[Fd, Uint, Uint, Flags(&IO_URING_ENTER), Pointer, Size], Return::Int, DESC | SIGNAL | ORDINARY | WAITS_WORK),
    row("io_uring_register", 427, 427, &[Fd, Choice(&IO_URING_REGISTER), Pointer, Uint], Return::Int, DESC | MEMORY),
];
