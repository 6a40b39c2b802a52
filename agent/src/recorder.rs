//! The recorder of one host as one thing: started, asked for lists and recordings, reconciled.
//!
//! Whoever has it may use it at the same time as others: it has no lock around it, but parts with a small lock
//! each, for single looks and steps.
//!
//! | part | what it knows | its lock is held |
//! |---|---|---|
//! | the kernel side | its maps and programs | over single system calls, and what [`room`] does with rings |
//! | [`registry`] | who is recorded | over looks into a map |
//! | [`descriptors`] | what was open when a recording was first seen | over looks into a map |
//! | [`ends`] | how containers ended, and what is decided of that | over looks into a map |
//! | [`room`] | what has to go for containers to come | while it goes: who else changes rings waits |
//! | [`wishes`] | what is wished of recordings, and was heeded | over looks into a map |
//! | [`counted`] | nothing: it reads counts | never |
//! | [`reading`] | nothing: it copies mapped memory, and checks afterwards that it was still the same ring | never |
//!
//! A lock is never taken by who holds another one, but that of [`room`] is the first.

mod counted;
mod descriptors;
mod ends;
mod idle;
mod missed;
mod origin;
mod reading;
mod registry;
mod room;
mod start;
mod wishes;

pub(crate) use counted::Counted;
pub(crate) use start::captures;
pub(crate) use wishes::Wish;

use crate::clock;
use crate::identity::kubernetes::Pods;
use crate::identity::peers::Peers;
use crate::identity::scope::Rule;
use crate::kernel::pins::Pins;
use crate::kernel::{self, Kernel, Plan};
use crate::rings::{self, Mapped};
use rewind_common::chunk::ARENA_VALUE_BYTES;
use rewind_common::layout::Fingerprint;
use rewind_common::ring::{Ring, ring_flags};
use rewind_recording::header::{Container, Host};
use rewind_recording::redact::Redactor;
use rewind_recording::syscalls::Arch;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Why the recorder does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The kernel side.
    #[error(transparent)]
    Kernel(#[from] kernel::Error),
    /// Its memory.
    #[error(transparent)]
    Map(#[from] rings::Error),
    /// No such recording: it was never there, or has made room.
    #[error("there is no recording {0} any more")]
    Gone(u64),
    /// This machine's calls are not known.
    #[error("Rewind does not know the system calls of this machine ({0})")]
    Arch(String),
}

/// What to record, and with how much memory.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Memory.
    pub plan: Plan,
    /// Where the unified cgroup hierarchy is mounted.
    pub cgroup_mount: PathBuf,
    /// What is recorded.
    pub scope: Scope,
    /// Whether rings start with payload on.
    pub payload: bool,
    /// Hides secrets in what is read; `None` shows them, which is for one's own command only.
    pub redactor: Option<Redactor>,
    /// What this host cannot give, beyond what loading shows.
    pub given_up: Vec<String>,
    /// What this host is called: in a pod the kernel tells the pod's name.
    pub host_name: String,
    /// What the API tells of this node's pods, if it is asked.
    pub pods: Option<Arc<Pods>>,
    /// What it tells of addresses.
    pub peers: Option<Arc<Peers>>,
}

/// Which cgroups are recorded.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// Those that a rule says.
    Rule(Rule),
    /// One, and what is below it.
    Only(String),
}

/// The recorder of this host.
pub(crate) struct Recorder {
    kernel: Mutex<Kernel>,
    mapped: Mapped,
    host: Host,
    arch: Arch,
    redactor: Mutex<Option<Arc<Redactor>>>,
    plan: Plan,
    given_up: Vec<String>,
    cgroup_mount: PathBuf,
    /// The right to where it is pinned, if it is.
    pins: Option<Pins>,
    /// Runs of programs that the kernel skipped, as far as they have been logged.
    missed_seen: AtomicU64,
    /// When that was looked at last.
    missed_at_ns: AtomicU64,
    /// Cgroups that got no entry, as far as they have been logged.
    unfollowed_seen: AtomicU64,
    registry: registry::Registry,
    peers: Option<Arc<Peers>>,
    open: descriptors::Open,
    ends: Mutex<ends::Ends>,
    room: Mutex<room::Room>,
    heeded: Mutex<wishes::Heeded>,
}

impl Recorder {
    /// What made the maps, and how large.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.mapped.node().fingerprint
    }

    /// The numbers of all recordings.
    #[must_use]
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.rings().map(|(_, ring)| ring.recording).collect()
    }

    /// The number of the newest recording that there ever was.
    #[must_use]
    pub(crate) fn newest(&self) -> u64 {
        self.mapped.node().recordings
    }

    /// Takes the recorder down and gives back the right to its pins, which stay.
    #[must_use]
    pub(crate) fn leave(self) -> Option<Pins> {
        self.pins
    }

    /// What became of each program.
    #[must_use]
    pub(crate) fn programs(&self) -> Vec<kernel::Loaded> {
        self.kernel().programs.clone()
    }

    /// The host, with its clock as of now.
    #[must_use]
    pub(crate) fn host(&self) -> Host {
        Host { unix_offset_ns: clock::unix_offset_ns(), ..self.host.clone() }
    }

    /// Hides this from now on.
    pub(crate) fn set_redactor(&self, redactor: Redactor) {
        *lock(&self.redactor) = Some(Arc::new(redactor));
    }

    /// Switches payload on or off for one recording, from now on.
    ///
    /// # Errors
    /// [`Error::Gone`].
    pub(crate) fn set_payload(&self, recording: u64, on: bool) -> Result<(), Error> {
        // Until then the ring is not given to another recording.
        let _room = lock(&self.room);
        let (index, ring) = self.find(recording)?;
        self.switch_payload(index, &ring, on);
        Ok(())
    }

    fn switch_payload(&self, index: u32, ring: &Ring, on: bool) {
        let without = ring.flags & !ring_flags::PAYLOAD;
        self.mapped.set_flags(index, if on { without | ring_flags::PAYLOAD } else { without });
        self.mapped.raise_epoch();
    }

    /// The recording of a cgroup, if one has begun.
    #[must_use]
    pub(crate) fn recording_of(&self, cgroup_id: u64) -> Option<u64> {
        self.rings().find(|(_, ring)| ring.cgroup_id == cgroup_id).map(|(_, ring)| ring.recording)
    }

    /// Whether [`Recorder::reconcile`] has something to do: a recording has begun since, or one that has begun just
    /// now may have got its name. Costs next to nothing.
    #[must_use]
    pub(crate) fn is_due(&self) -> bool {
        self.registry.is_due(self.mapped.node().recordings, clock::now_ns())
    }

    /// Learns who new recordings are of and how others ended, and makes room for new ones: to be done every
    /// second, and when it [is due](Recorder::is_due).
    ///
    /// # Errors
    /// [`Error::Kernel`].
    pub(crate) fn reconcile(&self) -> Result<(), Error> {
        self.open.read(&self.rings().collect::<Vec<_>>(), &self.cgroup_mount);
        // One at a time: who comes second finds less to do.
        let mut room = lock(&self.room);
        self.registry.begin_round(self.mapped.node().recordings);
        let rings: Vec<_> = self.rings().collect();
        let now_ns = clock::now_ns();
        for (index, ring) in &rings {
            self.registry.container(ring);
            self.registry.ask_again(ring, now_ns);
            self.keep(*index, ring)?;
        }
        self.note_missed_runs();
        self.note_unfollowed();
        self.kernel().log_complaints();
        for (index, ring) in &rings {
            self.end_of(*index, ring)?;
        }
        self.evict(&mut room, &rings)
    }

    /// Keeps a name that is known for the agent after this one.
    fn keep(&self, index: u32, ring: &Ring) -> Result<(), Error> {
        match self.pins.as_ref().and_then(|_| self.registry.to_keep(ring)) {
            Some(bytes) => Ok(self.kernel().set_identity(index, &bytes)?),
            None => Ok(()),
        }
    }

    fn kernel(&self) -> MutexGuard<'_, Kernel> {
        lock(&self.kernel)
    }

    /// The memory of all rings.
    pub(crate) const fn mapped(&self) -> &Mapped {
        &self.mapped
    }

    /// Who a ring is of.
    pub(crate) fn container(&self, ring: &Ring) -> Arc<Container> {
        self.registry.container(ring)
    }

    /// Whether all is known of who a recording is of.
    pub(crate) fn is_named(&self, recording: u64) -> bool {
        self.registry.is_settled(recording)
    }

    /// Fills in who a container is, as far as that is known now without a look at files.
    pub(crate) fn complete(&self, container: &mut Container) -> bool {
        self.registry.complete(container)
    }

    /// When a recording began; `None`: it is gone.
    pub(crate) fn born_ns(&self, recording: u64) -> Option<u64> {
        self.find(recording).ok().map(|(_, ring)| ring.born_ns)
    }

    /// All rings that are taken, by their index.
    pub(crate) fn rings(&self) -> impl Iterator<Item = (u32, Ring)> {
        (0..self.mapped.ring_count).filter_map(|index| Some((index, self.mapped.ring(index)?)))
    }

    /// The ring of a recording, and its index.
    pub(crate) fn find(&self, recording: u64) -> Result<(u32, Ring), Error> {
        // By its number first: a ring is a thousand bytes to copy, and most are others'.
        let mut indices = (0..self.mapped.ring_count).filter(|index| self.mapped.recording(*index) == recording);
        let ring = |index| Some((index, self.mapped.ring(index).filter(|ring| ring.recording == recording)?));
        indices.find_map(ring).ok_or(Error::Gone(recording))
    }
}

/// A part, for one short look or step.
fn lock<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

fn segments_of(ring: &Ring) -> u32 {
    ring.shares.iter().map(|share| share.len).sum()
}

/// Bytes of a ring.
pub(crate) fn bytes_of(ring: &Ring) -> u64 {
    u64::from(segments_of(ring)) * ARENA_VALUE_BYTES as u64
}
