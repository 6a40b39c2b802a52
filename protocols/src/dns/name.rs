//! Domain names (RFC 1035, 3.1 and 4.1.4).

use super::malformed::Malformed;

/// Most bytes of a name with its lengths.
const MAX_NAME_BYTES: usize = 255;
const POINTER: u8 = 0xc0;

/// A name as text, as in a zone file: labels with dots between, `\.` and `\\` for those within a label, `\DDD` for
/// what is not printable. The root is `.`.
///
/// Returns where its bytes end, or none where the message was cut within it. A pointer leads to bytes before
/// the labels it stands behind, so every chain of them ends.
pub(super) fn read(message: &[u8], at: usize) -> Result<Option<(String, usize)>, Malformed> {
    let mut text = String::new();
    let mut bytes = 1;
    // Where the labels begin that are read now, and where the name ends in its own place.
    let (mut begin, mut at) = (at, at);
    let mut end = None;
    loop {
        let Some(length) = message.get(at).copied() else { return Ok(None) };
        match length & POINTER {
            0 if length == 0 => {
                if text.is_empty() {
                    text.push('.');
                }
                return Ok(Some((text, end.unwrap_or(at + 1))));
            }
            0 => {
                let Some(label) = message.get(at + 1..at + 1 + usize::from(length)) else { return Ok(None) };
                bytes += 1 + label.len();
                if bytes > MAX_NAME_BYTES {
                    return Err(Malformed::LongName);
                }
                if !text.is_empty() {
                    text.push('.');
                }
                label.iter().for_each(|byte| escape(&mut text, *byte));
                at += 1 + label.len();
            }
            POINTER => {
                let Some(low) = message.get(at + 1).copied() else { return Ok(None) };
                let to = usize::from(u16::from_be_bytes([length & !POINTER, low]));
                if to >= begin {
                    return Err(Malformed::Pointer);
                }
                end.get_or_insert(at + 2);
                (begin, at) = (to, to);
            }
            _ => return Err(Malformed::Label),
        }
    }
}

fn escape(text: &mut String, byte: u8) {
    match byte {
        b'.' | b'\\' => text.extend(['\\', char::from(byte)]),
        b'!'..=b'~' => text.push(char::from(byte)),
        _ => text.push_str(&format!("\\{byte:03}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &[u8], at: usize) -> Result<Option<(String, usize)>, Malformed> {
        read(message, at)
    }

    #[test]
    fn a_name_is_its_labels_with_dots_between() {
        assert_eq!(text(b"\x03www\x07example\x03com\0", 0), Ok(Some(("www.example.com".to_owned(), 17))));
        assert_eq!(text(b"\0", 0), Ok(Some((".".to_owned(), 1))));
        assert_eq!(text(b"\x05a.b\\\xe4\x02\0 \0", 0), Ok(Some(("a\\.b\\\\\\228.\\000\\032".to_owned(), 10))));
    }

    #[test]
    fn a_pointer_leads_to_what_stands_before() {
        let message = b"\x03com\0\x01a\xc0\x00\x01b\xc0\x05";
        assert_eq!(text(message, 5), Ok(Some(("a.com".to_owned(), 9))));
        assert_eq!(text(message, 9), Ok(Some(("b.a.com".to_owned(), 13))));
    }

    #[test]
    fn loops_and_pointers_forward_are_malformed() {
        for (message, at) in [
            (&b"\xc0\x00"[..], 0),
            (b"\xc0\x02\0", 0),
            (b"\x01a\xc0\x00", 0),
            (b"\xc0\x02\xc0\x00", 2),
            (b"\x01a\xc0\x04\x01b\xc0\x00", 4),
            (b"\xc3\xff", 0),
        ] {
            assert_eq!(text(message, at), Err(Malformed::Pointer), "{message:?}");
        }
        assert_eq!(text(b"\x40a", 0), Err(Malformed::Label));
        assert_eq!(text(b"\x80a", 0), Err(Malformed::Label));
    }

    #[test]
    fn a_name_has_255_bytes_at_most() {
        let label = [&b"\x3f"[..], &[b'a'; 63]].concat();
        let with = |last: usize| [label.repeat(3), vec![last as u8], vec![b'b'; last], vec![0]].concat();
        assert!(text(&with(61), 0).is_ok_and(|name| name.is_some()));
        assert_eq!(text(&with(62), 0), Err(Malformed::LongName));
    }

    #[test]
    fn a_name_that_goes_on_behind_the_bytes_is_cut() {
        let whole = b"\x03www\x07example\x03com\xc0\x00";
        for length in 0..whole.len() {
            assert_eq!(text(&whole[..length], 0), Ok(None), "{length}");
        }
    }
}
