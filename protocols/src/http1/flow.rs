//! One direction of a connection: call after call, where messages begin and end.

use super::chunks::{Chunks, Progress};
use super::framing::Body;
use super::head::{Head, Start, read};

/// Longest head that is put together from several calls.
pub const MAX_HEAD_BYTES: usize = 16 << 10;

/// Up to how many bytes it is looked at whether they may become a head, before a line has ended.
const SHORT_BYTES: usize = 256;

/// How bytes went, as the process that makes the calls sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// Written.
    Sent,
    /// Read.
    Received,
}

impl Way {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Sent => Self::Received,
            Self::Received => Self::Sent,
        }
    }
}

/// What is left of a call.
pub(super) struct Call<'b> {
    pub(super) seen: &'b [u8],
    /// Bytes behind those, which were not seen.
    pub(super) unseen: u64,
    /// Nothing of it has been taken.
    pub(super) is_at_start: bool,
    pub(super) at_ns: u64,
}

impl Call<'_> {
    pub(super) fn is_over(&self) -> bool {
        self.seen.is_empty() && self.unseen == 0
    }

    fn take(&mut self, bytes: usize) {
        self.seen = self.seen.get(bytes..).unwrap_or_default();
        self.is_at_start = false;
    }

    /// Takes up to so many bytes, seen or not. Returns how many.
    fn pass(&mut self, bytes: u64) -> u64 {
        let seen = usize::try_from(bytes).map_or(self.seen.len(), |bytes| bytes.min(self.seen.len()));
        let unseen = self.unseen.min(bytes - seen as u64);
        self.take(seen);
        self.unseen -= unseen;
        seen as u64 + unseen
    }

    pub(super) fn pass_all(&mut self) -> u64 {
        self.pass(u64::MAX)
    }
}

/// A message whose head was seen, whole or in part.
#[derive(Debug)]
pub(super) struct Begun<H = Head> {
    pub(super) head: H,
    pub(super) head_bytes: u64,
    pub(super) began_ns: u64,
}

impl Begun {
    fn step(head: Head, head_bytes: u64, began_ns: u64) -> Step {
        Step::Began(Box::new(Self { head, head_bytes, began_ns }))
    }
}

/// What a step over a call's bytes came to.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing that matters.
    Nothing,
    /// A message has begun.
    Began(Box<Begun>),
    /// The message's body has ended.
    Ended,
    /// Where a message should begin, there is none.
    NoMessage,
    /// A message began among the bytes that were not seen.
    Hidden,
    /// The body's coding is broken, or its end was not seen.
    Broken,
    EndUnseen,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    /// The next byte is a message's first one.
    Start,
    /// In a head, which came with several calls so far.
    Head {
        seen: Vec<u8>,
        has_line: bool,
        began_ns: u64,
    },
    Body(u64),
    Chunked(Chunks),
    UntilClose,
    /// It is not known where the next message begins.
    Lost,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Flow {
    stage: Stage,
    /// Of the message that is on its way.
    pub(super) body_bytes: u64,
}

impl Flow {
    pub(super) fn new() -> Self {
        Self { stage: Stage::Start, body_bytes: 0 }
    }

    pub(super) fn lose(&mut self) {
        self.stage = Stage::Lost;
    }

    pub(super) fn restart(&mut self) {
        self.stage = Stage::Start;
    }

    pub(super) fn is_lost(&self) -> bool {
        self.stage == Stage::Lost
    }

    /// How much of the body is still to come, where its length is known.
    pub(super) fn left(&self) -> u64 {
        if let Stage::Body(left) = self.stage { left } else { 0 }
    }

    pub(super) fn is_until_close(&self) -> bool {
        self.stage == Stage::UntilClose
    }

    /// What was seen of a head that has not ended.
    pub(super) fn begun_head(&self) -> Option<Begun> {
        let Stage::Head { seen, began_ns, .. } = &self.stage else { return None };
        let Start::Cut(Some(head)) = read(seen) else { return None };
        Some(Begun { head, head_bytes: seen.len() as u64, began_ns: *began_ns })
    }

    /// A message's head was seen whole: its body comes next. Returns whether it has ended already.
    pub(super) fn expect(&mut self, body: Body) -> bool {
        self.body_bytes = 0;
        self.stage = match body {
            Body::Length(0) => Stage::Start,
            Body::Length(length) => Stage::Body(length),
            Body::Chunked => Stage::Chunked(Chunks::default()),
            Body::UntilClose => Stage::UntilClose,
            Body::Unknown => Stage::Lost,
        };
        self.stage == Stage::Start
    }

    /// Takes the next bytes of a call, one at least. `may_resume`: a message may begin at a call's first byte though
    /// it is not known where the last one ended.
    pub(super) fn step(&mut self, call: &mut Call<'_>, may_resume: bool) -> Step {
        match &mut self.stage {
            Stage::Start => self.start(call),
            Stage::Head { .. } => self.go_on(call),
            Stage::Body(left) => {
                let passed = call.pass(*left);
                *left -= passed;
                self.body_bytes = self.body_bytes.saturating_add(passed);
                if *left == 0 { self.end() } else { Step::Nothing }
            }
            Stage::Chunked(_) => self.chunked(call),
            Stage::UntilClose => {
                self.body_bytes = self.body_bytes.saturating_add(call.pass_all());
                Step::Nothing
            }
            Stage::Lost => {
                let is_message = call.is_at_start && may_resume && is_message(call.seen);
                if is_message {
                    return self.start(call);
                }
                self.body_bytes = self.body_bytes.saturating_add(call.pass_all());
                Step::Nothing
            }
        }
    }

    fn end(&mut self) -> Step {
        self.stage = Stage::Start;
        Step::Ended
    }

    fn start(&mut self, call: &mut Call<'_>) -> Step {
        if call.seen.is_empty() {
            return self.give_up(call, Step::Hidden);
        }
        match read(call.seen) {
            Start::Whole(head, length) => {
                call.take(length);
                Begun::step(head, length as u64, call.at_ns)
            }
            Start::Cut(_) if call.unseen == 0 && call.seen.len() <= MAX_HEAD_BYTES => {
                let seen = call.seen.to_vec();
                self.stage = Stage::Head { has_line: has_line(&seen), seen, began_ns: call.at_ns };
                call.pass_all();
                Step::Nothing
            }
            Start::Cut(Some(head)) => {
                let step = Begun::step(head, call.seen.len() as u64, call.at_ns);
                self.give_up(call, step)
            }
            Start::Cut(None) => self.give_up(call, Step::Hidden),
            Start::Other => self.give_up(call, Step::NoMessage),
        }
    }

    /// Further bytes of a head. It is read when it ends, when its first line does, and before that while it is short:
    /// not with every byte that comes.
    fn go_on(&mut self, call: &mut Call<'_>) -> Step {
        let Stage::Head { seen, has_line, began_ns } = &mut self.stage else { return Step::Nothing };
        let (before, began_ns) = (seen.len(), *began_ns);
        let room = MAX_HEAD_BYTES.saturating_sub(before);
        let added = call.seen.get(..room).unwrap_or(call.seen);
        let is_last = call.unseen > 0 || added.len() < call.seen.len();
        seen.extend_from_slice(added);
        let has_ended = ends(seen, before);
        let is_first_line = !*has_line && added.contains(&b'\n') && self::has_line(seen);
        let is_short = !*has_line && seen.len() <= SHORT_BYTES;
        *has_line |= is_first_line;
        if !(has_ended || is_first_line || is_short || is_last) {
            call.pass_all();
            return Step::Nothing;
        }
        let head_bytes = seen.len() as u64;
        match read(seen) {
            Start::Whole(head, length) => {
                self.stage = Stage::Lost;
                call.take(length.saturating_sub(before));
                Begun::step(head, length as u64, began_ns)
            }
            Start::Cut(Some(head)) if is_last => self.give_up(call, Begun::step(head, head_bytes, began_ns)),
            Start::Cut(None) if is_last => self.give_up(call, Step::Hidden),
            Start::Cut(_) => {
                call.pass_all();
                Step::Nothing
            }
            Start::Other => self.give_up(call, Step::NoMessage),
        }
    }

    fn chunked(&mut self, call: &mut Call<'_>) -> Step {
        let Stage::Chunked(chunks) = &mut self.stage else { return Step::Nothing };
        let progress = chunks.read(call.seen);
        if let Progress::Ended(length) = progress {
            self.body_bytes = chunks.data_bytes;
            call.take(length);
            return self.end();
        }
        let is_known = progress == Progress::More && (call.unseen == 0 || chunks.skip(call.unseen));
        self.body_bytes = chunks.data_bytes;
        if is_known {
            call.pass_all();
            return Step::Nothing;
        }
        let step = if progress == Progress::Broken { Step::Broken } else { Step::EndUnseen };
        self.give_up(call, step)
    }

    fn give_up(&mut self, call: &mut Call<'_>, step: Step) -> Step {
        self.stage = Stage::Lost;
        call.pass_all();
        step
    }
}

/// A request or a status line, to its end or cut, stands at the beginning.
fn is_message(bytes: &[u8]) -> bool {
    matches!(read(bytes), Start::Whole(..) | Start::Cut(Some(_)))
}

/// A line has ended that is not empty.
fn has_line(bytes: &[u8]) -> bool {
    bytes.iter().skip_while(|byte| b"\r\n".contains(byte)).any(|byte| *byte == b'\n')
}

/// An empty line stands in what came behind `before`.
fn ends(seen: &[u8], before: usize) -> bool {
    let recent = seen.get(before.saturating_sub(3)..).unwrap_or_default();
    recent.windows(2).any(|pair| pair == b"\n\n") || recent.windows(3).any(|three| three == b"\n\r\n")
}
