//! A call that failed, and what it was about.

use crate::meaning::{Meaning, is_absent};
use rewind_recording::record::RefusedBy;
use std::borrow::Cow;

/// What a call was about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A path.
    Path(String),
    /// The other side of a socket.
    Peer(String),
    /// Another descriptor, in words.
    Descriptor(String),
    /// Nothing that is known.
    #[default]
    Nothing,
}

impl Subject {
    /// In words, if it is known.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Path(text) | Self::Peer(text) | Self::Descriptor(text) => Some(text),
            Self::Nothing => None,
        }
    }

    /// Whether it is a name server.
    #[must_use]
    pub fn is_name_server(&self) -> bool {
        matches!(self, Self::Peer(peer) if is_name_server(peer))
    }
}

/// A call that failed. Indices are those of the timeline.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which event.
    pub index: usize,
    /// When it failed.
    pub at_ns: u64,
    /// How long that took; of a connection in the background, since it was begun.
    pub duration_ns: u64,
    /// Its process.
    pub tgid: u32,
    /// Its thread.
    pub tid: u32,
    /// The call.
    pub name: Cow<'static, str>,
    /// What it was about.
    pub subject: Subject,
    /// Why it failed, or [`GIVEN_UP`](crate::meaning::GIVEN_UP).
    pub errno: u16,
    /// Who answered it before the kernel began it, if somebody did.
    pub refused: Option<RefusedBy>,
    /// Whether the same, or a file of the same name elsewhere, was had later.
    pub recovered: bool,
}

impl Failure {
    /// Whether nothing is there by that name: what is found later was missing, not refused.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        is_absent(self.errno)
    }

    /// What it means that it failed so.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        match Meaning::of(&self.name, self.errno) {
            // What asks what the kernel offers is told so by a filter as well.
            Meaning::Answer(answer) => Meaning::Answer(answer),
            _ if self.refused.is_some() => Meaning::Filtered,
            meaning => meaning,
        }
    }
}

/// Whether a peer is a name server.
pub(super) fn is_name_server(peer: &str) -> bool {
    peer.ends_with(":53")
}
