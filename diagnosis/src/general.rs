//! Text in general form: what is another in each run, though the program does the same, becomes a placeholder.

use crate::calls::{self, bits};
use regex::{Captures, Regex};
use rewind_recording::decode::{self, Invocation};
use rewind_recording::event::{Timeline, What};
use rewind_recording::peer::EPHEMERAL;
use rewind_recording::syscalls::Arch;
use rewind_recording::syscalls::arg::ArgKind;
use std::borrow::Cow;
use std::collections::BTreeSet;
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

/// What lies in a directory that anybody may write to.
static IN_TEMPORARY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?:/tmp|/var/tmp|/dev/shm)/[^/\s'"]+"#).ok());

static DIGITS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\d{5,}").ok());

/// `O_EXCL` of `open`: the file has to be new.
const O_EXCL: u64 = 0o200;

/// How the texts of one run get their general form.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// What was made new where anybody may write, `/tmp/cxgwaxzi`: a name that was not there before is one by chance.
    made: BTreeSet<String>,
}

impl Form {
    /// Of a run that has these events.
    pub(crate) fn of_run(timeline: &Timeline<'_>, arch: Arch) -> Self {
        let made = timeline.by_end().filter_map(|event| {
            let What::Call { call, enter, .. } = event.what else { return None };
            let row = decode::row(&call, arch)?;
            let flags = row.args.iter().position(|kind| matches!(kind, ArgKind::OpenFlags));
            let is_new = flags.and_then(|at| call.value(at)).is_some_and(|flags| flags & O_EXCL != 0);
            if !is_new && !calls::has(row.name, bits::MAKES_ENTRY) {
                return None;
            }
            let path = decode::path(&Invocation { call, enter }, arch)?;
            let found = IN_TEMPORARY.as_ref()?.find(&path)?;
            (found.start() == 0).then(|| found.as_str().to_owned())
        });
        Self { made: made.collect() }
    }

    /// A path, a command or a name in general form.
    pub(crate) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(pattern) = IN_TEMPORARY.as_ref().filter(|_| !self.made.is_empty()) else { return general(text) };
        let known = pattern.replace_all(text, |found: &Captures<'_>| {
            let path = found.get(0).map_or("", |path| path.as_str());
            match path.rsplit_once('/').filter(|_| self.made.contains(path)) {
                Some((dir, _)) => format!("{dir}/<temp>"),
                None => path.to_owned(),
            }
        });
        match known {
            Cow::Borrowed(text) => general(text),
            Cow::Owned(text) => Cow::Owned(general(&text).into_owned()),
        }
    }

    /// A peer in general form: a port that the kernel chose for a client is left out.
    pub(crate) fn peer<'t>(&self, text: &'t str, is_client: bool) -> Cow<'t, str> {
        match text.parse::<SocketAddr>() {
            Ok(client) if is_client => Cow::Owned(format!("{} (a client)", client.ip())),
            // One of its own sockets, which asked for any.
            Ok(own) if own.ip().is_loopback() && own.port() >= EPHEMERAL => {
                Cow::Owned(format!("{} (a port by chance)", own.ip()))
            }
            Ok(_) => Cow::Borrowed(text),
            Err(_) => self.text(text),
        }
    }
}

/// A text in general form, of whichever run.
fn general(text: &str) -> Cow<'_, str> {
    let is_temporary = |text: &str| TEMPORARY.iter().any(|dir| text.contains(dir));
    // Most have nothing in them that could differ.
    if !is_temporary(text) && !text.contains("tmp") && !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    let Some(pattern) = &*PATTERN else { return Cow::Borrowed(text) };
    pattern.replace_all(text, |found: &Captures<'_>| {
        let which = (0..PATTERNS.len()).find(|i| found.get(i + 1).is_some());
        let instead = which.and_then(|i| PATTERNS.get(i)).and_then(|(_, instead)| *instead);
        let Some(word) = found.get(0) else { return String::new() };
        // What of the same path stands before it.
        let before = text.get(..word.start()).unwrap_or_default();
        let before = before.rsplit([' ', '\'', '"', '=', ':']).next().unwrap_or_default();
        instead.map_or_else(|| self::word(word.as_str(), is_temporary(before)), str::to_owned)
    })
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
    let is_long = word.len() >= 20 && digits && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    if is_long || is_temporary && is_mixed && word.len() >= 6 {
        return "<random>".to_owned();
    }
    DIGITS.as_ref().map_or_else(|| word.to_owned(), |digits| digits.replace_all(word, "<n>").into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Scene;
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
            ("link -buildid aB3dE9fGh1jK2lMn4oPq", "link -buildid <random>"),
            ("cp FileInput2 /tmp/aB3dE9", "cp FileInput2 /tmp/<random>"),
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
        let form = Form::default();
        assert_eq!(form.peer("10.0.0.5:50051", false), "10.0.0.5:50051");
        assert_eq!(form.peer("10.0.0.5:50051", true), "10.0.0.5 (a client)");
        assert_eq!(form.peer("127.0.0.1:50051", false), "127.0.0.1 (a port by chance)");
        assert_eq!(form.peer("127.0.0.1:5432", false), "127.0.0.1:5432");
        assert_eq!(form.peer("[fd00::c]:40000", true), "fd00::c (a client)");
        assert_eq!(form.peer("/run/app-1a2b3c4d.sock", true), "/run/app-<hex>.sock");
    }

    #[test]
    fn what_a_run_made_new_where_anybody_may_write_has_a_name_by_chance() {
        let mut scene = Scene::of("app");
        let at_cwd = 0xffff_ff9c;
        scene.call(700, 257).arg(at_cwd).string("/tmp/cxgwaxzi").arg(0o302).arg(0o600).result(3).end();
        scene.call(700, 258).arg(at_cwd).string("/var/tmp/abcdwork/x").arg(0o700).result(0).end();
        scene.call(700, 257).arg(at_cwd).string("/tmp/app.lock").arg(0o102).arg(0o600).result(3).end();
        scene.call(700, 258).arg(at_cwd).string("/srv/work").arg(0o700).result(0).end();
        let form = Form::of_run(&Timeline::new(&scene.records), Arch::X86_64);
        assert_eq!(form.text("/tmp/cxgwaxzi"), "/tmp/<temp>");
        assert_eq!(form.text("cat '/var/tmp/abcdwork/x' /tmp/cxgwaxzi"), "cat '/var/tmp/<temp>/x' /tmp/<temp>");
        for stays in ["/tmp/app.lock", "/srv/work", "/tmp/cxgwaxzix"] {
            assert_eq!(form.text(stays), stays);
        }
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
