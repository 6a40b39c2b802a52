//! Descriptors: read, write, seek, duplicate, control.

use super::arg::ArgKind::{
    BytesIn, BytesOut, Choice, Command, Entries, FanInit, Fd, Flags, Hidden, In, Int, LogBytes, LogVec, Memfd, Mode,
    Name, Off, Offset, OpenBits, OpenFlags, Operand, Out, Pointer, Size, Uid, Uint, UintFlags, VecIn, VecOut,
};
use super::arg::Shape::{FdPair, I64, Sigset};
use super::bits::{
    CHANGES_DIRECTORY, CLOSES, DECISIVE, DESC, ENTRY, LOCKS_FILE, NETWORK, ORDINARY, RECEIVES, SEEKS, SENDS, SIGNAL,
    TRANSFERS, TRIES_FILE_SYSTEM, WAITS_DISK, WAITS_FILE_LOCK, WAITS_FILE_SYSTEM,
};
use super::commands::{FCNTL, IOCTL};
use super::flags::file::{CLOSE_RANGE, FADVISE, FALLOC, INOTIFY_INIT, LOCK, RWF, SPLICE, SYNC_RANGE, WHENCE, XATTR};
use super::flags::poll::EFD;
use super::flags::signal::SFD;
use super::flags::system::UFFD;
use super::{Made, NONE, Return, Row, row};

/// The rows: name, number on x86-64, number on arm64, arguments, result, classes and flags.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("read", 0, 63, &[Fd, BytesOut, Size], Return::Int, DESC | ORDINARY | TRANSFERS | RECEIVES),
    row("write", 1, 64, &[Fd, LogBytes(2), Size], Return::Int, DESC | TRANSFERS | SENDS),
    row("pread64", 17, 67, &[Fd, BytesOut, Size, Off], Return::Int, DESC | TRANSFERS),
    row("pwrite64", 18, 68, &[Fd, BytesIn(2), Size, Off], Return::Int, DESC | TRANSFERS),
    row("readv", 19, 65, &[Fd, VecOut(2), Size], Return::Int, DESC | ORDINARY | TRANSFERS | RECEIVES),
    row("writev", 20, 66, &[Fd, LogVec(2), Size], Return::Int, DESC | TRANSFERS | SENDS),
    row("preadv", 295, 69, &[Fd, VecOut(2), Size, Off], Return::Int, DESC | TRANSFERS),
    row("pwritev", 296, 70, &[Fd, VecIn(2), Size, Off], Return::Int, DESC | TRANSFERS),
    row("preadv2", 327, 286, &[Fd, VecOut(2), Size, Off, Hidden, Flags(&RWF)], Return::Int, DESC),
    row("pwritev2", 328, 287, &[Fd, VecIn(2), Size, Off, Hidden, Flags(&RWF)], Return::Int, DESC),
    row("close", 3, 57, &[Fd], Return::Int, DESC | CLOSES),
    row("close_range", 436, 436, &[Uint, Uint, Flags(&CLOSE_RANGE)], Return::Int, CLOSES),
    row("lseek", 8, 62, &[Fd, Off, Choice(&WHENCE)], Return::Int, DESC | SEEKS),
    row("dup", 32, 23, &[Fd], Return::Fd(Made::Copy), DESC),
    row("dup2", 33, NONE, &[Fd, Fd], Return::Fd(Made::Copy), DESC),
    row("dup3", 292, 24, &[Fd, Fd, OpenBits], Return::Fd(Made::Copy), DESC),
    row("fcntl", 72, 25, &[Fd, Command(&FCNTL), Operand(0)], Return::Command, DESC),
    row("ioctl", 16, 29, &[Fd, Command(&IOCTL), Operand(0)], Return::Int, DESC | ORDINARY),
    row("pipe", 22, NONE, &[Out(FdPair)], Return::Int, DESC),
    row("pipe2", 293, 59, &[Out(FdPair), OpenBits], Return::Int, DESC),
    row("sendfile", 40, 71, &[Fd, Fd, Offset, Size], Return::Int, DESC | NETWORK | TRANSFERS),
    row("splice", 275, 76, &[Fd, In(I64), Fd, In(I64), Size, Flags(&SPLICE)], Return::Int, DESC | ENTRY | TRANSFERS),
    row("tee", 276, 77, &[Fd, Fd, Size, Flags(&SPLICE)], Return::Int, DESC),
    row("vmsplice", 278, 75, &[Fd, VecIn(2), Size, Flags(&SPLICE)], Return::Int, DESC),
    row("copy_file_range", 326, 285, &[Fd, In(I64), Fd, In(I64), Size, UintFlags], Return::Int, DESC | ENTRY | TRIES_FILE_SYSTEM),
    row("flock", 73, 32, &[Fd, Flags(&LOCK)], Return::Int, DESC | LOCKS_FILE | WAITS_FILE_LOCK),
    row("fsync", 74, 82, &[Fd], Return::Int, DESC | WAITS_DISK),
    row("fdatasync", 75, 83, &[Fd], Return::Int, DESC | WAITS_DISK),
    row("syncfs", 306, 267, &[Fd], Return::Int, DESC | WAITS_DISK),
    row("sync_file_range", 277, 84, &[Fd, Off, Off, Flags(&SYNC_RANGE)], Return::Int, DESC | WAITS_DISK),
    row("ftruncate", 77, 46, &[Fd, Size], Return::Int, DESC),
    row("fallocate", 285, 47, &[Fd, Flags(&FALLOC), Off, Off], Return::Int, DESC | TRIES_FILE_SYSTEM),
    row("fadvise64", 221, 223, &[Fd, Off, Size, Choice(&FADVISE)], Return::Int, DESC | SEEKS),
    row("readahead", 187, 213, &[Fd, Off, Size], Return::Int, DESC),
    row("cachestat", 451, 451, &[Fd, Pointer, Pointer, UintFlags], Return::Int, DESC),
    row("getdents", 78, NONE, &[Fd, Entries, Uint], Return::Int, DESC),
    row("getdents64", 217, 61, &[Fd, Entries, Uint], Return::Int, DESC | WAITS_FILE_SYSTEM | TRANSFERS),
    row("fchdir", 81, 50, &[Fd], Return::Int, DESC | DECISIVE | CHANGES_DIRECTORY),
    row("fchmod", 91, 52, &[Fd, Mode], Return::Int, DESC),
    row("fchown", 93, 55, &[Fd, Uid, Uid], Return::Int, DESC),
    row("fsetxattr", 190, 7, &[Fd, Name, BytesIn(3), Size, Flags(&XATTR)], Return::Int, DESC),
    row("fgetxattr", 193, 10, &[Fd, Name, BytesOut, Size], Return::Int, DESC),
    row("flistxattr", 196, 13, &[Fd, BytesOut, Size], Return::Int, DESC),
    row("fremovexattr", 199, 16, &[Fd, Name], Return::Int, DESC),
    row("inotify_init", 253, NONE, &[], Return::Fd(Made::Anonymous("inotify")), DESC),
    row("inotify_init1", 294, 26, &[Flags(&INOTIFY_INIT)], Return::Fd(Made::Anonymous("inotify")), DESC),
    row("inotify_rm_watch", 255, 28, &[Fd, Int], Return::Int, DESC),
    row("fanotify_init", 300, 262, &[FanInit, OpenFlags], Return::Fd(Made::Anonymous("[fanotify]")), DESC),
    row("memfd_create", 319, 279, &[Name, Memfd], Return::Fd(Made::Memory), DESC),
    row("memfd_secret", 447, 447, &[OpenBits], Return::Fd(Made::Unknown), DESC),
    row("eventfd", 284, NONE, &[Uint], Return::Fd(Made::Anonymous("[eventfd]")), DESC),
    row("eventfd2", 290, 19, &[Uint, Flags(&EFD)], Return::Fd(Made::Anonymous("[eventfd]")), DESC),
    row("signalfd", 282, NONE, &[Fd, In(Sigset), Size], Return::Fd(Made::Anonymous("[signalfd]")), DESC | SIGNAL),
    row("signalfd4", 289, 74, &[Fd, In(Sigset), Size, Flags(&SFD)], Return::Fd(Made::Anonymous("[signalfd]")), DESC | SIGNAL),
    row("userfaultfd", 323, 282, &[Flags(&UFFD)], Return::Fd(Made::Anonymous("[userfaultfd]")), DESC),
    row("sync", 162, 81, &[], Return::Int, WAITS_DISK),
];
