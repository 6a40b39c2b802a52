//! Each reading through the port leaves a line in the log and an Event on the pod: who, what, how much, from when
//! to when.

use super::Body;
use super::rights::Grant;
use crate::clock;
use crate::identity::pod::PodContainer;
use crate::publish::{Events, Note};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use k8s_openapi::jiff::Timestamp;
use rewind_recording::escape::visible;
use rewind_recording::header::{Container, Header};
use rewind_recording::render::units;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Most characters of a user's name in an Event.
const MAX_USER_CHARS: usize = 128;

/// What an answer gives of a recording. It stands beside the answer, for who has to note it.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    container: Container,
    what: What,
    /// Unix time, nanoseconds.
    from_ns: i64,
    /// `None`: until the answer is over.
    to_ns: Option<i64>,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Recording,
    Crash,
    Trace,
    Payload { on: bool },
}

impl Reading {
    /// What a ring holds.
    pub(super) fn recording(header: &Header) -> Self {
        Self::held(header, What::Recording)
    }

    /// What a crash file holds.
    pub(super) fn crash(header: &Header) -> Self {
        Self::held(header, What::Crash)
    }

    fn held(header: &Header, what: What) -> Self {
        let unix = |ktime_ns: u64| ktime_ns.cast_signed().saturating_add(header.host.unix_offset_ns);
        let (from_ns, to_ns) = (unix(header.coverage.oldest_ns), Some(unix(header.coverage.newest_ns)));
        Self { container: header.container.clone(), what, from_ns, to_ns }
    }

    /// Calls as they are made, from now on.
    pub(super) fn trace(header: &Header) -> Self {
        Self { container: header.container.clone(), what: What::Trace, from_ns: clock::unix_ns(), to_ns: None }
    }

    /// The switch for payload.
    pub(super) fn payload(container: &Container, on: bool) -> Self {
        let now = clock::unix_ns();
        Self { container: container.clone(), what: What::Payload { on }, from_ns: now, to_ns: Some(now) }
    }

    /// In one sentence.
    fn sentence(&self, user: &str, bytes: u64, to_ns: i64) -> String {
        let user: String = visible(user).chars().take(MAX_USER_CHARS).collect();
        let (size, from, to) = (units::bytes(bytes), time(self.from_ns), time(to_ns));
        let container = PodContainer::of(&self.container).map_or("a container", |of| of.container);
        match self.what {
            What::Recording => format!("{user} read the recording of {container}: {size}, calls from {from} to {to}"),
            What::Crash => format!("{user} read a crash file of {container}: {size}, calls from {from} to {to}"),
            What::Trace => format!("{user} watched the calls of {container}: {size}, from {from} to {to}"),
            What::Payload { on } => {
                format!("{user} switched the recording of payload of {container} {}", if on { "on" } else { "off" })
            }
        }
    }

    const fn name(&self) -> &'static str {
        match self.what {
            What::Recording => "recording",
            What::Crash => "crash file",
            What::Trace => "trace",
            What::Payload { on: true } => "payload on",
            What::Payload { on: false } => "payload off",
        }
    }
}

fn time(unix_ns: i64) -> String {
    Timestamp::from_second(unix_ns.div_euclid(1_000_000_000)).map_or_else(|_| "?".to_owned(), |time| time.to_string())
}

/// The body of an answer that is noted when it is over, however it ends.
pub(super) struct Noted {
    body: Body,
    bytes: u64,
    reading: Reading,
    grant: Grant,
    events: Arc<Events>,
}

impl Noted {
    pub(super) fn new(body: Body, reading: Reading, grant: Grant, events: Arc<Events>) -> Self {
        if reading.to_ns.is_none() {
            let (request, user, what) = (&grant.request, &grant.user, reading.name());
            tracing::info!(%request, %user, what, container = %reading.container.name, "a reading begins");
        }
        Self { body, bytes: 0, reading, grant, events }
    }
}

impl HttpBody for Noted {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.bytes += frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        let Self { bytes, reading, grant: Grant { request, user, .. }, events, .. } = self;
        let to_ns = reading.to_ns.unwrap_or_else(clock::unix_ns);
        let (what, container, from, to) = (reading.name(), &reading.container.name, time(reading.from_ns), time(to_ns));
        tracing::info!(%request, %user, what, %container, bytes, from, to, "read");
        if let Some(on) = PodContainer::of(&reading.container) {
            let note = Note::new(on, "RecordingRead", &reading.sentence(user, *bytes, to_ns));
            events.say(note.keyed(&format!("{user} {what}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_recording::header::{Coverage, Host};

    fn header() -> Header {
        let host = Host { unix_offset_ns: 1_795_000_000_000_000_000, ..Host::default() };
        let container = Container { name: "shop/web/app".into(), pod_uid: "u1".into(), ..Container::default() };
        let coverage = Coverage { oldest_ns: 1_000_000_000, newest_ns: 61_000_000_000, ..Coverage::default() };
        Header { host, container, coverage, ..Header::default() }
    }

    #[test]
    fn a_reading_says_who_what_how_much_and_from_when_to_when() {
        let reading = Reading::recording(&header());
        assert_eq!(
            reading.sentence("anna", 49_152, reading.to_ns.unwrap()),
            "anna read the recording of app: 48 KiB, calls from 2026-11-18T11:06:41Z to 2026-11-18T11:07:41Z"
        );
        let switched = Reading::payload(&header().container, true);
        assert_eq!(switched.sentence("anna", 0, 0), "anna switched the recording of payload of app on");
        assert_eq!(Reading::trace(&header()).to_ns, None);
    }

    #[test]
    fn a_users_name_is_bounded_and_steers_no_terminal() {
        let sentence = Reading::crash(&header()).sentence(&format!("\u{1b}[2J{}", "x".repeat(5000)), 1, 0);
        assert!(sentence.len() < 500 && !sentence.contains('\u{1b}'), "{sentence}");
    }
}
