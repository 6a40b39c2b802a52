//! What a cgroup's name says, and in which state a cgroup of that name begins: pure, and so tested
//! against the agent's own rule (`agent/src/identity/scope_tests.rs` compiles this file too).
//!
//! Names are those that runtimes and systemd give; where they come from stands in
//! `agent/src/identity/path.rs`.

use core::hint::black_box;
use rewind_common::ring::cgroup_state as state;

/// Most bytes of a name, with its NUL: `NAME_MAX` (`include/uapi/linux/limits.h`) and one.
pub(crate) const NAME_BYTES: usize = 256;

/// Fewest digits of an id behind a runtime's prefix, and all that runtimes draw.
const SHORT_ID: u64 = 12;
const FULL_ID: u64 = 64;

/// A name, taken apart. Words hold bytes as memory does: the first one lowest.
pub(crate) struct Name {
    /// The first 16 bytes, zeros behind the end.
    first: [u64; 2],
    /// The last eight bytes, the very last on top.
    last: u64,
    /// Its bytes.
    len: u64,
    /// Those without `.scope` and `.slice`.
    stem: u64,
    /// How many hexadecimal digits the stem ends with.
    digits: u64,
    /// The eight bytes before these, the nearest on top. 0: there are none.
    before: u64,
    /// Whether it ends with `.scope`.
    is_scope: bool,
    /// Whether it ends with `.slice`.
    is_slice: bool,
    /// Whether the kubelet keeps pods there.
    is_kubepods: bool,
}

impl Name {
    /// Takes the first `len` bytes of `text` apart; all behind them are zeros.
    ///
    /// Verifier: the loops do without a branch, for each would double the ways through what follows; so
    /// the compiler must not know that `len` is small, nor what a mask can be.
    #[inline(always)]
    pub(crate) fn of(text: &[u8; NAME_BYTES], len: u64) -> Self {
        let (len, mut last) = (black_box(len), 0);
        for (at, byte) in text.iter().enumerate() {
            last = pick(is_below(at as u64, len), pushed(last, *byte), last);
        }
        let (scope, slice) = (is_zero(last >> 16 ^ word(b".scope")), is_zero(last >> 16 ^ word(b".slice")));
        let stem = len.wrapping_sub(6 & (scope | slice));
        let (is_scope, is_slice) = (scope != 0, slice != 0);
        let (mut window, mut ninth, mut before, mut digits, mut pods) = (0, 0, 0, 0, 0);
        for (at, byte) in text.iter().enumerate() {
            let inside = is_below(at as u64, stem);
            let digit = is_between(*byte, b'0', b'9') | is_between(*byte, b'a', b'f');
            let next = pushed(window, *byte);
            pods |= inside & is_zero((window ^ word(b"kubepods")) | u64::from(*byte ^ b'-'));
            digits = pick(inside, pick(digit, digits + 1, 0), digits);
            before = pick(inside & !digit, next, before);
            ninth = pick(inside, window & 0xff, ninth);
            window = pick(inside, next, window);
        }
        let ends_with_it = !is_scope && window == word(b"kubepods") && (stem == 8 || ninth == u64::from(b'-'));
        let first =
            [text.first_chunk(), text[8..].first_chunk()].map(|bytes| bytes.copied().map_or(0, u64::from_le_bytes));
        Self { first, last, len, stem, digits, before, is_scope, is_slice, is_kubepods: pods != 0 || ends_with_it }
    }

    /// Whether it is this name of at most 15 bytes.
    #[inline(always)]
    fn is(&self, name: &[u8]) -> bool {
        self.first == [word(name), word(name.get(8..).unwrap_or_default())]
    }

    /// Whether it starts so: 8 to 16 bytes.
    #[inline(always)]
    fn starts_with(&self, prefix: &[u8]) -> bool {
        let rest = prefix.get(8..).unwrap_or_default();
        let mask = u64::MAX.checked_shr(64 - 8 * rest.len() as u32).unwrap_or(0);
        self.first[0] == word(prefix) && self.first[1] & mask == word(rest)
    }

    /// Whether it ends so: up to 8 bytes, and has more.
    #[inline(always)]
    fn ends_with(&self, suffix: &[u8]) -> bool {
        self.last >> (64 - 8 * suffix.len()) == word(suffix) && self.len > suffix.len() as u64
    }

    /// A helper beside containers that makes calls of its own.
    #[inline(always)]
    fn is_monitor(&self) -> bool {
        self.starts_with(b"crio-conmon-") || self.starts_with(b"libpod-conmon-") || self.starts_with(b"lxc.monitor.")
    }

    /// Whether the name alone says that it is a container's own cgroup.
    #[inline(always)]
    fn is_container(&self) -> bool {
        if self.starts_with(b"lxc.payload.") && self.len > 12 {
            return true;
        }
        if self.is_slice {
            return false;
        }
        match (self.before >> 56) as u8 {
            b':' => self.digits >= SHORT_ID,
            b'-' if self.digits >= SHORT_ID && self.has_runtimes_prefix() => true,
            b'-' => self.digits == FULL_ID && self.is_scope && self.before >> 8 != word(b"conmon-"),
            _ => self.digits == FULL_ID && self.len == FULL_ID,
        }
    }

    /// Whether all before the digits is what a runtime's systemd driver puts there.
    #[inline(always)]
    fn has_runtimes_prefix(&self) -> bool {
        let is = |prefix: &[u8]| {
            let rest = prefix.get(8..).unwrap_or_default();
            let masks = [prefix, rest].map(|part| {
                u64::MAX.checked_shr(64 - 8 * if part.len() < 8 { part.len() as u32 } else { 8 }).unwrap_or(0)
            });
            self.first[0] & masks[0] == word(prefix) && self.first[1] & masks[1] == word(rest)
        };
        match self.stem - self.digits {
            5 => is(b"crio-"),
            7 => is(b"docker-") || is(b"libpod-"),
            8 => is(b"nerdctl-"),
            11 => is(b"containerd-"),
            15 => is(b"cri-containerd-") || is(b"libpod-payload-"),
            _ => false,
        }
    }

    /// Whether it is a unit of systemd's that has a cgroup and is no slice.
    #[inline(always)]
    fn is_unit(&self) -> bool {
        self.ends_with(b".service")
            || self.ends_with(b".scope")
            || self.ends_with(b".socket")
            || self.ends_with(b".mount")
            || self.ends_with(b".swap")
    }
}

/// The state in which a cgroup begins below one that is in state `parent`.
#[inline(always)]
pub(crate) fn begin(parent: u32, name: &Name) -> u32 {
    match parent {
        state::RECORDED => state::RECORDED,
        _ if name.is_monitor() => state::IGNORED,
        state::OPEN | state::TAKING | state::REFUSED | state::PARENT => state::OPEN,
        state::SLICE | state::TOP | state::TOP_OF_UNITS if name.is_container() => state::OPEN,
        state::SLICE | state::TOP | state::TOP_OF_UNITS if name.is_kubepods => state::PARENT,
        state::SLICE => state::SLICE,
        state::TOP | state::TOP_OF_UNITS => at_the_top(parent == state::TOP_OF_UNITS, name),
        _ => state::IGNORED,
    }
}

#[inline(always)]
fn at_the_top(units: bool, name: &Name) -> u32 {
    if name.is(b"init.scope") || name.is(b"openrc") || name.first[0] & (u64::MAX >> 8) == word(b"openrc.") {
        state::IGNORED
    } else if name.is(b"user.slice")
        || name.is(b"runtime.slice")
        || name.is(b"podruntime")
        || name.is(b"libpod_parent")
        || name.is(b"libpod-parent")
    {
        state::SLICE
    } else if name.is(b"machine.slice") {
        state::PARENT
    } else if name.is_slice {
        if units { state::PARENT } else { state::SLICE }
    } else if name.is_unit() && !units {
        state::SLICE
    } else {
        state::OPEN
    }
}

/// Up to eight bytes as memory holds them.
#[inline(always)]
const fn word(bytes: &[u8]) -> u64 {
    let (mut word, mut at) = (0, 0);
    while at < 8 && at < bytes.len() {
        word |= (bytes[at] as u64) << (8 * at);
        at += 1;
    }
    word
}

#[inline(always)]
const fn pushed(window: u64, byte: u8) -> u64 {
    window >> 8 | (byte as u64) << 56
}

/// All ones where the top bit is set, else zeros. What the compiler can see through it turns into a
/// branch.
#[inline(always)]
fn mask_of_top(value: u64) -> u64 {
    black_box(value >> 63).wrapping_neg()
}

#[inline(always)]
fn is_below(value: u64, limit: u64) -> u64 {
    mask_of_top(value.wrapping_sub(limit))
}

#[inline(always)]
fn is_between(byte: u8, least: u8, most: u8) -> u64 {
    !mask_of_top(u64::from(byte).wrapping_sub(u64::from(least)) | u64::from(most).wrapping_sub(u64::from(byte)))
}

#[inline(always)]
fn is_zero(value: u64) -> u64 {
    !mask_of_top(value | value.wrapping_neg())
}

#[inline(always)]
fn pick(mask: u64, one: u64, other: u64) -> u64 {
    other ^ ((one ^ other) & mask)
}
