//! Which two ends are those of one connection, request or lookup, where both are recorded.
//!
//! A client's address and port are the same at both ends, whatever Service is in between. What has them at both ends,
//! at one time, is one thing; a request and a lookup must also be called the same. Of several, the first is taken.

use crate::lasting::{Kind, Lasting};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

/// One end: which of all it is, and from when until when it lasts, in the trace's time.
struct End {
    recording: usize,
    at: usize,
    start_ns: u64,
    end_ns: u64,
}

/// Numbers those that have two ends, both alike, and each connection, of whose events there are several. `time` is a
/// recording's kernel time as the trace has it; hosts' clocks may differ by `skew_ns`.
pub(crate) fn join(recordings: &mut [Vec<Lasting>], time: impl Fn(usize, u64) -> u64, skew_ns: u64) {
    let mut clients = Vec::new();
    let mut servers = HashMap::<(Kind, SocketAddr), VecDeque<End>>::new();
    for (recording, all) in recordings.iter().enumerate() {
        for (at, of) in all.iter().enumerate() {
            let (start_ns, end_ns) =
                (time(recording, of.start_ns), of.end_ns.map_or(u64::MAX, |ns| time(recording, ns)));
            let end = End { recording, at, start_ns, end_ns };
            match of.is_client {
                Some(true) => clients.push(end),
                Some(false) => servers.entry((of.kind, of.peer)).or_default().push_back(end),
                None => {}
            }
        }
    }
    clients.sort_by_key(|end| end.start_ns);
    servers.values_mut().for_each(|ends| ends.make_contiguous().sort_by_key(|end| end.start_ns));
    let mut pairs = Vec::new();
    let get = |end: &End| recordings.get(end.recording)?.get(end.at);
    for client in clients {
        let Some(of) = get(&client) else { continue };
        let Some(ends) = servers.get_mut(&(of.kind, of.local)) else { continue };
        // Those that were over before it began are nobody's.
        while ends.front().is_some_and(|server| server.end_ns.saturating_add(skew_ns) < client.start_ns) {
            ends.pop_front();
        }
        let is_other = |server: &End| {
            server.start_ns <= client.end_ns.saturating_add(skew_ns)
                && client.start_ns <= server.end_ns.saturating_add(skew_ns)
                && get(server).is_some_and(|it| of.kind == Kind::Connection || it.name == of.name)
        };
        let server = ends.iter().position(is_other).and_then(|at| ends.remove(at));
        pairs.extend(server.map(|server| [client, server]));
    }
    let mut numbers = 1_u64..;
    for (pair, number) in pairs.iter().zip(numbers.by_ref()) {
        for end in pair {
            let of = recordings.get_mut(end.recording).and_then(|all| all.get_mut(end.at));
            of.into_iter().for_each(|of| of.flow = Some(number));
        }
    }
    let alone = recordings.iter_mut().flatten().filter(|of| of.flow.is_none() && of.kind == Kind::Connection);
    alone.zip(numbers).for_each(|(of, number)| of.flow = Some(number));
}
