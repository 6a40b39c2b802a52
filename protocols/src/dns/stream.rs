//! Messages over TCP: each behind its length, in two bytes (RFC 1035, 4.2.2).

use super::malformed::Malformed;
use super::message::{Message, read};

/// Most bytes of a message over TCP that are kept to read it. Longer ones are cut.
pub const MAX_STREAM_BYTES: usize = 4096;

/// One direction of a connection.
#[derive(Debug, Default)]
pub struct Stream {
    /// Bytes of the length, or the length and bytes of the message.
    seen: Vec<u8>,
    /// Bytes of the message that were not kept.
    missing: usize,
    is_lost: bool,
}

impl Stream {
    /// A call: those of its first bytes that were seen, and how many there were. Returns the messages that have ended
    /// with it.
    pub fn call(&mut self, seen: &[u8], total: u64) -> Vec<Result<Message, Malformed>> {
        let mut messages = Vec::new();
        let seen = usize::try_from(total).ok().and_then(|total| seen.get(..total)).unwrap_or(seen);
        let mut unseen = total - seen.len() as u64;
        let mut rest = seen;
        while !self.is_lost && (!rest.is_empty() || unseen > 0) {
            let Some(length) = self.length() else {
                match rest.split_first() {
                    Some((byte, after)) => {
                        self.seen.push(*byte);
                        rest = after;
                    }
                    // Where a message begins is not known any more.
                    None => self.lose(),
                }
                self.end(&mut messages);
                continue;
            };
            let wanted = length.saturating_sub(self.seen.len() - 2 + self.missing);
            let (here, after) = rest.split_at(wanted.min(rest.len()));
            rest = after;
            // Once something is missing, what follows stands in no place.
            let room = if self.missing > 0 { 0 } else { (MAX_STREAM_BYTES + 2).saturating_sub(self.seen.len()) };
            self.seen.extend(here.iter().take(room));
            let skipped = usize::try_from(unseen).map_or(wanted, |unseen| unseen.min(wanted)).min(wanted - here.len());
            unseen -= skipped as u64;
            self.missing += here.len().saturating_sub(room) + skipped;
            self.end(&mut messages);
        }
        messages
    }

    /// Bytes were not seen whose number is not known: nothing further is read.
    pub fn lose(&mut self) {
        *self = Self { is_lost: true, ..Self::default() };
    }

    /// Where messages begin is not known any more.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.is_lost
    }

    fn length(&self) -> Option<usize> {
        match self.seen.as_slice() {
            [high, low, ..] => Some(usize::from(u16::from_be_bytes([*high, *low]))),
            _ => None,
        }
    }

    fn end(&mut self, messages: &mut Vec<Result<Message, Malformed>>) {
        let Some(length) = self.length().filter(|length| self.seen.len() - 2 + self.missing >= *length) else { return };
        messages.push(read(self.seen.get(2..).unwrap_or_default(), length));
        self.seen.clear();
        self.missing = 0;
    }
}
