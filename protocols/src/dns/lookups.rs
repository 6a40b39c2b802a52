//! Questions with their answers. An answer belongs to the question with the same id, name, type and ports, on the same
//! socket; one that does not come in time is told as missing.

use super::message::{Message, Question};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

/// Most questions with one id and ports that wait at a time. Resolvers have two: for `A` and for `AAAA`.
const MAX_SAME: usize = 8;

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// One message a datagram.
    Udp,
    /// Each message behind its length.
    Tcp,
}

/// Where questions go out and answers come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Socket {
    /// What makes ports unique: a socket's cookie, a network namespace, a container.
    pub scope: u64,
    /// UDP or TCP.
    pub transport: Transport,
    /// The port on this side.
    pub port: u16,
    /// The server.
    pub server: SocketAddr,
}

/// How a lookup ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With this answer.
    Answered(Message),
    /// Without one, within the time.
    TimedOut,
    /// The table was full, or too many had its id, and this was the oldest question.
    GivenUp,
}

/// A question, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup<T> {
    /// Where it was asked.
    pub socket: Socket,
    /// What ties the answer to it.
    pub id: u16,
    /// What was asked.
    pub question: Question,
    /// When it was asked first.
    pub asked_ns: u64,
    /// When the answer came, or was not waited for any more.
    pub ended_ns: u64,
    /// How often it was asked.
    pub times: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Who asked.
    pub owner: T,
}

/// What became of all questions and answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Questions, without those that were asked again.
    pub asked: u64,
    /// Questions that were asked again while they waited.
    pub repeated: u64,
    /// Questions that got an answer.
    pub answered: u64,
    /// Questions without an answer in time.
    pub timed_out: u64,
    /// Questions that were given up for newer ones.
    pub given_up: u64,
    /// Answers without a question: it was given up, was before the first message seen, or never was.
    pub unasked: u64,
}

/// What a message carries that ties it to others, without its question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Wire {
    scope: u64,
    transport: Transport,
    ports: (u16, u16),
    id: u16,
}

impl Wire {
    /// Without the server's address: an answer may come from another one of it.
    fn new(socket: &Socket, id: u16) -> Self {
        Self { scope: socket.scope, transport: socket.transport, ports: (socket.port, socket.server.port()), id }
    }
}

#[derive(Debug)]
struct Open<T> {
    socket: Socket,
    question: Question,
    asked_ns: u64,
    number: u64,
    times: u32,
    owner: T,
}

/// The questions that wait for an answer: a bounded table.
#[derive(Debug)]
pub struct Lookups<T> {
    max: usize,
    timeout_ns: u64,
    waiting: HashMap<Wire, Vec<Open<T>>>,
    /// Where each waits, the oldest first.
    order: BTreeMap<(u64, u64), Wire>,
    next_number: u64,
    counts: Counts,
}

impl<T> Lookups<T> {
    /// A table of `max` questions, which wait for `timeout_ns`.
    #[must_use]
    pub fn new(max: usize, timeout_ns: u64) -> Self {
        let (waiting, order) = (HashMap::new(), BTreeMap::new());
        Self { max: max.max(1), timeout_ns, waiting, order, next_number: 0, counts: Counts::default() }
    }

    /// What became of all so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many questions wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.order.len()
    }

    /// A question was asked. A message with several is several. Returns what was given up for it.
    pub fn asked(&mut self, socket: Socket, message: &Message, at_ns: u64, owner: &T) -> Vec<Lookup<T>>
    where
        T: Clone,
    {
        let wire = Wire::new(&socket, message.id);
        let mut over = Vec::new();
        for question in message.questions.iter().filter(|_| !message.is_response) {
            let same = self.waiting.get_mut(&wire).and_then(|open| open.iter_mut().find(|it| it.is(question)));
            if let Some(open) = same {
                open.times = open.times.saturating_add(1);
                self.counts.repeated += 1;
                continue;
            }
            let same = self.waiting.get(&wire).map(Vec::len).unwrap_or_default();
            let given_up = if same >= MAX_SAME {
                self.take(wire, 0).map(|open| open.end(wire.id, at_ns, Outcome::GivenUp))
            } else if self.order.len() >= self.max {
                self.oldest(at_ns, Outcome::GivenUp)
            } else {
                None
            };
            self.counts.given_up += given_up.iter().count() as u64;
            over.extend(given_up);
            let number = self.next_number;
            self.next_number += 1;
            let (question, owner) = (question.clone(), owner.clone());
            let open = Open { socket, question, asked_ns: at_ns, number, times: 1, owner };
            self.order.insert((at_ns, number), wire);
            self.waiting.entry(wire).or_default().push(open);
            self.counts.asked += 1;
        }
        over
    }

    /// An answer came. Returns the lookup that it ends. Some servers leave the question out of an answer that refuses
    /// it: then it belongs to the one that waits with its id and ports, if there is one alone.
    pub fn answered(&mut self, socket: &Socket, message: &Message, at_ns: u64) -> Option<Lookup<T>> {
        if !message.is_response {
            return None;
        }
        let wire = Wire::new(socket, message.id);
        let waiting = self.waiting.get(&wire).map(Vec::as_slice).unwrap_or_default();
        let at = match message.questions.first() {
            Some(question) => waiting.iter().position(|open| open.is(question)),
            None => (waiting.len() == 1 && !message.is_cut).then_some(0),
        };
        let Some(open) = at.and_then(|at| self.take(wire, at)) else {
            self.counts.unasked += 1;
            return None;
        };
        self.counts.answered += 1;
        Some(open.end(wire.id, at_ns, Outcome::Answered(message.clone())))
    }

    /// Whether some wait for an answer.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.order.is_empty()
    }

    /// Those that got no answer in time.
    pub fn expire(&mut self, now_ns: u64) -> Vec<Lookup<T>> {
        let mut over = Vec::new();
        while self.order.first_key_value().is_some_and(|(oldest, _)| oldest.0.saturating_add(self.timeout_ns) <= now_ns)
        {
            // In time, whenever somebody looks.
            let timed_out = self.oldest(now_ns, Outcome::TimedOut);
            over.extend(timed_out.map(|it| Lookup { ended_ns: it.asked_ns.saturating_add(self.timeout_ns), ..it }));
            self.counts.timed_out += 1;
        }
        over
    }

    /// Gives up the older half of those that wait.
    pub fn give_up_half(&mut self, at_ns: u64) -> Vec<Lookup<T>> {
        let half = self.order.len().div_ceil(2);
        let given_up: Vec<_> = (0..half).map_while(|_| self.oldest(at_ns, Outcome::GivenUp)).collect();
        self.counts.given_up += given_up.len() as u64;
        self.waiting.shrink_to_fit();
        given_up
    }

    fn oldest(&mut self, at_ns: u64, outcome: Outcome) -> Option<Lookup<T>> {
        let ((_, number), wire) = self.order.first_key_value()?;
        let (number, wire) = (*number, *wire);
        let at = self.waiting.get(&wire)?.iter().position(|open| open.number == number)?;
        Some(self.take(wire, at)?.end(wire.id, at_ns, outcome))
    }

    fn take(&mut self, wire: Wire, at: usize) -> Option<Open<T>> {
        let waiting = self.waiting.get_mut(&wire)?;
        let open = (at < waiting.len()).then(|| waiting.remove(at))?;
        if waiting.is_empty() {
            self.waiting.remove(&wire);
        }
        self.order.remove(&(open.asked_ns, open.number));
        Some(open)
    }
}

impl<T> Open<T> {
    /// Names are the same in any case, and servers may answer in another one.
    fn is(&self, question: &Question) -> bool {
        let (kind, class) = (self.question.kind, self.question.class);
        (kind, class) == (question.kind, question.class) && self.question.name.eq_ignore_ascii_case(&question.name)
    }

    fn end(self, id: u16, ended_ns: u64, outcome: Outcome) -> Lookup<T> {
        let Self { socket, question, asked_ns, times, owner, .. } = self;
        Lookup { socket, id, question, asked_ns, ended_ns, times, outcome, owner }
    }
}
