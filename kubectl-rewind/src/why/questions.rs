//! Questions to name servers that nobody answered: gathered by socket.
//!
//! A resolver asks several servers by one socket and takes the first answer, so a socket that got
//! any answer is content. Bytes are not looked at: payload is off for most.

use super::case::Silence;
use rewind_recording::decode::descriptors::Table;
use rewind_recording::decode::{self, Invocation};
use rewind_recording::event::Event;
use rewind_recording::syscalls::Arch;
use std::collections::{BTreeMap, HashMap};

/// A question of a living process counts as not answered after this time.
const PATIENCE_NS: u64 = 2_000_000_000;

/// A socket that has asked and waits.
#[derive(Debug)]
struct Open {
    server: String,
    first: usize,
    at_ns: u64,
    answered: bool,
}

/// Sockets that ask name servers.
#[derive(Debug, Default)]
pub(super) struct Questions {
    open: HashMap<(u32, i32), Open>,
    silent: BTreeMap<String, Silence>,
}

impl Questions {
    /// Takes a call that has returned into account, before the table of descriptors does.
    #[expect(clippy::too_many_arguments, reason = "all that is known of the call")]
    pub(super) fn call(
        &mut self,
        index: usize,
        event: &Event<'_>,
        tgid: u32,
        invocation: &Invocation<'_>,
        name: &str,
        table: Option<&Table>,
        arch: Arch,
    ) {
        let call = &invocation.call;
        let Some(fd) = call.value(0).map(|fd| (fd as u32).cast_signed()) else { return };
        let key = (tgid, fd);
        match name {
            "sendto" | "sendmsg" | "sendmmsg" | "write" if call.errno().is_none() => {
                let known = || table.and_then(|table| table.text(fd)).and_then(server_of);
                let Some(server) = decode::peer(invocation, arch).filter(|peer| is_server(peer)).or_else(known) else {
                    return;
                };
                let (first, at_ns) = (index, event.start_ns);
                self.open.entry(key).or_insert(Open { server, first, at_ns, answered: false });
            }
            "recvfrom" | "recvmsg" | "recvmmsg" | "read" if call.errno().is_none() => {
                if let Some(open) = self.open.get_mut(&key) {
                    open.answered = true;
                }
            }
            "close" => {
                if let Some(open) = self.open.remove(&key) {
                    self.settle(open, index, event.end_ns);
                }
            }
            _ => {}
        }
    }

    /// The servers that did not answer, and how often.
    pub(super) fn finish(mut self, read_ns: u64) -> Vec<Silence> {
        let open: Vec<_> = self.open.drain().map(|(_, open)| open).collect();
        for open in open.into_iter().filter(|open| read_ns.saturating_sub(open.at_ns) > PATIENCE_NS) {
            let last = open.first;
            self.settle(open, last, read_ns);
        }
        self.silent.into_values().collect()
    }

    fn settle(&mut self, open: Open, last: usize, at_ns: u64) {
        if open.answered {
            return;
        }
        let waited_ns = at_ns.saturating_sub(open.at_ns);
        let new = Silence { server: open.server.clone(), first: open.first, last, ..Silence::default() };
        let silence = self.silent.entry(open.server).or_insert(new);
        silence.count += 1;
        silence.last = silence.last.max(last);
        silence.longest_ns = silence.longest_ns.max(waited_ns);
    }
}

fn is_server(peer: &str) -> bool {
    peer.ends_with(":53")
}

/// The server that `UDP:[->10.96.0.10:53]` names.
fn server_of(descriptor: &str) -> Option<String> {
    let (_, peer) = descriptor.split_once(":[->")?;
    Some(peer.trim_end_matches(']').to_owned()).filter(|peer| is_server(peer))
}
