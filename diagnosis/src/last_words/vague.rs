//! Lines that tell of nothing but that a program did not start, or will end: the reason is another line's, or what failed
//! right before.

use super::failure_words::tells_failure;

/// Words of lines that say only that it did not start, or will end.
const GENERAL: &str = "\
    a abnormally abort aborted aborting after all an and app application assertions attempts be boot booting bootstrap \
    bootstrapping can't cannot check code compilation component components config configuration could critical \
    dependencies dependency down due encountered error errors event exception exit exited exiting extension fail failed failing \
    failure failures fatal giving in init initialisation initialise initialised initialization initialize \
    initialized invalid is job launch loop main mode not object of on panic passed phase pre problem problems process \
    program queue ready retries run running server service services setup shut shutdown shutting skipped \
    something start started starting startup stop stopped stopping strict suite suites task terminated \
    terminating test tests the this timed timeout to total tries try unable unexpected unhandled unrecoverable up \
    warm warmup warning warnings was web went will with worker wrong";

/// How lines begin that say that something was not begun, for a reason that another line states.
const UNBEGUN: &[&str] = &[
    "failed to initialize",
    "failed to initialise",
    "failed to start",
    "could not initialize",
    "could not start",
    "cannot start",
    "unable to start",
    "unable to initialize",
];

/// Whether a text tells of nothing but that it did not start, or will end: "java.lang.IllegalStateException: init
/// failed", "giving up after 6 attempts".
pub(super) fn is_vague(text: &str) -> bool {
    let exception = |name: &str| name.ends_with("Exception") || name.ends_with("Error") || name.ends_with("Rejection");
    let said = text.rsplit_once(": ").filter(|(name, _)| exception(name.rsplit(' ').next().unwrap_or(name)));
    let said = without_place(said.map_or(text, |(_, said)| said)).to_lowercase();
    let words = || said.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    // The code of a message leads it.
    let leads = words().next().is_some_and(is_code) && words().nth(1).is_some();
    let mut words = words().skip(leads.into());
    words.clone().next().is_some()
        && words.all(|word| is_number(word) || GENERAL.split(' ').any(|general| general == word))
}

/// Whether a word is a number, or a time: "76s".
fn is_number(word: &str) -> bool {
    word.trim_end_matches(['m', 's']).parse::<u64>().is_ok()
}

/// Whether a word is the code of a message: "ah00014".
fn is_code(word: &str) -> bool {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = word.len() - digits.len();
    (1..=4).contains(&letters) && digits.len() >= 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// How words go that tell that something was not done.
const UNDONE: &[&str] = &[
    " fail",
    " abort",
    " could not ",
    " couldn't ",
    " cannot ",
    " can't ",
    " unable ",
    " did not ",
    " didn't ",
    " gave up ",
    " giving up ",
    " refusing ",
    " not ready ",
    " not available ",
    " not applied ",
    " not completed ",
    " not possible ",
    " unavailable ",
    " unreachable ",
    " unsuccessful ",
    " incomplete ",
    " error during ",
    " error while ",
    " exhausted ",
    "down ",
    " lost ",
    " canceled ",
    " cancelled ",
    " dead ",
    " reject",
    " timed out waiting for ",
    " timeout waiting for ",
];
/// How those go that tell of an answer which they do not show.
const ANSWERS: &[&str] = &[
    " unexpected answer ",
    " unexpected reply ",
    " unexpected response ",
    " unexpected status ",
    " bad answer ",
    " bad response ",
    " bad status ",
    " invalid answer ",
    " invalid response ",
];
/// How those go that tell the reason.
const REASONS: &[&str] = &[
    " because ",
    " since ",
    " invalid ",
    " expected ",
    " unexpected ",
    " missing ",
    " found ",
    " no such ",
    " unknown ",
    " unsupported ",
    " required ",
    " denied ",
    " must ",
    " pars",
    " syntax ",
    " undefined ",
    " mismatch",
    " expired ",
    " corrupt",
    " convert ",
    " decod",
    " unmarshal ",
    " deseriali",
    " out of memory ",
    " allocat",
    " too ",
    " already ",
    " not set ",
    " constraint ",
    " duplicate ",
    " violat",
];

/// How those go that tell a reason which no file that is not there can be.
const OWN_REASONS: &[&str] =
    &[" circular ", " expected ", " expired ", " mismatch", " must ", " undefined ", " unrecognized "];

/// Whether a text tells a reason which no file that is not there can be.
pub(super) fn has_own_reason(text: &str) -> bool {
    let words = words(text);
    OWN_REASONS.iter().any(|of| words.contains(of))
}

/// Whether a text tells that something was not done, and no reason: "Node could not join", "migrations not applied".
pub(super) fn is_bare(text: &str) -> bool {
    let said = without_remarks(without_place(text));
    let said = said.as_str();
    // What it is about may stand last.
    let parts = said.rsplit_once(": ");
    // "fatal: storage"
    let is_word =
        |about: &str| about.len() > 2 && about.chars().all(|c| c.is_ascii_lowercase()) && !tells_failure(about);
    if parts.is_some_and(|(said, about)| is_vague(said) && is_word(about)) || is_invalid(said) {
        return true;
    }
    let said = parts
        .filter(|(_, about)| (!about.contains(' ') || about.starts_with('/')) && !is_vague(about))
        .map_or(said, |(said, _)| said);
    let said = said.rsplit(": ").next().unwrap_or(said);
    let words = words(said);
    let has_any = |of: &[&str]| of.iter().any(|of| words.contains(of));
    if is_of_a_peer(text) || has_any(ANSWERS) && !said.contains(|c: char| c.is_ascii_digit()) {
        return true;
    }
    has_any(UNDONE) && !has_any(REASONS) && !said.contains(['"', '=', '{'])
}

/// What is said once another line has said why, in lower case: by MariaDB and MySQL of InnoDB, by Prometheus of its rules.
const CONSEQUENCES: [&str; 5] = [
    "plugin initialization aborted",
    "registration as a storage engine failed",
    "unknown/unsupported storage engine",
    "one or more errors occurred while applying",
    "previous rule set restored",
];

/// Whether a text tells only what follows once a program has met an error: that a connection is closed, that there is no
/// such engine.
pub(super) fn is_consequence(text: &str) -> bool {
    let lower = text.to_lowercase();
    if lower == "sigabrt: abort" || CONSEQUENCES.iter().any(|of| lower.contains(of)) {
        return true;
    }
    let said = text.rsplit(": ").next().unwrap_or_default().trim_end_matches('.');
    ["Connection is closed", "Connection closed", "connection is closed", "connection closed"].contains(&said)
}

/// Whether a text ends in what the C library says of `EINVAL`, which never tells what is invalid.
pub(super) fn is_invalid(text: &str) -> bool {
    let about = text.rsplit(": ").next().unwrap_or_default();
    about.split('.').next() == Some("Invalid argument")
}

/// The words of a text in lower case, a space before and behind each.
fn words(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |all, word| all + word + " ")
}

/// Whether a text says that attempts have an end.
pub(super) fn gives_up(text: &str) -> bool {
    let words = words(text);
    [" giving up ", " gave up ", " attempts ", " retries ", " tries ", " exhausted "]
        .iter()
        .any(|of| words.contains(of))
}

/// Whether a text is but the name of an exception that has to do with peers: "pika.exceptions.AMQPConnectionError".
fn is_of_a_peer(text: &str) -> bool {
    // A message may be but the name: `kafka.errors.NoBrokersAvailable: NoBrokersAvailable`.
    let named = text.split_once(": ").filter(|(class, said)| class.rsplit('.').next() == Some(said));
    let lower = named.map_or(text, |(class, _)| class).to_lowercase();
    let is_class = named.is_some() || ["error", "exception"].iter().any(|end| lower.ends_with(end));
    !lower.contains(' ')
        && is_class
        && ["connect", "server", "socket", "network", "broker", "unavailable", "unreachable"]
            .iter()
            .any(|of| lower.contains(of))
}

/// The text without what stands in parentheses behind a word: `disabled (app.retry=False)`.
fn without_remarks(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (_, behind))) =
        rest.split_once(" (").and_then(|(before, in_it)| Some((before, in_it.split_once(')')?)))
    {
        plain.push_str(before);
        rest = behind;
    }
    plain + rest
}

/// Whether a text says only that something was not begun.
pub(super) fn is_unbegun(text: &str) -> bool {
    let lower = text.to_lowercase();
    let said = lower.rsplit(": ").next().unwrap_or(&lower).trim_end_matches('.');
    let has_detail = said.contains(['"', '\'', '/', '=']) || said.bytes().any(|byte| byte.is_ascii_digit());
    let ends = ["initialization failed", "initialisation failed", "startup failed", "start failed"];
    !has_detail && (UNBEGUN.iter().any(|start| said.starts_with(start)) || ends.iter().any(|end| said.ends_with(end)))
}

/// The text without the place in the source that ends it: `... in /app/a.php:7`.
fn without_place(text: &str) -> &str {
    let place = text.rsplit_once(" in ").filter(|(_, place)| {
        let line = place.rsplit_once(':').map(|(_, line)| line);
        line.is_some_and(|line| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()))
    });
    place.map_or(text, |(before, _)| before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_a_program_did_not_start_says_nothing_of_the_reason() {
        for text in [
            "startup failed",
            "giving up after 6 attempts",
            "java.lang.IllegalStateException: init failed",
            "Fatal error: Uncaught RuntimeException: queue worker could not start in /app/a.php:7",
        ] {
            assert!(is_vague(text), "{text}");
        }
        for text in [
            "KeyError: 'DATABASE_URL'",
            "TypeError: x is undefined",
            "cannot warm up the cache",
            "",
            "init failed: disk full",
        ] {
            assert!(!is_vague(text), "{text}");
        }
        for text in [
            "Node could not join",
            "svc] AllBrokersDown",
            "pool exhausted, shutting down",
            "Failed to start component [Connector[HTTP/1.1-8080]]",
            "error: nightly sync failed",
        ] {
            assert!(is_bare(text), "{text}");
        }
        for text in [
            "KeyError: 'DATABASE_URL'",
            "schema 7 expected, found 5",
            "init failed: disk full",
            "load config: json: cannot unmarshal string into Go struct field .Port of type int",
            "download of 3 files done",
        ] {
            assert!(!is_bare(text), "{text}");
        }
        for text in ["(1) : config : Failed to initialize server(s) addr.", "FPM initialization failed"] {
            assert!(is_unbegun(text), "{text}");
        }
        for text in ["Failed to start \"web\"", "failed to start on 127.0.0.1:80", "could not open the log"] {
            assert!(!is_unbegun(text), "{text}");
        }
    }
}
