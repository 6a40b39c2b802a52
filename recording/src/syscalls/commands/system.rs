//! Commands of `keyctl`, `bpf`, `seccomp`, `syslog` and `quotactl`.

use super::{Commands, Form, command};
use crate::syscalls::arg::ArgKind::{
    Choice, Flags, HexFlags, HexIntFlags, Hidden, Int, Key, Path, Pointer, Size, Uid, Uint, Words,
};
use crate::syscalls::bits::CLOEXEC;
use crate::syscalls::flags::file::QFMT;
use crate::syscalls::flags::system::SECCOMP_FILTER;
use crate::syscalls::{Made, Return};

/// `keyctl` (keyctl(2)): number, name, arguments, result, bits.
#[rustfmt::skip]
pub(in crate::syscalls) const KEYCTL: Commands = Commands {
    form: Form::Plain,
    unknown: "KEYCTL_???",
    wide: false,
    otherwise: &[HexFlags, HexFlags, HexFlags, HexFlags],
    rows: &[
        command(0, "KEYCTL_GET_KEYRING_ID", &[Key, Size], Return::Int, 0),
        command(1, "KEYCTL_JOIN_SESSION_KEYRING", &[Pointer], Return::Int, 0),
        command(2, "KEYCTL_UPDATE", &[Key, Pointer, Size], Return::Int, 0),
        command(3, "KEYCTL_REVOKE", &[Key], Return::Int, 0),
        command(4, "KEYCTL_CHOWN", &[Key, Size, Size], Return::Int, 0),
        command(5, "KEYCTL_SETPERM", &[Key, HexFlags], Return::Int, 0),
        command(6, "KEYCTL_DESCRIBE", &[Key, Pointer, Size], Return::Int, 0),
        command(7, "KEYCTL_CLEAR", &[Key], Return::Int, 0),
        command(8, "KEYCTL_LINK", &[Key, Key], Return::Int, 0),
        command(9, "KEYCTL_UNLINK", &[Key, Key], Return::Int, 0),
        command(0xa, "KEYCTL_SEARCH", &[Key, HexFlags, HexFlags, HexFlags], Return::Int, 0),
        command(0xb, "KEYCTL_READ", &[Key, Pointer, Size], Return::Int, 0),
        command(0xc, "KEYCTL_INSTANTIATE", &[Key, Pointer, HexFlags, HexFlags], Return::Int, 0),
        command(0xd, "KEYCTL_NEGATE", &[Key, HexFlags, HexFlags], Return::Int, 0),
        command(0xe, "KEYCTL_SET_REQKEY_KEYRING", &[HexFlags], Return::Int, 0),
        command(0xf, "KEYCTL_SET_TIMEOUT", &[Key, Size], Return::Int, 0),
        command(0x10, "KEYCTL_ASSUME_AUTHORITY", &[Key], Return::Int, 0),
        command(0x11, "KEYCTL_GET_SECURITY", &[Key, Pointer, HexFlags], Return::Int, 0),
        command(0x12, "KEYCTL_SESSION_TO_PARENT", &[], Return::Int, 0),
        command(0x13, "KEYCTL_REJECT", &[HexFlags, HexFlags, HexFlags, HexFlags], Return::Int, 0),
        command(0x14, "KEYCTL_INSTANTIATE_IOV", &[HexFlags, HexFlags, HexFlags, HexFlags], Return::Int, 0),
        command(0x15, "KEYCTL_INVALIDATE", &[Key], Return::Int, 0),
        command(0x16, "KEYCTL_GET_PERSISTENT", &[Key, HexFlags], Return::Int, 0),
        command(0x17, "KEYCTL_DH_COMPUTE", &[HexFlags, HexFlags, HexFlags, HexFlags], Return::Int, 0),
        command(0x18, "KEYCTL_PKEY_QUERY", &[HexFlags, HexFlags, HexFlags, HexFlags], Return::Int, 0),
        command(0x19, "KEYCTL_PKEY_ENCRYPT", &[HexFlags, HexFlags, HexFlags, HexFlags], Return::Int, 0),
        command(0x1a, "KEYCTL_PKEY_DECRYPT", &[HexFlags, HexFlags, HexFlags, HexFlags], Return::Int, 0),
        command(0x1b, "KEYCTL_PKEY_SIGN", &[HexFlags, HexFlags, HexFlags, HexFlags], Return::Int, 0),
        command(0x1c, "KEYCTL_PKEY_VERIFY", &[HexFlags, HexFlags, HexFlags, HexFlags], Return::Int, 0),
        command(0x1d, "KEYCTL_RESTRICT_KEYRING", &[HexFlags, HexFlags, HexFlags], Return::Int, 0),
        command(0x1e, "KEYCTL_MOVE", &[HexFlags, HexFlags, HexFlags, HexFlags], Return::Int, 0),
        command(0x1f, "KEYCTL_CAPABILITIES", &[HexFlags, HexFlags], Return::Int, 0),
        command(0x20, "KEYCTL_WATCH_KEY", &[HexFlags, HexFlags, HexFlags, HexFlags], Return::Int, 0),
    ],
};

/// `bpf` (`linux/bpf.h`).
#[rustfmt::skip]
pub(in crate::syscalls) const BPF: Commands = Commands {
    form: Form::Plain,
    unknown: "BPF_???",
    wide: false,
    otherwise: &[Pointer, Uint],
    rows: &[
        command(0, "BPF_MAP_CREATE", &[Pointer, Uint], Return::Fd(Made::Anonymous("bpf-map")), CLOEXEC),
        command(1, "BPF_MAP_LOOKUP_ELEM", &[Pointer, Uint], Return::Int, 0),
        command(2, "BPF_MAP_UPDATE_ELEM", &[Pointer, Uint], Return::Int, 0),
        command(3, "BPF_MAP_DELETE_ELEM", &[Pointer, Uint], Return::Int, 0),
        command(4, "BPF_MAP_GET_NEXT_KEY", &[Pointer, Uint], Return::Int, 0),
        command(5, "BPF_PROG_LOAD", &[Pointer, Uint], Return::Fd(Made::Anonymous("bpf-prog")), CLOEXEC),
        command(6, "BPF_OBJ_PIN", &[Pointer, Uint], Return::Int, 0),
        command(7, "BPF_OBJ_GET", &[Pointer, Uint], Return::Fd(Made::Unknown), CLOEXEC),
        command(8, "BPF_PROG_ATTACH", &[Pointer, Uint], Return::Int, 0),
        command(9, "BPF_PROG_DETACH", &[Pointer, Uint], Return::Int, 0),
        command(0xa, "BPF_PROG_TEST_RUN", &[Pointer, Uint], Return::Int, 0),
        command(0xb, "BPF_PROG_GET_NEXT_ID", &[Pointer, Uint], Return::Int, 0),
        command(0xc, "BPF_MAP_GET_NEXT_ID", &[Pointer, Uint], Return::Int, 0),
        command(0xd, "BPF_PROG_GET_FD_BY_ID", &[Pointer, Uint], Return::Fd(Made::Anonymous("bpf-prog")), CLOEXEC),
        command(0xe, "BPF_MAP_GET_FD_BY_ID", &[Pointer, Uint], Return::Fd(Made::Anonymous("bpf-map")), CLOEXEC),
        command(0xf, "BPF_OBJ_GET_INFO_BY_FD", &[Pointer, Uint], Return::Int, 0),
        command(0x10, "BPF_PROG_QUERY", &[Pointer, Uint], Return::Int, 0),
        command(0x11, "BPF_RAW_TRACEPOINT_OPEN", &[Pointer, Uint], Return::Fd(Made::Anonymous("bpf_link")), CLOEXEC),
        command(0x12, "BPF_BTF_LOAD", &[Pointer, Uint], Return::Fd(Made::Anonymous("btf")), CLOEXEC),
        command(0x13, "BPF_BTF_GET_FD_BY_ID", &[Pointer, Uint], Return::Fd(Made::Anonymous("btf")), CLOEXEC),
        command(0x14, "BPF_TASK_FD_QUERY", &[Pointer, Uint], Return::Int, 0),
        command(0x15, "BPF_MAP_LOOKUP_AND_DELETE_ELEM", &[Pointer, Uint], Return::Int, 0),
        command(0x16, "BPF_MAP_FREEZE", &[Pointer, Uint], Return::Int, 0),
        command(0x17, "BPF_BTF_GET_NEXT_ID", &[Pointer, Uint], Return::Int, 0),
        command(0x18, "BPF_MAP_LOOKUP_BATCH", &[Pointer, Uint], Return::Int, 0),
        command(0x19, "BPF_MAP_LOOKUP_AND_DELETE_BATCH", &[Pointer, Uint], Return::Int, 0),
        command(0x1a, "BPF_MAP_UPDATE_BATCH", &[Pointer, Uint], Return::Int, 0),
        command(0x1b, "BPF_MAP_DELETE_BATCH", &[Pointer, Uint], Return::Int, 0),
        command(0x1c, "BPF_LINK_CREATE", &[Pointer, Uint], Return::Fd(Made::Anonymous("bpf_link")), CLOEXEC),
        command(0x1d, "BPF_LINK_UPDATE", &[Pointer, Uint], Return::Int, 0),
        command(0x1e, "BPF_LINK_GET_FD_BY_ID", &[Pointer, Uint], Return::Fd(Made::Anonymous("bpf_link")), CLOEXEC),
        command(0x1f, "BPF_LINK_GET_NEXT_ID", &[Pointer, Uint], Return::Int, 0),
        command(0x20, "BPF_ENABLE_STATS", &[Pointer, Uint], Return::Fd(Made::Anonymous("bpf-stats")), CLOEXEC),
        command(0x21, "BPF_ITER_CREATE", &[Pointer, Uint], Return::Fd(Made::Anonymous("bpf_iter")), CLOEXEC),
        command(0x22, "BPF_LINK_DETACH", &[Pointer, Uint], Return::Int, 0),
        command(0x23, "BPF_PROG_BIND_MAP", &[Pointer, Uint], Return::Int, 0),
        command(0x24, "BPF_TOKEN_CREATE", &[Pointer, Uint], Return::Fd(Made::Unknown), CLOEXEC),
    ],
};

/// `seccomp` (`linux/seccomp.h`).
#[rustfmt::skip]
pub(in crate::syscalls) const SECCOMP: Commands = Commands {
    form: Form::Plain,
    unknown: "SECCOMP_SET_MODE_???",
    wide: false,
    otherwise: &[HexIntFlags, Pointer],
    rows: &[
        command(0, "SECCOMP_SET_MODE_STRICT", &[HexIntFlags, Pointer], Return::Int, 0),
        command(1, "SECCOMP_SET_MODE_FILTER", &[Flags(&SECCOMP_FILTER), Pointer], Return::Int, 0),
        command(2, "SECCOMP_GET_ACTION_AVAIL", &[HexIntFlags, Pointer], Return::Int, 0),
        command(3, "SECCOMP_GET_NOTIF_SIZES", &[HexIntFlags, Pointer], Return::Int, 0),
    ],
};

/// `syslog` (syslog(2)).
#[rustfmt::skip]
pub(in crate::syscalls) const SYSLOG: Commands = Commands {
    form: Form::Syslog,
    unknown: "SYSLOG_ACTION_???",
    wide: false,
    otherwise: &[Pointer, Int],
    rows: &[
        command(0, "SYSLOG_ACTION_CLOSE", &[], Return::Int, 0),
        command(1, "SYSLOG_ACTION_OPEN", &[], Return::Int, 0),
        command(2, "SYSLOG_ACTION_READ", &[Pointer, Int], Return::Int, 0),
        command(3, "SYSLOG_ACTION_READ_ALL", &[Pointer, Int], Return::Int, 0),
        command(4, "SYSLOG_ACTION_READ_CLEAR", &[Pointer, Int], Return::Int, 0),
        command(5, "SYSLOG_ACTION_CLEAR", &[], Return::Int, 0),
        command(6, "SYSLOG_ACTION_CONSOLE_OFF", &[], Return::Int, 0),
        command(7, "SYSLOG_ACTION_CONSOLE_ON", &[], Return::Int, 0),
        command(8, "SYSLOG_ACTION_CONSOLE_LEVEL", &[Hidden, Int], Return::Int, 0),
        command(9, "SYSLOG_ACTION_SIZE_UNREAD", &[], Return::Int, 0),
        command(0xa, "SYSLOG_ACTION_SIZE_BUFFER", &[], Return::Int, 0),
    ],
};

/// `quotactl` (`linux/quota.h`): number, name, id and address, result, bits. The kind of quota stands below the number.
#[rustfmt::skip]
pub(in crate::syscalls) const QUOTA: Commands = Commands {
    form: Form::Quota,
    unknown: "Q_???",
    wide: false,
    otherwise: &[Uid, Pointer],
    rows: &[
        command(0x800001, "Q_SYNC", &[], Return::Int, 0),
        command(0x800002, "Q_QUOTAON", &[Choice(&QFMT), Path], Return::Int, 0),
        command(0x800003, "Q_QUOTAOFF", &[], Return::Int, 0),
        command(0x800004, "Q_GETFMT", &[Hidden, Pointer], Return::Int, 0),
        command(0x800005, "Q_GETINFO", &[Hidden, Pointer], Return::Int, 0),
        command(0x800006, "Q_SETINFO", &[Hidden, Pointer], Return::Int, 0),
        command(0x800007, "Q_GETQUOTA", &[Uid, Pointer], Return::Int, 0),
        command(0x800008, "Q_SETQUOTA", &[Uid, Pointer], Return::Int, 0),
        command(0x800009, "Q_GETNEXTQUOTA", &[Uid, Pointer], Return::Int, 0),
    ],
};

/// `socketcall` (`linux/net.h`), those whose arguments are copied: shown as the calls that they are.
#[rustfmt::skip]
pub(in crate::syscalls) const SOCKETCALL: Commands = Commands {
    form: Form::Plain,
    unknown: "SYS_???",
    wide: false,
    otherwise: &[Pointer],
    rows: &[
        command(1, "SYS_SOCKET", &[Words(3, 0)], Return::Int, 0),
        command(2, "SYS_BIND", &[Words(3, 1)], Return::Int, 0),
        command(3, "SYS_CONNECT", &[Words(3, 1)], Return::Int, 0),
        command(4, "SYS_LISTEN", &[Words(2, 0)], Return::Int, 0),
        command(5, "SYS_ACCEPT", &[Pointer], Return::Int, 0),
        command(6, "SYS_GETSOCKNAME", &[Pointer], Return::Int, 0),
        command(7, "SYS_GETPEERNAME", &[Pointer], Return::Int, 0),
        command(8, "SYS_SOCKETPAIR", &[Pointer], Return::Int, 0),
        command(9, "SYS_SEND", &[Pointer], Return::Int, 0),
        command(0xa, "SYS_RECV", &[Pointer], Return::Int, 0),
        command(0xb, "SYS_SENDTO", &[Words(6, 4)], Return::Int, 0),
        command(0xc, "SYS_RECVFROM", &[Pointer], Return::Int, 0),
        command(0xd, "SYS_SHUTDOWN", &[Pointer], Return::Int, 0),
        command(0xe, "SYS_SETSOCKOPT", &[Pointer], Return::Int, 0),
        command(0xf, "SYS_GETSOCKOPT", &[Pointer], Return::Int, 0),
        command(0x10, "SYS_SENDMSG", &[Pointer], Return::Int, 0),
        command(0x11, "SYS_RECVMSG", &[Pointer], Return::Int, 0),
        command(0x12, "SYS_ACCEPT4", &[Pointer], Return::Int, 0),
        command(0x13, "SYS_RECVMMSG", &[Pointer], Return::Int, 0),
        command(0x14, "SYS_SENDMMSG", &[Pointer], Return::Int, 0),
    ],
};
