//! Losses that no program of ours can count.

use super::Recorder;
use std::collections::BTreeMap;

impl Recorder {
    /// Logs what the kernel has skipped since the last look.
    pub(super) fn note_missed_runs(&mut self) {
        let missed: BTreeMap<_, _> = self.kernel.missed_runs().collect();
        let runs = missed.values().sum();
        if runs != self.missed_seen {
            tracing::warn!(
                count = runs - self.missed_seen.min(runs),
                so_far = ?missed,
                "the kernel has skipped runs of the recorder's programs: calls or events may be missing"
            );
            self.missed_seen = runs;
        }
    }
}
