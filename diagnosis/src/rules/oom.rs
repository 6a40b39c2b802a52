//! Scenario 3: the OOM killer. What it killed, what that held, which limit was met, who asked for more.

use crate::facts::Facts;
use crate::finding::{Finding, Relation};
use crate::groups::Group;
use crate::weight::{CERTAIN, CHILD_KILLED, OOM_KILLED};
use rewind_common::record::OomKill;
use rewind_recording::events::{Context, oom_kill};
use rewind_recording::filter::Pids;

/// Who ends so long behind it ends of something else.
const OUTLIVED_NS: u64 = 1_000_000_000;

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    facts.oom_kills.iter().map(|(index, kill)| finding(facts, *index, kill)).collect()
}

fn finding(facts: &Facts<'_>, index: usize, kill: &OomKill) -> Finding {
    let trigger = oom_kill::trigger(kill, &Context { origins: &facts.origins, pids: Pids::Host });
    let what = format!("it held {}; {}{}; {trigger}", oom_kill::held(kill), oom_kill::limit(kill), rest(kill));
    let tgid = kill.tgid;
    let end = facts.processes.get(&tgid).and_then(|process| process.end).map(|end| end.index);
    let evidence = std::iter::once(index).chain(end);
    if facts.culprit == Some(tgid) {
        return Finding { relation: Relation::Reason, ..Finding::new("oom", OOM_KILLED, what, evidence) };
    }
    let name = facts.processes.get(&tgid).map_or("", |process| &process.comm);
    let text = format!("the OOM killer killed its child {name} (process {tgid}): {what}");
    // Who lives on behind that has got over it, as far as is known.
    let is_outlived = facts.ending.is_some_and(|ending| ending.at_ns.saturating_sub(kill.time_ns) > OUTLIVED_NS);
    Finding::new("oom", if is_outlived { CHILD_KILLED } else { CERTAIN }, text, evidence)
}

/// Whose most of a cgroup's memory may be, where it is not the victim's.
fn rest(kill: &OomKill) -> &'static str {
    let own = kill.anon_bytes.saturating_add(kill.file_bytes).saturating_add(kill.shmem_bytes);
    let is_others = oom_kill::met_limit(kill) && own < kill.usage_bytes / 2;
    if is_others { ", most of it not this process's: of others, or files in a tmpfs" } else { "" }
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, Scene};
    use rewind_recording::event::build;

    #[test]
    fn the_oom_killer_comes_before_all_else() {
        let mut scene = Scene::of("app");
        scene.open("/etc/passwd", -13);
        scene.say(2, "cannot open /etc/passwd\n");
        let kill = rewind_common::record::OomKill {
            anon_bytes: 30 << 20,
            usage_bytes: 32 << 20,
            limit_bytes: 32 << 20,
            trigger_tgid: 700,
            ..Default::default()
        };
        build::oom_kill(&mut scene.records, scene.now + MS, (700, 700), "app", kill);
        scene.later(2 * MS);
        scene.exit(700, 9);
        let why = scene.why();
        assert_eq!(
            why.answer,
            "It was killed by the OOM killer: it held 30 MiB of its own, 0 B of files, 0 B shared; its cgroup held 32 MiB of 32 MiB allowed; it asked for more itself."
        );
        assert_eq!(why.findings[0].rule, "oom");
    }

    #[test]
    fn memory_that_is_not_the_victims_is_told_as_such() {
        let rest = |anon_bytes, limit_bytes| {
            super::rest(&rewind_common::record::OomKill {
                anon_bytes,
                usage_bytes: 96 << 20,
                limit_bytes,
                ..Default::default()
            })
        };
        assert!(rest(3 << 20, 96 << 20).contains("tmpfs"));
        assert_eq!([rest(90 << 20, 96 << 20), rest(3 << 20, 0)], [""; 2]);
    }

    #[test]
    fn who_lives_on_behind_the_end_of_a_child_ends_of_something_else() {
        let mut scene = Scene::of("app");
        scene.child(701, 700, "render");
        let kill = rewind_common::record::OomKill { anon_bytes: 30 << 20, ..Default::default() };
        build::oom_kill(&mut scene.records, scene.now, (701, 701), "render", kill);
        scene.exit(701, 9);
        scene.later(3000 * MS);
        scene.say(2, "ERROR missing column price\n");
        scene.exit(700, 1 << 8);
        assert_eq!(scene.answer(), "It exited with 1: it said \"missing column price\".");
    }
}
