//! One recorded call -> the text that `strace` would have printed for it.
//!
//! Pure functions: no clock, no kernel, no state but what is handed in. Any bytes give text, never
//! a panic. What the record does not hold is shown as its address, or left out; it is never guessed.

mod address;
mod argument;
mod command;
pub mod descriptors;
pub mod errno;
mod files;
mod futex;
mod message;
mod packed;
mod process;
mod register;
mod result;
mod shape;
mod signal;
mod special;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod waiting;

pub use errno::{errno_name, errno_text};
pub use result::write_result;
pub use signal::{signal_name, write_exit, write_signal};

use crate::blobs::Bytes;
use crate::call::Call;
use crate::escape;
use crate::syscalls::arg::ArgKind;
use crate::syscalls::{self, Arch, Row};
use rewind_common::call::{flags, part};
use std::borrow::Cow;
use std::fmt::Write as _;
use zerocopy::FromBytes as _;

/// A call with what was copied when it started.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// The record of the call.
    pub call: Call<'a>,
    /// The record of its start ([`rewind_common::record::Kind::Enter`]), where it has one and it is
    /// still held. Without it, what was copied then is shown as addresses.
    pub enter: Option<Call<'a>>,
}

/// How the text is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whose numbers and layouts the record has.
    pub arch: Arch,
    /// Bytes shown of a string that is not a path (`strace -s`).
    pub string_bytes: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { arch: Arch::default(), string_bytes: 32 }
    }
}

/// The row of a call, where the table of its ABI has one.
#[must_use]
pub fn row(call: &Call<'_>, arch: Arch) -> Option<&'static Row> {
    match (call.is_compat(), call.is_x32()) {
        (false, false) => syscalls::by_number(arch, call.nr),
        (true, _) => syscalls::compat::row_of(arch, call.nr),
        (false, true) => None,
    }
}

/// What argument `i` of a call means; of a call that is many in one, what it means to its command.
#[must_use]
pub fn kind(call: &Call<'_>, i: usize, arch: Arch) -> Option<ArgKind> {
    row(call, arch)?.kind(i, |of| call.value(of))
}

/// The [`syscalls::bits`] of a call, and of its command where it is many in one.
#[must_use]
pub fn bits(call: &Call<'_>, arch: Arch) -> u64 {
    row(call, arch).map_or(0, |row| row.bits | row.command(|of| call.value(of)).map_or(0, |command| command.bits))
}

/// The name of a call: `openat`, or `syscall_0x1d5` where there is none.
#[must_use]
pub fn name(call: &Call<'_>, arch: Arch) -> Cow<'static, str> {
    if let Some(row) = row(call, arch) {
        return Cow::Borrowed(row.name);
    }
    if call.is_x32() {
        return Cow::Owned(format!("syscall_x32_{}", call.nr));
    }
    if call.is_compat() {
        return match (arch, syscalls::compat::name(call.nr)) {
            (Arch::X86_64, Some(name)) => Cow::Borrowed(name),
            _ => Cow::Owned(format!("syscall32_{}", call.nr)),
        };
    }
    Cow::Owned(format!("syscall_{:#x}", call.nr))
}

/// Writes the arguments, without the parentheses. The text of descriptors, where a table is given,
/// is the table's at this moment.
pub fn write_arguments(
    out: &mut String,
    invocation: &Invocation<'_>,
    style: &Style,
    descriptors: Option<&descriptors::Table>,
) {
    Printer::new(out, invocation, style, descriptors).arguments(Half::Both);
}

/// Writes the arguments that are known when the call starts, and the comma behind them if others
/// follow: what stands before ` <unfinished ...>`.
pub fn entry_arguments(
    out: &mut String,
    invocation: &Invocation<'_>,
    style: &Style,
    descriptors: Option<&descriptors::Table>,
) {
    Printer::new(out, invocation, style, descriptors).arguments(Half::Entry);
}

/// Writes the arguments that [`entry_arguments`] has left: what stands behind `resumed>`.
pub fn exit_arguments(
    out: &mut String,
    invocation: &Invocation<'_>,
    style: &Style,
    descriptors: Option<&descriptors::Table>,
) {
    Printer::new(out, invocation, style, descriptors).arguments(Half::Exit);
}

/// The first path among the arguments, as kept text ([`crate::escape`]).
#[must_use]
pub fn path<'a>(invocation: &Invocation<'a>, arch: Arch) -> Option<Cow<'a, str>> {
    let row = row(&invocation.call, arch)?;
    path_argument(invocation, row.args.iter().position(is_path)?)
}

/// All paths among the arguments that are known, in their order.
pub fn paths<'a>(invocation: &Invocation<'a>, arch: Arch) -> impl Iterator<Item = Cow<'a, str>> {
    let args = row(&invocation.call, arch).map_or(&[][..], |row| row.args);
    let places = args.iter().enumerate().filter(|(_, kind)| is_path(kind));
    places.filter_map(|(i, _)| path_argument(invocation, i))
}

const fn is_path(kind: &ArgKind) -> bool {
    matches!(kind, ArgKind::Path | ArgKind::PathOrNull | ArgKind::PathOut)
}

/// The socket address that a call is given, in a word: `127.0.0.1:80`, `[::1]:80`, `/run/x.sock`.
#[must_use]
pub fn peer(invocation: &Invocation<'_>, arch: Arch) -> Option<String> {
    let row = row(&invocation.call, arch)?;
    let i = row.args.iter().position(|kind| matches!(kind, ArgKind::AddressIn(_)))?;
    let blobs = [invocation.enter, Some(invocation.call)].into_iter().flatten();
    let found = blobs.filter_map(|call| call.blob(i, part::WHOLE)).find(|blob| blob.pointer().is_none());
    address::peer(&found?)
}

/// The string that argument `i` points to.
pub(crate) fn path_argument<'a>(invocation: &Invocation<'a>, i: usize) -> Option<Cow<'a, str>> {
    let blob = invocation
        .enter
        .and_then(|enter| enter.blob(i, part::WHOLE))
        .or_else(|| invocation.call.blob(i, part::WHOLE))
        .filter(|blob| blob.pointer().is_none())?;
    Some(escape::text_of(blob.readable(text::until_nul(blob.bytes).0)))
}

/// Which arguments to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Both,
    Entry,
    Exit,
}

/// What is known of the memory that an argument points to.
#[derive(Clone, Copy)]
enum Pointee<'a> {
    /// Its bytes.
    Bytes(Bytes<'a>),
    /// Where it is.
    Pointer(u64),
    /// Nothing.
    Lost,
}

/// Writes the parts of one call.
struct Printer<'p, 'a> {
    out: &'p mut String,
    call: &'p Call<'a>,
    enter: Option<&'p Call<'a>>,
    row: Option<&'static Row>,
    style: &'p Style,
    descriptors: Option<&'p descriptors::Table>,
}

impl<'p, 'a> Printer<'p, 'a> {
    fn new(
        out: &'p mut String,
        invocation: &'p Invocation<'a>,
        style: &'p Style,
        descriptors: Option<&'p descriptors::Table>,
    ) -> Self {
        let call = &invocation.call;
        Self { out, call, enter: invocation.enter.as_ref(), row: row(call, style.arch), style, descriptors }
    }

    /// The register of argument `i`, also where a blob holds it. At entry first: a call that replaces
    /// the image returns with other registers.
    fn value(&self, i: usize) -> Option<u64> {
        let of = |call: &Call<'a>| call.value(i).or_else(|| call.blob(i, part::WHOLE).and_then(|blob| blob.pointer()));
        self.enter.and_then(of).or_else(|| if self.lost_registers() { None } else { of(self.call) })
    }

    /// Whether the registers in the record are not those that the call was made with: `execve` has
    /// succeeded (the kernel clears them), and the record of its start is gone.
    fn lost_registers(&self) -> bool {
        self.enter.is_none()
            && self.call.flags & flags::ENTERED != 0
            && self.call.result == 0
            && self.row.is_some_and(|row| matches!(row.args, [.., ArgKind::Envp] | [.., ArgKind::Envp, _]))
    }

    /// The memory as the call found it.
    fn before(&self, i: usize, part: u8) -> Pointee<'a> {
        self.memory(i, self.enter.and_then(|enter| enter.blob(i, part)).or_else(|| self.call.blob(i, part)))
    }

    /// The memory as the call left it.
    fn after(&self, i: usize, part: u8) -> Pointee<'a> {
        self.memory(i, self.call.blob(i, part))
    }

    fn memory(&self, i: usize, blob: Option<Bytes<'a>>) -> Pointee<'a> {
        match blob {
            Some(blob) => blob.pointer().map_or(Pointee::Bytes(blob), Pointee::Pointer),
            None => self.value(i).map_or(Pointee::Lost, Pointee::Pointer),
        }
    }

    /// Whether the call has returned without an error.
    fn succeeded(&self) -> bool {
        self.call.errno().is_none() && self.call.has_result()
    }

    fn unfinished(&self) -> bool {
        self.call.flags & flags::UNFINISHED != 0
    }

    fn arguments(&mut self, half: Half) {
        let Some(row) = self.row else {
            if half != Half::Exit {
                self.raw_arguments();
                self.mark_compat();
            }
            return;
        };
        if matches!(row.args.first(), Some(ArgKind::Clone)) {
            return self.clone_arguments(half);
        }
        let mut kinds = [ArgKind::Hidden; 6];
        for (i, kind) in kinds.iter_mut().enumerate().take(row.args.len()) {
            *kind = row.kind(i, |of| self.value(of)).unwrap_or(ArgKind::Hidden);
        }
        let kinds = kinds.get(..row.args.len()).unwrap_or_default();
        let split = kinds.iter().position(|kind| kind.is_out() && self.is_shown(*kind));
        let split = split.unwrap_or(kinds.len());
        let (from, to) = match half {
            Half::Both => (0, kinds.len()),
            Half::Entry => (0, split),
            Half::Exit => (split, kinds.len()),
        };
        let mut first = true;
        for (i, &kind) in kinds.iter().enumerate().take(to).skip(from) {
            if !self.is_shown(kind) {
                continue;
            }
            if !first {
                self.out.push_str(", ");
            }
            first = false;
            self.argument(i, kind);
        }
        if half == Half::Entry && split < kinds.len() {
            if !first {
                self.out.push_str(", ");
            }
        } else {
            self.mark_compat();
        }
    }

    /// Says of a call that it is one of the 32-bit table.
    fn mark_compat(&mut self) {
        if self.call.is_compat() {
            self.out.push_str(" /* 32-bit */");
        }
    }

    /// The arguments of a call without a row.
    fn raw_arguments(&mut self) {
        for i in 0..usize::from(self.call.count) {
            if i > 0 {
                self.out.push_str(", ");
            }
            match self.value(i) {
                Some(value) => text::hex(self.out, value),
                None => self.out.push('?'),
            }
        }
    }

    /// Where something is, and how many elements it has: the elements themselves are not recorded.
    fn counted(&mut self, i: usize, one: &str, many: &str) {
        let memory = self.before(i, part::WHOLE);
        let Pointee::Bytes(blob) = memory else { return self.address_of(memory) };
        let Ok((pointer, rest)) = u64::read_from_prefix(blob.bytes) else { return self.address_of(memory) };
        text::pointer(self.out, pointer);
        let Ok((count, _)) = u32::read_from_prefix(rest) else { return };
        let more = if blob.is_cut() { ", at least" } else { "" };
        let noun = if count == 1 { one } else { many };
        let _ = write!(self.out, " /* {count} {noun}{more} */");
    }

    /// The text of a memory whose bytes are not known: its address. `{...}` where the record holds bytes
    /// in its place that are no object of the expected kind, `?` where it holds nothing.
    fn address_of(&mut self, memory: Pointee<'_>) {
        match memory {
            Pointee::Pointer(pointer) => text::pointer(self.out, pointer),
            Pointee::Bytes(_) => self.out.push_str("{...}"),
            Pointee::Lost => self.out.push('?'),
        }
    }
}
