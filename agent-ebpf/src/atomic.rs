//! Atomics, in one place: the standard types have no read-modify-write operations on this target.
//!
//! A *relaxed* addition whose result is used is miscompiled (it becomes `lock add`, which gives
//! nothing back), so all of these are acquire-release. They need kernel 5.12.

use core::intrinsics::{AtomicOrdering, atomic_cxchg, atomic_or, atomic_xadd};

/// Adds, and gives what was there before.
///
/// # Safety
/// `to` points to a value of a map, or a static.
#[inline(always)]
pub unsafe fn add(to: *mut u64, value: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { atomic_xadd::<u64, u64, { AtomicOrdering::AcqRel }>(to, value) }
}

/// Sets bits.
///
/// # Safety
/// `to` points to a value of a map, or a static.
#[inline(always)]
pub unsafe fn or(to: *mut u64, bits: u64) {
    // SAFETY: the caller's promise.
    unsafe { atomic_or::<u64, u64, { AtomicOrdering::AcqRel }>(to, bits) };
}

/// Swaps `old` for `new`; whether `old` was there.
///
/// # Safety
/// `at` points to a value of a map, or a static.
#[inline(always)]
pub unsafe fn swap_u64(at: *mut u64, old: u64, new: u64) -> bool {
    // SAFETY: the caller's promise.
    unsafe { atomic_cxchg::<u64, { AtomicOrdering::AcqRel }, { AtomicOrdering::Acquire }>(at, old, new).1 }
}

/// As [`swap_u64`].
///
/// # Safety
/// As [`swap_u64`].
#[inline(always)]
pub unsafe fn swap_u32(at: *mut u32, old: u32, new: u32) -> bool {
    // SAFETY: the caller's promise.
    unsafe { atomic_cxchg::<u32, { AtomicOrdering::AcqRel }, { AtomicOrdering::Acquire }>(at, old, new).1 }
}
