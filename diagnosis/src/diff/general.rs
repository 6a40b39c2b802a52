//! Text in general form: what is another in each run, though the program does the same, becomes a placeholder.

use regex::{Captures, Regex};
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::LazyLock;

/// Patterns, each with what stands in its place; the first that fits is taken. `None`: what was found is looked at.
const PATTERNS: &[(&str, Option<&str>)] = &[
    // Pods have it with underscores in the names of their cgroups.
    (r"\b[0-9a-fA-F]{8}(?:[-_][0-9a-fA-F]{4}){3}[-_][0-9a-fA-F]{12}", Some("<uuid>")),
    (r"\b0x[0-9a-fA-F]+", Some("<address>")),
    (r"\b\d{4}-\d\d-\d\d(?:[T _-]\d\d[:.-]?\d\d[:.-]?\d\d)?(?:[.,]\d+)?(?:Z\b|[+-]\d\d:?\d\d\b)?", Some("<time>")),
    (r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?", Some("<time>")),
    (r"/proc/\d+", Some("/proc/<pid>")),
    (r"/task/\d+", Some("/task/<tid>")),
    (r"/fd/\d+", Some("/fd/<fd>")),
    (r"/dev/pts/\d+", Some("/dev/pts/<n>")),
    (r":\[\d+\]", Some(":[<inode>]")),
    // A ReplicaSet's hash and a pod's suffix, of the letters that Kubernetes gives them.
    (r"-[bcdfghjklmnpqrstvwxz2456789]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b", Some("-<pod>")),
    (r"\btmp[._-]?[0-9A-Za-z_]{6,}", Some("<temp>")),
    (r"[0-9A-Za-z]{5,}", None),
];

/// Directories whose files have names that nobody chose.
const TEMPORARY: [&str; 4] = ["/tmp/", "/dev/shm/", "/run/", "/var/tmp/"];

static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let groups: Vec<_> = PATTERNS.iter().map(|(pattern, _)| format!("({pattern})")).collect();
    Regex::new(&groups.join("|")).ok()
});

static DIGITS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\d{5,}").ok());

/// A path, a command or a name in general form.
pub(super) fn general(text: &str) -> Cow<'_, str> {
    let is_temporary = TEMPORARY.iter().any(|dir| text.contains(dir));
    // Most have nothing in them that could differ.
    if !is_temporary && !text.contains("tmp") && !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    let Some(pattern) = &*PATTERN else { return Cow::Borrowed(text) };
    pattern.replace_all(text, |found: &Captures<'_>| {
        let which = (0..PATTERNS.len()).find(|i| found.get(i + 1).is_some());
        let instead = which.and_then(|i| PATTERNS.get(i)).and_then(|(_, instead)| *instead);
        let word = found.get(0).map_or("", |word| word.as_str());
        instead.map_or_else(|| self::word(word, is_temporary), str::to_owned)
    })
}

/// A peer in general form: a port that the kernel chose for a client is left out.
pub(super) fn peer(text: &str, is_client: bool) -> Cow<'_, str> {
    match text.parse::<SocketAddr>() {
        Ok(client) if is_client => Cow::Owned(format!("{} (a client)", client.ip())),
        Ok(_) => Cow::Borrowed(text),
        Err(_) => general(text),
    }
}

/// Letters and digits: a hash, a number, or what a temporary file is called by.
fn word(word: &str, is_temporary: bool) -> String {
    let has = |is: fn(&u8) -> bool| word.bytes().any(|byte| is(&byte));
    let (digits, letters) = (has(u8::is_ascii_digit), has(u8::is_ascii_alphabetic));
    let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && digits && letters && word.len() >= 8 {
        return "<hex>".to_owned();
    }
    let upper = |byte: &u8| byte.is_ascii_uppercase();
    let is_mixed = digits && letters || word.bytes().skip(1).any(|byte| upper(&byte)) && has(u8::is_ascii_lowercase);
    if is_temporary && is_mixed && word.len() >= 6 {
        return "<random>".to_owned();
    }
    DIGITS.as_ref().map_or_else(|| word.to_owned(), |digits| digits.replace_all(word, "<n>").into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_differs_from_run_to_run_is_a_placeholder() {
        for (text, in_general) in [
            ("/tmp/tmpabc_1234/x", "/tmp/<temp>/x"),
            ("/tmp/tmp.Ab3dEf9hIj", "/tmp/<temp>"),
            ("/tmp/sess-aB3dE9", "/tmp/sess-<random>"),
            ("/tmp/go-build2735476421/b001", "/tmp/go-<random>/b001"),
            ("/proc/1234/task/77/status", "/proc/<pid>/task/<tid>/status"),
            ("pipe:[31]", "pipe:[<inode>]"),
            ("/var/lib/kubelet/pods/6f1d6d0e-9b7a-4c1e-8a53-0f6a1c2b3d4e/etc", "/var/lib/kubelet/pods/<uuid>/etc"),
            ("/etc/hosts.web-7d4b9c6f5d-x2k8p", "/etc/hosts.web-<pod>"),
            ("app --at 2026-11-21T14:03:07.123Z", "app --at <time>"),
            ("/cache/0f6a1c2b3d4e5f60.json", "/cache/<hex>.json"),
            ("app.1718000000.log", "app.<n>.log"),
            ("vdso at 0x7ffd1234", "vdso at <address>"),
        ] {
            assert_eq!(general(text), in_general);
        }
    }

    #[test]
    fn names_that_people_chose_stay() {
        for text in [
            "/etc/app/config.yaml",
            "/usr/lib/python3.11/json/__init__.py",
            "/usr/lib/x86_64-linux-gnu/libQt5Core.so.5.15.2",
            "/usr/lib/tmpfiles.d",
            "/run/secrets/token",
            "/etc/ssl/certs/ca-certificates.crt",
            "sh -c 'sleep 3'",
        ] {
            assert_eq!(general(text), text);
        }
    }

    #[test]
    fn a_servers_port_stays_and_a_clients_is_left_out() {
        assert_eq!(peer("10.0.0.5:50051", false), "10.0.0.5:50051");
        assert_eq!(peer("10.0.0.5:50051", true), "10.0.0.5 (a client)");
        assert_eq!(peer("[fd00::c]:40000", true), "fd00::c (a client)");
        assert_eq!(peer("/run/app-1a2b3c4d.sock", true), "/run/app-<hex>.sock");
    }

    proptest! {
        #[test]
        fn texts_that_differ_in_a_number_have_one_form(
            before in "[a-z/. ]{0,20}", behind in "[a-z/. ]{0,20}", a in 10_000_u32.., b in 10_000_u32..,
        ) {
            let of = |number: u32| general(&format!("{before}-{number}.{behind}")).into_owned();
            prop_assert_eq!(of(a), of(b));
        }

        #[test]
        fn any_text_has_a_general_form(text in "\\PC{0,200}") {
            prop_assert!(general(&text).len() <= text.len() * 10);
        }
    }
}
