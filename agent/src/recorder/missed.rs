//! Losses that no program of ours can count.

use super::Recorder;
use crate::clock;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// How long after a look at skipped runs there is no other.
const LOOK_NS: u64 = 900_000_000;

impl Recorder {
    /// Logs what the kernel has skipped since the last look, if that is a while ago: a look reads a file for each hook.
    pub(super) fn note_missed_runs(&self) {
        let now_ns = clock::now_ns();
        let last_ns = self.missed_at_ns.load(Ordering::Relaxed);
        if last_ns != 0 && now_ns.saturating_sub(last_ns) < LOOK_NS {
            return;
        }
        self.missed_at_ns.store(now_ns, Ordering::Relaxed);
        let missed: BTreeMap<_, _> = self.kernel().missed_runs().collect();
        let runs = missed.values().sum();
        let seen = self.missed_seen.swap(runs, Ordering::Relaxed);
        if runs != seen {
            tracing::warn!(
                count = runs - seen.min(runs),
                so_far = ?missed,
                "the kernel has skipped runs of the recorder's programs: calls or events may be missing"
            );
        }
    }

    /// Logs how many cgroups got no entry since the last look.
    pub(super) fn note_unfollowed(&self) {
        let unfollowed = self.mapped.node().unfollowed;
        let seen = self.unfollowed_seen.swap(unfollowed, Ordering::Relaxed);
        if unfollowed != seen {
            let count = unfollowed - seen.min(unfollowed);
            tracing::warn!(count, "more cgroups named as containers than can be followed: not recorded");
        }
    }

    /// What no recording of this node holds: each header repeats it.
    pub(super) fn not_seen(&self) -> Vec<String> {
        let missed = missed(self.missed_seen.load(Ordering::Relaxed));
        let unfollowed = unfollowed(self.unfollowed_seen.load(Ordering::Relaxed));
        self.given_up.iter().cloned().chain(missed).chain(unfollowed).collect()
    }
}

fn unfollowed(cgroups: u64) -> Option<String> {
    (cgroups != 0).then(|| format!("what ran in {cgroups} cgroups named as containers: more than can be followed"))
}

fn missed(runs: u64) -> Option<String> {
    let runs = match runs {
        0 => return None,
        1 => "1 run".to_owned(),
        more => format!("{more} runs"),
    };
    Some(format!("what {runs} of the recorder's programs on this node would have recorded: the kernel skipped them"))
}

#[cfg(test)]
mod tests {
    use super::missed;

    #[test]
    fn skipped_runs_are_said_only_where_there_were_some() {
        assert_eq!(missed(0), None);
        assert!(missed(1).unwrap().starts_with("what 1 run of the recorder's programs"));
        assert!(missed(7).unwrap().starts_with("what 7 runs of the recorder's programs"));
    }
}
