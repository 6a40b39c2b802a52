//! A crash file's name: `<unix time>-<number>-<container>-<recording>.rewind`.
//!
//! The number orders the files, whatever the clock did between two of them; the rest is for people.

use rewind_recording::file::EXTENSION;

/// Most bytes of a container's id in a name.
const ID_BYTES: usize = 40;

/// The name of crash `number`.
#[must_use]
pub(super) fn compose(unix_s: u64, number: u64, id: &str, recording: u64) -> String {
    let id: String = id.bytes().take(ID_BYTES).map(|byte| if is_plain(byte) { byte as char } else { '_' }).collect();
    format!("{unix_s}-{number:06}-{id}-{recording}.{EXTENSION}")
}

/// The number in a crash file's name; `None` if it is not one.
#[must_use]
pub(super) fn number(name: &str) -> Option<u64> {
    let (unix_s, rest) = name.strip_suffix(EXTENSION)?.strip_suffix('.')?.split_once('-')?;
    let (number, rest) = rest.split_once('-')?;
    let (_, recording) = rest.rsplit_once('-')?;
    [unix_s, recording].iter().all(|digits| parse(digits).is_some()).then(|| parse(number)).flatten()
}

/// Whether a file is what an agent leaves that is killed while it writes: `.<name>.<pid>.tmp`.
#[must_use]
pub(super) fn is_torn(name: &str) -> bool {
    let inner = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp"));
    let whole = inner.and_then(|inner| inner.rsplit_once('.')).filter(|(_, tgid)| parse(tgid).is_some());
    whole.is_some_and(|(whole, _)| number(whole).is_some())
}

fn parse(digits: &str) -> Option<u64> {
    digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_number_whatever_the_container_is_called() {
        for id in ["3f2a9c1b2d4e", "", "web-1", "../../etc/passwd", "a\u{e4}\n", &"x".repeat(500)] {
            let name = compose(1_795_266_187, 42, id, 7);
            assert_eq!(number(&name), Some(42), "{name}");
            assert!(!name.contains('/') && name.len() < 100, "{name}");
            assert!(is_torn(&format!(".{name}.4711.tmp")), "{name}");
        }
        assert_eq!(compose(1_795_266_187, 42, "web", 7), "1795266187-000042-web-7.rewind");
    }

    #[test]
    fn other_names_are_not_crash_files() {
        for name in ["", "web.rewind", "1-2-3.rewind", "1-x-web-7.rewind", "1-2-web-7.rewind.gz", "+1-2-web-7.rewind"] {
            assert_eq!(number(name), None, "{name}");
        }
        for name in ["1-2-web-7.rewind", ".1-2-web-7.rewind.x.tmp", ".notes.4711.tmp", "1-2-web-7.rewind.4711.tmp"] {
            assert!(!is_torn(name), "{name}");
        }
    }
}
