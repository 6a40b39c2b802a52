//! The answer in one sentence.

use crate::facts::Facts;
use crate::finding::{Finding, Relation};
use crate::groups::Agreement;
use crate::last_words::LastWords;
use crate::weight::ABORTED;

/// The first line.
pub(crate) fn answer(facts: &Facts<'_>, found: &[Finding], words: Option<&LastWords>) -> String {
    let end = end(facts);
    let Some(first) = found.first() else {
        return match words {
            Some(words) => format!("{end}; the last that it wrote is \"{}\".", words.text),
            None if facts.ended_badly() => format!("{end}; nothing unusual found before that."),
            None => format!("{end}: nothing unusual found."),
        };
    };
    let text = &first.text;
    let more = more(first, found, words);
    match first.relation {
        Relation::After => format!("{end} after {text}{more}."),
        Relation::Whole => format!("{}.", capitalized(text)),
        Relation::Reason => format!("{end}: {text}{more}."),
        Relation::Beside if facts.ending.is_some() => format!("{end}; before that {text}."),
        Relation::Beside => format!("{end}; but {text}."),
    }
}

/// What the words add to the first finding; to the words, what failed right before them.
fn more(first: &Finding, found: &[Finding], words: Option<&LastWords>) -> String {
    if first.rule == "words" {
        let failed = found.get(1).filter(|second| {
            second.is_tied && second.relation == Relation::After && second.agreement == Agreement::Other
        });
        return failed.map_or_else(String::new, |failed| format!("; right before that {}", failed.text));
    }
    let is_abort = first.weight == ABORTED && first.rule == "signal";
    match words {
        _ if first.agreement == Agreement::Same => String::new(),
        Some(words) if words.is_error => format!("; it said \"{}\"", words.text),
        // Who aborts itself says why before, in whatever words.
        Some(words) if first.agreement == Agreement::Other && first.relation == Relation::After || is_abort => {
            format!("; the last that it wrote is \"{}\"", words.text)
        }
        _ => String::new(),
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
}

/// "It exited with 1", "Its child x was killed by SIGSEGV, and it exited with 139".
fn end(facts: &Facts<'_>) -> String {
    let Some(main) = facts.ending else {
        return if facts.header.died_ns.is_some() { "It has ended, how is not recorded" } else { "It is running" }
            .to_owned();
    };
    let sentence = |words: String| if words.starts_with("killed") { format!("was {words}") } else { words };
    match (facts.culprit(), facts.end()) {
        (Some((tgid, process)), Some(end)) if tgid != main.tgid => {
            let having = match end.words() {
                words if words.starts_with("killed") => format!("having been {words}"),
                words => format!("having {words}"),
            };
            format!("It {}, its child {} (process {tgid}) {having}", sentence(main.words()), process.comm)
        }
        _ => format!("It {}", sentence(main.words())),
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::Scene;

    #[test]
    fn the_child_whose_failure_was_passed_on_is_named() {
        let mut scene = Scene::of("sh -c migrate");
        scene.child(701, 700, "migrate --all");
        scene.main = 701;
        scene.open("/etc/migrate.toml", -2);
        scene.say(2, "migrate: /etc/migrate.toml: No such file or directory\n");
        scene.exit(701, 4 << 8);
        scene.exit(700, 1 << 8);
        let why = scene.why();
        let answer = "It exited with 1, its child migrate (process 701) having exited with 4 after openat of \
                      /etc/migrate.toml found no such file (ENOENT).";
        assert_eq!(why.answer, answer);
        let ran: Vec<_> = why.ran.iter().map(|ran| (ran.depth, ran.command.as_str())).collect();
        assert_eq!(ran, [(0, "sh -c migrate"), (1, "migrate --all")]);
    }
}
