//! One argument: its kind decides the text.

use super::message::ELEMENTS;
use super::text::{self, Text, decimal, pointer, signed};
use super::{Pointee, Printer, address, command, files, shape};
use crate::escape;
use crate::syscalls::arg::{ArgKind, Shape};
use rewind_common::call::{blob_flags, part};
use rewind_common::capture::MAX_STRINGS;

/// Bytes of a thread's name (`TASK_COMM_LEN`) without its NUL.
const THREAD_NAME: usize = 15;

impl<'a> Printer<'_, 'a> {
    /// Whether the argument is shown at all: some count only if another one says so.
    pub(super) fn is_shown(&self, kind: ArgKind) -> bool {
        let number = |of: usize| self.value(of).unwrap_or_default();
        match kind {
            ArgKind::Hidden => false,
            ArgKind::IntIf(of) => number(of) & u64::from(u32::MAX) != 0,
            ArgKind::OpenMode(of) | ArgKind::CreateOnly(of) => files::creates(number(of), self.style.arch),
            ArgKind::NodeDev(of) => matches!(number(of) & 0o170_000, 0o020_000 | 0o060_000),
            ArgKind::MremapNew(of) => number(of) & 6 != 0,
            _ => true,
        }
    }

    /// Writes argument `i`.
    pub(super) fn argument(&mut self, i: usize, kind: ArgKind) {
        match kind {
            ArgKind::Path | ArgKind::PathOrNull => self.path(i),
            ArgKind::Name | ArgKind::NameOrNull | ArgKind::Setting => self.name(i, None),
            ArgKind::ThreadName => self.thread_name(i),
            ArgKind::ThreadNameOut if self.succeeded() => self.thread_name(i),
            ArgKind::NameOf(of) => self.name(i, self.value(of)),
            ArgKind::PathOut => match self.returned() {
                Some(_) => self.path(i),
                None => self.object_address(i),
            },
            ArgKind::LinkOut => match self.returned() {
                Some(total) => {
                    let memory = self.after(i, part::WHOLE);
                    match memory {
                        Pointee::Bytes(blob) => {
                            text::shortened(self.out, blob, total, self.style.string_bytes);
                        }
                        other => self.address_of(other),
                    }
                }
                None => self.object_address(i),
            },
            ArgKind::Argv => self.strings(i),
            ArgKind::BytesIn(of) | ArgKind::LogBytes(of) => {
                let memory = self.before(i, part::WHOLE);
                let last = self.entry_blobs(i).last_bytes(part::WHOLE);
                self.payload(memory, self.value(of), last);
            }
            ArgKind::BytesOut => match self.returned() {
                Some(total) => {
                    let memory = self.after(i, part::WHOLE);
                    self.payload(memory, Some(total), None);
                }
                None => self.object_address(i),
            },
            ArgKind::VecIn(of) | ArgKind::LogVec(of) | ArgKind::VecRaw(of) => {
                let memory = self.before(i, part::WHOLE);
                self.vector(memory, self.value(of).unwrap_or_default(), None, self.entry_blobs(i));
            }
            ArgKind::VecOut(of) => match self.returned() {
                Some(total) => {
                    let memory = self.after(i, part::WHOLE);
                    self.vector(memory, self.value(of).unwrap_or_default(), Some(total), self.found_after(i));
                }
                None => self.object_address(i),
            },
            ArgKind::MessageIn => {
                let memory = self.before(i, part::WHOLE);
                self.message(memory, None, self.entry_blobs(i));
            }
            ArgKind::MessageOut => match self.returned() {
                Some(total) => {
                    let memory = self.after(i, part::WHOLE);
                    self.message(memory, Some(total), self.found_after(i));
                }
                None => self.message_not_received(i),
            },
            ArgKind::MessagesIn(_) | ArgKind::MessagesOut(_) => {
                self.messages(i, matches!(kind, ArgKind::MessagesOut(_)))
            }
            ArgKind::AddressIn(_) => match self.before(i, part::WHOLE) {
                Pointee::Bytes(blob) if address::socket(self.out, &blob) => {}
                other => self.address_of(other),
            },
            ArgKind::AddressOut(_) => match self.after(i, part::WHOLE) {
                Pointee::Bytes(blob) if self.succeeded() && address::socket(self.out, &blob) => {}
                other => self.address_of(other),
            },
            ArgKind::AddressLen(_) | ArgKind::SockoptLen(_) => self.length_of(i),
            ArgKind::In(Shape::SigmaskBox) => self.boxed_mask(i),
            ArgKind::Offset => self.moved_offset(i),
            ArgKind::FrameMask => {
                self.out.push_str("{mask=");
                let memory = self.before(i, part::WHOLE);
                self.object(memory, Shape::Sigset);
                self.out.push('}');
            }
            ArgKind::In(what) | ArgKind::InOut(what) | ArgKind::InSized(what, _) => {
                let memory = self.before(i, part::WHOLE);
                self.object(memory, what);
                if what == Shape::CloneArgs {
                    self.clone3_result(memory);
                }
            }
            ArgKind::ThreadNameOut => self.object_address(i),
            ArgKind::Out(what) => {
                let memory = self.after(i, part::WHOLE);
                if self.is_written(kind) { self.object(memory, what) } else { self.address_of(memory) }
            }
            ArgKind::PollFds(of) => self.poll_descriptors(i, of),
            ArgKind::FdSets => self.select_bound(i),
            ArgKind::FdSet => self.select_set(i),
            ArgKind::EpollEventsOut => self.epoll_events(i),
            ArgKind::GroupsIn(of) => {
                let memory = self.before(i, part::WHOLE);
                self.array(memory, self.value(of), 4, |out, bytes| {
                    shape::id(out, u64::from(text::u32_at(bytes, 0).unwrap_or_default()));
                });
            }
            ArgKind::GroupsOut => match self.returned() {
                Some(count) if self.value(0) != Some(0) => {
                    let memory = self.after(i, part::WHOLE);
                    self.array(memory, Some(count), 4, |out, bytes| {
                        shape::id(out, u64::from(text::u32_at(bytes, 0).unwrap_or_default()));
                    });
                }
                _ => self.object_address(i),
            },
            ArgKind::CpusIn(_) => {
                let memory = self.before(i, part::WHOLE);
                self.cpus(memory);
            }
            ArgKind::CpusOut => match self.returned() {
                Some(_) => {
                    let memory = self.after(i, part::WHOLE);
                    self.cpus(memory);
                }
                None => self.object_address(i),
            },
            ArgKind::SemopsIn(of) => {
                let memory = self.before(i, part::WHOLE);
                self.array(memory, self.value(of), 6, command::semaphore_operation);
            }
            ArgKind::SockoptIn(of) => {
                let memory = self.before(i, part::WHOLE);
                self.socket_option(memory, self.value(of));
            }
            ArgKind::SockoptOut(_) => {
                let memory = self.after(i, part::WHOLE);
                if self.succeeded() { self.socket_option(memory, None) } else { self.address_of(memory) }
            }
            ArgKind::Remaining => {
                let memory = self.after(i, part::WHOLE);
                if self.is_written(kind) { self.object(memory, Shape::Timespec) } else { self.address_of(memory) }
            }
            ArgKind::Envp => self.counted(i, "var", "vars"),
            ArgKind::Entries => self.counted(i, "entries", "entries"),
            ArgKind::Restarted => self.out.push_str("<... resuming interrupted system call ...>"),
            _ => match self.value(i) {
                Some(value) => self.register(kind, value),
                None => self.object_address(i),
            },
        }
    }

    /// A descriptor, with what it is where that is known; `?` stands behind what it may no longer be.
    pub(super) fn descriptor(&mut self, fd: i32) {
        signed(self.out, i64::from(fd));
        if let Some(what) = self.descriptors.and_then(|table| table.text(fd)) {
            self.out.push('<');
            text::between_angles(self.out, &escape::bytes(what));
            self.out.push('>');
            if !self.descriptors.is_some_and(|table| table.is_sure(fd)) {
                self.out.push('?');
            }
        }
    }

    /// The address of what argument `i` points to.
    pub(super) fn object_address(&mut self, i: usize) {
        let memory = self.before(i, part::WHOLE);
        self.address_of(memory);
    }

    pub(super) fn object(&mut self, memory: Pointee<'a>, what: Shape) {
        if let Pointee::Bytes(blob) = memory
            && shape::shape(self.out, what, blob.bytes, self.style.arch, self.style.string_bytes).is_some()
        {
            return;
        }
        self.address_of(memory);
    }

    /// A path: never shortened, but the kernel side keeps a bounded part of it.
    fn path(&mut self, i: usize) {
        match self.before(i, part::WHOLE) {
            Pointee::Bytes(blob) => {
                text::quoted(self.out, Text::of(&blob, text::until_nul(blob.bytes).0));
                if blob.is_cut() {
                    self.out.push_str("...");
                }
            }
            other => self.address_of(other),
        }
    }

    /// A string that is shortened; `len` bytes long where another argument says so.
    fn name(&mut self, i: usize, len: Option<u64>) {
        match self.before(i, part::WHOLE) {
            Pointee::Bytes(blob) => {
                let (bytes, total) = match len {
                    Some(len) => (blob.bytes, len & u64::from(u32::MAX)),
                    None => {
                        let bytes = text::until_nul(blob.bytes).0;
                        (bytes, bytes.len() as u64 + u64::from(blob.is_cut()))
                    }
                };
                text::shortened(self.out, Text::of(&blob, bytes), total, self.style.string_bytes);
            }
            other => self.address_of(other),
        }
    }

    /// The name of a thread. strace cannot tell whether one that fills its field goes on.
    fn thread_name(&mut self, i: usize) {
        let memory = self.before(i, part::WHOLE);
        let Pointee::Bytes(blob) = memory else { return self.address_of(memory) };
        let name = text::until_nul(blob.bytes).0;
        let total = name.len() as u64 + u64::from(name.len() == THREAD_NAME);
        text::shortened(self.out, Text::of(&blob, name), total, THREAD_NAME);
    }

    /// `argv`: the strings, one behind the other, each with its NUL.
    fn strings(&mut self, i: usize) {
        let blob =
            self.enter.and_then(|enter| enter.blob(i, part::STRINGS)).or_else(|| self.call.blob(i, part::STRINGS));
        let Some(blob) = blob else { return self.object_address(i) };
        if let Some(address) = blob.pointer() {
            return pointer(self.out, address);
        }
        self.out.push('[');
        let mut rest = blob.bytes;
        let (mut first, mut count) = (true, 0);
        while !rest.is_empty() && count < MAX_STRINGS {
            count += 1;
            let (string, ended) = text::until_nul(rest);
            rest = rest.get(string.len() + 1..).unwrap_or_default();
            if !first {
                self.out.push_str(", ");
            }
            first = false;
            let total = string.len() as u64 + u64::from(!ended);
            text::shortened(self.out, Text::of(&blob, string), total, self.style.string_bytes);
        }
        if blob.is_cut() || !rest.is_empty() {
            self.out.push_str(if first { "..." } else { ", ..." });
        }
        self.out.push(']');
    }

    /// `[a, b, ...]` of elements of `size` bytes.
    pub(super) fn array(
        &mut self,
        memory: Pointee<'a>,
        count: Option<u64>,
        size: usize,
        element: fn(&mut String, &[u8]),
    ) {
        let count = count.unwrap_or_default() & u64::from(u32::MAX);
        let blob = match memory {
            Pointee::Bytes(blob) => blob,
            Pointee::Pointer(address) if address != 0 && count == 0 => return self.out.push_str("[]"),
            other => return self.address_of(other),
        };
        self.out.push('[');
        let mut shown = 0;
        for bytes in blob.bytes.chunks_exact(size).take(ELEMENTS) {
            if shown == count {
                break;
            }
            if shown > 0 {
                self.out.push_str(", ");
            }
            element(self.out, bytes);
            shown += 1;
        }
        if shown < count {
            self.out.push_str(if shown > 0 { ", ..." } else { "..." });
        }
        self.out.push(']');
    }

    fn cpus(&mut self, memory: Pointee<'a>) {
        let Pointee::Bytes(blob) = memory else { return self.address_of(memory) };
        self.out.push('[');
        let mut first = true;
        for (n, byte) in blob.bytes.iter().enumerate() {
            for bit in (0..8).filter(|bit| byte >> bit & 1 == 1) {
                if !first {
                    self.out.push(' ');
                }
                first = false;
                decimal(self.out, n as u64 * 8 + bit);
            }
        }
        self.out.push(']');
    }

    /// A file offset, and where the call has moved it.
    fn moved_offset(&mut self, i: usize) {
        let memory = self.after(i, part::WHOLE);
        let Pointee::Bytes(blob) = memory else { return self.address_of(memory) };
        let offsets = blob.bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes));
        let is_advanced = blob.flags & blob_flags::ADVANCED != 0 && self.call.result != 0;
        let advanced = offsets.clone().take(usize::from(is_advanced)).map(|at| at.wrapping_add(self.call.result));
        for (n, offset) in offsets.chain(advanced).enumerate() {
            self.out.push_str(if n > 0 { " => [" } else { "[" });
            signed(self.out, offset);
            self.out.push(']');
        }
    }

    /// A length that the call has changed: as it was, and as it is now where that is another.
    fn length_of(&mut self, i: usize) {
        let memory = self.after(i, part::WHOLE);
        let Pointee::Bytes(blob) = memory else { return self.address_of(memory) };
        let Some(before) = text::u32_at(blob.bytes, 0) else { return self.address_of(memory) };
        self.out.push('[');
        signed(self.out, i64::from(before.cast_signed()));
        if let Some(after) = text::u32_at(blob.bytes, 4) {
            self.out.push_str(" => ");
            signed(self.out, i64::from(after.cast_signed()));
        }
        self.out.push(']');
    }
}
