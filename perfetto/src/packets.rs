//! Packets of one recording: their clock, and their tracks by number.

use crate::wire::{
    Clock, ClockSnapshot, DebugAnnotation, MONOTONIC, REALTIME, STATE_CLEARED, Trace, TracePacket, TrackDescriptor,
    TrackEvent,
};
use prost::Message as _;
use rewind_recording::header::Header;
use std::io;

/// What the times of a trace are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    /// The kernel's: all recordings are of one host.
    Kernel,
    /// Unix time: hosts have no other one in common.
    Unix,
}

/// Writes the packets of one recording.
pub(crate) struct Packets<'o> {
    out: &'o mut dyn io::Write,
    times: Times,
    unix_offset_ns: i64,
    sequence: u32,
    next_track: u64,
}

impl<'o> Packets<'o> {
    /// Begins with what the recording's clock is. `number` is the recording's among those of the trace.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn begin(out: &'o mut dyn io::Write, header: &Header, times: Times, number: u32) -> io::Result<Self> {
        let sequence = number + 1;
        // Tracks of different recordings share the numbers of one trace.
        let next_track = u64::from(sequence) << 32;
        let mut packets = Self { out, times, unix_offset_ns: header.host.unix_offset_ns, sequence, next_track };
        let (ktime, unix) = (header.read_ns, Times::Unix.of(header.host.unix_offset_ns, header.read_ns));
        let clock = |id, ns| Clock { clock_id: Some(id), timestamp: Some(ns) };
        let clocks = match times {
            Times::Kernel => vec![clock(MONOTONIC, ktime), clock(REALTIME, unix)],
            Times::Unix => vec![clock(REALTIME, unix)],
        };
        let snapshot = ClockSnapshot { clocks, primary_trace_clock: Some(times.clock()) };
        packets.write(TracePacket {
            clock_snapshot: Some(snapshot),
            sequence_flags: Some(STATE_CLEARED),
            first_packet_on_sequence: Some(true),
            ..packets.at(header.read_ns)
        })?;
        Ok(packets)
    }

    /// Makes a track. Returns its number.
    ///
    /// # Errors
    /// Those of the output.
    pub(crate) fn track(&mut self, track: TrackDescriptor) -> io::Result<u64> {
        let uuid = self.next_track;
        self.next_track += 1;
        let track = TrackDescriptor { uuid: Some(uuid), ..track };
        let sequence = Some(self.sequence);
        self.write(TracePacket {
            trusted_packet_sequence_id: sequence,
            track_descriptor: Some(track),
            ..TracePacket::default()
        })?;
        Ok(uuid)
    }

    /// Something on a track: the beginning of a slice, its end, or an instant.
    ///
    /// # Errors
    /// Those of the output.
    pub(crate) fn event(&mut self, ktime_ns: u64, kind: i32, track: u64, what: What<'_>) -> io::Result<()> {
        let event = TrackEvent {
            r#type: Some(kind),
            track_uuid: Some(track),
            name: (!what.name.is_empty()).then(|| what.name.to_owned()),
            categories: what.categories.iter().map(|&category| category.to_owned()).collect(),
            debug_annotations: what.annotations,
            flow_ids: what.flow.into_iter().collect(),
        };
        self.write(TracePacket { track_event: Some(event), ..self.at(ktime_ns) })
    }

    fn at(&self, ktime_ns: u64) -> TracePacket {
        TracePacket {
            timestamp: Some(self.times.of(self.unix_offset_ns, ktime_ns)),
            timestamp_clock_id: Some(self.times.clock()),
            trusted_packet_sequence_id: Some(self.sequence),
            ..TracePacket::default()
        }
    }

    fn write(&mut self, packet: TracePacket) -> io::Result<()> {
        self.out.write_all(&Trace { packet: vec![packet] }.encode_to_vec())
    }
}

/// What an event is.
#[derive(Debug, Default)]
pub(crate) struct What<'e> {
    pub(crate) name: &'e str,
    pub(crate) categories: &'e [&'e str],
    pub(crate) annotations: Vec<DebugAnnotation>,
    /// What it is tied to.
    pub(crate) flow: Option<u64>,
}

impl Times {
    /// A kernel time of a host whose Unix time is so much more.
    pub(crate) fn of(self, unix_offset_ns: i64, ktime_ns: u64) -> u64 {
        match self {
            Self::Kernel => ktime_ns,
            Self::Unix => ktime_ns.saturating_add_signed(unix_offset_ns),
        }
    }

    fn clock(self) -> u32 {
        match self {
            Self::Kernel => MONOTONIC,
            Self::Unix => REALTIME,
        }
    }
}
