//! What calls say of files: type and mode, device, `stat`, and the flags of `open`.

use super::process::rest;
use super::text::{
    choice, decimal, flags, hex, hex_digits, hex_or_zero, i64_at, long, named_flags, octal, signed, u16_at, word,
};
use crate::syscalls::Arch;
use crate::syscalls::flags::{Set, file};

/// Type and permissions: `S_IFREG|S_ISUID|0644`.
pub(super) fn mode(out: &mut String, mode: u64) {
    let kind = mode & 0o170_000;
    if kind != 0 {
        match file::MODE_TYPE.name(kind) {
            Some(name) => out.push_str(name),
            None => octal(out, kind),
        }
        out.push('|');
    }
    for (bit, name) in [(0o4000, "S_ISUID|"), (0o2000, "S_ISGID|"), (0o1000, "S_ISVTX|")] {
        if mode & bit != 0 {
            out.push_str(name);
        }
    }
    octal(out, mode & 0o777);
}

/// A device number as `struct stat` and `mknod` hold it (`linux/kdev_t.h`, `new_encode_dev`).
pub(super) fn device(out: &mut String, device: u64) {
    out.push_str("makedev(");
    hex_or_zero(out, device >> 8 & 0xfff);
    out.push_str(", ");
    hex_or_zero(out, device & 0xff | device >> 12 & 0xfff00);
    out.push(')');
}

/// The captured part starts at byte 24 on x86-64 and 16 on arm64 ([`Shape::extent`]).
pub(super) fn stat(out: &mut String, bytes: &[u8], arch: Arch) {
    let (mode_at, device_at, size_at) = match arch {
        Arch::X86_64 => (0, 16, 24),
        Arch::Aarch64 => (0, 16, 32),
    };
    let bits = word(bytes, mode_at);
    out.push_str("{st_mode=");
    mode(out, bits);
    if matches!(bits & 0o170_000, 0o020_000 | 0o060_000) {
        out.push_str(", st_rdev=");
        device(out, long(bytes, device_at));
    } else {
        out.push_str(", st_size=");
        signed(out, i64_at(bytes, size_at).unwrap_or_default());
    }
    out.push_str(", ...}");
}

/// The first part of a `struct statx` (`linux/stat.h`).
pub(super) fn statx(out: &mut String, bytes: &[u8]) {
    out.push_str("{stx_mask=");
    flags(out, &file::STATX_MASK, word(bytes, 0));
    out.push_str(", stx_attributes=");
    flags(out, &file::STATX_ATTR, long(bytes, 8));
    out.push_str(", stx_mode=");
    mode(out, u64::from(u16_at(bytes, 28).unwrap_or_default()));
    out.push_str(", stx_size=");
    decimal(out, long(bytes, 40));
    out.push_str(", ...}");
}

/// A `struct statfs` (`asm-generic/statfs.h`).
pub(super) fn statfs(out: &mut String, bytes: &[u8]) {
    out.push_str("{f_type=");
    match file::FSMAGIC.name(long(bytes, 0)) {
        Some(name) => out.push_str(name),
        None => hex(out, long(bytes, 0)),
    }
    for (name, at) in [
        (", f_bsize=", 8),
        (", f_blocks=", 16),
        (", f_bfree=", 24),
        (", f_bavail=", 32),
        (", f_files=", 40),
        (", f_ffree=", 48),
    ] {
        out.push_str(name);
        decimal(out, long(bytes, at));
    }
    out.push_str(", f_fsid={val=[");
    hex_or_zero(out, word(bytes, 56));
    out.push_str(", ");
    hex_or_zero(out, word(bytes, 60));
    out.push_str("]}, f_namelen=");
    decimal(out, long(bytes, 64));
    out.push_str(", f_frsize=");
    decimal(out, long(bytes, 72));
    out.push_str(", f_flags=");
    flags(out, &file::ST, long(bytes, 80));
    out.push('}');
}

/// A `struct open_how` (`linux/openat2.h`).
pub(super) fn open_how(out: &mut String, bytes: &[u8], arch: Arch) {
    let bits = long(bytes, 0);
    out.push_str("{flags=");
    open_flags(out, bits, arch);
    if creates(bits, arch) {
        out.push_str(", mode=");
        octal(out, long(bytes, 8));
    }
    out.push_str(", resolve=");
    flags(out, &file::RESOLVE, long(bytes, 16));
    rest(out, bytes, 24);
    out.push('}');
}

/// Whether open flags make a file, so that the mode counts: `O_CREAT`, or all bits of `O_TMPFILE`.
pub(super) fn creates(bits: u64, arch: Arch) -> bool {
    let temporary = match arch {
        Arch::X86_64 => 0o20_200_000,
        Arch::Aarch64 => 0o20_040_000,
    };
    bits & 0o100 != 0 || bits & temporary == temporary
}

/// Flags of `open`: the access mode, then the others.
pub(super) fn open_flags(out: &mut String, bits: u64, arch: Arch) {
    out.push_str(file::ACCESS_MODE.name(bits & 3).unwrap_or("O_RDONLY"));
    if bits & !3 != 0 {
        out.push('|');
        let (rest, named) = named_flags(out, open_set(arch), bits & !3);
        if rest != 0 {
            if named {
                out.push('|');
            }
            out.push_str("0x");
            hex_digits(out, rest, 1);
        }
    }
}

/// The flags of `open`, by architecture.
pub(super) const fn open_set(arch: Arch) -> &'static Set {
    match arch {
        Arch::X86_64 => &file::OPEN_X86,
        Arch::Aarch64 => &file::OPEN_ARM,
    }
}

/// A `struct flock` (`asm-generic/fcntl.h`); who holds it is said only where that was asked.
pub(super) fn lock(out: &mut String, bytes: &[u8], asked: bool) {
    out.push_str("{l_type=");
    choice(out, &file::LOCK_TYPE, u64::from(u16_at(bytes, 0).unwrap_or_default()));
    out.push_str(", l_whence=");
    choice(out, &file::WHENCE, u64::from(u16_at(bytes, 2).unwrap_or_default()));
    out.push_str(", l_start=");
    signed(out, i64_at(bytes, 8).unwrap_or_default());
    out.push_str(", l_len=");
    signed(out, i64_at(bytes, 16).unwrap_or_default());
    if asked {
        out.push_str(", l_pid=");
        signed(out, i64::from((word(bytes, 24) as u32).cast_signed()));
    }
    out.push('}');
}
