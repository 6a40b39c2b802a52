//! How a recorder begins: anew, pinned or not, or where another agent has left off.

use super::registry::Registry;
use super::room::Room;
use super::{Config, Error, Recorder, Scope, idle};
use crate::clock;
use crate::host::hooks::Stage;
use crate::identity::names::Sources;
use crate::identity::origin::cgroups;
use crate::identity::path;
use crate::kernel::pins::Pins;
use crate::kernel::{self, Kernel, Load, Plan};
use crate::rings::{Decision, Mapped, Registrar};
use rewind_common::capture::Capture;
use rewind_common::layout::Fingerprint;
use rewind_common::ring::{Cgroup, SHARES, cgroup_state, ring_flags};
use rewind_recording::header::Host;
use rewind_recording::syscalls::{Arch, capture_table, compat_table};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

impl Recorder {
    /// Loads the kernel side and begins to record. Recording ends when this is dropped.
    ///
    /// # Errors
    /// [`Error`]; all final on this host, but for those about memory.
    pub(crate) fn start(config: Config) -> Result<Self, Error> {
        let (kernel, mapped) = load(&config, 0)?;
        Self::of(kernel, mapped, config, None)
    }

    /// As [`Recorder::start`], but recording goes on when this is dropped. Recordings are numbered on
    /// from `recordings`.
    ///
    /// # Errors
    /// As above, and those about pins.
    pub(crate) fn start_pinned(config: Config, pins: Pins, recordings: u64) -> Result<Self, Error> {
        let (kernel, mapped) = load(&config, recordings)?;
        // Half a set would record on, for nobody.
        let kernel = kernel.pin(&pins).inspect_err(|_| drop(pins.remove(&pins.dir())))?;
        Self::of(kernel, mapped, config, Some(pins))
    }

    /// Goes on with what another agent has left in the kernel. Anything that it was about to do when
    /// it was killed is done anew: a ring is given back whole or not at all, refused cgroups are
    /// reopened by [`Recorder::reconcile`], and threads look their ring and its flags up again.
    ///
    /// # Errors
    /// [`Error`].
    pub(crate) fn adopt(mut kernel: Kernel, config: Config, pins: Pins) -> Result<Self, Error> {
        let mapped = Mapped::new(&kernel)?;
        finish_shrinking(&mut kernel, &mapped)?;
        mapped.set_default_flags(default_flags(&config));
        register(&mut kernel, &mapped, &config, false)?;
        leave_out_agent(&mut kernel, &mapped, &config)?;
        mapped.raise_epoch();
        let recorder = Self::of(kernel, mapped, config, Some(pins))?;
        recorder.remember()?;
        Ok(recorder)
    }

    fn of(kernel: Kernel, mapped: Mapped, config: Config, pins: Option<Pins>) -> Result<Self, Error> {
        let uname = rustix::system::uname();
        let machine = uname.machine().to_string_lossy().into_owned();
        let arch = Arch::parse(&machine).ok_or_else(|| Error::Arch(machine.clone()))?;
        let host = Host {
            name: config.host_name,
            arch: machine,
            kernel: uname.release().to_string_lossy().into_owned(),
            unix_offset_ns: clock::unix_offset_ns(),
        };
        let mut given_up = config.given_up;
        for sentence in kernel.given_up().chain(kernel.untold_misses()) {
            // What loading has shown the facts mostly said before.
            if !given_up.contains(&sentence) {
                given_up.push(sentence);
            }
        }
        let Fingerprint { budget_bytes, ring_bytes, payload_bytes, protocols, .. } = mapped.node().fingerprint;
        let plan = Plan { budget_bytes, ring_bytes, payload_bytes, protocols };
        let limits = plan.sizes().map_or([1; SHARES], |sizes| sizes.limits);
        Ok(Self {
            kernel: Mutex::new(kernel),
            mapped,
            host,
            arch,
            redactor: Mutex::new(config.redactor.map(Arc::new)),
            plan,
            given_up,
            cgroup_mount: config.cgroup_mount,
            pins,
            missed_seen: AtomicU64::new(0),
            missed_at_ns: AtomicU64::new(0),
            unfollowed_seen: AtomicU64::new(0),
            registry: Registry::new(Sources::of_host(Path::new("/"), config.pods)),
            peers: config.peers,
            open: super::descriptors::Open::default(),
            ends: Mutex::default(),
            room: Mutex::new(Room::new(limits)),
            heeded: Mutex::default(),
        })
    }

    /// Who recordings are of, as far as the agent before had learnt it.
    fn remember(&self) -> Result<(), Error> {
        for (index, ring) in self.rings() {
            let kept = self.kernel().identity(index)?;
            self.registry.remember(&ring, &kept);
        }
        Ok(())
    }
}

/// What this machine's calls have copied.
///
/// # Errors
/// [`Error::Arch`].
pub(crate) fn captures() -> Result<Vec<Capture>, Error> {
    let arch = arch()?;
    Ok([capture_table(arch), compat_table(arch)].concat())
}

/// Whose calls these are.
fn arch() -> Result<Arch, Error> {
    let machine = rustix::system::uname().machine().to_string_lossy().into_owned();
    Arch::parse(&machine).ok_or(Error::Arch(machine))
}

/// The kernel side, attached, with all cgroups that are there registered.
fn load(config: &Config, recordings: u64) -> Result<(Kernel, Mapped), Error> {
    let captures = captures()?;
    let mut kernel = Kernel::load(Load { captures: &captures, plan: config.plan })?;
    let mapped = Mapped::new(&kernel)?;
    mapped.set_default_flags(default_flags(config));
    mapped.set_recordings(recordings);
    let Plan { budget_bytes, ring_bytes, payload_bytes, protocols } = config.plan;
    mapped.set_fingerprint(&Fingerprint {
        programs: kernel::hash(&captures),
        budget_bytes,
        ring_bytes,
        payload_bytes,
        protocols,
    });
    kernel.attach(Stage::Follow)?;
    register(&mut kernel, &mapped, config, true)?;
    kernel.attach(Stage::Record)?;
    mapped.set_attached();
    idle::begin(&mut kernel, config, arch()?)?;
    Ok((kernel, mapped))
}

/// Rings that the agent before was taking segments from when it was killed.
fn finish_shrinking(kernel: &mut Kernel, mapped: &Mapped) -> Result<(), Error> {
    let rings = (0..mapped.ring_count).filter_map(|index| Some((index, mapped.ring(index)?)));
    let shares = rings.flat_map(|(index, ring)| {
        let leaving = (0..SHARES).filter(move |&share| ring.shares[share].leaving != 0);
        leaving.map(move |share| (index, ring.recording, share))
    });
    Ok(kernel.shrink(&shares.collect::<Vec<_>>())?)
}

fn default_flags(config: &Config) -> u32 {
    if config.payload { ring_flags::PAYLOAD } else { 0 }
}

fn register(kernel: &mut Kernel, mapped: &Mapped, config: &Config, is_first: bool) -> Result<(), Error> {
    let rule = |path: &str| match &config.scope {
        Scope::Rule(rule) => Decision { state: rule.state(path), is_inner: path::is_inner(path) },
        Scope::Only(only) if path == only => Decision { state: cgroup_state::OPEN, is_inner: false },
        Scope::Only(_) => Decision { state: cgroup_state::IGNORED, is_inner: false },
    };
    let mut registrar = Registrar::new(kernel, mapped, &rule, is_first);
    // Twice: what was made during the first round below a cgroup not yet known is found in the second.
    for _ in 0..2 {
        registrar.register(&config.cgroup_mount)?;
    }
    if registrar.unfollowed() > 0 {
        tracing::warn!(count = registrar.unfollowed(), "more cgroups than can be followed: not recorded");
    }
    Ok(())
}

/// The cgroups of this agent were made while none was there to say that they are not to be recorded.
fn leave_out_agent(kernel: &mut Kernel, mapped: &Mapped, config: &Config) -> Result<(), Error> {
    let Scope::Rule(rule) = &config.scope else { return Ok(()) };
    for id in cgroups(&config.cgroup_mount, &|path| rule.is_agents(path)) {
        leave_out(kernel, mapped, id)?;
    }
    Ok(())
}

fn leave_out(kernel: &mut Kernel, mapped: &Mapped, id: u64) -> Result<(), Error> {
    let Some(known) = kernel.cgroup(id)? else {
        // It is as the one above it, which may be a container.
        kernel.set_cgroup(id, Cgroup { state: cgroup_state::IGNORED, ..Cgroup::default() })?;
        return Ok(());
    };
    kernel.correct_cgroup(id, Cgroup { state: cgroup_state::IGNORED, ring: 0, ..known })?;
    // Only its own ring: a ring that it inherited is a container's.
    if known.state == cgroup_state::RECORDED && mapped.ring(known.ring).is_some_and(|ring| ring.cgroup_id == id) {
        mapped.end(known.ring, clock::now_ns());
    }
    Ok(())
}
