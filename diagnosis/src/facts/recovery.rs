//! What a program had after all: a path or peer that a call failed on and a later one had.

use super::failure::Failure;
use super::file_locks::LockRequest;
use super::seen::Seen;
use super::subject::Subject;
use crate::calls::{self, bits};
use crate::meaning;
use crate::text::{last_part, with_name};
use rewind_recording::decode;
use std::collections::HashMap;

/// How files of code end.
const MODULES: &[&str] = &[".so", ".js", ".mjs", ".cjs", ".json", ".node", ".rb", ".lua", ".pm", ".php"];

/// In place of a call: something came from a peer.
const HEARD: &str = "heard";

/// When something was had for the last time: a path or peer, the last part of a path, and each of these two by the
/// call that had it.
#[derive(Debug, Default)]
pub(super) struct Had(HashMap<String, u64>);

impl Had {
    /// A call succeeded: remembers what it shows to be there.
    pub(super) fn add(&mut self, seen: &Seen<'_, '_>, subject: &Subject) {
        let at_ns = seen.event.end_ns;
        match subject {
            Subject::Path(path) if decode::path(seen.invocation, seen.arch).is_some() => {
                for part in last_part(path).into_iter().chain([path.as_str()]) {
                    self.0.insert(with_name(seen.name, part), at_ns);
                    self.0.insert(part.to_owned(), at_ns);
                }
                // Who loads a library or a module by its name tries it without the ending as well.
                if let Some(stem) = MODULES.iter().find_map(|ending| path.strip_suffix(ending)) {
                    self.0.insert(stem.to_owned(), at_ns);
                }
            }
            // Its success shows that the peer is there; that nothing more comes does not.
            Subject::Peer(_) if seen.has(bits::RECEIVES) && seen.call().result == 0 => {}
            Subject::Peer(peer) if seen.has(bits::CONNECTS | bits::SENDS | bits::RECEIVES) => {
                self.0.insert(peer.clone(), at_ns);
                if seen.has(bits::RECEIVES) && seen.call().result > 0 {
                    self.0.insert(with_name(HEARD, peer), at_ns);
                }
            }
            _ => {}
        }
    }

    /// A lock on a file was had.
    pub(super) fn lock(&mut self, seen: &Seen<'_, '_>, subject: &Subject) {
        let is_taken = || LockRequest::of(seen.call(), seen.arch).is_some_and(|request| !request.is_unlock);
        if let Subject::Path(path) = subject
            && seen.locks_file()
            && is_taken()
        {
            self.0.insert(with_name(seen.name, path), seen.event.end_ns);
        }
    }

    /// Whether what a call failed on was had later.
    pub(super) fn later(&self, failure: &Failure) -> bool {
        let later = |key: &str| self.0.get(key).is_some_and(|had_ns| *had_ns >= failure.at_ns);
        let same = |path: &str| later(&with_name(&failure.name, path));
        match &failure.subject {
            // What is there now was missing; what is denied to one call may be open to another.
            Subject::Path(path) if meaning::is_absent(failure.errno) => {
                later(path) || last_part(path).is_some_and(later)
            }
            Subject::Path(path) => {
                same(path) || calls::has(&failure.name, bits::RUNS) && last_part(path).is_some_and(same)
            }
            // Who ends each connection lets it be made again.
            Subject::Peer(peer) if meaning::is_ended_by_peer(failure.errno) => later(&with_name(HEARD, peer)),
            Subject::Peer(peer) => later(peer),
            _ => false,
        }
    }
}
