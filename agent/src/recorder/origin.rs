//! Whose the cgroups are that records name: those of who sent a signal, or brought an OOM kill about.

use super::Recorder;
use crate::identity::origin as others;
use crate::kernel;
use rewind_common::ring::{Ring, cgroup_state};
use rewind_recording::header::Container;
use rewind_recording::origin::{self, Origin};
use std::collections::{BTreeMap, BTreeSet};

impl Recorder {
    /// Whose the cgroups are that records of `container` name besides its own: a recorded container's, or
    /// whatever their paths tell.
    pub(crate) fn origins(&self, container: &Container, records: &[u8]) -> BTreeMap<u64, Origin> {
        let (mut known, mut unknown) = (BTreeMap::new(), BTreeSet::new());
        for id in origin::named(records, container.cgroup_id) {
            if let Some(ring) = self.ring_of(id) {
                let recording = Some(ring.recording);
                known.insert(id, Origin { container: (*self.registry.container(&ring)).clone(), recording });
            } else {
                unknown.insert(id);
            }
        }
        for (id, path) in others::paths(&self.cgroup_mount, &unknown) {
            let recording = self.recording_above(&path);
            known.insert(id, Origin { container: self.registry.named(&path, id), recording });
        }
        known
    }

    /// The recording of the container that a cgroup lies within.
    fn recording_above(&self, path: &str) -> Option<u64> {
        let is_within =
            |ring: &Ring| path.strip_prefix(&kernel::path_of(&ring.path)).is_some_and(|rest| rest.starts_with('/'));
        self.rings().map(|(_, ring)| ring).find(|ring| ring.died_ns == 0 && is_within(ring)).map(|ring| ring.recording)
    }

    /// The ring that a cgroup's calls go to, or went to.
    fn ring_of(&self, cgroup_id: u64) -> Option<Ring> {
        let cgroup = self.kernel().cgroup(cgroup_id).ok().flatten();
        let recorded = cgroup.filter(|cgroup| cgroup.state == cgroup_state::RECORDED);
        let living = recorded.and_then(|cgroup| self.mapped.ring(cgroup.ring));
        living.or_else(|| self.rings().map(|(_, ring)| ring).find(|ring| ring.cgroup_id == cgroup_id))
    }
}
