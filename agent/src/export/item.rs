//! Spans and log records by what they have in common: they are made of events, and go into messages by resource.

use opentelemetry_proto::tonic::logs::v1::{LogRecord, LogsData};
use opentelemetry_proto::tonic::trace::v1::{Span, TracesData};
use rewind_exporter::Message;
use rewind_otlp::Live;
use rewind_recording::event::Timeline;
use rewind_recording::header::Header;

/// Most bytes of a message: a Collector's gRPC receiver takes 4 MiB, resources included.
const MAX_MESSAGE_BYTES: usize = 3 << 20;

/// Bytes of the key and the length before a part of a message.
const ITEM_BYTES: usize = 8;
/// The same of a recording's part, and of the scope in it.
const PART_BYTES: usize = 2 * ITEM_BYTES;

/// A span or a log record.
pub(crate) trait Item: prost::Message + Clone + Default + Sized + 'static {
    /// What they are sent in.
    type Message: Message + Default + 'static;

    /// What the next events of a recording make.
    fn of(live: &mut Live, header: &Header, timeline: &Timeline<'_>) -> Vec<Self>;

    /// Those that are no requests' spans.
    fn without_requests(items: Vec<Self>) -> Vec<Self> {
        items
    }

    /// What a clock makes, with nothing that happened: spans alone.
    fn expired(live: &mut Live, header: &Header, now_ns: u64) -> Vec<Self> {
        drop(live.expired(header, now_ns));
        Vec::new()
    }

    /// What is given up of what a recording's [`Live`] holds makes: spans alone.
    fn shed(live: &mut Live, header: &Header, now_ns: u64) -> Vec<Self> {
        drop(live.shed(header, now_ns));
        Vec::new()
    }

    /// Puts those of a recording into a message; how many bytes it is more, without the items themselves.
    fn put(message: &mut Self::Message, header: &Header, items: Vec<Self>) -> usize;
}

impl Item for Span {
    type Message = TracesData;

    fn of(live: &mut Live, header: &Header, timeline: &Timeline<'_>) -> Vec<Self> {
        live.spans(header, timeline)
    }

    fn without_requests(items: Vec<Self>) -> Vec<Self> {
        items.into_iter().filter(|span| !rewind_otlp::is_request(span)).collect()
    }

    fn expired(live: &mut Live, header: &Header, now_ns: u64) -> Vec<Self> {
        live.expired(header, now_ns)
    }

    fn shed(live: &mut Live, header: &Header, now_ns: u64) -> Vec<Self> {
        live.shed(header, now_ns)
    }

    fn put(message: &mut TracesData, header: &Header, mut items: Vec<Self>) -> usize {
        let mut part = rewind_otlp::resource_spans(header, Vec::new());
        let bytes = prost::Message::encoded_len(&part) + PART_BYTES;
        part.scope_spans.iter_mut().take(1).for_each(|of| of.spans = std::mem::take(&mut items));
        message.resource_spans.push(part);
        bytes
    }
}

impl Item for LogRecord {
    type Message = LogsData;

    fn of(live: &mut Live, header: &Header, timeline: &Timeline<'_>) -> Vec<Self> {
        live.logs(header, timeline)
    }

    fn put(message: &mut LogsData, header: &Header, mut items: Vec<Self>) -> usize {
        let mut part = rewind_otlp::resource_logs(header, Vec::new());
        let bytes = prost::Message::encoded_len(&part) + PART_BYTES;
        part.scope_logs.iter_mut().take(1).for_each(|of| of.log_records = std::mem::take(&mut items));
        message.resource_logs.push(part);
        bytes
    }
}

/// Messages in the making, each small enough for a backend.
#[derive(Debug)]
pub(crate) struct Messages<I: Item> {
    done: Vec<(I::Message, u64)>,
    open: I::Message,
    open_bytes: usize,
    open_count: u64,
}

impl<I: Item> Default for Messages<I> {
    fn default() -> Self {
        Self { done: Vec::new(), open: I::Message::default(), open_bytes: 0, open_count: 0 }
    }
}

impl<I: Item> Messages<I> {
    /// Takes items of a recording in.
    pub(crate) fn put(&mut self, header: &Header, items: Vec<I>) {
        let (mut part, mut part_bytes) = (Vec::new(), 0);
        for item in items {
            let bytes = item.encoded_len() + ITEM_BYTES;
            if self.open_bytes + part_bytes + bytes > MAX_MESSAGE_BYTES {
                self.add(header, std::mem::take(&mut part), part_bytes);
                self.close();
                part_bytes = 0;
            }
            part_bytes += bytes;
            part.push(item);
        }
        self.add(header, part, part_bytes);
    }

    /// Messages, and how many items are in each.
    pub(crate) fn finish(mut self) -> Vec<(I::Message, u64)> {
        self.close();
        self.done
    }

    fn close(&mut self) {
        if self.open_count > 0 {
            self.done.push((std::mem::take(&mut self.open), self.open_count));
        }
        (self.open_bytes, self.open_count) = (0, 0);
    }

    /// Items of so many bytes.
    fn add(&mut self, header: &Header, part: Vec<I>, part_bytes: usize) {
        if !part.is_empty() {
            self.open_count += part.len() as u64;
            self.open_bytes += part_bytes + I::put(&mut self.open, header, part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;

    fn span(name_bytes: usize) -> Span {
        Span { name: "x".repeat(name_bytes), ..Span::default() }
    }

    #[test]
    fn one_message_has_many_resources_and_none_is_too_large() {
        let mut messages = Messages::default();
        let headers: Vec<Header> = (1..=3).map(|recording| Header { recording, ..Header::default() }).collect();
        for header in &headers {
            messages.put(header, vec![span(10); 5]);
        }
        messages.put(&headers[0], Vec::new());
        let small = messages.finish();
        assert_eq!(small.iter().map(|(of, count)| (of.resource_spans.len(), *count)).collect::<Vec<_>>(), [(3, 15)]);

        let mut messages = Messages::default();
        for header in &headers {
            messages.put(header, vec![span(100_000); 100]);
        }
        let large = messages.finish();
        assert_eq!(large.iter().map(|(_, count)| count).sum::<u64>(), 300);
        let largest = large.iter().map(|(of, _)| of.encoded_len()).max().unwrap();
        assert!((2 << 20..4 << 20).contains(&largest), "{largest}");
        assert!(Messages::<Span>::default().finish().is_empty());
    }
}
