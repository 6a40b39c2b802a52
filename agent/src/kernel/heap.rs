//! Memory that is not needed any more, given back to the kernel.
#![allow(unsafe_code, reason = "the C library has no safe way to ask for it")]

/// Gives back what was freed. The C library keeps freed memory that stands below what is still in use: of the
/// types of the kernel, read for the load (aya's `Btf`, 13 MB in 100,000 pieces), all or half, by chance.
pub(super) fn trim() {
    // SAFETY: it takes a number and may be called at any time (malloc_trim(3)).
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}
