//! Objects on processes: capabilities, scheduling, how one is made.

use super::signal;
use super::text::{choice, decimal, flags, hex, hex_or_zero, long, pointer, signed, word};
use crate::syscalls::flags::process;

/// Two words a set: the lower 32 capabilities, then the upper ones.
pub(super) fn capabilities(out: &mut String, bytes: &[u8]) {
    for (i, name) in ["{effective=", ", permitted=", ", inheritable="].into_iter().enumerate() {
        out.push_str(name);
        let set = word(bytes, 4 * i) | word(bytes, 12 + 4 * i) << 32;
        if set == 0 {
            out.push('0');
            continue;
        }
        let mut rest = set;
        let mut first = true;
        for (bit, name) in process::CAP.names {
            if set >> bit & 1 == 1 {
                out.push_str(if first { "1<<" } else { "|1<<" });
                out.push_str(name);
                first = false;
                rest &= !(1 << bit);
            }
        }
        if rest != 0 {
            if !first {
                out.push('|');
            }
            hex(out, rest);
        }
    }
    out.push('}');
}

pub(super) fn sched_attr(out: &mut String, bytes: &[u8]) {
    out.push_str("{size=");
    decimal(out, word(bytes, 0));
    out.push_str(", sched_policy=");
    choice(out, &process::SCHED, word(bytes, 4));
    out.push_str(", sched_flags=");
    hex_or_zero(out, long(bytes, 8));
    out.push_str(", sched_nice=");
    signed(out, i64::from((word(bytes, 16) as u32).cast_signed()));
    out.push_str(", sched_priority=");
    decimal(out, word(bytes, 20));
    for (name, at) in [(", sched_runtime=", 24), (", sched_deadline=", 32), (", sched_period=", 40)] {
        out.push_str(name);
        decimal(out, long(bytes, at));
    }
    out.push_str(if word(bytes, 0) > 48 { ", ...}" } else { "}" });
}

/// `struct clone_args`, as much of it as the caller knows (`linux/sched.h`); what the call does not use is left
/// out, and what a newer kernel may know of it is said to be there.
pub(super) fn clone_args(out: &mut String, bytes: &[u8]) {
    let bits = long(bytes, 0);
    out.push_str("{flags=");
    flags(out, &process::CLONE3, bits);
    if bits & 0x1000 != 0 {
        out.push_str(", pidfd=");
        pointer(out, long(bytes, 8));
    }
    if bits & 0x0120_0000 != 0 {
        out.push_str(", child_tid=");
        pointer(out, long(bytes, 16));
    }
    if bits & 0x0010_0000 != 0 {
        out.push_str(", parent_tid=");
        pointer(out, long(bytes, 24));
    }
    out.push_str(", exit_signal=");
    match u32::try_from(long(bytes, 32)) {
        Ok(number) => signal::signal(out, number.cast_signed()),
        Err(_) => decimal(out, long(bytes, 32)),
    }
    out.push_str(", stack=");
    pointer(out, long(bytes, 40));
    out.push_str(", stack_size=");
    hex_or_zero(out, long(bytes, 48));
    if bits & 0x0008_0000 != 0 {
        out.push_str(", tls=");
        pointer(out, long(bytes, 56));
    }
    let (tids, count) = (long(bytes, 64), long(bytes, 72));
    if tids != 0 || count != 0 {
        out.push_str(", set_tid=");
        pointer(out, tids);
        out.push_str(", set_tid_size=");
        decimal(out, count);
    }
    if bits & 0x2_0000_0000 != 0 {
        out.push_str(", cgroup=");
        decimal(out, long(bytes, 80));
    }
    rest(out, bytes, 88);
    out.push('}');
}

/// Says that there is more behind the fields that are known, where it is not 0.
pub(super) fn rest(out: &mut String, bytes: &[u8], known: usize) {
    if bytes.get(known..).unwrap_or_default().iter().any(|byte| *byte != 0) {
        out.push_str(", ...");
    }
}
