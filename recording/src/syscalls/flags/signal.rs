//! Names of numbers: signals. Facts from the kernel's UAPI headers; names as `strace` prints them.

use super::Set;

/// `SIG_BLOCK`, `SIG_SETMASK`, ...
pub const SIG_HOW: Set = Set::new("SIG_???", &[(0, "SIG_BLOCK"), (1, "SIG_UNBLOCK"), (2, "SIG_SETMASK")]);

/// `SA_RESTORER`, `SA_EXPOSE_TAGBITS`, ...
pub const SA: Set = Set::wide(
    "SA_???",
    &[
        (0x4000000, "SA_RESTORER"),
        (0x8000000, "SA_ONSTACK"),
        (0x10000000, "SA_RESTART"),
        (0x40000000, "SA_NODEFER"),
        (0x80000000, "SA_RESETHAND"),
        (4, "SA_SIGINFO"),
        (1, "SA_NOCLDSTOP"),
        (2, "SA_NOCLDWAIT"),
        (0x400, "SA_UNSUPPORTED"),
        (0x800, "SA_EXPOSE_TAGBITS"),
    ],
);

/// `SS_ONSTACK`, `SS_AUTODISARM`, ...
pub const SS: Set = Set::new("SS_???", &[(1, "SS_ONSTACK"), (2, "SS_DISABLE"), (0x80000000, "SS_AUTODISARM")]);

/// `SFD_CLOEXEC`, `SFD_NONBLOCK`.
pub const SFD: Set = Set::new("SFD_???", &[(0x80000, "SFD_CLOEXEC"), (0x800, "SFD_NONBLOCK")]);

/// `SI_KERNEL`, `SI_ASYNCNL`, ...
pub const SI_GENERAL: Set = Set::new(
    "SI_???",
    &[
        (0x80, "SI_KERNEL"),
        (0, "SI_USER"),
        (0xffffffff, "SI_QUEUE"),
        (0xfffffffe, "SI_TIMER"),
        (0xfffffffd, "SI_MESGQ"),
        (0xfffffffc, "SI_ASYNCIO"),
        (0xfffffffb, "SI_SIGIO"),
        (0xfffffffa, "SI_TKILL"),
        (0xfffffff9, "SI_DETHREAD"),
        (0xffffffc4, "SI_ASYNCNL"),
    ],
);

/// `ILL_ILLOPC`, `ILL_BADIADDR`, ...
pub const SI_ILL: Set = Set::new(
    "SI_???",
    &[
        (1, "ILL_ILLOPC"),
        (2, "ILL_ILLOPN"),
        (3, "ILL_ILLADR"),
        (4, "ILL_ILLTRP"),
        (5, "ILL_PRVOPC"),
        (6, "ILL_PRVREG"),
        (7, "ILL_COPROC"),
        (8, "ILL_BADSTK"),
        (9, "ILL_BADIADDR"),
    ],
);

/// `FPE_INTDIV`, `FPE_CONDTRAP`, ...
pub const SI_FPE: Set = Set::new(
    "SI_???",
    &[
        (1, "FPE_INTDIV"),
        (2, "FPE_INTOVF"),
        (3, "FPE_FLTDIV"),
        (4, "FPE_FLTOVF"),
        (5, "FPE_FLTUND"),
        (6, "FPE_FLTRES"),
        (7, "FPE_FLTINV"),
        (8, "FPE_FLTSUB"),
        (0xe, "FPE_FLTUNK"),
        (0xf, "FPE_CONDTRAP"),
    ],
);

/// `SEGV_MAPERR`, `SEGV_CPERR`, ...
pub const SI_SEGV: Set = Set::new(
    "SI_???",
    &[
        (1, "SEGV_MAPERR"),
        (2, "SEGV_ACCERR"),
        (3, "SEGV_BNDERR"),
        (4, "SEGV_PKUERR"),
        (5, "SEGV_ACCADI"),
        (6, "SEGV_ADIDERR"),
        (7, "SEGV_ADIPERR"),
        (8, "SEGV_MTEAERR"),
        (9, "SEGV_MTESERR"),
        (0xa, "SEGV_CPERR"),
    ],
);

/// `BUS_ADRALN`, `BUS_MCEERR_AO`, ...
pub const SI_BUS: Set = Set::new(
    "SI_???",
    &[(1, "BUS_ADRALN"), (2, "BUS_ADRERR"), (3, "BUS_OBJERR"), (4, "BUS_MCEERR_AR"), (5, "BUS_MCEERR_AO")],
);

/// `TRAP_BRKPT`, `TRAP_PERF`, ...
pub const SI_TRAP: Set = Set::new(
    "SI_???",
    &[(1, "TRAP_BRKPT"), (2, "TRAP_TRACE"), (3, "TRAP_BRANCH"), (4, "TRAP_HWBKPT"), (5, "TRAP_UNK"), (6, "TRAP_PERF")],
);

/// `CLD_EXITED`, `CLD_CONTINUED`, ...
pub const SI_CHLD: Set = Set::new(
    "SI_???",
    &[
        (1, "CLD_EXITED"),
        (2, "CLD_KILLED"),
        (3, "CLD_DUMPED"),
        (4, "CLD_TRAPPED"),
        (5, "CLD_STOPPED"),
        (6, "CLD_CONTINUED"),
    ],
);

/// `POLL_IN`, `POLL_HUP`, ...
pub const SI_POLL: Set = Set::new(
    "SI_???",
    &[(1, "POLL_IN"), (2, "POLL_OUT"), (3, "POLL_MSG"), (4, "POLL_ERR"), (5, "POLL_PRI"), (6, "POLL_HUP")],
);

/// `SYS_SECCOMP`, `SYS_USER_DISPATCH`.
pub const SI_SYS: Set = Set::new("SI_???", &[(1, "SYS_SECCOMP"), (2, "SYS_USER_DISPATCH")]);
