//! Sockets by their numbers -> what they are connected to, from `/proc/TGID/net`.

use super::read;
use procfs::FromBufReadSI as _;
use procfs::net::{TcpNetEntries, UdpNetEntries};
use rustix::fs::readlinkat;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

/// Most bytes read of one table: some seven thousand sockets.
const MAX_TABLE_BYTES: u64 = 1 << 20;

/// The sockets of the network namespaces that were asked for, by number.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    namespaces: HashMap<Vec<u8>, HashMap<u64, Vec<u8>>>,
}

impl Sockets {
    /// What a descriptor's link `socket:[123]` stands for, where that is known.
    pub(super) fn name(&mut self, process: &OwnedFd, link: &[u8]) -> Option<Vec<u8>> {
        let number = link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
        let number: u64 = std::str::from_utf8(number).ok()?.parse().ok()?;
        let namespace = readlinkat(process, "ns/net", Vec::new()).ok()?.into_bytes();
        self.namespaces.entry(namespace).or_insert_with(|| all(process)).get(&number).cloned()
    }
}

fn all(process: &OwnedFd) -> HashMap<u64, Vec<u8>> {
    let mut sockets = HashMap::new();
    for (file, name) in [("net/tcp", "TCP"), ("net/tcp6", "TCPv6")] {
        let entries = whole_lines(process, file)
            .and_then(|lines| TcpNetEntries::from_buf_read(&*lines, procfs::current_system_info()).ok());
        let entries = entries.into_iter().flat_map(|entries| entries.0);
        sockets.extend(entries.map(|entry| (entry.inode, pair(name, entry.local_address, entry.remote_address))));
    }
    for (file, name) in [("net/udp", "UDP"), ("net/udp6", "UDPv6")] {
        let entries = whole_lines(process, file)
            .and_then(|lines| UdpNetEntries::from_buf_read(&*lines, procfs::current_system_info()).ok());
        let entries = entries.into_iter().flat_map(|entries| entries.0);
        sockets.extend(entries.map(|entry| (entry.inode, pair(name, entry.local_address, entry.remote_address))));
    }
    let lines = whole_lines(process, "net/unix").unwrap_or_default();
    sockets.extend(lines.split(|byte| *byte == b'\n').filter_map(unix));
    sockets
}

/// The beginning of a file, up to the end of a line.
fn whole_lines(process: &OwnedFd, file: &str) -> Option<Vec<u8>> {
    let mut bytes = read(process, file, MAX_TABLE_BYTES)?;
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    bytes.truncate(end);
    Some(bytes)
}

fn pair(name: &str, local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let peer = if remote.port() == 0 { String::new() } else { format!("->{remote}") };
    format!("{name}:[{local}{peer}]").into_bytes()
}

/// A line of `net/unix`: `Num RefCount Protocol Flags Type St Inode Path`, the path up to the end.
fn unix(line: &[u8]) -> Option<(u64, Vec<u8>)> {
    let mut fields = line.splitn(7, |byte| *byte == b' ');
    let kind: &[u8] = match fields.nth(4)? {
        b"0001" => b"UNIX-STREAM",
        b"0002" => b"UNIX-DGRAM",
        b"0005" => b"UNIX-SEQPACKET",
        _ => return None,
    };
    // The number may have spaces in front.
    let rest = fields.nth(1)?.trim_ascii_start();
    let (number, path) = rest.split_at(rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len()));
    let path = path.strip_prefix(b" ").filter(|path| !path.is_empty()).unwrap_or(number);
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, [kind, b":[", path, b"]"].concat()))
}
