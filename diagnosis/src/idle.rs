//! Calls in which a program that has nothing to do may well spend its life.

/// Their names: they wait for work, or sleep of their own will.
pub(super) const IDLE: &[&str] = &[
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "accept",
    "accept4",
    "pause",
    "nanosleep",
    "clock_nanosleep",
    "rt_sigtimedwait",
    "rt_sigsuspend",
    "io_uring_enter",
    "restart_syscall",
];
