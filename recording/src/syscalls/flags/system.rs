//! Names of numbers: the system as a whole. Facts from the kernel's UAPI headers; names as `strace` prints them.

use super::Set;

/// `GRND_NONBLOCK`, `GRND_INSECURE`, ...
pub const GRND: Set = Set::new("GRND_???", &[(1, "GRND_NONBLOCK"), (2, "GRND_RANDOM"), (4, "GRND_INSECURE")]);

/// `SECCOMP_SET_MODE_STRICT`, `SECCOMP_GET_NOTIF_SIZES`, ...
pub const SECCOMP: Set = Set::new(
    "SECCOMP_SET_MODE_???",
    &[
        (0, "SECCOMP_SET_MODE_STRICT"),
        (1, "SECCOMP_SET_MODE_FILTER"),
        (2, "SECCOMP_GET_ACTION_AVAIL"),
        (3, "SECCOMP_GET_NOTIF_SIZES"),
    ],
);

/// `SECCOMP_FILTER_FLAG_TSYNC`, `SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV`, ...
pub const SECCOMP_FILTER: Set = Set::new(
    "SECCOMP_FILTER_FLAG_???",
    &[
        (1, "SECCOMP_FILTER_FLAG_TSYNC"),
        (2, "SECCOMP_FILTER_FLAG_LOG"),
        (4, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"),
        (8, "SECCOMP_FILTER_FLAG_NEW_LISTENER"),
        (0x10, "SECCOMP_FILTER_FLAG_TSYNC_ESRCH"),
        (0x20, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"),
    ],
);

/// `BPF_MAP_CREATE`, `BPF_TOKEN_CREATE`, ...
pub const BPF: Set = Set::new(
    "BPF_???",
    &[
        (0, "BPF_MAP_CREATE"),
        (1, "BPF_MAP_LOOKUP_ELEM"),
        (2, "BPF_MAP_UPDATE_ELEM"),
        (3, "BPF_MAP_DELETE_ELEM"),
        (4, "BPF_MAP_GET_NEXT_KEY"),
        (5, "BPF_PROG_LOAD"),
        (6, "BPF_OBJ_PIN"),
        (7, "BPF_OBJ_GET"),
        (8, "BPF_PROG_ATTACH"),
        (9, "BPF_PROG_DETACH"),
        (0xa, "BPF_PROG_TEST_RUN"),
        (0xb, "BPF_PROG_GET_NEXT_ID"),
        (0xc, "BPF_MAP_GET_NEXT_ID"),
        (0xd, "BPF_PROG_GET_FD_BY_ID"),
        (0xe, "BPF_MAP_GET_FD_BY_ID"),
        (0xf, "BPF_OBJ_GET_INFO_BY_FD"),
        (0x10, "BPF_PROG_QUERY"),
        (0x11, "BPF_RAW_TRACEPOINT_OPEN"),
        (0x12, "BPF_BTF_LOAD"),
        (0x13, "BPF_BTF_GET_FD_BY_ID"),
        (0x14, "BPF_TASK_FD_QUERY"),
        (0x15, "BPF_MAP_LOOKUP_AND_DELETE_ELEM"),
        (0x16, "BPF_MAP_FREEZE"),
        (0x17, "BPF_BTF_GET_NEXT_ID"),
        (0x18, "BPF_MAP_LOOKUP_BATCH"),
        (0x19, "BPF_MAP_LOOKUP_AND_DELETE_BATCH"),
        (0x1a, "BPF_MAP_UPDATE_BATCH"),
        (0x1b, "BPF_MAP_DELETE_BATCH"),
        (0x1c, "BPF_LINK_CREATE"),
        (0x1d, "BPF_LINK_UPDATE"),
        (0x1e, "BPF_LINK_GET_FD_BY_ID"),
        (0x1f, "BPF_LINK_GET_NEXT_ID"),
        (0x20, "BPF_ENABLE_STATS"),
        (0x21, "BPF_ITER_CREATE"),
        (0x22, "BPF_LINK_DETACH"),
        (0x23, "BPF_PROG_BIND_MAP"),
        (0x24, "BPF_TOKEN_CREATE"),
    ],
);

/// `MEMBARRIER_CMD_QUERY`, `MEMBARRIER_CMD_GET_REGISTRATIONS`, ...
pub const MEMBARRIER: Set = Set::new(
    "MEMBARRIER_CMD_???",
    &[
        (0, "MEMBARRIER_CMD_QUERY"),
        (1, "MEMBARRIER_CMD_GLOBAL"),
        (2, "MEMBARRIER_CMD_GLOBAL_EXPEDITED"),
        (4, "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED"),
        (8, "MEMBARRIER_CMD_PRIVATE_EXPEDITED"),
        (0x10, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED"),
        (0x20, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE"),
        (0x40, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE"),
        (0x80, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ"),
        (0x100, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ"),
        (0x200, "MEMBARRIER_CMD_GET_REGISTRATIONS"),
    ],
);

/// `MEMBARRIER_CMD_FLAG_CPU`.
pub const MEMBARRIER_FLAGS: Set = Set::new("MEMBARRIER_CMD_FLAG_???", &[(1, "MEMBARRIER_CMD_FLAG_CPU")]);

/// `PERF_FLAG_FD_NO_GROUP`, `PERF_FLAG_FD_CLOEXEC`, ...
pub const PERF: Set = Set::wide(
    "PERF_FLAG_???",
    &[
        (1, "PERF_FLAG_FD_NO_GROUP"),
        (2, "PERF_FLAG_FD_OUTPUT"),
        (4, "PERF_FLAG_PID_CGROUP"),
        (8, "PERF_FLAG_FD_CLOEXEC"),
    ],
);

/// `KEYCTL_GET_KEYRING_ID`, `KEYCTL_WATCH_KEY`, ...
pub const KEYCTL: Set = Set::new(
    "KEYCTL_???",
    &[
        (0, "KEYCTL_GET_KEYRING_ID"),
        (1, "KEYCTL_JOIN_SESSION_KEYRING"),
        (2, "KEYCTL_UPDATE"),
        (3, "KEYCTL_REVOKE"),
        (4, "KEYCTL_CHOWN"),
        (5, "KEYCTL_SETPERM"),
        (6, "KEYCTL_DESCRIBE"),
        (7, "KEYCTL_CLEAR"),
        (8, "KEYCTL_LINK"),
        (9, "KEYCTL_UNLINK"),
        (0xa, "KEYCTL_SEARCH"),
        (0xb, "KEYCTL_READ"),
        (0xc, "KEYCTL_INSTANTIATE"),
        (0xd, "KEYCTL_NEGATE"),
        (0xe, "KEYCTL_SET_REQKEY_KEYRING"),
        (0xf, "KEYCTL_SET_TIMEOUT"),
        (0x10, "KEYCTL_ASSUME_AUTHORITY"),
        (0x11, "KEYCTL_GET_SECURITY"),
        (0x12, "KEYCTL_SESSION_TO_PARENT"),
        (0x13, "KEYCTL_REJECT"),
        (0x14, "KEYCTL_INSTANTIATE_IOV"),
        (0x15, "KEYCTL_INVALIDATE"),
        (0x16, "KEYCTL_GET_PERSISTENT"),
        (0x17, "KEYCTL_DH_COMPUTE"),
        (0x18, "KEYCTL_PKEY_QUERY"),
        (0x19, "KEYCTL_PKEY_ENCRYPT"),
        (0x1a, "KEYCTL_PKEY_DECRYPT"),
        (0x1b, "KEYCTL_PKEY_SIGN"),
        (0x1c, "KEYCTL_PKEY_VERIFY"),
        (0x1d, "KEYCTL_RESTRICT_KEYRING"),
        (0x1e, "KEYCTL_MOVE"),
        (0x1f, "KEYCTL_CAPABILITIES"),
        (0x20, "KEYCTL_WATCH_KEY"),
    ],
);

/// `KEY_SPEC_THREAD_KEYRING`, `KEY_SPEC_REQUESTOR_KEYRING`, ...
pub const KEY_SPEC: Set = Set::new(
    "KEY_SPEC_???",
    &[
        (0xffffffff, "KEY_SPEC_THREAD_KEYRING"),
        (0xfffffffe, "KEY_SPEC_PROCESS_KEYRING"),
        (0xfffffffd, "KEY_SPEC_SESSION_KEYRING"),
        (0xfffffffc, "KEY_SPEC_USER_KEYRING"),
        (0xfffffffb, "KEY_SPEC_USER_SESSION_KEYRING"),
        (0xfffffffa, "KEY_SPEC_GROUP_KEYRING"),
        (0xfffffff9, "KEY_SPEC_REQKEY_AUTH_KEY"),
        (0xfffffff8, "KEY_SPEC_REQUESTOR_KEYRING"),
    ],
);

/// `MODULE_INIT_IGNORE_MODVERSIONS`, `MODULE_INIT_COMPRESSED_FILE`, ...
pub const MODULE_INIT: Set = Set::new(
    "MODULE_INIT_???",
    &[(1, "MODULE_INIT_IGNORE_MODVERSIONS"), (2, "MODULE_INIT_IGNORE_VERMAGIC"), (4, "MODULE_INIT_COMPRESSED_FILE")],
);

/// `KEXEC_ON_CRASH`, `KEXEC_PRESERVE_CONTEXT`.
pub const KEXEC: Set = Set::wide("KEXEC_???", &[(1, "KEXEC_ON_CRASH"), (2, "KEXEC_PRESERVE_CONTEXT")]);

/// `KEXEC_FILE_UNLOAD`, `KEXEC_FILE_NO_INITRAMFS`, ...
pub const KEXEC_FILE: Set = Set::wide(
    "KEXEC_FILE_???",
    &[(1, "KEXEC_FILE_UNLOAD"), (2, "KEXEC_FILE_ON_CRASH"), (4, "KEXEC_FILE_NO_INITRAMFS")],
);

/// `IORING_ENTER_GETEVENTS`, `IORING_ENTER_REGISTERED_RING`, ...
pub const IO_URING_ENTER: Set = Set::new(
    "IORING_ENTER_???",
    &[
        (1, "IORING_ENTER_GETEVENTS"),
        (2, "IORING_ENTER_SQ_WAKEUP"),
        (4, "IORING_ENTER_SQ_WAIT"),
        (8, "IORING_ENTER_EXT_ARG"),
        (0x10, "IORING_ENTER_REGISTERED_RING"),
    ],
);

/// `IORING_REGISTER_BUFFERS`, `IORING_REGISTER_FILE_ALLOC_RANGE`, ...
pub const IO_URING_REGISTER: Set = Set::new(
    "IORING_REGISTER_???",
    &[
        (0, "IORING_REGISTER_BUFFERS"),
        (1, "IORING_UNREGISTER_BUFFERS"),
        (2, "IORING_REGISTER_FILES"),
        (3, "IORING_UNREGISTER_FILES"),
        (4, "IORING_REGISTER_EVENTFD"),
        (5, "IORING_UNREGISTER_EVENTFD"),
        (6, "IORING_REGISTER_FILES_UPDATE"),
        (7, "IORING_REGISTER_EVENTFD_ASYNC"),
        (8, "IORING_REGISTER_PROBE"),
        (9, "IORING_REGISTER_PERSONALITY"),
        (0xa, "IORING_UNREGISTER_PERSONALITY"),
        (0xb, "IORING_REGISTER_RESTRICTIONS"),
        (0xc, "IORING_REGISTER_ENABLE_RINGS"),
        (0xd, "IORING_REGISTER_FILES2"),
        (0xe, "IORING_REGISTER_FILES_UPDATE2"),
        (0xf, "IORING_REGISTER_BUFFERS2"),
        (0x10, "IORING_REGISTER_BUFFERS_UPDATE"),
        (0x11, "IORING_REGISTER_IOWQ_AFF"),
        (0x12, "IORING_UNREGISTER_IOWQ_AFF"),
        (0x13, "IORING_REGISTER_IOWQ_MAX_WORKERS"),
        (0x14, "IORING_REGISTER_RING_FDS"),
        (0x15, "IORING_UNREGISTER_RING_FDS"),
        (0x16, "IORING_REGISTER_PBUF_RING"),
        (0x17, "IORING_UNREGISTER_PBUF_RING"),
        (0x18, "IORING_REGISTER_SYNC_CANCEL"),
        (0x19, "IORING_REGISTER_FILE_ALLOC_RANGE"),
    ],
);

/// `UFFD_USER_MODE_ONLY`, `O_CLOEXEC`, ...
pub const UFFD: Set =
    Set::new("UFFD_???", &[(1, "UFFD_USER_MODE_ONLY"), (0x800, "O_NONBLOCK"), (0x80000, "O_CLOEXEC")]);

/// `LANDLOCK_CREATE_RULESET_VERSION`.
pub const LANDLOCK_CREATE: Set = Set::new("LANDLOCK_CREATE_RULESET_???", &[(1, "LANDLOCK_CREATE_RULESET_VERSION")]);

/// `LANDLOCK_RULE_PATH_BENEATH`, `LANDLOCK_RULE_NET_PORT`.
pub const LANDLOCK_RULE: Set =
    Set::new("LANDLOCK_RULE_???", &[(1, "LANDLOCK_RULE_PATH_BENEATH"), (2, "LANDLOCK_RULE_NET_PORT")]);

/// `SYSLOG_ACTION_CLOSE`, `SYSLOG_ACTION_SIZE_BUFFER`, ...
pub const SYSLOG: Set = Set::new(
    "SYSLOG_ACTION_???",
    &[
        (0, "SYSLOG_ACTION_CLOSE"),
        (1, "SYSLOG_ACTION_OPEN"),
        (2, "SYSLOG_ACTION_READ"),
        (3, "SYSLOG_ACTION_READ_ALL"),
        (4, "SYSLOG_ACTION_READ_CLEAR"),
        (5, "SYSLOG_ACTION_CLEAR"),
        (6, "SYSLOG_ACTION_CONSOLE_OFF"),
        (7, "SYSLOG_ACTION_CONSOLE_ON"),
        (8, "SYSLOG_ACTION_CONSOLE_LEVEL"),
        (9, "SYSLOG_ACTION_SIZE_UNREAD"),
        (0xa, "SYSLOG_ACTION_SIZE_BUFFER"),
    ],
);

/// `LINUX_REBOOT_MAGIC1`, `LINUX_REBOOT_MAGIC2C`, ...
pub const REBOOT_MAGIC: Set = Set::new(
    "LINUX_REBOOT_MAGIC_???",
    &[
        (0xfee1dead, "LINUX_REBOOT_MAGIC1"),
        (0x28121969, "LINUX_REBOOT_MAGIC2"),
        (0x5121996, "LINUX_REBOOT_MAGIC2A"),
        (0x16041998, "LINUX_REBOOT_MAGIC2B"),
        (0x20112000, "LINUX_REBOOT_MAGIC2C"),
    ],
);

/// `LINUX_REBOOT_CMD_CAD_OFF`, `LINUX_REBOOT_CMD_RESTART2`, ...
pub const REBOOT_CMD: Set = Set::new(
    "LINUX_REBOOT_CMD_???",
    &[
        (0, "LINUX_REBOOT_CMD_CAD_OFF"),
        (0x1234567, "LINUX_REBOOT_CMD_RESTART"),
        (0xd000fce2, "LINUX_REBOOT_CMD_SW_SUSPEND"),
        (0x45584543, "LINUX_REBOOT_CMD_KEXEC"),
        (0xcdef0123, "LINUX_REBOOT_CMD_HALT"),
        (0x89abcdef, "LINUX_REBOOT_CMD_CAD_ON"),
        (0x4321fedc, "LINUX_REBOOT_CMD_POWER_OFF"),
        (0xa1b2c3d4, "LINUX_REBOOT_CMD_RESTART2"),
    ],
);
