//! What was wrong with a container that was told to end from outside, as a liveness probe that fails has the kubelet do:
//! what would have been said of it the moment before. And the peer that a process waited for, which another process of the
//! container or its own timer ended.

use crate::facts::{ASKING, Facts, PATIENCE_NS, SIGABRT, SIGALRM, SIGHUP, SIGKILL, Served};
use crate::finding::{Finding, Relation};
use crate::groups::Group;
use crate::meaning::Meaning;
use crate::weight::{HUNG, SAID, weighed_groups};
use rewind_common::record::{SignalSent, sent_flags};
use rewind_recording::header::Header;
use rewind_recording::render::units::duration;

/// Who is told to end has so long for it, and some more (`terminationGracePeriodSeconds`: 30 s if not set).
const GRACE_NS: u64 = 120_000_000_000;

/// Programs that compute make no call for as long.
const QUIET_NS: u64 = 5_000_000_000;

/// From this status on it is the server's error (RFC 9110, 15.6).
const ERRORS: u16 = 500;
/// And from this one on the client's, as that there is no such path (RFC 9110, 15.5).
const CLIENT_ERRORS: u16 = 400;
/// So many probes in a row make a server dead (`failureThreshold`: 3 if not set).
const PROBED: usize = 3;
/// The last parts of the paths of probes that end a container when they fail (`livenessProbe`).
const DEADLY: [&str; 8] = ["health", "healthz", "healthcheck", "health-check", "live", "livez", "liveness", "ping"];
/// How the last parts of the paths of probes begin.
const PROBES: [&str; 5] = ["health", "ready", "live", "metrics", "ping"];

/// The name of the rule.
pub(crate) const RULE: &str = "before";

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    let told_ns = told_ns(facts);
    let Some(at_ns) = told_ns.or_else(|| ended_inside_ns(facts)) else { return Vec::new() };
    until(facts, at_ns, |living| found(facts, living, told_ns.is_some())).into_iter().collect()
}

/// What is told of a container as it was before it was told to end from outside.
pub(crate) fn before<T>(facts: &Facts<'_>, tells: impl FnOnce(&Facts<'_>) -> T) -> Option<T> {
    told_ns(facts).map(|at_ns| until(facts, at_ns, tells))
}

fn until<T>(facts: &Facts<'_>, at_ns: u64, tells: impl FnOnce(&Facts<'_>) -> T) -> T {
    let header = Header { read_ns: at_ns, died_ns: None, ending: None, ..facts.header.clone() };
    tells(&Facts::of(&header, facts.timeline.clone().until(at_ns), &[]))
}

/// What was wrong then.
fn found(facts: &Facts<'_>, living: &Facts<'_>, is_told: bool) -> Option<Finding> {
    let groups = weighed_groups(living, None);
    // What goes on from how a child ended is no clause of its own, but for a call that failed.
    let found = super::findings(living, &groups, None).into_iter().next();
    let found = found.filter(|found| found.relation == Relation::Beside || found.meaning.is_some());
    let main = facts.ending.filter(|_| facts.ended_badly()).map(|ending| ending.tgid);
    let found = found.or_else(|| unwell(living)).or_else(|| computed(living, main?)).or_else(|| slept(living, main?));
    let found = found.filter(|_| living.is_living());
    // Who ends another of the container may do so for anything: that it waited for a peer is what a watchdog sees.
    let found = found.filter(|found| is_told || found.meaning == Some(Meaning::NoAnswer));
    let found = found.filter(|_| facts.ended_badly() || !serves_well(living));
    // It stands behind the signal: of who ended of something else, what that was comes first.
    found.map(|found| Finding { rule: RULE, weight: found.weight.min(SAID - 1), ..found })
}

/// That all of the last probes of a server were answered with an error: who probes it takes it for dead.
fn unwell(living: &Facts<'_>) -> Option<Finding> {
    let last = living.served.iter().rfind(|served| DEADLY.contains(&last_part(&served.name)))?;
    let is_recent = living.header.read_ns.saturating_sub(last.at_ns) < GRACE_NS;
    let same = living.served.iter().rev().filter(|served| served.name == last.name);
    let is_error = |served: &&Served| served.status == last.status && last.status >= CLIENT_ERRORS && is_recent;
    let failed: Vec<_> = same.take_while(is_error).collect();
    let first = failed.last().filter(|_| failed.len() >= PROBED)?;
    let text = format!("it answered the last {} requests for {} with HTTP {}", failed.len(), last.name, last.status);
    Some(Finding::new(RULE, HUNG, text, [first.index, last.index]))
}

/// Whether a request is one by which somebody asks whether a server is well.
fn is_probe(name: &str) -> bool {
    PROBES.iter().any(|probe| last_part(name).starts_with(probe))
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// Whether a server gave its clients all that they asked for, and so does without what fails; probes ask for nothing.
fn serves_well(living: &Facts<'_>) -> bool {
    let mut served = living.served.iter().filter(|served| !is_probe(&served.name)).peekable();
    let waits = |began_ns: u64| living.header.read_ns.saturating_sub(began_ns) >= PATIENCE_NS;
    let is_left = living.unanswered.iter().any(|request| waits(request.began_ns));
    served.peek().is_some() && served.all(|served| served.status < ERRORS) && !is_left
}

/// That the main thread of the main process had made no call for long, and was in none; what the kernel said of it then is
/// not recorded.
fn computed(facts: &Facts<'_>, main: u32) -> Option<Finding> {
    let threads = facts.threads().into_values().flatten().collect::<Vec<_>>();
    let quiet =
        threads.iter().find(|thread| thread.tid == main && thread.wait.is_none() && thread.quiet_ns > QUIET_NS)?;
    let comm = facts.processes.get(&main).map_or("", |process| &process.comm);
    let long = duration(quiet.quiet_ns);
    let text =
        format!("process {main} ({comm}) had made no call for {long}, and was in none: it computed, or was held up");
    Some(Finding::new(RULE, HUNG, text, None))
}

/// That the only thread of the main process had slept for long.
fn slept(facts: &Facts<'_>, main: u32) -> Option<Finding> {
    let threads = facts.threads().remove(&main)?;
    let [thread] = &*threads else { return None };
    let wait = thread.wait.as_ref().filter(|wait| wait.ns > QUIET_NS && wait.name.ends_with("nanosleep"))?;
    let comm = facts.processes.get(&main).map_or("", |process| &process.comm);
    let text = format!("process {main} ({comm}) had slept for {} ({})", duration(wait.ns), wait.name);
    Some(Finding::new(RULE, HUNG, text, Some(wait.index)))
}

/// When another process of the container, or a timer of its own, ended the process that the end goes back to.
fn ended_inside_ns(facts: &Facts<'_>) -> Option<u64> {
    let (tgid, _) = facts.culprit().filter(|_| facts.ending.is_some())?;
    let end_ns = facts.end_ns();
    match facts.end()?.signal.map(u32::from)? {
        SIGALRM => Some(end_ns),
        signal @ (SIGABRT | SIGKILL) => {
            let (_, sent) = facts.last_sent(tgid, signal, end_ns)?;
            let is_others = sent.sender_tgid != tgid && facts.processes.contains_key(&{ sent.sender_tgid });
            is_others.then_some(sent.time_ns)
        }
        _ => None,
    }
}

/// When somebody outside first told the main process to end, of those who did so right before it ended.
fn told_ns(facts: &Facts<'_>) -> Option<u64> {
    let ending = facts.ending?;
    let is_it = |sent: &SignalSent| {
        let is_recent = sent.time_ns <= ending.at_ns && ending.at_ns - sent.time_ns < GRACE_NS;
        // Who takes SIGHUP reads its configuration anew.
        let is_reload = || facts.processes.get(&ending.tgid).is_some_and(|process| process.handles(SIGHUP));
        let asks = ASKING.contains(&{ sent.signo }) && !(sent.signo == SIGHUP && is_reload());
        let ends = asks || sent.signo == SIGKILL;
        let is_outside = !facts.processes.contains_key(&{ sent.sender_tgid });
        let is_kernel = sent.header.flags & sent_flags::KERNEL != 0;
        sent.tgid == ending.tgid && is_recent && ends && is_outside && !is_kernel
    };
    facts.sent.iter().map(|(_, sent)| sent).filter(|sent| is_it(sent)).map(|sent| sent.time_ns).min()
}

#[cfg(test)]
mod tests {
    use crate::scene::{S, Scene};
    use rewind_common::record::message::message_flags::RECEIVED;
    use rewind_recording::event::build;

    #[test]
    fn a_server_whose_probes_all_failed_is_told_with_these() {
        let answer = |status: u16, name: &str| {
            let mut scene = Scene::of("app");
            let (mut received, mut sent) = (0, 0);
            for _ in 0..3 {
                let request = format!("GET {name} HTTP/1.1\r\nHost: app\r\n\r\n");
                scene.message([8080, 5000], RECEIVED, &mut received, request.as_bytes());
                let response = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
                scene.message([8080, 5000], 0, &mut sent, response.as_bytes());
                scene.later(S);
            }
            build::sent(&mut scene.records, scene.now, (700, 700), 15, (9000, 0, "kubelet"));
            scene.exit(700, 15);
            scene.answer()
        };
        let told = "; until then it answered the last 3 requests for GET /actuator/health with HTTP 404.";
        assert!(answer(404, "/actuator/health").ends_with(told), "{}", answer(404, "/actuator/health"));
        assert!(!answer(200, "/actuator/health").contains("until then"));
        assert!(!answer(404, "/favicon.ico").contains("until then"));
    }

    /// A program that waits for an answer, for so long, and is then told to end by somebody outside.
    fn told(waits_ns: u64, answered: bool) -> String {
        let mut scene = Scene::of("app");
        let (ports, mut sent, mut received) = ([5000, 80], 0, 0);
        scene.message(ports, 0, &mut sent, b"GET /config HTTP/1.1\r\nHost: config\r\n\r\n");
        if answered {
            scene.message(ports, RECEIVED, &mut received, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
        scene.later(waits_ns);
        build::sent(&mut scene.records, scene.now, (700, 700), 15, (9000, 0, "kubelet"));
        scene.exit(700, 15);
        scene.answer()
    }

    #[test]
    fn a_child_that_was_killed_long_before_is_not_what_was_wrong() {
        let mut scene = Scene::of("app");
        scene.child(701, 700, "render");
        let kill = rewind_common::record::OomKill { anon_bytes: 30 << 20, ..Default::default() };
        build::oom_kill(&mut scene.records, scene.now, (701, 701), "render", kill);
        scene.exit(701, 9);
        scene.later(8 * S);
        build::sent(&mut scene.records, scene.now, (700, 700), 9, (9000, 0, "kubelet"));
        scene.exit(700, 9);
        assert!(!scene.answer().contains("until then it held"), "{}", scene.answer());
    }

    /// A child that a peer refuses, or leaves without an answer, until its parent kills it, which may be told to end first.
    fn killed_by_its_parent(refuses: bool, is_told: bool) -> String {
        let mut scene = Scene::of("init");
        scene.child(701, 700, "app");
        scene.main = 701;
        if refuses {
            for _ in 0..8 {
                scene.connect([10, 0, 0, 5], 5672, -111);
                scene.later(S);
            }
        } else {
            scene.call(701, 41).arg(2).arg(1).arg(0).result(3).end();
            scene.connect([10, 0, 0, 5], 5672, 0);
            scene.call(701, 44).arg(3).arg(0x7000).arg(4).arg(0).arg(0).arg(0).result(4).end();
            build::call(&mut scene.records, 701, 45).at(scene.now + 1, 0).enter().arg(3).arg(0x7000).arg(40).end();
            scene.later(30 * S);
        }
        if is_told {
            build::sent(&mut scene.records, scene.now, (700, 700), 15, (9000, 0, "kubelet"));
        }
        build::sent(&mut scene.records, scene.now + 1, (701, 701), 9, (700, 0, "init"));
        scene.exit(701, 9);
        scene.exit(700, 137 << 8);
        scene.answer()
    }

    #[test]
    fn what_another_of_the_container_ended_is_told_with_the_peer_that_it_waited_for() {
        assert!(
            killed_by_its_parent(false, false).contains("; until then what it sent to 10.0.0.5:5672 got no answer")
        );
        // Who was told to end from outside is told with whatever was wrong.
        assert!(killed_by_its_parent(true, true).contains("; until then connect to 10.0.0.5:5672 was refused"));
        assert!(!killed_by_its_parent(true, false).contains("until then"), "{}", killed_by_its_parent(true, false));
    }

    #[test]
    fn who_had_made_no_call_for_long_computed() {
        let mut scene = Scene::of("node");
        scene.open("/app/rules.json", 3);
        scene.later(12 * S);
        build::sent(&mut scene.records, scene.now, (700, 700), 9, (9000, 0, "kubelet"));
        scene.exit(700, 9);
        let answer = scene.answer();
        assert!(answer.contains("until then process 700 (node) had made no call for 1"), "{answer}");
    }

    #[test]
    fn who_ends_well_when_told_to_may_have_been_told_to_for_what_was_wrong() {
        let mut scene = Scene::of("app");
        for _ in 0..8 {
            scene.connect([10, 0, 0, 5], 5672, -111);
            scene.later(S);
        }
        build::sent(&mut scene.records, scene.now, (700, 700), 15, (9000, 0, "kubelet"));
        scene.signal(15, 0, [0, 0]);
        scene.exit(700, 0);
        let before = "; until then connect to 10.0.0.5:5672 was refused (ECONNREFUSED), 8 times in 7.00s.";
        assert!(scene.answer().starts_with("It exited with 0 after SIGTERM"), "{}", scene.answer());
        assert!(scene.answer().ends_with(before), "{}", scene.answer());
    }

    #[test]
    fn a_server_that_gave_its_clients_all_does_without_what_fails() {
        let answer_of = |path: &str, status: u16| {
            let mut scene = Scene::of("app");
            let (mut sent, mut received) = (0, 0);
            for _ in 0..4 {
                let request = format!("GET {path} HTTP/1.1\r\nHost: app\r\n\r\n");
                scene.message([8080, 5000], RECEIVED, &mut received, request.as_bytes());
                let response = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
                scene.message([8080, 5000], 0, &mut sent, response.as_bytes());
                scene.later(S);
            }
            scene.message([6000, 80], 0, &mut 0, b"GET /region HTTP/1.1\r\nHost: geo\r\n\r\n");
            scene.later(20 * S);
            build::sent(&mut scene.records, scene.now, (700, 700), 15, (9000, 0, "kubelet"));
            scene.signal(15, 0, [0, 0]);
            scene.exit(700, 0);
            scene.answer()
        };
        assert!(!answer_of("/cart", 200).contains("until then"), "{}", answer_of("/cart", 200));
        assert!(answer_of("/cart", 500).contains("until then"), "{}", answer_of("/cart", 500));
        assert!(answer_of("/healthz", 200).contains("until then"), "{}", answer_of("/healthz", 200));
    }

    #[test]
    fn who_only_slept_is_told_as_that() {
        let mut scene = Scene::of("python3 warm.py");
        let since_ns = scene.now;
        scene.later(25 * S);
        build::sent(&mut scene.records, scene.now, (700, 700), 9, (9000, 0, "kubelet"));
        // The call that it was in when it was killed.
        let call = build::call(&mut scene.records, 700, 230).at(since_ns, 25 * S + 1_000).flags(1 << 4);
        call.arg(1).arg(0).arg(0x4000).arg(0).end();
        scene.exit(700, 9);
        let answer = scene.answer();
        assert!(
            answer.ends_with("until then process 700 (python3) had slept for 25.0s (clock_nanosleep)."),
            "{answer}"
        );
    }

    #[test]
    fn who_ended_of_something_else_is_told_of_that_first() {
        let mut scene = Scene::of("app");
        for _ in 0..4 {
            scene.open("/etc/app/queues.json", -2);
            scene.say(2, "no queues in /etc/app/queues.json yet\n");
            scene.later(2 * S);
        }
        build::sent(&mut scene.records, scene.now, (700, 700), 15, (9000, 0, "kubelet"));
        scene.later(4 * S);
        scene.say(2, "ERROR no tenant is configured\n");
        scene.exit(700, 1 << 8);
        assert!(scene.answer().starts_with("It exited with 1: it said \"no tenant"), "{}", scene.answer());
    }

    #[test]
    fn what_was_wrong_before_it_was_told_to_end_is_told_with_that() {
        let answer = told(20 * S, false);
        let before = "; until then GET /config of 127.0.0.1:80 got no answer after 20.0s.";
        assert!(answer.contains("SIGTERM") && answer.ends_with(before), "{answer}");
        for well in [told(4 * S, true), told(S, false)] {
            assert!(!well.contains("until then"), "{well}");
        }
    }
}
