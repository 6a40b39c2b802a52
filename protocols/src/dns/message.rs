//! A message (RFC 1035, 4.1).

use super::malformed::Malformed;
use super::name;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most questions that are kept. Resolvers ask one.
pub const MAX_QUESTIONS: usize = 4;
/// Most answers that are kept.
pub const MAX_ANSWERS: usize = 64;
/// Most records that are looked at, of all sections.
const MAX_RECORDS: usize = 512;

const HEADER_BYTES: usize = 12;
const A: u16 = 1;
const CNAME: u16 = 5;
const PTR: u16 = 12;
const AAAA: u16 = 28;
const OPT: u16 = 41;
const INTERNET: u16 = 1;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// As it was asked, in its case.
    pub name: String,
    /// See [`super::type_name`].
    pub kind: u16,
    /// 1 is the Internet.
    pub class: u16,
}

/// What a record says, as far as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `A` or `AAAA`.
    Address(IpAddr),
    /// `CNAME` or `PTR`.
    Name(String),
    /// Another type's.
    Other,
}

/// One record of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whose it is.
    pub name: String,
    /// See [`super::type_name`].
    pub kind: u16,
    /// Seconds that it may be kept.
    pub ttl: u32,
    /// What it says.
    pub value: Value,
}

/// A message, as far as it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// What ties an answer to its question.
    pub id: u16,
    /// An answer, not a question.
    pub is_response: bool,
    /// See [`super::opcode_name`].
    pub opcode: u8,
    /// See [`super::rcode_name`]. With its upper bits, where the message has them (EDNS).
    pub rcode: u16,
    /// The server left something out: the question is to be asked again over TCP.
    pub is_truncated: bool,
    /// Not all of it was seen, or it has more than is kept: there are more questions or answers than are told.
    pub is_cut: bool,
    /// What is asked, [`MAX_QUESTIONS`] at most.
    pub questions: Vec<Question>,
    /// The answers in their order, [`MAX_ANSWERS`] at most.
    pub answers: Vec<Answer>,
}

impl Message {
    /// The addresses that are answered.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.answers.iter().filter_map(|answer| match answer.value {
            Value::Address(address) => Some(address),
            _ => None,
        })
    }

    /// The names that lead from the question's to the addresses, in the order of the answers.
    pub fn chain(&self) -> impl Iterator<Item = &str> {
        self.answers.iter().filter(|answer| answer.kind == CNAME).filter_map(|answer| match &answer.value {
            Value::Name(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

/// Reads a message of `total` bytes, of which the first ones were seen, as it stands in a datagram.
///
/// # Errors
/// If it is no message.
pub fn read(seen: &[u8], total: usize) -> Result<Message, Malformed> {
    let bytes = seen.get(..total).unwrap_or(seen);
    let Some((header, _)) = bytes.split_at_checked(HEADER_BYTES) else { return Err(Malformed::Short) };
    let mut words = header.chunks_exact(2).map(|pair| pair.iter().fold(0, |word, byte| word << 8 | u16::from(*byte)));
    let [id, flags, questions, answers, authorities, additionals] = std::array::from_fn(|_| words.next().unwrap_or(0));
    let mut message = Message {
        id,
        is_response: flags & 0x8000 != 0,
        opcode: (flags >> 11 & 0xf) as u8,
        rcode: flags & 0xf,
        is_truncated: flags & 0x0200 != 0,
        ..Message::default()
    };
    let mut reader = Reader { bytes, total, at: HEADER_BYTES };
    for nth in 0..usize::from(questions) {
        let Some(question) = reader.question()? else { return reader.cut(message) };
        if nth < MAX_QUESTIONS {
            message.questions.push(question);
        } else {
            // No resolver asks so many; what follows is not looked for.
            message.is_cut = true;
            return Ok(message);
        }
    }
    let others = usize::from(authorities) + usize::from(additionals);
    for nth in 0..usize::from(answers) + others {
        let is_answer = nth < usize::from(answers);
        let Some(answer) = reader.record(is_answer)? else { return reader.cut(message) };
        if answer.kind == OPT && !is_answer {
            // RFC 6891, 6.1.3: the upper eight bits.
            message.rcode |= (answer.ttl >> 24 << 4) as u16;
        }
        if is_answer && message.answers.len() < MAX_ANSWERS {
            message.answers.push(answer);
        } else {
            message.is_cut |= is_answer;
        }
        if nth == MAX_RECORDS {
            message.is_cut = true;
            return Ok(message);
        }
    }
    Ok(message)
}

struct Reader<'b> {
    bytes: &'b [u8],
    total: usize,
    at: usize,
}

impl Reader<'_> {
    /// The end of the bytes was met: of what was seen, or of the message itself.
    fn cut(&self, mut message: Message) -> Result<Message, Malformed> {
        if self.bytes.len() >= self.total {
            return Err(Malformed::PastEnd);
        }
        message.is_cut = true;
        Ok(message)
    }

    fn name(&mut self) -> Result<Option<String>, Malformed> {
        let Some((name, end)) = name::read(self.bytes, self.at)? else { return Ok(None) };
        self.at = end;
        Ok(Some(name))
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(N)?)?.try_into().ok()?;
        self.at += N;
        Some(taken)
    }

    fn word(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    fn question(&mut self) -> Result<Option<Question>, Malformed> {
        let Some(name) = self.name()? else { return Ok(None) };
        let (Some(kind), Some(class)) = (self.word(), self.word()) else { return Ok(None) };
        Ok(Some(Question { name, kind, class }))
    }

    /// A record. Where its value is not wanted, it is passed over.
    fn record(&mut self, is_wanted: bool) -> Result<Option<Answer>, Malformed> {
        let Some(name) = self.name()? else { return Ok(None) };
        let (Some(kind), Some(class)) = (self.word(), self.word()) else { return Ok(None) };
        let Some(ttl) = self.take().map(u32::from_be_bytes) else { return Ok(None) };
        let Some(length) = self.word() else { return Ok(None) };
        let end = self.at + usize::from(length);
        if end > self.total {
            return Err(Malformed::PastEnd);
        }
        let Some(bytes) = self.bytes.get(self.at..end) else { return Ok(None) };
        let is_internet = class == INTERNET;
        let value = match kind {
            A if is_wanted && is_internet => address::<4>(bytes).map(|it| Value::Address(Ipv4Addr::from(it).into()))?,
            AAAA if is_wanted && is_internet => {
                address::<16>(bytes).map(|it| Value::Address(Ipv6Addr::from(it).into()))?
            }
            CNAME | PTR if is_wanted => {
                let name = name::read(self.bytes, self.at)?.filter(|(_, name_end)| *name_end == end);
                Value::Name(name.ok_or(Malformed::Value)?.0)
            }
            _ => Value::Other,
        };
        self.at = end;
        Ok(Some(Answer { name, kind, ttl, value }))
    }
}

fn address<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Malformed> {
    bytes.try_into().map_err(|_| Malformed::Value)
}
