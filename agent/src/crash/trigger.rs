//! Whether an end is to be kept: pure.

use clap::ValueEnum;
use rewind_recording::crash::Reason;
use rewind_recording::ending::Ending;

/// Which ends of containers are written as crash files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// Those of which it is not known that the main process exited with 0
    #[default]
    Failed,
    /// All
    Always,
    /// None
    Never,
}

impl When {
    /// As it is typed.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// Why the recording of a container that has ended is to be written; `None`: it is not.
#[must_use]
pub(crate) fn reason(when: When, ending: Option<&Ending>) -> Option<Reason> {
    let bad = match ending {
        None => Some(Reason::UnknownEnd),
        Some(ending) if ending.is_success() => None,
        Some(Ending { oom_killed: true, .. }) => Some(Reason::Oom),
        Some(Ending { exit_code: Some(_), .. }) => Some(Reason::ExitCode),
        Some(Ending { signal: Some(_), .. }) => Some(Reason::Signal),
        Some(_) => Some(Reason::UnknownEnd),
    };
    match when {
        When::Never => None,
        When::Failed => bad,
        When::Always => bad.or(Some(Reason::Always)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_follows_from_the_end_and_the_policy() {
        let exit = |code| Some(Ending { exit_code: Some(code), ..Ending::default() });
        let killed = Some(Ending { signal: Some(11), ..Ending::default() });
        let out_of_memory = Some(Ending { signal: Some(9), oom_killed: true, ..Ending::default() });
        for (ending, failed, always) in [
            (exit(0), None, Reason::Always),
            (exit(3), Some(Reason::ExitCode), Reason::ExitCode),
            (killed, Some(Reason::Signal), Reason::Signal),
            (out_of_memory, Some(Reason::Oom), Reason::Oom),
            (Some(Ending::default()), Some(Reason::UnknownEnd), Reason::UnknownEnd),
            (None, Some(Reason::UnknownEnd), Reason::UnknownEnd),
        ] {
            assert_eq!(reason(When::Failed, ending.as_ref()), failed, "{ending:?}");
            assert_eq!(reason(When::Always, ending.as_ref()), Some(always), "{ending:?}");
            assert_eq!(reason(When::Never, ending.as_ref()), None, "{ending:?}");
        }
    }
}
