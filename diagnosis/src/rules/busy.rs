//! A thread that makes no call and is in none: it computes, for ever as it may be. Or one that makes one call alone, which
//! gives it nothing.

use crate::facts::{Facts, Thread};
use crate::finding::Finding;
use crate::groups::Group;
use crate::meaning;
use crate::weight::HUNG;
use crate::words::throttling;
use rewind_recording::call::Call;
use rewind_recording::decode::{self, errno::EAGAIN};
use rewind_recording::event::{Event, What};
use rewind_recording::render::units::{duration, grouped};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Programs that compute make no call for as long.
const LONG_NS: u64 = 10_000_000_000;
/// Who makes such a call so often, for so long, waits in a loop for what another is to do.
const LOOPS: u64 = 1000;
const LOOPS_NS: u64 = 5_000_000_000;
/// Or so many times as often as is held.
const LAPS: u64 = 100;
/// Who makes no other call makes the next one so soon.
const MOMENT_NS: u64 = 1_000_000;
/// The kernel's letter for a thread that runs, or could.
const RUNS: char = 'R';
/// Less CPU than this share of the time, in percent, and it was held up.
const HELD_UP: u64 = 20;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if facts.is_frozen() {
        return Vec::new();
    }
    let threads = facts.threads().into_values().flatten().collect::<Vec<_>>();
    let free = threads.iter().filter(|thread| thread.wait.is_none());
    let busy = free.filter_map(|thread| match thread.quiet_ns > LONG_NS {
        true => finding(facts, thread),
        false => only_memory(facts, thread),
    });
    let mut findings: Vec<_> = busy.chain(looping(facts)).collect();
    findings.truncate(3);
    findings
}

fn finding(facts: &Facts<'_>, thread: &Thread) -> Option<Finding> {
    let Thread { tid, tgid, quiet_ns, state, cpu_ms, .. } = *thread;
    let long = duration(quiet_ns);
    let comm = facts.processes.get(&tgid).map_or("", |process| &process.comm);
    let who = if tid == tgid {
        format!("process {tgid} ({comm})")
    } else {
        format!("thread {tid} of process {tgid} ({comm})")
    };
    let text = match (state, cpu_ms) {
        (Some(RUNS), Some(cpu_ms)) if cpu_ms.saturating_mul(100) < (quiet_ns / 1_000_000).saturating_mul(HELD_UP) => {
            let used = duration(cpu_ms.saturating_mul(1_000_000));
            format!("{who} has made no call for {long}, and could run, but has had {used} of CPU since it began")
        }
        (Some(RUNS), Some(cpu_ms)) => {
            let used = duration(cpu_ms.saturating_mul(1_000_000));
            format!("{who} has made no call for {long}, and runs: it computes ({used} of CPU since it began)")
        }
        // The kernel says that it does something else; or it was not asked, and the thread may have ended unseen.
        _ => return None,
    };
    let text = text + &throttling::beside(facts);
    Some(Finding::new("busy", HUNG, text, last_event(facts, tid)))
}

/// Calls that runtimes make to manage memory, whatever their program does.
const OF_MEMORY: [&str; 7] = ["brk", "mmap", "munmap", "mprotect", "madvise", "getpid", "gettid"];

/// A main thread that runs, and has made no call for long but those of who only computes.
fn only_memory(facts: &Facts<'_>, thread: &Thread) -> Option<Finding> {
    let Thread { tid, tgid, state: Some(RUNS), cpu_ms: Some(cpu_ms), .. } = *thread else { return None };
    let coverage = &facts.header.coverage;
    let events = (0..facts.timeline.len()).rev().filter_map(|index| facts.timeline.event(index));
    let is_other = |event: &Event<'_>| match event.what {
        What::Call { call, .. } => !OF_MEMORY.contains(&&*decode::name(&call, facts.arch)),
        _ => false,
    };
    let last = events.filter(|event| event.tid == tid).find(is_other).map(|event| event.end_ns);
    let since_ns = last.unwrap_or(coverage.complete_from_ns.max(facts.header.born_ns)).max(coverage.complete_from_ns);
    let long_ns = facts.header.read_ns.saturating_sub(since_ns);
    let is_busy = cpu_ms.saturating_mul(100) >= (long_ns / 1_000_000).saturating_mul(HELD_UP);
    if tid != tgid || long_ns <= LONG_NS || !is_busy {
        return None;
    }
    let comm = facts.processes.get(&tgid).map_or("", |process| &process.comm);
    let (long, used) = (duration(long_ns), duration(cpu_ms.saturating_mul(1_000_000)));
    let text = format!(
        "process {tgid} ({comm}) has made no call for {long} but for memory, and runs: it computes ({used} of CPU since it \
         began)"
    );
    Some(Finding::new("busy", HUNG, text, last_event(facts, tid)))
}

/// A call that gives nothing: it only yields the CPU, or says that there is nothing yet, with the errno.
type Fruitless = (Cow<'static, str>, Option<u16>);

/// Living processes of one thread whose last calls are all one that gives nothing: others may do what a thread waits for.
fn looping(facts: &Facts<'_>) -> Vec<Finding> {
    if facts.sums.values().all(|sums| sums.calls < LOOPS) {
        return Vec::new();
    }
    let coverage = &facts.header.coverage;
    let mut loops = BTreeMap::<u32, Loop>::new();
    for (index, event) in (0..facts.timeline.len()).filter_map(|index| Some((index, facts.timeline.event(index)?))) {
        let What::Call { call, .. } = event.what else { continue };
        // Before that only those that failed may be held.
        if call.errno().is_some() && event.start_ns < coverage.complete_from_ns {
            continue;
        }
        match fruitless(facts, &call) {
            Some(call) => {
                let one = loops.entry(event.tid).or_insert_with(|| Loop::begun(call.clone(), event.start_ns));
                if one.call != call {
                    *one = Loop::begun(call, event.start_ns);
                }
                (one.count, one.last) = (one.count + 1, index);
            }
            None => drop(loops.remove(&event.tid)),
        }
    }
    let found = facts.threads().into_iter().filter_map(|(tgid, threads)| {
        let [Thread { quiet_ns, .. }] = *threads else { return None };
        let Loop { call: (name, errno), count, since_ns, last } = loops.get(&tgid)?;
        let long_ns = facts.header.read_ns.saturating_sub(*since_ns);
        // Of a loop without any pause only the newest are held.
        let is_all = since_ns.saturating_sub(coverage.complete_from_ns) < MOMENT_NS;
        let laps = is_all && coverage.calls_overwritten >= count.saturating_mul(LAPS);
        let is_long = long_ns >= LOOPS_NS || laps;
        if *count < LOOPS || !is_long || quiet_ns > LOOPS_NS {
            return None;
        }
        let comm = facts.processes.get(&tgid).map_or("", |process| &process.comm);
        let what = match errno {
            Some(errno) => format!("are {name}, which had nothing yet ({})", meaning::name(*errno)),
            None => format!("only yield the CPU ({name})"),
        };
        let (count, long) = (grouped(*count), duration(long_ns));
        let text = format!("process {tgid} ({comm}) waits in a loop: all of its last {count} calls, in {long}, {what}");
        Some(Finding::new("busy", HUNG, text, [*last]))
    });
    found.collect()
}

/// One call, again and again.
struct Loop {
    call: Fruitless,
    count: u64,
    since_ns: u64,
    /// The last of these.
    last: usize,
}

impl Loop {
    fn begun(call: Fruitless, since_ns: u64) -> Self {
        Self { call, count: 0, since_ns, last: 0 }
    }
}

/// The call, if it gave nothing.
fn fruitless(facts: &Facts<'_>, call: &Call<'_>) -> Option<Fruitless> {
    let name = decode::name(call, facts.arch);
    match call.errno() {
        None => (name == "sched_yield").then_some((name, None)),
        // Of a call that waited it is that the time was over.
        errno => {
            errno.filter(|errno| *errno == EAGAIN && call.duration_ns < MOMENT_NS).map(|errno| (name, Some(errno)))
        }
    }
}

/// The last that a thread did.
fn last_event(facts: &Facts<'_>, tid: u32) -> Option<usize> {
    (0..facts.timeline.len()).rev().find(|index| facts.timeline.event(*index).is_some_and(|event| event.tid == tid))
}

#[cfg(test)]
mod tests {
    use crate::diagnose;
    use crate::scene::{S, Scene};
    use rewind_recording::header::{Header, Living, ThreadState};

    fn answer(state: Option<(char, u64)>) -> String {
        let mut scene = Scene::of("app");
        scene.open("/srv/matrix", 3);
        scene.later(30 * S);
        told(&scene, state)
    }

    fn told(scene: &Scene, state: Option<(char, u64)>) -> String {
        let thread = |(state, cpu_ms)| ThreadState { tgid: 700, tid: 700, state, cpu_ms };
        let living =
            state.map(|state| Living { frozen: Some(false), threads: vec![thread(state)], ..Living::default() });
        let header = Header { living, ..scene.header() };
        diagnose(&header, &rewind_recording::event::sorted(&scene.records), &Default::default()).answer
    }

    #[test]
    fn who_computes_without_a_call_is_told_with_its_cpu_time() {
        let told = "It is running; but process 700 (app) has made no call for 30.9s, and runs: it computes (30.5s of CPU \
                    since it began).";
        assert_eq!(answer(Some(('R', 30_500))), told);
        assert!(answer(Some(('R', 900))).contains("could run, but has had 900ms of CPU"));
        // A call that was lost, say; or nobody asked the kernel.
        for state in [Some(('S', 10)), None] {
            assert_eq!(answer(state), "It is running: nothing unusual found.");
        }
    }

    #[test]
    fn who_computes_and_makes_no_calls_but_for_memory_is_told() {
        let computes = |nr: u16, state: (char, u64)| {
            let mut scene = Scene::of("node shop.js");
            scene.open("/srv/matrix", 3);
            for _ in 0..15 {
                scene.later(2 * S);
                scene.call(700, nr).arg(0x1000).result(0x1000).end();
            }
            told(&scene, Some(state))
        };
        let answer = "It is running; but process 700 (node) has made no call for 31.0s but for memory, and runs: it computes \
                      (30.5s of CPU since it began).";
        assert_eq!(computes(12, ('R', 30_500)), answer);
        for (nr, state) in [(12, ('S', 30_500)), (12, ('R', 900)), (1, ('R', 30_500))] {
            assert_eq!(computes(nr, state), "It is running: nothing unusual found.");
        }
    }

    #[test]
    fn who_does_nothing_but_yield_is_told() {
        let yields = |times: u64, pause_ns: u64, last: u16| {
            let mut scene = Scene::of("app");
            for _ in 0..times {
                scene.call(700, 24).result(0).end();
                scene.now += pause_ns;
            }
            scene.call(700, last).result(0).end();
            scene.answer()
        };
        let told = yields(1_200, 5_000_000, 24);
        let answer = "It is running; but process 700 (app) waits in a loop: all of its last 1,201 calls, in 8.";
        assert!(told.starts_with(answer) && told.ends_with("s, only yield the CPU (sched_yield)."), "{told}");
        // As who accepts without waiting for a client.
        let accepts = |errno: i64| {
            let mut scene = Scene::of("app");
            for _ in 0..1_200 {
                scene.call(700, 288).arg(3).result(-errno).end();
                scene.now += 5_000_000;
            }
            scene.answer()
        };
        let told =
            "waits in a loop: all of its last 1,200 calls, in 8.19s, are accept4, which had nothing yet (EAGAIN).";
        assert!(accepts(11).contains(told), "{}", accepts(11));
        assert!(!accepts(103).contains("in a loop"), "{}", accepts(103));
        for told in [yields(1_200, 5_000_000, 39), yields(1_200, 1_000, 24), yields(100, 100_000_000, 24)] {
            assert_eq!(told, "It is running: nothing unusual found.");
        }
    }
}
