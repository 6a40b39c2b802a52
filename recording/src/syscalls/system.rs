//! The system as a whole: names, facts, keys, modules, security, BPF.

use super::arg::ArgKind::{
    BytesOut, Choice, Command, Fd, Flags, Hex, HexIntFlags, Hidden, Int, IntIf, Key, Name, NameOf, NameOrNull, Operand,
    Out, Pointer, Size, Uint,
};
use super::arg::Shape::{Sysinfo, Uname};
use super::bits::{CLOEXEC, DECISIVE, DESC, NETWORK, TRIES_KERNEL};
use super::commands::{BPF, KEYCTL, SECCOMP, SYSLOG};
use super::flags::file::DELETE_MODULE;
use super::flags::system::{
    GRND, KEXEC, KEXEC_FILE, LANDLOCK_CREATE, LANDLOCK_RULE, MEMBARRIER, MEMBARRIER_FLAGS, MODULE_INIT, PERF,
    REBOOT_CMD, REBOOT_MAGIC,
};
use super::{Made, NONE, Return, Row, row};

/// The rows: name, number on x86-64, number on arm64, arguments, result, classes and flags.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("uname", 63, 160, &[Out(Uname)], Return::Int, 0),
    row("sysinfo", 99, 179, &[Out(Sysinfo)], Return::Int, 0),
    row("sethostname", 170, 161, &[NameOf(1), Uint], Return::Int, 0),
    row("setdomainname", 171, 162, &[NameOf(1), Uint], Return::Int, 0),
    row("getrandom", 318, 278, &[BytesOut, Size, Flags(&GRND)], Return::Int, 0),
    row("syslog", 103, 116, &[Command(&SYSLOG), Operand(0), Operand(1)], Return::Int, 0),
    row("seccomp", 317, 277, &[Command(&SECCOMP), Operand(0), Operand(1)], Return::Int, DECISIVE | TRIES_KERNEL),
    row("bpf", 321, 280, &[Command(&BPF), Operand(0), Operand(1)], Return::Command, DESC),
    row("perf_event_open", 298, 241, &[Pointer, Int, Int, Int, Flags(&PERF)], Return::Fd(Made::Anonymous("[perf_event]")), DESC | TRIES_KERNEL),
    row("membarrier", 324, 283, &[Choice(&MEMBARRIER), Flags(&MEMBARRIER_FLAGS), IntIf(1)], Return::Membarrier, TRIES_KERNEL),
    row("landlock_create_ruleset", 444, 444, &[Pointer, Size, Flags(&LANDLOCK_CREATE)], Return::Fd(Made::Unknown), DESC | CLOEXEC),
    row("landlock_add_rule", 445, 445, &[Fd, Choice(&LANDLOCK_RULE), Pointer, HexIntFlags], Return::Int, DESC),
    row("landlock_restrict_self", 446, 446, &[Fd, HexIntFlags], Return::Int, DESC | DECISIVE),
    row("add_key", 248, 217, &[Name, NameOrNull, Pointer, Size, Key], Return::Int, 0),
    row("request_key", 249, 218, &[Name, Name, NameOrNull, Key], Return::Int, 0),
    row("keyctl", 250, 219, &[Command(&KEYCTL), Operand(0), Operand(1), Operand(2), Operand(3)], Return::Int, 0),
    row("reboot", 169, 142, &[Choice(&REBOOT_MAGIC), Choice(&REBOOT_MAGIC), Choice(&REBOOT_CMD), Hidden], Return::Int, DECISIVE),
    row("init_module", 175, 105, &[Pointer, Size, Name], Return::Int, DECISIVE),
    row("finit_module", 313, 273, &[Fd, Name, Flags(&MODULE_INIT)], Return::Int, DESC | DECISIVE),
    row("delete_module", 176, 106, &[Name, Flags(&DELETE_MODULE)], Return::Int, DECISIVE),
    row("kexec_load", 246, 104, &[Pointer, Size, Pointer, Flags(&KEXEC)], Return::Int, DECISIVE),
    row("kexec_file_load", 320, 294, &[Fd, Fd, Size, Pointer, Flags(&KEXEC_FILE)], Return::Int, DESC | DECISIVE),
    row("lsm_get_self_attr", 459, 459, &[Hex, Pointer, Pointer, HexIntFlags], Return::Int, 0),
    row("lsm_set_self_attr", 460, 460, &[Hex, Pointer, Hex, HexIntFlags], Return::Int, 0),
    row("lsm_list_modules", 461, 461, &[Pointer, Pointer, HexIntFlags], Return::Int, 0),
    row("_sysctl", 156, NONE, &[Pointer], Return::Int, 0),
    row("create_module", 174, NONE, &[Pointer, Hex], Return::Int, 0),
    row("get_kernel_syms", 177, NONE, &[Pointer], Return::Int, 0),
    row("query_module", 178, NONE, &[Hex, Hex, Hex, Hex, Hex], Return::Int, 0),
    row("nfsservctl", 180, 42, &[Hex, Hex, Hex], Return::Int, 0),
    row("getpmsg", 181, NONE, &[Hex, Hex, Hex, Hex, Hex], Return::Int, NETWORK),
    row("putpmsg", 182, NONE, &[Hex, Hex, Hex, Hex, Hex], Return::Int, NETWORK),
    row("afs_syscall", 183, NONE, &[Hex, Hex, Hex, Hex, Hex], Return::Int, 0),
    row("tuxcall", 184, NONE, &[Hex, Hex, Hex], Return::Int, 0),
    row("security", 185, NONE, &[Hex, Hex, Hex], Return::Int, 0),
    row("vserver", 236, NONE, &[Hex, Hex, Hex, Hex, Hex], Return::Int, 0),
    row("uretprobe", 335, NONE, &[], Return::Int, 0),
    row("uprobe", 336, NONE, &[], Return::Int, 0),
];
