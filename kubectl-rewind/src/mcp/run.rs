//! Runs a command of this program, bounded in size and time.

use std::io;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;

/// Most bytes of an answer: a model reads some 10,000 words of it.
const MOST_BYTES: usize = 48 << 10;
/// Most bytes of what is said beside it.
const MOST_BESIDE: usize = 4 << 10;
/// How long a command may take.
const WITHIN: Duration = Duration::from_secs(60);

/// What a command said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// What it printed, and what it said beside that.
    pub text: String,
    /// Whether it printed nothing but why it failed.
    pub failed: bool,
}

/// What was read of a stream, and how many bytes there were.
struct Read {
    bytes: Vec<u8>,
    all: usize,
}

/// Runs this program with these arguments.
pub(super) async fn run(arguments: &[String]) -> Said {
    let failed = |why: String| Said { text: why, failed: true };
    match timeout(WITHIN, output(arguments)).await {
        Ok(Ok(said)) => said,
        Ok(Err(error)) => failed(format!("this program cannot be run: {error}")),
        // What is dropped is killed.
        Err(_) => failed(format!("there was no answer within {} s: ask for less", WITHIN.as_secs())),
    }
}

async fn output(arguments: &[String]) -> io::Result<Said> {
    let mut command = Command::new(std::env::current_exe()?);
    // By the name it was called: as kubectl's plugin it asks a cluster.
    #[cfg(unix)]
    command.arg0(std::env::args_os().next().unwrap_or_default());
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let (out, beside) = (child.stdout.take(), child.stderr.take());
    let (out, beside) = tokio::try_join!(read(out, MOST_BYTES), read(beside, MOST_BESIDE))?;
    let status = child.wait().await?;
    Ok(said(&out, &beside, status.success()))
}

/// Reads a stream to its end, so that what writes it is not held up, and keeps its beginning.
async fn read(stream: Option<impl AsyncRead + Unpin>, most: usize) -> io::Result<Read> {
    let mut read = Read { bytes: Vec::new(), all: 0 };
    let Some(mut stream) = stream else { return Ok(read) };
    let mut buffer = vec![0; 16 << 10];
    loop {
        let count = stream.read(&mut buffer).await?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { return Ok(read) };
        read.all += count;
        let room = most.saturating_sub(read.bytes.len()).min(count);
        read.bytes.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }
}

fn said(out: &Read, beside: &Read, succeeded: bool) -> Said {
    let parts = [out, beside].map(|read| {
        let mut text = String::from_utf8_lossy(&read.bytes).into_owned();
        if read.all > read.bytes.len() {
            // Not within a line.
            text.truncate(text.rfind('\n').map_or(text.len(), |at| at + 1));
            text += &format!("[cut here: {} of {} bytes are shown; ask for less]\n", text.len(), read.all);
        }
        text
    });
    let failed = !succeeded && out.all == 0;
    Said { text: parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"), failed }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    async fn of(out: &str, beside: &str, succeeded: bool) -> Said {
        let (out, beside) =
            (read(Some(out.as_bytes()), 16).await.unwrap(), read(Some(beside.as_bytes()), 16).await.unwrap());
        said(&out, &beside, succeeded)
    }

    #[tokio::test]
    async fn what_is_too_long_is_cut_at_a_line_and_says_so() {
        assert_eq!(
            of("one\ntwo\n", "note\n", true).await,
            Said { text: "one\ntwo\n\nnote\n".to_owned(), failed: false }
        );
        let long = of("line one\nline two\nline three\n", "", true).await;
        assert_eq!(long.text, "line one\n[cut here: 9 of 29 bytes are shown; ask for less]\n");
    }

    #[tokio::test]
    async fn who_prints_nothing_and_fails_has_failed() {
        assert!(of("", "no agent\n", false).await.failed);
        // Two runs that differ.
        assert!(!of("{}\n", "", false).await.failed);
    }
}
