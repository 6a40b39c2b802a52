//! A live trace: a subscriber of the feed, for all calls of one recording. The kernel side knows nothing of it,
//! and a reader that does not keep up misses records, which it is told. What it has not read waits in its
//! subscription: bytes are made when it asks for them.

use super::audit::Reading;
use super::rights::Rights;
use super::{Body, Shared, covered, noted, refused, respond};
use crate::feed::{Feed, Happened, Subscription};
use crate::recorder::{self, Recorder};
use bytes::Bytes;
use futures_util::stream as futures;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use hyper::{Response, StatusCode};
use rewind_recording::header::Header;
use rewind_recording::stream::{self, Status, Writer};
use std::convert::Infallible;
use std::io;
use std::sync::Arc;

/// Starts a trace.
pub(super) fn answer(recorder: Shared, feed: &Feed, rights: &Rights, number: u64) -> Response<Body> {
    let trace = match Trace::begin(recorder, feed, rights, number) {
        Ok(trace) => trace,
        Err(error) => return refused(&error),
    };
    let reading = Reading::trace(&trace.header);
    let frames = futures::unfold(trace, |mut trace| async {
        let bytes = trace.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(bytes)), trace))
    });
    noted(respond(StatusCode::OK, stream::CONTENT_TYPE, StreamBody::new(frames).boxed()), reading)
}

/// A trace that goes on.
struct Trace {
    recorder: Arc<Recorder>,
    number: u64,
    subscription: Subscription,
    /// `None`: its end has been written.
    writer: Option<Writer<Vec<u8>>>,
    /// What was known of the recording last.
    header: Header,
    missed: u64,
}

impl Trace {
    /// Writes where the trace begins, and what threads are in that will not be seen to return.
    fn begin(recorder: Shared, feed: &Feed, rights: &Rights, number: u64) -> Result<Self, recorder::Error> {
        let subscription = feed.subscribe_to("trace", number)?;
        let header = recorder.header_of(number)?;
        covered(rights, &header, number)?;
        let before = if header.died_ns.is_none() { recorder.before(number)? } else { Vec::new() };
        // A `Vec` takes everything; if it did not, the reader would see that there is no end.
        let mut writer = Writer::new(Vec::new(), &header).ok();
        writer = writer.and_then(|mut writer| writer.records(&before).is_ok().then_some(writer));
        Ok(Self { recorder, number, subscription, writer, header, missed: 0 })
    }

    /// The next bytes; `None`: there are no more.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let written = std::mem::take(self.writer.as_mut()?.sink());
            if !written.is_empty() {
                return Some(written.into());
            }
            match self.subscription.next().await {
                Some(happened) => self.write(&happened).ok()?,
                None => return self.finish(),
            }
        }
    }

    fn write(&mut self, happened: &Happened) -> io::Result<()> {
        let records = happened.batch.records();
        self.header.redacted += happened.redacted;
        let origins = self.recorder.origins(&happened.container, records);
        let Some(writer) = &mut self.writer else { return Ok(()) };
        if !origins.is_empty() {
            writer.header(&Header { origins, ..self.header.clone() })?;
        }
        writer.records(records)?;
        let missed = self.subscription.missed();
        let missed_total = missed.overwritten + missed.queue_full;
        let missed = missed_total - std::mem::replace(&mut self.missed, missed_total);
        if missed > 0 {
            let now = self.recorder.header_of(self.number).unwrap_or_else(|_| self.header.clone());
            let (at_ns, losses) = (now.read_ns, now.losses);
            writer.status(&Status { at_ns, missed, missed_total, losses, ..Status::default() })?;
        }
        Ok(())
    }

    /// The last bytes: the header with its final figures.
    fn finish(&mut self) -> Option<Bytes> {
        let writer = self.writer.take()?;
        let last = match self.recorder.header_of(self.number) {
            Ok(header) => Header { redacted: self.header.redacted, ..header },
            // Its ring was given to another container: the trace ends with what is known.
            Err(recorder::Error::Gone(_)) => self.header.clone(),
            Err(error) => {
                // Without its end the reader knows that the trace was cut short.
                tracing::error!(%error, recording = self.number, "a trace ends early");
                return None;
            }
        };
        writer.finish(&last).ok().map(Bytes::from)
    }
}
