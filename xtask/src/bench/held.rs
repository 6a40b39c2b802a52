//! How much of a server's life a ring holds, and how fast that becomes text.

use super::place::{Playground, Where};
use super::servers;
use super::setting::{Setting, figure_of, recorder, recording_of};
use super::{daemon, interrupt};
use anyhow::{Context as _, Result, bail};
use rewind_tests::agent::Agent;
use rewind_tests::programs;
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const MEBIBYTE: f64 = (1 << 20) as f64;
const WITHIN: Duration = Duration::from_secs(120);

/// A full ring of a server under load.
pub(super) struct FullRing {
    pub(super) calls_per_mebibyte: f64,
    /// The daemon's own, after it has sent the recording.
    pub(super) own_mebibytes: f64,
    /// The recording, as the agent sends it.
    pub(super) recording: PathBuf,
}

/// Records nginx under load until its ring has come round.
pub(super) fn measure(place: &Playground, seconds: u64) -> Result<FullRing> {
    let agent = recorder()?;
    let mut nginx = servers::nginx(place, Setting::Recorded)?;
    let listed = fill(place, &agent, &mut nginx, seconds)?;
    let (held, bytes) = (figure_of(&listed, "calls_held")?, figure_of(&listed, "ring_bytes")?);
    let number = listed.get("recording").and_then(Value::as_u64).context("the list has no number")?;
    let recording = place.dir().join("recording");
    fs::write(&recording, get(&agent.socket(), &format!("/v1/recordings/{number}"))?)?;
    let own_mebibytes = daemon::own_mebibytes(agent.tgid())?;
    drop(nginx);
    agent.stop()?;
    Ok(FullRing { calls_per_mebibyte: held as f64 / (bytes as f64 / MEBIBYTE), own_mebibytes, recording })
}

/// Puts a server under load until its ring has come round.
pub(super) fn fill(place: &Playground, agent: &Agent, nginx: &mut servers::Server, seconds: u64) -> Result<Value> {
    for _ in 0..5 {
        nginx.wrk(place, Setting::Recorded, seconds)?;
        let listed = recording_of(agent, &place.path(Where::Container))?.context("nginx was not recorded")?;
        // Several times round, so that nothing of the server's start is in it.
        if figure_of(&listed, "calls_overwritten")? > 2 * figure_of(&listed, "calls_held")? {
            return Ok(listed);
        }
        interrupt::check()?;
    }
    bail!("the load did not fill nginx's ring")
}

/// Records a second that become lines, pass by pass.
pub(super) fn decode(place: &Playground, program: &Path, recording: &Path, passes: usize) -> Result<Vec<f64>> {
    let mut command = Command::new(program);
    let said = place.run(command.arg(recording).arg(passes.to_string()), WITHIN)?;
    let figures: Vec<f64> = said.lines().filter_map(|line| line.parse().ok()).collect();
    if figures.is_empty() {
        bail!("no figure in: {said}");
    }
    Ok(figures)
}

/// How long the whole command takes to say what is wrong, in milliseconds, time by time.
pub(super) fn why(recording: &Path, times: u32) -> Result<Vec<f64>> {
    let once = || {
        let begin = Instant::now();
        programs::run(Command::new(programs::ours("rewind")).args(["why", "--from"]).arg(recording))?.success()?;
        Ok(begin.elapsed().as_secs_f64() * 1000.0)
    };
    (0..times).map(|_| once()).collect()
}

/// What the agent answers, as bytes. The older HTTP, so that the end of the answer is its end.
pub(super) fn get(socket: &Path, path: &str) -> Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(WITHIN))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: rewind\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("the answer has no head")?;
    let head = String::from_utf8_lossy(answer.get(..end).unwrap_or_default()).into_owned();
    if !head.lines().next().is_some_and(|status| status.contains(" 200 ")) {
        bail!("{path}: {head}");
    }
    Ok(answer.split_off(end + 4))
}
