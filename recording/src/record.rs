//! Bytes of a ring -> records. Any bytes give records or an error value, never a panic.

use rewind_common::call::{self, args, blob_flags, flags};
use rewind_common::record::{self as wire, Kind, RecordHeader};
use zerocopy::FromBytes;

mod blobs;
mod exec;
mod oom;

pub use blobs::Blobs;
pub use exec::Exec;
pub use oom::Limits;

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Fewer bytes than a header, or than the header says.
    #[error("record is cut short")]
    Short,
    /// A length that is not a multiple of four, or smaller than what the kind needs.
    #[error("record of kind {kind} has the impossible length {len}")]
    Length {
        /// The kind.
        kind: u8,
        /// The length it claims.
        len: u16,
    },
    /// A call with more than six arguments.
    #[error("call has more than six arguments")]
    Arguments,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A system call that has returned, or never will.
    Call(Call<'a>),
    /// The start of a system call, see [`Kind::Enter`].
    Enter(Call<'a>),
    /// A call older than the recording, see [`Kind::InProgress`].
    InProgress(Call<'a>),
    /// Who a thread is.
    Task(wire::Task),
    /// A thread's end.
    Exit(wire::Exit),
    /// A delivered signal.
    Signal(wire::Signal),
    /// A signal that was sent.
    SignalSent(wire::SignalSent),
    /// The OOM killer chose a process.
    OomKill(wire::OomKill),
    /// A process or thread was made.
    Fork(wire::Fork),
    /// A process runs another program.
    Exec(Exec<'a>),
    /// A kind that this version does not know; skipped, and counted by who reads.
    Unknown(RecordHeader),
}

impl Record<'_> {
    /// When it was written; 0 for one of an unknown kind.
    #[must_use]
    pub const fn time_ns(&self) -> u64 {
        match self {
            Self::Call(call) => call.end_ns(),
            Self::Enter(call) | Self::InProgress(call) => call.start_ns,
            Self::Task(task) => task.time_ns,
            Self::Exit(exit) => exit.time_ns,
            Self::Signal(signal) => signal.time_ns,
            Self::SignalSent(sent) => sent.time_ns,
            Self::OomKill(kill) => kill.time_ns,
            Self::Fork(fork) => fork.time_ns,
            Self::Exec(exec) => exec.fixed.time_ns,
            Self::Unknown(_) => 0,
        }
    }
}

/// A system call as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// The thread, as the host numbers it.
    pub tid: u32,
    /// The number in the table of its ABI.
    pub nr: u16,
    /// [`rewind_common::call::flags`].
    pub flags: u8,
    /// Entry: `CLOCK_MONOTONIC`, nanoseconds.
    pub start_ns: u64,
    /// From entry to return.
    pub duration_ns: u64,
    /// What it returned: a value, or a negated errno.
    pub result: i64,
    /// How many arguments it has.
    pub count: u8,
    /// Bit i: the value of argument i is in `values`. Clear: a blob stands for it.
    pub valued: u8,
    /// The arguments' registers, where `valued`.
    pub values: [u64; 6],
    /// What the arguments pointed to.
    pub blobs: Blobs<'a>,
}

impl<'a> Call<'a> {
    /// Whether a thread died in it.
    #[must_use]
    pub const fn is_unfinished(&self) -> bool {
        self.flags & flags::UNFINISHED != 0
    }

    /// Whether it is a call of the 32-bit table.
    #[must_use]
    pub const fn is_compat(&self) -> bool {
        self.flags & flags::COMPAT != 0
    }

    /// Whether it is a call of the x32 ABI.
    #[must_use]
    pub const fn is_x32(&self) -> bool {
        self.flags & flags::X32 != 0
    }

    /// When it returned (or when the thread died in it).
    #[must_use]
    pub const fn end_ns(&self) -> u64 {
        self.start_ns.saturating_add(self.duration_ns)
    }

    /// The errno, positive, if it failed (`-4095..=-1`, `include/linux/err.h`).
    #[must_use]
    pub const fn errno(&self) -> Option<u16> {
        match self.result {
            -4095..=-1 if !self.is_unfinished() => Some(-self.result as u16),
            _ => None,
        }
    }

    /// The value of argument `i`, where the record holds one.
    #[must_use]
    pub fn value(&self, i: usize) -> Option<u64> {
        (i < 6 && self.valued >> i & 1 == 1).then(|| self.values[i])
    }

    /// The blob of part `part` of argument `i`.
    #[must_use]
    pub fn blob(&self, i: usize, part: u8) -> Option<Bytes<'a>> {
        self.blobs.clone().find(|b| b.arg == i && b.part == part)
    }
}

/// The bytes of one blob, and how they came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes<'a> {
    /// The argument, 0 to 7 (more than 5 belongs to nothing and is ignored).
    pub arg: usize,
    /// [`rewind_common::call::part`].
    pub part: u8,
    /// [`rewind_common::call::blob_flags`].
    pub flags: u8,
    /// The content.
    pub bytes: &'a [u8],
}

impl Bytes<'_> {
    /// The pointer, where the blob holds it in place of what it points to (unread).
    #[must_use]
    pub fn pointer(&self) -> Option<u64> {
        if self.flags & blob_flags::UNREAD == 0 {
            return None;
        }
        u64::read_from_prefix(self.bytes).ok().map(|(pointer, _)| pointer)
    }

    /// Whether there was more than what is kept.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.flags & blob_flags::CUT != 0
    }
}

/// Takes the first record off `bytes`: the record, and what stands behind it.
///
/// # Errors
/// [`Malformed`]; what follows cannot be found then.
pub fn first(bytes: &[u8]) -> Result<(Record<'_>, &[u8]), Malformed> {
    let (header, _) = RecordHeader::read_from_prefix(bytes).map_err(|_| Malformed::Short)?;
    let len = usize::from(header.len);
    let wrong_length = Malformed::Length { kind: header.kind, len: header.len };
    if len < size_of::<RecordHeader>() || !len.is_multiple_of(4) {
        return Err(wrong_length);
    }
    let (record, rest) = bytes.split_at_checked(len).ok_or(Malformed::Short)?;
    let record = match Kind::try_from(header.kind) {
        Ok(Kind::Call) => Record::Call(call(record)?),
        Ok(Kind::Enter) => Record::Enter(call(record)?),
        Ok(Kind::InProgress) => Record::InProgress(call(record)?),
        Ok(Kind::Task) => Record::Task(shape(record).ok_or(wrong_length)?),
        Ok(Kind::Exit) => Record::Exit(shape(record).ok_or(wrong_length)?),
        Ok(Kind::Signal) => Record::Signal(shape(record).ok_or(wrong_length)?),
        Ok(Kind::SignalSent) => Record::SignalSent(shape(record).ok_or(wrong_length)?),
        Ok(Kind::OomKill) => Record::OomKill(shape(record).ok_or(wrong_length)?),
        Ok(Kind::Fork) => Record::Fork(shape(record).ok_or(wrong_length)?),
        Ok(Kind::Exec) => {
            let (fixed, rest) = wire::Exec::read_from_prefix(record).map_err(|_| wrong_length)?;
            Record::Exec(Exec { fixed, blobs: Blobs::new(rest) })
        }
        Err(_) => Record::Unknown(header),
    };
    Ok((record, rest))
}

/// All records of `bytes`, up to the first malformed one, which comes last as an error.
pub fn all(bytes: &[u8]) -> impl Iterator<Item = Result<Record<'_>, Malformed>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        match first(rest) {
            Ok((record, behind)) => {
                rest = behind;
                Some(Ok(record))
            }
            Err(malformed) => {
                rest = &[];
                Some(Err(malformed))
            }
        }
    })
}

fn shape<T: FromBytes>(record: &[u8]) -> Option<T> {
    T::read_from_prefix(record).ok().map(|(shape, _)| shape)
}

fn call(record: &[u8]) -> Result<Call<'_>, Malformed> {
    let (fixed, mut rest) = call::Call::read_from_prefix(record).map_err(|_| Malformed::Short)?;
    let mut word = || -> Result<u32, Malformed> {
        let (word, behind) = u32::read_from_prefix(rest).map_err(|_| Malformed::Short)?;
        rest = behind;
        Ok(word)
    };
    let mut duration_ns = u64::from(fixed.duration_ns);
    if fixed.header.flags & flags::LONG != 0 {
        duration_ns |= u64::from(word()?) << 32;
    }
    let mut result = i64::from(fixed.result.cast_signed());
    if fixed.header.flags & flags::WIDE_RESULT != 0 {
        result = (u64::from(fixed.result) | u64::from(word()?) << 32).cast_signed();
    }
    let count = args::count(fixed.args);
    if count > 6 {
        return Err(Malformed::Arguments);
    }
    let (mut values, mut valued) = ([0; 6], 0);
    for (i, value) in values.iter_mut().enumerate().take(count) {
        if args::is_blob(fixed.args, i) {
            continue;
        }
        valued |= 1 << i;
        *value = u64::from(word()?);
        if args::is_wide(fixed.args, i) {
            *value |= u64::from(word()?) << 32;
        }
    }
    Ok(Call {
        tid: fixed.header.tid,
        nr: fixed.nr,
        flags: fixed.header.flags,
        start_ns: fixed.start_ns,
        duration_ns,
        result,
        count: count as u8,
        valued,
        values,
        blobs: Blobs::new(rest),
    })
}
