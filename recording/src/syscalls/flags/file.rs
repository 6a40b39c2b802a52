//! Names of numbers: files, descriptors and mounts. Facts from the kernel's UAPI headers; names as `strace` prints them.

use super::Set;

/// Flags of `open` on x86-64, without the access mode (`asm-generic/fcntl.h`).
pub const OPEN_X86: Set = Set::new(
    "O_???",
    &[
        (0o100, "O_CREAT"),
        (0o200, "O_EXCL"),
        (0o400, "O_NOCTTY"),
        (0o1000, "O_TRUNC"),
        (0o2000, "O_APPEND"),
        (0o4000, "O_NONBLOCK"),
        (0o4010000, "O_SYNC"),
        (0o10000, "O_DSYNC"),
        (0o40000, "O_DIRECT"),
        (0o100000, "O_LARGEFILE"),
        (0o400000, "O_NOFOLLOW"),
        (0o1000000, "O_NOATIME"),
        (0o2000000, "O_CLOEXEC"),
        (0o10000000, "O_PATH"),
        (0o20200000, "O_TMPFILE"),
        (0o200000, "O_DIRECTORY"),
        (0o20000, "FASYNC"),
    ],
);

/// The same on arm64, whose `asm/fcntl.h` gives four of them other bits.
pub const OPEN_ARM: Set = Set::new(
    "O_???",
    &[
        (0o100, "O_CREAT"),
        (0o200, "O_EXCL"),
        (0o400, "O_NOCTTY"),
        (0o1000, "O_TRUNC"),
        (0o2000, "O_APPEND"),
        (0o4000, "O_NONBLOCK"),
        (0o4010000, "O_SYNC"),
        (0o10000, "O_DSYNC"),
        (0o200000, "O_DIRECT"),
        (0o400000, "O_LARGEFILE"),
        (0o100000, "O_NOFOLLOW"),
        (0o1000000, "O_NOATIME"),
        (0o2000000, "O_CLOEXEC"),
        (0o10000000, "O_PATH"),
        (0o20040000, "O_TMPFILE"),
        (0o40000, "O_DIRECTORY"),
        (0o20000, "FASYNC"),
    ],
);

/// `O_RDONLY`, `O_ACCMODE`, ...
pub const ACCESS_MODE: Set = Set::new("O_???", &[(0, "O_RDONLY"), (1, "O_WRONLY"), (2, "O_RDWR"), (3, "O_ACCMODE")]);

/// `RESOLVE_NO_XDEV`, `RESOLVE_CACHED`, ...
pub const RESOLVE: Set = Set::wide(
    "RESOLVE_???",
    &[
        (1, "RESOLVE_NO_XDEV"),
        (2, "RESOLVE_NO_MAGICLINKS"),
        (4, "RESOLVE_NO_SYMLINKS"),
        (8, "RESOLVE_BENEATH"),
        (0x10, "RESOLVE_IN_ROOT"),
        (0x20, "RESOLVE_CACHED"),
    ],
);

/// `F_OK`, `X_OK`, ...
pub const ACCESS: Set = Set::new("?_OK", &[(0, "F_OK"), (4, "R_OK"), (2, "W_OK"), (1, "X_OK")]);

/// `AT_SYMLINK_NOFOLLOW`, `AT_RECURSIVE`, ...: of the calls for which strace has one set, `AT_REMOVEDIR` in it.
pub const AT: Set = Set::new(
    "AT_???",
    &[
        (0x100, "AT_SYMLINK_NOFOLLOW"),
        (0x200, "AT_REMOVEDIR"),
        (0x400, "AT_SYMLINK_FOLLOW"),
        (0x800, "AT_NO_AUTOMOUNT"),
        (0x1000, "AT_EMPTY_PATH"),
        (0x8000, "AT_RECURSIVE"),
    ],
);

/// `AT_SYMLINK_NOFOLLOW`, `AT_EMPTY_PATH`: all that `fchmodat2` and the calls on attributes take.
pub const AT_PATH: Set = Set::new("AT_???", &[(0x100, "AT_SYMLINK_NOFOLLOW"), (0x1000, "AT_EMPTY_PATH")]);

/// What `mount_setattr` takes.
pub const AT_MOUNT: Set = Set::new(
    "AT_???",
    &[(0x100, "AT_SYMLINK_NOFOLLOW"), (0x800, "AT_NO_AUTOMOUNT"), (0x1000, "AT_EMPTY_PATH"), (0x8000, "AT_RECURSIVE")],
);

/// `AT_SYMLINK_FOLLOW`, `AT_EMPTY_PATH`.
pub const AT_HANDLE: Set = Set::new("AT_???", &[(0x400, "AT_SYMLINK_FOLLOW"), (0x1000, "AT_EMPTY_PATH")]);

/// `AT_SYMLINK_NOFOLLOW`, `AT_EMPTY_PATH`, ...
pub const AT_ACCESS: Set =
    Set::new("AT_???", &[(0x100, "AT_SYMLINK_NOFOLLOW"), (0x200, "AT_EACCESS"), (0x1000, "AT_EMPTY_PATH")]);

/// `STATX_ALL`, `STATX_WRITE_ATOMIC`, ...
pub const STATX_MASK: Set = Set::new(
    "STATX_???",
    &[
        (0xfff, "STATX_ALL"),
        (0x7ff, "STATX_BASIC_STATS"),
        (1, "STATX_TYPE"),
        (2, "STATX_MODE"),
        (4, "STATX_NLINK"),
        (8, "STATX_UID"),
        (0x10, "STATX_GID"),
        (0x20, "STATX_ATIME"),
        (0x40, "STATX_MTIME"),
        (0x80, "STATX_CTIME"),
        (0x100, "STATX_INO"),
        (0x200, "STATX_SIZE"),
        (0x400, "STATX_BLOCKS"),
        (0x800, "STATX_BTIME"),
        (0x1000, "STATX_MNT_ID"),
        (0x2000, "STATX_DIOALIGN"),
        (0x4000, "STATX_MNT_ID_UNIQUE"),
        (0x8000, "STATX_SUBVOL"),
        (0x10000, "STATX_WRITE_ATOMIC"),
    ],
);

/// `STATX_ATTR_COMPRESSED`, `STATX_ATTR_WRITE_ATOMIC`, ...
pub const STATX_ATTR: Set = Set::wide(
    "STATX_ATTR_???",
    &[
        (4, "STATX_ATTR_COMPRESSED"),
        (0x10, "STATX_ATTR_IMMUTABLE"),
        (0x20, "STATX_ATTR_APPEND"),
        (0x40, "STATX_ATTR_NODUMP"),
        (0x800, "STATX_ATTR_ENCRYPTED"),
        (0x1000, "STATX_ATTR_AUTOMOUNT"),
        (0x2000, "STATX_ATTR_MOUNT_ROOT"),
        (0x100000, "STATX_ATTR_VERITY"),
        (0x200000, "STATX_ATTR_DAX"),
        (0x400000, "STATX_ATTR_WRITE_ATOMIC"),
    ],
);

/// `SEEK_SET`, `SEEK_HOLE`, ...
pub const WHENCE: Set =
    Set::new("SEEK_???", &[(0, "SEEK_SET"), (1, "SEEK_CUR"), (2, "SEEK_END"), (3, "SEEK_DATA"), (4, "SEEK_HOLE")]);

/// `RENAME_NOREPLACE`, `RENAME_WHITEOUT`, ...
pub const RENAME: Set =
    Set::new("RENAME_??", &[(1, "RENAME_NOREPLACE"), (2, "RENAME_EXCHANGE"), (4, "RENAME_WHITEOUT")]);

/// `F_RDLCK`, `F_WRLCK`, `F_UNLCK`.
pub const LOCK_TYPE: Set = Set::new("F_???", &[(0, "F_RDLCK"), (1, "F_WRLCK"), (2, "F_UNLCK")]);

/// `LOCK_SH`, `LOCK_WRITE`, ...
pub const LOCK: Set = Set::new(
    "LOCK_???",
    &[
        (1, "LOCK_SH"),
        (2, "LOCK_EX"),
        (4, "LOCK_NB"),
        (8, "LOCK_UN"),
        (0x20, "LOCK_MAND"),
        (0xc0, "LOCK_RW"),
        (0x40, "LOCK_READ"),
        (0x80, "LOCK_WRITE"),
    ],
);

/// `FALLOC_FL_KEEP_SIZE`, `FALLOC_FL_WRITE_ZEROES`, ...
pub const FALLOC: Set = Set::new(
    "FALLOC_FL_???",
    &[
        (1, "FALLOC_FL_KEEP_SIZE"),
        (2, "FALLOC_FL_PUNCH_HOLE"),
        (4, "FALLOC_FL_NO_HIDE_STALE"),
        (8, "FALLOC_FL_COLLAPSE_RANGE"),
        (0x10, "FALLOC_FL_ZERO_RANGE"),
        (0x20, "FALLOC_FL_INSERT_RANGE"),
        (0x40, "FALLOC_FL_UNSHARE_RANGE"),
        (0x80, "FALLOC_FL_WRITE_ZEROES"),
    ],
);

/// `POSIX_FADV_NORMAL`, `POSIX_FADV_NOREUSE`, ...
pub const FADVISE: Set = Set::new(
    "POSIX_FADV_???",
    &[
        (0, "POSIX_FADV_NORMAL"),
        (1, "POSIX_FADV_RANDOM"),
        (2, "POSIX_FADV_SEQUENTIAL"),
        (3, "POSIX_FADV_WILLNEED"),
        (4, "POSIX_FADV_DONTNEED"),
        (5, "POSIX_FADV_NOREUSE"),
    ],
);

/// `XATTR_CREATE`, `XATTR_REPLACE`.
pub const XATTR: Set = Set::new("XATTR_???", &[(1, "XATTR_CREATE"), (2, "XATTR_REPLACE")]);

/// `MS_RDONLY`, `MS_NOUSER`, ...
pub const MOUNT: Set = Set::wide(
    "MS_???",
    &[
        (1, "MS_RDONLY"),
        (2, "MS_NOSUID"),
        (4, "MS_NODEV"),
        (8, "MS_NOEXEC"),
        (0x10, "MS_SYNCHRONOUS"),
        (0x20, "MS_REMOUNT"),
        (0x40, "MS_MANDLOCK"),
        (0x80, "MS_DIRSYNC"),
        (0x100, "MS_NOSYMFOLLOW"),
        (0x400, "MS_NOATIME"),
        (0x800, "MS_NODIRATIME"),
        (0x1000, "MS_BIND"),
        (0x2000, "MS_MOVE"),
        (0x4000, "MS_REC"),
        (0x8000, "MS_SILENT"),
        (0x10000, "MS_POSIXACL"),
        (0x20000, "MS_UNBINDABLE"),
        (0x40000, "MS_PRIVATE"),
        (0x80000, "MS_SLAVE"),
        (0x100000, "MS_SHARED"),
        (0x200000, "MS_RELATIME"),
        (0x400000, "MS_KERNMOUNT"),
        (0x800000, "MS_I_VERSION"),
        (0x1000000, "MS_STRICTATIME"),
        (0x2000000, "MS_LAZYTIME"),
        (0x4000000, "MS_SUBMOUNT"),
        (0x8000000, "MS_NOREMOTELOCK"),
        (0x10000000, "MS_NOSEC"),
        (0x20000000, "MS_BORN"),
        (0x40000000, "MS_ACTIVE"),
        (0x80000000, "MS_NOUSER"),
    ],
);

/// `MNT_FORCE`, `UMOUNT_NOFOLLOW`, ...
pub const UMOUNT: Set =
    Set::new("MNT_???", &[(1, "MNT_FORCE"), (2, "MNT_DETACH"), (4, "MNT_EXPIRE"), (8, "UMOUNT_NOFOLLOW")]);

/// `OPEN_TREE_CLONE`, `AT_RECURSIVE`, ...
pub const OPEN_TREE: Set = Set::new(
    "OPEN_TREE_???",
    &[
        (1, "OPEN_TREE_CLONE"),
        (0x80000, "OPEN_TREE_CLOEXEC"),
        (0x100, "AT_SYMLINK_NOFOLLOW"),
        (0x200, "AT_REMOVEDIR"),
        (0x400, "AT_SYMLINK_FOLLOW"),
        (0x800, "AT_NO_AUTOMOUNT"),
        (0x1000, "AT_EMPTY_PATH"),
        (0x8000, "AT_RECURSIVE"),
    ],
);

/// `MOVE_MOUNT_F_SYMLINKS`, `MOVE_MOUNT_BENEATH`, ...
pub const MOVE_MOUNT: Set = Set::new(
    "MOVE_MOUNT_???",
    &[
        (1, "MOVE_MOUNT_F_SYMLINKS"),
        (2, "MOVE_MOUNT_F_AUTOMOUNTS"),
        (4, "MOVE_MOUNT_F_EMPTY_PATH"),
        (0x10, "MOVE_MOUNT_T_SYMLINKS"),
        (0x20, "MOVE_MOUNT_T_AUTOMOUNTS"),
        (0x40, "MOVE_MOUNT_T_EMPTY_PATH"),
        (0x100, "MOVE_MOUNT_SET_GROUP"),
        (0x200, "MOVE_MOUNT_BENEATH"),
    ],
);

/// `FSOPEN_CLOEXEC`.
pub const FSOPEN: Set = Set::new("FSOPEN_???", &[(1, "FSOPEN_CLOEXEC")]);

/// `FSMOUNT_CLOEXEC`.
pub const FSMOUNT: Set = Set::new("FSMOUNT_???", &[(1, "FSMOUNT_CLOEXEC")]);

/// `MOUNT_ATTR_RDONLY`, `MOUNT_ATTR_NOSYMFOLLOW`, ...
pub const MOUNT_ATTR: Set = Set::new(
    "MOUNT_ATTR_???",
    &[
        (1, "MOUNT_ATTR_RDONLY"),
        (2, "MOUNT_ATTR_NOSUID"),
        (4, "MOUNT_ATTR_NODEV"),
        (8, "MOUNT_ATTR_NOEXEC"),
        (0x10, "MOUNT_ATTR_NOATIME"),
        (0x20, "MOUNT_ATTR_STRICTATIME"),
        (0x80, "MOUNT_ATTR_NODIRATIME"),
        (0x100000, "MOUNT_ATTR_IDMAP"),
        (0x200000, "MOUNT_ATTR_NOSYMFOLLOW"),
    ],
);

/// `FSPICK_CLOEXEC`, `FSPICK_EMPTY_PATH`, ...
pub const FSPICK: Set = Set::new(
    "FSPICK_???",
    &[(1, "FSPICK_CLOEXEC"), (2, "FSPICK_SYMLINK_NOFOLLOW"), (4, "FSPICK_NO_AUTOMOUNT"), (8, "FSPICK_EMPTY_PATH")],
);

/// `IN_ACCESS`, `IN_ONESHOT`, ...
pub const INOTIFY: Set = Set::new(
    "IN_???",
    &[
        (1, "IN_ACCESS"),
        (2, "IN_MODIFY"),
        (4, "IN_ATTRIB"),
        (8, "IN_CLOSE_WRITE"),
        (0x10, "IN_CLOSE_NOWRITE"),
        (0x20, "IN_OPEN"),
        (0x40, "IN_MOVED_FROM"),
        (0x80, "IN_MOVED_TO"),
        (0x100, "IN_CREATE"),
        (0x200, "IN_DELETE"),
        (0x400, "IN_DELETE_SELF"),
        (0x800, "IN_MOVE_SELF"),
        (0x2000, "IN_UNMOUNT"),
        (0x4000, "IN_Q_OVERFLOW"),
        (0x8000, "IN_IGNORED"),
        (0x1000000, "IN_ONLYDIR"),
        (0x2000000, "IN_DONT_FOLLOW"),
        (0x4000000, "IN_EXCL_UNLINK"),
        (0x10000000, "IN_MASK_CREATE"),
        (0x20000000, "IN_MASK_ADD"),
        (0x40000000, "IN_ISDIR"),
        (0x80000000, "IN_ONESHOT"),
    ],
);

/// `IN_NONBLOCK`, `IN_CLOEXEC`.
pub const INOTIFY_INIT: Set = Set::new("IN_???", &[(0x800, "IN_NONBLOCK"), (0x80000, "IN_CLOEXEC")]);

/// `FAN_MARK_ADD`, `FAN_MARK_IGNORE`, ...
pub const FAN_MARK: Set = Set::new(
    "FAN_MARK_???",
    &[
        (1, "FAN_MARK_ADD"),
        (2, "FAN_MARK_REMOVE"),
        (4, "FAN_MARK_DONT_FOLLOW"),
        (8, "FAN_MARK_ONLYDIR"),
        (0x10, "FAN_MARK_MOUNT"),
        (0x20, "FAN_MARK_IGNORED_MASK"),
        (0x40, "FAN_MARK_IGNORED_SURV_MODIFY"),
        (0x80, "FAN_MARK_FLUSH"),
        (0x100, "FAN_MARK_FILESYSTEM"),
        (0x200, "FAN_MARK_EVICTABLE"),
        (0x400, "FAN_MARK_IGNORE"),
    ],
);

/// `FAN_ACCESS`, `FAN_RENAME`, ...
pub const FAN_EVENT: Set = Set::wide(
    "FAN_???",
    &[
        (1, "FAN_ACCESS"),
        (2, "FAN_MODIFY"),
        (4, "FAN_ATTRIB"),
        (8, "FAN_CLOSE_WRITE"),
        (0x10, "FAN_CLOSE_NOWRITE"),
        (0x20, "FAN_OPEN"),
        (0x40, "FAN_MOVED_FROM"),
        (0x80, "FAN_MOVED_TO"),
        (0x100, "FAN_CREATE"),
        (0x200, "FAN_DELETE"),
        (0x400, "FAN_DELETE_SELF"),
        (0x800, "FAN_MOVE_SELF"),
        (0x1000, "FAN_OPEN_EXEC"),
        (0x4000, "FAN_Q_OVERFLOW"),
        (0x8000, "FAN_FS_ERROR"),
        (0x10000, "FAN_OPEN_PERM"),
        (0x20000, "FAN_ACCESS_PERM"),
        (0x40000, "FAN_OPEN_EXEC_PERM"),
        (0x80000, "FAN_DIR_MODIFY"),
        (0x40000000, "FAN_ONDIR"),
        (0x8000000, "FAN_EVENT_ON_CHILD"),
        (0x10000000, "FAN_RENAME"),
    ],
);

/// `FAN_CLASS_NOTIF`, `FAN_CLASS_PRE_CONTENT`, ...
pub const FAN_CLASS: Set =
    Set::new("FAN_CLASS_???", &[(0, "FAN_CLASS_NOTIF"), (4, "FAN_CLASS_CONTENT"), (8, "FAN_CLASS_PRE_CONTENT")]);

/// `FAN_CLOEXEC`, `FAN_REPORT_TARGET_FID`, ...
pub const FAN_INIT: Set = Set::new(
    "FAN_???",
    &[
        (1, "FAN_CLOEXEC"),
        (2, "FAN_NONBLOCK"),
        (0x10, "FAN_UNLIMITED_QUEUE"),
        (0x20, "FAN_UNLIMITED_MARKS"),
        (0x40, "FAN_ENABLE_AUDIT"),
        (0x80, "FAN_REPORT_PIDFD"),
        (0x100, "FAN_REPORT_TID"),
        (0x200, "FAN_REPORT_FID"),
        (0x400, "FAN_REPORT_DIR_FID"),
        (0x800, "FAN_REPORT_NAME"),
        (0x1000, "FAN_REPORT_TARGET_FID"),
    ],
);

/// `S_IFSOCK`, `S_IFIFO`, ...
pub const MODE_TYPE: Set = Set::new(
    "S_IF??",
    &[
        (0o140000, "S_IFSOCK"),
        (0o120000, "S_IFLNK"),
        (0o100000, "S_IFREG"),
        (0o60000, "S_IFBLK"),
        (0o40000, "S_IFDIR"),
        (0o20000, "S_IFCHR"),
        (0o10000, "S_IFIFO"),
    ],
);

/// `SPLICE_F_MOVE`, `SPLICE_F_GIFT`, ...
pub const SPLICE: Set = Set::new(
    "SPLICE_F_???",
    &[(1, "SPLICE_F_MOVE"), (2, "SPLICE_F_NONBLOCK"), (4, "SPLICE_F_MORE"), (8, "SPLICE_F_GIFT")],
);

/// `SYNC_FILE_RANGE_WAIT_BEFORE`, `SYNC_FILE_RANGE_WAIT_AFTER`, ...
pub const SYNC_RANGE: Set = Set::new(
    "SYNC_FILE_RANGE_???",
    &[(1, "SYNC_FILE_RANGE_WAIT_BEFORE"), (2, "SYNC_FILE_RANGE_WRITE"), (4, "SYNC_FILE_RANGE_WAIT_AFTER")],
);

/// `RWF_HIPRI`, `RWF_DONTCACHE`, ...
pub const RWF: Set = Set::new(
    "RWF_???",
    &[
        (1, "RWF_HIPRI"),
        (2, "RWF_DSYNC"),
        (4, "RWF_SYNC"),
        (8, "RWF_NOWAIT"),
        (0x10, "RWF_APPEND"),
        (0x20, "RWF_NOAPPEND"),
        (0x40, "RWF_ATOMIC"),
        (0x80, "RWF_DONTCACHE"),
    ],
);

/// `SWAP_FLAG_PREFER`, `SWAP_FLAG_DISCARD_PAGES`, ...
pub const SWAP: Set = Set::new(
    "SWAP_FLAG_???",
    &[
        (0x8000, "SWAP_FLAG_PREFER"),
        (0x10000, "SWAP_FLAG_DISCARD"),
        (0x20000, "SWAP_FLAG_DISCARD_ONCE"),
        (0x40000, "SWAP_FLAG_DISCARD_PAGES"),
    ],
);

/// `FD_CLOEXEC`.
pub const FD_FLAGS: Set = Set::new("FD_???", &[(1, "FD_CLOEXEC")]);

/// `F_SEAL_SEAL`, `F_SEAL_EXEC`, ...
pub const SEALS: Set = Set::new(
    "F_SEAL_???",
    &[
        (1, "F_SEAL_SEAL"),
        (2, "F_SEAL_SHRINK"),
        (4, "F_SEAL_GROW"),
        (8, "F_SEAL_WRITE"),
        (0x10, "F_SEAL_FUTURE_WRITE"),
        (0x20, "F_SEAL_EXEC"),
    ],
);

/// `F_RDLCK`, `F_UNLCK`, ...
pub const LEASE: Set = Set::new("F_???", &[(0, "F_RDLCK"), (1, "F_WRLCK"), (2, "F_UNLCK")]);

/// `DN_ACCESS`, `DN_MULTISHOT`, ...
pub const NOTIFY: Set = Set::new(
    "DN_???",
    &[
        (1, "DN_ACCESS"),
        (2, "DN_MODIFY"),
        (4, "DN_CREATE"),
        (8, "DN_DELETE"),
        (0x10, "DN_RENAME"),
        (0x20, "DN_ATTRIB"),
        (0x80000000, "DN_MULTISHOT"),
    ],
);

/// `CLOSE_RANGE_UNSHARE`, `CLOSE_RANGE_CLOEXEC`.
pub const CLOSE_RANGE: Set = Set::new("CLOSE_RANGE_???", &[(2, "CLOSE_RANGE_UNSHARE"), (4, "CLOSE_RANGE_CLOEXEC")]);

/// `MFD_CLOEXEC`, `MFD_EXEC`, ...
pub const MEMFD: Set = Set::new(
    "MFD_???",
    &[(1, "MFD_CLOEXEC"), (2, "MFD_ALLOW_SEALING"), (4, "MFD_HUGETLB"), (8, "MFD_NOEXEC_SEAL"), (0x10, "MFD_EXEC")],
);

/// `ST_RDONLY`, `ST_NOSYMFOLLOW`, ...
pub const ST: Set = Set::new(
    "ST_???",
    &[
        (1, "ST_RDONLY"),
        (2, "ST_NOSUID"),
        (4, "ST_NODEV"),
        (8, "ST_NOEXEC"),
        (0x10, "ST_SYNCHRONOUS"),
        (0x20, "ST_VALID"),
        (0x40, "ST_MANDLOCK"),
        (0x400, "ST_NOATIME"),
        (0x800, "ST_NODIRATIME"),
        (0x1000, "ST_RELATIME"),
        (0x2000, "ST_NOSYMFOLLOW"),
    ],
);

/// `EXT2_SUPER_MAGIC`, `CEPH_SUPER_MAGIC`, ...
pub const FSMAGIC: Set = Set::new(
    "???",
    &[
        (0xef53, "EXT2_SUPER_MAGIC"),
        (0x1021994, "TMPFS_MAGIC"),
        (0x9fa0, "PROC_SUPER_MAGIC"),
        (0x62656572, "SYSFS_MAGIC"),
        (0x794c7630, "OVERLAYFS_SUPER_MAGIC"),
        (0x63677270, "CGROUP2_SUPER_MAGIC"),
        (0x27e0eb, "CGROUP_SUPER_MAGIC"),
        (0x9123683e, "BTRFS_SUPER_MAGIC"),
        (0x58465342, "XFS_SUPER_MAGIC"),
        (0x6969, "NFS_SUPER_MAGIC"),
        (0x1cd1, "DEVPTS_SUPER_MAGIC"),
        (0x50495045, "PIPEFS_MAGIC"),
        (0x534f434b, "SOCKFS_MAGIC"),
        (0xcafe4a11, "BPF_FS_MAGIC"),
        (0x64626720, "DEBUGFS_MAGIC"),
        (0x74726163, "TRACEFS_MAGIC"),
        (0x73636673, "SECURITYFS_MAGIC"),
        (0x958458f6, "HUGETLBFS_MAGIC"),
        (0x6e736673, "NSFS_MAGIC"),
        (0x858458f6, "RAMFS_MAGIC"),
        (0x9041934, "ANON_INODE_FS_MAGIC"),
        (0x4d44, "MSDOS_SUPER_MAGIC"),
        (0x73717368, "SQUASHFS_MAGIC"),
        (0x65735546, "FUSE_SUPER_MAGIC"),
        (0x9660, "ISOFS_SUPER_MAGIC"),
        (0x42494e4d, "BINFMTFS_MAGIC"),
        (0xf97cff8c, "SELINUX_MAGIC"),
        (0xf2f52010, "F2FS_SUPER_MAGIC"),
        (0xc36400, "CEPH_SUPER_MAGIC"),
    ],
);

/// `O_NONBLOCK`, `O_TRUNC`.
pub const DELETE_MODULE: Set = Set::new("O_???", &[(0x800, "O_NONBLOCK"), (0x200, "O_TRUNC")]);

/// `QFMT_VFS_OLD`, `QFMT_OCFS2`, ...
pub const QFMT: Set = Set::new(
    "QFMT_VFS_???",
    &[(1, "QFMT_VFS_OLD"), (2, "QFMT_VFS_V0"), (3, "QFMT_OCFS2"), (4, "QFMT_VFS_V1"), (5, "QFMT_SHMEM")],
);
