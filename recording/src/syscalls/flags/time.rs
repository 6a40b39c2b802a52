//! Names of numbers: clocks and timers. Facts from the kernel's UAPI headers; names as `strace` prints them.

use super::Set;

/// `CLOCK_REALTIME`, `CLOCK_TAI`, ...
pub const CLOCK: Set = Set::new(
    "CLOCK_???",
    &[
        (0, "CLOCK_REALTIME"),
        (1, "CLOCK_MONOTONIC"),
        (2, "CLOCK_PROCESS_CPUTIME_ID"),
        (3, "CLOCK_THREAD_CPUTIME_ID"),
        (4, "CLOCK_MONOTONIC_RAW"),
        (5, "CLOCK_REALTIME_COARSE"),
        (6, "CLOCK_MONOTONIC_COARSE"),
        (7, "CLOCK_BOOTTIME"),
        (8, "CLOCK_REALTIME_ALARM"),
        (9, "CLOCK_BOOTTIME_ALARM"),
        (0xa, "CLOCK_SGI_CYCLE"),
        (0xb, "CLOCK_TAI"),
    ],
);

/// `TIMER_ABSTIME`.
pub const TIMER: Set = Set::new("TIMER_???", &[(1, "TIMER_ABSTIME")]);

/// `TFD_TIMER_ABSTIME`, `TFD_NONBLOCK`, ...
pub const TFD_CREATE: Set = Set::new(
    "TFD_???",
    &[(1, "TFD_TIMER_ABSTIME"), (2, "TFD_TIMER_CANCEL_ON_SET"), (0x80000, "TFD_CLOEXEC"), (0x800, "TFD_NONBLOCK")],
);

/// `ITIMER_REAL`, `ITIMER_PROF`, ...
pub const ITIMER: Set = Set::new("ITIMER_???", &[(0, "ITIMER_REAL"), (1, "ITIMER_VIRTUAL"), (2, "ITIMER_PROF")]);
