//! Threads of a Java program that wait to enter a monitor (`synchronized`), as far as it can be told from calls.
//!
//! Who is the first that waits for one looks again after 1, 8, 64, 512 and then each 1,000 ms, in
//! `ObjectMonitor::EnterI` of OpenJDK (`src/hotspot/share/runtime/objectMonitor.cpp`, up to JDK 23; `MAX_RECHECK_INTERVAL`).
//! Nothing else waits so. Others that wait for it, and all of later versions, wait without a limit of time, as who idles
//! does: of those nothing is known here.

use super::{Facts, Thread, Wait};
use crate::calls::bits;
use crate::meaning::is_timeout;
use rewind_recording::call::Call;
use rewind_recording::decode;
use rewind_recording::event::{Event, Outcome, What};
use std::collections::HashMap;

/// Threads that each virtual machine has (`runtime/vmThread.cpp`, `java/lang/ref/Reference.java`), as the kernel cuts
/// their names.
const HOTSPOT: [&str; 2] = ["VM Thread", "Reference Handl"];
/// `FUTEX_PRIVATE_FLAG`.
const PRIVATE: u64 = 128;
/// Where each limit of `EnterI` begins: an eighth less, as its clock runs before the call does.
const STEPS_NS: [u64; 5] = [875_000, 7_000_000, 56_000_000, 448_000_000, 875_000_000];

/// Waits on one word whose limits grow as those of `EnterI` do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entering {
    /// When the first began.
    pub began_ns: u64,
    word: Option<u64>,
    /// Which limit was reached last.
    step: usize,
}

/// Whether a process is a virtual machine of Java, by the names of its threads.
pub(crate) fn is_hotspot(threads: &[Thread]) -> bool {
    HOTSPOT.iter().all(|name| threads.iter().any(|thread| thread.comm == *name))
}

impl Facts<'_> {
    /// Since when threads of a process wait to enter a monitor, by thread.
    pub(crate) fn entering(&self, threads: &[Thread]) -> HashMap<u32, Entering> {
        let waits: HashMap<u32, &Wait> =
            threads.iter().filter_map(|thread| Some((thread.tid, thread.wait.as_ref()?))).collect();
        let has_limit = |wait: &&Wait| !wait.is_endless && is_private_wait(wait.bits, wait.values[1]);
        let mut entering: HashMap<u32, Entering> =
            waits.iter().filter(|(_, wait)| has_limit(wait)).map(|(tid, _)| (*tid, Entering::default())).collect();
        if entering.is_empty() || !is_hotspot(threads) {
            return HashMap::new();
        }
        for event in (0..self.timeline.len()).filter_map(|index| self.timeline.event(index)) {
            let What::Call { call, outcome: Outcome::Returned, .. } = &event.what else { continue };
            if let Some(entering) = entering.get_mut(&event.tid) {
                entering.call(&event, call, self);
            }
        }
        entering.retain(|tid, entering| waits.get(tid).is_some_and(|wait| entering.goes_on(wait)));
        entering
    }
}

impl Entering {
    /// Whether a wait that has not ended is one more of it.
    fn goes_on(&self, wait: &Wait) -> bool {
        self.step + 1 == STEPS_NS.len() && wait.values[0] == self.word
    }

    fn call(&mut self, event: &Event<'_>, call: &Call<'_>, facts: &Facts<'_>) {
        let bits = decode::bits(call, facts.arch);
        if &*decode::name(call, facts.arch) != "futex" {
            *self = Self::default();
        } else if bits & bits::WAITS_THREAD != 0 {
            let step = STEPS_NS.iter().rposition(|limit| call.duration_ns >= *limit);
            let is_over = call.errno().is_some_and(is_timeout) && is_private_wait(bits, call.value(1));
            let word = call.value(0);
            match step.filter(|_| is_over) {
                Some(0) => *self = Self { word, began_ns: event.start_ns, step: 0 },
                Some(step) if word == self.word && step == (self.step + 1).min(STEPS_NS.len() - 1) => self.step = step,
                // The virtual machine may stop it meanwhile, by a word of its own.
                _ if word != self.word && !is_over => {}
                _ => *self = Self::default(),
            }
        }
    }
}

fn is_private_wait(bits: u64, operation: Option<u64>) -> bool {
    bits & bits::WAITS_THREAD != 0 && operation.is_some_and(|operation| operation & PRIVATE != 0)
}
