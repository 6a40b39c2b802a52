//! `export`: a file's spans and log records to an OpenTelemetry backend.

use crate::error::Error;
use crate::output::note;
use crate::source;
use rewind_exporter::{Destination, Exporter, Message, Rejected, Signal};
use rewind_otlp::{MESSAGE_RECORDS, logs, traces};
use rewind_recording::render::{Options, units};
use rewind_recording::stream::Recording;
use std::path::Path;
use std::time::Duration;

/// How long a message may wait for a backend that is away: somebody waits for this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends a recording.
///
/// # Errors
/// [`Error`]; what was sent before stays sent.
pub(super) async fn run(from: &Path, endpoint: Option<&str>, options: &Options) -> Result<(), Error> {
    let Recording { header, records, complete } = source::read(from).await?;
    if !complete {
        note("warning: the file is cut short, calls at the end may be missing");
    }
    let (to_traces, to_logs) = (exporter(Signal::Traces, endpoint)?, exporter(Signal::Logs, endpoint)?);
    let mut sent = Sent::default();
    for message in traces(&header, &records, MESSAGE_RECORDS) {
        let count = message.resource_spans.iter().flat_map(|of| &of.scope_spans).map(|of| of.spans.len()).sum();
        sent.spans += sent.send(&to_traces, &message, count).await?;
    }
    let mut messages = Vec::new();
    logs(&header, &records, options, MESSAGE_RECORDS, |message| {
        messages.push(message);
        Ok(())
    })
    .map_err(Error::Output)?;
    for message in messages {
        let count = message.resource_logs.iter().flat_map(|of| &of.scope_logs).map(|of| of.log_records.len()).sum();
        sent.logs += sent.send(&to_logs, &message, count).await?;
    }
    let (spans, logs) = (units::counted(sent.spans, "span"), units::counted(sent.logs, "log record"));
    note(&format!("{spans} and {logs} sent"));
    sent.finish()
}

fn exporter(signal: Signal, endpoint: Option<&str>) -> Result<Exporter, Error> {
    let (destination, warnings) = Destination::of(signal, endpoint, &|name| std::env::var(name).ok())?;
    warnings.iter().for_each(|warning| note(&format!("warning: {warning}")));
    Ok(Exporter::new(destination, PATIENCE)?)
}

/// What came of it.
#[derive(Default)]
struct Sent {
    spans: u64,
    logs: u64,
    rejected: u64,
    why: String,
}

impl Sent {
    /// Sends a message of `count` spans or log records; how many of them were taken.
    async fn send<M: Message>(&mut self, to: &Exporter, message: &M, count: usize) -> Result<u64, Error> {
        let Rejected { count: rejected, message } = to.send(message).await?;
        if rejected == 0 && !message.is_empty() {
            note(&format!("warning: the backend says: {message}"));
        }
        self.rejected += rejected;
        if rejected > 0 {
            self.why = message;
        }
        Ok((count as u64).saturating_sub(rejected))
    }

    fn finish(self) -> Result<(), Error> {
        if self.rejected == 0 { Ok(()) } else { Err(Error::Rejected { count: self.rejected, why: self.why }) }
    }
}
