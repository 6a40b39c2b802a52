//! Who is recorded: learnt while a container lives, kept as long as its recording.

use super::lock;
use crate::identity::names::Sources;
use crate::identity::{kept, path};
use crate::kernel;
use rewind_common::ring::{IDENTITY_BYTES, Ring};
use rewind_recording::header::Container;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

/// How long after its first call a container may still get its name.
const NAMED_WITHIN_NS: u64 = 60_000_000_000;
/// How long it is asked for often: its container may not live for long.
const ASKED_OFTEN_NS: u64 = 3_000_000_000;
/// How often.
const ASK_NS: u64 = 150_000_000;

/// Who recordings are of. Sources of names, which read files, are asked while nothing is locked.
pub(super) struct Registry {
    names: Sources,
    who: Mutex<Who>,
}

#[derive(Default)]
struct Who {
    known: HashMap<u64, Arc<Container>>,
    /// What of that is kept in the kernel too.
    kept: HashMap<u64, Arc<Container>>,
    /// Recordings of which nothing more will be known.
    settled: HashSet<u64>,
    /// How many recordings there have been at the last round.
    recordings_seen: u64,
    /// When names are to be asked for next, before the second is over.
    ask_ns: Option<u64>,
}

impl Registry {
    pub(super) fn new(names: Sources) -> Self {
        Self { names, who: Mutex::default() }
    }

    /// Who a ring is of.
    pub(super) fn container(&self, ring: &Ring) -> Arc<Container> {
        if let Some(known) = lock(&self.who).known.get(&ring.recording) {
            return Arc::clone(known);
        }
        let container = Arc::new(self.named(&kernel::path_of(&ring.path), ring.cgroup_id));
        Arc::clone(lock(&self.who).known.entry(ring.recording).or_insert(container))
    }

    /// Who a cgroup is of.
    pub(super) fn named(&self, path: &str, cgroup_id: u64) -> Container {
        let mut container = path::container(path);
        container.cgroup_id = cgroup_id;
        self.names.fill(&mut container);
        container
    }

    /// Whether a round has something to do: see [`super::Recorder::is_due`].
    pub(super) fn is_due(&self, recordings: u64, now_ns: u64) -> bool {
        let who = lock(&self.who);
        who.recordings_seen != recordings || who.ask_ns.is_some_and(|ask| ask <= now_ns)
    }

    /// All that have begun up to now are looked at next.
    pub(super) fn begin_round(&self, recordings: u64) {
        let mut who = lock(&self.who);
        (who.recordings_seen, who.ask_ns) = (recordings, None);
    }

    /// A runtime writes down what a container is called after the container's first calls, and the API tells of it
    /// later, or much later if it was away; perhaps after the container's end.
    pub(super) fn ask_again(&self, ring: &Ring, now_ns: u64) {
        let age_ns = now_ns.saturating_sub(ring.born_ns);
        let is_young = ring.died_ns == 0 && age_ns < NAMED_WITHIN_NS;
        if !self.ask(ring, is_young) && is_young && age_ns < ASKED_OFTEN_NS {
            lock(&self.who).ask_ns = Some(now_ns + ASK_NS);
        }
    }

    /// A container that was too short for its name to be there in time is asked about once more.
    pub(super) fn name_at_end(&self, ring: &Ring) {
        self.ask(ring, true);
    }

    /// Whether all is known of who a recording is of.
    pub(super) fn is_settled(&self, recording: u64) -> bool {
        lock(&self.who).settled.contains(&recording)
    }

    /// Fills in what is known without a look at files; whether that is all.
    pub(super) fn complete(&self, container: &mut Container) -> bool {
        self.names.complete(container)
    }

    /// Asks for what is not known yet, in files too if there is no name and `in_files`; whether there is a name now.
    fn ask(&self, ring: &Ring, in_files: bool) -> bool {
        let known = self.container(ring);
        let is_named = !known.name.is_empty();
        if is_named && lock(&self.who).settled.contains(&ring.recording) {
            return true;
        }
        let mut container = Container::clone(&known);
        let is_all =
            if is_named || !in_files { self.names.complete(&mut container) } else { self.names.fill(&mut container) };
        let is_named = !container.name.is_empty();
        let mut who = lock(&self.who);
        if is_all {
            who.settled.insert(ring.recording);
        }
        if container != *known {
            who.known.insert(ring.recording, Arc::new(container));
        }
        is_named
    }

    /// What is to be kept in the kernel of who a ring is of. `None`: it is there already, or not known.
    pub(super) fn to_keep(&self, ring: &Ring) -> Option<[u8; IDENTITY_BYTES]> {
        let mut who = lock(&self.who);
        let known = who.known.get(&ring.recording).filter(|container| !container.name.is_empty()).map(Arc::clone)?;
        let kept = who.kept.insert(ring.recording, Arc::clone(&known));
        // What has become too long is not kept, but what was kept of it before is.
        if kept.is_some_and(|kept| Arc::ptr_eq(&kept, &known)) { None } else { kept::encode(ring.recording, &known) }
    }

    /// Who a ring is of, as the agent before had kept it.
    pub(super) fn remember(&self, ring: &Ring, bytes: &[u8; IDENTITY_BYTES]) {
        if let Some(kept) = kept::decode(bytes, ring.recording) {
            let container =
                Container { cgroup_path: kernel::path_of(&ring.path).into(), cgroup_id: ring.cgroup_id, ..kept };
            let container = Arc::new(container);
            let mut who = lock(&self.who);
            who.kept.insert(ring.recording, Arc::clone(&container));
            who.known.insert(ring.recording, container);
        }
    }

    /// A recording has made room.
    pub(super) fn release(&self, recording: u64) {
        let mut who = lock(&self.who);
        who.known.remove(&recording);
        who.kept.remove(&recording);
        who.settled.remove(&recording);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::source::{Known, Source};
    use std::sync::Barrier;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;
    use zerocopy::FromZeros as _;

    /// Longer than a round takes on any machine: it is waited for only if the test fails.
    const NEVER: Duration = Duration::from_secs(30);

    /// Knows everybody; of `slow` it tells after two meetings at the barrier.
    struct Slow(Arc<Barrier>);

    impl Source for Slow {
        fn known(&self, container: &Container) -> Option<Known> {
            if container.id == "slow" {
                self.0.wait();
                self.0.wait();
            }
            Some(Known { name: format!("name of {}", container.id), ..Known::default() })
        }
    }

    fn ring(recording: u64, path: &str) -> Ring {
        let mut ring = Ring::new_zeroed();
        (ring.recording, ring.cgroup_id) = (recording, 100 + recording);
        ring.path[..path.len()].copy_from_slice(path.as_bytes());
        ring
    }

    #[test]
    fn a_list_that_waits_for_a_name_holds_no_round_up() {
        let barrier = Arc::new(Barrier::new(2));
        let registry = Registry::new(Sources::of(vec![Box::new(Slow(Arc::clone(&barrier)))]));
        let (slow, new, old) = (ring(1, "/slow"), ring(2, "/new"), ring(3, "/old"));
        registry.container(&old);
        thread::scope(|scope| {
            let lists = [
                scope.spawn(|| registry.container(&slow).name.as_str().to_owned()),
                // One more, as of a cgroup that was refused.
                scope.spawn(|| registry.named("/new", 7).name.as_str().to_owned()),
            ];
            barrier.wait();
            let (done, is_done) = channel();
            let (registry, new, old) = (&registry, &new, &old);
            scope.spawn(move || {
                let mut seen = Vec::new();
                registry.begin_round(3);
                for ring in [new, old] {
                    registry.ask_again(ring, 1);
                    seen.push((registry.container(ring).name.as_str().to_owned(), registry.to_keep(ring).is_some()));
                }
                registry.release(old.recording);
                seen.push((String::new(), registry.is_due(3, 1)));
                done.send(seen)
            });
            // Whatever has come of it, the list goes on then: a round that waits for it ends too.
            let round = is_done.recv_timeout(NEVER);
            barrier.wait();
            let lists = lists.map(|list| list.join().unwrap());
            assert_eq!(lists, ["name of slow", "name of new"]);
            let named = |name: &str| (name.to_owned(), true);
            assert_eq!(round.unwrap(), [named("name of new"), named("name of old"), (String::new(), false)]);
        });
    }
}
