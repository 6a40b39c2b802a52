//! `rewind-agent health`: whether an agent answers on the socket, for probes.
//!
//! A socket that answers means that recording has begun (see `serve`). Nothing but that socket is touched, so a look
//! costs a process' start and no more. What did not come about is told, and what was asked of the agent in annotations
//! and is not understood; neither makes anybody ill.

use rewind_recording::api::{VERSION_PATH, Version};
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long an agent may take for each step.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most that is read of what it says.
const MAX_BYTES: u64 = 1 << 18;

/// Why it is not healthy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Nobody is there, or does not answer.
    #[error("no agent answers on {path}: {source}")]
    Silent {
        /// The socket.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// It answers that something is wrong, or is no agent.
    #[error("what is on {path} answers: {said}")]
    Unwell {
        /// The socket.
        path: PathBuf,
        /// The first line.
        said: String,
    },
}

/// Asks the agent on a socket for its version, and what it has to tell.
///
/// # Errors
/// [`Error`], if the answer is not a good one.
pub(crate) fn check(path: &Path) -> Result<Version, Error> {
    let said = ask(path).map_err(|source| Error::Silent { path: path.to_owned(), source })?;
    let (head, body) = said.split_once("\r\n\r\n").unwrap_or((&said, ""));
    let status = head.lines().next().unwrap_or_default();
    if status.starts_with("HTTP/1.1 200 ") {
        return Ok(serde_json::from_str(body).unwrap_or_default());
    }
    Err(Error::Unwell { path: path.to_owned(), said: status.to_owned() })
}

fn ask(path: &Path) -> io::Result<String> {
    let mut agent = UnixStream::connect(path)?;
    agent.set_read_timeout(Some(PATIENCE))?;
    agent.set_write_timeout(Some(PATIENCE))?;
    write!(agent, "GET {VERSION_PATH} HTTP/1.1\r\nhost: rewind\r\nconnection: close\r\n\r\n")?;
    let mut said = Vec::new();
    agent.take(MAX_BYTES).read_to_end(&mut said)?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// What the check says of a socket on which somebody answers.
    fn answered(answer: &'static str) -> Result<Version, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let agent = std::thread::spawn(move || {
            let (mut asked, _) = listener.accept().unwrap();
            let mut question = [0; 256];
            let read = asked.read(&mut question).unwrap();
            asked.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&question[..read]).into_owned()
        });
        let checked = check(&path).map_err(|error| error.to_string().replace(&path.display().to_string(), "SOCKET"));
        let asked = agent.join().unwrap();
        assert!(asked.starts_with("GET /v1/version HTTP/1.1\r\n") && asked.ends_with("\r\n\r\n"), "{asked}");
        checked
    }

    #[test]
    fn an_agent_that_answers_is_healthy_and_one_that_refuses_is_not() {
        assert_eq!(answered("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"), Ok(Version::default()));
        let told =
            answered("HTTP/1.1 200 OK\r\n\r\n{\"counts\":{\"refused_shed\":3},\"refused\":[\"pod a/b: no\"]}").unwrap();
        assert_eq!((told.counts.get("refused_shed"), told.refused), (Some(&3), vec!["pod a/b: no".to_owned()]));
        let refused = answered("HTTP/1.1 503 Service Unavailable\r\n\r\n");
        assert_eq!(refused, Err("what is on SOCKET answers: HTTP/1.1 503 Service Unavailable".to_owned()));
        assert_eq!(answered(""), Err("what is on SOCKET answers: ".to_owned()));
    }

    #[test]
    fn a_socket_that_is_not_there_is_told_by_name() {
        let told = check(Path::new("/nowhere/agent.sock")).unwrap_err().to_string();
        assert!(told.starts_with("no agent answers on /nowhere/agent.sock: "), "{told}");
    }
}
