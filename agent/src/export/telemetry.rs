//! What the exporter tells of itself: each happening is logged and counted by one call.

use crate::clock;
use crate::feed::Missed;
use rewind_exporter::Signal;
use rewind_recording::api::{ExportState, SignalState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Why something was not sent, or is not known to have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The queue was full.
    QueueFull,
    /// It was overwritten in its ring before it was read.
    Overwritten,
    /// The kernel side could not write it.
    KernelLost,
    /// The backend refused it for good.
    Refused,
    /// The backend took its message without it.
    Rejected,
    /// The backend was away for too long.
    GivenUp,
    /// Exporting was switched off, or to elsewhere in a way that cannot be used.
    SwitchedOff,
    /// What is kept on disk had to make room, or could not be written.
    SpillFull,
    /// It could not be made into a message, or what was kept on disk could not be read.
    Unmade,
}

impl Reason {
    /// All of them, each at its own number.
    pub(crate) const ALL: [Self; 9] = [
        Self::QueueFull,
        Self::Overwritten,
        Self::KernelLost,
        Self::Refused,
        Self::Rejected,
        Self::GivenUp,
        Self::SwitchedOff,
        Self::SpillFull,
        Self::Unmade,
    ];

    /// As metrics and JSON name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Overwritten => "overwritten",
            Self::KernelLost => "kernel_lost",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::GivenUp => "given_up",
            Self::SwitchedOff => "switched_off",
            Self::SpillFull => "spill_full",
            Self::Unmade => "unmade",
        }
    }
}

/// What became of one signal since the agent started.
#[derive(Debug, Default)]
pub(crate) struct OfSignal {
    pub(crate) seen: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) sent_bytes: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) queue_bytes: AtomicU64,
    /// Beginnings that were given up for newer ones: their ends come without them.
    pub(crate) forgotten: AtomicU64,
    lost: [AtomicU64; Reason::ALL.len()],
    /// When something was lost last: the kernel side's clock.
    pub(crate) last_loss_ns: AtomicU64,
    last_success_unix_s: AtomicU64,
    is_away: AtomicBool,
    last_error: Mutex<String>,
    endpoint: Mutex<String>,
    missed: Mutex<Missed>,
}

impl OfSignal {
    pub(crate) fn lost(&self, reason: Reason) -> u64 {
        self.lost.get(reason as usize).map_or(0, |lost| lost.load(Ordering::Relaxed))
    }

    fn count(&self, reason: Reason, count: u64) {
        if let Some(lost) = self.lost.get(reason as usize).filter(|_| count > 0) {
            lost.fetch_add(count, Ordering::Relaxed);
            self.last_loss_ns.store(clock::now_ns(), Ordering::Relaxed);
        }
    }

    /// Whether there was another before.
    fn set_endpoint(&self, endpoint: &str) -> bool {
        let mut now = self.endpoint.lock().unwrap_or_else(PoisonError::into_inner);
        !std::mem::replace(&mut *now, endpoint.to_owned()).is_empty()
    }

    fn set_error(&self, error: &str) {
        error.clone_into(&mut self.last_error.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Of all signals.
#[derive(Debug, Default)]
pub(crate) struct Telemetry {
    signals: [OfSignal; 3],
    /// Events that were not measured.
    pub(crate) unmeasured: AtomicU64,
    /// What went under `other`, as there were too many series.
    pub(crate) beyond: AtomicU64,
}

/// Signals in the order in which they are kept.
pub(crate) const SIGNALS: [Signal; 3] = [Signal::Traces, Signal::Logs, Signal::Metrics];

impl Telemetry {
    pub(crate) const fn of(&self, signal: Signal) -> &OfSignal {
        let [traces, logs, metrics] = &self.signals;
        match signal {
            Signal::Traces => traces,
            Signal::Logs => logs,
            Signal::Metrics => metrics,
        }
    }

    /// From now on a signal is sent there.
    pub(crate) fn goes_to(&self, signal: Signal, endpoint: &str) {
        tracing::info!(signal = signal.variable(), endpoint, "exported");
        self.of(signal).set_endpoint(endpoint);
    }

    /// From now on a signal is not sent.
    pub(crate) fn goes_nowhere(&self, signal: Signal) {
        if self.of(signal).set_endpoint("") {
            tracing::info!(signal = signal.variable(), "no longer exported");
        }
        self.of(signal).set_error("");
    }

    /// What the settings say cannot be meant.
    pub(crate) fn unusable(&self, signal: Signal, error: &str) {
        tracing::error!(signal = signal.variable(), error, "not exported: the settings cannot be meant");
        self.of(signal).set_error(error);
    }

    /// So many spans or log records were taken.
    pub(crate) fn sent(&self, signal: Signal, count: u64) {
        self.of(signal).sent.fetch_add(count, Ordering::Relaxed);
    }

    /// A request was taken.
    pub(crate) fn taken(&self, signal: Signal, bytes: usize) {
        let of = self.of(signal);
        of.requests.fetch_add(1, Ordering::Relaxed);
        of.sent_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        of.last_success_unix_s.store(clock::unix_s(), Ordering::Relaxed);
        if of.is_away.swap(false, Ordering::Relaxed) {
            tracing::info!(signal = signal.variable(), "the backend takes it again");
        }
        of.set_error("");
    }

    /// A request was not taken, and will be tried again.
    pub(crate) fn again(&self, signal: Signal, why: &str) {
        let of = self.of(signal);
        of.requests.fetch_add(1, Ordering::Relaxed);
        of.retries.fetch_add(1, Ordering::Relaxed);
        if !of.is_away.swap(true, Ordering::Relaxed) {
            tracing::warn!(signal = signal.variable(), why, "the backend does not take it; it is tried again");
        }
        of.set_error(why);
    }

    /// So many spans or log records will not come to the backend.
    pub(crate) fn lost(&self, signal: Signal, reason: Reason, count: u64, why: &str) {
        if count == 0 {
            return;
        }
        let of = self.of(signal);
        let is_first = of.lost(reason) == 0;
        of.count(reason, count);
        of.set_error(why);
        let (signal, reason) = (signal.variable(), reason.name());
        // Once loud, then for who looks: a backend that refuses does so for days.
        if is_first {
            tracing::warn!(signal, reason, count, why, "not exported; more of these are only counted");
        } else {
            tracing::debug!(signal, reason, count, why, "not exported");
        }
    }

    /// So many processes and connections were forgotten before they were over.
    pub(crate) fn forgotten(&self, signal: Signal, count: u64) {
        if count > 0 && self.of(signal).forgotten.fetch_add(count, Ordering::Relaxed) == 0 {
            let signal = signal.variable();
            tracing::warn!(
                signal,
                "more is open than is remembered: ends come without their beginnings, and are counted"
            );
        }
    }

    /// What a subscription has missed so far.
    pub(crate) fn missed(&self, signal: Signal, now: Missed) {
        let before = {
            let mut missed = self.of(signal).missed.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *missed, now)
        };
        let more = |now: u64, before: u64| now.saturating_sub(before);
        self.lost(signal, Reason::QueueFull, more(now.queue_full, before.queue_full), "the queue is full");
        self.lost(signal, Reason::Overwritten, more(now.overwritten, before.overwritten), "the ring came round");
        self.lost(signal, Reason::KernelLost, more(now.lost, before.lost), "it could not be written to its ring");
    }

    /// So many events were not measured up to now, and so much went under `other`.
    pub(crate) fn measured(&self, unmeasured: u64, beyond: u64) {
        if unmeasured > 0 && self.unmeasured.load(Ordering::Relaxed) == 0 {
            tracing::warn!("events come faster than they are measured; those that are not are counted");
        }
        if beyond > 0 && self.beyond.load(Ordering::Relaxed) == 0 {
            tracing::warn!("there are too many peers or series for metrics; what is beyond goes under other");
        }
        self.unmeasured.store(unmeasured, Ordering::Relaxed);
        self.beyond.store(beyond, Ordering::Relaxed);
    }

    /// For `health` and `status`; `None`: nothing is exported, and nothing was to be.
    pub(crate) fn state(&self) -> Option<ExportState> {
        let of = |signal: &Signal| {
            let of = self.of(*signal);
            let text = |text: &Mutex<String>| text.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let number = |number: &AtomicU64| number.load(Ordering::Relaxed);
            let lost = Reason::ALL.map(|reason| (reason.name().to_owned(), of.lost(reason)));
            let state = SignalState {
                endpoint: text(&of.endpoint),
                sent: number(&of.sent),
                queue_bytes: number(&of.queue_bytes),
                last_success_unix_s: number(&of.last_success_unix_s),
                lost: lost.into_iter().filter(|(_, count)| *count > 0).collect(),
                error: text(&of.last_error),
            };
            (signal.variable().to_lowercase(), state)
        };
        let is_told = |state: &SignalState| {
            !state.endpoint.is_empty() || !state.error.is_empty() || state.sent > 0 || !state.lost.is_empty()
        };
        let signals: ExportState = SIGNALS.iter().map(of).filter(|(_, state)| is_told(state)).collect();
        (!signals.is_empty()).then_some(signals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_counted_by_reason_and_each_miss_once() {
        let telemetry = Telemetry::default();
        assert_eq!(telemetry.state(), None);
        telemetry.goes_to(Signal::Logs, "http://otel/v1/logs");
        telemetry.missed(Signal::Logs, Missed { queue_full: 3, ..Missed::default() });
        telemetry.missed(Signal::Logs, Missed { queue_full: 5, overwritten: 1, ..Missed::default() });
        telemetry.lost(Signal::Logs, Reason::Refused, 2, "400");
        let logs = telemetry.state().unwrap().remove("logs").unwrap();
        let lost = [("overwritten", 1), ("queue_full", 5), ("refused", 2)];
        assert_eq!(logs.lost, lost.map(|(name, count)| (name.to_owned(), count)).into());
        assert_eq!(logs.error, "400");
        telemetry.taken(Signal::Logs, 10);
        assert_eq!(telemetry.state().unwrap().remove("logs").unwrap().error, "");
    }

    #[test]
    fn each_reason_has_its_number_and_a_name_of_its_own() {
        assert!(Reason::ALL.iter().enumerate().all(|(at, reason)| *reason as usize == at));
        let names: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.name()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
