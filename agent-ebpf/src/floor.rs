//! The floor: two empty programs on the hooks that the recorder uses. What they cost, any recorder costs.
#![no_std]
#![no_main]
#![allow(missing_docs, unsafe_code, unreachable_pub, reason = "what the kernel looks for is placed by name")]

use aya_ebpf::{macros::raw_tracepoint, programs::RawTracePointContext};

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

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
