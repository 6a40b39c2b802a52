//! A living process, one thread of which ended of an exception that nobody caught.
//!
//! Of threads that are begun one behind another, as for each request or task, one that ends so now and then is no more
//! than its task: it is told where none of its kind went on behind it. Kinds are told apart by the names of threads, but
//! for numbers in them.

use crate::calls::bits;
use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::THREAD_ENDED;
use crate::words::uncaught::{self, Uncaught};
use rewind_recording::decode;
use rewind_recording::event::What;
use rewind_recording::filter::comm;
use std::collections::{BTreeMap, BTreeSet};

/// What works so long behind the end of another goes on without it.
const WORKS_NS: u64 = 100_000_000;
/// What ended so short a time ago ended a moment ago.
const MOMENT_NS: u64 = 1_000_000_000;
/// What Java calls threads that have no name of their own.
const UNNAMED: &str = "Thread-";

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    let all = uncaught::all(facts);
    let processes: BTreeSet<u32> = all.iter().map(|thread| thread.tgid).collect();
    processes.into_iter().flat_map(|tgid| of_process(facts, tgid, &all)).collect()
}

fn of_process(facts: &Facts<'_>, tgid: u32, all: &[Uncaught]) -> Vec<Finding> {
    let lives = lives(facts, tgid);
    let ended = all.iter().filter(|thread| thread.tgid == tgid);
    let mut last = BTreeMap::<&str, &Uncaught>::new();
    // What goes on behind it is not known at once.
    for thread in ended.clone().filter(|thread| thread.at_ns.saturating_add(MOMENT_NS) <= facts.header.read_ns) {
        last.insert(lives.get(&thread.tid).map_or("", |life| &life.kind), thread);
    }
    let failed: BTreeSet<u32> = ended.map(|thread| thread.tid).collect();
    let own = lives.get(&tgid).map_or("", |life| &life.kind);
    let goes_on = |kind: &str| {
        let thread = last.get(kind)?;
        let life = lives.get(&thread.tid)?;
        let kin = || lives.iter().filter(|(tid, other)| other.kind == kind && **tid != tgid);
        let well = || kin().filter(|(tid, _)| !failed.contains(tid)).map(|(_, other)| other);
        // A pool begins another in its place before it ends, whether there is work for that or not.
        let has_place = || kin().any(|(_, other)| thread.said_ns < other.first_ns && other.first_ns <= thread.at_ns);
        let works = || well().any(|other| other.worked_ns > thread.at_ns.saturating_add(WORKS_NS));
        let has_later = well().any(|other| other.first_ns > thread.at_ns) || has_place() && works();
        // Without names of their own they may be of any kind.
        let is_named = ![own, UNNAMED].contains(&kind);
        let has_earlier = || well().any(|other| other.end_ns.is_some_and(|end_ns| end_ns < life.first_ns));
        Some(!thread.is_javas_main && has_later && (is_named || has_earlier()))
    };
    let told = last.iter().filter(|(kind, _)| goes_on(kind) != Some(true));
    told.map(|(_, thread)| finding(facts, thread)).collect()
}

fn finding(facts: &Facts<'_>, thread: &Uncaught) -> Finding {
    let Uncaught { tid, tgid, index, said, is_javas_main, .. } = thread;
    let comm = facts.processes.get(tgid).map_or("", |process| &process.comm);
    let whose = if *is_javas_main { "the main thread".to_owned() } else { format!("thread {tid}") };
    let text = format!("{whose} of process {tgid} ({comm}) ended: it said \"{said}\"");
    let reasons = vec!["it wrote that right before it ended, and its process lives on without it"];
    Finding { reasons, ..Finding::new("thread", THREAD_ENDED, text, [*index]) }
}

/// What is known of a thread's life.
#[derive(Debug, Default)]
struct Life {
    /// Its name without numbers.
    kind: String,
    first_ns: u64,
    /// When it did more than to wait for another.
    worked_ns: u64,
    end_ns: Option<u64>,
}

/// The threads of a process.
fn lives(facts: &Facts<'_>, tgid: u32) -> BTreeMap<u32, Life> {
    let mut lives = BTreeMap::<u32, Life>::new();
    for event in (0..facts.timeline.len()).filter_map(|index| facts.timeline.event(index)) {
        let Some(task) = event.task.filter(|task| task.tgid == tgid) else { continue };
        let life = lives.entry(event.tid).or_insert(Life { first_ns: event.start_ns, ..Life::default() });
        life.kind = comm(&task.comm).text().chars().filter(|c| !c.is_ascii_digit()).collect();
        match event.what {
            What::Exit(_) => life.end_ns = Some(event.end_ns),
            What::Call { call, .. } if decode::bits(&call, facts.arch) & bits::WAITS_THREAD == 0 => {
                life.worked_ns = life.worked_ns.max(event.start_ns);
            }
            _ => {}
        }
    }
    lives
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_recording::event::build;

    const NOTHING: &str = "It is running: nothing unusual found.";

    fn starts(scene: &mut Scene, tid: u32, comm: &str) {
        scene.now += MS;
        build::task(&mut scene.records, scene.now, (tid, 700), (tid - 699, 1), comm);
        scene.call(tid, 39).result(1).end();
    }

    fn ends(scene: &mut Scene, tid: u32, said: &str) {
        scene.main = tid;
        if !said.is_empty() {
            scene.say(2, said);
        }
        scene.later(MS);
        build::exit(&mut scene.records, scene.now, (tid, 700), 0, false);
    }

    const MISSED: &str = "Exception in thread Thread-1:\nTraceback (most recent call last):\n  File \"app.py\", line 3, in \
                          run\nFileNotFoundError: [Errno 2] No such file or directory: '/data/in.csv'\n";

    #[test]
    fn a_thread_that_ended_of_an_exception_is_told_with_what_it_said() {
        let ended = |said: &str| {
            let mut scene = Scene::of("python3 app.py");
            starts(&mut scene, 701, "worker");
            ends(&mut scene, 701, said);
            scene.later(9 * S);
            scene.answer()
        };
        let answer = "It is running; but thread 701 of process 700 (python3) ended: it said \"FileNotFoundError: [Errno 2] No \
                      such file or directory: '/data/in.csv'\".";
        assert_eq!(ended(MISSED), answer);
        assert_eq!(ended("warning: nothing to do\n"), NOTHING);
        // What was caught.
        assert_eq!(ended(MISSED.split_once('\n').unwrap().1), NOTHING);
    }

    #[test]
    fn ruby_keeps_a_thread_for_a_while_that_has_ended() {
        let mut scene = Scene::of("ruby app.rb");
        starts(&mut scene, 701, "app.rb:2");
        scene.main = 701;
        scene.say(
            2,
            "#<Thread:0x00007f0dbfb63ea0 /app.rb:2 run> terminated with exception (report_on_exception is true):\n",
        );
        scene.say(2, "/app.rb:2:in `block in <main>': undefined method `fetch' for nil (NoMethodError)\n");
        scene.later(3 * S);
        ends(&mut scene, 701, "");
        scene.later(9 * S);
        let answer = "It is running; but thread 701 of process 700 (ruby) ended: it said \"undefined method `fetch' for nil \
                      (NoMethodError)\".";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn javas_main_thread_lives_on_and_has_ended_all_the_same() {
        let lives = |timeout: u64| {
            let mut scene = Scene::of("java Rates");
            starts(&mut scene, 701, "java");
            scene.main = 701;
            scene.say(2, "Exception in thread \"main\" ");
            scene.say(2, "java.lang.NumberFormatException: For input string: \"1,5\"\n");
            scene.say(2, "\tat Rates.main(Rates.java:21)\n");
            scene.later(MS);
            let call = build::call(&mut scene.records, 701, 202).at(scene.now, 0).enter();
            call.arg(0x4000).arg(0x189).arg(0).arg(timeout).arg(0).arg(u64::from(u32::MAX)).end();
            starts(&mut scene, 702, "pool-1-thread-1");
            scene.later(30 * S);
            scene.answer()
        };
        let answer = "It is running; but the main thread of process 700 (java) ended: it said \
                      \"java.lang.NumberFormatException: For input string: \"1,5\"\".";
        assert_eq!(lives(0), answer);
        // It goes on.
        assert_eq!(lives(0x7ffc_0000), NOTHING);
    }

    #[test]
    fn a_task_that_failed_in_a_server_that_goes_on_is_no_answer() {
        let served = |comm: &str, failing: &[u32]| {
            let mut scene = Scene::of("server");
            for tid in 701..708 {
                starts(&mut scene, tid, &comm.replace('#', &tid.to_string()));
                ends(&mut scene, tid, if failing.contains(&tid) { MISSED } else { "" });
                scene.later(S);
            }
            scene.answer()
        };
        for comm in ["server", "http-#", "Thread-#"] {
            assert_eq!(served(comm, &[702, 705]), NOTHING, "{comm}");
            // Nothing went on behind it.
            let answer = served(comm, &[706, 707]);
            assert!(answer.starts_with("It is running; but thread 707 of process 700 (server) ended"), "{answer}");
        }
        // Of those that have no names the first may be another kind.
        assert_eq!(served("http-#", &[701]), NOTHING);
        assert!(served("server", &[701]).starts_with("It is running; but thread 701"), "{}", served("server", &[701]));
    }

    #[test]
    fn a_thread_that_was_begun_in_place_of_one_that_ended_is_none_that_went_on_until_it_works() {
        let pool = |works: bool| {
            let mut scene = Scene::of("java Pool");
            starts(&mut scene, 701, "pool-1-thread-1");
            scene.main = 701;
            scene.say(2, "Exception in thread \"pool-1-thread-1\" java.lang.IllegalStateException: bad record 7\n");
            starts(&mut scene, 702, "pool-1-thread-2");
            ends(&mut scene, 701, "");
            scene.later(S);
            if works {
                scene.call(702, 39).result(1).end();
            }
            scene.later(9 * S);
            scene.answer()
        };
        assert!(pool(false).contains("thread 701 of process 700 (java) ended"), "{}", pool(false));
        assert_eq!(pool(true), NOTHING);
    }

    #[test]
    fn what_ended_a_moment_ago_is_not_told_yet() {
        let ended = |ago: u64| {
            let mut scene = Scene::of("python3 app.py");
            starts(&mut scene, 701, "worker");
            ends(&mut scene, 701, MISSED);
            let header = rewind_recording::header::Header { read_ns: scene.now + ago, ..scene.header() };
            crate::diagnose(&header, &rewind_recording::event::sorted(&scene.records), &Default::default()).answer
        };
        assert_eq!(ended(MS), NOTHING);
        assert!(ended(2 * S).contains("thread 701"), "{}", ended(2 * S));
    }
}
