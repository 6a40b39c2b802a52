//! Whole heads, and whole connections.

mod against;
mod connections;
mod heads;
mod random;
mod unseen;

use super::{Conversation, Exchange, Way};

/// A connection of a client, fed call by call; time passes by one with each.
pub(super) struct Client {
    pub(super) conversation: Conversation,
    pub(super) now: u64,
    pub(super) over: Vec<Exchange>,
}

impl Client {
    pub(super) fn new() -> Self {
        Self { conversation: Conversation::new(), now: 0, over: Vec::new() }
    }

    pub(super) fn midway() -> Self {
        Self { conversation: Conversation::midway(), ..Self::new() }
    }

    /// A call of which only the first bytes were seen.
    pub(super) fn cut(&mut self, way: Way, bytes: &str, seen: usize) -> &mut Self {
        self.now += 1;
        let first = bytes.as_bytes().get(..seen).unwrap_or(bytes.as_bytes());
        self.over.extend(self.conversation.call(way, self.now, first, bytes.len() as u64));
        self
    }

    pub(super) fn sends(&mut self, bytes: &str) -> &mut Self {
        self.cut(Way::Sent, bytes, bytes.len())
    }

    pub(super) fn gets(&mut self, bytes: &str) -> &mut Self {
        self.cut(Way::Received, bytes, bytes.len())
    }

    pub(super) fn closes(&mut self) -> &mut Self {
        self.now += 1;
        self.over.extend(self.conversation.close(self.now));
        self
    }

    /// `GET /a 200`, with what is not sure of it; `-` where a side is missing.
    pub(super) fn told(&self) -> Vec<String> {
        self.over.iter().map(told).collect()
    }
}

fn told(exchange: &Exchange) -> String {
    let request = exchange.request.as_ref().map(|it| format!("{} {}", it.head.method, it.head.target.path));
    let response = exchange.response.as_ref().map(|it| it.head.status.to_string());
    let doubts: String = exchange.doubts.iter().map(|doubt| format!(" {}", doubt.name())).collect();
    format!("{} {}{doubts}", request.unwrap_or_else(|| "-".into()), response.unwrap_or_else(|| "-".into()))
}
