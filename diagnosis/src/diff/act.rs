//! What a program did to what, in general form: what can be compared.

use crate::calls::{self, bits};
use crate::facts::Subject;
use crate::general::Form;
use crate::meaning;
use std::borrow::Cow;

/// What a program did to what, in general form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Act {
    /// The program's name.
    pub(super) program: String,
    /// The call's name.
    pub(super) call: Cow<'static, str>,
    /// What it was about.
    pub(super) subject: Subject,
}

impl Act {
    /// Of a call whose subject is as it was recorded.
    pub(super) fn of(form: &Form, program: &str, call: Cow<'static, str>, subject: &Subject) -> Self {
        let is_client = call.starts_with("accept");
        let subject = match subject {
            Subject::Path(path) => Subject::Path(form.text(path).into_owned()),
            Subject::Peer(text) => Subject::Peer(form.peer(text, is_client).into_owned()),
            // Whether it is known what a descriptor is may be chance: the parent's calls and the child's overlap.
            Subject::Descriptor(_) | Subject::Nothing => Subject::Nothing,
        };
        Self { program: program.to_owned(), call, subject }
    }

    /// Whether the call has any of `bits`.
    pub(super) fn has(&self, bits: u64) -> bool {
        calls::has(&self.call, bits)
    }

    /// "openat of /etc/passwd", "connect to 10.0.0.5:5432".
    pub(super) fn name(&self) -> String {
        let call = &self.call;
        match &self.subject {
            Subject::Nothing => call.to_string(),
            Subject::Path(path) => format!("{call} of {path}"),
            Subject::Peer(peer) if matches!(&**call, "connect" | "sendto") => format!("{call} to {peer}"),
            Subject::Peer(what) | Subject::Descriptor(what) => format!("{call} on {what}"),
        }
    }

    /// What one has done who has done it.
    pub(super) fn verb(&self) -> Verb {
        let stats = bits::STAT | bits::LSTAT | bits::FSTAT | bits::STATX;
        match &self.subject {
            Subject::Peer(_) if self.has(bits::CONNECTS) => Verb::Connected,
            Subject::Peer(_) if self.has(bits::BINDS) => Verb::Other("bound a socket to"),
            Subject::Peer(_) if self.call.starts_with("accept") => Verb::Other("was called by"),
            Subject::Peer(_) => Verb::Other("spoke to"),
            _ if self.has(bits::RUNS) => Verb::Other("ran"),
            _ if self.has(bits::OPENS) => Verb::Opened,
            _ if self.has(bits::ASKS | stats) => Verb::LookedAt,
            _ => Verb::Called(self.call.clone()),
        }
    }

    /// "opened /etc/passwd".
    pub(super) fn past(&self) -> String {
        let what = self.subject.text().unwrap_or_default();
        format!("{} {what}", self.verb().words()).trim_end().to_owned()
    }

    /// "openat of /etc/passwd was denied (EACCES)".
    pub(super) fn failed(&self, errno: u16) -> String {
        format!("{} {}", self.name(), failure(errno))
    }
}

/// What one has done to a subject, whichever call did it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Verb {
    /// Opened a file.
    Opened,
    /// Asked for what a file is.
    LookedAt,
    /// Connected a socket.
    Connected,
    /// What there are words for.
    Other(&'static str),
    /// Made a call of that name.
    Called(Cow<'static, str>),
}

impl Verb {
    /// What stands before the subject.
    pub(super) fn words(&self) -> Cow<'static, str> {
        match self {
            Self::Opened => Cow::Borrowed("opened"),
            Self::LookedAt => Cow::Borrowed("looked at"),
            Self::Connected => Cow::Borrowed("connected to"),
            Self::Other(words) => Cow::Borrowed(words),
            Self::Called(call) => Cow::Owned(format!("called {call} on")),
        }
    }
}

/// "was denied (EACCES)".
pub(super) fn failure(errno: u16) -> String {
    if matches!(errno, meaning::GIVEN_UP | meaning::IN_ERROR) {
        return "got no answer".to_owned();
    }
    format!("{} ({})", meaning::words(errno), meaning::name(errno))
}
