//! What everything is measured against, on the hooks that the recorder uses: two empty programs, which
//! any recorder costs, and two that do what none can leave out which says when calls were, how long they
//! took and what their pointers pointed to: they read the clock at both ends and copy the bytes, into
//! the same place over and over. They find no container, and keep no record.
#![no_std]
#![no_main]
#![allow(missing_docs, unsafe_code, unreachable_pub, reason = "what the kernel looks for is placed by name")]

use aya_ebpf::{
    EbpfContext,
    btf_maps::{Array, PerCpuArray},
    helpers::{
        bpf_ktime_get_ns,
        generated::{bpf_probe_read_user as read_user, bpf_probe_read_user_str as read_user_str},
    },
    macros::{btf_map, btf_tracepoint, raw_tracepoint},
    programs::{BtfTracePointContext, RawTracePointContext},
};
use rewind_common::capture::{Capture, MAX_BYTES, MAX_STRING, OPS, ROWS, op, when};

/// Nothing, at each call's entry.
#[raw_tracepoint(tracepoint = "sys_enter")]
pub fn floor_enter(_: RawTracePointContext) -> i32 {
    0
}

/// Nothing, at each call's return.
#[raw_tracepoint(tracepoint = "sys_exit")]
pub fn floor_exit(_: RawTracePointContext) -> i32 {
    0
}

/// What the last call on a CPU leaves.
#[repr(C)]
pub struct Last {
    start_ns: u64,
    duration_ns: u64,
    nr: u64,
    bytes: [u8; MAX_BYTES],
}

/// On each CPU.
#[btf_map]
pub static LAST: PerCpuArray<Last, 1> = PerCpuArray::new();

/// What to copy for each call, as the recorder has it.
#[btf_map]
pub static CAPTURES: Array<Capture, { ROWS as usize }> = Array::new();

/// Where `pt_regs` has the arguments of a call. The agent fills it in.
#[unsafe(no_mangle)]
static REGISTERS: [u32; 6] = [0; 6];

/// The clock, at each call's entry.
#[btf_tracepoint(function = "sys_enter")]
pub fn least_enter(ctx: BtfTracePointContext) {
    let Some(last) = LAST.get_ptr_mut(0) else { return };
    // SAFETY: the second argument of the tracepoint, and this CPU's own value.
    unsafe {
        (*last).nr = *ctx.as_ptr().cast::<u64>().add(1);
        (*last).start_ns = bpf_ktime_get_ns();
    }
}

/// The clock, and what the pointers point to, at each call's return.
#[btf_tracepoint(function = "sys_exit")]
pub fn least_exit(ctx: BtfTracePointContext) {
    let Some(last) = LAST.get_ptr_mut(0) else { return };
    // SAFETY: this CPU's own value, and the arguments of the tracepoint.
    let (last, regs, result) = unsafe {
        let ctx: *const u64 = ctx.as_ptr().cast();
        (&mut *last, *ctx.cast::<*const u8>(), *ctx.add(1))
    };
    // SAFETY: takes nothing.
    last.duration_ns = unsafe { bpf_ktime_get_ns() } - last.start_ns;
    let Some(row) = CAPTURES.get(last.nr as u32) else { return };
    for op in row.ops.iter().take(OPS) {
        if op.when & when::SUCCESS != 0 && result.cast_signed() < 0 {
            continue;
        }
        let pointer = argument(regs, op.arg).wrapping_add(u64::from(op.offset));
        let count = match op.kind {
            op::STRING | op::FIXED | op::OFFSET => 1,
            op::COUNTED | op::VECTOR => argument(regs, op.size_arg),
            op::RETURNED => result,
            _ => continue,
        };
        let len = ((count & 0xff) * u64::from(op.size)) & (MAX_BYTES as u64 - 1);
        let to = last.bytes.as_mut_ptr().cast();
        // SAFETY: the helpers read any address of the process, or fail; the lengths are within `bytes`.
        unsafe {
            if op.kind == op::STRING {
                read_user_str(to, MAX_STRING as u32, pointer as *const _);
            } else if pointer != 0 && len != 0 {
                read_user(to, len as u32, pointer as *const _);
            }
        }
    }
}

/// An argument of the call.
///
/// Verifier: a typed pointer is read at a known offset only.
#[inline(always)]
fn argument(regs: *const u8, i: u8) -> u64 {
    match i {
        0 => register::<0>(regs),
        1 => register::<1>(regs),
        2 => register::<2>(regs),
        3 => register::<3>(regs),
        4 => register::<4>(regs),
        _ => register::<5>(regs),
    }
}

/// The register that holds argument `I`.
#[inline(always)]
fn register<const I: usize>(regs: *const u8) -> u64 {
    // SAFETY: an offset of that very type, filled in before the program was loaded.
    unsafe { *regs.add(core::ptr::read_volatile(&raw const REGISTERS[I]) as usize).cast::<u64>() }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
