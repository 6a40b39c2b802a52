//! What is behind an argument: what the kernel side copies of it, in which direction it goes, and what of it
//! is text. One match over all kinds: a new kind does not compile until it says so.

use super::Arch;
use super::arg::{ArgKind, Shape};
use rewind_common::capture::{Op, op, when};

/// Whether a call reads what an argument points to, or writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// There is nothing behind it, or nothing that is looked at.
    Register,
    /// It is read: its text is known when the call starts.
    In,
    /// It is written: its text is known when the call has returned.
    Out,
    /// It is read and written: its text is what was read, the result says the rest.
    Both,
}

/// What of the copied bytes is text, in which a secret may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextPart {
    /// Nothing.
    Nothing,
    /// All of it.
    Whole,
    /// Strings, each with its NUL.
    Strings,
    /// A path, where it is the socket address of one.
    Address,
    /// The bytes behind a vector, and a message's name ([`Self::Address`]).
    Vector,
    /// All of it; a secret as a whole where argument 2 is the name of one.
    Setting,
    /// A secret or a text, where the socket option says so; level and option are arguments 1 and 2.
    SocketOption,
}

/// What is behind an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointee {
    /// Which way it goes.
    pub direction: Direction,
    /// What is copied of what the call reads; [`op::NONE`]: nothing.
    pub before: Op,
    /// What is copied of what the call writes; [`op::NONE`]: nothing.
    pub after: Op,
    /// What of that is text.
    pub text: TextPart,
}

const NOTHING: Op = Op { arg: 0, kind: op::NONE, when: 0, size_arg: 0, size: 0, offset: 0 };
const REGISTER: Pointee =
    Pointee { direction: Direction::Register, before: NOTHING, after: NOTHING, text: TextPart::Nothing };

const fn read(before: Op, text: TextPart) -> Pointee {
    Pointee { direction: Direction::In, before, after: NOTHING, text }
}

/// Where the call fails there is nothing to be copied.
const fn written(after: Op, text: TextPart) -> Pointee {
    let after = Op { when: after.when | when::SUCCESS, ..after };
    Pointee { direction: Direction::Out, before: NOTHING, after, text }
}

/// Copied also where the call fails.
const fn written_always(after: Op, text: TextPart) -> Pointee {
    Pointee { direction: Direction::Out, before: NOTHING, after, text }
}

const fn both(of_it: Op) -> Pointee {
    let after = Op { when: when::SUCCESS, ..of_it };
    Pointee { direction: Direction::Both, before: of_it, after, text: TextPart::Nothing }
}

const fn on(when: u8, op: Op) -> Op {
    Op { when, ..op }
}

impl ArgKind {
    /// What is behind argument `i`, which is of this kind. An operand is what its command says it is
    /// ([`super::Row::kind`]); by itself it is nothing.
    #[must_use]
    pub fn pointee(self, i: usize, arch: Arch) -> Pointee {
        use TextPart::{Address, Nothing, Setting, SocketOption, Strings, Vector, Whole};
        let make = |kind: u8, size_arg: usize, size: u16| Op {
            arg: i as u8,
            kind,
            when: 0,
            size_arg: size_arg as u8,
            size,
            offset: 0,
        };
        let shape = |shape: Shape| {
            let (offset, size) = shape.extent(arch);
            Op { offset, ..make(op::FIXED, 0, size) }
        };
        let string = make(op::STRING, 0, 0);
        match self {
            Self::Hidden
            | Self::Int
            | Self::Uint
            | Self::Long
            | Self::Size
            | Self::Off
            | Self::Hex
            | Self::HexInt
            | Self::HexFlags
            | Self::HexIntFlags
            | Self::UintFlags
            | Self::Pointer
            | Self::Flags(_)
            | Self::Choice(_)
            | Self::Fd
            | Self::DirFd
            | Self::MapFd
            | Self::MarkFd
            | Self::IntIf(_)
            | Self::MapOffset(_)
            | Self::Uid
            | Self::Mode
            | Self::OpenMode(_)
            | Self::CreateOnly(_)
            | Self::OpenFlags
            | Self::OpenBits
            | Self::NodeMode
            | Self::NodeDev(_)
            | Self::Dev
            | Self::VecRaw(_)
            | Self::SockoptLevel
            | Self::SockoptName(_)
            | Self::SocketType
            | Self::SocketProtocol(_)
            // What argument 0 points to holds it.
            | Self::FdSet
            | Self::Prot
            | Self::MapFlags
            | Self::MremapNew(_)
            | Self::MempolicyMode
            | Self::Clone
            | Self::Signal
            | Self::Clock
            | Self::MountAttr
            | Self::MountFlags
            | Self::StatxFlags
            | Self::SwapFlags
            | Self::Memfd
            | Self::FanInit
            | Self::Command(_)
            | Self::Operand(_)
            | Self::AmbientCap
            | Self::Tracer
            | Self::FutexBits
            | Self::FutexWakeOp
            | Self::IpcKey
            | Self::IpcFlags(_)
            | Self::IpcCmd(_)
            | Self::Ioprio
            | Self::Personality
            | Self::SchedPolicy
            | Self::Key
            | Self::Restarted => REGISTER,
            Self::Path | Self::PathOrNull | Self::Name | Self::NameOrNull | Self::ThreadName => read(string, Whole),
            Self::Words(count, address) => {
                let words = make(op::WORDS, 0, 4 * u16::from(count));
                read(Op { offset: address.into(), ..words }, Address)
            }
            Self::Setting => read(string, Setting),
            Self::ThreadNameOut => written(string, Whole),
            Self::Argv => read(make(op::STRINGS, 0, 0), Strings),
            // How many they are, and nothing of what they say.
            Self::Envp => read(make(op::COUNT_STRINGS, 0, 0), Nothing),
            Self::NameOf(n) => read(make(op::COUNTED, n, 1), Whole),
            Self::CpusIn(n) => read(make(op::COUNTED, n, 1), Nothing),
            Self::AddressIn(n) => read(make(op::COUNTED, n, 1), Address),
            Self::SockoptIn(n) => read(make(op::COUNTED, n, 1), SocketOption),
            Self::GroupsIn(n) => read(make(op::COUNTED, n, 4), Nothing),
            Self::SemopsIn(n) => read(make(op::COUNTED, n, 6), Nothing),
            Self::PollFds(n) => both(make(op::COUNTED, n, 8)),
            Self::BytesIn(n) => read(make(op::PAYLOAD_IN, n, 1), Whole),
            Self::LogBytes(n) => read(on(when::LOG, make(op::PAYLOAD_IN, n, 1)), Whole),
            Self::VecIn(n) => read(make(op::VECTOR, n, 16), Vector),
            Self::LogVec(n) => read(on(when::LOG, make(op::VECTOR, n, 16)), Vector),
            Self::MessageIn => read(make(op::MESSAGE, 0, 56), Vector),
            // The bytes behind it are a mask of signals.
            Self::In(Shape::SigmaskBox) => read(make(op::BOXED, 0, 16), Nothing),
            Self::In(what) => read(shape(what), Nothing),
            Self::FrameMask => read(Op { offset: arch.frame_mask(), ..make(op::FRAME, 0, 8) }, Nothing),
            Self::InSized(_, n) => read(make(op::COUNTED, n, 1), Nothing),
            Self::InOut(what) => both(shape(what)),
            Self::Remaining => written_always(on(when::INTERRUPTED, shape(Shape::Timespec)), Nothing),
            Self::FdSets => both(make(op::FD_SETS, 0, 0)),
            // Names of files are not kept, only how many there are.
            Self::Entries => written(make(op::COUNT_ENTRIES, 0, 0), Nothing),
            Self::AddressLen(n) | Self::SockoptLen(n) => written_always(make(op::LENGTH, n, 4), Nothing),
            Self::Offset => written_always(make(op::OFFSET, 0, 8), Nothing),
            // The call writes into each how many bytes it took.
            Self::MessagesIn(n) => written(make(op::MESSAGES, n, 64), Vector),
            Self::MessagesOut(n) => written(make(op::MESSAGES_OUT, n, 64), Vector),
            Self::Out(what) => written(shape(what), Nothing),
            Self::PathOut | Self::LinkOut => written(make(op::RETURNED, 0, 1), Whole),
            Self::CpusOut => written(make(op::RETURNED, 0, 1), Nothing),
            Self::GroupsOut => written(make(op::RETURNED, 0, 4), Nothing),
            Self::EpollEventsOut => written(make(op::RETURNED, 0, arch.epoll_event_bytes()), Nothing),
            Self::BytesOut => written(make(op::PAYLOAD_OUT, 0, 1), Whole),
            Self::VecOut(n) => written(make(op::VECTOR_OUT, n, 16), Vector),
            // Of one that was not received the length of its name counts.
            Self::MessageOut => written_always(make(op::MESSAGE_OUT, 0, 56), Vector),
            Self::AddressOut(n) => written(make(op::ADDRESS_OUT, n, 1), Address),
            Self::SockoptOut(n) => written(make(op::ADDRESS_OUT, n, 1), SocketOption),
        }
    }

    /// Whether its text is known only when the call has returned.
    #[must_use]
    pub fn is_out(self) -> bool {
        self.pointee(0, Arch::X86_64).direction == Direction::Out
    }
}
