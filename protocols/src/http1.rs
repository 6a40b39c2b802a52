//! HTTP/1.0 and HTTP/1.1 as the calls on a socket carry it.
//!
//! ```text
//! bytes of a call -> head -> what it says of its end -> exchanges of a connection
//!                    head    framing                    conversation
//! ```
//!
//! Facts from RFC 9110 (semantics) and RFC 9112 (HTTP/1.1). Of each call the first bytes are seen at most, and how
//! long it was. So a message's body may be known by its length alone, and is never looked at; where bytes that say
//! where a message ends were not seen, the place of the next one is unknown, and only a call that begins with a
//! request or a status line goes on from there. A message that two readers may take for different ones (request
//! smuggling) is told, with a [`Doubt`], and nothing behind it on its connection is joined any more.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`doubt`] | what is not sure of a message or an exchange |
//! | [`target`] | where a request goes, without its query |
//! | [`fields`] | the header fields that matter here |
//! | [`head`] | the head of a message from bytes |
//! | [`hidden`](mod@hidden) | what of a head is to be hidden |
//! | [`framing`] | where a message ends |
//! | [`chunks`] | the chunked coding |
//! | [`flow`] | one direction of a connection |
//! | [`exchange`] | a request and its response |
//! | [`pending`] | exchanges that are not over |
//! | [`end`] | why a connection is over |
//! | [`conversation`] | both of them: exchanges |

mod chunks;
mod conversation;
mod doubt;
mod end;
mod exchange;
mod fields;
mod flow;
mod framing;
mod head;
mod hidden;
mod pending;
mod target;
#[cfg(test)]
mod tests;

pub use conversation::Conversation;
pub use doubt::{Doubt, Doubts};
pub use end::End;
pub use exchange::{Exchange, Message};
pub use fields::{Fields, Lengths, MAX_HOST_BYTES, MAX_USER_AGENT_BYTES, Options, TransferCoding};
pub use flow::{MAX_HEAD_BYTES, Way};
pub use head::{Head, MAX_METHOD_BYTES, Request, Response, Start, read};
pub use hidden::hidden;
pub use pending::MAX_PENDING;
pub use target::{MAX_PATH_BYTES, Target};
