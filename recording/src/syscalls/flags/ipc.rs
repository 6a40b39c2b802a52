//! Names of numbers: futexes and System V IPC. Facts from the kernel's UAPI headers; names as `strace` prints them.

use super::Set;

/// `IPC_CREAT`, `IPC_NOWAIT`, ...
pub const IPC_GET: Set = Set::new("IPC_???", &[(0x200, "IPC_CREAT"), (0x400, "IPC_EXCL"), (0x800, "IPC_NOWAIT")]);

/// `IPC_CREAT`, `SHM_NORESERVE`, ...
pub const SHM_GET: Set = Set::new(
    "SHM_???",
    &[(0x200, "IPC_CREAT"), (0x400, "IPC_EXCL"), (0x800, "SHM_HUGETLB"), (0x1000, "SHM_NORESERVE")],
);

/// `SHM_RDONLY`, `SHM_EXEC`, ...
pub const SHMAT: Set =
    Set::new("SHM_???", &[(0x1000, "SHM_RDONLY"), (0x2000, "SHM_RND"), (0x4000, "SHM_REMAP"), (0x8000, "SHM_EXEC")]);

/// `IPC_RMID`, `SHM_STAT_ANY`, ...
pub const SHMCTL: Set = Set::new(
    "SHM_???",
    &[
        (0, "IPC_RMID"),
        (1, "IPC_SET"),
        (2, "IPC_STAT"),
        (3, "IPC_INFO"),
        (0xb, "SHM_LOCK"),
        (0xc, "SHM_UNLOCK"),
        (0xd, "SHM_STAT"),
        (0xe, "SHM_INFO"),
        (0xf, "SHM_STAT_ANY"),
    ],
);

/// `IPC_RMID`, `SEM_STAT_ANY`, ...
pub const SEMCTL: Set = Set::new(
    "SEM_???",
    &[
        (0, "IPC_RMID"),
        (1, "IPC_SET"),
        (2, "IPC_STAT"),
        (3, "IPC_INFO"),
        (0xb, "GETPID"),
        (0xc, "GETVAL"),
        (0xd, "GETALL"),
        (0xe, "GETNCNT"),
        (0xf, "GETZCNT"),
        (0x10, "SETVAL"),
        (0x11, "SETALL"),
        (0x12, "SEM_STAT"),
        (0x13, "SEM_INFO"),
        (0x14, "SEM_STAT_ANY"),
    ],
);

/// `IPC_RMID`, `MSG_STAT_ANY`, ...
pub const MSGCTL: Set = Set::new(
    "MSG_???",
    &[
        (0, "IPC_RMID"),
        (1, "IPC_SET"),
        (2, "IPC_STAT"),
        (3, "IPC_INFO"),
        (0xb, "MSG_STAT"),
        (0xc, "MSG_INFO"),
        (0xd, "MSG_STAT_ANY"),
    ],
);

/// `MSG_NOERROR`, `IPC_NOWAIT`, ...
pub const MSG_IPC: Set = Set::new(
    "MSG_???",
    &[(0x1000, "MSG_NOERROR"), (0x2000, "MSG_EXCEPT"), (0x4000, "MSG_COPY"), (0x800, "IPC_NOWAIT")],
);
