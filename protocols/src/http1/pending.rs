//! Requests of a connection in their order: each has a response, or waits for one.

use super::exchange::{Exchange, Message};
use super::flow::Begun;
use super::head::{Head, Request, Response};
use std::collections::VecDeque;

/// Most requests of a connection that wait for an answer.
pub const MAX_PENDING: usize = 32;

/// The exchanges that are not over. Only the first can have a response that goes on.
#[derive(Debug, Default)]
pub(super) struct Pending(VecDeque<Exchange>);

impl Pending {
    pub(super) fn push(&mut self, exchange: Exchange) {
        self.0.push_back(exchange);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn first(&self) -> Option<&Exchange> {
        self.0.front()
    }

    pub(super) fn first_mut(&mut self) -> Option<&mut Exchange> {
        self.0.front_mut()
    }

    pub(super) fn last(&self) -> Option<&Exchange> {
        self.0.back()
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut Exchange> {
        self.0.back_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Exchange> {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Exchange> {
        self.0.iter_mut()
    }

    /// The request that came last.
    pub(super) fn request(&mut self) -> Option<&mut Message<Request>> {
        self.0.back_mut()?.request.as_mut()
    }

    /// The response that goes on, or is over and was not told yet.
    pub(super) fn response(&mut self) -> Option<&mut Message<Response>> {
        self.0.front_mut()?.response.as_mut()
    }

    /// Whether a request waits for its response to begin.
    pub(super) fn is_waiting(&self) -> bool {
        self.0.iter().any(|exchange| exchange.response.is_none())
    }

    /// Their connection was closed: what was seen of a response's head is all that there is of it, and a body that lasts
    /// until then has ended at that time.
    pub(super) fn closed(&mut self, cut: Option<Begun>, until_close_ns: Option<u64>) {
        let Some(first) = self.0.front_mut() else { return };
        if let (None, Some(Begun { head: Head::Response(head), head_bytes, began_ns })) = (&first.response, cut)
            && !(100..200).contains(&head.status)
        {
            first.response = Some(Message::new(Begun { head, head_bytes, began_ns }));
        }
        if let (Some(response), Some(at_ns)) = (&mut first.response, until_close_ns) {
            (response.is_whole, response.last_ns) = (true, at_ns);
        }
    }

    /// The first one is over.
    pub(super) fn pop(&mut self) -> Option<Exchange> {
        self.0.pop_front().map(Exchange::told)
    }

    /// All of them are over.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Exchange> {
        self.0.drain(..).map(Exchange::told)
    }
}
