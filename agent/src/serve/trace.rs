//! A live trace: the ring's tail, looked at ten times a second. The kernel side knows nothing of it,
//! and a reader that does not keep up misses records, which it is told.

use super::{Body, Shared, lock, refused, respond};
use crate::recorder::{self, Recorder};
use bytes::Bytes;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use hyper::{Response, StatusCode};
use rewind_recording::cut::Tail;
use rewind_recording::header::Header;
use rewind_recording::stream::{self, Status, Writer};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;

/// How often the ring is looked at.
const INTERVAL: Duration = Duration::from_millis(100);
/// Looks that wait for a slow reader before the tail waits too, and the ring goes on without it.
const QUEUE: usize = 8;

/// Starts a trace.
pub(super) async fn answer(shared: Shared, number: u64) -> Response<Body> {
    let mut tail = Tail::default();
    let first = first_look(&mut lock(&shared), number, &mut tail);
    let (header, before) = match first {
        Ok((header, before)) => (Header { redacted: 0, ..header }, before),
        Err(error) => return refused(&error),
    };
    let (send, receive) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        // The reader has gone, or the container has: either ends the trace.
        let _ = follow(shared, number, tail, (header, before), send).await;
    });
    let frames = futures_stream(receive);
    respond(StatusCode::OK, stream::CONTENT_TYPE, StreamBody::new(frames).boxed())
}

/// Where the trace begins, and what threads are in that will not be seen to return.
fn first_look(recorder: &mut Recorder, number: u64, tail: &mut Tail) -> Result<(Header, Vec<u8>), recorder::Error> {
    let (header, ..) = recorder.follow(number, tail)?;
    let before = if header.died_ns.is_none() { recorder.before(number)? } else { Vec::new() };
    Ok((header, before))
}

fn futures_stream(
    mut receive: mpsc::Receiver<Bytes>,
) -> impl futures_core::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + Sync {
    futures_util::stream::poll_fn(move |context| {
        receive.poll_recv(context).map(|block| block.map(|b| Ok(Frame::data(b))))
    })
}

/// Why a trace ends early.
enum End {
    /// The reader has gone.
    Reader,
    /// Writing into memory failed, which it does not.
    Write,
}

impl From<std::io::Error> for End {
    fn from(_: std::io::Error) -> Self {
        Self::Write
    }
}

async fn follow(
    shared: Shared,
    number: u64,
    mut tail: Tail,
    (header, before): (Header, Vec<u8>),
    send: mpsc::Sender<Bytes>,
) -> Result<(), End> {
    let mut writer = Writer::new(Vec::new(), &header)?;
    writer.records(&before)?;
    let mut last = header;
    let (mut missed_total, mut redacted) = (0, 0);
    loop {
        flush(&mut writer, &send).await?;
        tokio::time::sleep(INTERVAL).await;
        if send.is_closed() {
            return Err(End::Reader);
        }
        let (header, records, missed) = match lock(&shared).follow(number, &mut tail) {
            Ok(look) => look,
            // Its ring was given to another container: the trace ends with what is known.
            Err(recorder::Error::Gone(_)) => break,
            Err(error) => {
                // Without its end the reader knows that the trace was cut short.
                tracing::error!(%error, recording = number, "a trace ends early");
                return Ok(());
            }
        };
        missed_total += missed;
        redacted += header.redacted;
        if !header.origins.is_empty() {
            writer.header(&header)?;
        }
        writer.records(&records)?;
        if missed > 0 {
            let losses = header.losses.clone();
            writer.status(&Status { at_ns: header.read_ns, missed, missed_total, losses, ..Status::default() })?;
        }
        let is_over = header.died_ns.is_some();
        last = Header { redacted, ..header };
        if is_over {
            break;
        }
    }
    let bytes = writer.finish(&last)?;
    send.send(Bytes::from(bytes)).await.map_err(|_| End::Reader)
}

async fn flush(writer: &mut Writer<Vec<u8>>, send: &mpsc::Sender<Bytes>) -> Result<(), End> {
    let bytes = std::mem::take(writer.sink());
    if bytes.is_empty() {
        return Ok(());
    }
    send.send(Bytes::from(bytes)).await.map_err(|_| End::Reader)
}
