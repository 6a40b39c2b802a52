//! How the common runtimes say that they gave up.

use super::lines::Line;
use super::ordinary::{is_frame, is_mark, is_ordinary};
use super::rank::{Found, Rank};
use super::vague;

/// So many lines are looked at for the end of a stack.
const STACK: usize = 300;
/// So many lines of a message of several are taken.
const MESSAGE: usize = 4;

/// A runtime: what it says at line `at`, if that is its.
type Runtime = fn(&[Line], usize) -> Option<Found>;

const RUNTIMES: [Runtime; 19] = [
    perl,
    anyhow,
    rake,
    python,
    rejection,
    java,
    java_launcher,
    java_machine,
    node_thrown,
    node_unsettled,
    exception,
    go,
    rust,
    cpp,
    glibc,
    ruby,
    lua,
    redis,
    pytest,
];

/// What a runtime says at a line.
pub(super) fn found(lines: &[Line], at: usize) -> Option<Found> {
    RUNTIMES.iter().find_map(|runtime| runtime(lines, at))
}

fn text(lines: &[Line], at: usize) -> Option<&str> {
    lines.get(at).map(|line| line.text.as_str())
}

/// The message that begins at a line, with the next line where it leads to that. Of `several` lines those as well that
/// are of the same write, until one that belongs to a stack.
pub(super) fn message(lines: &[Line], at: usize, start: &str, several: bool) -> (String, usize) {
    let (mut message, mut last) = (start.trim().to_owned(), at);
    for next in at + 1..at.saturating_add(MESSAGE) {
        let (Some(before), Some(line)) = (lines.get(last), lines.get(next)) else { break };
        let says_nothing = || vague::is_vague(&message) && line.text.starts_with("  ");
        let leads = message.ends_with(':') || message.is_empty() || says_nothing();
        let is_same = before.to_stderr == line.to_stderr && (several && line.first == before.last || leads);
        let is_other = is_ordinary(&line.text) || line.text.starts_with("npm ");
        if !is_same || is_other && !(leads && is_mark(&line.text)) {
            break;
        }
        if !is_mark(&line.text) {
            message = format!("{message} {}", line.text.trim()).trim().to_owned();
            last = next;
        }
    }
    (message, last)
}

/// What Ruby says above all that it had loaded, once it has told its own crash (`rb_bug`, `vm_dump.c`).
pub(super) const DUMP: &str = "-- Control frame information";
/// What Python says between an exception and another that was met as the first was handled, or cleaned up behind.
pub(super) const HANDLING: &str = "During handling of the above exception";
/// And between an exception and the one that was raised from it.
const CAUSED: &str = "The above exception was the direct cause";
/// So much of the first is told beside the other.
const FIRST_CHARS: usize = 90;

/// `Can't locate Acme/Export.pm in @INC (...)`, of Perl.
fn perl(lines: &[Line], at: usize) -> Option<Found> {
    let line = text(lines, at).filter(|line| line.starts_with("Can't locate ") && line.contains(" in @INC"))?;
    Some(Found::line(Rank::Crash, at, line))
}

/// `Error: ...`, an empty line, `Caused by:` and the causes, the last of which is the first, as Rust's anyhow has it.
fn anyhow(lines: &[Line], at: usize) -> Option<Found> {
    let header = text(lines, at).filter(|line| line.starts_with("Error: "))?;
    let head = (at + 1..lines.len().min(at + 3)).find(|next| text(lines, *next) == Some("Caused by:"))?;
    let causes =
        (head + 1..lines.len()).take_while(|next| text(lines, *next).is_some_and(|line| line.starts_with("    ")));
    let causes: Vec<_> = causes.collect();
    let cause = |at: usize| {
        let cause = text(lines, at)?.trim();
        let numbered = cause.split_once(": ").filter(|(number, _)| number.parse::<u32>().is_ok());
        Some(numbered.map_or(cause, |(_, cause)| cause))
    };
    let said = causes.iter().filter_map(|at| cause(*at)).fold(header.to_owned(), |said, cause| said + ": " + cause);
    Some(Found { rank: Rank::Crash, first: at, last: *causes.last()?, text: said })
}

/// `rails aborted!`, the exception, and each that was met before, behind `Caused by:`: Rails wraps those with what they say.
fn rake(lines: &[Line], at: usize) -> Option<Found> {
    text(lines, at).filter(|line| ["rake aborted!", "rails aborted!"].contains(line))?;
    let (said, own) = message(lines, at + 1, text(lines, at + 1)?, false);
    let is_end = |next: &usize| text(lines, *next).is_some_and(|line| line.starts_with("Tasks: TOP"));
    let last = (own + 1..lines.len()).find(is_end).unwrap_or(own);
    Some(Found { rank: Rank::Crash, first: at, last, text: said })
}

/// `Traceback (most recent call last):`, frames, then the exception; of a group the first in it; of one that was met as
/// another was handled, both.
fn python(lines: &[Line], at: usize) -> Option<Found> {
    let header = text(lines, at)?;
    if !header.trim_end().ends_with("Traceback (most recent call last):") {
        return None;
    }
    let bare = |line: &str| line.strip_prefix("  | ").map_or_else(|| line.to_owned(), str::to_owned);
    let is_exception = |line: &str| !line.is_empty() && !line.starts_with([' ', '\t']);
    let stack = at + 1..lines.len().min(at.saturating_add(STACK));
    let last = stack.into_iter().find(|next| text(lines, *next).is_some_and(|line| is_exception(&bare(line))))?;
    let (said, end) = message(lines, last, &bare(text(lines, last)?), true);
    let inner = in_group(lines, end).filter(|_| said.contains(" sub-exception"));
    let (said, end) = inner.map_or((said.clone(), end), |(inner, end)| (format!("{said}: {inner}"), end));
    let found = Found { rank: Rank::Crash, first: at, last: end, text: said };
    let mut behind = (end + 1..lines.len()).filter(|next| text(lines, *next).is_some_and(|line| !is_mark(line)));
    let leads = |line: &str| line.starts_with(HANDLING) || line.starts_with(CAUSED);
    let is_handled = behind.next().and_then(|next| text(lines, next)).is_some_and(leads);
    let other = behind.next().filter(|_| is_handled).and_then(|next| python(lines, next));
    let first: String = found.text.chars().take(FIRST_CHARS).collect();
    // Many wrap the first with its message.
    let said = first.split_once(": ").map_or(first.as_str(), |(_, said)| said.trim());
    Some(match other {
        Some(other) if !said.is_empty() && other.text.contains(said) => {
            Found { text: other.text, last: other.last, ..found }
        }
        Some(other) => Found { last: other.last, text: format!("{first}, then {}", other.text), ..found },
        None => found,
    })
}

/// The first exception of a group.
fn in_group(lines: &[Line], group: usize) -> Option<(String, usize)> {
    let bare = |at: usize| text(lines, at).map(|line| line.trim_start_matches([' ', '|', '+', '-']));
    let mut inner = group + 1..lines.len().min(group.saturating_add(STACK));
    let at = inner.find(|at| bare(*at).is_some_and(is_named_exception))?;
    Some((bare(at)?.to_owned(), at))
}

/// `Exception in thread "main" CLASS: MESSAGE`, frames, and `Caused by:`, of which the last is the cause.
fn java(lines: &[Line], at: usize) -> Option<Found> {
    let header = text(lines, at)?;
    let mut said = match header.strip_prefix("Exception in thread \"").and_then(|rest| rest.split_once("\" ")) {
        Some((_, exception)) => exception.to_owned(),
        None => is_named_exception(header).then(|| header.to_owned())?,
    };
    let is_stack = |line: &str| line.starts_with("\tat ") || line.starts_with("\t... ") || line.starts_with("    at ");
    let mut last = at;
    let mut is_deep = false;
    // A message may have more lines than one, before its stack.
    let mut in_message = true;
    for next in at + 1..lines.len().min(at.saturating_add(STACK)) {
        let Some(line) = text(lines, next) else { break };
        if let Some(cause) = line.strip_prefix("Caused by: ").filter(|_| is_deep) {
            (said, last, in_message) = (cause.to_owned(), next, true);
        } else if is_stack(line) {
            (is_deep, in_message) = (true, false);
        } else if is_deep && !in_message {
            break;
        }
    }
    let is_thread = header.starts_with("Exception in thread");
    if !is_thread && !is_deep {
        return None;
    }
    let (text, last) = exception_message(lines, last, &said, is_deep);
    Some(Found { rank: Rank::Crash, first: at, last, text })
}

/// What the Java launcher says of a main class that is there: the exception is in the next line.
fn java_launcher(lines: &[Line], at: usize) -> Option<Found> {
    let starts = ["Error: LinkageError occurred while loading main class", "Error: Unable to initialize main class"];
    text(lines, at).filter(|line| starts.iter().any(|start| line.starts_with(start)))?;
    let next = text(lines, at + 1)?.trim();
    let said = next.strip_prefix("Caused by: ").unwrap_or(next);
    let found = || Found { rank: Rank::Crash, first: at, last: at + 1, text: said.to_owned() };
    is_named_exception(said).then(found)
}

/// What the Java launcher and its virtual machine say.
fn java_machine(lines: &[Line], at: usize) -> Option<Found> {
    let line = text(lines, at)?;
    let follows = ["Error occurred during initialization of VM", "# A fatal error has been detected by the Java"];
    if follows.iter().any(|header| line.starts_with(header)) || line.trim() == "Description:" {
        let next = (at + 1..at + 5).find(|next| text(lines, *next).is_some_and(|line| !is_mark(line)))?;
        // Behind the place of an error of its own it says which.
        let is_own = |at: &usize| text(lines, *at).is_some_and(|line| line.starts_with("#  fatal error: "));
        let next = Some(next + 1).filter(is_own).unwrap_or(next);
        let said = text(lines, next)?.trim_start_matches(['#', ' ']);
        // Spring tells of a setting which one, and what it must be.
        let detail = |start: &str| {
            (next + 1..next + 8).find(|at| text(lines, *at).is_some_and(|line| line.trim().starts_with(start)))
        };
        let details: Vec<_> =
            ["Property: ", "Reason: "].into_iter().filter_map(detail).filter(|_| said.ends_with(':')).collect();
        let said = details
            .iter()
            .filter_map(|at| text(lines, *at))
            .fold(said.to_owned(), |said, line| said + " " + line.trim());
        return Some(Found { rank: Rank::Crash, first: at, last: details.last().copied().unwrap_or(next), text: said });
    }
    let tells =
        ["# There is insufficient memory", "Error: Could not find or load main class", "Terminating due to java.lang."];
    tells
        .iter()
        .any(|start| line.starts_with(start))
        .then(|| Found::line(Rank::Crash, at, line.trim_start_matches("# ")))
}

/// What Node says of something thrown that is no error: a mark, the thing itself, and a hint.
fn node_thrown(lines: &[Line], at: usize) -> Option<Found> {
    let hint = (at + 1..at + 4).find(|next| text(lines, *next).is_some_and(|line| line.starts_with("(Use `node ")))?;
    let is_marked = at > 0 && text(lines, at - 1)?.trim() == "^";
    let said = text(lines, at).filter(|line| is_marked && !is_mark(line))?;
    Some(Found { rank: Rank::Crash, first: at, last: hint, text: said.to_owned() })
}

/// What Node says where nothing is left to do, and the program still waits: the place is in the next line.
fn node_unsettled(lines: &[Line], at: usize) -> Option<Found> {
    let line = text(lines, at).filter(|line| line.starts_with("Warning: Detected unsettled top-level await at"))?;
    let place = text(lines, at + 1).filter(|_| line.ends_with(" at")).map_or("", str::trim);
    let last = at + usize::from(!place.is_empty());
    Some(Found { rank: Rank::Crash, first: at, last, text: format!("{line} {place}").trim_end().to_owned() })
}

/// An exception by its name; surely one that ended it, where a stack follows or its source stands before it.
fn exception(lines: &[Line], at: usize) -> Option<Found> {
    let line = text(lines, at)?;
    let uncaught = ["Unhandled exception. ", "Uncaught ", "PHP Fatal error:  ", "Unhandled Exception: ", "** ("];
    let is_uncaught = uncaught.iter().any(|start| line.starts_with(start));
    if !is_uncaught && !is_named_exception(line) {
        return None;
    }
    let after = (at + 1..at + 6).filter_map(|next| text(lines, next));
    let is_stack = after.take_while(|line| !line.is_empty()).any(is_frame);
    let (message, last) = exception_message(lines, at, line, is_stack);
    let before = (at.saturating_sub(2)..at).filter_map(|before| text(lines, before));
    let is_marked = before.into_iter().any(|line| !line.is_empty() && line.trim_matches([' ', '^', '~']).is_empty());
    let rank = if is_uncaught || is_stack || is_marked { Rank::Crash } else { Rank::Error };
    Some(Found { rank, first: at, last, text: message })
}

/// The message of an exception, as [`message`] has it, or as Node's libraries do.
fn exception_message(lines: &[Line], at: usize, start: &str, several: bool) -> (String, usize) {
    let (message, last) = over_lines(lines, at, start).unwrap_or_else(|| message(lines, at, start, several));
    with_cause(lines, message, last)
}

/// A message that is a list or an object over many lines, as those of Zod, in one.
fn over_lines(lines: &[Line], at: usize, start: &str) -> Option<(String, usize)> {
    let end = [('[', "]"), ('{', "}")].into_iter().find(|(open, _)| start.ends_with(*open))?.1;
    let mut below = at + 1..lines.len().min(at.saturating_add(STACK));
    let last = below.find(|next| text(lines, *next).is_some_and(|line| line.trim_end() == end))?;
    let parts = (at + 1..=last).filter_map(|next| text(lines, next));
    Some((parts.fold(start.to_owned(), |all, part| all + " " + part.trim()), last))
}

/// A message with the cause that Node shows below its stack: `[cause]: Error: certificate has expired`.
fn with_cause(lines: &[Line], message: String, last: usize) -> (String, usize) {
    let below =
        (last + 1..lines.len().min(last.saturating_add(STACK))).map_while(|next| Some((next, text(lines, next)?)));
    let mut below = below.skip_while(|(_, line)| is_frame(line));
    let cause = below.next().and_then(|(at, line)| Some((at, line.trim_start().strip_prefix("[cause]: ")?)));
    cause.map_or((message.clone(), last), |(at, cause)| (format!("{message}: {}", cause.trim_end_matches(" {")), at))
}

/// What Node says of a promise that was rejected with something that is no error: the reason is at the end.
fn rejection(lines: &[Line], at: usize) -> Option<Found> {
    let (name, said) = text(lines, at)?.split_once(": ")?;
    let (_, reason) = said.split_once("The promise rejected with the reason \"")?;
    let reason = reason.rsplit_once('"').map_or(reason, |(reason, _)| reason);
    let name = name.trim_start_matches('[');
    // Of an object that is no error Node says nothing but that.
    (!reason.is_empty()).then(|| Found::line(Rank::Crash, at, format!("{name}: {reason}")))
}

/// Whether a line begins with the name of an exception: `TypeError: ...`, `java.lang.X: ...`, `Error [CODE]: ...`.
fn is_named_exception(line: &str) -> bool {
    let (name, rest) = line.split_once([':', ' ']).unwrap_or((line, ""));
    let last = name.rsplit(['.', ':']).next().unwrap_or(name);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._$".contains(&byte));
    let ends = ["Error", "Exception", "Rejection", "Interrupt", "Failure"].iter().any(|end| last.ends_with(end));
    let goes_on = line.len() == name.len() || line[name.len()..].starts_with(": ") || rest.starts_with('[');
    is_name && ends && goes_on && (last.len() < name.len() || last != "Failure")
}

/// `panic: ...` and `fatal error: ...`, with lines that go on behind a tab.
fn go(lines: &[Line], at: usize) -> Option<Found> {
    let line = text(lines, at).filter(|line| line.starts_with("panic: ") || line.starts_with("fatal error: "))?;
    let above = at.checked_sub(1).and_then(|above| text(lines, above));
    let address = above.filter(|above| line == "fatal error: fault" && above.starts_with("unexpected fault address"));
    let mut said = address.map_or_else(|| line.to_owned(), |address| format!("{line}: {address}"));
    let mut last = at;
    while let Some(more) =
        text(lines, last + 1).and_then(|next| next.strip_prefix('\t')).filter(|_| last < at + MESSAGE)
    {
        (said, last) = (format!("{said} {more}"), last + 1);
    }
    Some(Found { rank: Rank::Crash, first: at, last, text: said })
}

/// `thread 'main' panicked at src/main.rs:1:2:`, and the message below it.
fn rust(lines: &[Line], at: usize) -> Option<Found> {
    let line = text(lines, at)?;
    let (thread, place) = line.split_once("panicked at ").filter(|(thread, _)| thread.starts_with("thread '"))?;
    let (text, last) = message(lines, at, &format!("{}panicked at {place}", without_id(thread)), false);
    // Who waited for the thread that panicked, or for what it held, says only that.
    let is_of_another = [
        "Any { .. }",
        "PoisonError { .. }",
        "panic in a function that cannot unwind",
        "panic in a destructor during cleanup",
    ]
    .iter()
    .any(|of| text.contains(of));
    let rank = if is_of_another { Rank::Summary } else { Rank::Crash };
    Some(Found { rank, first: at, last, text })
}

/// `thread 'main' ` of `thread 'main' (1234) `.
fn without_id(thread: &str) -> String {
    thread
        .rsplit_once(" (")
        .filter(|(_, id)| id.ends_with(") "))
        .map_or(thread.to_owned(), |(name, _)| format!("{name} "))
}

/// `terminate called after throwing ...` and `what():`.
fn cpp(lines: &[Line], at: usize) -> Option<Found> {
    let line = text(lines, at).filter(|line| line.starts_with("terminate called "))?;
    let what = text(lines, at + 1).filter(|next| next.trim_start().starts_with("what():"));
    Some(Found {
        rank: Rank::Crash,
        first: at,
        last: at + usize::from(what.is_some()),
        text: what.map_or_else(|| line.to_owned(), |what| format!("{line} {}", what.trim())),
    })
}

/// What the C library and the loader say before they abort, and assertions.
fn glibc(lines: &[Line], at: usize) -> Option<Found> {
    const STARTS: &[&str] = &[
        "free(): ",
        "malloc(): ",
        "realloc(): ",
        "munmap_chunk(): ",
        "double free or corruption",
        "corrupted size vs.",
        "corrupted double-linked",
        "malloc_consolidate(): ",
        "*** stack smashing",
        "*** buffer overflow",
        "*** %n in",
        "Fatal glibc error: ",
        "FATAL: kernel too old",
        "stack smashing",
    ];
    const PARTS: &[&str] = &["Assertion `", "Assertion '", "ssertion failed", "error while loading shared libraries"];
    let line = text(lines, at)?;
    let is_it = STARTS.iter().any(|start| line.starts_with(start)) || PARTS.iter().any(|part| line.contains(part));
    is_it.then(|| Found::line(Rank::Crash, at, line))
}

/// `app.rb:1:in 'main': MESSAGE (NameError)`.
fn ruby(lines: &[Line], at: usize) -> Option<Found> {
    let line = text(lines, at).filter(|line| line.contains(":in `") || line.contains(":in '"))?;
    let (_, said) = line.split_once("': ").filter(|_| !is_frame(line))?;
    Some(Found::line(Rank::Crash, at, said))
}

/// `lua: app.lua:1: MESSAGE`, and `stack traceback:` below it.
fn lua(lines: &[Line], at: usize) -> Option<Found> {
    text(lines, at + 1).filter(|next| next.trim_end() == "stack traceback:")?;
    Some(Found::line(Rank::Crash, at, text(lines, at)?))
}

/// `E       fixture 'db' not found`, of pytest: the first of such lines; what was expected and found may follow.
fn pytest(lines: &[Line], at: usize) -> Option<Found> {
    let of = |at: usize| text(lines, at).and_then(|line| line.strip_prefix("E   ")).map(str::trim);
    let said = of(at).filter(|said| !said.is_empty())?;
    let last = (at + 1..lines.len().min(at + STACK)).take_while(|next| of(*next).is_some()).last().unwrap_or(at);
    Some(Found { rank: Rank::Error, first: at, last, text: said.to_owned() })
}

/// `*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***`: which line, and why, follow.
fn redis(lines: &[Line], at: usize) -> Option<Found> {
    text(lines, at).filter(|line| line.contains("*** FATAL CONFIG FILE ERROR"))?;
    let last = (at + 1..at + 4).take_while(|next| text(lines, *next).is_some_and(|line| !is_mark(line))).last()?;
    let said: Vec<_> = (at + 1..=last).filter_map(|next| text(lines, next)).map(str::trim).collect();
    Some(Found { rank: Rank::Crash, first: at, last, text: said.join(" ") })
}
