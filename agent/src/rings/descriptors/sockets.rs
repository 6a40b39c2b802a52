//! Sockets by their numbers -> what they are connected to, from `/proc/TGID/net`.

use super::read;
use procfs::FromBufReadSI as _;
use procfs::net::{TcpNetEntries, TcpNetEntry, UdpNetEntries, UdpNetEntry};
use rustix::fs::{getxattr, readlinkat};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd as _, OwnedFd};

/// Most bytes read of one table: some seven thousand sockets.
const MAX_TABLE_BYTES: u64 = 1 << 20;

/// What one table of one network namespace says of each socket, by number.
type Named = HashMap<u64, Vec<u8>>;

/// Reads one from its lines.
type Read = fn(Vec<u8>) -> Option<Named>;

/// The tables that were read so far, by network namespace and file.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    tables: HashMap<(Vec<u8>, &'static str), Named>,
}

impl Sockets {
    /// What a descriptor with the link `socket:[123]` stands for, where that is known.
    pub(super) fn name(&mut self, process: &OwnedFd, fd: i32, link: &[u8]) -> Option<Vec<u8>> {
        let number = link.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
        let number: u64 = std::str::from_utf8(number).ok()?.parse().ok()?;
        let (file, read): (_, Read) = match &*protocol(process, fd)? {
            b"TCP" => ("net/tcp", |lines| tcp("TCP", &lines)),
            b"TCPv6" => ("net/tcp6", |lines| tcp("TCPv6", &lines)),
            b"UDP" => ("net/udp", |lines| udp("UDP", &lines)),
            b"UDPv6" => ("net/udp6", |lines| udp("UDPv6", &lines)),
            name if name.starts_with(b"UNIX") => ("net/unix", |lines| Some(unix(&lines))),
            _ => return None,
        };
        let namespace = readlinkat(process, "ns/net", Vec::new()).ok()?.into_bytes();
        let table = self.tables.entry((namespace, file));
        table.or_insert_with(|| whole_lines(process, file).and_then(read).unwrap_or_default()).get(&number).cloned()
    }
}

/// The protocol of a socket (`sockfs_xattr_get` in `net/socket.c`). It says which table to read: to read that of
/// TCP is to look at each of some 100,000 hash buckets of the host, a millisecond and more.
fn protocol(process: &OwnedFd, fd: i32) -> Option<Vec<u8>> {
    let mut name = [0; 32];
    let path = format!("/proc/self/fd/{}/fd/{fd}", process.as_raw_fd());
    let len = getxattr(path, "system.sockprotoname", &mut name).ok()?;
    Some(name.get(..len)?.strip_suffix(b"\0")?.to_vec())
}

fn tcp(name: &str, lines: &[u8]) -> Option<Named> {
    let entries = TcpNetEntries::from_buf_read(lines, procfs::current_system_info()).ok()?;
    let named = |entry: TcpNetEntry| (entry.inode, pair(name, entry.local_address, entry.remote_address));
    Some(entries.0.into_iter().map(named).collect())
}

fn udp(name: &str, lines: &[u8]) -> Option<Named> {
    let entries = UdpNetEntries::from_buf_read(lines, procfs::current_system_info()).ok()?;
    let named = |entry: UdpNetEntry| (entry.inode, pair(name, entry.local_address, entry.remote_address));
    Some(entries.0.into_iter().map(named).collect())
}

fn unix(lines: &[u8]) -> Named {
    lines.split(|byte| *byte == b'\n').filter_map(unix_line).collect()
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
fn unix_line(line: &[u8]) -> Option<(u64, Vec<u8>)> {
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
