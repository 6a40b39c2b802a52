//! Requests whose thread waits for a lock since it has read them: they do not wait for something to tell.

use crate::facts::{Facts, Unanswered};
use rewind_recording::render::units::duration;

/// A thread that has read a request, and waits to enter a monitor since then.
#[derive(Clone, Copy)]
pub(super) struct Locked {
    tid: u32,
    tgid: u32,
    began_ns: u64,
}

/// Those threads, by the names of the requests, in order of time.
pub(super) fn of<'f>(facts: &'f Facts<'_>) -> Vec<(&'f str, Locked)> {
    let mut all = Vec::new();
    for (tgid, threads) in facts.threads() {
        let requests: Vec<&Unanswered> = facts.unanswered.iter().filter(|request| request.tgid == tgid).collect();
        if requests.is_empty() {
            continue;
        }
        for (tid, entering) in facts.entering(&threads) {
            let locked = Locked { tid, tgid, began_ns: entering.began_ns };
            all.extend(requests.iter().rfind(|request| locked.has_read(facts, request)).map(|it| (*it, locked)));
        }
    }
    all.sort_by_key(|(request, _)| request.began_ns);
    let waits = |request: &Unanswered| request.closed_ns.is_none();
    all.into_iter().filter(|(request, _)| waits(request)).map(|(request, it)| (&*request.name, it)).collect()
}

impl Locked {
    /// Whether it read a request before, and answered none since then.
    fn has_read(&self, facts: &Facts<'_>, request: &Unanswered) -> bool {
        let is_its = |index: usize| facts.timeline.event(index).is_some_and(|event| event.tid == self.tid);
        let since_ns = request.began_ns..self.began_ns;
        let mut others = facts.served.iter().filter(|served| since_ns.contains(&served.began_ns));
        request.began_ns < self.began_ns && is_its(request.index) && !others.any(|served| is_its(served.index))
    }

    /// "; its thread 13 (worker), which has read one, has waited for 9.00s to enter a monitor (synchronized)".
    pub(super) fn words(&self, facts: &Facts<'_>) -> String {
        let Self { tid, tgid, began_ns } = *self;
        let threads = facts.threads();
        let comm = threads.get(&tgid).and_then(|threads| threads.iter().find(|thread| thread.tid == tid));
        let name = comm.map(|thread| format!(" ({})", thread.comm)).unwrap_or_default();
        let waits = duration(facts.header.read_ns.saturating_sub(began_ns));
        format!(
            "; its thread {tid}{name}, which has read one, has waited for {waits} to enter a monitor (synchronized)"
        )
    }
}
