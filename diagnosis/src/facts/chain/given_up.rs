//! What failed, and is not run again: by a supervisor that gave it up, or by a script that began it in the background.

use super::runs::{has_failed, is_same};
use crate::facts::Facts;
use crate::facts::process::{Process, is_shell};

/// What was not run again for so long was given up, as far as is known.
const GIVEN_UP_NS: u64 = 2_000_000_000;
/// Programs that only wait: for the time, for lines of a file that others write.
const WAITERS: [&str; 3] = ["sleep", "tail", "cat"];

impl Facts<'_> {
    /// Whether a parent has done nothing but run what failed, and now waits: what it ran failed at `failed_ns`.
    pub(super) fn is_given_up(&self, parent: u32, supervisor: &Process, failed_ns: u64) -> bool {
        // What is run behind a failure cleans up.
        let is_work = |(_, run): (u32, &Process)| match run.end {
            None => true,
            Some(end) => run.first_ns <= failed_ns && !has_failed(&end),
        };
        let has_peer = |text: &str| ["TCP", "UDP"].iter().any(|transport| text.starts_with(transport));
        let talks = || self.tables.of(parent).is_some_and(|table| table.open().any(|(_, what)| has_peer(what)));
        let own: Vec<_> = self.living.iter().filter(|thread| thread.tgid == parent).collect();
        let waits = !own.is_empty() && own.iter().all(|thread| thread.wait.is_some());
        waits && self.is_past(failed_ns) && !supervisor.is_shell() && !self.children(parent).any(is_work) && !talks()
    }

    /// Whether a script began in the background what then complained and failed, and nothing of the container lives on
    /// but who waits.
    pub(super) fn is_left_behind(&self, tgid: u32, process: &Process) -> bool {
        let (parent, Some(end)) = (process.parent, process.end.map(|end| end.ending)) else { return false };
        let Some(script) = self.processes.get(&parent).filter(|script| script.end.is_none()) else { return false };
        let ran = script.programs.iter().rfind(|program| program.at_ns <= process.first_ns);
        let is_script = ran.is_some_and(|ran| is_shell(ran.name())) || script.is_shell();
        let is_meanwhile = |at_ns: u64| process.first_ns < at_ns && at_ns < end.at_ns;
        let is_background = script.programs.iter().any(|program| is_meanwhile(program.at_ns))
            || self.children(parent).any(|(other, run)| other != tgid && is_meanwhile(run.first_ns));
        let complains = |run: &Process| run.outputs.iter().any(|output| output.to_stderr);
        let complained = self.processes.iter().any(|(of, run)| self.is_below(*of, tgid) && complains(run));
        // What asks whether it is there fails with it.
        let asks = |run: &Process| {
            let mut kin = self.children(run.parent).filter(|(_, other)| is_same(run, other));
            kin.any(|(_, other)| other.first_ns > process.first_ns && other.end.is_some_and(|end| has_failed(&end)))
        };
        // What it did behind that, and not for long, was a part of its start.
        let goes_on = |at_ns: u64| {
            at_ns > end.at_ns && self.header.read_ns.saturating_sub(at_ns) < at_ns.saturating_sub(end.at_ns)
        };
        let is_work = |run: &Process| match run.end {
            Some(ended) => run.parent == parent && !has_failed(&ended) && goes_on(run.first_ns),
            None => !run.launches() && !asks(run),
        };
        let mut others = self.processes.iter().filter(|(of, run)| !self.only_waits(**of) && !run.is_setup());
        let mut works = || others.any(|(of, run)| self.is_below_main(*of) && is_work(run));
        // Who is not among the records may do more.
        let is_unheard = || self.living.iter().any(|thread| !self.processes.contains_key(&thread.tgid));
        is_script && is_background && complained && self.is_past(end.at_ns) && !works() && !is_unheard()
    }

    /// Whether enough time has passed since then.
    fn is_past(&self, at_ns: u64) -> bool {
        self.header.read_ns.saturating_sub(at_ns) >= GIVEN_UP_NS
    }

    /// Whether a process runs what only waits.
    fn only_waits(&self, tgid: u32) -> bool {
        self.processes.get(&tgid).is_some_and(|process| WAITERS.contains(&process.program()))
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_recording::event::build;

    const NOTHING: &str = "It is running: nothing unusual found.";

    /// A script begins a server in the background, which fails in a moment, and goes on as `then` does.
    fn began(code: u32, said: &str, then: impl FnOnce(&mut Scene)) -> String {
        let mut scene = Scene::of("bash /app/run.sh");
        scene.child(701, 700, "shop --port 80");
        scene.child(702, 700, "touch /tmp/access.log");
        scene.exit(702, 0);
        scene.main = 701;
        scene.say(2, said);
        scene.exit(701, code << 8);
        then(&mut scene);
        scene.later(20 * S);
        scene.answer()
    }

    #[test]
    fn what_a_script_began_in_the_background_is_told_where_only_waiters_live_on() {
        let complaint = "Traceback (most recent call last):\nKeyError: 'PORT'\n";
        let answer = "It is running, but its child shop (process 701) has not been run again: it exited with 1: it said \
                      \"KeyError: 'PORT'\".";
        let tails = |scene: &mut Scene| scene.exec(700, "tail -f /tmp/access.log");
        assert_eq!(began(1, complaint, tails), answer);
        let runs = |command: &'static str| move |scene: &mut Scene| scene.child(703, 700, command);
        assert_eq!(began(1, complaint, runs("sleep infinity")), answer);
        // What asks for it fails as well.
        let asks = |scene: &mut Scene| {
            for tgid in [703, 705] {
                scene.child(tgid, 700, "curl -sf 127.0.0.1:80");
                scene.exit(tgid, 7 << 8);
                scene.child(tgid + 1, 700, "sleep 1");
                scene.exit(tgid + 1, 0);
            }
        };
        assert_eq!(began(1, complaint, asks), answer);
        // Another server, in its place or beside it.
        assert_eq!(began(1, complaint, runs("nginx")), NOTHING);
        assert_eq!(began(1, complaint, |scene| scene.exec(700, "nginx")), NOTHING);
        // It ended well, or said no.
        assert_eq!(began(0, complaint, tails), NOTHING);
        assert_eq!(began(1, "nothing to warm up\n", tails), NOTHING);
    }

    #[test]
    fn a_part_of_a_script_in_the_background_is_told_with_what_it_ran() {
        let mut scene = Scene::of("bash /app/run.sh");
        scene.later(MS);
        build::fork(&mut scene.records, scene.now, (700, 700), 701);
        build::child(&mut scene.records, scene.now, 701, 700, "bash");
        scene.child(702, 701, "shop --port 80");
        scene.child(703, 700, "sleep infinity");
        scene.main = 702;
        scene.say(2, "KeyError: 'PORT'\n");
        scene.exit(702, 1 << 8);
        scene.exit(701, 1 << 8);
        scene.later(20 * S);
        let answer = "It is running, but its child bash (process 701) has not been run again: it exited with 1, its child \
                      shop (process 702) having exited with 1: it said \"KeyError: 'PORT'\".";
        assert_eq!(scene.answer(), answer);
    }

    #[test]
    fn a_script_that_goes_on_with_its_work_has_got_over_what_it_began_in_the_background() {
        let works = |times: u32| {
            began(1, "error: no cache to warm up\n", move |scene| {
                for tgid in 0..times {
                    scene.later(10 * S);
                    scene.child(703 + tgid, 700, "backup /data");
                    scene.exit(703 + tgid, 0);
                }
            })
        };
        assert_eq!(works(4), NOTHING);
        // It was a part of its start.
        assert!(works(1).contains("its child shop"), "{}", works(1));
    }

    #[test]
    fn what_a_script_waited_for_was_not_in_the_background() {
        let mut scene = Scene::of("bash /app/run.sh");
        scene.child_says("migrate", "error: no schema\n", 1);
        scene.later(MS);
        scene.exec(700, "tail -f /tmp/access.log");
        scene.later(20 * S);
        assert_eq!(scene.answer(), NOTHING);
    }
}
