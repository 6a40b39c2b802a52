//! Socket addresses.

use super::text::{self, Text};
use crate::blobs::Bytes;
use crate::escape;
use crate::syscalls::flags::network::AF;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A socket address as `connect` shows it (`linux/socket.h`, `linux/in.h`, `linux/in6.h`,
/// `linux/un.h`, `linux/netlink.h`). Bytes that are too short for their family are shown raw.
pub(super) fn socket(out: &mut String, blob: &Bytes<'_>) -> bool {
    let bytes = blob.bytes;
    let Some(family) = text::u16_at(bytes, 0) else { return false };
    out.push_str("{sa_family=");
    text::choice(out, &AF, u64::from(family));
    let known = match family {
        1 => unix(out, blob),
        2 => inet(out, bytes),
        10 => inet6(out, bytes),
        16 => netlink(out, bytes),
        40 => vsock(out, bytes),
        _ => false,
    };
    let rest = bytes.get(2..).unwrap_or_default();
    if !known && !rest.is_empty() {
        out.push_str(", sa_data=");
        text::quoted(out, rest);
    }
    out.push('}');
    true
}

fn port(bytes: &[u8]) -> Option<u16> {
    text::u16_at(bytes, 2).map(u16::from_be)
}

/// Address and port of an IPv4 address.
pub(super) fn v4(bytes: &[u8]) -> Option<(Ipv4Addr, u16)> {
    let address: [u8; 4] = *bytes.get(4..)?.first_chunk()?;
    Some((Ipv4Addr::from(address), port(bytes)?))
}

/// Address and port of an IPv6 address.
pub(super) fn v6(bytes: &[u8]) -> Option<(Ipv6Addr, u16)> {
    let address: [u8; 16] = *bytes.get(8..)?.first_chunk()?;
    Some((Ipv6Addr::from(address), port(bytes)?))
}

fn inet(out: &mut String, bytes: &[u8]) -> bool {
    let Some((address, port)) = v4(bytes).filter(|_| bytes.len() >= 16) else { return false };
    let _ = write!(out, ", sin_port=htons({port}), sin_addr=inet_addr(\"{address}\")");
    true
}

fn inet6(out: &mut String, bytes: &[u8]) -> bool {
    let (Some((address, port)), Some(flow)) = (v6(bytes), text::u32_at(bytes, 4)) else { return false };
    let _ = write!(
        out,
        ", sin6_port=htons({port}), sin6_flowinfo=htonl({}), inet_pton(AF_INET6, \"{address}\", &sin6_addr)",
        u32::from_be(flow)
    );
    if let Some(scope) = text::u32_at(bytes, 24) {
        let _ = write!(out, ", sin6_scope_id={scope}");
    }
    true
}

/// The path of a Unix address: empty for an unnamed one, with `@` for an abstract one.
fn unix(out: &mut String, blob: &Bytes<'_>) -> bool {
    let path = blob.bytes.get(2..).unwrap_or_default();
    if path.is_empty() {
        return true;
    }
    out.push_str(", sun_path=");
    match path.split_first() {
        Some((0, name)) if !name.is_empty() => {
            out.push('@');
            text::quoted(out, Text::of(blob, name));
        }
        _ => text::quoted(out, Text::of(blob, text::until_nul(path).0)),
    }
    true
}

fn netlink(out: &mut String, bytes: &[u8]) -> bool {
    let (Some(pid), Some(groups)) = (text::u32_at(bytes, 4), text::u32_at(bytes, 8)) else { return false };
    let _ = write!(out, ", nl_pid={pid}, nl_groups={groups:08x}");
    true
}

fn vsock(out: &mut String, bytes: &[u8]) -> bool {
    let (Some(port), Some(cid)) = (text::u32_at(bytes, 4), text::u32_at(bytes, 8)) else { return false };
    match cid {
        u32::MAX => out.push_str(", svm_cid=VMADDR_CID_ANY"),
        0 => out.push_str(", svm_cid=VMADDR_CID_HYPERVISOR"),
        2 => out.push_str(", svm_cid=VMADDR_CID_HOST"),
        other => {
            let _ = write!(out, ", svm_cid={other:#x}");
        }
    }
    let _ = write!(out, ", svm_port={port:#x}");
    true
}

/// Who the other side is, in a word: `127.0.0.1:80`, `[::1]:80`, `/run/x.sock`, `@abstract`.
pub(super) fn peer(blob: &Bytes<'_>) -> Option<String> {
    let bytes = blob.bytes;
    let readable = |path| escape::text_of(blob.readable(text::until_nul(path).0)).into_owned();
    match text::u16_at(bytes, 0)? {
        1 => {
            let path = bytes.get(2..)?;
            Some(match path.split_first() {
                Some((0, name)) => format!("@{}", readable(name)),
                _ => readable(path),
            })
        }
        2 => v4(bytes).map(|(address, port)| format!("{address}:{port}")),
        10 => v6(bytes).map(|(address, port)| format!("[{address}]:{port}")),
        _ => None,
    }
}
