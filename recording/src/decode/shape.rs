//! Objects of a fixed layout. Offsets from the kernel's UAPI headers, the same on x86-64 and arm64
//! unless an `Arch` is asked for.

use super::text::{
    self, choice, comment, decimal, flags, hex, hex_or_zero, i64_at, long, pointer, signed, u16_at, u32_at, u64_at,
    word,
};
use super::{files, process, signal, time};
use crate::syscalls::Arch;
use crate::syscalls::arg::Shape;
use crate::syscalls::flags::{poll, process as process_sets, signal as signal_sets};

/// Writes the object, or nothing and `None` where there are too few bytes.
pub(super) fn shape(out: &mut String, shape: Shape, bytes: &[u8], arch: Arch, limit: usize) -> Option<()> {
    if bytes.len() < usize::from(shape.extent(arch).1) {
        return None;
    }
    match shape {
        Shape::I32 => bracket(out, |out| signed(out, i64::from(u32_at(bytes, 0).unwrap_or_default().cast_signed()))),
        Shape::U32 => bracket(out, |out| decimal(out, word(bytes, 0))),
        Shape::SchedParam => {
            bracket(out, |out| signed(out, i64::from(u32_at(bytes, 0).unwrap_or_default().cast_signed())))
        }
        Shape::I64 => bracket(out, |out| signed(out, i64_at(bytes, 0).unwrap_or_default())),
        Shape::Address => bracket(out, |out| hex_or_zero(out, long(bytes, 0))),
        Shape::Id => bracket(out, |out| id(out, word(bytes, 0))),
        Shape::FdPair => {
            out.push('[');
            signed(out, i64::from((word(bytes, 0) as u32).cast_signed()));
            out.push_str(", ");
            signed(out, i64::from((word(bytes, 4) as u32).cast_signed()));
            out.push(']');
        }
        Shape::Stat => files::stat(out, bytes, arch),
        Shape::Statx => files::statx(out, bytes),
        Shape::Statfs => files::statfs(out, bytes),
        Shape::Timespec => time::timespec(out, bytes, 0),
        Shape::Timeval => time::timeval(out, bytes, 0),
        Shape::Timespecs => time::timespecs(out, bytes),
        Shape::Timevals => time::timevals(out, bytes),
        Shape::Timezone => {
            out.push_str("{tz_minuteswest=");
            signed(out, i64::from((word(bytes, 0) as u32).cast_signed()));
            out.push_str(", tz_dsttime=");
            signed(out, i64::from((word(bytes, 4) as u32).cast_signed()));
            out.push('}');
        }
        Shape::Utimbuf => {
            for (i, name) in ["{actime=", ", modtime="].into_iter().enumerate() {
                let seconds = i64_at(bytes, 8 * i).unwrap_or_default();
                out.push_str(name);
                signed(out, seconds);
                time::date_comment(out, seconds, 0, 0);
            }
            out.push('}');
        }
        Shape::Time => bracket(out, |out| {
            let seconds = i64_at(bytes, 0).unwrap_or_default();
            signed(out, seconds);
            time::date_comment(out, seconds, 0, 0);
        }),
        Shape::Itimerspec => {
            out.push_str("{it_interval=");
            time::timespec(out, bytes, 0);
            out.push_str(", it_value=");
            time::timespec(out, bytes, 16);
            out.push('}');
        }
        Shape::Itimerval => {
            out.push_str("{it_interval=");
            time::timeval(out, bytes, 0);
            out.push_str(", it_value=");
            time::timeval(out, bytes, 16);
            out.push('}');
        }
        Shape::Rlimit => {
            out.push_str("{rlim_cur=");
            limit_value(out, long(bytes, 0));
            out.push_str(", rlim_max=");
            limit_value(out, long(bytes, 8));
            out.push('}');
        }
        Shape::Rusage => {
            out.push_str("{ru_utime=");
            time::timeval(out, bytes, 0);
            out.push_str(", ru_stime=");
            time::timeval(out, bytes, 16);
            out.push_str(", ...}");
        }
        Shape::Status => bracket(out, |out| signal::status(out, word(bytes, 0) as u32)),
        Shape::Siginfo => {
            if !signal::info(out, bytes) {
                return None;
            }
        }
        Shape::Sigaction => sigaction(out, bytes),
        Shape::Sigset => signal::set(out, long(bytes, 0)),
        Shape::Stack => {
            out.push_str("{ss_sp=");
            pointer(out, long(bytes, 0));
            out.push_str(", ss_flags=");
            flags(out, &signal_sets::SS, word(bytes, 8));
            out.push_str(", ss_size=");
            decimal(out, long(bytes, 16));
            out.push('}');
        }
        Shape::Sigevent => sigevent(out, bytes),
        Shape::SigmaskBox => {
            out.push_str("{sigmask=");
            pointer(out, long(bytes, 0));
            out.push_str(", sigsetsize=");
            decimal(out, long(bytes, 8));
            out.push('}');
        }
        Shape::EpollEvent => epoll_event(out, bytes, arch)?,
        Shape::Uname => {
            out.push_str("{sysname=");
            text::shortened(out, field(bytes, 0, 65), field(bytes, 0, 65).len() as u64, limit.max(65));
            out.push_str(", nodename=");
            text::shortened(out, field(bytes, 65, 65), field(bytes, 65, 65).len() as u64, limit.max(65));
            out.push_str(", ...}");
        }
        Shape::Sysinfo => sysinfo(out, bytes),
        Shape::CapHeader => {
            out.push_str("{version=");
            choice(out, &process_sets::CAP_VERSION, word(bytes, 0));
            out.push_str(", pid=");
            signed(out, i64::from((word(bytes, 4) as u32).cast_signed()));
            out.push('}');
        }
        Shape::Capabilities => process::capabilities(out, bytes),
        Shape::SchedAttr => process::sched_attr(out, bytes),
        Shape::CloneArgs => process::clone_args(out, bytes),
        Shape::OpenHow => files::open_how(out, bytes, arch),
        Shape::Sigaction32 => {
            let [handler, bits, restorer] = [0, 4, 8].map(|at| word(bytes, at));
            action(out, [handler, bits, restorer, long(bytes, 12)]);
        }
        Shape::Lock => files::lock(out, bytes, false),
        Shape::LockHolder => files::lock(out, bytes, true),
        Shape::Winsize => {
            for (i, name) in ["{ws_row=", ", ws_col=", ", ws_xpixel=", ", ws_ypixel="].into_iter().enumerate() {
                out.push_str(name);
                decimal(out, u64::from(u16_at(bytes, 2 * i).unwrap_or_default()));
            }
            out.push('}');
        }
        Shape::Termios => termios(out, [4, 8, 12].map(|at| word(bytes, at) as u32)),
    }
    Some(())
}

fn bracket(out: &mut String, inner: impl FnOnce(&mut String)) {
    out.push('[');
    inner(out);
    out.push(']');
}

/// The string in a fixed field.
fn field(bytes: &[u8], at: usize, len: usize) -> &[u8] {
    text::until_nul(bytes.get(at..at + len).unwrap_or_default()).0
}

/// A user or group id: -1 means unchanged.
pub(super) fn id(out: &mut String, id: u64) {
    let id = id as u32;
    if id == u32::MAX { out.push_str("-1") } else { decimal(out, u64::from(id)) }
}

fn limit_value(out: &mut String, limit: u64) {
    match limit {
        u64::MAX => out.push_str("RLIM64_INFINITY"),
        kib if kib > 1024 && kib % 1024 == 0 => {
            decimal(out, kib / 1024);
            out.push_str("*1024");
        }
        other => decimal(out, other),
    }
}

/// The kernel's layout: handler, flags, restorer, mask.
fn sigaction(out: &mut String, bytes: &[u8]) {
    action(out, [long(bytes, 0), long(bytes, 8), long(bytes, 16), long(bytes, 24)]);
}

fn action(out: &mut String, [handler, bits, restorer, mask]: [u64; 4]) {
    out.push_str("{sa_handler=");
    match handler {
        0 => out.push_str("SIG_DFL"),
        1 => out.push_str("SIG_IGN"),
        address => hex(out, address),
    }
    out.push_str(", sa_mask=");
    signal::set(out, mask);
    out.push_str(", sa_flags=");
    flags(out, &signal_sets::SA, bits);
    if bits & 0x0400_0000 != 0 {
        out.push_str(", sa_restorer=");
        pointer(out, restorer);
    }
    out.push('}');
}

fn sigevent(out: &mut String, bytes: &[u8]) {
    let value = long(bytes, 0);
    out.push('{');
    if value != 0 {
        out.push_str("sigev_value={sival_int=");
        signed(out, i64::from((value as u32).cast_signed()));
        out.push_str(", sival_ptr=");
        hex(out, value);
        out.push_str("}, ");
    }
    let notify = word(bytes, 12);
    out.push_str("sigev_signo=");
    if matches!(notify, 0 | 4) {
        signal::signal(out, (word(bytes, 8) as u32).cast_signed());
    } else {
        decimal(out, word(bytes, 8));
    }
    out.push_str(", sigev_notify=");
    match notify {
        0 => out.push_str("SIGEV_SIGNAL"),
        1 => out.push_str("SIGEV_NONE"),
        2 => out.push_str("SIGEV_THREAD"),
        4 => {
            out.push_str("SIGEV_THREAD_ID, sigev_notify_thread_id=");
            signed(out, i64::from((word(bytes, 16) as u32).cast_signed()));
        }
        other => {
            hex(out, other);
            comment(out, "SIGEV_???");
        }
    }
    out.push('}');
}

/// One `epoll_event`, packed on x86-64 (`linux/eventpoll.h`).
pub(super) fn epoll_event(out: &mut String, bytes: &[u8], arch: Arch) -> Option<()> {
    let at = match arch {
        Arch::X86_64 => 4,
        Arch::Aarch64 => 8,
    };
    let events = u32_at(bytes, 0)?;
    let user = u64_at(bytes, at)?;
    out.push_str("{events=");
    flags(out, &poll::EPOLL, u64::from(events));
    out.push_str(", data={u32=");
    decimal(out, user & 0xffff_ffff);
    out.push_str(", u64=");
    decimal(out, user);
    out.push_str("}}");
    Some(())
}

fn sysinfo(out: &mut String, bytes: &[u8]) {
    out.push_str("{uptime=");
    signed(out, i64_at(bytes, 0).unwrap_or_default());
    out.push_str(", loads=[");
    decimal(out, long(bytes, 8));
    out.push_str(", ");
    decimal(out, long(bytes, 16));
    out.push_str(", ");
    decimal(out, long(bytes, 24));
    out.push(']');
    for (name, at) in [
        (", totalram=", 32),
        (", freeram=", 40),
        (", sharedram=", 48),
        (", bufferram=", 56),
        (", totalswap=", 64),
        (", freeswap=", 72),
    ] {
        out.push_str(name);
        decimal(out, long(bytes, at));
    }
    out.push_str(", procs=");
    decimal(out, u64::from(u16_at(bytes, 80).unwrap_or_default()));
    out.push_str(", totalhigh=");
    decimal(out, long(bytes, 88));
    out.push_str(", freehigh=");
    decimal(out, long(bytes, 96));
    out.push_str(", mem_unit=");
    decimal(out, word(bytes, 104));
    out.push('}');
}

/// The flags of a `termios` in the words of stty (`asm-generic/termbits.h`): speed, then what is on.
fn termios(out: &mut String, [output, control, local]: [u32; 3]) {
    let speeds = [
        (0, "B0"),
        (0o13, "B2400"),
        (0o14, "B4800"),
        (0o15, "B9600"),
        (0o16, "B19200"),
        (0o17, "B38400"),
        (0o10001, "B57600"),
        (0o10002, "B115200"),
    ];
    out.push('{');
    match speeds.iter().find(|(speed, _)| *speed == control & 0o10017) {
        Some((_, name)) => out.push_str(name),
        None => hex(out, u64::from(control & 0o10017)),
    }
    for (word, bit, name) in [(output, 1, "opost"), (local, 1, "isig"), (local, 2, "icanon"), (local, 8, "echo")] {
        out.push_str(if word & bit != 0 { " " } else { " -" });
        out.push_str(name);
    }
    out.push_str(" ...}");
}
