//! Whether a parent got over the failure of a child, or ended for a reason of its own.

use super::RIGHT_BEHIND_NS;
use super::runs::ran_none;
use crate::facts::Facts;
use crate::facts::process::Process;
use crate::facts::signals::ASKING;
use rewind_recording::ending::Ending;

/// What an exception says of any program that failed, in lower case.
const OF_RUNS: [&str; 8] = ["child", "command", "exit", "process", "returned non-zero", "script", "status", "worker"];
/// How runtimes begin to tell an exception that nobody caught, and what its stack's lines begin with, in lower case.
const HEADS: &[&str] =
    &["traceback (most recent call last)", "exception in thread ", "thread '", "php fatal error:  uncaught"];
const FRAMES: &[&str] = &["    at ", "\tat ", "\tfrom "];
/// Shorter words name nothing.
const MIN_NAME: usize = 3;
/// How the errors of tests begin, behind the place in the script.
const TESTS: [&str; 3] = [": [: ", ": [[: ", ": test: "];

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
}

/// What was said, in lower case, of an exception that a runtime ended a program by, without its stack: Python, Java, Rust and
/// PHP begin with that it is one, Node and Ruby with what it says.
fn exception(said: &str) -> Option<String> {
    let lines: Vec<_> = said.lines().collect();
    let is_of = |of: &[&str], line: &str| of.iter().any(|of| line.starts_with(of));
    let at = lines.iter().position(|line| is_of(HEADS, line) || is_of(FRAMES, line))?;
    let is_head = |line: &&str| {
        let kind = line.split(": ").next().unwrap_or_default();
        !kind.contains(' ') && ["error", "exception"].iter().any(|ends| kind.ends_with(ends))
    };
    let from = match lines.get(at).is_some_and(|line| is_of(FRAMES, line)) {
        // What it says may have several lines.
        true => lines.iter().take(at).rposition(is_head).or(at.checked_sub(1))?,
        false => at,
    };
    let is_rest = |line: &str| line.starts_with([' ', '\t']) || line.starts_with("node.js v");
    let told = lines.iter().skip(from).filter(|line| !is_rest(line));
    Some(told.copied().collect::<Vec<_>>().join("\n"))
}

impl Facts<'_> {
    /// Whether the same had failed the same way before, and the parent had run something else then.
    pub(super) fn was_had_over(&self, tgid: u32, child: u32, end: &Ending) -> bool {
        let is_run = |process: &&Process| !process.programs.is_empty() || ran_none(process);
        let Some(process) = self.processes.get(&child).filter(is_run) else { return false };
        let same = |other: &Process| is_run(&other) && other.command() == process.command();
        let alike = |other: &Ending| (other.exit_code, other.signal) == (end.exit_code, end.signal);
        let mut earlier = self.children(tgid).filter_map(|(other, run)| Some((other, run, run.end?.ending)));
        !end.is_success()
            && earlier.any(|(other, run, ended)| {
                let is_before = other != child && ended.at_ns < process.first_ns && same(run) && alike(&ended);
                let mut between =
                    self.children(tgid).filter(|(_, of)| of.first_ns > ended.at_ns && of.first_ns < process.first_ns);
                is_before && between.any(|(of, run)| !self.idles(of) && !same(run))
            })
    }

    /// Whether a process told its child to end, which it did: another one's failure is the reason.
    pub(super) fn was_ended_by(&self, tgid: u32, child: u32, end: &Ending) -> bool {
        let Some(ended) = self.processes.get(&child) else { return false };
        let told = |signal| self.kill_call(ended, signal, end.at_ns).is_some_and(|kill| kill.tgid == tgid);
        ASKING.into_iter().any(told)
    }

    /// Whether who ended behind a child did so for a reason of its own: a shell reports an error of its script, or it had
    /// the child killed.
    pub(super) fn is_of_its_own(&self, tgid: u32, child: u32, end: &Ending) -> bool {
        let (Some(process), Some(ended)) = (self.processes.get(&tgid), self.processes.get(&child)) else {
            return false;
        };
        let names: Vec<_> = process.command().split(' ').take(2).map(|word| word.trim_matches('\'')).collect();
        let is_own =
            |text: &str| names.iter().any(|name| text.strip_prefix(name).is_some_and(|rest| rest.starts_with(": ")));
        let mut said = process.outputs.iter().filter(|output| output.to_stderr && output.at_ns >= end.at_ns);
        // What it tests is empty where the program is not there that was to say it.
        let is_test = |text: &str| ran_none(ended) && TESTS.iter().any(|test| text.contains(test));
        // It, or another child of it.
        let is_killed_by_another = end.signal.is_some_and(|signal| {
            let kill = self.kill_call(ended, signal.into(), end.at_ns);
            let killer = kill.map(|kill| kill.tgid).filter(|killer| *killer != child);
            let is_ours =
                |killer: u32| killer == tgid || self.processes.get(&killer).is_some_and(|of| of.parent == tgid);
            killer.is_some_and(is_ours)
        });
        is_killed_by_another || process.is_shell() && said.any(|output| is_own(&output.text) && !is_test(&output.text))
    }

    /// Whether a process ended of an exception that does not name what it had run: it may have got over that, or not.
    pub(super) fn crashed_itself(&self, tgid: u32, child: u32, end: &Ending) -> bool {
        let (Some(process), Some(run)) = (self.processes.get(&tgid), self.processes.get(&child)) else { return false };
        // Of a worker that is gone, or of a program that cannot be run, an exception tells without its name.
        let is_program = end.exit_code.is_some_and(|code| code != 0) && !run.programs.is_empty();
        if !is_program || process.is_shell() {
            return false;
        }
        let errors = process.outputs.iter().filter(|output| output.to_stderr);
        let (before, rest): (Vec<_>, Vec<_>) = errors.partition(|output| output.at_ns <= run.first_ns);
        // What is run right behind an exception tidies up.
        let is_right_before = before.last().is_some_and(|last| run.first_ns - last.at_ns < RIGHT_BEHIND_NS);
        let said: String = before.iter().map(|output| output.text.as_str()).collect();
        if is_right_before && rest.is_empty() && exception(&said.to_lowercase()).is_some() {
            return true;
        }
        let behind = rest.into_iter().filter(|output| output.at_ns >= end.at_ns);
        let said: String = behind.map(|output| output.text.as_str()).collect();
        let Some(told) = exception(&said.to_lowercase()) else { return false };
        let of_run = run.command().to_lowercase();
        let code = end.exit_code.filter(|code| *code > 2).map(|code| code.to_string());
        let names: Vec<_> = words(&of_run).filter(|word| word.len() >= MIN_NAME).chain(code.as_deref()).collect();
        !OF_RUNS.iter().any(|of| told.contains(of)) && !words(&told).any(|word| names.contains(&word))
    }

    /// Whether a process began another child once it knew that `child` had ended; one that waits counts where `child`
    /// was not tried again and again.
    pub(super) fn went_on(&self, tgid: u32, child: u32, end: &Ending, until_ns: u64) -> bool {
        let is_retried = self.attempts(child).is_some_and(|attempts| attempts.count > 1);
        let after_ns = self.reaped.get(&child).map_or(end.at_ns, |reaped_ns| *reaped_ns);
        self.children(tgid).any(|(other, process)| {
            let is_later = process.first_ns > after_ns && process.first_ns < until_ns;
            is_later && !(is_retried && self.idles(other))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, Scene};
    use rewind_recording::event::build;

    #[test]
    fn the_error_of_a_test_is_that_of_the_program_that_was_not_there_to_say_what_is_tested() {
        let answer = |said: &str, code: u32| {
            let mut scene = Scene::of("bash /app/scale.sh");
            scene.call(700, 262).arg(0xffff_ff9c).string("/usr/bin/jq").arg(0x7000).arg(0).result(-2).end();
            scene.now += MS;
            build::child(&mut scene.records, scene.now, 701, 700, "bash");
            scene.exit(701, code << 8);
            scene.say(2, said);
            scene.exit(700, 1 << 8);
            scene.answer()
        };
        let test = "/app/scale.sh: line 3: [: : integer expression expected\n";
        let told = "It exited with 1, its child bash (process 701) having exited with 127: the program /usr/bin/jq is not there";
        assert!(answer(test, 127).starts_with(told), "{}", answer(test, 127));
        assert!(!answer("/app/scale.sh: line 3: REPLICAS: unbound variable\n", 127).contains("process 701"));
        assert!(!answer(test, 3).contains("process 701"), "{}", answer(test, 3));
    }
    /// A program runs `git`, which fails, may say something, and ends of an exception.
    fn crashes(between: &str, exception: &str) -> String {
        let mut scene = Scene::of("python3 /app/build.py");
        scene.child_says("git describe", "fatal: not a git repository\n", 128);
        scene.main = 700;
        if !between.is_empty() {
            scene.say(1, between);
        }
        scene.say(
            2,
            &format!(
                "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\n{exception}\n"
            ),
        );
        scene.exit(700, 1 << 8);
        scene.answer()
    }

    #[test]
    fn an_exception_comes_before_the_child_that_it_does_not_name() {
        let told = crashes("no version, goes on\n", "KeyError: 's2'");
        assert_eq!(told, "It exited with 1: it said \"KeyError: 's2'\".");
        // Where it said nothing between, it may go back to that.
        let told = crashes("", "KeyError: 's2'");
        assert!(
            told.starts_with("It exited with 1: it said \"KeyError: 's2'\"; right before that its child git"),
            "{told}"
        );
        for named in [
            "subprocess.CalledProcessError: returned non-zero exit status 128.",
            "RuntimeError: git failed",
            "RuntimeError: no version (128)",
        ] {
            let told = crashes("no version, goes on\n", named);
            assert!(told.starts_with("It exited with 1, its child git"), "{told}");
        }
    }

    #[test]
    fn what_is_run_right_behind_an_exception_is_no_reason_for_it() {
        let ends = |pause_ns: u64| {
            let mut scene = Scene::of("python3 /app/sum.py");
            scene.say(
                2,
                "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\nValueError: n/a\n",
            );
            scene.later(pause_ns);
            scene.child_says("rm -r /tmp/work", "rm: cannot remove '/tmp/work': No such file or directory\n", 1);
            scene.main = 700;
            scene.exit(700, 1 << 8);
            scene.answer()
        };
        assert_eq!(ends(MS), "It exited with 1: it said \"ValueError: n/a\".");
        assert!(ends(500 * MS).contains("its child rm"), "{}", ends(500 * MS));
    }
}
