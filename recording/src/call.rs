//! A system call as it was recorded.

mod refusal;

pub use refusal::{Refusal, RefusedBy};

use crate::blobs::{Blobs, Bytes};
use crate::malformed::Malformed;
use rewind_common::call::{self, args, flags, part};
use zerocopy::FromBytes as _;

/// A system call as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// The thread, as the host numbers it.
    pub tid: u32,
    /// The number in the table of its ABI.
    pub nr: u16,
    /// [`rewind_common::call::flags`].
    pub flags: u8,
    /// Entry: `CLOCK_MONOTONIC`, nanoseconds. Of a refused call the return.
    pub start_ns: u64,
    /// From entry to return; 0 of a refused call, of which nobody knows.
    pub duration_ns: u64,
    /// That something answered it before the kernel began it. `None`: the kernel began it.
    pub refusal: Option<Refusal>,
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

impl Call<'_> {
    /// Whether its result is what something gave as its answer: it has returned, and not as the program had
    /// called it.
    #[must_use]
    pub fn has_result(&self) -> bool {
        !self.is_unfinished() && !self.refusal.is_some_and(Refusal::is_signal)
    }

    /// That something else than the kernel answered it, in a few words: `refused by a seccomp filter`. `None`:
    /// the kernel did.
    #[must_use]
    pub fn refusal_words(&self) -> Option<String> {
        let refusal = self.refusal?;
        let by = refusal.by().words();
        Some(if self.is_unfinished() {
            format!("killed for it by {by}")
        } else if refusal.is_signal() {
            format!("SIGSYS for it by {by}")
        } else if self.errno().is_some() {
            format!("refused by {by}")
        } else {
            format!("answered by {by}")
        })
    }
}

/// Parses the record of a call, header and all.
pub(crate) fn parse(record: &[u8]) -> Result<Call<'_>, Malformed> {
    let (fixed, mut rest) = call::Call::read_from_prefix(record).map_err(|_| Malformed::Short)?;
    let mut word = || -> Result<u32, Malformed> {
        let (word, behind) = u32::read_from_prefix(rest).map_err(|_| Malformed::Short)?;
        rest = behind;
        Ok(word)
    };
    let is_refused = fixed.header.flags & flags::REFUSED != 0;
    let refusal = is_refused.then_some(Refusal::new(fixed.duration_ns));
    let mut duration_ns = if is_refused { 0 } else { u64::from(fixed.duration_ns) };
    if fixed.header.flags & flags::LONG != 0 {
        duration_ns |= u64::from(word()?) << 32;
    }
    let mut result = i64::from(fixed.result.cast_signed());
    if fixed.header.flags & flags::WIDE_RESULT != 0 {
        result = (u64::from(fixed.result) | u64::from(word()?) << 32).cast_signed();
    }
    let mut count = args::count(fixed.args);
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
    let (mut nr, blobs) = (fixed.nr, Blobs::new(rest));
    if nr == SOCKETCALL
        && fixed.header.flags & flags::COMPAT != 0
        && let Some((direct, words)) = socketcall(values[0], blobs)
    {
        (nr, count) = (direct, words.len().min(6));
        valued = (1 << count) - 1;
        for (value, word) in values.iter_mut().zip(words) {
            *value = u64::from(u32::from_le_bytes(*word));
        }
    }
    Ok(Call {
        tid: fixed.header.tid,
        nr,
        flags: fixed.header.flags,
        start_ns: fixed.start_ns,
        duration_ns,
        refusal,
        result,
        count: count as u8,
        valued,
        values,
        blobs,
    })
}

/// `socketcall` of 32-bit x86 (`asm/unistd_32.h`), whose arguments stand in memory.
const SOCKETCALL: u16 = 102;

/// What a `socketcall` is: the number of the call itself in that table, and its arguments; of those whose
/// arguments are copied (`linux/net.h`).
fn socketcall(command: u64, mut blobs: Blobs<'_>) -> Option<(u16, &[[u8; 4]])> {
    let direct = match command {
        1 => 359,
        2 => 361,
        3 => 362,
        4 => 363,
        11 => 369,
        _ => return None,
    };
    let words = blobs.find(|blob| blob.part == part::VECTOR && blob.pointer().is_none())?;
    Some((direct, words.bytes.as_chunks().0))
}
