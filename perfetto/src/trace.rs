//! From recordings to packets.

use crate::flows;
use crate::lasting::{self, Kind, Lasting};
use crate::names::Names;
use crate::packets::{Packets, Times, What};
use crate::wire::{
    DebugAnnotation, INSTANT, ProcessDescriptor, SLICE_BEGIN, SLICE_END, ThreadDescriptor, TrackDescriptor,
};
use rewind_diagnosis::cause;
use rewind_recording::connections::{Key, key};
use rewind_recording::event::{self, Event, Timeline};
use rewind_recording::events::Context;
use rewind_recording::header::Header;
use rewind_recording::origin::Origins;
use rewind_recording::render::{self, CallFields, Options, Part, Summary, short_id};
use rewind_recording::task;
use std::collections::HashMap;
use std::io;

/// How far the offsets of two recordings of one boot of a host may be apart: the clock is set now and then.
const SAME_BOOT_NS: u64 = 60_000_000_000;
/// How far the clocks of two hosts may be apart; where they are kept in time, it is some milliseconds.
const SKEW_NS: u64 = 100_000_000;

/// Writes recordings as one trace: what `options` choose of each.
///
/// # Errors
/// Those of `out`. Records that cannot be read are no error: see [`Summary::malformed`].
pub fn write(out: &mut dyn io::Write, parts: &[Part<'_>], options: &Options) -> io::Result<Summary> {
    let times = if are_of_one_host(parts) { Times::Kernel } else { Times::Unix };
    let timelines: Vec<_> = parts.iter().map(|part| Timeline::new(part.records)).collect();
    let each = parts.iter().zip(&timelines);
    let mut lasting: Vec<_> = each.map(|(part, timeline)| lasting::of(part.header, timeline, options)).collect();
    let offset_ns = |number: usize| parts.get(number).map_or(0, |part| part.header.host.unix_offset_ns);
    let skew_ns = if times == Times::Kernel { 0 } else { SKEW_NS };
    flows::join(&mut lasting, |number, ktime_ns| times.of(offset_ns(number), ktime_ns), skew_ns);
    let mut total = Summary::default();
    for (number, ((part, timeline), lasting)) in (0..).zip(parts.iter().zip(&timelines).zip(&lasting)) {
        let packets = Packets::begin(out, part.header, times, number)?;
        total.add(&Recording::write(packets, part, timeline, lasting, times, options)?);
    }
    Ok(total)
}

fn are_of_one_host(parts: &[Part<'_>]) -> bool {
    parts.windows(2).all(|pair| {
        let [one, other] = pair else { return true };
        let (one, other) = (&one.header.host, &other.header.host);
        one.name == other.name && one.unix_offset_ns.abs_diff(other.unix_offset_ns) < SAME_BOOT_NS
    })
}

/// One recording on its way.
struct Recording<'r, 'o> {
    packets: Packets<'o>,
    header: &'r Header,
    timeline: &'r Timeline<'r>,
    names: Names,
    label: String,
    /// The container's track; processes stand below it where their numbers are not theirs alone.
    root: u64,
    times: Times,
    processes: HashMap<u32, u64>,
    threads: HashMap<(u32, u32), u64>,
    /// Of each process and kind of what lasts: tracks, and from when on each is free.
    lanes: HashMap<(u32, Kind), Vec<(u64, u64)>>,
    /// What the events of a connection are tied to.
    flows: HashMap<Key, u64>,
}

impl Recording<'_, '_> {
    fn write(
        mut packets: Packets<'_>,
        part: &Part<'_>,
        timeline: &Timeline<'_>,
        lasting: &[Lasting],
        times: Times,
        options: &Options,
    ) -> io::Result<Summary> {
        let Part { label, header, records } = *part;
        let container = &header.container;
        let label = match (label, container.name.as_str()) {
            ("", "") => short_id(&container.id).to_string(),
            ("", name) => name.to_owned(),
            (label, _) => label.to_owned(),
        };
        let root = packets.track(TrackDescriptor { name: Some(label.clone()), ..TrackDescriptor::default() })?;
        let (names, processes, threads, lanes) = (Names::of(timeline), HashMap::new(), HashMap::new(), HashMap::new());
        let flows = lasting.iter().filter_map(|of| Some((of.connection?, of.flow?))).collect();
        let mut recording =
            Recording { packets, header, timeline, names, label, root, times, processes, threads, lanes, flows };
        recording.run(records)?;
        let context = Context { origins: &Origins::of(header), pids: options.pids };
        let summary = render::each(header, timeline, options, |event, call| match call {
            Some(call) => recording.call(event, call),
            None => recording.instant(event, &context),
        })?;
        lasting.iter().try_for_each(|of| recording.lasting(of))?;
        Ok(summary)
    }

    /// What is recorded of the container's run, and how that ended.
    fn run(&mut self, records: &[u8]) -> io::Result<()> {
        let Header { container, coverage, losses, ending, .. } = self.header;
        let from_ns = self.header.born_ns.max(coverage.oldest_ns);
        let mut annotations = vec![
            DebugAnnotation::text("container.id", container.id.as_str()),
            DebugAnnotation::uint("calls.held", coverage.calls_held),
            DebugAnnotation::uint("calls.overwritten", coverage.calls_overwritten),
        ];
        annotations.extend(losses.iter().map(|(reason, lost)| DebugAnnotation::uint(&format!("lost.{reason}"), *lost)));
        let what = What { name: "recorded", categories: &["container"], annotations, ..What::default() };
        self.packets.event(from_ns, SLICE_BEGIN, self.root, what)?;
        if let Some(ending) = ending.as_ref().filter(|ending| !ending.is_success()) {
            let annotations = vec![DebugAnnotation::text("cause", &cause(self.header, records))];
            let name = if ending.oom_killed { "oom_kill" } else { "crash" };
            let what = What { name, categories: &["container"], annotations, ..What::default() };
            self.packets.event(ending.at_ns.max(from_ns), INSTANT, self.root, what)?;
        }
        match self.header.died_ns {
            Some(died_ns) => self.packets.event(died_ns.max(from_ns), SLICE_END, self.root, What::default()),
            None => Ok(()),
        }
    }

    fn call(&mut self, event: &Event<'_>, call: &CallFields<'_>) -> io::Result<()> {
        let track = self.thread(event)?;
        let arguments =
            (0..).zip(&call.args).map(|(at, text): (u32, _)| DebugAnnotation::text(&format!("arg{at}"), text));
        let mut annotations: Vec<_> = arguments.collect();
        let texts = [
            ("result", call.result_text),
            ("errno", call.errno.as_deref()),
            ("refused_by", call.refused),
            ("peer", call.peer_name),
        ];
        annotations.extend(texts.iter().filter_map(|(name, text)| text.map(|text| DebugAnnotation::text(name, text))));
        annotations.extend(call.result.map(|result| DebugAnnotation::int("return_value", result)));
        annotations.push(DebugAnnotation::text("outcome", call.outcome));
        annotations.extend(call.redacted.then(|| DebugAnnotation::is("redacted")));
        let categories = if call.errno.is_some() { &["syscall", "failed"][..] } else { &["syscall"] };
        let what = What { name: &call.syscall, categories, annotations, ..What::default() };
        self.packets.event(event.start_ns, SLICE_BEGIN, track, what)?;
        // A call that a thread is in has no end.
        if event.end_ns == u64::MAX {
            return Ok(());
        }
        self.packets.event(event.end_ns.max(event.start_ns), SLICE_END, track, What::default())
    }

    fn instant(&mut self, event: &Event<'_>, context: &Context<'_>) -> io::Result<()> {
        let Some(kind) = event.what.as_event() else { return Ok(()) };
        let track = self.thread(event)?;
        let annotations = vec![DebugAnnotation::text("text", &kind.text(context))];
        let flow = match event.what {
            event::What::Connection(told) => self.flows.get(&key(&told)).copied(),
            _ => None,
        };
        let what = What { name: kind.name(), categories: &["event"], annotations, flow };
        self.packets.event(event.end_ns, INSTANT, track, what)
    }

    fn lasting(&mut self, of: &Lasting) -> io::Result<()> {
        let Lasting { kind, tgid, start_ns, end_ns, flow, .. } = *of;
        let track = self.lane(tgid, kind, start_ns, end_ns)?;
        let categories = if of.has_failed { &[kind.category(), "failed"][..] } else { &[kind.category()] };
        let what = What { name: &of.name, categories, annotations: of.annotations.clone(), flow };
        self.packets.event(start_ns, SLICE_BEGIN, track, what)?;
        end_ns.map_or(Ok(()), |end_ns| self.packets.event(end_ns.max(start_ns), SLICE_END, track, What::default()))
    }

    /// A track on which nothing else lasts meanwhile. All of one kind have one name, by which they are shown as one.
    fn lane(&mut self, tgid: u32, kind: Kind, start_ns: u64, end_ns: Option<u64>) -> io::Result<u64> {
        let end_ns = end_ns.map_or(u64::MAX, |end_ns| end_ns.max(start_ns));
        let lanes = self.lanes.entry((tgid, kind)).or_default();
        if let Some((track, free_ns)) = lanes.iter_mut().find(|(_, free_ns)| *free_ns <= start_ns) {
            *free_ns = end_ns;
            return Ok(*track);
        }
        let parent = if tgid == 0 { self.root } else { self.process(tgid)? };
        let track = self.packets.track(TrackDescriptor { parent_uuid: Some(parent), ..named(kind.track()) })?;
        self.lanes.entry((tgid, kind)).or_default().push((track, end_ns));
        Ok(track)
    }

    /// The track of an event's thread.
    fn thread(&mut self, event: &Event<'_>) -> io::Result<u64> {
        let tid = event.tid;
        let tgid = event.tgid().unwrap_or(tid);
        if tgid == 0 {
            // The kernel's own doing, of no process that is known.
            return Ok(self.root);
        }
        if let Some(track) = self.threads.get(&(tgid, tid)) {
            return Ok(*track);
        }
        let process = self.process(tgid)?;
        // What it is called last: threads begin with their parent's name.
        let task = self.timeline.task(tid, u64::MAX);
        let name = task.filter(|task| task.tgid == tgid).map(|task| task::comm(&task.comm).to_string());
        let track = match self.times {
            Times::Kernel => TrackDescriptor {
                thread: Some(ThreadDescriptor { pid: number(tgid), tid: number(tid), thread_name: name }),
                ..TrackDescriptor::default()
            },
            Times::Unix => named(&format!("{} {tid}", name.unwrap_or_default())),
        };
        let track = self.packets.track(TrackDescriptor { parent_uuid: Some(process), ..track })?;
        self.threads.insert((tgid, tid), track);
        Ok(track)
    }

    fn process(&mut self, tgid: u32) -> io::Result<u64> {
        if let Some(track) = self.processes.get(&tgid) {
            return Ok(*track);
        }
        let name = self.names.get(tgid);
        let track = match self.times {
            Times::Kernel => TrackDescriptor {
                process: Some(ProcessDescriptor {
                    pid: number(tgid),
                    cmdline: name.argv,
                    process_name: (!name.name.is_empty()).then_some(name.name),
                    process_labels: vec![self.label.clone()],
                }),
                ..TrackDescriptor::default()
            },
            Times::Unix => TrackDescriptor { parent_uuid: Some(self.root), ..named(&format!("{} {tgid}", name.name)) },
        };
        let track = self.packets.track(track)?;
        self.processes.insert(tgid, track);
        Ok(track)
    }
}

fn named(name: &str) -> TrackDescriptor {
    TrackDescriptor { name: Some(name.trim_start().to_owned()), ..TrackDescriptor::default() }
}

/// Numbers of processes are 22 bits long.
fn number(id: u32) -> Option<i32> {
    i32::try_from(id).ok()
}
