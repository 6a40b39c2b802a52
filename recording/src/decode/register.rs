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
    pub(super) fn register(&mut self, kind: ArgKind, value: u64) {
        let arch = self.style.arch;
        let low = value as u32;
        let int = i64::from(low.cast_signed());
        let out = &mut *self.out;
        match kind {
            ArgKind::Int | ArgKind::IntIf(_) => signed(out, int),
            ArgKind::Uint | ArgKind::UintFlags => decimal(out, u64::from(low)),
            ArgKind::Long | ArgKind::Off => signed(out, value.cast_signed()),
            ArgKind::Size => decimal(out, value),
            ArgKind::Hex | ArgKind::HexFlags | ArgKind::MapOffset(_) => hex_or_zero(out, value),
            ArgKind::HexInt | ArgKind::HexIntFlags => hex_or_zero(out, u64::from(low)),
            ArgKind::Flags(set) => flags(out, set, value),
            ArgKind::Choice(set) => choice(out, set, value),
            ArgKind::Fd => self.descriptor(low.cast_signed()),
            ArgKind::DirFd | ArgKind::MarkFd if low.cast_signed() == HERE => out.push_str("AT_FDCWD"),
            ArgKind::MarkFd if low == u32::MAX => out.push_str("FAN_NOFD"),
            ArgKind::DirFd | ArgKind::MarkFd => self.descriptor(low.cast_signed()),
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
            ArgKind::MountAttr => packed::mount_attributes(out, value),
            ArgKind::MountFlags => packed::mount_flags(out, value),
            ArgKind::StatxFlags => packed::statx_flags(out, low),
            ArgKind::SwapFlags => packed::swap_flags(out, low),
            ArgKind::Memfd => packed::sized_flags(out, &file::MEMFD, u64::from(low), "MFD_HUGE_SHIFT"),
            ArgKind::FanInit => {
                choice(out, &file::FAN_CLASS, u64::from(low & 0xc));
                text::more_flags(out, &file::FAN_INIT, u64::from(low & !0xc));
            }
            ArgKind::Command(commands) => command::command(out, commands, value),
            ArgKind::AmbientCap if value == 0 => out.push('0'),
            ArgKind::AmbientCap => match process::CAP.name(value) {
                Some(name) => out.push_str(name),
                None => hex(out, value),
            },
            ArgKind::Tracer if low == u32::MAX => out.push_str("PR_SET_PTRACER_ANY"),
            ArgKind::Tracer => signed(out, int),
            ArgKind::FutexBits => futex::bits(out, low),
            ArgKind::FutexWakeOp => futex::wake_operation(out, low),
            ArgKind::IpcKey if low == 0 => out.push_str("IPC_PRIVATE"),
            ArgKind::IpcKey => hex(out, u64::from(low)),
            ArgKind::IpcFlags(set) => packed::ipc_flags(out, set, low),
            ArgKind::IpcCmd(set) => command::ipc_command(out, set, low),
            ArgKind::Ioprio => packed::ioprio(out, u64::from(low)),
            ArgKind::Personality => packed::personality(out, u64::from(low)),
            ArgKind::SchedPolicy => packed::sched_policy(out, low),
            ArgKind::SocketType => packed::socket_type(out, low),
            ArgKind::SocketProtocol(of) => match self.call.value(of) {
                Some(2 | 10) => choice(out, &network::IPPROTO, value),
                Some(16) => choice(out, &network::NETLINK, value),
                Some(17) => packed::packet_protocol(out, low as u16),
                _ => decimal(out, value),
            },
            ArgKind::SockoptLevel => choice(out, &network::SOL, value),
            ArgKind::SockoptName(of) => command::socket_option(out, self.call.value(of), value),
            ArgKind::Key => choice_or_number(out, &system::KEY_SPEC, low),
            // What is behind these is not known.
            ArgKind::Hidden
            | ArgKind::Pointer
            | ArgKind::MremapNew(_)
            | ArgKind::CreateOnly(_)
            | ArgKind::Clone
            | ArgKind::Operand(_)
            | ArgKind::FrameMask
            | ArgKind::Restarted
            | ArgKind::Path
            | ArgKind::PathOrNull
            | ArgKind::PathOut
            | ArgKind::LinkOut
            | ArgKind::Name
            | ArgKind::NameOrNull
            | ArgKind::NameOf(_)
            | ArgKind::ThreadName
            | ArgKind::ThreadNameOut
            | ArgKind::Setting
            | ArgKind::Words(..)
            | ArgKind::Argv
            | ArgKind::Envp
            | ArgKind::BytesIn(_)
            | ArgKind::LogBytes(_)
            | ArgKind::BytesOut
            | ArgKind::VecIn(_)
            | ArgKind::LogVec(_)
            | ArgKind::VecOut(_)
            | ArgKind::VecRaw(_)
            | ArgKind::MessageIn
            | ArgKind::MessageOut
            | ArgKind::MessagesIn(_)
            | ArgKind::MessagesOut(_)
            | ArgKind::Offset
            | ArgKind::Entries
            | ArgKind::AddressIn(_)
            | ArgKind::AddressOut(_)
            | ArgKind::AddressLen(_)
            | ArgKind::SockoptIn(_)
            | ArgKind::SockoptOut(_)
            | ArgKind::SockoptLen(_)
            | ArgKind::In(_)
            | ArgKind::InSized(..)
            | ArgKind::Out(_)
            | ArgKind::InOut(_)
            | ArgKind::Remaining
            | ArgKind::PollFds(_)
            | ArgKind::FdSets
            | ArgKind::FdSet
            | ArgKind::EpollEventsOut
            | ArgKind::GroupsIn(_)
            | ArgKind::GroupsOut
            | ArgKind::CpusIn(_)
            | ArgKind::CpusOut
            | ArgKind::SemopsIn(_) => pointer(out, value),
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
