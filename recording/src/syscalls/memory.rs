//! Memory: map, protect, advise, policy.

use super::arg::ArgKind::{
    Choice, Fd, Flags, HexFlags, HexIntFlags, Int, IpcCmd, IpcFlags, IpcKey, MapFd, MapFlags, MapOffset, MempolicyMode,
    MremapNew, Pointer, Prot, Size, VecRaw,
};
use super::bits::{ALLOCATES, DESC, FREES, IPC, MEMORY, TRIES_KERNEL, WAITS_DISK};
use super::flags::ipc::{SHM_GET, SHMAT, SHMCTL};
use super::flags::memory::{MADV, MLOCK2, MLOCKALL, MPOL_F, MPOL_MF, MREMAP, MSYNC, PKEY};
use super::{NONE, Return, Row, row};

/// The rows: name, number on x86-64, number on arm64, arguments, result, classes and flags.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("mmap", 9, 222, &[Pointer, Size, Prot, MapFlags, MapFd, MapOffset(3)], Return::Hex, DESC | MEMORY | ALLOCATES),
    row("mprotect", 10, 226, &[Pointer, Size, Prot], Return::Int, MEMORY),
    row("pkey_mprotect", 329, 288, &[Pointer, Size, Prot, Int], Return::Int, MEMORY),
    row("munmap", 11, 215, &[Pointer, Size], Return::Int, MEMORY | FREES),
    row("mremap", 25, 216, &[Pointer, Size, Size, Flags(&MREMAP), MremapNew(3)], Return::Hex, MEMORY | ALLOCATES),
    row("brk", 12, 214, &[Pointer], Return::Hex, MEMORY | ALLOCATES),
    row("msync", 26, 227, &[Pointer, Size, Flags(&MSYNC)], Return::Int, MEMORY | WAITS_DISK),
    row("mincore", 27, 232, &[Pointer, Size, Pointer], Return::Int, MEMORY),
    row("madvise", 28, 233, &[Pointer, Size, Choice(&MADV)], Return::Int, MEMORY),
    row("process_madvise", 440, 440, &[Fd, VecRaw(2), Size, Choice(&MADV), HexIntFlags], Return::Int, DESC),
    row("process_mrelease", 448, 448, &[Fd, HexIntFlags], Return::Int, DESC),
    row("mlock", 149, 228, &[Pointer, Size], Return::Int, MEMORY),
    row("mlock2", 325, 284, &[Pointer, Size, Flags(&MLOCK2)], Return::Int, MEMORY),
    row("munlock", 150, 229, &[Pointer, Size], Return::Int, MEMORY),
    row("mlockall", 151, 230, &[Flags(&MLOCKALL)], Return::Int, MEMORY),
    row("munlockall", 152, 231, &[], Return::Int, MEMORY),
    row("mseal", 462, 462, &[Pointer, Size, HexFlags], Return::Int, MEMORY),
    row("remap_file_pages", 216, 234, &[Pointer, Size, Prot, Size, MapFlags], Return::Int, MEMORY),
    row("pkey_alloc", 330, 289, &[HexFlags, Flags(&PKEY)], Return::Int, TRIES_KERNEL),
    row("pkey_free", 331, 290, &[Int], Return::Int, 0),
    row("mbind", 237, 235, &[Pointer, Size, MempolicyMode, Pointer, Size, Flags(&MPOL_MF)], Return::Int, MEMORY | TRIES_KERNEL),
    row("set_mempolicy", 238, 237, &[MempolicyMode, Pointer, Size], Return::Int, MEMORY | TRIES_KERNEL),
    row("get_mempolicy", 239, 236, &[Pointer, Pointer, Size, Pointer, Flags(&MPOL_F)], Return::Int, MEMORY | TRIES_KERNEL),
    row("set_mempolicy_home_node", 450, 450, &[Pointer, Size, Size, HexFlags], Return::Int, MEMORY),
    row("migrate_pages", 256, 238, &[Int, Size, Pointer, Pointer], Return::Int, MEMORY),
    row("move_pages", 279, 239, &[Int, Size, Pointer, Pointer, Pointer, Flags(&MPOL_MF)], Return::Int, MEMORY),
    row("map_shadow_stack", 453, 453, &[Pointer, Size, HexIntFlags], Return::Hex, MEMORY),
    row("process_vm_readv", 310, 270, &[Int, VecRaw(2), Size, VecRaw(4), Size, Size], Return::Int, 0),
    row("process_vm_writev", 311, 271, &[Int, VecRaw(2), Size, VecRaw(4), Size, Size], Return::Int, 0),
    row("shmget", 29, 194, &[IpcKey, Size, IpcFlags(&SHM_GET)], Return::Int, IPC),
    row("shmat", 30, 196, &[Int, Pointer, Flags(&SHMAT)], Return::Hex, MEMORY | IPC),
    row("shmctl", 31, 195, &[Int, IpcCmd(&SHMCTL), Pointer], Return::Int, IPC),
    row("shmdt", 67, 197, &[Pointer], Return::Int, MEMORY | IPC),
    row("modify_ldt", 154, NONE, &[Int, Pointer, Size], Return::Int, 0),
];
