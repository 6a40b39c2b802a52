//! Commands of `fsconfig` and `epoll_ctl`.

use super::{Commands, Form, command};
use crate::syscalls::Return;
use crate::syscalls::arg::ArgKind::{In, Pointer, Setting};
use crate::syscalls::arg::Shape::EpollEvent;

/// `fsconfig` (`linux/mount.h`): number, name, value, result, bits.
#[rustfmt::skip]
pub(in crate::syscalls) const FSCONFIG: Commands = Commands {
    form: Form::Plain,
    unknown: "FSCONFIG_???",
    wide: false,
    otherwise: &[Pointer],
    rows: &[
        command(0, "FSCONFIG_SET_FLAG", &[Pointer], Return::Int, 0),
        command(1, "FSCONFIG_SET_STRING", &[Setting], Return::Int, 0),
        command(2, "FSCONFIG_SET_BINARY", &[Pointer], Return::Int, 0),
        command(3, "FSCONFIG_SET_PATH", &[Setting], Return::Int, 0),
        command(4, "FSCONFIG_SET_PATH_EMPTY", &[Setting], Return::Int, 0),
        command(5, "FSCONFIG_SET_FD", &[Pointer], Return::Int, 0),
        command(6, "FSCONFIG_CMD_CREATE", &[Pointer], Return::Int, 0),
        command(7, "FSCONFIG_CMD_RECONFIGURE", &[Pointer], Return::Int, 0),
        command(8, "FSCONFIG_CMD_CREATE_EXCL", &[Pointer], Return::Int, 0),
    ],
};

/// `epoll_ctl` (`linux/eventpoll.h`): number, name, event, result, bits.
#[rustfmt::skip]
pub(in crate::syscalls) const EPOLL_CTL: Commands = Commands {
    form: Form::Plain,
    unknown: "EPOLL_CTL_???",
    wide: false,
    otherwise: &[Pointer],
    rows: &[
        command(1, "EPOLL_CTL_ADD", &[In(EpollEvent)], Return::Int, 0),
        command(2, "EPOLL_CTL_DEL", &[Pointer], Return::Int, 0),
        command(3, "EPOLL_CTL_MOD", &[In(EpollEvent)], Return::Int, 0),
    ],
};
