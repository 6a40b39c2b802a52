//! Ids that follow from what they are of: the same recording exported twice, by whomever, is the same trace.

use rewind_recording::header::Header;
use sha2::{Digest as _, Sha256};

/// The trace of a recording: a run of a container. Not random, which the trace's flags do not claim either
/// (W3C Trace Context level 2, `random`).
pub(crate) fn trace(header: &Header) -> [u8; 16] {
    let container = &header.container;
    let of = [&header.host.name, container.id.as_str(), container.cgroup_path.as_str()];
    let mut hash = Sha256::new();
    for part in of {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(container.cgroup_id.to_le_bytes());
    hash.update(header.born_ns.to_le_bytes());
    first(hash)
}

/// A trace of its own of something in a recording, as [`span`] tells it from others.
pub(crate) fn root(trace: [u8; 16], of: &str, number: u64, at_ns: u64) -> [u8; 16] {
    first(numbered(trace, of, number, at_ns))
}

/// A span of a trace, by what it is of and a number that no other of these has.
pub(crate) fn span(trace: [u8; 16], of: &str, number: u64, at_ns: u64) -> [u8; 8] {
    first(numbered(trace, of, number, at_ns))
}

/// What makes a log record the same when it is sent again (`log.record.uid`).
pub(crate) fn record(trace: [u8; 16], of: &str, number: u64, at_ns: u64) -> String {
    let id: [u8; 16] = first(numbered(trace, of, number, at_ns));
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn numbered(trace: [u8; 16], of: &str, number: u64, at_ns: u64) -> Sha256 {
    let hash = Sha256::new_with_prefix(trace);
    hash.chain_update(of.as_bytes()).chain_update(number.to_le_bytes()).chain_update(at_ns.to_le_bytes())
}

/// The first bytes; all zero is no id.
fn first<const N: usize>(hash: Sha256) -> [u8; N] {
    let mut id = [0; N];
    id.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    if id == [0; N] {
        id[0] = 1;
    }
    id
}
