//! TCP connections as spans: from the connect, or from when it was accepted, to the end.

use crate::attribute::attribute;
use crate::id;
use crate::process::Processes;
use crate::spans::{Trace, of_process};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use rewind_common::record::connection::{direction, what};
use rewind_recording::connections::Connected;
use rewind_recording::decode::errno_name;
use rewind_recording::events::Connection;
use rewind_recording::events::connection::{End, Fate, closed_by, local, peer};
use std::net::SocketAddr;

impl Trace<'_> {
    /// The span of a connection, below that of its process.
    pub(crate) fn connection(self, of: &Connected, processes: &Processes) -> Span {
        let Connected { last, start_ns, is_start_seen, established_ns, is_over } = *of;
        let process = [start_ns, last.time_ns].into_iter().find_map(|at_ns| processes.at(last.tgid, at_ns));
        let parent = process.map_or_else(|| self.root_id(), |process| self.process_id(process));
        let (local, peer) = (local(&last), peer(&last));
        let ports = u64::from(local.port()) << 16 | u64::from(peer.port());
        let kind = match last.direction {
            direction::OUT => SpanKind::Client,
            direction::IN => SpanKind::Server,
            _ => SpanKind::Internal,
        };
        let mut attributes = process.map(of_process).unwrap_or_default();
        attributes.extend(of_ends(&last, local, peer));
        attributes.extend(of_figures(&last));
        if !is_start_seen {
            attributes.push(attribute("rewind.tcp.start_seen", false));
        }
        if !is_over {
            // With its container it has ended as well.
            attributes.extend(self.is_alive().then(|| attribute("rewind.unfinished", true)));
        } else {
            attributes.push(attribute("rewind.tcp.close_reason", Fate::of(&last).name()));
            let by = closed_by(&last).map(|end| attribute("rewind.tcp.closed_by", end.name()));
            attributes.extend(by);
        }
        let error = error_type(&last);
        attributes.extend(error.as_deref().map(|error| attribute("error.type", error)));
        let end_ns = is_over.then_some(last.time_ns);
        let id = id::span(self.id, "connection", ports, established_ns);
        if last.direction == direction::OUT && established_ns > start_ns {
            attributes.push(attribute("rewind.tcp.connect_duration_ns", established_ns - start_ns));
        }
        let span = self.bare(id, parent.to_vec(), &of.name(), (start_ns, end_ns), error.is_some(), attributes);
        Span { kind: kind.into(), ..span }
    }
}

/// Both ends, by the names of the conventions.
fn of_ends(last: &Connection, local: SocketAddr, peer: SocketAddr) -> Vec<KeyValue> {
    let of = |[address, port]: [&str; 2], end: SocketAddr| {
        [attribute(address, end.ip().to_string()), attribute(port, u32::from(end.port()))]
    };
    let (client, server) = (["client.address", "client.port"], ["server.address", "server.port"]);
    let mut attributes = Vec::with_capacity(10);
    attributes.push(attribute("network.transport", "tcp"));
    attributes.push(attribute("network.type", if peer.is_ipv4() { "ipv4" } else { "ipv6" }));
    attributes.extend(of(["network.local.address", "network.local.port"], local));
    attributes.extend(of(["network.peer.address", "network.peer.port"], peer));
    match last.direction {
        direction::OUT => attributes.extend(of(server, peer)),
        direction::IN => attributes.extend([of(server, local), of(client, peer)].into_iter().flatten()),
        _ => {}
    }
    attributes
}

fn of_figures(last: &Connection) -> Vec<KeyValue> {
    let mut attributes = Vec::new();
    if last.header.flags == what::CLOSED {
        attributes.push(attribute("rewind.tcp.bytes_sent", last.bytes_sent));
        attributes.push(attribute("rewind.tcp.bytes_received", last.bytes_received));
    }
    if last.srtt_us != 0 {
        attributes.push(attribute("rewind.tcp.rtt_us", last.srtt_us));
    }
    attributes.push(attribute("rewind.tcp.retransmits", last.retransmits));
    attributes
}

/// In which way it failed, in the words that the conventions have for sockets; `None`: it has not, or this end wanted
/// it so.
fn error_type(last: &Connection) -> Option<String> {
    let fate = Fate::of(last);
    if fate.is_good() || closed_by(last) == Some(End::Us) {
        return None;
    }
    let name = errno_name(last.error).filter(|_| last.error != 0);
    Some(match (fate, name) {
        (Fate::Refused, _) => "connection_refused".to_owned(),
        (Fate::TimedOut, _) => "timed_out".to_owned(),
        (Fate::Reset, _) => "connection_reset".to_owned(),
        (Fate::Unreachable, Some("ENETUNREACH")) => "network_unreachable".to_owned(),
        (Fate::Unreachable, Some("ENETDOWN")) => "network_down".to_owned(),
        (Fate::Unreachable, _) => "host_unreachable".to_owned(),
        (Fate::GivenUp, _) => "operation_aborted".to_owned(),
        (_, Some(errno)) => errno.to_owned(),
        (_, None) => "_OTHER".to_owned(),
    })
}

#[cfg(test)]
mod tests;
