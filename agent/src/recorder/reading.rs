//! Reading: rings -> lists, recordings, and what has come since the last look. Nothing is locked meanwhile.

use super::{Error, Recorder, bytes_of, lock};
use crate::{clock, kernel, rings};
use rewind_common::loss::LossReason;
use rewind_common::ring::{Cursors, InFlight, Ring, ring_flags};
use rewind_recording::api::{List, Listed, Totals};
use rewind_recording::cut::{self, Tail};
use rewind_recording::ending::Finder;
use rewind_recording::escape::UntrustedString;
use rewind_recording::event;
use rewind_recording::header::{Container, FORMAT, Header};
use rewind_recording::peer;
use std::collections::BTreeMap;
use std::path::Path;

impl Recorder {
    /// All recordings, by their counters: but for what has died and was not looked at yet, no record is read.
    ///
    /// # Errors
    /// [`Error::Kernel`].
    pub(crate) fn list(&self) -> Result<List, Error> {
        let now_ns = clock::now_ns();
        let mut recordings = Vec::new();
        for (index, ring) in self.rings().collect::<Vec<_>>() {
            recordings.extend(self.listed(index, &ring, now_ns)?);
        }
        recordings.sort_by_key(|listed| listed.recording);
        let refused = self.kernel().refused()?;
        let refused = refused.into_iter().map(|(cgroup_id, path)| self.registry.named(&path, cgroup_id)).collect();
        Ok(List { host: self.host(), now_ns, recordings, refused, totals: self.totals() })
    }

    /// `None`: it is gone.
    fn listed(&self, index: u32, ring: &Ring, now_ns: u64) -> Result<Option<Listed>, Error> {
        let before = rings::Before { cursors: self.kernel().cursors(index)?, read_ns: now_ns, ..Default::default() };
        let Some(mut coverage) = rings::coverage(&self.mapped, index, ring, &before) else { return Ok(None) };
        coverage.ring_bytes = bytes_of(ring);
        let ending = match self.end_of(index, ring)? {
            Some(end) => end.ending,
            // Others of it may live on.
            None => Finder::with_main(ring.main, None, now_ns).ending(),
        };
        let container = (*self.registry.container(ring)).clone();
        self.keep(index, ring)?;
        Ok(Some(Listed {
            recording: ring.recording,
            container,
            born_ns: ring.born_ns,
            died_ns: ring.end_ns(),
            ending,
            coverage,
            losses: losses(&before.cursors, ring.recording),
            payload: ring.flags & ring_flags::PAYLOAD != 0,
        }))
    }

    /// One recording: its header, and its records in order of time.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Kernel`].
    pub(crate) fn recording(&self, recording: u64) -> Result<(Header, Vec<u8>), Error> {
        let (index, ring) = self.find(recording)?;
        let in_flight = if ring.end_ns().is_none() { self.in_flight(&ring)? } else { Vec::new() };
        if ring.end_ns().is_some() {
            self.registry.name_at_end(&ring);
        }
        let source = self.snapshot(index, &ring, in_flight)?;
        let mut cut = cut::cut(&source);
        let mut header = self.header(&ring, source.read_ns);
        let ends = cut::ends(&source);
        (header.ending, header.cause) = (ends.ending(), ends.cause());
        if ring.end_ns().is_none() {
            header.living = rings::living::living(&kernel::directory_of(&self.cgroup_mount, &ring.path));
            let path = kernel::directory_of(Path::new("/"), &ring.path);
            let limit = || rings::living::cpu_limit(&self.hierarchies(), &path);
            header.living.iter_mut().for_each(|living| living.cpu_limit = limit());
        }
        header.coverage = cut.coverage;
        header.coverage.ring_bytes = bytes_of(&ring);
        header.losses = losses(&source.cursors, ring.recording);
        header.origins = self.origins_at_end(recording);
        header.origins.extend(self.origins(&header.container, &cut.records));
        let open = self.open.of(recording);
        if !open.records.is_empty() {
            cut.records = event::sorted(&[&open.records[..], &cut.records].concat());
        }
        header.given_up.extend(open.left_out_words());
        header.redacted = self.redact(&mut cut.records);
        header.peers = self.named_peers(&cut.records);
        Ok((header, cut.records))
    }

    pub(super) fn snapshot(&self, index: u32, ring: &Ring, in_flight: Vec<InFlight>) -> Result<cut::Source, Error> {
        let cursors = self.kernel().cursors(index)?;
        let before = rings::Before { cursors, in_flight, read_ns: clock::now_ns() };
        rings::snapshot(&self.mapped, index, ring, before).ok_or(Error::Gone(ring.recording))
    }

    /// What is known of a recording from before it began, as records: descriptors that were open, and the calls
    /// that threads are in since then.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Kernel`].
    pub(crate) fn before(&self, recording: u64) -> Result<Vec<u8>, Error> {
        let (_, ring) = self.find(recording)?;
        let calls = cut::before(&self.in_flight(&ring)?, recording, ring.born_ns);
        let mut records = event::sorted(&[&self.open.of(recording).records[..], &calls].concat());
        self.redact(&mut records);
        Ok(records)
    }

    fn in_flight(&self, ring: &Ring) -> Result<Vec<InFlight>, Error> {
        let cgroup = kernel::directory_of(&self.cgroup_mount, &ring.path);
        Ok(rings::in_progress::in_flight(|| self.kernel().in_flight(), ring, &cgroup)?)
    }

    /// A recording's header as of now, without what only its records tell.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Kernel`].
    pub(crate) fn header_of(&self, recording: u64) -> Result<Header, Error> {
        let (index, ring) = self.find(recording)?;
        let losses = losses(&self.kernel().cursors(index)?, recording);
        Ok(Header { losses, ..self.header(&ring, clock::now_ns()) })
    }

    /// A recording's header as of now, with what these records of it name. Cheap: no record of a ring is read.
    ///
    /// # Errors
    /// [`Error::Gone`].
    pub(crate) fn header_with(&self, recording: u64, records: &[u8]) -> Result<Header, Error> {
        let (_, ring) = self.find(recording)?;
        let mut header = self.header(&ring, clock::now_ns());
        header.origins = self.origins(&header.container, records);
        header.peers = self.named_peers(records);
        Ok(header)
    }

    /// Records of a recording that the kernel side could not write.
    ///
    /// # Errors
    /// [`Error::Kernel`].
    pub(crate) fn records_lost(&self, index: u32, recording: u64) -> Result<u64, Error> {
        let cursors = self.kernel().cursors(index)?;
        let mine = cursors.iter().filter(|cursors| cursors.recording == recording);
        let of = |cursors: &Cursors| -> u64 {
            let records = LossReason::ALL.into_iter().filter(|reason| reason.loses_record());
            records.filter_map(|reason| cursors.losses.get(reason as usize)).sum()
        };
        Ok(mine.map(of).sum())
    }

    /// What has come since the last look: the header as of now, new records, and how many were missed.
    /// What the header counts as redacted is in these records.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Kernel`].
    pub(crate) fn follow(&self, recording: u64, tail: &mut Tail) -> Result<(Header, Vec<u8>, u64), Error> {
        let (index, ring) = self.find(recording)?;
        let mut header = self.header(&ring, clock::now_ns());
        let (mut records, missed) = tail.advance(recording, &rings::chunks(&self.mapped, &ring));
        let losses = losses(&self.kernel().cursors(index)?, recording);
        header.origins = self.origins(&header.container, &records);
        let redacted = self.redact(&mut records);
        header.peers = self.named_peers(&records);
        Ok((Header { losses, redacted, ..header }, records, missed))
    }

    /// Names of the addresses that calls were given, where a cluster knows them.
    fn named_peers(&self, records: &[u8]) -> BTreeMap<String, UntrustedString> {
        self.peers.as_ref().map(|peers| peers.named(peer::named(records, self.arch))).unwrap_or_default()
    }

    /// Hides secrets in records before anybody has them, and says in how many arguments.
    pub(crate) fn redact(&self, records: &mut [u8]) -> u64 {
        let redactor = lock(&self.redactor).clone();
        redactor.map_or(0, |redactor| redactor.redact(records, self.arch))
    }

    pub(super) fn header(&self, ring: &Ring, read_ns: u64) -> Header {
        Header {
            format: FORMAT,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            host: self.host(),
            container: Container::clone(&self.registry.container(ring)),
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

    /// Memory, and what was refused.
    pub(crate) fn totals(&self) -> Totals {
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
            unfollowed: self.mapped.node().unfollowed,
            missed_runs: self.kernel().missed_runs().map(|(_, runs)| runs).sum(),
        }
    }
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
