//! `trace`: shows calls as they are made, until Ctrl-C or the container's end.

use crate::error::Error;
use crate::fetch::{Agent, Frames};
use crate::output::{Output, note};
use rewind_recording::header::Header;
use rewind_recording::render::{Live, Options, units, write_header};
use rewind_recording::stream::{Frame, Status, StreamError};
use std::io::{self, IsTerminal};
use std::time::Instant;

/// Traces a recording.
///
/// # Errors
/// [`Error`]. That the container or the person ended it is none.
pub(super) async fn run(agent: &Agent, recording: u64, output: &Output, options: &Options) -> Result<(), Error> {
    let mut frames = agent.trace(recording).await?;
    let Some(Frame::Header(header)) = frames.next().await? else { return Err(StreamError::NoHeader.into()) };
    // Standard error may be closed; that is no reason not to trace.
    let plain = Options { color: false, format: rewind_recording::render::Format::Strace, ..options.clone() };
    drop(write_header(&mut io::stderr().lock(), &header, &plain));
    let since = Instant::now();
    let mut live = output.write(|out| Live::new(out, &header, options))?;
    let mut status = Status::default();
    let end = tokio::select! {
        // In this order, so that a Ctrl-C is listened for before the first call is shown.
        biased;
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.map_err(Error::Runtime)?;
            End::Interrupted
        }
        end = follow(&mut frames, &mut live, &mut status, output) => end?,
    };
    let passed_ns = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let read_ns = match &end {
        End::Container(last) => last.read_ns,
        _ => status.at_ns.max(header.read_ns.saturating_add(passed_ns)),
    };
    let summary = output.write(|out| live.finish(out, read_ns))?;
    if matches!(end, End::Interrupted) && io::stderr().is_terminal() {
        // The terminal has written ^C.
        note("");
    }
    let why = match &end {
        End::Interrupted => "ended by you",
        End::Container(last) if last.died_ns.is_some() => "the container has ended",
        End::Container(_) => "the agent has ended the trace",
        End::Broken => "the connection to the agent broke",
    };
    let missed = match &end {
        End::Container(_) | End::Interrupted => format!("{} missed", units::grouped(status.missed_total)),
        End::Broken => format!("{} or more missed", units::grouped(status.missed_total)),
    };
    note(&format!(
        "{why}: {} caught in {}, {} shown, {} failed, {missed}",
        units::counted(summary.calls, "call"),
        units::duration(passed_ns),
        units::grouped(summary.shown),
        units::grouped(summary.failed),
    ));
    match end {
        End::Broken => Err(StreamError::Io(io::ErrorKind::UnexpectedEof.into()).into()),
        _ => Ok(()),
    }
}

/// What ended the trace.
enum End {
    Interrupted,
    Container(Box<Header>),
    Broken,
}

async fn follow(frames: &mut Frames, live: &mut Live<'_>, status: &mut Status, output: &Output) -> Result<End, Error> {
    while let Some(frame) = frames.next().await? {
        match frame {
            Frame::Header(header) => live.learn(&header),
            Frame::Records(records) => output.write(|out| live.push(out, &records))?,
            Frame::End(header) => return Ok(End::Container(header)),
            Frame::Status(now) => {
                if now.missed > 0 {
                    let missed = units::counted(now.missed, "call");
                    note(&format!("# {missed} overwritten before they could be read"));
                }
                *status = *now;
            }
        }
    }
    Ok(End::Broken)
}
