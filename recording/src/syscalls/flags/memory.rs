//! Names of numbers: memory. Facts from the kernel's UAPI headers; names as `strace` prints them.

use super::Set;

/// `PROT_NONE`, `PROT_GROWSUP`, ...
pub const PROT: Set = Set::wide(
    "PROT_???",
    &[
        (0, "PROT_NONE"),
        (1, "PROT_READ"),
        (2, "PROT_WRITE"),
        (4, "PROT_EXEC"),
        (8, "PROT_SEM"),
        (0x10, "PROT_BTI"),
        (0x20, "PROT_MTE"),
        (0x1000000, "PROT_GROWSDOWN"),
        (0x2000000, "PROT_GROWSUP"),
    ],
);

/// `PROT_NONE`, `PROT_GROWSUP`, ...
pub const PROT_X86: Set = Set::wide(
    "PROT_???",
    &[
        (0, "PROT_NONE"),
        (1, "PROT_READ"),
        (2, "PROT_WRITE"),
        (4, "PROT_EXEC"),
        (8, "PROT_SEM"),
        (0x1000000, "PROT_GROWSDOWN"),
        (0x2000000, "PROT_GROWSUP"),
    ],
);

/// `MAP_FILE`, `MAP_SHARED_VALIDATE`, ...
pub const MAP_TYPE: Set =
    Set::new("MAP_???", &[(0, "MAP_FILE"), (1, "MAP_SHARED"), (2, "MAP_PRIVATE"), (3, "MAP_SHARED_VALIDATE")]);

/// `MAP_FIXED`, `MAP_DROPPABLE`, ...
pub const MAP: Set = Set::wide(
    "MAP_???",
    &[
        (0x10, "MAP_FIXED"),
        (0x20, "MAP_ANONYMOUS"),
        (0x40, "MAP_32BIT"),
        (0x80, "MAP_ABOVE4G"),
        (0x4000, "MAP_NORESERVE"),
        (0x8000, "MAP_POPULATE"),
        (0x10000, "MAP_NONBLOCK"),
        (0x100, "MAP_GROWSDOWN"),
        (0x800, "MAP_DENYWRITE"),
        (0x1000, "MAP_EXECUTABLE"),
        (0x2000, "MAP_LOCKED"),
        (0x20000, "MAP_STACK"),
        (0x40000, "MAP_HUGETLB"),
        (0x80000, "MAP_SYNC"),
        (0x100000, "MAP_FIXED_NOREPLACE"),
        (0, "MAP_DROPPABLE"),
    ],
);

/// `MREMAP_MAYMOVE`, `MREMAP_DONTUNMAP`, ...
pub const MREMAP: Set = Set::wide("MREMAP_???", &[(1, "MREMAP_MAYMOVE"), (2, "MREMAP_FIXED"), (4, "MREMAP_DONTUNMAP")]);

/// `MS_SYNC`, `MS_INVALIDATE`, ...
pub const MSYNC: Set = Set::new("MS_???", &[(4, "MS_SYNC"), (1, "MS_ASYNC"), (2, "MS_INVALIDATE")]);

/// `MADV_NORMAL`, `MADV_GUARD_REMOVE`, ...
pub const MADV: Set = Set::new(
    "MADV_???",
    &[
        (0, "MADV_NORMAL"),
        (1, "MADV_RANDOM"),
        (2, "MADV_SEQUENTIAL"),
        (3, "MADV_WILLNEED"),
        (4, "MADV_DONTNEED"),
        (8, "MADV_FREE"),
        (9, "MADV_REMOVE"),
        (0xa, "MADV_DONTFORK"),
        (0xb, "MADV_DOFORK"),
        (0xc, "MADV_MERGEABLE"),
        (0xd, "MADV_UNMERGEABLE"),
        (0xe, "MADV_HUGEPAGE"),
        (0xf, "MADV_NOHUGEPAGE"),
        (0x10, "MADV_DONTDUMP"),
        (0x11, "MADV_DODUMP"),
        (0x12, "MADV_WIPEONFORK"),
        (0x13, "MADV_KEEPONFORK"),
        (0x14, "MADV_COLD"),
        (0x15, "MADV_PAGEOUT"),
        (0x16, "MADV_POPULATE_READ"),
        (0x17, "MADV_POPULATE_WRITE"),
        (0x18, "MADV_DONTNEED_LOCKED"),
        (0x19, "MADV_COLLAPSE"),
        (0x64, "MADV_HWPOISON"),
        (0x65, "MADV_SOFT_OFFLINE"),
        (0x66, "MADV_GUARD_INSTALL"),
        (0x67, "MADV_GUARD_REMOVE"),
    ],
);

/// `MCL_CURRENT`, `MCL_ONFAULT`, ...
pub const MLOCKALL: Set = Set::new("MCL_???", &[(1, "MCL_CURRENT"), (2, "MCL_FUTURE"), (4, "MCL_ONFAULT")]);

/// `MLOCK_ONFAULT`.
pub const MLOCK2: Set = Set::new("MLOCK_???", &[(1, "MLOCK_ONFAULT")]);

/// `PKEY_DISABLE_ACCESS`, `PKEY_DISABLE_EXECUTE`, ...
pub const PKEY: Set =
    Set::wide("PKEY_???", &[(1, "PKEY_DISABLE_ACCESS"), (2, "PKEY_DISABLE_WRITE"), (4, "PKEY_DISABLE_EXECUTE")]);

/// `MPOL_DEFAULT`, `MPOL_WEIGHTED_INTERLEAVE`, ...
pub const MPOL: Set = Set::new(
    "MPOL_???",
    &[
        (0, "MPOL_DEFAULT"),
        (1, "MPOL_PREFERRED"),
        (2, "MPOL_BIND"),
        (3, "MPOL_INTERLEAVE"),
        (4, "MPOL_LOCAL"),
        (5, "MPOL_PREFERRED_MANY"),
        (6, "MPOL_WEIGHTED_INTERLEAVE"),
    ],
);

/// `MPOL_MF_STRICT`, `MPOL_MF_MOVE_ALL`, ...
pub const MPOL_MF: Set = Set::new("MPOL_???", &[(1, "MPOL_MF_STRICT"), (2, "MPOL_MF_MOVE"), (4, "MPOL_MF_MOVE_ALL")]);

/// `MPOL_F_NODE`, `MPOL_F_MEMS_ALLOWED`, ...
pub const MPOL_F: Set = Set::wide("MPOL_???", &[(1, "MPOL_F_NODE"), (2, "MPOL_F_ADDR"), (4, "MPOL_F_MEMS_ALLOWED")]);
