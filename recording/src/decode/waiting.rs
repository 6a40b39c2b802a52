//! Waiting for descriptors: what `poll` and `select` wait for, and what was ready.

use super::message::ELEMENTS;
use super::text::{self, decimal, flags};
use super::{Pointee, Printer, shape, signal};
use crate::blobs::Bytes;
use crate::syscalls::Arch;
use crate::syscalls::arg::{ArgKind, Shape};
use crate::syscalls::flags::poll;
use rewind_common::call::part;

/// The sets of `select`, and what an answer calls them.
const SETS: [(usize, &str); 3] = [(1, "in"), (2, "out"), (3, "except")];
/// Bytes of a word of an `fd_set`.
const WORD: usize = 8;

impl<'a> Printer<'_, 'a> {
    pub(super) fn poll_descriptors(&mut self, i: usize, of: usize) {
        let memory = self.before(i, part::WHOLE);
        let count = self.value(of).unwrap_or_default() & u64::from(u32::MAX);
        let Pointee::Bytes(blob) = memory else { return self.address_of(memory) };
        self.out.push('[');
        let mut shown = 0;
        for entry in blob.bytes.chunks_exact(8).take(ELEMENTS) {
            if shown == count {
                break;
            }
            if shown > 0 {
                self.out.push_str(", ");
            }
            let fd = text::u32_at(entry, 0).unwrap_or_default().cast_signed();
            self.out.push_str("{fd=");
            self.descriptor(fd);
            if fd >= 0 {
                self.out.push_str(", events=");
                flags(self.out, &poll::POLL, u64::from(text::u16_at(entry, 4).unwrap_or_default()));
            }
            self.out.push('}');
            shown += 1;
        }
        if shown < count {
            self.out.push_str(if shown > 0 { ", ..." } else { "..." });
        }
        self.out.push(']');
    }

    /// Which descriptors are ready stands behind the number, where it is known of all.
    pub(super) fn poll_result(&mut self, result: i64) {
        text::signed(self.out, result);
        if result == 0 {
            return self.out.push_str(" (Timeout)");
        }
        let Some(after) = self.call.blob(0, part::WHOLE).filter(|blob| blob.pointer().is_none()) else { return };
        let ready = after.bytes.chunks_exact(8).filter(|entry| text::u16_at(entry, 6).unwrap_or_default() != 0);
        if ready.clone().count() as i64 != result {
            return;
        }
        self.out.push_str(" ([");
        for (n, entry) in ready.enumerate() {
            if n > 0 {
                self.out.push_str(", ");
            }
            self.out.push_str("{fd=");
            self.descriptor(text::u32_at(entry, 0).unwrap_or_default().cast_signed());
            self.out.push_str(", revents=");
            text::flags(self.out, &poll::POLL, u64::from(text::u16_at(entry, 6).unwrap_or_default()));
            self.out.push('}');
        }
        self.out.push(']');
        self.time_left(", ");
        self.out.push(')');
    }

    /// `select`: for how many descriptors the sets are.
    pub(super) fn select_bound(&mut self, i: usize) {
        let memory = self.before(i, part::WHOLE);
        match memory {
            Pointee::Bytes(blob) => {
                let bound = text::u32_at(blob.bytes, 0).unwrap_or_default();
                text::signed(self.out, i64::from(bound.cast_signed()));
            }
            Pointee::Pointer(register) => text::signed(self.out, i64::from((register as u32).cast_signed())),
            Pointee::Lost => self.out.push('?'),
        }
    }

    /// `select`: the set of argument `i` as it was before the call.
    pub(super) fn select_set(&mut self, i: usize) {
        match self.before(0, part::WHOLE) {
            // One of them could not be read: which, is not recorded.
            Pointee::Bytes(blob) if blob.is_cut() => self.object_address(i),
            Pointee::Bytes(blob) => match self.set(blob, i) {
                Some((set, bound)) => self.descriptor_set(set, bound),
                None => self.object_address(i),
            },
            _ => self.object_address(i),
        }
    }

    /// The set of argument `i` in what the kernel side keeps of all three: behind the number stand
    /// those whose pointers are not null. And for how many descriptors it is.
    fn set(&self, blob: Bytes<'a>, i: usize) -> Option<(&'a [u8], u64)> {
        let there = |i: usize| self.value(i).is_some_and(|pointer| pointer != 0);
        let bound = u64::from(text::u32_at(blob.bytes, 0)?);
        let sets = blob.bytes.get(4..)?;
        let count = SETS.iter().filter(|(i, _)| there(*i)).count();
        let len = sets.len().checked_div(count)?.next_multiple_of(WORD);
        let before = SETS.iter().filter(|(at, _)| *at < i && there(*at)).count();
        if there(i) { Some((sets.get(before * len..(before + 1) * len)?, bound)) } else { None }
    }

    /// Which descriptors are ready, set by set, and how much of the time was left.
    pub(super) fn select_result(&mut self, result: i64) {
        text::signed(self.out, result);
        if result == 0 {
            return self.out.push_str(" (Timeout)");
        }
        let Some(after) = self.call.blob(0, part::WHOLE).filter(|blob| blob.pointer().is_none()) else { return };
        let from = self.out.len();
        let mut separator = " (";
        for (i, name) in SETS {
            let Some((set, bound)) = self.set(after, i).filter(|(set, _)| set.iter().any(|byte| *byte != 0)) else {
                continue;
            };
            self.out.push_str(separator);
            self.out.push_str(name);
            self.out.push(' ');
            self.descriptor_set(set, bound);
            separator = ", ";
        }
        self.time_left(separator);
        if self.out.len() > from {
            self.out.push(')');
        }
    }

    /// `left {tv_sec=…}` behind `separator`: what the call has made of its waiting time.
    fn time_left(&mut self, separator: &str) {
        let kinds = self.row.map_or(&[][..], |row| row.args);
        let time = kinds.iter().enumerate().find_map(|(i, kind)| match kind {
            ArgKind::InOut(what @ (Shape::Timespec | Shape::Timeval)) => Some((i, *what)),
            _ => None,
        });
        let Some((i, what)) = time else { return };
        if let Some(blob) = self.call.blob(i, part::WHOLE).filter(|blob| blob.pointer().is_none()) {
            self.out.push_str(separator);
            self.out.push_str("left ");
            self.object(Pointee::Bytes(blob), what);
        }
    }

    /// The descriptors of an `fd_set`, below `bound`.
    pub(super) fn descriptor_set(&mut self, bytes: &[u8], bound: u64) {
        self.out.push('[');
        let mut first = true;
        for fd in (0..bytes.len() as u64 * 8).take_while(|fd| *fd < bound) {
            let Some(byte) = bytes.get((fd / 8) as usize) else { break };
            if byte >> (fd % 8) & 1 == 1 {
                if !first {
                    self.out.push(' ');
                }
                first = false;
                self.descriptor(fd as i32);
            }
        }
        if bound != u64::MAX && (bytes.len() as u64) * 8 < bound {
            self.out.push_str(if first { "..." } else { " ..." });
        }
        self.out.push(']');
    }

    pub(super) fn epoll_events(&mut self, i: usize) {
        let Some(count) = self.returned() else { return self.object_address(i) };
        let arch = self.style.arch;
        let memory = self.after(i, part::WHOLE);
        let element: fn(&mut String, &[u8]) = match arch {
            Arch::X86_64 => |out, bytes| shape::epoll_event(out, bytes, Arch::X86_64).unwrap_or_default(),
            Arch::Aarch64 => |out, bytes| shape::epoll_event(out, bytes, Arch::Aarch64).unwrap_or_default(),
        };
        self.array(memory, Some(count), usize::from(arch.epoll_event_bytes()), element);
    }

    /// The signal mask of `pselect6`: a pointer to it, and its length.
    pub(super) fn boxed_mask(&mut self, i: usize) {
        let memory = self.before(i, part::WHOLE);
        let Pointee::Bytes(blob) = memory else { return self.address_of(memory) };
        let (Some(pointer), Some(size)) = (text::u64_at(blob.bytes, 0), text::u64_at(blob.bytes, 8)) else {
            return self.address_of(memory);
        };
        self.out.push_str("{sigmask=");
        let mask = self.entry_blobs(i).bytes(part::BYTES);
        match mask.and_then(|mask| text::u64_at(mask.bytes, 0)) {
            Some(mask) => signal::set(self.out, mask),
            None => text::pointer(self.out, pointer),
        }
        self.out.push_str(", sigsetsize=");
        decimal(self.out, size);
        self.out.push('}');
    }
}
