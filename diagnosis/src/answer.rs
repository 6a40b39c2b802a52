//! The answer in one sentence.

use crate::facts::Facts;
use crate::finding::{Finding, Relation};

/// The first line.
pub(crate) fn answer(facts: &Facts<'_>, found: &[Finding]) -> String {
    let end = end(facts);
    let Some(first) = found.first() else {
        return if facts.ended_badly() {
            format!("{end}; nothing unusual found before that.")
        } else {
            format!("{end}: nothing unusual found.")
        };
    };
    let text = &first.text;
    match first.relation {
        Relation::After => format!("{end} after {text}."),
        Relation::Whole => format!("{}.", capitalized(text)),
        Relation::Reason => format!("{end}: {text}."),
        Relation::Beside if facts.ending.is_some() => format!("{end}; before that {text}."),
        Relation::Beside => format!("{end}; but {text}."),
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
