//! Functions and values that the kernel or the agent finds by name.

use rewind_common::{offsets::Offsets, ring::SHARES};

/// Makes functions global: the verifier walks a global function once, for any arguments, and not once for each
/// way that leads to it. So they take and give plain numbers; a pointer may be null ([`crate::globals::given`]).
macro_rules! global {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> $out:ty $body:block)+) => {$(
        $(#[$doc])*
        #[allow(unsafe_code, reason = "exported by name: that is what makes it global")]
        #[unsafe(no_mangle)]
        #[inline(never)]
        pub extern "C" fn $name($($arg: $type),*) -> $out {
            #[deny(unsafe_code)]
            #[inline(always)]
            fn body($($arg: $type),*) -> $out $body
            body($($arg),*)
        }
    )+};
}
pub(crate) use global;

/// What a pointer points to that is an argument of a global function; `None`: it is null.
///
/// Verifier: it refuses the program unless each caller passes null or memory of that size.
#[inline(always)]
pub fn given<'a, T>(pointer: *const T) -> Option<&'a T> {
    // SAFETY: as above.
    unsafe { pointer.as_ref() }
}

/// As [`given`]; what is lent so is the caller's alone.
#[inline(always)]
pub fn given_mut<'a, T>(pointer: *mut T) -> Option<&'a mut T> {
    // SAFETY: as above.
    unsafe { pointer.as_mut() }
}

/// The running kernel's offsets. The agent fills them in.
///
/// Verifier: they lie in read-only data that is frozen before the programs are loaded, so each
/// is a known constant and `pointer + field` is an access at a fixed offset, which is the only kind
/// allowed through a typed kernel pointer.
#[unsafe(no_mangle)]
pub static OFFSETS: Offsets = Offsets::UNKNOWN;

/// Most segments that each share may have. The agent fills it in.
#[unsafe(no_mangle)]
pub static LIMITS: [u32; SHARES] = [1; SHARES];

/// Most payload bytes kept of one call. The agent fills it in; at most [`rewind_common::capture::MAX_BYTES`].
#[unsafe(no_mangle)]
pub static PAYLOAD_BYTES: u32 = 256;

/// What is read of sockets: bits of [`rewind_common::record::message::protocols`]. The agent fills it in.
#[unsafe(no_mangle)]
pub static PROTOCOLS: u32 = 0;

/// One of the offsets. Volatile, so that the compiler does not take what stands there now for the truth.
macro_rules! offset {
    ($($field:tt)+) => {
        ($crate::atomic::load_volatile(&$crate::globals::OFFSETS.$($field)+) as usize)
    };
}
pub(crate) use offset;
