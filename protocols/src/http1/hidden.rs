//! What of a head nobody needs to know who is not its reader.

use super::head::{Start, read};
use std::ops::Range;

/// Fields that are read here; the values of all others may be a stranger's secrets.
const KNOWN: [&str; 7] =
    ["connection", "content-length", "host", "traceparent", "tracestate", "transfer-encoding", "user-agent"];

/// Where in the bytes of a head, whole or not, stands what is to be hidden: query, fragment, user and password of the
/// target, values of fields that are not read here, lines that are no fields, and what stands behind the head. Total:
/// what is not understood is hidden.
#[must_use]
pub fn hidden(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut is_first = true;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let (from, len) = (at, line.len());
        at += len;
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            if is_first {
                continue;
            }
            // Behind it the next message begins, or a body.
            let rest = bytes.get(at..).unwrap_or_default();
            if matches!(read(rest), Start::Other | Start::Cut(None)) {
                found.extend((!rest.is_empty()).then_some(at..bytes.len()));
                break;
            }
            is_first = true;
            continue;
        }
        let hides = if std::mem::take(&mut is_first) { of_target(text) } else { of_field(text) };
        found.extend(hides.into_iter().filter(|range| !range.is_empty()).map(|it| from + it.start..from + it.end));
    }
    found
}

/// In the first line: what stands in the second word in front of an `@`, and behind the first `?` or `#`.
fn of_target(line: &[u8]) -> Vec<Range<usize>> {
    if line.starts_with(b"HTTP/") {
        return Vec::new();
    }
    let Some(from) = line.iter().position(|byte| *byte == b' ').map(|at| at + 1) else { return Vec::new() };
    let target = line.get(from..).unwrap_or_default();
    // The version is the last word: a space in a query ends nothing.
    let is_version = |at: &usize| target.get(at + 1..).is_some_and(|rest| rest.starts_with(b"HTTP/"));
    let spaces = target.iter().enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at);
    let to = spaces.rev().find(is_version).unwrap_or(target.len());
    let target = target.get(..to).unwrap_or_default();
    let query = target.iter().position(|byte| b"?#".contains(byte)).unwrap_or(target.len());
    let front = target.get(..query).unwrap_or_default();
    let scheme = front.windows(3).position(|three| three == b"://").map(|at| at + 3);
    // Without a scheme it is `CONNECT`'s, where it does not begin with a slash.
    let authority = scheme.or_else(|| (!front.starts_with(b"/")).then_some(0)).unwrap_or(front.len());
    let rest = front.get(authority..).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
    let user = rest.get(..end).unwrap_or_default().iter().rposition(|byte| *byte == b'@').unwrap_or_default();
    // One that is cut may end in a password.
    let is_cut = to == line.len() - from && scheme.is_some() && end == rest.len();
    let user = if is_cut { rest.len() } else { user };
    vec![from + authority..from + authority + user, from + (query + 1).min(target.len())..from + target.len()]
}

fn of_field(line: &[u8]) -> Vec<Range<usize>> {
    let all = || 0..line.len();
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return vec![all()] };
    let name = line.get(..colon).unwrap_or_default();
    if name.starts_with(b" ") || name.starts_with(b"\t") {
        return vec![all()];
    }
    let is_known = KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    if is_known { Vec::new() } else { std::iter::once(colon + 1..line.len()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(head: &str) -> String {
        let mut bytes = head.as_bytes().to_vec();
        for range in hidden(head.as_bytes()) {
            bytes[range].fill(b'*');
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_is_read_stays_and_all_else_goes() {
        let head = "GET /a?token=x HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\nAuthorization:Basic x\r\n\r\nbody";
        let left = "GET /a?******* HTTP/1.1\r\nHost: h\r\nCookie:****\r\nAuthorization:*******\r\n\r\n****";
        assert_eq!(shown(head), left);
        assert_eq!(shown("HTTP/1.1 200 OK\r\nSet-Cookie: a\r\n"), "HTTP/1.1 200 OK\r\nSet-Cookie:**\r\n");
    }

    #[test]
    fn of_a_target_query_fragment_user_and_password_go() {
        for (target, left) in [
            ("http://me:pw@h/a@b", "http://*****@h/a@b"),
            ("http://h/a#x", "http://h/a#*"),
            ("me:pw@h:443", "*****@h:443"),
            ("/a@b?c d", "/a@b?***"),
            ("*", "*"),
        ] {
            assert_eq!(shown(&format!("GET {target} HTTP/1.1\r\n")), format!("GET {left} HTTP/1.1\r\n"));
        }
        assert_eq!(shown("GET http://me:secr"), "GET http://*******");
        assert_eq!(shown("GET /a?to"), "GET /a?**");
    }

    #[test]
    fn requests_in_one_call_are_read_alike() {
        let two = "GET /a?b HTTP/1.1\r\nX: y\r\n\r\nGET /c?d HTTP/1.1\r\nX: z\r\n\r\n";
        let left = "GET /a?* HTTP/1.1\r\nX:**\r\n\r\nGET /c?* HTTP/1.1\r\nX:**\r\n\r\n";
        assert_eq!(shown(two), left);
    }

    #[test]
    fn what_is_no_field_goes_and_so_does_what_a_field_goes_on_with() {
        assert_eq!(
            shown("GET / HTTP/1.1\r\nCookie: a\r\n b=secret\r\nnonsense\r\n\r\n"),
            "GET / HTTP/1.1\r\nCookie:**\r\n*********\r\n********\r\n\r\n"
        );
        assert_eq!(shown("GET / HTTP/1.1\nHost: h\nX: y\n\nz"), "GET / HTTP/1.1\nHost: h\nX:**\n\n*");
    }
}
