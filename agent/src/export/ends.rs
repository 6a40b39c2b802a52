//! Ends of containers: written to disk when they come, sent when they can be, deleted when they were.
//!
//! What the feed gives of a recording as well is in the file too. It is sent from there if it is not known to have come
//! by the feed: the agent that took it was killed, or a queue was full meanwhile. Its ids are the same.

use crate::export::item::{Item, Messages};
use crate::export::lane::deliver;
use crate::export::spill::{self, Spill, Spilled};
use crate::export::telemetry::Reason;
use crate::export::{DRAIN_LOOK, Export, State};
use crate::{blocking, clock};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use rewind_exporter::Signal;
use rewind_recording::header::Header;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long an end waits for the container's names, and for what the feed still brings.
const SETTLED_NS: u64 = 2_000_000_000;
/// How often it is looked for ends that are due.
const LOOK: Duration = Duration::from_millis(250);
/// Most ends that are sent together.
const MAX_TOGETHER: usize = 64;
/// Most names of ends that were taken are remembered, so that none is sent twice.
const MAX_TAKEN: usize = 4096;

/// Ends that are to be sent.
#[derive(Debug)]
pub(crate) struct Ends(Mutex<Held>);

#[derive(Debug)]
struct Held {
    /// Since when those of agents before are held: the kernel side's clock.
    opened_ns: u64,
    spill: Spill,
    /// By the names of their files.
    pending: BTreeMap<String, Pending>,
    /// All that were taken, the last of them.
    taken: Vec<String>,
}

/// An end that is to be sent.
#[derive(Clone, Debug, Default)]
struct Pending {
    /// When this agent took it: the kernel side's clock; `None`: one before did.
    taken_ns: Option<u64>,
    /// When its recording began.
    born_ns: u64,
    /// The end itself was taken by the backend: what is left is whether the rest came.
    is_sent: bool,
    /// Where it could not be written to disk.
    memory: Option<Arc<Spilled>>,
}

impl Ends {
    pub(crate) fn open(dir: &Path) -> Self {
        let spill = Spill::open(dir);
        let pending = spill.names().map(|name| (name.clone(), Pending::default())).collect();
        Self(Mutex::new(Held { opened_ns: clock::now_ns(), spill, pending, taken: Vec::new() }))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.held().spill.bytes()
    }

    /// Takes an end, once. Writes a file: not for an async thread.
    pub(crate) fn take(&self, export: &Export, header: &Header, records: &[u8]) {
        let name = spill::name(header);
        if self.held().taken.contains(&name) {
            return;
        }
        let wished = export.recorder().wishes_request_spans(&header.container);
        let spilled = Spilled::of(header, rewind_otlp::end(header, records), wished);
        let mut held = self.held();
        let excess = (held.taken.len() + 1).saturating_sub(MAX_TAKEN);
        held.taken.drain(..excess);
        held.taken.push(name.clone());
        let mut pending = Pending { taken_ns: Some(clock::now_ns()), born_ns: header.born_ns, ..Pending::default() };
        match held.spill.write(&name, &spilled) {
            Ok(dropped) => {
                for dropped in &dropped {
                    held.pending.remove(dropped);
                }
                let count = dropped.len() as u64;
                export.telemetry().lost(Signal::Logs, Reason::SpillFull, count, "ends on disk had to make room");
            }
            Err(error) if held.pending.values().filter(|pending| pending.memory.is_some()).count() < MAX_TOGETHER => {
                tracing::warn!(%error, "an end cannot be kept on disk until it is sent");
                pending.memory = Some(Arc::new(spilled));
            }
            Err(error) => {
                export.telemetry().lost(Signal::Logs, Reason::SpillFull, 1, &error.to_string());
                return;
            }
        }
        held.pending.insert(name, pending);
    }

    /// Whether there is nothing to send.
    pub(crate) fn is_empty(&self) -> bool {
        self.held().pending.is_empty()
    }

    /// Those that are due, the oldest first; when the agent ends, at once: the feed gives nothing more.
    fn due(&self, export: &Export, is_draining: bool) -> Vec<(String, Pending)> {
        let now_ns = clock::now_ns();
        let (settled_ns, given_ns) = if is_draining { (0, 0) } else { (SETTLED_NS, SETTLED_NS / 2) };
        let held = self.held();
        let due = held.pending.iter().filter(|(_, pending)| match pending.taken_ns {
            // Whose it was, and that nobody is to record it, is asked for anew.
            None => now_ns >= held.opened_ns + settled_ns,
            Some(taken_ns) if pending.is_sent => export.has_sent_since(taken_ns + given_ns),
            Some(taken_ns) => now_ns >= taken_ns + settled_ns,
        });
        due.take(MAX_TOGETHER).map(|(name, pending)| (name.clone(), pending.clone())).collect()
    }
}

/// What is to be sent of some ends.
struct Parts {
    spans: Messages<Span>,
    logs: Messages<LogRecord>,
}

/// Sends ends, for ever.
pub(crate) async fn run(export: Arc<Export>) {
    let mut state = export.state();
    loop {
        let is_draining = state.borrow_and_update().is_draining;
        let due = export.ends().due(&export, is_draining);
        if due.is_empty() || !export.is_on() {
            let look = if is_draining { DRAIN_LOOK } else { LOOK };
            // An end that waits is due at once when the agent ends.
            let _ = tokio::time::timeout(look, state.wait_for(|state| state.is_draining != is_draining)).await;
            continue;
        }
        let read = {
            let (export, due) = (Arc::clone(&export), due.clone());
            blocking::run(move || parts(&export, &due)).await
        };
        match read {
            Ok(parts) => send(&export, &mut state, parts).await,
            Err(error) => {
                export.telemetry().lost(Signal::Logs, Reason::Unmade, due.len() as u64, &error.to_string());
            }
        }
        note(&export, &due);
    }
}

/// Reads ends and makes messages of them.
fn parts(export: &Export, due: &[(String, Pending)]) -> Parts {
    let mut parts = Parts { spans: Messages::default(), logs: Messages::default() };
    for (name, pending) in due {
        let path = export.ends().held().spill.path(name);
        let read = pending.memory.as_deref().cloned().or_else(|| spill::read(&path));
        let Some(mut spilled) = read else {
            export.telemetry().lost(Signal::Logs, Reason::Unmade, 1, "an end that was kept on disk cannot be read");
            continue;
        };
        export.recorder().complete(&mut spilled.header.container);
        // It ended before it was known whose it is.
        if export.recorder().is_unwanted(&spilled.header.container) {
            continue;
        }
        let is_rest_due = export.is_rest_due(pending.taken_ns, pending.born_ns);
        if !pending.is_sent {
            if !export.sends_requests_of(&spilled) {
                spilled.spans = Item::without_requests(spilled.spans);
                spilled.earlier_spans = Item::without_requests(spilled.earlier_spans);
            }
            put(&mut parts.spans, &spilled.header, spilled.spans);
            put(&mut parts.logs, &spilled.header, spilled.crash.into_iter().collect());
        }
        if is_rest_due {
            put(&mut parts.spans, &spilled.header, spilled.earlier_spans);
            put(&mut parts.logs, &spilled.header, spilled.earlier_logs);
        }
    }
    parts
}

fn put<I: Item>(messages: &mut Messages<I>, header: &Header, items: Vec<I>) {
    messages.put(header, items);
}

async fn send(export: &Export, state: &mut watch::Receiver<State>, parts: Parts) {
    // Each where it is wanted: what one backend cannot take does not go for the other.
    for (message, count) in parts.spans.finish() {
        if state.borrow().exporter(Signal::Traces).is_some() {
            deliver(export, state, message, count).await;
        }
    }
    for (message, count) in parts.logs.finish() {
        if state.borrow().exporter(Signal::Logs).is_some() {
            deliver(export, state, message, count).await;
        }
    }
}

/// Deletes what was sent, or keeps it until it is known that the rest came by the feed.
fn note(export: &Export, due: &[(String, Pending)]) {
    let mut held = export.ends().held();
    for (name, of) in due {
        let is_done = of.taken_ns.is_none() || of.is_sent || export.is_rest_due(of.taken_ns, of.born_ns);
        if is_done {
            held.pending.remove(name);
            held.spill.remove(name);
        } else if let Some(pending) = held.pending.get_mut(name) {
            pending.is_sent = true;
        }
    }
}

impl Export {
    /// Whether spans of a container's requests are sent: what is wished now, or was when it ended, goes before what
    /// holds for all.
    fn sends_requests_of(&self, spilled: &Spilled) -> bool {
        let now = self.recorder().wishes_request_spans(&spilled.header.container);
        now.or(spilled.request_spans).unwrap_or_else(|| self.state.borrow().request_spans)
    }

    /// Whether what the feed gives of a recording is not known to have come, or to come: an agent before took it, or
    /// something was lost since it began.
    fn is_rest_due(&self, taken_ns: Option<u64>, born_ns: u64) -> bool {
        let lost_ns = |signal| self.telemetry().of(signal).last_loss_ns.load(Ordering::Relaxed);
        taken_ns.is_none() || [Signal::Traces, Signal::Logs].iter().any(|signal| lost_ns(*signal) > born_ns)
    }
}
