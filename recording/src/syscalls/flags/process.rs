//! Names of numbers: processes, privileges and scheduling. Facts from the kernel's UAPI headers; names as `strace` prints them.

use super::Set;

/// `CLONE_VM`, `CLONE_IO`, ...
pub const CLONE: Set = Set::wide(
    "CLONE_???",
    &[
        (0x100, "CLONE_VM"),
        (0x200, "CLONE_FS"),
        (0x400, "CLONE_FILES"),
        (0x800, "CLONE_SIGHAND"),
        (0x1000, "CLONE_PIDFD"),
        (0x2000, "CLONE_PTRACE"),
        (0x4000, "CLONE_VFORK"),
        (0x8000, "CLONE_PARENT"),
        (0x10000, "CLONE_THREAD"),
        (0x20000, "CLONE_NEWNS"),
        (0x40000, "CLONE_SYSVSEM"),
        (0x80000, "CLONE_SETTLS"),
        (0x100000, "CLONE_PARENT_SETTID"),
        (0x200000, "CLONE_CHILD_CLEARTID"),
        (0x800000, "CLONE_UNTRACED"),
        (0x1000000, "CLONE_CHILD_SETTID"),
        (0x2000000, "CLONE_NEWCGROUP"),
        (0x4000000, "CLONE_NEWUTS"),
        (0x8000000, "CLONE_NEWIPC"),
        (0x10000000, "CLONE_NEWUSER"),
        (0x20000000, "CLONE_NEWPID"),
        (0x40000000, "CLONE_NEWNET"),
        (0x80000000, "CLONE_IO"),
    ],
);

/// `CLONE_NEWTIME`, `CLONE_INTO_CGROUP`, ...
pub const CLONE3: Set = Set::wide(
    "CLONE_???",
    &[
        (0x80, "CLONE_NEWTIME"),
        (0x100, "CLONE_VM"),
        (0x200, "CLONE_FS"),
        (0x400, "CLONE_FILES"),
        (0x800, "CLONE_SIGHAND"),
        (0x1000, "CLONE_PIDFD"),
        (0x2000, "CLONE_PTRACE"),
        (0x4000, "CLONE_VFORK"),
        (0x8000, "CLONE_PARENT"),
        (0x10000, "CLONE_THREAD"),
        (0x20000, "CLONE_NEWNS"),
        (0x40000, "CLONE_SYSVSEM"),
        (0x80000, "CLONE_SETTLS"),
        (0x100000, "CLONE_PARENT_SETTID"),
        (0x200000, "CLONE_CHILD_CLEARTID"),
        (0x400000, "CLONE_DETACHED"),
        (0x800000, "CLONE_UNTRACED"),
        (0x1000000, "CLONE_CHILD_SETTID"),
        (0x2000000, "CLONE_NEWCGROUP"),
        (0x4000000, "CLONE_NEWUTS"),
        (0x8000000, "CLONE_NEWIPC"),
        (0x10000000, "CLONE_NEWUSER"),
        (0x20000000, "CLONE_NEWPID"),
        (0x40000000, "CLONE_NEWNET"),
        (0x80000000, "CLONE_IO"),
        (0x100000000, "CLONE_CLEAR_SIGHAND"),
        (0x200000000, "CLONE_INTO_CGROUP"),
    ],
);

/// `CLONE_NEWTIME`, `CLONE_NEWNET`, ...
pub const UNSHARE: Set = Set::wide(
    "CLONE_???",
    &[
        (0x80, "CLONE_NEWTIME"),
        (0x100, "CLONE_VM"),
        (0x200, "CLONE_FS"),
        (0x400, "CLONE_FILES"),
        (0x800, "CLONE_SIGHAND"),
        (0x10000, "CLONE_THREAD"),
        (0x20000, "CLONE_NEWNS"),
        (0x40000, "CLONE_SYSVSEM"),
        (0x2000000, "CLONE_NEWCGROUP"),
        (0x4000000, "CLONE_NEWUTS"),
        (0x8000000, "CLONE_NEWIPC"),
        (0x10000000, "CLONE_NEWUSER"),
        (0x20000000, "CLONE_NEWPID"),
        (0x40000000, "CLONE_NEWNET"),
    ],
);

/// `CLONE_NEWTIME`, `CLONE_NEWNET`, ...
pub const SETNS: Set = Set::new(
    "CLONE_NEW???",
    &[
        (0x80, "CLONE_NEWTIME"),
        (0x20000, "CLONE_NEWNS"),
        (0x2000000, "CLONE_NEWCGROUP"),
        (0x4000000, "CLONE_NEWUTS"),
        (0x8000000, "CLONE_NEWIPC"),
        (0x10000000, "CLONE_NEWUSER"),
        (0x20000000, "CLONE_NEWPID"),
        (0x40000000, "CLONE_NEWNET"),
    ],
);

/// `WNOHANG`, `__WNOTHREAD`, ...
pub const WAIT4: Set = Set::new(
    "W???",
    &[
        (1, "WNOHANG"),
        (4, "WEXITED"),
        (2, "WSTOPPED"),
        (8, "WCONTINUED"),
        (0x1000000, "WNOWAIT"),
        (0x80000000, "__WCLONE"),
        (0x40000000, "__WALL"),
        (0x20000000, "__WNOTHREAD"),
    ],
);

/// `P_ALL`, `P_PIDFD`, ...
pub const WAITID_TYPE: Set = Set::new("P_???", &[(0, "P_ALL"), (1, "P_PID"), (2, "P_PGID"), (3, "P_PIDFD")]);

/// `SUID_DUMP_DISABLE`, `SUID_DUMP_ROOT`, ...
pub const DUMPABLE: Set =
    Set::new("SUID_DUMP_???", &[(0, "SUID_DUMP_DISABLE"), (1, "SUID_DUMP_USER"), (2, "SUID_DUMP_ROOT")]);

/// `SECCOMP_MODE_DISABLED`, `SECCOMP_MODE_FILTER`, ...
pub const SECCOMP_MODE: Set = Set::new(
    "SECCOMP_MODE_???",
    &[(0, "SECCOMP_MODE_DISABLED"), (1, "SECCOMP_MODE_STRICT"), (2, "SECCOMP_MODE_FILTER")],
);

/// `PR_CAP_AMBIENT_IS_SET`, `PR_CAP_AMBIENT_CLEAR_ALL`, ...
pub const CAP_AMBIENT: Set = Set::new(
    "PR_CAP_AMBIENT_???",
    &[
        (1, "PR_CAP_AMBIENT_IS_SET"),
        (2, "PR_CAP_AMBIENT_RAISE"),
        (3, "PR_CAP_AMBIENT_LOWER"),
        (4, "PR_CAP_AMBIENT_CLEAR_ALL"),
    ],
);

/// `CAP_CHOWN`, `CAP_CHECKPOINT_RESTORE`, ...
pub const CAP: Set = Set::new(
    "CAP_???",
    &[
        (0, "CAP_CHOWN"),
        (1, "CAP_DAC_OVERRIDE"),
        (2, "CAP_DAC_READ_SEARCH"),
        (3, "CAP_FOWNER"),
        (4, "CAP_FSETID"),
        (5, "CAP_KILL"),
        (6, "CAP_SETGID"),
        (7, "CAP_SETUID"),
        (8, "CAP_SETPCAP"),
        (9, "CAP_LINUX_IMMUTABLE"),
        (0xa, "CAP_NET_BIND_SERVICE"),
        (0xb, "CAP_NET_BROADCAST"),
        (0xc, "CAP_NET_ADMIN"),
        (0xd, "CAP_NET_RAW"),
        (0xe, "CAP_IPC_LOCK"),
        (0xf, "CAP_IPC_OWNER"),
        (0x10, "CAP_SYS_MODULE"),
        (0x11, "CAP_SYS_RAWIO"),
        (0x12, "CAP_SYS_CHROOT"),
        (0x13, "CAP_SYS_PTRACE"),
        (0x14, "CAP_SYS_PACCT"),
        (0x15, "CAP_SYS_ADMIN"),
        (0x16, "CAP_SYS_BOOT"),
        (0x17, "CAP_SYS_NICE"),
        (0x18, "CAP_SYS_RESOURCE"),
        (0x19, "CAP_SYS_TIME"),
        (0x1a, "CAP_SYS_TTY_CONFIG"),
        (0x1b, "CAP_MKNOD"),
        (0x1c, "CAP_LEASE"),
        (0x1d, "CAP_AUDIT_WRITE"),
        (0x1e, "CAP_AUDIT_CONTROL"),
        (0x1f, "CAP_SETFCAP"),
        (0x20, "CAP_MAC_OVERRIDE"),
        (0x21, "CAP_MAC_ADMIN"),
        (0x22, "CAP_SYSLOG"),
        (0x23, "CAP_WAKE_ALARM"),
        (0x24, "CAP_BLOCK_SUSPEND"),
        (0x25, "CAP_AUDIT_READ"),
        (0x26, "CAP_PERFMON"),
        (0x27, "CAP_BPF"),
        (0x28, "CAP_CHECKPOINT_RESTORE"),
    ],
);

/// `CAP_CHOWN`, `CAP_CHECKPOINT_RESTORE`, ...
pub const CAP_MASK: Set = Set::wide(
    "CAP_???",
    &[
        (1, "CAP_CHOWN"),
        (2, "CAP_DAC_OVERRIDE"),
        (4, "CAP_DAC_READ_SEARCH"),
        (8, "CAP_FOWNER"),
        (0x10, "CAP_FSETID"),
        (0x20, "CAP_KILL"),
        (0x40, "CAP_SETGID"),
        (0x80, "CAP_SETUID"),
        (0x100, "CAP_SETPCAP"),
        (0x200, "CAP_LINUX_IMMUTABLE"),
        (0x400, "CAP_NET_BIND_SERVICE"),
        (0x800, "CAP_NET_BROADCAST"),
        (0x1000, "CAP_NET_ADMIN"),
        (0x2000, "CAP_NET_RAW"),
        (0x4000, "CAP_IPC_LOCK"),
        (0x8000, "CAP_IPC_OWNER"),
        (0x10000, "CAP_SYS_MODULE"),
        (0x20000, "CAP_SYS_RAWIO"),
        (0x40000, "CAP_SYS_CHROOT"),
        (0x80000, "CAP_SYS_PTRACE"),
        (0x100000, "CAP_SYS_PACCT"),
        (0x200000, "CAP_SYS_ADMIN"),
        (0x400000, "CAP_SYS_BOOT"),
        (0x800000, "CAP_SYS_NICE"),
        (0x1000000, "CAP_SYS_RESOURCE"),
        (0x2000000, "CAP_SYS_TIME"),
        (0x4000000, "CAP_SYS_TTY_CONFIG"),
        (0x8000000, "CAP_MKNOD"),
        (0x10000000, "CAP_LEASE"),
        (0x20000000, "CAP_AUDIT_WRITE"),
        (0x40000000, "CAP_AUDIT_CONTROL"),
        (0x80000000, "CAP_SETFCAP"),
        (0x100000000, "CAP_MAC_OVERRIDE"),
        (0x200000000, "CAP_MAC_ADMIN"),
        (0x400000000, "CAP_SYSLOG"),
        (0x800000000, "CAP_WAKE_ALARM"),
        (0x1000000000, "CAP_BLOCK_SUSPEND"),
        (0x2000000000, "CAP_AUDIT_READ"),
        (0x4000000000, "CAP_PERFMON"),
        (0x8000000000, "CAP_BPF"),
        (0x10000000000, "CAP_CHECKPOINT_RESTORE"),
    ],
);

/// `_LINUX_CAPABILITY_VERSION_1`, `_LINUX_CAPABILITY_VERSION_3`, ...
pub const CAP_VERSION: Set = Set::new(
    "_LINUX_CAPABILITY_VERSION_???",
    &[
        (0x19980330, "_LINUX_CAPABILITY_VERSION_1"),
        (0x20071026, "_LINUX_CAPABILITY_VERSION_2"),
        (0x20080522, "_LINUX_CAPABILITY_VERSION_3"),
    ],
);

/// `SCHED_OTHER`, `SCHED_EXT`, ...
pub const SCHED: Set = Set::new(
    "SCHED_???",
    &[
        (0, "SCHED_OTHER"),
        (1, "SCHED_FIFO"),
        (2, "SCHED_RR"),
        (3, "SCHED_BATCH"),
        (4, "SCHED_ISO"),
        (5, "SCHED_IDLE"),
        (6, "SCHED_DEADLINE"),
        (7, "SCHED_EXT"),
    ],
);

/// `PRIO_PROCESS`, `PRIO_USER`, ...
pub const PRIO: Set = Set::new("PRIO_???", &[(0, "PRIO_PROCESS"), (1, "PRIO_PGRP"), (2, "PRIO_USER")]);

/// `IOPRIO_WHO_PROCESS`, `IOPRIO_WHO_USER`, ...
pub const IOPRIO_WHO: Set =
    Set::new("IOPRIO_WHO_???", &[(1, "IOPRIO_WHO_PROCESS"), (2, "IOPRIO_WHO_PGRP"), (3, "IOPRIO_WHO_USER")]);

/// `IOPRIO_CLASS_NONE`, `IOPRIO_CLASS_IDLE`, ...
pub const IOPRIO_CLASS: Set = Set::new(
    "IOPRIO_CLASS_???",
    &[(0, "IOPRIO_CLASS_NONE"), (1, "IOPRIO_CLASS_RT"), (2, "IOPRIO_CLASS_BE"), (3, "IOPRIO_CLASS_IDLE")],
);

/// `RLIMIT_CPU`, `RLIMIT_RTTIME`, ...
pub const RLIMIT: Set = Set::new(
    "RLIMIT_???",
    &[
        (0, "RLIMIT_CPU"),
        (1, "RLIMIT_FSIZE"),
        (2, "RLIMIT_DATA"),
        (3, "RLIMIT_STACK"),
        (4, "RLIMIT_CORE"),
        (5, "RLIMIT_RSS"),
        (6, "RLIMIT_NPROC"),
        (7, "RLIMIT_NOFILE"),
        (8, "RLIMIT_MEMLOCK"),
        (9, "RLIMIT_AS"),
        (0xa, "RLIMIT_LOCKS"),
        (0xb, "RLIMIT_SIGPENDING"),
        (0xc, "RLIMIT_MSGQUEUE"),
        (0xd, "RLIMIT_NICE"),
        (0xe, "RLIMIT_RTPRIO"),
        (0xf, "RLIMIT_RTTIME"),
    ],
);

/// `RUSAGE_SELF`, `RUSAGE_THREAD`, ...
pub const RUSAGE: Set = Set::new(
    "RUSAGE_???",
    &[(0, "RUSAGE_SELF"), (0xffffffff, "RUSAGE_CHILDREN"), (0xfffffffe, "RUSAGE_BOTH"), (1, "RUSAGE_THREAD")],
);

/// `PIDFD_NONBLOCK`, `PIDFD_THREAD`.
pub const PIDFD: Set = Set::new("PIDFD_???", &[(0x800, "PIDFD_NONBLOCK"), (0x80, "PIDFD_THREAD")]);

/// `PIDFD_SIGNAL_THREAD`, `PIDFD_SIGNAL_PROCESS_GROUP`, ...
pub const PIDFD_SIGNAL: Set = Set::new(
    "PIDFD_SIGNAL_???",
    &[(1, "PIDFD_SIGNAL_THREAD"), (2, "PIDFD_SIGNAL_THREAD_GROUP"), (4, "PIDFD_SIGNAL_PROCESS_GROUP")],
);

/// `RSEQ_FLAG_UNREGISTER`.
pub const RSEQ: Set = Set::new("RSEQ_FLAG_???", &[(1, "RSEQ_FLAG_UNREGISTER")]);

/// `PER_LINUX`, `PER_LINUX32`, ...
pub const PERSONALITY: Set = Set::new("PER_???", &[(0, "PER_LINUX"), (6, "PER_BSD"), (8, "PER_LINUX32")]);

/// `UNAME26`, `ADDR_LIMIT_3GB`, ...
pub const PERSONALITY_FLAGS: Set = Set::new(
    "PER_???",
    &[
        (0x20000, "UNAME26"),
        (0x40000, "ADDR_NO_RANDOMIZE"),
        (0x80000, "FDPIC_FUNCPTRS"),
        (0x100000, "MMAP_PAGE_ZERO"),
        (0x200000, "ADDR_COMPAT_LAYOUT"),
        (0x400000, "READ_IMPLIES_EXEC"),
        (0x800000, "ADDR_LIMIT_32BIT"),
        (0x1000000, "SHORT_INODE"),
        (0x2000000, "WHOLE_SECONDS"),
        (0x4000000, "STICKY_TIMEOUTS"),
        (0x8000000, "ADDR_LIMIT_3GB"),
    ],
);

/// `PR_SET_VMA_ANON_NAME`.
pub const VMA: Set = Set::wide("PR_SET_VMA_???", &[(0, "PR_SET_VMA_ANON_NAME")]);

/// `PTRACE_O_TRACESYSGOOD`, `PTRACE_O_EXITKILL`, ...
pub const PTRACE_O: Set = Set::wide(
    "PTRACE_O_???",
    &[
        (1, "PTRACE_O_TRACESYSGOOD"),
        (2, "PTRACE_O_TRACEFORK"),
        (4, "PTRACE_O_TRACEVFORK"),
        (8, "PTRACE_O_TRACECLONE"),
        (0x10, "PTRACE_O_TRACEEXEC"),
        (0x20, "PTRACE_O_TRACEVFORKDONE"),
        (0x40, "PTRACE_O_TRACEEXIT"),
        (0x80, "PTRACE_O_TRACESECCOMP"),
        (0x100000, "PTRACE_O_EXITKILL"),
        (0x200000, "PTRACE_O_SUSPEND_SECCOMP"),
    ],
);

/// `SECBIT_NOROOT`, `SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED`, ...
pub const SECBIT: Set = Set::new(
    "SECBIT_???",
    &[
        (1, "SECBIT_NOROOT"),
        (2, "SECBIT_NOROOT_LOCKED"),
        (4, "SECBIT_NO_SETUID_FIXUP"),
        (8, "SECBIT_NO_SETUID_FIXUP_LOCKED"),
        (0x10, "SECBIT_KEEP_CAPS"),
        (0x20, "SECBIT_KEEP_CAPS_LOCKED"),
        (0x40, "SECBIT_NO_CAP_AMBIENT_RAISE"),
        (0x80, "SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED"),
    ],
);

/// `PR_SPEC_STORE_BYPASS`, `PR_SPEC_L1D_FLUSH`, ...
pub const SPECULATION: Set =
    Set::wide("PR_SPEC_???", &[(0, "PR_SPEC_STORE_BYPASS"), (1, "PR_SPEC_INDIRECT_BRANCH"), (2, "PR_SPEC_L1D_FLUSH")]);

/// `PR_SPEC_PRCTL`, `PR_SPEC_ENABLE`, ...
pub const SPECULATION_IS: Set = Set::wide(
    "PR_SPEC_???",
    &[
        (0, "PR_SPEC_NOT_AFFECTED"),
        (1, "PR_SPEC_PRCTL"),
        (2, "PR_SPEC_ENABLE"),
        (4, "PR_SPEC_DISABLE"),
        (8, "PR_SPEC_FORCE_DISABLE"),
        (0x10, "PR_SPEC_DISABLE_NOEXEC"),
    ],
);

/// `PR_SPEC_ENABLE`, `PR_SPEC_DISABLE`, ...
pub const SPECULATION_SET: Set = Set::wide(
    "PR_SPEC_???",
    &[(2, "PR_SPEC_ENABLE"), (4, "PR_SPEC_DISABLE"), (8, "PR_SPEC_FORCE_DISABLE"), (0x10, "PR_SPEC_DISABLE_NOEXEC")],
);

/// `PR_SET_MM_START_CODE`, `PR_SET_MM_MAP_SIZE`, ...
pub const SET_MM: Set = Set::wide(
    "PR_SET_MM_???",
    &[
        (1, "PR_SET_MM_START_CODE"),
        (2, "PR_SET_MM_END_CODE"),
        (3, "PR_SET_MM_START_DATA"),
        (4, "PR_SET_MM_END_DATA"),
        (5, "PR_SET_MM_START_STACK"),
        (6, "PR_SET_MM_START_BRK"),
        (7, "PR_SET_MM_BRK"),
        (8, "PR_SET_MM_ARG_START"),
        (9, "PR_SET_MM_ARG_END"),
        (10, "PR_SET_MM_ENV_START"),
        (11, "PR_SET_MM_ENV_END"),
        (12, "PR_SET_MM_AUXV"),
        (13, "PR_SET_MM_EXE_FILE"),
        (14, "PR_SET_MM_MAP"),
        (15, "PR_SET_MM_MAP_SIZE"),
    ],
);

/// `PR_MCE_KILL_CLEAR`, `PR_MCE_KILL_SET`.
pub const MCE_KILL: Set = Set::wide("PR_MCE_KILL_???", &[(0, "PR_MCE_KILL_CLEAR"), (1, "PR_MCE_KILL_SET")]);

/// `PR_TSC_ENABLE`, `PR_TSC_SIGSEGV`.
pub const TSC: Set = Set::new("PR_TSC_???", &[(1, "PR_TSC_ENABLE"), (2, "PR_TSC_SIGSEGV")]);
