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

#[cfg(test)]
mod tests {
    use super::*;

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
