//! One line of strace's output file.

/// What a line says. Halves of a call that strace split are still apart here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// `name(arguments) = result`.
    Call(Call),
    /// `name(arguments <unfinished ...>`: the text before the mark.
    Unfinished(String),
    /// `<... name resumed>arguments) = result`: the text behind the mark.
    Resumed(String),
    /// `+++ exited with 3 +++`, `+++ killed by SIGKILL +++`: the text between the marks.
    End(String),
    /// `--- SIGCHLD {...} ---`: the text between the marks.
    Signal(String),
}

/// A call, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Name of the syscall.
    pub name: String,
    /// Everything between the parentheses.
    pub arguments: String,
    /// Everything behind the ` = `, trimmed.
    pub result: String,
}

/// A line: whose it is, and what it says. `None` for lines that are no trace: empty, or comments (`#`).
///
/// # Errors
/// The line, when it is none of strace's.
pub fn parse(line: &str) -> Result<Option<(u32, What)>, String> {
    if line.trim().is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let wrong = || format!("not a line of strace: {line}");
    let (pid, rest) = line.split_once(' ').ok_or_else(wrong)?;
    let pid = pid.parse().map_err(|_| wrong())?;
    what(rest.trim()).map(|what| Some((pid, what))).ok_or_else(wrong)
}

fn what(text: &str) -> Option<What> {
    if let Some(end) = between(text, "+++ ", " +++") {
        return Some(What::End(end.to_owned()));
    }
    if let Some(signal) = between(text, "--- ", " ---") {
        return Some(What::Signal(signal.to_owned()));
    }
    if let Some(rest) = text.strip_prefix("<... ") {
        let (_, rest) = rest.split_once(" resumed>")?;
        return Some(What::Resumed(rest.to_owned()));
    }
    if let Some(begun) = text.strip_suffix(" <unfinished ...>") {
        return Some(What::Unfinished(begun.to_owned()));
    }
    call(text).map(What::Call)
}

/// A whole call: `name(arguments) = result`.
#[must_use]
pub fn call(text: &str) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    // strace fills up with spaces between `)` and `=`. The last such place counts: a string among the
    // arguments may hold another.
    let at = rest.match_indices(')').rfind(|(at, _)| is_result(rest, *at)).map(|(at, _)| at)?;
    let (arguments, result) = rest.split_at(at);
    let arguments = arguments.strip_suffix(" <unfinished ...>").unwrap_or(arguments);
    let result = result.trim_start_matches(')').trim_start().trim_start_matches('=').trim();
    Some(Call { name: name.to_owned(), arguments: arguments.trim_end().to_owned(), result: result.to_owned() })
}

fn is_result(text: &str, at: usize) -> bool {
    text.get(at + 1..).is_some_and(|behind| behind.starts_with(' ') && behind.trim_start().starts_with("= "))
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(line: &str) -> Option<(u32, Call)> {
        match parse(line) {
            Ok(Some((pid, What::Call(call)))) => Some((pid, call)),
            _ => None,
        }
    }

    #[test]
    fn a_call_falls_into_name_arguments_and_result() {
        let call = |name: &str, arguments: &str, result: &str| {
            Some((12, Call { name: name.into(), arguments: arguments.into(), result: result.into() }))
        };
        assert_eq!(whole("12    close(3)                          = 0"), call("close", "3", "0"));
        assert_eq!(
            whole(r#"12 openat(AT_FDCWD, "a) = 1", O_RDONLY) = -1 ENOENT (No such file or directory)"#),
            call("openat", r#"AT_FDCWD, "a) = 1", O_RDONLY"#, "-1 ENOENT (No such file or directory)")
        );
        assert_eq!(whole("12 exit_group(0)                    = ?"), call("exit_group", "0", "?"));
        assert_eq!(
            whole("12 poll([{fd=3, events=POLLIN}], 1, 5) = 1 ([{fd=3, revents=POLLIN}])"),
            call("poll", "[{fd=3, events=POLLIN}], 1, 5", "1 ([{fd=3, revents=POLLIN}])")
        );
    }

    #[test]
    fn halves_ends_and_signals_are_told_apart() {
        assert_eq!(parse("7  read(0,  <unfinished ...>"), Ok(Some((7, What::Unfinished("read(0, ".into())))));
        assert_eq!(parse("7  <... read resumed>\"\", 1) = 0"), Ok(Some((7, What::Resumed("\"\", 1) = 0".into())))));
        assert_eq!(parse("7  +++ exited with 3 +++"), Ok(Some((7, What::End("exited with 3".into())))));
        assert_eq!(parse("7  --- SIGCHLD {si_pid=8} ---"), Ok(Some((7, What::Signal("SIGCHLD {si_pid=8}".into())))));
        assert_eq!(parse("# a header"), Ok(None));
        assert!(parse("something else").is_err());
        assert!(parse("7 something else").is_err());
    }
}
