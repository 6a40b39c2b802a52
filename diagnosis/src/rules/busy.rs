//! A thread that makes no call and is in none: it computes, for ever as it may be. Or one that does nothing but yield the
//! CPU.

use crate::facts::{Facts, Thread};
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::HUNG;
use crate::words::throttling;
use rewind_recording::decode;
use rewind_recording::event::What;
use rewind_recording::render::units::{duration, grouped};
use std::collections::BTreeMap;

/// Programs that compute make no call for as long.
const LONG_NS: u64 = 10_000_000_000;
/// Who yields so often, for so long, waits in a loop for what another is to do.
const YIELDS: u64 = 1000;
const YIELDS_NS: u64 = 5_000_000_000;
/// Or so many times as often as is held.
const LAPS: u64 = 100;
/// The kernel's letter for a thread that runs, or could.
const RUNS: char = 'R';
/// Less CPU than this share of the time, in percent, and it was held up.
const HELD_UP: u64 = 20;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if facts.is_frozen() {
        return Vec::new();
    }
    let threads = facts.threads().into_values().flatten().collect::<Vec<_>>();
    let busy = threads.iter().filter(|thread| thread.wait.is_none() && thread.quiet_ns > LONG_NS);
    let mut findings: Vec<_> = busy.filter_map(|thread| finding(facts, thread)).chain(yielding(facts)).collect();
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

/// Living processes of one thread whose last calls are `sched_yield` alone: others may do what a thread yields for.
fn yielding(facts: &Facts<'_>) -> Vec<Finding> {
    if facts.sums.get("sched_yield").is_none_or(|sums| sums.calls < YIELDS) {
        return Vec::new();
    }
    let mut yields = BTreeMap::<u32, (u64, u64, usize)>::new();
    for (index, event) in (0..facts.timeline.len()).filter_map(|index| Some((index, facts.timeline.event(index)?))) {
        let What::Call { call, .. } = event.what else { continue };
        if decode::name(&call, facts.arch) == "sched_yield" {
            let (count, _, last) = yields.entry(event.tid).or_insert((0, event.start_ns, index));
            (*count, *last) = (*count + 1, index);
        } else {
            yields.remove(&event.tid);
        }
    }
    let found = facts.threads().into_iter().filter_map(|(tgid, threads)| {
        let [Thread { quiet_ns, .. }] = *threads else { return None };
        let (count, since_ns, last) = *yields.get(&tgid)?;
        let long_ns = facts.header.read_ns.saturating_sub(since_ns);
        // Of a loop without any pause only the newest are held: all since calls are complete.
        let coverage = &facts.header.coverage;
        let laps = coverage.calls_overwritten >= count.saturating_mul(LAPS) && since_ns <= coverage.complete_from_ns;
        let is_long = long_ns >= YIELDS_NS || laps;
        if count < YIELDS || !is_long || quiet_ns > YIELDS_NS {
            return None;
        }
        let comm = facts.processes.get(&tgid).map_or("", |process| &process.comm);
        let text = format!(
            "process {tgid} ({comm}) waits in a loop: all of its last {} calls, in {}, only yield the CPU (sched_yield)",
            grouped(count),
            duration(long_ns)
        );
        Some(Finding::new("busy", HUNG, text, [last]))
    });
    found.collect()
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
        for told in [yields(1_200, 5_000_000, 39), yields(1_200, 1_000, 24), yields(100, 100_000_000, 24)] {
            assert_eq!(told, "It is running: nothing unusual found.");
        }
    }
}
