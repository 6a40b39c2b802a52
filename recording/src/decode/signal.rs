//! Signals, signal sets, and the lines of delivery and death.

use super::text;
use crate::exit_status::ExitStatus;
use crate::syscalls::flags::signal as sets;
use rewind_common::record::{Exit, Signal};

/// Names of signals 1 to 31, without `SIG` (`asm-generic/signal.h`, the same on x86-64 and arm64).
static NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];

/// Signals of the kernel: 1 to 64; from this one on they are real-time signals.
const FIRST_REAL_TIME: u32 = 32;
const LAST: u32 = 64;

/// The name of an ordinary signal, with its `SIG`.
#[must_use]
pub fn signal_name(signal: u32) -> Option<String> {
    (1..=LAST).contains(&signal).then(|| {
        let mut name = String::from("SIG");
        short_name(&mut name, signal);
        name
    })
}

/// A signal: its name, or the number.
pub(super) fn signal(out: &mut String, signal: i32) {
    match u32::try_from(signal) {
        Ok(number @ 1..=LAST) => {
            out.push_str("SIG");
            short_name(out, number);
        }
        _ => text::signed(out, i64::from(signal)),
    }
}

fn short_name(out: &mut String, signal: u32) {
    if let Some(name) = (signal as usize).checked_sub(1).and_then(|i| NAMES.get(i)) {
        return out.push_str(name);
    }
    if signal == FIRST_REAL_TIME {
        return out.push_str("RTMIN");
    }
    out.push_str("RT_");
    text::decimal(out, u64::from(signal - FIRST_REAL_TIME));
}

/// A set of signals; one that holds two thirds of all is shown by what it lacks.
pub(super) fn set(out: &mut String, set: u64) {
    let inverted = set.count_ones() >= LAST * 2 / 3;
    let shown = if inverted { !set } else { set };
    out.push_str(if inverted { "~[" } else { "[" });
    let mut first = true;
    for signal in (1..=LAST).filter(|signal| shown >> (signal - 1) & 1 == 1) {
        if !first {
            out.push(' ');
        }
        first = false;
        short_name(out, signal);
    }
    out.push(']');
}

/// Writes the line of a signal's delivery: `--- SIGSEGV {si_signo=SIGSEGV, ...} ---`.
pub fn write_signal(out: &mut String, delivered: &Signal) {
    let words = delivered.siginfo;
    let mut bytes = [0_u8; 48];
    for (chunk, word) in bytes.chunks_exact_mut(4).zip(words) {
        chunk.copy_from_slice(&word.to_le_bytes());
    }
    out.push_str("--- ");
    signal(out, words[0].cast_signed());
    out.push(' ');
    info(out, &bytes);
    out.push_str(" ---");
}

/// A `siginfo_t` of at least 32 bytes; `false` and nothing if there are fewer.
pub(super) fn info(out: &mut String, bytes: &[u8]) -> bool {
    let (Some(signo), Some(errno), Some(code)) =
        (text::u32_at(bytes, 0), text::u32_at(bytes, 4), text::u32_at(bytes, 8))
    else {
        return false;
    };
    if bytes.len() < 32 {
        return false;
    }
    if signo == 0 {
        out.push_str("{}");
        return true;
    }
    out.push_str("{si_signo=");
    signal(out, signo.cast_signed());
    if errno != 0 {
        out.push_str(", si_errno=");
        match u16::try_from(errno).ok().and_then(super::errno_name) {
            Some(name) => out.push_str(name),
            None => text::decimal(out, u64::from(errno)),
        }
    }
    out.push_str(", si_code=");
    self::code(out, signo, code);
    fields(out, bytes, signo, code.cast_signed());
    out.push('}');
    true
}

fn code(out: &mut String, signo: u32, code: u32) {
    let specific = match signo {
        4 => Some(&sets::SI_ILL),
        5 => Some(&sets::SI_TRAP),
        7 => Some(&sets::SI_BUS),
        8 => Some(&sets::SI_FPE),
        11 => Some(&sets::SI_SEGV),
        17 => Some(&sets::SI_CHLD),
        29 => Some(&sets::SI_POLL),
        31 => Some(&sets::SI_SYS),
        _ => None,
    };
    match sets::SI_GENERAL.name(u64::from(code)).or_else(|| specific?.name(u64::from(code))) {
        Some(name) => out.push_str(name),
        None => text::hex(out, u64::from(code)),
    }
}

/// The union behind the first three fields (`asm-generic/siginfo.h`): by code, then by signal.
fn fields(out: &mut String, bytes: &[u8], signo: u32, code: i32) {
    let word = |at| text::u32_at(bytes, at).unwrap_or_default();
    let int = |at: usize| i64::from(word(at).cast_signed());
    let mut field = |name: &str, value: i64| {
        out.push_str(name);
        text::signed(out, value);
    };
    match (code, signo) {
        (-2, _) => {
            field(", si_timerid=", int(16));
            field(", si_overrun=", int(20));
            value(out, bytes, 24);
        }
        (0 | -6, _) => {
            field(", si_pid=", int(16));
            field(", si_uid=", i64::from(word(20)));
        }
        (..0, _) => {
            field(", si_pid=", int(16));
            field(", si_uid=", i64::from(word(20)));
            value(out, bytes, 24);
        }
        (_, 4 | 5 | 7 | 8 | 11) => {
            out.push_str(", si_addr=");
            text::pointer(out, text::u64_at(bytes, 16).unwrap_or_default());
        }
        (_, 17) => {
            field(", si_pid=", int(16));
            field(", si_uid=", i64::from(word(20)));
            out.push_str(", si_status=");
            if code == 1 {
                text::signed(out, int(24))
            } else {
                signal(out, word(24).cast_signed())
            }
            out.push_str(", si_utime=");
            text::signed(out, text::i64_at(bytes, 32).unwrap_or_default());
            out.push_str(", si_stime=");
            text::signed(out, text::i64_at(bytes, 40).unwrap_or_default());
        }
        (_, 29) => {
            field(", si_band=", text::i64_at(bytes, 16).unwrap_or_default());
            field(", si_fd=", int(24));
        }
        (_, 31) => {
            out.push_str(", si_call_addr=");
            text::pointer(out, text::u64_at(bytes, 16).unwrap_or_default());
            out.push_str(", si_syscall=");
            text::signed(out, int(24));
            out.push_str(", si_arch=");
            match word(28) {
                0xc000_003e => out.push_str("AUDIT_ARCH_X86_64"),
                0xc000_00b7 => out.push_str("AUDIT_ARCH_AARCH64"),
                0x4000_0003 => out.push_str("AUDIT_ARCH_I386"),
                other => text::hex(out, u64::from(other)),
            }
        }
        _ => {}
    }
}

fn value(out: &mut String, bytes: &[u8], at: usize) {
    let value = text::u64_at(bytes, at).unwrap_or_default();
    if value == 0 {
        return;
    }
    out.push_str(", si_int=");
    text::signed(out, i64::from((value as u32).cast_signed()));
    out.push_str(", si_ptr=");
    text::pointer(out, value);
}

/// Writes the line of a thread's end: `+++ exited with 3 +++`, `+++ killed by SIGKILL +++`.
pub fn write_exit(out: &mut String, exit: &Exit) {
    match ExitStatus::new(exit.status) {
        ExitStatus::Exited(code) => {
            out.push_str("+++ exited with ");
            text::decimal(out, u64::from(code));
        }
        ExitStatus::Killed { signal: by, core_dumped } => {
            out.push_str("+++ killed by ");
            signal(out, by.into());
            if core_dumped {
                out.push_str(" (core dumped)");
            }
        }
    }
    out.push_str(" +++");
}

/// The status of `wait`, in the words of the macros that take it apart.
pub(super) fn status(out: &mut String, status: u32) {
    // Not of an end: the process was stopped, or goes on.
    if status & 0xff == 0x7f && status != 0xffff {
        out.push_str("{WIFSTOPPED(s) && WSTOPSIG(s) == ");
        let stop = status >> 8 & 0xff;
        signal(out, (stop & 0x7f).cast_signed());
        if stop & 0x80 != 0 {
            out.push_str(" | 0x80");
        }
    } else if status == 0xffff {
        out.push_str("{WIFCONTINUED(s)");
    } else {
        match ExitStatus::new(status) {
            ExitStatus::Exited(code) => {
                out.push_str("{WIFEXITED(s) && WEXITSTATUS(s) == ");
                text::decimal(out, u64::from(code));
            }
            ExitStatus::Killed { signal: by, core_dumped } => {
                out.push_str("{WIFSIGNALED(s) && WTERMSIG(s) == ");
                signal(out, by.into());
                if core_dumped {
                    out.push_str(" && WCOREDUMP(s)");
                }
            }
        }
    }
    out.push('}');
}
