//! A process runs another program: `sched_process_exec(struct task_struct *p, pid_t old_pid,
//! struct linux_binprm *bprm)`, since 5.5 as a typed raw tracepoint. It fires in `exec_binprm`
//! (`fs/exec.c`) when nothing can fail any more, on the thread itself.
//!
//! The kernel has just written `argv` into the new memory, so it can be read here, even where the
//! caller had never touched the pages that it gave its strings in. The thread is not announced: it has
//! been by the start of its `execve`, under the name and the number that are still the call's.

use crate::globals::offset;
use crate::probe::field;
use crate::ring::{Writer, begin, commit, cursors, lock, unlock};
use crate::{clock, filter, main_process, task};
use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use core::ffi::c_void;
use rewind_common::{
    call::{Blob, blob_flags, part},
    record::{Exec, ExecSizes, INTERPRETED, Kind, MAX_EXEC_ARGV, MAX_EXEC_PATH, RecordHeader},
    ring::PROTECTED,
};

const BLOB: u64 = size_of::<Blob>() as u64;
const SIZES: u64 = size_of::<ExecSizes>() as u64;
const ROOM: u64 = size_of::<Exec>() as u64 + 3 * BLOB + MAX_EXEC_PATH as u64 + MAX_EXEC_ARGV as u64 + SIZES;

/// Another program runs.
#[btf_tracepoint(function = "sched_process_exec")]
pub fn sched_process_exec(ctx: BtfTracePointContext) {
    let task = task::current();
    let Some(thread) = filter::recorded_now(task) else { return };
    main_process::execs(thread, task);
    let bprm: *const c_void = ctx.arg(2);
    let (filename, interp): (u64, u64) = (field(bprm, offset!(bprm_filename)), field(bprm, offset!(bprm_interp)));
    let Some(cursors) = cursors(thread) else { return };
    let time_ns = clock::now_ns();
    if !lock(cursors, time_ns) {
        return;
    }
    if let Some(mut writer) = begin(thread, cursors, PROTECTED, ROOM) {
        let start = writer.off;
        writer.off += size_of::<Exec>() as u64;
        put_path(&mut writer, filename);
        put_given(&mut writer, task);
        let len = (writer.off - start) as u16;
        let flags = if filename == interp { 0 } else { INTERPRETED };
        let header = RecordHeader { len, kind: Kind::Exec as u8, flags, tid: thread.tid };
        writer.store(start, Exec { header, time_ns, tgid: task::tgid(task) });
        commit(cursors, PROTECTED, &writer, 0);
    }
    unlock(cursors);
}

/// Appends the path.
#[inline(always)]
fn put_path(writer: &mut Writer, filename: u64) {
    let len = writer.read_kernel_string(writer.off + BLOB, MAX_EXEC_PATH as u32, filename);
    if len > 0 {
        let cut = len as usize == MAX_EXEC_PATH;
        end_blob(writer, 0, part::WHOLE, cut, len as u64);
    }
}

/// Appends the strings of `argv`, as the new program finds them, and how large they and its environment are.
#[inline(always)]
fn put_given(writer: &mut Writer, task: *const c_void) {
    let mm: *const c_void = field(task, offset!(task_mm));
    let (from, end): (u64, u64) = (field(mm, offset!(mm_arg_start)), field(mm, offset!(mm_arg_end)));
    let (env, env_end): (u64, u64) = (field(mm, offset!(mm_env_start)), field(mm, offset!(mm_env_end)));
    let there = end.wrapping_sub(from);
    let len = if there > MAX_EXEC_ARGV as u64 { MAX_EXEC_ARGV as u64 } else { there };
    if writer.read_user(writer.off + BLOB, len as u32, from) && len != 0 {
        end_blob(writer, 1, part::STRINGS, there > len, len);
    }
    // The kernel keeps them below 6 MiB together (`bprm_stack_limits` in `fs/exec.c`). 0: it could not be read.
    if env != 0 {
        let sizes = ExecSizes { argv_bytes: there as u32, env_bytes: env_end.wrapping_sub(env) as u32 };
        writer.store(writer.off + BLOB, sizes);
        end_blob(writer, 2, part::WHOLE, false, SIZES);
    }
}

/// Puts the header in front of the bytes of a blob.
#[inline(always)]
fn end_blob(writer: &mut Writer, arg: u8, part: u8, cut: bool, len: u64) {
    let flags = if cut { blob_flags::CUT } else { 0 };
    writer.put(u32::from(arg | part << 3) | u32::from(flags) << 8 | (len as u32) << 16);
    writer.off += (len + 3) & !3;
}
