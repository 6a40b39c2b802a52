//! Arguments whose register says all: numbers, flags, addresses.

use super::text::{self, choice, decimal, flags, hex, hex_or_zero, octal, pointer, signed};
use super::{Printer, command, files, futex, packed, shape, signal};
use crate::syscalls::Arch;
use crate::syscalls::arg::ArgKind;
use crate::syscalls::flags::{Set, file, memory, network, process, system};

/// `AT_FDCWD`.
const HERE: i32 = -100;

impl Printer<'_, '_> {
    /// An argument whose register says all.
    pub(super) fn register(&mut self, i: usize, kind: ArgKind, value: u64) {
        let arch = self.style.arch;
        let low = value as u32;
        let int = i64::from(low.cast_signed());
        let out = &mut *self.out;
        match kind {
            ArgKind::Int => signed(out, int),
            ArgKind::Uint | ArgKind::UintFlags => decimal(out, u64::from(low)),
            ArgKind::Long | ArgKind::Off => signed(out, value.cast_signed()),
            ArgKind::Size => decimal(out, value),
            ArgKind::Hex | ArgKind::HexFlags | ArgKind::MapOffset(_) => hex_or_zero(out, value),
            ArgKind::HexInt | ArgKind::HexIntFlags => hex_or_zero(out, u64::from(low)),
            ArgKind::Flags(set) => flags(out, set, value),
            ArgKind::Choice(set) => choice(out, set, value),
            ArgKind::Fd => self.descriptor(low.cast_signed()),
            ArgKind::DirFd if low.cast_signed() == HERE => out.push_str("AT_FDCWD"),
            ArgKind::DirFd => self.descriptor(low.cast_signed()),
            ArgKind::MapFd => self.descriptor(low.cast_signed()),
            ArgKind::Uid => shape::id(out, value),
            ArgKind::Mode | ArgKind::OpenMode(_) => octal(out, u64::from(low & 0xffff)),
            ArgKind::OpenFlags => files::open_flags(out, u64::from(low), arch),
            ArgKind::OpenBits => flags(out, files::open_set(arch), value),
            ArgKind::NodeMode => files::mode(out, u64::from(low & 0xffff)),
            ArgKind::NodeDev(_) | ArgKind::Dev => files::device(out, value),
            ArgKind::Prot => match arch {
                Arch::X86_64 => flags(out, &memory::PROT_X86, value),
                Arch::Aarch64 => flags(out, &memory::PROT, value),
            },
            ArgKind::MapFlags => packed::map_flags(out, value, arch),
            ArgKind::MempolicyMode => packed::mempolicy(out, low),
            ArgKind::Signal => signal::signal(out, low.cast_signed()),
            ArgKind::Clock => command::clock(out, low),
            ArgKind::MountFlags => packed::mount_flags(out, value),
            ArgKind::StatxFlags => packed::statx_flags(out, low),
            ArgKind::SwapFlags => packed::swap_flags(out, low),
            ArgKind::Memfd => packed::sized_flags(out, &file::MEMFD, u64::from(low), "MFD_HUGE_SHIFT"),
            ArgKind::FanInit => {
                choice(out, &file::FAN_CLASS, u64::from(low & 0xc));
                text::more_flags(out, &file::FAN_INIT, u64::from(low & !0xc));
            }
            ArgKind::FcntlCmd => choice(out, &file::FCNTL, value),
            ArgKind::IoctlCmd => command::ioctl(out, low),
            ArgKind::PrctlOp => choice(out, &process::PRCTL, value),
            ArgKind::FutexOp => futex::operation(out, low),
            ArgKind::FutexValue(_) => decimal(out, u64::from(low)),
            ArgKind::FutexThird(of) => futex::third(out, self.call.value(of).unwrap_or_default(), low),
            ArgKind::PtraceReq => choice(out, &process::PTRACE, value),
            ArgKind::PtraceArg if i == 1 => signed(out, int),
            ArgKind::KeyctlArg(n) => command::keyctl_argument(out, self.call.value(0).unwrap_or_default(), n, value),
            ArgKind::KcmpType => choice(out, &process::KCMP, value),
            ArgKind::KcmpArg(_) => signed(out, int),
            ArgKind::IpcKey if low == 0 => out.push_str("IPC_PRIVATE"),
            ArgKind::IpcKey => hex(out, u64::from(low)),
            ArgKind::IpcFlags(set) => packed::ipc_flags(out, set, low),
            ArgKind::IpcCmd(set) => command::ipc_command(out, set, low),
            ArgKind::Ioprio => packed::ioprio(out, u64::from(low)),
            ArgKind::Personality => packed::personality(out, u64::from(low)),
            ArgKind::QuotaCmd => command::quota(out, low),
            ArgKind::SchedPolicy => packed::sched_policy(out, low),
            ArgKind::SeccompFlags(of) => match self.call.value(of) {
                Some(1) => flags(out, &system::SECCOMP_FILTER, value),
                _ => hex_or_zero(out, u64::from(low)),
            },
            ArgKind::SocketType => packed::socket_type(out, low),
            ArgKind::SocketProtocol(of) => match self.call.value(of) {
                Some(2 | 10) => choice(out, &network::IPPROTO, value),
                Some(16) => choice(out, &network::NETLINK, value),
                _ => decimal(out, value),
            },
            ArgKind::SockoptLevel => choice(out, &network::SOL, value),
            ArgKind::SockoptName(of) => match self.call.value(of).and_then(command::socket_options) {
                Some(set) => choice(out, set, value),
                None => decimal(out, u64::from(low)),
            },
            ArgKind::SyslogAction => {
                signed(out, int);
                text::comment(out, system::SYSLOG.name(value).unwrap_or(system::SYSLOG.unknown));
            }
            ArgKind::Key => choice_or_number(out, &system::KEY_SPEC, low),
            ArgKind::SyslogArg if value > 0xffff_ffff => pointer(out, value),
            ArgKind::SyslogArg => signed(out, int),
            ArgKind::Pointer | ArgKind::MremapNew(_) | ArgKind::FutexSecond(_) | ArgKind::CreateOnly(_) => {
                pointer(out, value);
            }
            _ => pointer(out, value),
        }
    }
}

/// The name, or a signed number.
fn choice_or_number(out: &mut String, set: &Set, value: u32) {
    match set.name(u64::from(value)) {
        Some(name) => out.push_str(name),
        None => signed(out, i64::from(value.cast_signed())),
    }
}
