//! Which failures belong to the ordinary life of programs: pure rules over one failed call.
//!
//! Nothing is thrown away for being noise: it ranks lower, and what the program itself complained of
//! before it ended ranks high whatever it is (see [`super::weight`]).

use crate::builtin;
use crate::calls::{self, bits};
use crate::facts::Subject;
use crate::meaning::{Meaning, is_no_socket, is_not_taken, is_refused, is_stray, is_unsupported};

/// How ordinary a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noise {
    /// It is worth a look.
    None,
    /// A look whether something is there; the program reckons with a no.
    Probe(&'static str),
    /// No failure but an answer.
    Answer(&'static str),
}

impl Noise {
    /// Why it is ordinary.
    #[must_use]
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Probe(reason) | Self::Answer(reason) => Some(reason),
        }
    }
}

/// Why it is ordinary that what is only asked for is missing.
pub(crate) const LOOK: &str = "a look whether it is there";

/// Paths that libraries and interpreters try without needing them, by a part of the path.
const TRIED: &[(&str, &str)] = &[
    ("/glibc-hwcaps", "the loader's search for libraries"),
    ("/locale", "the search for translations"),
    ("/LC_", "the search for translations"),
    ("/gconv", "the search for character sets"),
    ("/zoneinfo", "the search for the time zone"),
    ("/etc/localtime", "the search for the time zone"),
    ("/etc/timezone", "the search for the time zone"),
    ("/tzdb.dat", "the search for the time zone"),
    ("/terminfo", "the search for terminals"),
    ("/nscd/socket", "a name cache that is optional"),
    ("/userdb", "a name service that is optional"),
    ("/etc/hosts", "a configuration that is optional"),
    ("/etc/resolv.conf", "a configuration that is optional"),
    ("/etc/default/", "a configuration that is optional"),
    ("/etc/inputrc", "a configuration that is optional"),
    ("/etc/gai.conf", "a configuration that is optional"),
    ("/etc/host.conf", "a configuration that is optional"),
    ("/etc/svc.conf", "a configuration that is optional"),
    ("/etc/netsvc.conf", "a configuration that is optional"),
    ("pyvenv.cfg", "Python's search for itself"),
    ("/pybuilddir.txt", "Python's search for itself"),
    ("._pth", "Python's search for itself"),
    ("/site-packages", "Python's search for modules"),
    ("/dist-packages", "Python's search for modules"),
    ("sitecustomize", "Python's search for modules"),
    ("usercustomize", "Python's search for modules"),
    ("<string>", "Python's search for the source of a message"),
    ("<stdin>", "Python's search for the source of a message"),
    (".class", "Java's search for classes"),
    ("/node_modules", "Node's search for modules"),
    ("/package.json", "Node's search for modules"),
    ("/.openssl", "a configuration that is optional"),
    ("/openssl.cnf", "a configuration that is optional"),
    ("/ssl/certs", "the search for certificates"),
    ("/crypto-policies", "a configuration that is optional"),
    ("/sys/fs/cgroup", "a look at its own limits"),
    ("/proc/self/cgroup", "a look at its own limits"),
    ("/dev/tty", "a look for a terminal"),
];

/// Whether a path is that of the archive of Python's own modules, which few have: `/usr/lib/python311.zip`.
fn is_pythons_archive(path: &str) -> bool {
    let name = path.rsplit('/').next().and_then(|name| name.strip_prefix("python")?.strip_suffix(".zip"));
    name.is_some_and(|version| !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()))
}

/// How ordinary it is that `name` fails on `subject` with `errno`.
#[must_use]
pub fn noise(name: &str, subject: &Subject, errno: u16) -> Noise {
    let meaning = Meaning::of(name, errno);
    if let Meaning::Answer(answer) = meaning {
        return Noise::Answer(answer);
    }
    // Who moves bytes through one reckons with it.
    if is_stray(errno) && !calls::has(name, bits::TRANSFERS) {
        return Noise::Probe("a descriptor that need not be open");
    }
    if is_no_socket(errno) && !calls::has(name, bits::TRANSFERS | bits::SENDS | bits::RECEIVES) {
        return Noise::Probe("a look whether it is a socket");
    }
    if name == "setsockopt" && is_not_taken(errno) {
        return Noise::Probe("an option that a socket need not take");
    }
    if name == "ioctl" && is_unsupported(errno) {
        return Noise::Probe("a look at what a file or device offers");
    }
    if subject == &Subject::Nothing && is_not_taken(errno) {
        return Noise::Probe("a look at what the kernel offers");
    }
    if is_refused(errno) && calls::has(name, bits::SENDS | bits::RECEIVES) && !subject.is_name_server() {
        return Noise::Probe("a datagram that nobody takes");
    }
    if matches!(name, "prlimit64" | "setrlimit") && meaning == Meaning::Denied {
        return Noise::Probe("a limit of its own that may not be raised");
    }
    let (Subject::Path(path) | Subject::Peer(path)) = subject else { return Noise::None };
    if is_pythons_archive(path) {
        return Noise::Probe("Python's search for modules");
    }
    if builtin::is_of_any(path, errno) {
        return Noise::Probe("healthy runs of programs of all kinds have it too");
    }
    let asks = calls::has(name, bits::ASKS);
    if asks && meaning == Meaning::ReadOnly {
        return Noise::Probe("a look whether it may be written");
    }
    let missing = meaning == Meaning::Missing;
    let tried = TRIED.iter().find(|(part, _)| path.contains(part));
    if let Some((_, reason)) = tried.filter(|_| missing || meaning == Meaning::Denied && asks) {
        return Noise::Probe(reason);
    }
    if path.contains("__pycache__") {
        return Noise::Probe("Python's cache of modules, which it does without");
    }
    if meaning == Meaning::Denied && is_of_a_home(path) {
        return Noise::Probe("a file of a home that is not the user's, optional for most programs");
    }
    if !missing || !matches!(subject, Subject::Path(_)) {
        return Noise::None;
    }
    if path.starts_with("/sys/") || path.starts_with("/proc/") {
        return Noise::Probe("a look at what the kernel offers");
    }
    if path.ends_with(".so") || path.contains(".so.") || path.ends_with(".pyc") {
        return Noise::Probe("the search for libraries");
    }
    if path.ends_with(".py") || is_hidden(path) {
        return Noise::Probe("a file that is optional for most programs");
    }
    if asks { Noise::Probe(LOOK) } else { Noise::None }
}

/// Whether a path's last part begins with a dot.
fn is_hidden(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with('.') && name != "..")
}

/// Whether it is a hidden file of a home: who became another user keeps `HOME`, which is not open to it, and who has none
/// is given `/`.
pub(crate) fn is_of_a_home(path: &str) -> bool {
    let is_in_root = path.rfind('/') == Some(0);
    is_hidden(path) && (is_in_root || path.starts_with("/root/") || path.starts_with("/home/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_recording::decode::errno::*;

    fn of_path(name: &str, path: &str, errno: u16) -> Noise {
        noise(name, &Subject::Path(path.to_owned()), errno)
    }

    #[test]
    fn what_loaders_and_interpreters_try_is_a_probe() {
        for (name, path) in [
            ("access", "/etc/ld.so.preload"),
            ("openat", "/usr/lib/locale/locale-archive"),
            ("openat", "/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libc.so.6"),
            ("newfstatat", "/usr/bin/pyvenv.cfg"),
            ("connect", "/var/run/nscd/socket"),
            ("openat", "/root/.netrc"),
            ("stat", "/opt/plugins"),
        ] {
            assert!(matches!(of_path(name, path, ENOENT), Noise::Probe(_)), "{name} {path}");
        }
    }

    #[test]
    fn what_a_program_needs_is_none() {
        assert_eq!(of_path("openat", "/etc/app/config.yaml", ENOENT), Noise::None);
        assert_eq!(noise("connect", &Subject::Peer("/run/app.sock".into()), ENOENT), Noise::None);
        // Denied is denied, also where a look is usual.
        assert_eq!(of_path("access", "/etc/app/token", EACCES), Noise::None);
        // Who needs to write goes on to do so.
        assert!(matches!(of_path("access", "/usr/bin/df", EROFS), Noise::Probe(_)));
        assert_eq!(noise("connect", &Subject::Peer("10.0.0.5:5432".into()), ECONNREFUSED), Noise::None);
        assert_eq!(noise("mmap", &Subject::Nothing, ENOMEM), Noise::None);
        assert_eq!(noise("clone", &Subject::Nothing, EAGAIN), Noise::None);
    }

    #[test]
    fn the_home_of_whom_a_program_was_before_is_not_open_to_it() {
        assert!(matches!(of_path("openat", "/root/.apprc", EACCES), Noise::Probe(_)));
        assert_eq!(of_path("openat", "/root/app.conf", EACCES), Noise::None);
        assert_eq!(of_path("openat", "/srv/app/.env", EACCES), Noise::None);
    }

    #[test]
    fn what_a_socket_or_a_file_does_not_offer_is_a_look() {
        let peer = Subject::Peer("10.0.0.5:3306".to_owned());
        assert!(matches!(noise("setsockopt", &peer, EINVAL), Noise::Probe(_)));
        assert_eq!(noise("setsockopt", &peer, EPERM), Noise::None);
        assert!(matches!(of_path("ioctl", "/tmp/main.c", EOPNOTSUPP), Noise::Probe(_)));
        assert_eq!(of_path("ioctl", "/dev/fuse", EPERM), Noise::None);
    }

    #[test]
    fn a_cache_that_python_may_not_write_is_none_that_it_needs() {
        for (name, errno) in [("mkdir", EACCES), ("mkdir", EROFS), ("openat", ENOSPC)] {
            assert!(matches!(of_path(name, "/app/shop/__pycache__", errno), Noise::Probe(_)), "{name} {errno}");
        }
    }

    #[test]
    fn a_descriptor_that_is_not_open_is_nothing_to_who_closes_it_and_something_to_who_writes() {
        for (name, is_probe) in [("close", true), ("dup2", true), ("write", false), ("pread64", false)] {
            assert_eq!(matches!(noise(name, &Subject::Nothing, EBADF), Noise::Probe(_)), is_probe, "{name}");
        }
    }

    #[test]
    fn who_tells_something_by_datagrams_does_not_need_to_be_heard() {
        let peer = |port: u16| Subject::Peer(format!("10.0.0.5:{port}"));
        assert!(matches!(noise("sendto", &peer(8125), ECONNREFUSED), Noise::Probe(_)));
        assert_eq!(noise("sendto", &peer(53), ECONNREFUSED), Noise::None);
        assert_eq!(noise("connect", &peer(8125), ECONNREFUSED), Noise::None);
    }

    #[test]
    fn not_yet_is_an_answer() {
        for (name, errno) in [("fadvise64", ESPIPE), ("epoll_ctl", EPERM)] {
            assert!(matches!(noise(name, &Subject::Nothing, errno), Noise::Answer(_)), "{name} {errno}");
        }
        for (name, errno) in [("read", EAGAIN), ("connect", EINPROGRESS), ("ioctl", ENOTTY), ("futex", ETIMEDOUT)] {
            assert!(matches!(noise(name, &Subject::Nothing, errno), Noise::Answer(_)), "{name} {errno}");
        }
    }

    #[test]
    fn what_is_there_already_is_an_answer_to_who_makes_it() {
        let path = Subject::Path("/run/app/queue".into());
        for name in ["mkdirat", "symlinkat", "mknodat"] {
            assert!(matches!(noise(name, &path, EEXIST), Noise::Answer(_)), "{name}");
        }
        assert_eq!(noise("linkat", &path, EEXIST), Noise::None, "a lock that somebody else has");
    }
}
