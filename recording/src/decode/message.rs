//! Payload: byte strings, `iovec`s, and messages with their control data.

use super::{Pointee, Printer, address, text};
use crate::blobs::{Blobs, Bytes};
use crate::syscalls::flags::network as sets;
use rewind_common::call::part;

/// Bytes of a `struct iovec`.
const IOVEC: usize = 16;
/// Most elements shown of an array (`strace` without `-v`).
pub(super) const ELEMENTS: usize = 32;

/// The blobs of one argument, or of one message of an argument that holds several.
#[derive(Clone, Copy)]
pub(super) struct ArgBlobs<'a> {
    arg: usize,
    first: Option<Blobs<'a>>,
    then: Blobs<'a>,
}

impl<'a> ArgBlobs<'a> {
    /// The blob of a part, where its bytes were kept. A blob of part `LENGTH` is the last of its message.
    pub(super) fn bytes(&self, part: u8) -> Option<Bytes<'a>> {
        self.blob(part).filter(|blob| blob.pointer().is_none())
    }

    /// The last bytes of a part of which [`Self::bytes`] has the first.
    pub(super) fn last_bytes(&self, part: u8) -> Option<Bytes<'a>> {
        self.find(part, true).filter(|blob| blob.pointer().is_none())
    }

    fn blob(&self, part: u8) -> Option<Bytes<'a>> {
        self.find(part, false)
    }

    fn find(&self, part: u8, is_last: bool) -> Option<Bytes<'a>> {
        let is_it = |blob: &Bytes<'a>| blob.part == part && blob.is_last() == is_last;
        let search = |blobs: Blobs<'a>| {
            let mut own = blobs.filter(|blob| blob.arg == self.arg);
            own.find(|blob| is_it(blob) || blob.part == part::LENGTH).filter(is_it)
        };
        self.first.and_then(search).or_else(|| search(self.then))
    }
}

impl<'a> Printer<'_, 'a> {
    /// What was copied of argument `i`, as the call found it.
    pub(super) fn entry_blobs(&self, i: usize) -> ArgBlobs<'a> {
        ArgBlobs { arg: i, first: self.enter.map(|enter| enter.blobs), then: self.call.blobs }
    }

    /// What was copied of argument `i`, as the call left it.
    pub(super) fn found_after(&self, i: usize) -> ArgBlobs<'a> {
        ArgBlobs { arg: i, first: None, then: self.call.blobs }
    }

    /// Payload of `total` bytes, with its last ones where they were kept.
    pub(super) fn payload(&mut self, memory: Pointee<'a>, total: Option<u64>, last: Option<Bytes<'a>>) {
        match memory {
            Pointee::Bytes(blob) => {
                let total = total.unwrap_or(blob.bytes.len() as u64);
                if self.row.is_some_and(|row| row.name == "getrandom") {
                    return self.hexadecimal(blob.bytes, total);
                }
                self.both_ends(blob, last, total);
            }
            Pointee::Pointer(pointer) if pointer != 0 && total == Some(0) => self.out.push_str("\"\""),
            other => self.address_of(other),
        }
    }

    /// The first bytes of something `total` bytes long, `"first"...`, and behind them the last ones, `"last"`, where
    /// all that was kept may be shown.
    fn both_ends(&mut self, first: Bytes<'a>, last: Option<Bytes<'a>>, total: u64) {
        text::shortened(self.out, first, total, self.style.string_bytes);
        let Some(last) = last else { return };
        let kept = first.bytes.len() + last.bytes.len();
        if kept <= self.style.string_bytes && kept as u64 <= total {
            text::quoted(self.out, last);
        }
    }

    fn hexadecimal(&mut self, bytes: &[u8], total: u64) {
        let shown = bytes.get(..self.style.string_bytes).unwrap_or(bytes);
        self.out.push('"');
        for byte in shown {
            self.out.push_str("\\x");
            text::hex_digits(self.out, u64::from(*byte), 2);
        }
        self.out.push('"');
        if (shown.len() as u64) < total {
            self.out.push_str("...");
        }
    }

    /// `iovec`s, `count` of them. `received` bounds the bytes behind them.
    pub(super) fn vector(&mut self, array: Pointee<'a>, count: u64, received: Option<u64>, found: ArgBlobs<'a>) {
        let Pointee::Bytes(array) = array else { return self.address_of(array) };
        let mut left = received;
        self.out.push('[');
        let mut shown = 0;
        for element in array.bytes.chunks_exact(IOVEC).take(ELEMENTS) {
            if shown as u64 == count {
                break;
            }
            if shown > 0 {
                self.out.push_str(", ");
            }
            let base = text::u64_at(element, 0).unwrap_or_default();
            let len = text::u64_at(element, 8).unwrap_or_default();
            let has = left.map_or(len, |left| left.min(len));
            left = left.map(|left| left - has);
            self.out.push_str("{iov_base=");
            let part = part::BYTES + shown as u8;
            let blob = (shown < usize::from(part::VECTORS)).then(|| found.bytes(part)).flatten();
            match blob {
                Some(blob) if base != 0 => self.both_ends(blob, found.last_bytes(part), has),
                None if has == 0 && base != 0 => self.out.push_str("\"\""),
                _ => text::pointer(self.out, base),
            }
            self.out.push_str(", iov_len=");
            text::decimal(self.out, len);
            self.out.push('}');
            shown += 1;
        }
        if (shown as u64) < count {
            self.out.push_str(if shown > 0 { ", ..." } else { "..." });
        }
        self.out.push(']');
    }

    /// A `msghdr`: name, vector, control data, flags (`linux/socket.h`).
    pub(super) fn message(&mut self, whole: Pointee<'a>, received: Option<u64>, found: ArgBlobs<'a>) {
        let Pointee::Bytes(blob) = whole else { return self.address_of(whole) };
        let header = blob.bytes;
        let (Some(name), Some(name_len), Some(vector), Some(count), Some(control), Some(control_len), Some(flags)) = (
            text::u64_at(header, 0),
            text::u32_at(header, 8),
            text::u64_at(header, 16),
            text::u64_at(header, 24),
            text::u64_at(header, 32),
            text::u64_at(header, 40),
            text::u32_at(header, 48),
        ) else {
            return self.out.push_str("{...}");
        };
        self.out.push_str("{msg_name=");
        match found.bytes(part::NAME) {
            Some(blob) if name_len > 0 && address::socket(self.out, &blob) => {}
            _ => text::pointer(self.out, name),
        }
        self.out.push_str(", msg_namelen=");
        if let Some(before) = found.bytes(part::NAME_LENGTH).and_then(|blob| text::u32_at(blob.bytes, 0)) {
            text::signed(self.out, i64::from(before.cast_signed()));
            self.out.push_str(" => ");
        }
        text::signed(self.out, i64::from(name_len.cast_signed()));
        self.out.push_str(", msg_iov=");
        let array = match found.blob(part::VECTOR) {
            Some(blob) => blob.pointer().map_or(Pointee::Bytes(blob), Pointee::Pointer),
            None => Pointee::Pointer(vector),
        };
        self.vector(array, count, received, found);
        self.out.push_str(", msg_iovlen=");
        text::decimal(self.out, count);
        if control_len > 0 {
            self.out.push_str(", msg_control=");
            match found.bytes(part::CONTROL) {
                Some(blob) => self.control(blob.bytes, control_len),
                None => text::pointer(self.out, control),
            }
        }
        self.out.push_str(", msg_controllen=");
        text::decimal(self.out, control_len);
        self.out.push_str(", msg_flags=");
        text::flags(self.out, &sets::MSG, u64::from(flags));
        self.out.push('}');
    }

    /// A message that was not received: how much room there was for the sender's name is all that counts.
    pub(super) fn message_not_received(&mut self, i: usize) {
        match self.found_after(i).bytes(part::NAME_LENGTH).and_then(|blob| text::u32_at(blob.bytes, 0)) {
            Some(len) => {
                self.out.push_str("{msg_namelen=");
                text::signed(self.out, i64::from(len.cast_signed()));
                self.out.push('}');
            }
            None => self.object_address(i),
        }
    }

    /// `mmsghdr`s of argument `i`: as many as were used, each with how many bytes it took.
    pub(super) fn messages(&mut self, i: usize, are_received: bool) {
        let Some(used) = self.returned() else { return self.object_address(i) };
        let mut found = self.found_after(i);
        if found.bytes(part::WHOLE).is_none() && used > 0 {
            return self.object_address(i);
        }
        self.out.push('[');
        let mut shown = 0;
        while let Some(header) = found.bytes(part::WHOLE) {
            self.out.push_str(if shown > 0 { ", {msg_hdr=" } else { "{msg_hdr=" });
            shown += 1;
            let len = found.bytes(part::LENGTH).and_then(|blob| text::u32_at(blob.bytes, 0)).unwrap_or_default();
            self.message(Pointee::Bytes(header), are_received.then_some(len.into()), found);
            self.out.push_str(", msg_len=");
            text::decimal(self.out, len.into());
            self.out.push('}');
            found.then.by_ref().find(|blob| blob.arg == i && blob.part == part::LENGTH);
        }
        if shown < used {
            self.out.push_str(if shown > 0 { ", ..." } else { "..." });
        }
        self.out.push(']');
    }

    /// Control data: elements of `cmsghdr`, each padded to eight bytes.
    fn control(&mut self, bytes: &[u8], total: u64) {
        let mut rest = bytes;
        let mut first = true;
        self.out.push('[');
        while let (Some(len), Some(level), Some(kind)) =
            (text::u64_at(rest, 0), text::u32_at(rest, 8), text::u32_at(rest, 12))
        {
            let content = usize::try_from(len).ok().and_then(|len| rest.get(16..len));
            if !first {
                self.out.push_str(", ");
            }
            first = false;
            self.out.push_str("{cmsg_len=");
            text::decimal(self.out, len);
            self.out.push_str(", cmsg_level=");
            text::choice(self.out, &sets::SOL, u64::from(level));
            self.out.push_str(", cmsg_type=");
            if level == 1 {
                text::choice(self.out, &sets::SCM, u64::from(kind));
            } else {
                text::hex_or_zero(self.out, u64::from(kind));
            }
            if let Some(content) = content.filter(|content| !content.is_empty()) {
                self.out.push_str(", cmsg_data=");
                match (level, kind) {
                    (1, 1) => self.descriptors_in(content),
                    (1, 2) if content.len() >= 12 => {
                        for (name, at) in [("{pid=", 0), (", uid=", 4), (", gid=", 8)] {
                            self.out.push_str(name);
                            text::decimal(self.out, u64::from(text::u32_at(content, at).unwrap_or_default()));
                        }
                        self.out.push('}');
                    }
                    _ => text::shortened(self.out, content, content.len() as u64, self.style.string_bytes),
                }
            }
            self.out.push('}');
            let step = usize::try_from(len).unwrap_or(usize::MAX).checked_next_multiple_of(8).unwrap_or(usize::MAX);
            rest = rest.get(step.max(16)..).unwrap_or_default();
        }
        if (bytes.len() as u64) < total {
            self.out.push_str(if first { "..." } else { ", ..." });
        }
        self.out.push(']');
    }

    fn descriptors_in(&mut self, content: &[u8]) {
        self.out.push('[');
        for (n, fd) in content.chunks_exact(4).enumerate() {
            if n > 0 {
                self.out.push_str(", ");
            }
            self.descriptor(text::u32_at(fd, 0).unwrap_or_default().cast_signed());
        }
        self.out.push(']');
    }
}
