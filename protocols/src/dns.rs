//! DNS as the calls on a socket carry it: messages over UDP and TCP, and the lookups they make up.
//!
//! Facts from RFC 1035 (messages), RFC 6891 (EDNS), and IANA's registry of DNS parameters (names of numbers). A
//! message may be cut: what stands before the cut is told, and that it was cut.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it reads |
//! |---|---|
//! | [`codes`] | names of numbers |
//! | [`malformed`] | why bytes are no message |
//! | [`name`] | domain names, with compression |
//! | [`message`] | a message |
//! | [`stream`] | messages over TCP |
//! | [`lookups`] | questions with their answers |

mod codes;
mod lookups;
mod malformed;
mod message;
mod name;
mod stream;
#[cfg(test)]
mod tests;

pub use codes::{opcode_name, rcode_name, type_name};
pub use lookups::{Counts, Lookup, Lookups, Outcome, Socket, Transport};
pub use malformed::Malformed;
pub use message::{Answer, MAX_ANSWERS, MAX_QUESTIONS, Message, Question, Value, read};
pub use stream::{MAX_STREAM_BYTES, Stream};
