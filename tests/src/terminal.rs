//! A terminal for a command that wants one, made by `script` (bsdutils).

use crate::eventually::until;
use anyhow::{Context as _, Result};
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The program that makes terminals.
pub const PROGRAM: &str = "script";

/// Makes the terminal so large, and becomes the command.
const SHELL: &str = "stty rows 40 cols 160 && exec \"$@\"";

/// A command on a terminal of its own; it ends with it.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    drawn: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts a command on a terminal.
    ///
    /// # Errors
    /// When `script` does not start.
    pub fn of(command: &Command) -> Result<Self> {
        let mut words = vec!["sh", "-c", SHELL, "sh"];
        words.push(command.get_program().to_str().context("a program without a name")?);
        for argument in command.get_args() {
            words.push(argument.to_str().context("an argument that is no text")?);
        }
        let line: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
        let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let mut script = Command::new(PROGRAM);
        script.args(["--quiet", "--return", "--command", &line.join(" "), "/dev/null"]).envs(set).env("TERM", "xterm");
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().with_context(|| format!("starting {PROGRAM}"))?;
        let mut output = child.stdout.take().context("no standard output")?;
        let drawn = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&drawn);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(bytes.get(..count).unwrap_or(&[]));
            }
        });
        Ok(Self { child, drawn })
    }

    /// Waits until a text was drawn in one piece.
    ///
    /// # Errors
    /// When it was not.
    pub fn shows(&self, text: &str, within: Duration) -> Result<()> {
        let look = || {
            let drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(String::from_utf8_lossy(&drawn).into_owned())
        };
        until(&format!("{text:?} on the terminal"), within, look, |drawn| drawn.contains(text).then_some(()))
    }

    /// Types keys.
    ///
    /// # Errors
    /// When nobody takes them.
    pub fn types(&mut self, keys: &str) -> Result<()> {
        let keyboard = self.child.stdin.as_mut().context("no standard input")?;
        keyboard.write_all(keys.as_bytes())?;
        Ok(keyboard.flush()?)
    }

    /// Waits until the command has ended.
    ///
    /// # Errors
    /// When it does not.
    pub fn ends(&mut self, within: Duration) -> Result<ExitStatus> {
        let look = || Ok(self.child.try_wait()?);
        until("the command on the terminal to end", within, look, |status| *status)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
