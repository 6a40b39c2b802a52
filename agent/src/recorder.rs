//! The recorder of one host as one thing: started, asked for lists and recordings, tended.

use crate::clock;
use crate::identity::names::Sources;
use crate::identity::{path, scope::Rule};
use crate::kernel::{self, Kernel, Load, Plan, Stage};
use crate::rings::{self, Mapped};
use rewind_common::chunk::ARENA_VALUE_BYTES;
use rewind_common::loss::LossReason;
use rewind_common::ring::{Cursors, Ring, cgroup_state, ring_flags};
use rewind_recording::api::{List, Listed, Totals};
use rewind_recording::cut::{self, Tail};
use rewind_recording::header::{Container, FORMAT, Header, Host};
use rewind_recording::redact::Redactor;
use rewind_recording::syscalls::{Arch, capture_table};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// How long after its first call a container may still get its name.
const NAMED_WITHIN_NS: u64 = 60_000_000_000;

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
    given_up: Vec<String>,
    names: Sources,
    /// Who each recording is of, learnt while it lives.
    known: HashMap<u64, Container>,
    /// Refusals that have been answered.
    refused_seen: u64,
    /// Recordings whose containers have been named.
    recordings_seen: u64,
}

impl Recorder {
    /// Loads the kernel side and begins to record.
    ///
    /// # Errors
    /// [`Error`]; all final on this host, but for those about memory.
    pub fn start(config: Config) -> Result<Self, Error> {
        let uname = rustix::system::uname();
        let machine = uname.machine().to_string_lossy().into_owned();
        let arch = Arch::parse(&machine).ok_or_else(|| Error::Arch(machine.clone()))?;
        let mut kernel = Kernel::load(Load { captures: &capture_table(arch), plan: config.plan })?;
        let mapped = Mapped::new(&kernel)?;
        mapped.set_default_flags(if config.payload { ring_flags::PAYLOAD } else { 0 });
        kernel.attach(Stage::Follow)?;
        let rule = |path: &str| match &config.scope {
            Scope::Rule(rule) => rule.state(path),
            Scope::Only(only) if path == only => cgroup_state::OPEN,
            Scope::Only(_) => cgroup_state::IGNORED,
        };
        // Twice: what was made during the first round below a cgroup not yet known is found in the second.
        for _ in 0..2 {
            kernel::register(&mut kernel, &mapped, &config.cgroup_mount, &rule)?;
        }
        kernel.attach(Stage::Record)?;
        let host = Host {
            name: uname.nodename().to_string_lossy().into_owned(),
            arch: machine,
            kernel: uname.release().to_string_lossy().into_owned(),
            unix_offset_ns: clock::unix_offset_ns(),
        };
        let given_up = config.given_up.into_iter().chain(kernel.given_up()).collect();
        let names = Sources::on_disk(Path::new("/"));
        let (plan, redactor, known) = (config.plan, config.redactor, HashMap::new());
        let (refused_seen, recordings_seen) = (0, 0);
        Ok(Self { kernel, mapped, host, arch, redactor, plan, given_up, names, known, refused_seen, recordings_seen })
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
            recordings.push(Listed {
                recording: ring.recording,
                container: self.container(&ring),
                born_ns: ring.born_ns,
                died_ns: died(&ring),
                ending: cut::ending(&source),
                coverage,
                losses: losses(&source.cursors, ring.recording),
                payload: ring.flags & ring_flags::PAYLOAD != 0,
            });
        }
        recordings.sort_by_key(|listed| listed.recording);
        Ok(List { host: self.host(), now_ns, recordings, totals: self.totals() })
    }

    /// One recording: its header, and its records in order of time.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Kernel`].
    pub fn recording(&mut self, recording: u64) -> Result<(Header, Vec<u8>), Error> {
        let (index, ring) = self.find(recording)?;
        let in_flight = if ring.died_ns == 0 { self.kernel.in_flight()? } else { Vec::new() };
        let read_ns = clock::now_ns();
        let source = rings::snapshot(&self.kernel, &self.mapped, index, &ring, in_flight, read_ns)?;
        let mut cut = cut::cut(&source);
        let mut header = self.header(&ring, read_ns);
        header.ending = cut::ending(&source);
        header.coverage = cut.coverage;
        header.coverage.ring_bytes = bytes_of(&ring);
        header.losses = losses(&source.cursors, ring.recording);
        header.redacted = self.redact(&mut cut.records);
        Ok((header, cut.records))
    }

    /// What has come since the last look: the header as of now, new records, and how many were missed.
    /// What the header counts as redacted is in these records.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Kernel`].
    pub fn follow(&mut self, recording: u64, tail: &mut Tail) -> Result<(Header, Vec<u8>, u64), Error> {
        let (index, ring) = self.find(recording)?;
        let header = self.header(&ring, clock::now_ns());
        let (mut records, missed) = tail.advance(recording, &rings::chunks(&self.mapped, &ring));
        let losses = losses(&self.kernel.cursors(index)?, recording);
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

    /// Whether a recording has begun since [`Recorder::tend`]. Costs next to nothing.
    #[must_use]
    pub fn has_begun_another(&self) -> bool {
        self.mapped.node().recordings != self.recordings_seen
    }

    /// Learns who new recordings are of, and makes room for new ones: to be done every second, and
    /// when a recording has begun.
    ///
    /// # Errors
    /// [`Error::Kernel`].
    pub fn tend(&mut self) -> Result<(), Error> {
        self.recordings_seen = self.mapped.node().recordings;
        let rings: Vec<_> = self.rings().collect();
        let now_ns = clock::now_ns();
        for (_, ring) in &rings {
            self.container(ring);
            self.ask_again(ring, now_ns);
        }
        self.make_room(&rings)
    }

    /// Gives the oldest dead recordings back until an eighth of the memory, and of the rings, is free.
    fn make_room(&mut self, rings: &[(u32, Ring)]) -> Result<(), Error> {
        let (segments, count) = (self.kernel.sizes.segments, self.kernel.sizes.rings);
        let used: u32 = rings.iter().map(|(_, ring)| segments_of(ring)).sum();
        let mut free = (segments.saturating_sub(used), count.saturating_sub(rings.len() as u32));
        let mut dead: Vec<_> = rings.iter().filter(|(_, ring)| ring.died_ns != 0).collect();
        dead.sort_by_key(|(_, ring)| ring.died_ns);
        let mut freed = false;
        for (index, ring) in dead {
            if free.0 > segments / 8 && free.1 > count / 8 {
                break;
            }
            self.forget(*index, ring)?;
            free = (free.0 + segments_of(ring), free.1 + 1);
            freed = true;
        }
        let refused = self.mapped.node().refused;
        if freed || refused != self.refused_seen {
            self.refused_seen = refused;
            self.kernel.reopen_refused()?;
            self.mapped.raise_epoch();
        }
        Ok(())
    }

    fn forget(&mut self, index: u32, ring: &Ring) -> Result<(), Error> {
        self.known.remove(&ring.recording);
        self.mapped.forget(index, ring);
        for share in &ring.shares {
            for &segment in share.segments.iter().take(share.len as usize) {
                self.kernel.free_segment(segment)?;
            }
        }
        Ok(self.kernel.free_ring(index)?)
    }

    fn rings(&self) -> impl Iterator<Item = (u32, Ring)> {
        (0..self.mapped.ring_count).filter_map(|index| Some((index, self.mapped.ring(index)?)))
    }

    fn find(&self, recording: u64) -> Result<(u32, Ring), Error> {
        self.rings().find(|(_, ring)| ring.recording == recording).ok_or(Error::Gone(recording))
    }

    fn container(&mut self, ring: &Ring) -> Container {
        let names = &self.names;
        let known = self.known.entry(ring.recording).or_insert_with(|| {
            let mut container = path::container(&path_of(ring));
            container.cgroup_id = ring.cgroup_id;
            names.fill(&mut container);
            container
        });
        known.clone()
    }

    /// A runtime writes down what a container is called after the container's first calls.
    fn ask_again(&mut self, ring: &Ring, now_ns: u64) {
        let is_young = ring.died_ns == 0 && now_ns.saturating_sub(ring.born_ns) < NAMED_WITHIN_NS;
        if let Some(container) = self.known.get_mut(&ring.recording)
            && container.name.is_empty()
            && is_young
        {
            self.names.fill(container);
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
            died_ns: died(ring),
            read_ns,
            payload: ring.flags & ring_flags::PAYLOAD != 0,
            given_up: self.given_up.clone(),
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
        }
    }
}

fn died(ring: &Ring) -> Option<u64> {
    (ring.died_ns != 0).then_some(ring.died_ns)
}

fn segments_of(ring: &Ring) -> u32 {
    ring.shares.iter().map(|share| share.len).sum()
}

fn bytes_of(ring: &Ring) -> u64 {
    u64::from(segments_of(ring)) * ARENA_VALUE_BYTES as u64
}

fn path_of(ring: &Ring) -> String {
    let end = ring.path.iter().position(|&byte| byte == 0).unwrap_or(ring.path.len());
    String::from_utf8_lossy(ring.path.get(..end).unwrap_or_default()).into_owned()
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
