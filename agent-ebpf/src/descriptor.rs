//! The open files behind descriptors.

use crate::globals::{global, offset};
use crate::probe::{field, typed};
use crate::task;
use core::ffi::c_void;

/// `S_IFMT`, and what of it a socket, a FIFO or pipe, and a terminal are (`include/uapi/linux/stat.h`).
const KIND_OF_FILE: u16 = 0o170_000;
pub const SOCKET: u16 = 0o140_000;
const PIPE: u16 = 0o010_000;
const CHARACTERS: u16 = 0o020_000;
/// `MINORBITS` (`include/linux/kdev_t.h`), and the major number of `/dev/null` and its like (`MEM_MAJOR`,
/// `include/uapi/linux/major.h`).
const MINOR_BITS: u32 = 20;
const MEMORY: u32 = 1;

/// The descriptors of a process.
#[derive(Clone, Copy)]
pub struct Table {
    files: *const c_void,
    len: u32,
}

impl Table {
    /// Those of a typed task.
    #[inline(always)]
    pub fn of(task: *const c_void) -> Self {
        let files: *const c_void = typed(task, offset!(task_files));
        let table: *const c_void = typed(files, offset!(files_table));
        Self { files: typed(table, offset!(table_files)), len: typed(table, offset!(table_len)) }
    }

    /// The `struct file` behind one of them; null: none.
    #[inline(always)]
    pub fn file(self, fd: u32) -> *const c_void {
        if fd >= self.len { core::ptr::null() } else { field(self.files, 8 * fd as usize) }
    }

    /// The inode of that file.
    #[inline(always)]
    fn inode(self, fd: u32) -> *const c_void {
        inode(self.file(fd))
    }
}

/// The inode of a `struct file`.
#[inline(always)]
pub fn inode(file: *const c_void) -> *const c_void {
    field(file, offset!(file_inode))
}

/// What an inode is of.
#[inline(always)]
pub fn kind(inode: *const c_void) -> u16 {
    field::<u16>(inode, offset!(inode_mode)) & KIND_OF_FILE
}

/// Whether somebody may read what is written to an inode: it is that of a pipe or a terminal.
#[inline(always)]
fn is_read(inode: *const c_void) -> bool {
    match kind(inode) {
        PIPE => true,
        CHARACTERS => field::<u32>(inode, offset!(inode_device)) >> MINOR_BITS != MEMORY,
        _ => false,
    }
}

/// Standard output and standard error.
pub const OUTPUT: u32 = 1;
pub const ERROR: u32 = 2;

global! {
    /// Which of the two a descriptor of the current task leads to, [`OUTPUT`], [`ERROR`], or 0: itself, or as another
    /// one of the same pipe or terminal, as who opens `/dev/stderr` has it.
    fn stream(fd: u64) -> u64 {
        if fd == u64::from(OUTPUT) || fd == u64::from(ERROR) {
            return fd;
        }
        if fd == 0 {
            return 0;
        }
        let table = Table::of(task::current());
        let inode = table.inode(fd as u32);
        if inode.is_null() || !is_read(inode) {
            return 0;
        }
        // Where both are one, standard output: more is written to that.
        if table.inode(OUTPUT) == inode {
            return OUTPUT.into();
        }
        if table.inode(ERROR) == inode { ERROR.into() } else { 0 }
    }
}
