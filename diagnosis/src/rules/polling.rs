//! A living process that says it waits, and only looks again and again for a file that does not come, or does not go.

use crate::calls::{self, bits};
use crate::facts::{Facts, Subject};
use crate::finding::Finding;
use crate::groups::Group;
use crate::meaning::{Meaning, is_absent, is_there};
use crate::text::last_part;
use crate::weight::STUCK;
use crate::works::Works;
use rewind_recording::render::units::{duration, grouped};

/// So often, for so long.
const TIMES: u64 = 5;
const LONG_NS: u64 = 5_000_000_000;
/// So long ago is now.
const RECENT_NS: u64 = 1_000_000_000;
/// Who waits looks at least so often.
const PERIOD_NS: u64 = 5_000_000_000;

pub(super) fn rule(facts: &Facts<'_>, groups: &[Group]) -> Vec<Finding> {
    if !facts.is_living() || facts.is_frozen() {
        return Vec::new();
    }
    let polled: Vec<_> = groups.iter().filter(|group| is_polled(facts, group) && says_so(facts, group)).collect();
    if polled.is_empty() {
        return Vec::new();
    }
    let works = Works::of(facts);
    let only = |group: &&&Group| !works.has_more_than_starts(group.tgid, group.own_first_ns..facts.header.read_ns);
    // Who asks a peer again and again waits for that one.
    let asks = |group: &Group| {
        let is_peer = |other: &&Group| matches!(other.subject, Subject::Peer(_)) && other.tgid == group.tgid;
        groups.iter().filter(is_peer).any(|other| other.last_ns > group.own_first_ns && other.count > 1)
    };
    polled.iter().filter(only).filter(|group| !asks(group)).filter_map(|group| finding(group)).collect()
}

/// Whether a process still looks for a path again and again.
fn is_polled(facts: &Facts<'_>, group: &Group) -> bool {
    let span_ns = group.last_ns.saturating_sub(group.own_first_ns);
    let period_ns = span_ns / group.count.max(1);
    let ago_ns = facts.header.read_ns.saturating_sub(group.last_ns);
    let lives = facts.processes.get(&group.tgid).is_some_and(|process| process.end.is_none());
    let is_often = group.count >= TIMES && span_ns >= LONG_NS && period_ns < PERIOD_NS;
    lives && is_often && !group.recovered && ago_ns <= period_ns.saturating_mul(2) + RECENT_NS
}

/// Whether the last that the process wrote says that it waits, or names what for.
fn says_so(facts: &Facts<'_>, group: &Group) -> bool {
    let process = facts.processes.get(&group.tgid);
    let said = process.and_then(|process| process.outputs.iter().rfind(|output| !output.text.trim().is_empty()));
    let name = group.subject.text().and_then(last_part);
    said.map(|said| said.text.to_lowercase())
        .is_some_and(|said| said.contains("wait") || name.is_some_and(|name| said.contains(&name.to_lowercase())))
}

fn finding(group: &Group) -> Option<Finding> {
    let Subject::Path(path) = &group.subject else { return None };
    let often = format!("{} times in {}", grouped(group.count), duration(group.last_ns - group.own_first_ns));
    let text = if is_absent(group.errno) {
        format!("it waits for {path}, which is not there: it has looked {often}, and done nothing else")
    } else if calls::has(&group.name, bits::MAKES_ENTRY) && matches!(group.meaning, Meaning::Answer(_))
        || calls::has(&group.name, bits::OPENS) && is_there(group.errno)
    {
        format!("it waits for {path} to go: it has tried to make it {often}, and done nothing else")
    } else {
        return None;
    };
    Some(Finding::new("polling", STUCK, text, [group.first, group.last]))
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};

    /// A process that says something, and looks for a file each second; it does something else meanwhile, or not.
    fn looks(said: &str, works: bool) -> String {
        let mut scene = Scene::of("app");
        scene.say(1, said);
        for _ in 0..12 {
            scene.access("/shared/ready", -2);
            if works {
                scene.connect([10, 0, 0, 5], 5432, 0);
            }
            scene.later(S);
        }
        scene.answer()
    }

    #[test]
    fn who_is_refused_by_a_peer_does_not_wait_for_what_a_library_looks_for_each_time() {
        let mut scene = Scene::of("app");
        scene.say(1, "waiting for database\n");
        for _ in 0..12 {
            scene.access("/var/kerberos/krb5/user/65534/client.keytab", -2);
            scene.connect([10, 0, 0, 5], 5432, -111);
            scene.later(S);
        }
        assert!(scene.answer().contains("connect to 10.0.0.5:5432 was refused"), "{}", scene.answer());
    }

    #[test]
    fn who_waits_for_a_file_to_go_that_another_has_made_waits() {
        let mut scene = Scene::of("app");
        // As Python writes it without a buffer.
        scene.say(1, "indexer: waiting for lock");
        scene.say(1, "\n");
        for _ in 0..12 {
            scene
                .call(700, 257)
                .arg(0xffff_ff9c)
                .string("/app/state/index.lock")
                .arg(0o300)
                .arg(0o777)
                .result(-17)
                .end();
            scene.later(S);
        }
        let waits = "It is running; but it waits for /app/state/index.lock to go: it has tried to make it 12 times in";
        assert!(scene.answer().starts_with(waits), "{}", scene.answer());
    }

    #[test]
    fn who_says_that_it_waits_for_a_file_and_only_looks_for_it_waits() {
        let answer = looks("INFO waiting for init container\n", false);
        let waits = "It is running; but it waits for /shared/ready, which is not there: it has looked 12 times in";
        assert!(answer.starts_with(waits), "{answer}");
        for well in [looks("INFO waiting for init container\n", true), looks("INFO 3 jobs done\n", false)] {
            assert_eq!(well, "It is running: nothing unusual found.");
        }
    }
}
