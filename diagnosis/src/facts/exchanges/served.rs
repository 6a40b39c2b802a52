//! Requests of HTTP/1 that a process has answered.

use rewind_protocols::http1::Exchange;
use rewind_recording::conversations::Party;

/// A request that a process of the container has answered.
#[derive(Clone, Debug)]
pub struct Served {
    /// The event that the response began in.
    pub index: usize,
    /// When.
    pub at_ns: u64,
    /// The process.
    pub tgid: u32,
    /// `GET /cart`.
    pub name: String,
    /// The status (RFC 9110, 15).
    pub status: u16,
}

impl Served {
    /// What an exchange tells; `index` has the events that messages began in.
    pub(super) fn of(party: Party, exchange: Exchange, index: impl Fn(u64) -> Option<usize>) -> Option<Self> {
        let (request, response) = (exchange.request?, exchange.response?);
        Some(Self {
            index: index(response.began_ns)?,
            at_ns: response.began_ns,
            tgid: party.tgid,
            name: super::http::name(&request.head),
            status: response.head.status,
        })
    }
}
