//! Calls that the kernel never began, and what could have answered them.

use rewind_common::call::refused;

/// A call was answered before the kernel began it ([`rewind_common::call::flags::REFUSED`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal(u32);

/// What could have answered: all that is sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusedBy {
    /// A seccomp filter, or seccomp's strict mode.
    Seccomp,
    /// A tracer (`ptrace`).
    Tracer,
    /// One of these two.
    SeccompOrTracer,
    /// Syscall user dispatch: the program's own doing (`prctl(PR_SET_SYSCALL_USER_DISPATCH)`).
    Dispatch,
    /// The thread had neither a filter nor a tracer any more when it returned.
    Unknown,
}

impl Refusal {
    pub(super) const fn new(bits: u32) -> Self {
        Self(bits)
    }

    /// What could have answered.
    #[must_use]
    pub const fn by(self) -> RefusedBy {
        match self.0 & (refused::SECCOMP | refused::TRACER | refused::DISPATCH) {
            refused::SECCOMP => RefusedBy::Seccomp,
            refused::TRACER => RefusedBy::Tracer,
            0 => RefusedBy::Unknown,
            bits if bits & refused::DISPATCH != 0 => RefusedBy::Dispatch,
            _ => RefusedBy::SeccompOrTracer,
        }
    }

    /// Whether the thread was sent SIGSYS in place of an answer: the call's result is none.
    #[must_use]
    pub const fn is_signal(self) -> bool {
        self.0 & refused::SIGSYS != 0
    }
}

impl RefusedBy {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seccomp => "seccomp",
            Self::Tracer => "tracer",
            Self::SeccompOrTracer => "seccomp or tracer",
            Self::Dispatch => "user dispatch",
            Self::Unknown => "unknown",
        }
    }

    /// Who it is, to stand behind "by".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Seccomp => "a seccomp filter",
            Self::Tracer => "a tracer",
            Self::SeccompOrTracer => "a seccomp filter or a tracer",
            Self::Dispatch => "syscall user dispatch",
            Self::Unknown => "a seccomp filter or a tracer that has gone",
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::event::build::single;
    use crate::record::{Record, first};
    use rewind_common::call::{flags, refused};

    fn words(by: u32, flags: u8, result: i64) -> Option<String> {
        let record = single(0).at(1_000, u64::from(by)).flags(flags).result(result).build();
        let (Record::Call(call), _) = first(&record).unwrap() else { panic!("no call") };
        assert_eq!(call.duration_ns, if flags & flags::REFUSED == 0 { u64::from(by) } else { 0 });
        call.refusal_words()
    }

    #[test]
    fn what_answered_is_told_as_far_as_it_is_sure() {
        let refused = |by| words(by, flags::REFUSED, -1).unwrap();
        assert_eq!(refused(refused::SECCOMP), "refused by a seccomp filter");
        assert_eq!(refused(refused::TRACER), "refused by a tracer");
        assert_eq!(refused(refused::SECCOMP | refused::TRACER), "refused by a seccomp filter or a tracer");
        assert_eq!(refused(0), "refused by a seccomp filter or a tracer that has gone");
        assert_eq!(words(refused::SECCOMP, 0, -1), None);
    }

    #[test]
    fn an_answer_a_signal_and_a_kill_are_told_apart() {
        let told = |by, flags, result| words(by, flags | flags::REFUSED, result).unwrap();
        assert_eq!(told(refused::SECCOMP, 0, 3), "answered by a seccomp filter");
        assert_eq!(told(refused::SECCOMP | refused::SIGSYS, 0, 39), "SIGSYS for it by a seccomp filter");
        assert_eq!(told(refused::DISPATCH | refused::SIGSYS, 0, 0), "SIGSYS for it by syscall user dispatch");
        assert_eq!(told(refused::SECCOMP, flags::UNFINISHED, 0), "killed for it by a seccomp filter");
    }
}
