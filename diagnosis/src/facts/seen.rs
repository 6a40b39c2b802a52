//! One call among the events, and what is known around it: what each part of the facts is shown.

use crate::calls::{self, bits};
use crate::text::descriptor;
use rewind_recording::call::Call;
use rewind_recording::decode::descriptors::Table;
use rewind_recording::decode::{self, Invocation};
use rewind_recording::event::{Event, Outcome};
use rewind_recording::filter::failed;
use rewind_recording::syscalls::{Arch, Row};
use std::borrow::Cow;

/// The flag by which a path is opened to be no more than named (`asm-generic/fcntl.h`).
const O_PATH: u64 = 0o10_000_000;

/// A call, and what is known around it.
pub(super) struct Seen<'c, 'a> {
    pub(super) index: usize,
    pub(super) event: &'c Event<'a>,
    pub(super) tgid: u32,
    pub(super) invocation: &'c Invocation<'a>,
    pub(super) outcome: Outcome,
    pub(super) name: &'c Cow<'static, str>,
    /// The descriptors before the call.
    pub(super) table: Option<&'c Table>,
    pub(super) arch: Arch,
    /// Until when it goes on.
    pub(super) until_ns: u64,
}

impl<'a> Seen<'_, 'a> {
    /// The call without what was recorded at its start.
    pub(super) fn call(&self) -> &Call<'a> {
        &self.invocation.call
    }

    /// Its row; `None` where this version does not know it.
    pub(super) fn row(&self) -> Option<&'static Row> {
        decode::row(self.call(), self.arch)
    }

    /// Whether the call of its name has any of `bits`.
    pub(super) fn has(&self, bits: u64) -> bool {
        calls::has(self.name, bits)
    }

    /// Its errno, if it has returned one.
    pub(super) fn errno(&self) -> Option<u16> {
        self.call().errno().filter(|_| self.has_returned())
    }

    pub(super) fn has_returned(&self) -> bool {
        self.outcome == Outcome::Returned
    }

    pub(super) fn has_succeeded(&self) -> bool {
        self.has_returned() && self.call().errno().is_none()
    }

    /// Whether something looks wrong with its result, and the result is its own.
    pub(super) fn has_failed(&self) -> bool {
        failed(self.call()) && !self.has(bits::RESTORES)
    }

    /// Whether it takes a lock on a file, or gives it up.
    pub(super) fn locks_file(&self) -> bool {
        decode::bits(self.call(), self.arch) & bits::LOCKS_FILE != 0
    }

    /// Whether it only looks whether a path is there, as it opens it for nothing else.
    pub(super) fn is_look(&self) -> bool {
        self.has(bits::OPENS) && calls::opens_with(self.name, self.call(), O_PATH)
    }

    /// The descriptor that it is on, as its first argument.
    pub(super) fn descriptor(&self) -> i32 {
        descriptor(self.call())
    }
}
