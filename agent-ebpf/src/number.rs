//! Numbers -> one blob in a record: how many there are of something, what a number was before a call and is
//! behind it, sets of descriptors. The rules are those of `blob`.

use crate::blob::{GUESS, NO_ROOM, element, finish, unread};
use crate::globals::{given, global};
use crate::probe;
use crate::ring::Writer;
use crate::task::Thread;
use rewind_common::{
    call::blob_flags,
    capture::{MAX_COUNTED, MAX_ENTRIES, MAX_SET},
};

/// [`Thread::length`] where the memory could not be read.
pub const UNREADABLE: u64 = u64::MAX;

global! {
    /// How many strings a vector has, and where it is.
    fn count_strings(pointer: u64, what: u64, place: u64, ring: u64) -> u64 {
        let Some(writer) = Writer::at_position(place) else { return NO_ROOM };
        let (mut count, mut flags) = (0u32, u64::from(blob_flags::CUT) << 8);
        for i in 0..u64::from(MAX_COUNTED) {
            let Some(element) = element(pointer, i, what) else {
                return unread(&writer, pointer, what, ring);
            };
            if element == 0 {
                flags = 0;
                break;
            }
            count += 1;
        }
        counted(&writer, pointer, count, what | flags)
    }

    /// How many entries of a directory a buffer of `len` bytes holds, and where it is. The length of an
    /// entry stands at the same place in `linux_dirent` and `linux_dirent64` (`include/linux/dirent.h`).
    fn count_entries(pointer: u64, len: u64, what: u64, place: u64, ring: u64) -> u64 {
        const ENTRY_LENGTH: u64 = 16;
        let Some(writer) = Writer::at_position(place) else { return NO_ROOM };
        let (mut count, mut at, mut flags) = (0u32, 0u64, u64::from(blob_flags::CUT) << 8);
        for _ in 0..MAX_ENTRIES {
            if at >= len {
                flags = 0;
                break;
            }
            let Some(entry) = probe::user::<u16>(pointer + at + ENTRY_LENGTH) else {
                return unread(&writer, pointer, what, ring);
            };
            if entry == 0 {
                break;
            }
            at += u64::from(entry);
            count += 1;
        }
        if at >= len {
            flags = 0;
        }
        counted(&writer, pointer, count, what | flags)
    }
}

/// A pointer and a number.
#[inline(always)]
fn counted(writer: &Writer, pointer: u64, count: u32, what: u64) -> u64 {
    if writer.room() < 16 {
        return NO_ROOM;
    }
    put(writer, 4, pointer as u32);
    put(writer, 8, (pointer >> 32) as u32);
    put(writer, 12, count);
    finish(writer, what, 12)
}

/// A `u32` behind what is there. The caller has seen that there is room.
#[inline(always)]
fn put(writer: &Writer, behind: u64, value: u32) {
    writer.store(writer.off + behind, value);
}

global! {
    /// A number that is no argument: four bytes.
    fn number(value: u64, what: u64, place: u64) -> u64 {
        let Some(writer) = Writer::at_position(place) else { return NO_ROOM };
        if writer.room() < 8 {
            return NO_ROOM;
        }
        put(&writer, 4, value as u32);
        finish(&writer, what, 4)
    }
}

/// A `u32` of the process; [`UNREADABLE`] if it cannot be read.
#[inline(always)]
pub fn read_number(pointer: u64) -> u64 {
    probe::user::<u32>(pointer).map_or(UNREADABLE, u64::from)
}

global! {
    /// A length before the call and, if the call has not failed and the length is another now, after it.
    fn length(pointer: u64, before: u64, what: u64, place: u64, failed: u64) -> u64 {
        let Some(writer) = Writer::at_position(place) else { return NO_ROOM };
        if before == UNREADABLE {
            // That the caller passed nonsense is told by the call's own result.
            return unread(&writer, pointer, what | GUESS, 0);
        }
        if writer.room() < 12 {
            return NO_ROOM;
        }
        put(&writer, 4, before as u32);
        if failed == 0 {
            let after = read_number(pointer);
            if after != UNREADABLE && after != before {
                put(&writer, 8, after as u32);
                return finish(&writer, what, 8);
            }
        }
        finish(&writer, what, 4)
    }
}

/// [`offset`] in its caller, if it can be read and fits; `false`: nothing is done.
#[inline(always)]
pub fn offset_at_once(writer: &mut Writer, pointer: u64, result: i64, what: u64) -> bool {
    if writer.room() < 12 {
        return false;
    }
    let Some(after) = probe::user::<u64>(pointer) else { return false };
    let moved = if result > 0 { result.cast_unsigned() } else { 0 };
    let before = after.wrapping_sub(moved);
    put(writer, 4, before as u32);
    put(writer, 8, (before >> 32) as u32);
    let flags = if moved > 0 { u64::from(blob_flags::ADVANCED) << 8 } else { 0 };
    writer.off = finish(writer, what | flags, 8);
    true
}

global! {
    /// A file offset as it was before the call has moved it on by its result.
    fn offset(pointer: u64, result: i64, what: u64, place: u64, ring: u64) -> u64 {
        let Some(mut writer) = Writer::at_position(place) else { return NO_ROOM };
        if offset_at_once(&mut writer, pointer, result, what) { writer.off } else { unread(&writer, pointer, what, ring) }
    }

    /// The sets of descriptors of `select`, and how many descriptors they are for.
    fn fd_sets(thread: *const Thread, what: u64, place: u64) -> u64 {
        let Some(thread) = given(thread) else { return NO_ROOM };
        let Some(writer) = Writer::at_position(place) else { return NO_ROOM };
        if writer.room() < 8 + 3 * MAX_SET as u64 {
            return NO_ROOM;
        }
        let number = thread.args[0] as u32;
        put(&writer, 4, number);
        let words = if number > MAX_SET as u32 * 8 { MAX_SET as u32 } else { number.div_ceil(64) * 8 };
        let (mut len, mut flags) = (4u64, 0);
        for i in 1..4 {
            let pointer = thread.args[i];
            if pointer != 0 {
                // Memory that cannot be read leaves zeros, and the call an error: the blob says that it is not whole.
                if !writer.read_user(writer.off + 4 + len, words & 0xff, pointer) {
                    flags = u64::from(blob_flags::CUT) << 8;
                }
                len += u64::from(words & 0xff);
            }
        }
        finish(&writer, what | flags, len)
    }
}
