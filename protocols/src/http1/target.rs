//! Where a request goes (RFC 9112, 3.2), without what may be secret: query, fragment, user and password.

/// Longest path that is kept.
pub const MAX_PATH_BYTES: usize = 1024;
const MAX_AUTHORITY_BYTES: usize = 255;

/// A request's target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// `host:port`, where the target has one: as `CONNECT` and requests to a proxy do.
    pub authority: Option<String>,
    /// `/path`; `*` of `OPTIONS *`; nothing of a mere authority. What is not printable ASCII stands as `%XX`.
    pub path: String,
    /// There was a query, which is not kept.
    pub has_query: bool,
    /// There was more of the path than is told.
    pub is_cut: bool,
}

impl Target {
    /// Reads a target's bytes; `is_cut`: there were more. None where no target begins like this.
    pub(super) fn read(method: &str, bytes: &[u8], is_cut: bool) -> Option<Self> {
        if method == "CONNECT" {
            let is_authority = (is_cut || !bytes.is_empty()) && bytes.iter().all(|byte| !b"/?#".contains(byte));
            let authority = is_authority.then(|| without_user(bytes))?;
            return Some(Self { authority: Some(text(authority, MAX_AUTHORITY_BYTES).0), is_cut, ..Self::default() });
        }
        if bytes.is_empty() {
            return is_cut.then(|| Self { is_cut, ..Self::default() });
        }
        let (authority, rest) = if bytes.starts_with(b"/") || bytes == b"*" { (None, bytes) } else { absolute(bytes)? };
        let end = rest.iter().position(|byte| b"?#".contains(byte));
        let (path, has_query) = match end {
            Some(end) => (rest.get(..end).unwrap_or_default(), true),
            None => (rest, false),
        };
        let (path, is_long) = text(path, MAX_PATH_BYTES);
        // A user's name and password may be what is there of a cut authority.
        let authority = authority.filter(|_| !(is_cut && rest.is_empty()));
        let authority = authority.map(|authority| text(without_user(authority), MAX_AUTHORITY_BYTES).0);
        let path = if path.is_empty() && !is_cut { "/".to_owned() } else { path };
        Some(Self { authority, path, has_query, is_cut: is_long || is_cut && !has_query })
    }
}

/// The authority of `scheme://authority/path`, and what follows it.
fn absolute(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let (scheme, rest) = bytes.split_at_checked(colon)?;
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    let rest = rest.strip_prefix(b"://").filter(|_| is_scheme)?;
    let end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    Some((Some(authority), rest))
}

/// Without `user:password@`.
fn without_user(authority: &[u8]) -> &[u8] {
    authority.rsplit(|byte| *byte == b'@').next().unwrap_or_default()
}

/// Printable ASCII, and whether it was cut to a length.
pub(super) fn text(bytes: &[u8], max: usize) -> (String, bool) {
    let mut text = String::with_capacity(bytes.len().min(max));
    for byte in bytes {
        let is_plain = byte.is_ascii_graphic() || *byte == b' ';
        if text.len() + if is_plain { 1 } else { 3 } > max {
            return (text, true);
        }
        if is_plain {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    (text, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &str) -> (Option<String>, String, bool) {
        let target = Target::read("GET", bytes.as_bytes(), false).unwrap();
        (target.authority, target.path, target.has_query)
    }

    #[test]
    fn query_fragment_user_and_password_are_not_kept() {
        let of = |text: &str| Some(text.to_owned());
        assert_eq!(read("/a/b?token=x"), (None, "/a/b".to_owned(), true));
        assert_eq!(read("/a#x?y"), (None, "/a".to_owned(), true));
        assert_eq!(read("*"), (None, "*".to_owned(), false));
        assert_eq!(read("http://me:secret@h:81/a?b"), (of("h:81"), "/a".to_owned(), true));
        assert_eq!(read("http://h?b"), (of("h"), "/".to_owned(), true));
        assert_eq!(read("/a\u{e4}"), (None, "/a%C3%A4".to_owned(), false));
    }

    #[test]
    fn a_cut_target_says_so_and_shows_no_half_of_a_password() {
        let read = |bytes: &str| Target::read("GET", bytes.as_bytes(), true).unwrap();
        assert_eq!(read("/a"), Target { path: "/a".to_owned(), is_cut: true, ..Target::default() });
        assert!(!read("/a?tok").is_cut && read("/a?tok").has_query);
        assert_eq!(read("http://me:secr"), Target { is_cut: true, ..Target::default() });
        assert_eq!(read("http://me:secret@h/").authority.as_deref(), Some("h"));
    }

    #[test]
    fn connect_goes_to_an_authority() {
        let read = |bytes: &str| Target::read("CONNECT", bytes.as_bytes(), false);
        assert_eq!(read("h:443").unwrap().authority.as_deref(), Some("h:443"));
        assert_eq!(read("/a"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn what_is_no_target_is_none() {
        for bytes in ["", "a", "a:b", "1http://x/", "://x"] {
            assert_eq!(Target::read("GET", bytes.as_bytes(), false), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_long_path_is_kept_in_part() {
        let target = Target::read("GET", format!("/{}", "a".repeat(5000)).as_bytes(), false).unwrap();
        assert_eq!((target.path.len(), target.is_cut), (MAX_PATH_BYTES, true));
    }
}
