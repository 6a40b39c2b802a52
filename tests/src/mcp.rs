//! A client of the Model Context Protocol: its own Python package.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The program: `cargo xtask test` makes it, and puts it into `PATH`.
pub const PROGRAM: &str = "rewind-mcp-client";

/// A client that speaks to a server, which ends with it.
#[derive(Debug)]
pub struct Client {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// What the server says that it is, and its tools.
    pub told: Value,
}

impl Client {
    /// Starts a server.
    ///
    /// # Errors
    /// When it or the client does not start, or they do not understand each other.
    pub fn of(server: &Command) -> Result<Self> {
        let mut command = Command::new(PROGRAM);
        let set = server.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.arg(server.get_program()).args(server.get_args()).envs(set);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("starting {PROGRAM}"))?;
        let asks = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut client = Self { child, asks, answers, told: Value::Null };
        client.told = client.answer()?;
        Ok(client)
    }

    /// Calls a tool: the text of its answer, and whether it is an error.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Result<(String, bool)> {
        let asks = self.asks.as_mut().context("no standard input")?;
        writeln!(asks, "{}", json!({"tool": tool, "arguments": arguments}))?;
        asks.flush()?;
        let answer = self.answer()?;
        let text = answer.pointer("/content/0/text").and_then(Value::as_str);
        let is_error = answer.get("isError").and_then(Value::as_bool).unwrap_or_default();
        Ok((text.with_context(|| format!("no text: {answer}"))?.to_owned(), is_error))
    }

    fn answer(&mut self) -> Result<Value> {
        let mut line = String::new();
        ensure!(self.answers.read_line(&mut line)? > 0, "the client has ended");
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.asks.take());
        let _ = self.child.wait();
    }
}
