//! A process runs another program: `sched_process_exec(struct task_struct *p, pid_t old_pid,
//! struct linux_binprm *bprm)`, since 5.5 as a typed raw tracepoint. It fires in `exec_binprm`
//! (`fs/exec.c`) when nothing can fail any more, on the thread itself.
//!
//! The kernel has just written `argv` into the new memory, so it can be read here, even where the
//! caller had never touched the pages that it gave its strings in. The thread is not announced: it has
//! been by the start of its `execve`, under the name and the number that are still the call's.

use crate::ring::{Writer, begin, commit, cursors, lock, unlock};
use crate::task::{field, offset};
use crate::{filter, maps, task};
use aya_ebpf::{
    EbpfContext,
    helpers::{
        bpf_ktime_get_ns,
        generated::{bpf_probe_read_kernel_str, bpf_probe_read_user},
    },
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};
use core::ffi::c_void;
use rewind_common::{
    call::{Blob, blob_flags, part},
    record::{Exec, INTERPRETED, Kind, MAX_EXEC_ARGV, MAX_EXEC_PATH, RecordHeader},
    ring::PROTECTED,
};

const BLOB: u64 = size_of::<Blob>() as u64;
const ROOM: u64 = size_of::<Exec>() as u64 + 2 * BLOB + MAX_EXEC_PATH as u64 + MAX_EXEC_ARGV as u64;

/// Another program runs.
#[btf_tracepoint(function = "sched_process_exec")]
pub fn sched_process_exec(ctx: BtfTracePointContext) {
    let task = maps::current();
    let Some(thread) = filter::recorded_now(task) else { return };
    let ctx: *const *const c_void = ctx.as_ptr().cast();
    // SAFETY: the third argument of the tracepoint, as declared above.
    let bprm = unsafe { *ctx.add(2) };
    let (filename, interp): (u64, u64) = (field(bprm, offset!(bprm_filename)), field(bprm, offset!(bprm_interp)));
    let Some(cursors) = cursors(thread) else { return };
    if !lock(cursors) {
        return;
    }
    if let Some(mut writer) = begin(thread, cursors, PROTECTED, ROOM) {
        let start = writer.off;
        writer.off += size_of::<Exec>() as u64;
        put_path(&mut writer, filename);
        put_argv(&mut writer, task);
        let len = (writer.off - start) as u16;
        let flags = if filename == interp { 0 } else { INTERPRETED };
        // SAFETY: takes nothing.
        let time_ns = unsafe { bpf_ktime_get_ns() };
        let header = RecordHeader { len, kind: Kind::Exec as u8, flags, tid: thread.tid };
        // SAFETY: the fixed part lies within the chunk: there was room for it when it began.
        unsafe { writer.at(start).cast::<Exec>().write(Exec { header, time_ns, tgid: task::tgid(task) }) };
        commit(cursors, PROTECTED, &writer, 0);
    }
    unlock(cursors);
}

/// Appends the path.
#[inline(always)]
fn put_path(writer: &mut Writer, filename: u64) {
    let to = writer.at(writer.off + BLOB);
    // SAFETY: what is written is within the segment by its slack.
    let len = unsafe { bpf_probe_read_kernel_str(to.cast(), MAX_EXEC_PATH as u32, filename as *const _) };
    if len > 0 {
        let cut = len as usize == MAX_EXEC_PATH;
        end_blob(writer, 0, part::WHOLE, cut, len as u64);
    }
}

/// Appends the strings of `argv`, as the new program finds them.
#[inline(always)]
fn put_argv(writer: &mut Writer, task: *const c_void) {
    let mm: *const c_void = field(task, offset!(task_mm));
    let (from, end): (u64, u64) = (field(mm, offset!(mm_arg_start)), field(mm, offset!(mm_arg_end)));
    let there = end.wrapping_sub(from);
    let len = if there > MAX_EXEC_ARGV as u64 { MAX_EXEC_ARGV as u64 } else { there };
    let to = writer.at(writer.off + BLOB);
    // SAFETY: what is written is within the segment by its slack.
    let failed = unsafe { bpf_probe_read_user(to.cast(), len as u32, from as *const _) };
    if failed == 0 && len != 0 {
        end_blob(writer, 1, part::STRINGS, there > len, len);
    }
}

/// Puts the header in front of the bytes of a blob.
#[inline(always)]
fn end_blob(writer: &mut Writer, arg: u8, part: u8, cut: bool, len: u64) {
    let flags = if cut { blob_flags::CUT } else { 0 };
    writer.put(u32::from(arg | part << 3) | u32::from(flags) << 8 | (len as u32) << 16);
    writer.off += (len + 3) & !3;
}
