//! The recorder of one host as one thing: started, asked for lists and recordings, tended.

mod ends;
mod evict;
mod idle;
mod missed;
mod origin;
mod start;

pub use start::captures;

use crate::clock;
use crate::identity::names::Sources;
use crate::identity::{kept, path, scope::Rule};
use crate::kernel::pins::Pins;
use crate::kernel::{self, Kernel, Plan};
use crate::rings::{self, Mapped};
use rewind_common::chunk::ARENA_VALUE_BYTES;
use rewind_common::layout::Fingerprint;
use rewind_common::loss::LossReason;
use rewind_common::ring::{Cursors, InFlight, Ring, SHARES, ring_flags};
use rewind_recording::api::{List, Listed, Totals};
use rewind_recording::cut::{self, Tail};
use rewind_recording::header::{Container, FORMAT, Header, Host};
use rewind_recording::origin::Origin;
use rewind_recording::redact::Redactor;
use rewind_recording::syscalls::Arch;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

/// How long after its first call a container may still get its name.
const NAMED_WITHIN_NS: u64 = 60_000_000_000;
/// How long it is asked for often: its container may not live for long.
const ASKED_OFTEN_NS: u64 = 3_000_000_000;
/// How often.
const ASK_NS: u64 = 150_000_000;

/// Why the recorder does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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
pub struct Config {
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
}

/// Which cgroups are recorded.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Those that a rule says.
    Rule(Rule),
    /// One, and what is below it.
    Only(String),
}

/// The recorder of this host.
pub struct Recorder {
    kernel: Kernel,
    mapped: Mapped,
    host: Host,
    arch: Arch,
    redactor: Option<Redactor>,
    plan: Plan,
    /// Most segments of each share.
    limits: [u32; SHARES],
    given_up: Vec<String>,
    names: Sources,
    cgroup_mount: PathBuf,
    /// Whose the cgroups are that dead recordings name, learnt when they died.
    explained: HashMap<u64, BTreeMap<u64, Origin>>,
    /// Who each recording is of, learnt while it lives.
    known: HashMap<u64, Container>,
    /// Recordings of which that is kept in the kernel too.
    kept: HashSet<u64>,
    /// The right to where it is pinned, if it is.
    pins: Option<Pins>,
    /// Refusals that have been logged.
    refused_seen: u64,
    /// Whether some of those wait for room.
    refused_wait: bool,
    /// Runs of programs that the kernel skipped, as far as they have been logged.
    missed_seen: u64,
    /// Recordings whose containers have been named.
    recordings_seen: u64,
    /// When names are to be asked for next, before the second is over.
    ask_ns: Option<u64>,
    ends: ends::Ends,
}

impl Recorder {
    /// Keeps a name that is known for the agent after this one.
    fn keep(&mut self, index: u32, ring: &Ring) -> Result<(), Error> {
        let named = self.known.get(&ring.recording).filter(|container| !container.name.is_empty());
        if let Some(container) = named.filter(|_| self.pins.is_some())
            && self.kept.insert(ring.recording)
            && let Some(bytes) = kept::encode(ring.recording, container)
        {
            self.kernel.set_identity(index, &bytes)?;
        }
        Ok(())
    }

    /// What made the maps, and how large.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.mapped.node().fingerprint
    }

    /// The numbers of all recordings.
    #[must_use]
    pub fn numbers(&self) -> Vec<u64> {
        self.rings().map(|(_, ring)| ring.recording).collect()
    }

    /// The number of the newest recording that there ever was.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.mapped.node().recordings
    }

    /// Takes the recorder down and gives back the right to its pins, which stay.
    #[must_use]
    pub fn leave(self) -> Option<Pins> {
        self.pins
    }

    /// What became of each program.
    #[must_use]
    pub fn programs(&self) -> &[kernel::Loaded] {
        &self.kernel.programs
    }

    /// The host, with its clock as of now.
    #[must_use]
    pub fn host(&self) -> Host {
        Host { unix_offset_ns: clock::unix_offset_ns(), ..self.host.clone() }
    }

    /// All recordings.
    ///
    /// # Errors
    /// [`Error::Kernel`].
    pub fn list(&mut self) -> Result<List, Error> {
        let now_ns = clock::now_ns();
        let mut recordings = Vec::new();
        for (index, ring) in self.rings().collect::<Vec<_>>() {
            let source = rings::snapshot(&self.kernel, &self.mapped, index, &ring, Vec::new(), now_ns)?;
            let mut coverage = cut::coverage(&source);
            coverage.ring_bytes = bytes_of(&ring);
            let container = self.container(&ring);
            self.keep(index, &ring)?;
            recordings.push(Listed {
                recording: ring.recording,
                container,
                born_ns: ring.born_ns,
                died_ns: ring.end_ns(),
                ending: cut::ends(&source).ending(),
                coverage,
                losses: losses(&source.cursors, ring.recording),
                payload: ring.flags & ring_flags::PAYLOAD != 0,
            });
        }
        recordings.sort_by_key(|listed| listed.recording);
        let refused = self.kernel.refused()?.into_iter().map(|(cgroup_id, path)| self.named(&path, cgroup_id));
        let refused = refused.collect();
        Ok(List { host: self.host(), now_ns, recordings, refused, totals: self.totals() })
    }

    /// One recording: its header, and its records in order of time.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Kernel`].
    pub fn recording(&mut self, recording: u64) -> Result<(Header, Vec<u8>), Error> {
        let (index, ring) = self.find(recording)?;
        let in_flight = if ring.end_ns().is_none() { self.in_flight(&ring)? } else { Vec::new() };
        if ring.end_ns().is_some() {
            self.name_at_end(&ring);
        }
        let read_ns = clock::now_ns();
        let source = rings::snapshot(&self.kernel, &self.mapped, index, &ring, in_flight, read_ns)?;
        let mut cut = cut::cut(&source);
        let mut header = self.header(&ring, read_ns);
        let ends = cut::ends(&source);
        (header.ending, header.cause) = (ends.ending(), ends.cause());
        header.coverage = cut.coverage;
        header.coverage.ring_bytes = bytes_of(&ring);
        header.losses = losses(&source.cursors, ring.recording);
        header.origins = self.explained.get(&recording).cloned().unwrap_or_default();
        header.origins.extend(self.origins(&header.container, &cut.records));
        header.redacted = self.redact(&mut cut.records);
        Ok((header, cut.records))
    }

    /// The calls that threads of a recording are in since before it began, as records.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Kernel`].
    pub fn before(&mut self, recording: u64) -> Result<Vec<u8>, Error> {
        let (_, ring) = self.find(recording)?;
        Ok(cut::before(&self.in_flight(&ring)?, recording, ring.born_ns))
    }

    fn in_flight(&mut self, ring: &Ring) -> Result<Vec<InFlight>, Error> {
        let cgroup = kernel::directory_of(&self.cgroup_mount, &ring.path);
        Ok(rings::in_progress::in_flight(&mut self.kernel, ring, &cgroup)?)
    }

    /// What has come since the last look: the header as of now, new records, and how many were missed.
    /// What the header counts as redacted is in these records.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Kernel`].
    pub fn follow(&mut self, recording: u64, tail: &mut Tail) -> Result<(Header, Vec<u8>, u64), Error> {
        let (index, ring) = self.find(recording)?;
        let mut header = self.header(&ring, clock::now_ns());
        let (mut records, missed) = tail.advance(recording, &rings::chunks(&self.mapped, &ring));
        let losses = losses(&self.kernel.cursors(index)?, recording);
        header.origins = self.origins(&header.container, &records);
        let redacted = self.redact(&mut records);
        Ok((Header { losses, redacted, ..header }, records, missed))
    }

    /// Hides secrets in records before anybody has them, and says in how many arguments.
    fn redact(&self, records: &mut [u8]) -> u64 {
        self.redactor.as_ref().map_or(0, |redactor| redactor.redact(records, self.arch))
    }

    /// Switches payload on or off for one recording, from now on.
    ///
    /// # Errors
    /// [`Error::Gone`].
    pub fn set_payload(&mut self, recording: u64, on: bool) -> Result<(), Error> {
        let (index, ring) = self.find(recording)?;
        let without = ring.flags & !ring_flags::PAYLOAD;
        self.mapped.set_flags(index, if on { without | ring_flags::PAYLOAD } else { without });
        self.mapped.raise_epoch();
        Ok(())
    }

    /// The recording of a cgroup, if one has begun.
    #[must_use]
    pub fn recording_of(&self, cgroup_id: u64) -> Option<u64> {
        self.rings().find(|(_, ring)| ring.cgroup_id == cgroup_id).map(|(_, ring)| ring.recording)
    }

    /// Whether [`Recorder::reconcile`] has something to do: a recording has begun since, or one that has begun just
    /// now may have got its name. Costs next to nothing.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.mapped.node().recordings != self.recordings_seen || self.ask_ns.is_some_and(|ask| ask <= clock::now_ns())
    }

    /// Learns who new recordings are of, and makes room for new ones: to be done every second, and
    /// when it [is due](Recorder::is_due).
    ///
    /// # Errors
    /// [`Error::Kernel`].
    pub fn reconcile(&mut self) -> Result<(), Error> {
        self.recordings_seen = self.mapped.node().recordings;
        let rings: Vec<_> = self.rings().collect();
        let now_ns = clock::now_ns();
        self.ask_ns = None;
        for (index, ring) in &rings {
            self.container(ring);
            self.ask_again(ring, now_ns);
            self.keep(*index, ring)?;
        }
        self.note_missed_runs();
        self.kernel.log_complaints();
        self.explain_dead(&rings)?;
        self.evict(&rings)
    }

    fn rings(&self) -> impl Iterator<Item = (u32, Ring)> {
        (0..self.mapped.ring_count).filter_map(|index| Some((index, self.mapped.ring(index)?)))
    }

    fn find(&self, recording: u64) -> Result<(u32, Ring), Error> {
        self.rings().find(|(_, ring)| ring.recording == recording).ok_or(Error::Gone(recording))
    }

    fn container(&mut self, ring: &Ring) -> Container {
        if let Some(known) = self.known.get(&ring.recording) {
            return known.clone();
        }
        let container = self.named(&kernel::path_of(&ring.path), ring.cgroup_id);
        self.known.insert(ring.recording, container.clone());
        container
    }

    fn named(&self, path: &str, cgroup_id: u64) -> Container {
        let mut container = path::container(path);
        container.cgroup_id = cgroup_id;
        self.names.fill(&mut container);
        container
    }

    /// A runtime writes down what a container is called after the container's first calls.
    fn ask_again(&mut self, ring: &Ring, now_ns: u64) {
        let is_young = ring.died_ns == 0 && now_ns.saturating_sub(ring.born_ns) < NAMED_WITHIN_NS;
        if let Some(container) = self.known.get_mut(&ring.recording)
            && container.name.is_empty()
            && is_young
        {
            self.names.fill(container);
            if container.name.is_empty() && now_ns.saturating_sub(ring.born_ns) < ASKED_OFTEN_NS {
                self.ask_ns = Some(now_ns + ASK_NS);
            }
        }
    }

    fn header(&mut self, ring: &Ring, read_ns: u64) -> Header {
        Header {
            format: FORMAT,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            host: self.host(),
            container: self.container(ring),
            recording: ring.recording,
            born_ns: ring.born_ns,
            died_ns: ring.end_ns(),
            main_tgid: Some(ring.main.tgid),
            read_ns,
            payload: ring.flags & ring_flags::PAYLOAD != 0,
            given_up: self.not_seen(),
            ..Header::default()
        }
    }

    fn totals(&self) -> Totals {
        let (mut used_bytes, mut taken) = (0, 0);
        for (_, ring) in self.rings() {
            used_bytes += bytes_of(&ring);
            taken += 1;
        }
        Totals {
            budget_bytes: self.plan.budget_bytes,
            used_bytes,
            rings_free: u64::from(self.mapped.ring_count).saturating_sub(taken),
            refused: self.mapped.node().refused,
            missed_runs: self.kernel.missed_runs().map(|(_, runs)| runs).sum(),
        }
    }
}

fn segments_of(ring: &Ring) -> u32 {
    ring.shares.iter().map(|share| share.len).sum()
}

fn bytes_of(ring: &Ring) -> u64 {
    u64::from(segments_of(ring)) * ARENA_VALUE_BYTES as u64
}

/// What all CPUs lost of a recording, by reason; zeros left out.
fn losses(cursors: &[Cursors], recording: u64) -> BTreeMap<String, u64> {
    let of = |reason: LossReason| -> u64 {
        let mine = cursors.iter().filter(|cursors| cursors.recording == recording);
        mine.filter_map(|cursors| cursors.losses.get(reason as usize)).sum()
    };
    let counted = LossReason::ALL.into_iter().map(|reason| (reason.name().to_owned(), of(reason)));
    counted.filter(|(_, count)| *count != 0).collect()
}
