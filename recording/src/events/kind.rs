//! What a kind of events says of itself. Everything that shows, filters, redacts or joins events asks this,
//! and knows no kind by name.

use super::json::JsonLine;
use crate::blobs::{Blobs, Bytes, TextSpan};
use crate::origin::Origins;
use crate::task::Pids;
use rewind_common::record::EventRecord;
use std::io;
use std::net::SocketAddr;
use zerocopy::FromBytes;

/// An event of some kind.
pub trait EventKind {
    /// The kind, as the JSON line has it.
    fn name(&self) -> &'static str;

    /// The thread that it happened to, as the host numbers it.
    fn tid(&self) -> u32;

    /// The process, as the host numbers it; `None` where only who the thread is tells it.
    fn tgid(&self) -> Option<u32>;

    /// When its record was written: when it ended. `CLOCK_MONOTONIC`, nanoseconds.
    fn end_ns(&self) -> u64;

    /// When it began, for what takes time.
    fn start_ns(&self) -> u64 {
        self.end_ns()
    }

    /// Where among the calls of its thread it may happen.
    fn timing(&self) -> Timing;

    /// Appends what happened in words, on one line. What strace has a line for ([`Self::is_in_strace`]), as
    /// strace writes it.
    fn write_text(&self, out: &mut String, context: &Context<'_>);

    /// Writes the JSON line with the fields of this kind, usually with the words as `text`.
    ///
    /// # Errors
    /// Those of the output.
    fn write_json(&self, line: JsonLine<'_>, context: &Context<'_>) -> io::Result<()>;

    /// Whether strace has a line for it.
    fn is_in_strace(&self) -> bool {
        false
    }

    /// Whether it is shown: some are there only for what they tell of others.
    fn is_shown(&self) -> bool {
        true
    }

    /// How much it stands out in a table.
    fn notice(&self) -> Notice {
        Notice::Plain
    }

    /// The cgroup of another process that it names, so that the header explains whose that is.
    fn other_cgroup(&self) -> Option<u64> {
        None
    }

    /// The other end of the connection that it tells of.
    fn peer(&self) -> Option<SocketAddr> {
        None
    }

    /// The blobs behind its shape.
    fn blobs(&self) -> Option<Blobs<'_>> {
        None
    }

    /// What of a blob is text, in which redaction looks for secrets.
    fn text_of(&self, _blob: &Bytes<'_>) -> Option<TextSpan> {
        None
    }

    /// What happened in words.
    fn text(&self, context: &Context<'_>) -> String {
        let mut text = String::new();
        self.write_text(&mut text, context);
        text
    }
}

/// Where among the calls of its thread an event may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timing {
    /// Between calls only: a call that the thread was in is over.
    BetweenCalls,
    /// Within a call as well: the thread does it, or meets it.
    WithinCalls,
    /// At any moment: it is done to the thread from outside, whatever the thread does.
    AnyMoment,
}

/// How much an event stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// Not at all.
    Plain,
    /// It may matter.
    Notable,
    /// Something has failed.
    Bad,
}

/// What the words of an event depend on besides the event.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c> {
    /// Whose other cgroups are.
    pub origins: &'c Origins,
    /// Whose numbers processes and threads are shown by.
    pub pids: Pids,
}

/// How a record becomes an event. Shapes have it by their [`EventRecord`].
pub(super) trait Parse<'a>: Sized {
    /// What stands in the record's header.
    const KIND: u8;

    /// Parses a whole record, header and all; `None` if it is too short.
    fn parse(record: &'a [u8]) -> Option<Self>;
}

impl<T: EventRecord + FromBytes> Parse<'_> for T {
    const KIND: u8 = T::KIND;

    fn parse(record: &[u8]) -> Option<Self> {
        T::read_from_prefix(record).ok().map(|(shape, _)| shape)
    }
}

/// A shape with blobs behind it: what is of variable length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WithBlobs<'a, T> {
    /// The shape.
    pub fixed: T,
    /// What stands behind it.
    pub blobs: Blobs<'a>,
}

impl<'a, T: EventRecord + FromBytes> Parse<'a> for WithBlobs<'a, T> {
    const KIND: u8 = T::KIND;

    fn parse(record: &'a [u8]) -> Option<Self> {
        T::read_from_prefix(record).ok().map(|(fixed, rest)| Self { fixed, blobs: Blobs::new(rest) })
    }
}
