//! What was put together, and whose it is.

use crate::event::Event;
use crate::events::SocketMessage;
use rewind_common::record::Task;
use rewind_protocols::dns::{self, Lookup, Outcome, Socket};
use rewind_protocols::http1::{Exchange, Way};
use std::net::SocketAddr;

/// Whose a message is, and between whom it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// The process, as the host numbers it.
    pub tgid: u32,
    /// Its thread.
    pub tid: u32,
    /// This end.
    pub local: SocketAddr,
    /// The other end.
    pub peer: SocketAddr,
    /// Who the thread was, where that is known.
    pub task: Option<Task>,
}

impl Party {
    pub(super) fn of(message: &SocketMessage<'_>, event: &Event<'_>) -> Self {
        let (local, peer) = (message.local(), SocketMessage::peer(message));
        Self { tgid: message.fixed.tgid, tid: event.tid, local, peer, task: event.task }
    }
}

/// What was put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A request, with its response if there was one.
    Request(Party, Box<Exchange>),
    /// A question, with its answer if there was one. [`Way::Sent`]: it was asked here.
    Lookup(Way, Box<Lookup<Party>>),
    /// An answer whose question is not held. [`Way::Sent`]: it was asked here.
    Unasked(Way, Box<Unasked>),
}

/// An answer whose question is not held: that was asked before what is held, was given up for newer ones, or was told
/// as one without an answer. An answer has its question with it, so what was asked is known; when and how often is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unasked {
    /// Where it was asked.
    pub socket: Socket,
    /// The answer.
    pub message: dns::Message,
    /// When it came.
    pub at_ns: u64,
    /// Who asked, or was asked.
    pub owner: Party,
}

impl Told {
    /// Whose it is.
    #[must_use]
    pub fn party(&self) -> &Party {
        match self {
            Self::Request(party, _) => party,
            Self::Lookup(_, lookup) => &lookup.owner,
            Self::Unasked(_, unasked) => &unasked.owner,
        }
    }

    /// How the request or the question went.
    #[must_use]
    pub fn way(&self) -> Option<Way> {
        match self {
            Self::Request(_, exchange) => exchange.way,
            Self::Lookup(way, _) | Self::Unasked(way, _) => Some(*way),
        }
    }

    /// When it began; where that is not known, when it was answered.
    #[must_use]
    pub fn start_ns(&self) -> u64 {
        match self {
            Self::Request(_, exchange) => {
                let request = exchange.request.as_ref().map(|request| request.began_ns);
                request.or_else(|| exchange.response.as_ref().map(|it| it.began_ns)).unwrap_or_default()
            }
            Self::Lookup(_, lookup) => lookup.asked_ns,
            Self::Unasked(_, unasked) => unasked.at_ns,
        }
    }

    /// When it was over, as far as it was seen.
    #[must_use]
    pub fn end_ns(&self) -> u64 {
        match self {
            Self::Request(_, exchange) => {
                let response_ns = exchange.response.as_ref().map(|response| response.last_ns.max(response.began_ns));
                response_ns.or_else(|| exchange.request.as_ref().map(|it| it.last_ns)).unwrap_or_default()
            }
            Self::Lookup(_, lookup) => lookup.ended_ns,
            Self::Unasked(_, unasked) => unasked.at_ns,
        }
    }

    /// Whether its beginning is not held, so that nobody knows how long it took.
    #[must_use]
    pub fn is_begin_unseen(&self) -> bool {
        match self {
            Self::Request(_, exchange) => exchange.request.is_none(),
            Self::Lookup(..) => false,
            Self::Unasked(..) => true,
        }
    }

    /// How long it took until its response began, or its answer came; `None`: there was none, or that is not known.
    #[must_use]
    pub fn took_ns(&self) -> Option<u64> {
        let answered_ns = match self {
            Self::Request(_, exchange) => exchange.response.as_ref()?.began_ns,
            Self::Lookup(_, lookup) => matches!(lookup.outcome, Outcome::Answered(_)).then_some(lookup.ended_ns)?,
            Self::Unasked(..) => return None,
        };
        (!self.is_begin_unseen()).then(|| answered_ns.saturating_sub(self.start_ns()))
    }
}
