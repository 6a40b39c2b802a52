//! A living container that its limit of CPU time holds up: all that it does takes longer than its program needs.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::Group;
use crate::weight::THROTTLED;
use crate::words::throttling;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    let text = throttling::clause(facts);
    text.map(|text| Finding::new("throttled", THROTTLED, text, None)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};
    use crate::{Diagnosis, diagnose};
    use rewind_recording::header::{CpuLimit, Header, Living, ThreadState};

    const NOTHING: &str = "It is running: nothing unusual found.";
    const LIMIT: CpuLimit =
        CpuLimit { millicpus: 50, periods: 104, throttled_periods: 99, throttled_ns: 9_310_000_000 };

    /// Its thread sleeps or runs, and began so many seconds ago.
    fn why(scene: &Scene, cpu_limit: CpuLimit, state: char, age_s: u64) -> Diagnosis {
        let threads = vec![ThreadState { tgid: 700, tid: 700, state, cpu_ms: 900 }];
        let cpu_limit = Some(cpu_limit);
        let living = Living { frozen: Some(false), cpu_limit, age_ms: Some(age_s * 1000), threads, left_out: 0 };
        let header = Header { living: Some(living), ..scene.header() };
        diagnose(&header, &rewind_recording::event::sorted(&scene.records), &Default::default())
    }

    fn answer(cpu_limit: CpuLimit, age_s: u64) -> String {
        let mut scene = Scene::of("app");
        scene.open("/srv/matrix", 3);
        why(&scene, cpu_limit, 'S', age_s).answer
    }

    #[test]
    fn who_is_stopped_by_its_limit_most_of_the_time_is_told() {
        let told = "It is running; but its CPU limit (0.05 CPUs) has stopped it in 95% of all periods that it ran in, for \
                    9.31s together (cpu.stat).";
        assert_eq!(answer(LIMIT, 11), told);
        let odd = CpuLimit { throttled_periods: u64::MAX, throttled_ns: u64::MAX, ..LIMIT };
        assert!(answer(odd, 11).contains("in 100% of"));
    }

    #[test]
    fn who_meets_its_limit_at_times_is_not_told() {
        for well in [
            CpuLimit { throttled_periods: 51, ..LIMIT },
            CpuLimit { periods: 19, throttled_periods: 19, ..LIMIT },
            CpuLimit::default(),
        ] {
            assert_eq!(answer(well, 11), NOTHING);
        }
        // As it started, an hour ago.
        assert_eq!(answer(LIMIT, 3600), NOTHING);
    }

    #[test]
    fn what_takes_long_for_it_and_what_fails_are_told_before_it() {
        let mut scene = Scene::of("app");
        scene.open("/srv/matrix", 3);
        scene.later(30 * S);
        let answer = why(&scene, LIMIT, 'R', 31).answer;
        let computes =
            "could run, but has had 900ms of CPU since it began; its CPU limit (0.05 CPUs) has stopped it in 95%";
        assert!(answer.contains(computes), "{answer}");
        let mut scene = Scene::of("app");
        for _ in 0..12 {
            scene.connect([10, 0, 0, 5], 5432, -111);
            scene.later(S);
        }
        let why = why(&scene, LIMIT, 'S', 12);
        assert!(why.answer.starts_with("It is running; but connect to 10.0.0.5:5432 was refused"), "{}", why.answer);
        assert_eq!(why.findings.last().map(|finding| finding.rule), Some("throttled"));
    }

    #[test]
    fn one_that_has_ended_is_not_told() {
        let mut scene = Scene::of("app");
        scene.open("/srv/matrix", 3);
        scene.exit(700, 9);
        assert!(!why(&scene, LIMIT, 'S', 11).answer.contains("limit"));
    }
}
