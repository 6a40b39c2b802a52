//! The commands that the README shows: every ```` ```console ```` block is a promise.

/// A command and what stands below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What is typed, without the prompt.
    pub command: String,
    /// The lines below it, up to the next command.
    pub output: Vec<String>,
    /// Line of the README, from 1 on.
    pub line: usize,
}

/// All commands of all console blocks. A prompt is `$ ` or, for root, `# `.
#[must_use]
pub fn commands(readme: &str) -> Vec<Shown> {
    let (mut found, mut inside) = (Vec::<Shown>::new(), false);
    for (number, text) in readme.lines().enumerate() {
        if text.starts_with("```") {
            inside = !inside && text.trim_end() == "```console";
            continue;
        }
        if !inside {
            continue;
        }
        match (text.strip_prefix("$ ").or_else(|| text.strip_prefix("# ")), found.last_mut()) {
            (Some(command), _) => {
                found.push(Shown { command: command.to_owned(), output: Vec::new(), line: number + 1 })
            }
            (None, Some(last)) => last.output.push(text.to_owned()),
            (None, None) => {}
        }
    }
    found
}

/// The files and folders that a text names: what stands in backticks and has a slash.
#[must_use]
pub fn paths(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|path| path.contains('/') && !path.contains(char::is_whitespace)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::work_tree;

    #[test]
    fn the_walks_name_files_that_are_there() {
        let text = std::fs::read_to_string(work_tree().join("CONTRIBUTING.md")).unwrap_or_default();
        let paths = paths(&text);
        assert!(paths.len() > 25, "{paths:?}");
        let missing: Vec<_> = paths.iter().filter(|path| !work_tree().join(path).exists()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_walk_has_as_many_files_as_it_may() {
        let text = std::fs::read_to_string(work_tree().join("CONTRIBUTING.md")).unwrap_or_default();
        for (walk, most) in [
            ("A syscall's decoding", 3),
            ("An event kind with its hook", 5),
            ("A command of the plugin", 4),
            ("A source of identity", 3),
            ("A subscriber of the feed", 3),
        ] {
            let (_, behind) = text.split_once(&format!("### {walk}\n")).unwrap_or_default();
            let rows = behind.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
            let rows = rows.take_while(|line| line.starts_with('|')).count();
            assert!((1..=most).contains(&rows), "{walk}: {rows}");
        }
    }

    #[test]
    fn commands_stand_in_console_blocks_behind_a_prompt() {
        let text = "# Title\n```sh\n$ not this\n```\n```console\n# cargo xtask demo\nout 1\nout 2\n$ rewind list\n```\n$ nor this\n";
        let found = commands(text);
        assert_eq!(
            found.iter().map(|shown| shown.command.as_str()).collect::<Vec<_>>(),
            ["cargo xtask demo", "rewind list"]
        );
        assert_eq!(found.first().map(|shown| (shown.line, shown.output.len())), Some((6, 2)));
    }
}
