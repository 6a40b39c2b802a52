//! How a thread or a process ended, as the kernel's status says it (`task_struct.exit_code`, `wait`).

/// What an exit status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// It exited with this code.
    Exited(u8),
    /// A signal ended it.
    Killed {
        /// Which.
        signal: u8,
        /// Whether its memory was dumped.
        core_dumped: bool,
    },
}

impl ExitStatus {
    /// Of the bits that the kernel keeps (`linux/wait.h`): the code in the second byte, else the signal in the first.
    #[must_use]
    pub const fn new(status: u32) -> Self {
        match status as u8 & 0x7f {
            0 => Self::Exited((status >> 8) as u8),
            signal => Self::Killed { signal, core_dumped: status & 0x80 != 0 },
        }
    }

    /// The code that it exited with, unless a signal ended it.
    #[must_use]
    pub const fn code(self) -> Option<u8> {
        match self {
            Self::Exited(code) => Some(code),
            Self::Killed { .. } => None,
        }
    }

    /// The signal that ended it.
    #[must_use]
    pub const fn signal(self) -> Option<u8> {
        match self {
            Self::Exited(_) => None,
            Self::Killed { signal, .. } => Some(signal),
        }
    }

    /// Whether its memory was dumped.
    #[must_use]
    pub const fn core_dumped(self) -> bool {
        matches!(self, Self::Killed { core_dumped: true, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_code_or_a_signal() {
        assert_eq!(ExitStatus::new(0), ExitStatus::Exited(0));
        assert_eq!(ExitStatus::new(0xff00), ExitStatus::Exited(255));
        assert_eq!(ExitStatus::new(9), ExitStatus::Killed { signal: 9, core_dumped: false });
        let dumped = ExitStatus::new(139);
        assert_eq!((dumped.code(), dumped.signal(), dumped.core_dumped()), (None, Some(11), true));
    }

    #[test]
    fn what_is_above_the_code_is_none_of_it() {
        assert_eq!(ExitStatus::new(0x1_0300), ExitStatus::Exited(3));
        assert!(!ExitStatus::new(0x80).core_dumped(), "it exited");
    }
}
