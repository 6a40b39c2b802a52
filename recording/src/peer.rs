//! Names of peers: in a cluster the address of a service says little to a person. The agent, which knows the cluster,
//! adds the names of those that records name to the header, so that a saved file can still tell.

use crate::decode::{self, Invocation};
use crate::escape::UntrustedString;
use crate::record::{Record, all};
use crate::syscalls::Arch;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;

/// Ports from this on the kernel gives to who asks for any (`ip_local_port_range` of `ip(7)`).
pub const EPHEMERAL: u16 = 32_768;

/// Most peers that a header names.
pub const MAX_PEERS: usize = 256;

/// The Internet addresses that calls were given (`10.96.0.12:5432`, `[fd00::c]:5432`), and those of connections,
/// [`MAX_PEERS`] at most.
#[must_use]
pub fn named(records: &[u8], arch: Arch) -> BTreeSet<String> {
    let peers = all(records).map_while(Result::ok).filter_map(|record| match record {
        Record::Call(call) | Record::Enter(call) | Record::InProgress(call) => {
            decode::peer(&Invocation { call, enter: None }, arch)
        }
        event => event.as_event()?.peer().map(|peer| peer.to_string()),
    });
    let mut named = BTreeSet::new();
    for peer in peers.filter(|peer| peer.parse::<SocketAddr>().is_ok()) {
        if named.len() == MAX_PEERS {
            break;
        }
        named.insert(peer);
    }
    named
}

/// A text with the name before each address that has one: `db.shop:5432 (10.96.0.12:5432)`.
#[must_use]
pub fn beside(text: &str, peers: &BTreeMap<String, UntrustedString>) -> String {
    let is_part = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, peer, name)) = first(rest, peers, is_part) {
        let (before, from) = rest.split_at(at);
        let (_, behind) = from.split_at(peer.len());
        let _ = write!(told, "{before}{name} ({peer})");
        rest = behind;
    }
    told.push_str(rest);
    told
}

/// The first address in a text that has a name.
fn first<'p>(
    text: &str,
    peers: &'p BTreeMap<String, UntrustedString>,
    is_part: impl Fn(Option<u8>) -> bool,
) -> Option<(usize, &'p str, &'p UntrustedString)> {
    let bytes = text.as_bytes();
    let places = peers.iter().flat_map(|(peer, name)| text.match_indices(peer).map(move |(at, _)| (at, peer, name)));
    let whole = places.filter(|(at, peer, _)| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied();
        !is_part(before) && !is_part(bytes.get(at + peer.len()).copied())
    });
    whole.min_by_key(|(at, ..)| *at).map(|(at, peer, name)| (at, peer.as_str(), name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::build;

    fn connect(out: &mut Vec<u8>, nr: u16, ip: [u8; 4], port: u16) {
        let mut address = [0; 16];
        address[0] = 2;
        address[2..4].copy_from_slice(&port.to_be_bytes());
        address[4..8].copy_from_slice(&ip);
        build::call(out, 7, nr).at(1, 1).arg(4).pointed(&address).arg(16).result(0).end();
    }

    #[test]
    fn addresses_that_calls_were_given_are_to_be_named_once_each() {
        let mut records = Vec::new();
        for port in [5432, 80, 5432] {
            connect(&mut records, 42, [10, 96, 0, 12], port);
        }
        build::call(&mut records, 7, 42).at(1, 1).arg(4).pointed(b"\x01\x00/run/x\0").arg(9).result(0).end();
        let named: Vec<_> = named(&records, Arch::X86_64).into_iter().collect();
        assert_eq!(named, ["10.96.0.12:5432", "10.96.0.12:80"]);
    }

    #[test]
    fn no_number_of_addresses_makes_a_header_long() {
        let mut records = Vec::new();
        for port in 0..1000 {
            connect(&mut records, 42, [10, 96, 0, 12], port);
        }
        assert_eq!(named(&records, Arch::X86_64).len(), MAX_PEERS);
    }

    #[test]
    fn a_name_stands_before_its_address_and_before_no_other_that_begins_like_it() {
        let peers: BTreeMap<String, UntrustedString> =
            [("10.0.0.1:80", "web.shop:80"), ("10.0.0.1:8080", "api.shop:8080"), ("[fd00::1]:80", "six.shop:80")]
                .map(|(peer, name)| (peer.to_owned(), name.into()))
                .into();
        for (text, expected) in [
            ("to 10.0.0.1:80, no", "to web.shop:80 (10.0.0.1:80), no"),
            ("10.0.0.1:8080", "api.shop:8080 (10.0.0.1:8080)"),
            ("10.0.0.1:800 110.0.0.1:80", "10.0.0.1:800 110.0.0.1:80"),
            ("10.0.0.1:80 and 10.0.0.1:8080", "web.shop:80 (10.0.0.1:80) and api.shop:8080 (10.0.0.1:8080)"),
            ("([fd00::1]:80)", "(six.shop:80 ([fd00::1]:80))"),
            ("größe", "größe"),
        ] {
            assert_eq!(beside(text, &peers), expected);
        }
    }
}
