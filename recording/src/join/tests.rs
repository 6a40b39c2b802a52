//! The joiner beside a model: all records at once. However a stream of records is cut into batches, the events
//! are those of one timeline of all of them, each once, and in the order of each thread.

use super::*;
use crate::event::build;
use proptest::prelude::*;
use rewind_common::call::{flags, part};
use std::collections::BTreeMap;

const CONNECT: u16 = 42;
const EXECVE: u16 = 59;

/// One step of a thread.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A call without a start of its own.
    Call,
    /// The start of a call.
    Enter,
    /// Within it, the thread runs another program, of which the call's start could read nothing.
    Exec,
    /// The end of the call that began last.
    Return,
    /// A call whose end was lost: the thread goes on.
    Lose,
    /// A signal is delivered.
    Signal,
    Task,
}

fn steps() -> impl Strategy<Value = Vec<(u32, Step)>> {
    let step = prop_oneof![
        Just(Step::Call),
        Just(Step::Enter),
        Just(Step::Exec),
        Just(Step::Return),
        Just(Step::Return),
        Just(Step::Lose),
        Just(Step::Signal),
        Just(Step::Task)
    ];
    prop::collection::vec((1..5_u32, step), 0..80)
}

/// The records of these steps, each record apart.
fn records(steps: &[(u32, Step)]) -> Vec<Vec<u8>> {
    let mut open: BTreeMap<u32, u64> = BTreeMap::new();
    let mut all = Vec::new();
    for (at, &(tid, step)) in steps.iter().enumerate() {
        let (mut out, now_ns) = (Vec::new(), 1_000 + 10 * at as u64);
        match step {
            Step::Call if !open.contains_key(&tid) => build::call(&mut out, tid, CONNECT).at(now_ns - 3, 3).end(),
            Step::Enter if !open.contains_key(&tid) => {
                open.insert(tid, now_ns);
                build::call(&mut out, tid, EXECVE).at(now_ns, 0).unread(0x7000).unread(0x8000).arg(0).enter().end();
            }
            Step::Exec if open.contains_key(&tid) => {
                build::exec(&mut out, now_ns, (tid, tid), &format!("/bin/{at}"), &["a", "b"]);
            }
            Step::Return => {
                if let Some(start_ns) = open.remove(&tid) {
                    let entered = build::call(&mut out, tid, EXECVE).flags(flags::ENTERED);
                    entered.at(start_ns, now_ns - start_ns).end();
                }
            }
            Step::Lose => {
                open.remove(&tid);
            }
            Step::Signal => build::signal(&mut out, now_ns, tid, [17; 12]),
            Step::Task => build::task(&mut out, now_ns, (tid, tid), (tid, tid), "web"),
            Step::Call | Step::Enter | Step::Exec => {}
        }
        all.push(out);
    }
    all
}

/// An event as it can be compared: time, end, what became of it, and whether its start is there.
type Seen = (u32, u64, u64, String, Option<u32>);

fn seen(event: &Event<'_>) -> Seen {
    let what = match event.what {
        What::Call { outcome, enter, call } => {
            let strings = [(0, part::WHOLE), (1, part::WHOLE), (1, part::STRINGS)].map(|(arg, part)| {
                enter.unwrap_or(call).blob(arg, part).map(|blob| String::from_utf8_lossy(blob.bytes).into_owned())
            });
            format!("{outcome:?} {strings:?}")
        }
        other => format!("{other:?}"),
    };
    (event.tid, event.start_ns, event.end_ns, what, event.task.map(|task| task.tgid))
}

proptest! {
    #[test]
    fn however_records_are_cut_into_batches_the_events_are_the_same(
        steps in steps(),
        cuts in prop::collection::vec(any::<bool>(), 80),
    ) {
        let records = records(&steps);
        let all = records.concat();
        let model = Timeline::new(&all);
        // Who a thread is may be told only after its first event: batch by batch that is not known yet.
        let known = |(tid, start, end, what, _): Seen| (tid, start, end, what);
        let mut expected: Vec<_> = model.by_end().map(|event| known(seen(&event))).collect();
        let mut joiner = Joiner::default();
        let (mut found, mut batch) = (Vec::new(), Vec::new());
        for (record, cut) in records.iter().zip(cuts) {
            batch.extend_from_slice(record);
            if cut {
                found.push(joiner.push(&std::mem::take(&mut batch)));
            }
        }
        found.push(joiner.push(&batch));
        prop_assert_eq!(joiner.given_up(), 0);
        let of = |batch: &Batch| -> Vec<_> {
            batch.timeline().by_end().filter(is_complete).map(|event| known(seen(&event))).collect()
        };
        let mut events: Vec<_> = found.iter().flat_map(of).collect();
        prop_assert_eq!(found.iter().map(Batch::len).sum::<usize>(), events.len());
        for tid in 1..5 {
            // A call that was lost is known to be only when its thread does something else.
            let ends: Vec<u64> = events.iter().filter(|e| e.0 == tid && !e.3.starts_with("Lost")).map(|e| e.2).collect();
            prop_assert!(ends.is_sorted(), "{:?}", ends);
        }
        let last = joiner.finish();
        events.extend(last.timeline().by_end().map(|event| known(seen(&event))));
        events.sort();
        expected.sort();
        prop_assert_eq!(events, expected);
    }
}

#[test]
fn a_thread_is_known_by_what_an_earlier_batch_said() {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    build::task(&mut first, 100, (7, 5), (7, 5), "web");
    build::call(&mut second, 7, CONNECT).at(200, 3).end();
    let mut joiner = Joiner::default();
    assert!(joiner.push(&first).is_empty());
    let batch = joiner.push(&second);
    assert_eq!(batch.records(), second);
    let tgid = batch.timeline().by_end().next().and_then(|event| event.tgid());
    assert_eq!(tgid, Some(5));
}

/// Thread 7 is about to run `program` by strings that could not be read; then it does.
fn running(at_ns: u64, program: &str) -> [Vec<u8>; 3] {
    let mut records = [Vec::new(), Vec::new(), Vec::new()];
    let [start, exec, end] = &mut records;
    build::call(start, 7, EXECVE).at(at_ns, 0).unread(0x7000).unread(0x8000).arg(0).enter().end();
    build::exec(exec, at_ns + 5, (7, 7), program, &["sh", "-c"]);
    build::call(end, 7, EXECVE).flags(flags::ENTERED).at(at_ns, 9).end();
    records
}

/// What a batch says of the calls that have ended in it, and of programs that were run.
fn told(batch: &Batch) -> Vec<String> {
    let text = |blob: Option<crate::blobs::Bytes<'_>>| {
        blob.map(|blob| blob.bytes.escape_ascii().to_string()).unwrap_or_default()
    };
    let of = |event: Event<'_>| match event.what {
        What::Call { enter, .. } => {
            let enter = enter?;
            Some(format!("execve {} {}", text(enter.blob(0, part::WHOLE)), text(enter.blob(1, part::STRINGS))))
        }
        What::Exec(exec) => Some(format!("runs {}", exec.path().escape_ascii())),
        _ => None,
    };
    batch.timeline().by_end().filter(is_complete).filter_map(of).collect()
}

#[test]
fn an_exec_tells_the_strings_of_its_call_though_each_record_comes_with_a_batch_of_its_own() {
    let mut joiner = Joiner::default();
    let [start, exec, end] = running(100, "/bin/sh");
    assert!(joiner.push(&start).is_empty());
    let batch = joiner.push(&exec);
    assert_eq!((told(&batch), batch.records()), (vec!["runs /bin/sh".to_owned()], &exec[..]));
    // Something else happens to the thread meanwhile.
    let mut task = Vec::new();
    build::task(&mut task, 107, (7, 7), (7, 7), "sh");
    assert!(joiner.push(&task).is_empty());
    let batch = joiner.push(&end);
    assert_eq!(told(&batch), [r"execve /bin/sh\x00 sh\x00-c\x00"]);
    assert_eq!((batch.len(), batch.records()), (1, &end[..]));
    // Nothing of it is left for the next one.
    let [start, _, end] = running(200, "/bin/true");
    let batch = joiner.push(&[start, end].concat());
    assert!(!told(&batch)[0].contains("/bin/sh"), "{:?}", told(&batch));
    assert_eq!(joiner.waiting_bytes, 0);
}

#[test]
fn execs_that_wait_with_their_calls_are_bounded_with_them() {
    let mut joiner = Joiner::default();
    let argument = "x".repeat(1000);
    for tid in 1..=2_000 {
        let mut records = Vec::new();
        build::call(&mut records, tid, EXECVE).at(u64::from(tid), 0).unread(0x7000).unread(0x8000).enter().end();
        build::exec(&mut records, u64::from(tid), (tid, tid), "/bin/sh", &[&argument]);
        assert_eq!(joiner.push(&records).len(), 1);
    }
    assert!(joiner.given_up() > 0);
    let held: usize = joiner.waiting.values().flatten().map(Start::bytes).sum();
    assert!(held <= MAX_WAITING_BYTES && held == joiner.waiting_bytes, "{held}");
}

#[test]
fn the_oldest_starts_are_given_up_and_counted() {
    let mut joiner = Joiner::default();
    let path = "x".repeat(1000);
    for tid in 1..=2_000 {
        let mut start = Vec::new();
        build::call(&mut start, tid, CONNECT).at(u64::from(tid), 0).arg(3).string(&path).enter().end();
        assert!(joiner.push(&start).is_empty());
    }
    let left = joiner.clone().finish();
    assert!(left.bytes.len() <= MAX_WAITING_BYTES);
    assert_eq!(left.len() as u64 + joiner.given_up(), 2_000);
    let oldest = left.timeline().by_end().map(|event| event.tid).min();
    assert_eq!(oldest, Some(joiner.given_up() as u32 + 1));
}
