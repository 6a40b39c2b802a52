//! Accesses that are made exactly as written: atomics, for the standard types have no read-modify-write
//! operations on this target, and volatile ones.
//!
//! A *relaxed* addition whose result is used is miscompiled (it becomes `lock add`, which gives
//! nothing back), so all of these are acquire-release. They need kernel 5.12.

use core::intrinsics::{AtomicOrdering, atomic_cxchg, atomic_xadd};
use core::ptr;

/// Adds, and gives what was there before.
#[inline(always)]
pub fn add(to: &mut u64, value: u64) -> u64 {
    // SAFETY: a reference points to a value.
    unsafe { atomic_xadd::<u64, u64, { AtomicOrdering::AcqRel }>(to, value) }
}

/// Adds; of a negative number its two's complement.
#[inline(always)]
pub fn add_u32(to: &mut u32, value: u32) -> u32 {
    // SAFETY: a reference points to a value.
    unsafe { atomic_xadd::<u32, u32, { AtomicOrdering::AcqRel }>(to, value) }
}

/// Swaps `old` for `new`; whether `old` was there.
#[inline(always)]
pub fn swap_u64(at: &mut u64, old: u64, new: u64) -> bool {
    // SAFETY: a reference points to a value.
    unsafe { atomic_cxchg::<u64, { AtomicOrdering::AcqRel }, { AtomicOrdering::Acquire }>(at, old, new).1 }
}

/// As [`swap_u64`].
#[inline(always)]
pub fn swap_u32(at: &mut u32, old: u32, new: u32) -> bool {
    // SAFETY: a reference points to a value.
    unsafe { atomic_cxchg::<u32, { AtomicOrdering::AcqRel }, { AtomicOrdering::Acquire }>(at, old, new).1 }
}

/// Loads the value now, and not from a register or from what the compiler believes that it is.
#[inline(always)]
pub fn load_volatile<T: Copy>(from: &T) -> T {
    // SAFETY: a reference points to a value.
    unsafe { ptr::read_volatile(from) }
}

/// Stores the value now.
#[inline(always)]
pub fn store_volatile<T: Copy>(to: &mut T, value: T) {
    // SAFETY: a reference points to a value.
    unsafe { ptr::write_volatile(to, value) };
}
