//! What programs that run others mean by their exit codes (`sh`(1), `env`(1), `timeout`(1), `xargs`(1), `bash`(1)), those
//! that fetch files and may be told to be silent, and Node by one of its own ("Exit codes" in its documentation of
//! `process`).

use crate::facts::{Facts, Process};
use rewind_recording::decode::signal_name;

/// What the code says that the container ended with: of the processes that passed it on the last that means something
/// by it.
pub(crate) fn words(facts: &Facts<'_>) -> Option<String> {
    let code = facts.ending?.exit_code?;
    let chain = facts.chain.iter().rev().filter_map(|tgid| facts.processes.get(tgid));
    // Where a signal ended the child, that is told.
    let is_told = facts.end().is_some_and(|end| end.signal.is_some());
    // A script may end with any code.
    let is_killed = |signal: u8| {
        facts.processes.values().any(|process| process.end.and_then(|end| end.ending.signal) == Some(signal))
    };
    let same = |process: &&Process| process.end.is_some_and(|end| end.ending.exit_code == Some(code));
    chain.filter(same).filter(|_| code < 128 || !is_told && is_killed(code - 128)).find_map(|process| {
        let is_meant = match code {
            // Who ran something that says another reason means that.
            NOT_FOUND => {
                tells_of_absence(process) && facts.culprit().is_none_or(|(_, culprit)| tells_of_absence(culprit))
            }
            UNSETTLED => is_silent(process),
            _ if SILENT.contains(&process.program()) => is_silent(process),
            _ => true,
        };
        let meaning = meaning(process, code).filter(|_| is_meant)?;
        Some(format!("{}: {meaning}", process.runs_by()))
    })
}

/// What shells exit with when there is no such program; and some for another error of a script.
const NOT_FOUND: u8 = 127;

/// What Node exits with where nothing is left to do, and the program still waits; older ones do so in silence.
const UNSETTLED: u8 = 13;

/// What they mean by codes they say in words as well, unless they are told to be silent.
const SILENT: [&str; 3] = ["wget", "curl", "rsync"];

/// Whether a process wrote nothing to standard error.
fn is_silent(process: &Process) -> bool {
    !process.outputs.iter().any(|output| output.to_stderr)
}

/// Whether a process says that something is not there, or nothing.
fn tells_of_absence(process: &Process) -> bool {
    let mut said = process.outputs.iter().filter(|output| output.to_stderr).map(|output| output.text.to_lowercase());
    is_silent(process) || said.any(|text| text.contains("not found") || text.contains("no such"))
}

/// What a program means by a code that is not its child's.
fn meaning(process: &Process, code: u8) -> Option<String> {
    let text = match (process.program(), code) {
        ("node" | "nodejs", UNSETTLED) => "nothing is left to do, and a top-level await has not settled",
        // "Exit Status" of wget's manual; `curl`(1); `rsync`(1).
        ("wget", 3) | ("rsync", 11) => "a file could not be read or written",
        ("curl", 23) => "what it got could not be written",
        ("wget", 4) => "the network failed",
        ("wget", 5) | ("curl", 60) => "the certificate of the server is not trusted",
        ("wget", 6) => "the server wants another user or password",
        ("wget", 8) | ("curl", 22) => "the server answered with an error",
        ("curl", 6) => "the name of the server could not be resolved",
        ("curl", 7) => "no connection to the server",
        ("curl", 28) => "the time was over",
        ("curl", 35) => "TLS failed",
        ("curl", 52) => "the server answered nothing",
        ("curl", 56) => "the connection to the server failed",
        ("rsync", 23) => "a part was not transferred",
        ("timeout", 124) => "the time was over",
        ("xargs", 123) => "what it ran exited with 1 to 125",
        ("xargs", 124) => "what it ran exited with 255",
        ("xargs", 125) => "a signal ended what it ran",
        (_, 126) if process.launches() => "found, but it cannot be run",
        (_, 127) if process.launches() => "no such program",
        ("timeout" | "env" | "nice" | "nohup" | "chroot" | "stdbuf", 125) => "it failed itself",
        (_, 129..=159) if process.is_shell() => {
            let name = signal_name(u32::from(code - 128))?;
            return Some(format!("{name} ended what it ran"));
        }
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::scene::Scene;

    #[test]
    fn who_is_told_to_be_silent_says_it_by_its_code() {
        let answer = |says: &str| {
            let mut scene = Scene::of("wget -q https://mirror/ca.pem");
            if !says.is_empty() {
                scene.say(2, says);
            }
            scene.exit(700, 5 << 8);
            scene.answer()
        };
        let told = "It exited with 5 (wget: the certificate of the server is not trusted)";
        assert!(answer("").starts_with(told), "{}", answer(""));
        assert!(!answer("ERROR: the certificate of mirror has expired.\n").contains("(wget"));
    }

    #[test]
    fn node_says_by_a_code_that_it_waits_for_nothing() {
        let answer = |said: &str, code: u32| {
            let mut scene = Scene::of("node app.mjs");
            scene.say(1, "loading plugins\n");
            if !said.is_empty() {
                scene.say(2, said);
            }
            scene.exit(700, code << 8);
            scene.answer()
        };
        let waits = "It exited with 13 (node: nothing is left to do, and a top-level await has not settled)";
        assert!(answer("", 13).starts_with(waits), "{}", answer("", 13));
        let warned = "Warning: Detected unsettled top-level await at\nfile:///app.mjs:3\nawait plugins();\n^\n\n\n";
        let told = "It exited with 13: it said \"Warning: Detected unsettled top-level await at file:///app.mjs:3\".";
        assert_eq!(answer(warned, 13), told);
        // A code of the program's own.
        assert!(answer("no plugins\n", 13).starts_with("It exited with 13; "), "{}", answer("no plugins\n", 13));
        assert!(answer("", 0).starts_with("It exited with 0: nothing"), "{}", answer("", 0));
    }
}
