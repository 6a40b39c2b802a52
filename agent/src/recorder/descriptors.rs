//! What descriptors the processes of each recording had open, read when this agent first sees it: of a
//! container that ran already, what it opened before; of a new one, what its first process was given.

use super::lock;
use crate::kernel;
use crate::rings::descriptors::{self, OpenDescriptors};
use rewind_common::ring::Ring;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Most bytes of records of all recordings together; who comes later has none.
const MAX_BYTES: usize = 4 << 20;

/// By recording. An agent after this one reads anew, at its own time.
#[derive(Debug, Default)]
pub(super) struct Open {
    by_recording: Mutex<HashMap<u64, Arc<OpenDescriptors>>>,
}

impl Open {
    /// Reads what is open in recordings that are seen for the first time, and drops what is of recordings
    /// that are gone. Nothing is locked while it reads.
    pub(super) fn read(&self, rings: &[(u32, Ring)], cgroup_mount: &Path) {
        let (unread, mut bytes) = {
            let mut known = lock(&self.by_recording);
            known.retain(|recording, _| rings.iter().any(|(_, ring)| ring.recording == *recording));
            let unread: Vec<_> = rings.iter().filter(|(_, ring)| !known.contains_key(&ring.recording)).collect();
            (unread, known.values().map(|open| open.records.len()).sum::<usize>())
        };
        for (_, ring) in unread {
            let open = if ring.end_ns().is_some() {
                OpenDescriptors::default()
            } else if bytes >= MAX_BYTES {
                OpenDescriptors { left_out: 1, ..OpenDescriptors::default() }
            } else {
                descriptors::of_cgroup(&kernel::directory_of(cgroup_mount, &ring.path))
            };
            bytes += open.records.len();
            lock(&self.by_recording).entry(ring.recording).or_insert_with(|| Arc::new(open));
        }
    }

    /// What is known of a recording.
    pub(super) fn of(&self, recording: u64) -> Arc<OpenDescriptors> {
        lock(&self.by_recording).get(&recording).map(Arc::clone).unwrap_or_default()
    }
}

impl OpenDescriptors {
    /// What is said of those that were left out.
    pub(super) fn left_out_words(&self) -> Option<String> {
        let left_out = self.left_out;
        (left_out > 0).then(|| {
            format!("what {left_out} of the descriptors or processes stand for that were there before the recording began: they are too many")
        })
    }
}
