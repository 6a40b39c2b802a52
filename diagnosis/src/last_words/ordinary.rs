//! Lines that say nothing by themselves: stack frames, hints, marks.

/// How frames of stacks begin, behind their indentation.
const FRAMES: &[&str] = &["at ", "File \"", "from ", "... ", "goroutine ", "created by "];

/// How lines of stacks begin that are not indented.
const HEADS: &[&str] = &["goroutine ", "created by ", "[signal ", "Require stack:"];

/// How lines begin that help, or lead to another line, or by which a library of Java says how it logs.
const HINTS: &[&str] = &[
    "usage",
    "try '",
    "try `",
    "see ",
    "for more",
    "for help",
    "hint",
    "note:",
    "help:",
    "stack backtrace",
    "node.js v",
    "(use `node",
    "during handling of",
    "the above exception",
    "traceback (most recent",
    "exit status",
    "run with ",
    "slf4j:",
    "log4j:warn",
    "picked up ",
    "set the environment variable ",
];

/// Whether a line is one of a stack, or what leads to it, or to a message.
pub(super) fn is_frame(line: &str) -> bool {
    let text = line.trim_start();
    let is_numbered = text.split_once(": ").is_some_and(|(number, _)| {
        text.len() < line.len() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let is_indented = text.len() < line.len();
    // Python draws groups of exceptions with these.
    let is_group = is_indented && (text.starts_with("| ") || text.starts_with("+-"));
    is_numbered
        || is_group
        || line.starts_with("\t/")
        || is_indented && FRAMES.iter().any(|frame| text.starts_with(frame))
        || HEADS.iter().any(|head| line.starts_with(head))
        || is_log_header(line)
        || is_frame_of_ruby(text)
}

/// Whether a line is but a place in Ruby's source: `/app/jobs.rb:7:in `run'`.
fn is_frame_of_ruby(text: &str) -> bool {
    let of = text.rsplit_once(":in ").filter(|(place, _)| place.ends_with(|c: char| c.is_ascii_digit()));
    let name = of.and_then(|(_, name)| name.strip_prefix(['`', '\''])?.strip_suffix('\''));
    name.is_some_and(|name| !name.contains('\''))
}

/// Whether a line is what `java.util.logging` writes above a message: `Nov 29, 2026 7:04:08 PM shop.Main main`.
pub(super) fn is_log_header(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let mut next = || words.next().unwrap_or_default();
    let is_number =
        |word: &str, most: usize| (1..=most).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    let [month, day, year, time, half, class] = std::array::from_fn(|_| next());
    let is_date = month.len() == 3 && day.strip_suffix(',').is_some_and(|day| is_number(day, 2)) && is_number(year, 4);
    let is_time = time.split(':').count() == 3 && time.split(':').all(|part| is_number(part, 2));
    is_date && is_time && ["AM", "PM"].contains(&half) && !class.is_empty() && words.count() <= 1
}

/// Whether a runtime says that nobody caught what ended a thread: Java and Python, Rust, Ruby.
pub(super) fn is_uncaught(line: &str) -> bool {
    line.starts_with("Exception in thread ")
        || line.starts_with("thread '") && line.contains(" panicked at ")
        || line.starts_with("#<Thread:") && line.contains("> terminated with exception")
}

/// Whether a line is the source of the place that the one above it names: Python's frames, and what Node begins with.
pub(super) fn is_source(above: &str, line: &str) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let of_python = above.trim_start().starts_with("File \"") && above.contains(", line ");
    let place = above.strip_prefix("file://").unwrap_or(above).rsplit_once(':');
    let of_node = place.is_some_and(|(path, number)| {
        let is_path = (path.starts_with('/') || path == "[eval]") && !path.contains(' ');
        is_path && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    of_node || of_python && indent(line) > indent(above)
}

/// How a program says that it does without something.
const WITHOUT: &[&str] = &[
    "using default",
    "default is used",
    "defaults are used",
    "falling back",
    "fall back",
    "ignoring",
    "ignored",
    "skipping",
    "skipped",
    "continuing",
    "optional",
    "not required",
    "logging to ",
    " disabled: ",
];

/// Whether a line says that the program does without what it names.
pub(super) fn goes_on(line: &str) -> bool {
    let lower = line.to_lowercase();
    WITHOUT.iter().any(|words| lower.contains(words)) || uses_another(&lower)
}

/// What programs use in place of what they could not have.
const OTHERS: &[&str] = &[
    "built-in", "bundled", "cache", "cached", "defaults", "embedded", "fallback", "file", "last", "local", "previous",
    "stale",
];

/// Whether a line says behind a comma that something else is used: "no remote settings, using the file".
fn uses_another(lower: &str) -> bool {
    let used = lower.split(", using ").nth(1).map(|used| used.trim_start_matches("the "));
    used.and_then(|used| used.split(|c: char| !c.is_alphanumeric() && c != '-').next())
        .is_some_and(|word| OTHERS.contains(&word))
}

/// Whether a line says that the program goes on without what failed right before, whatever that is.
pub(super) fn continues(line: &str) -> bool {
    let lower = line.to_lowercase();
    ["continuing without", "continue without", "falling back", "going on without", "running without"]
        .iter()
        .any(|words| lower.contains(words))
}

/// Whether a line has no word: it is empty, or marks a place.
pub(super) fn is_mark(line: &str) -> bool {
    !line.contains(char::is_alphanumeric)
}

/// Whether a line stands above others: `=== ERROR REPORT ===`.
pub(super) fn is_banner(line: &str) -> bool {
    let text = line.trim_start();
    ["---", "==="].iter().any(|mark| text.starts_with(mark) && text.trim_end().ends_with(mark))
}

/// Whether a line is one of the list of options that a program shows who calls it wrongly.
pub(super) fn is_option(line: &str) -> bool {
    let text = line.trim_start();
    let name = text.trim_start_matches('-');
    text.len() < line.len() && (1..=2).contains(&(text.len() - name.len())) && name.starts_with(char::is_alphabetic)
}

/// Whether a line tells how a library of Java logs: it names what is there.
pub(super) fn is_of_logging(line: &str) -> bool {
    ["SLF4J: ", "log4j:"].iter().any(|start| line.starts_with(start))
}

/// Whether a line says nothing by itself.
pub(super) fn is_ordinary(line: &str) -> bool {
    let text = line.trim_start();
    let hints = |hint: &str| text.get(..hint.len()).is_some_and(|start| start.eq_ignore_ascii_case(hint));
    is_mark(line) || is_frame(line) || HINTS.iter().any(|hint| hints(hint))
}
