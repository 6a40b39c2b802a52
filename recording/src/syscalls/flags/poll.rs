//! Names of numbers: waiting for descriptors. Facts from the kernel's UAPI headers; names as `strace` prints them.

use super::Set;

/// `POLLIN`, `POLLRDHUP`, ...
pub const POLL: Set = Set::new(
    "POLL???",
    &[
        (1, "POLLIN"),
        (2, "POLLPRI"),
        (4, "POLLOUT"),
        (0x40, "POLLRDNORM"),
        (0x100, "POLLWRNORM"),
        (0x80, "POLLRDBAND"),
        (0x200, "POLLWRBAND"),
        (8, "POLLERR"),
        (0x10, "POLLHUP"),
        (0x20, "POLLNVAL"),
        (0x400, "POLLMSG"),
        (0x1000, "POLLREMOVE"),
        (0x2000, "POLLRDHUP"),
    ],
);

/// `EPOLLIN`, `EPOLLET`, ...
pub const EPOLL: Set = Set::new(
    "EPOLL???",
    &[
        (1, "EPOLLIN"),
        (2, "EPOLLPRI"),
        (4, "EPOLLOUT"),
        (0x40, "EPOLLRDNORM"),
        (0x80, "EPOLLRDBAND"),
        (0x100, "EPOLLWRNORM"),
        (0x200, "EPOLLWRBAND"),
        (0x400, "EPOLLMSG"),
        (8, "EPOLLERR"),
        (0x10, "EPOLLHUP"),
        (0x2000, "EPOLLRDHUP"),
        (0x10000000, "EPOLLEXCLUSIVE"),
        (0x20000000, "EPOLLWAKEUP"),
        (0x40000000, "EPOLLONESHOT"),
        (0x80000000, "EPOLLET"),
    ],
);

/// `EPOLL_CLOEXEC`.
pub const EPOLL_CREATE: Set = Set::new("EPOLL_???", &[(0x80000, "EPOLL_CLOEXEC")]);

/// `EFD_SEMAPHORE`, `EFD_NONBLOCK`, ...
pub const EFD: Set = Set::new("EFD_???", &[(1, "EFD_SEMAPHORE"), (0x80000, "EFD_CLOEXEC"), (0x800, "EFD_NONBLOCK")]);
