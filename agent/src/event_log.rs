//! The smallest subscriber of the feed: each decisive event of all recordings as a line of JSON, for tests and the
//! benchmark. An event that was written is not written again by the next agent, unless this one was killed in the
//! moment after.

use crate::clock;
use crate::feed::{Happened, Missed, Subscription};
use rewind_recording::escape::{self, UntrustedString};
use rewind_recording::event::What;
use rewind_recording::join::is_complete;
use serde::Serialize;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use tokio::runtime::Handle;

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    recording: u64,
    cgroup: &'a UntrustedString,
    tid: u32,
    start_ns: u64,
    end_ns: u64,
    /// When it came here.
    seen_ns: u64,
    /// `call`, or the kind of the event.
    kind: &'a str,
    /// Of a call, its number and the value of its first argument.
    nr: Option<u16>,
    arg: Option<u64>,
}

/// The line that says what did not come.
#[derive(Serialize)]
struct MissedLine {
    missed: Missed,
}

/// Writes what happens to the end of the file, until the feed is over.
///
/// # Errors
/// Those of the file.
pub(crate) fn run(runtime: &Handle, mut subscription: Subscription, path: &Path) -> io::Result<()> {
    let mut file = File::options().create(true).append(true).open(path)?;
    let mut missed = Missed::default();
    while let Some(happened) = runtime.block_on(subscription.next()) {
        let mut lines = Vec::new();
        write(&mut lines, &happened)?;
        let now = subscription.missed();
        if now != std::mem::replace(&mut missed, now) {
            line(&mut lines, &MissedLine { missed })?;
        }
        // At once: what is in the file is dealt with.
        file.write_all(&lines)?;
    }
    Ok(())
}

fn write(lines: &mut Vec<u8>, happened: &Happened) -> io::Result<()> {
    let seen_ns = clock::now_ns();
    let timeline = happened.batch.timeline();
    for event in timeline.by_end().filter(is_complete) {
        let (kind, nr, arg) = match event.what {
            What::Call { call, .. } => ("call", Some(call.nr), call.value(0)),
            ref other => (other.as_event().map_or("event", |event| event.name()), None, None),
        };
        let (recording, cgroup) = (happened.recording, &happened.container.cgroup_path);
        let (tid, start_ns, end_ns) = (event.tid, event.start_ns, event.end_ns);
        line(lines, &Line { recording, cgroup, tid, start_ns, end_ns, seen_ns, kind, nr, arg })?;
    }
    Ok(())
}

fn line(lines: &mut Vec<u8>, line: &impl Serialize) -> io::Result<()> {
    escape::json::write(&mut *lines, line)?;
    lines.push(b'\n');
    Ok(())
}
