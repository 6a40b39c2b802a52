//! Reads memory that is not ours: the kernel's objects and the process'.
//!
//! Two ways lead to the kernel's. A *typed* object (an argument of a BTF tracepoint, the current task, and
//! what is reached from one through its fields) is read by a plain load, which the verifier allows at a
//! constant offset. Any other address is read by a helper, which fails where nothing is.

use aya_ebpf::helpers::{bpf_probe_read_user, generated};
use core::ffi::c_void;

/// The current task: typed.
#[inline(always)]
pub fn current_task() -> *mut c_void {
    // SAFETY: takes nothing, always gives the current task.
    unsafe { generated::bpf_get_current_task_btf() as *mut c_void }
}

/// The registers of the call that a typed task is in, or made last (since 5.15): typed too.
#[inline(always)]
pub fn registers(task: *mut c_void) -> *const c_void {
    // SAFETY: the verifier refuses the program if `task` is not a typed task.
    unsafe { generated::bpf_task_pt_regs(task.cast()) as *const c_void }
}

/// A field of a typed object. Zero where the object is none: the kernel catches the fault.
///
/// Only the verifier sees whether `object` is typed; it refuses the program if it is not.
#[inline(always)]
pub fn typed<T: Plain>(object: *const c_void, offset: usize) -> T {
    // SAFETY: the verifier lets no load through that may lead outside of the object.
    unsafe { *object.cast::<u8>().add(offset).cast() }
}

/// A field of an object at any address. Zero where it cannot be read.
#[inline(always)]
pub fn field<T: Plain>(object: *const c_void, offset: usize) -> T {
    let mut value = T::ZERO;
    let from = object.cast::<u8>().wrapping_add(offset).cast();
    // Verifier: whether it failed is not looked at, for it leaves zeros then (`bpf_probe_read_kernel_common`):
    // a branch for each field would double the ways through a hook that reads many, and 6.1 walks them all.
    // SAFETY: the helper reads any address, or fails; it writes no more than the value.
    unsafe { generated::bpf_probe_read_kernel((&raw mut value).cast(), size_of::<T>() as u32, from) };
    value
}

/// Types of which any bytes are a value.
///
/// # Safety
/// They are.
pub unsafe trait Plain: Copy {
    /// What is given where nothing can be read.
    const ZERO: Self;
}

// SAFETY: a number.
unsafe impl Plain for u8 {
    const ZERO: Self = 0;
}

// SAFETY: a number.
unsafe impl Plain for u16 {
    const ZERO: Self = 0;
}

// SAFETY: a number.
unsafe impl Plain for u32 {
    const ZERO: Self = 0;
}

// SAFETY: a number.
unsafe impl Plain for u64 {
    const ZERO: Self = 0;
}

// SAFETY: an address, which only the functions of this module follow.
unsafe impl Plain for *const c_void {
    const ZERO: Self = core::ptr::null();
}

// SAFETY: numbers one behind the other.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {
    const ZERO: Self = [T::ZERO; N];
}

/// Copies `from` over `to`: one call, where the compiler would unroll a load and a store for each word.
/// Both are values of maps.
#[inline(always)]
pub fn copy<T: Copy>(to: &mut T, from: &T) {
    // SAFETY: both are of that length.
    unsafe {
        generated::bpf_probe_read_kernel((&raw mut *to).cast(), size_of::<T>() as u32, (&raw const *from).cast());
    }
}

/// A string of the kernel's with its NUL into `to`: its length, or a negative error number.
#[inline(always)]
pub fn kernel_string<const N: usize>(to: &mut [u8; N], from: *const c_void) -> i64 {
    // SAFETY: the helper reads any address, or fails; it writes no more than `to` has room for.
    unsafe { generated::bpf_probe_read_kernel_str(to.as_mut_ptr().cast(), N as u32, from) }
}

/// A value of the process', if it can be read.
#[inline(always)]
pub fn user<T: Plain>(pointer: u64) -> Option<T> {
    // SAFETY: the helper reads any address of the process, or fails.
    unsafe { bpf_probe_read_user(pointer as *const T) }.ok()
}
