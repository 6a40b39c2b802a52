//! The kinds of events: what happens besides calls. Each kind is a file that says all of how it reads
//! ([`EventKind`]), and a line in the list below, of which [`Record`] and [`What`] are made.
//!
//! To add one: its shape in `agent-common/src/record.rs`, its hook in `agent-ebpf/src/hooks/` (and the `mod`
//! line), its file here, and its line in the list.

pub mod connection;
mod descriptor;
#[cfg(test)]
mod dummy;
mod exec;
mod exit;
mod fork;
mod json;
mod kind;
mod list;
mod listen;
pub mod oom_kill;
mod process;
pub(crate) mod signal;
mod signal_sent;
pub mod socket_message;

pub use connection::Connection;
pub use descriptor::Descriptor;
pub use exec::Exec;
pub use exit::Exit;
pub use fork::Fork;
pub use json::JsonLine;
pub(crate) use json::Who;
pub use kind::{Context, EventKind, Notice, Timing, WithBlobs};
pub use listen::Listen;
pub use oom_kill::OomKill;
pub use signal::Signal;
pub use signal_sent::SignalSent;
pub use socket_message::SocketMessage;

use crate::call::{Call, parse as parse_call};
use crate::malformed::Malformed;
use kind::Parse;
use rewind_common::record::{Kind, RecordHeader, Task};
use zerocopy::FromBytes as _;

list::event_kinds! {
    /// A thread's end.
    Exit(Exit),
    /// A signal was delivered.
    Signal(Signal),
    /// A signal was sent.
    SignalSent(SignalSent),
    /// The OOM killer chose its process.
    OomKill(OomKill),
    /// It made a process or a thread.
    Fork(Fork),
    /// Its process runs another program.
    Exec(Exec<'a>),
    /// A descriptor was open already.
    Descriptor(Descriptor<'a>),
    /// A TCP connection came to be, ended, or did not come to be.
    Connection(Connection),
    /// A TCP socket listens.
    Listen(Listen),
    /// A socket carried a message of HTTP/1 or DNS.
    SocketMessage(SocketMessage<'a>),
    /// For the tests of this list.
    #[cfg(test)]
    Dummy(dummy::Dummy<'a>),
}

/// Which kinds belong together: what is asked for at once.
pub mod kinds {
    /// TCP connections.
    pub const TCP: &[&str] = &["connection", "listen"];
    /// Lookups of names.
    pub const DNS: &[&str] = &["dns"];
    /// Requests and responses.
    pub const HTTP: &[&str] = &["http"];
    /// Processes and programs.
    pub const EXEC: &[&str] = &["exec", "fork", "exit"];
    /// Signals and kills.
    pub const SIGNALS: &[&str] = &["signal", "signal_sent", "oom_kill"];
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It returned; its result is known.
    Returned,
    /// Its thread died in it.
    Died,
    /// The thread was still in it when the recording was read.
    InFlight,
    /// The same, and it was in it already when the recording began: that is `start_ns` of the event, for when
    /// it called is not known.
    InProgress,
    /// It returned, but the record of that is gone: result and duration are not known.
    Lost,
}

impl Outcome {
    /// Whether a thread was in the call when the recording was read.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::InFlight | Self::InProgress)
    }

    /// Whether the text of the call is that of its start: its arguments, as far as they were known then.
    #[must_use]
    pub const fn is_start(self) -> bool {
        matches!(self, Self::InFlight | Self::Died | Self::Lost)
    }
}

const CALL: u8 = Kind::Call as u8;
const ENTER: u8 = Kind::Enter as u8;
const IN_PROGRESS: u8 = Kind::InProgress as u8;
const TASK: u8 = Kind::Task as u8;

impl Record<'_> {
    /// When it was written; 0 for one of an unknown kind.
    #[must_use]
    pub fn time_ns(&self) -> u64 {
        match self {
            Self::Call(call) => call.end_ns(),
            Self::Enter(call) | Self::InProgress(call) => call.start_ns,
            Self::Task(task) => task.time_ns,
            event => event.as_event().map_or(0, EventKind::end_ns),
        }
    }
}
