//! What two runs of one program cannot have in common, replaced by a word that says what it was.
//!
//! Each rule has its reason. What no rule names must be equal, letter by letter.

use super::line::Call;
use std::collections::HashMap;

/// Calls whose arguments or results are process ids, so that numbers in them may be pids
const WITH_PIDS: [&str; 24] = [
    "fork",
    "vfork",
    "clone",
    "clone3",
    "getpid",
    "gettid",
    "getppid",
    "getpgrp",
    "getpgid",
    "setpgid",
    "getsid",
    "setsid",
    "kill",
    "tkill",
    "tgkill",
    "wait4",
    "waitid",
    "set_tid_address",
    "pidfd_open",
    "sched_getaffinity",
    "prlimit64",
    "rt_sigqueueinfo",
    "ioctl",
    "fcntl",
];
/// Calls that say nothing but what time it is, how much was used, or chance.
const MEASURED: [&str; 9] =
    ["sysinfo", "times", "getrusage", "clock_gettime", "gettimeofday", "time", "getrandom", "getcpu", "clock_getres"];
/// Seconds from which a time is a date and not a waiting time: a day.
const DATE_SECONDS: u64 = 86_400;
/// Ports from which the kernel chooses (`net.ipv4.ip_local_port_range`).
const FIRST_EPHEMERAL_PORT: u64 = 32_768;

/// The call with everything replaced that may differ between runs. `places` names the pids of this run.
#[must_use]
pub fn normal(call: &Call, places: &HashMap<u32, String>) -> String {
    let arguments = if MEASURED.contains(&call.name.as_str()) {
        "MEASURED".to_owned()
    } else {
        text(&call.arguments, call, places)
    };
    let mut result = text(&call.result, call, places);
    // Counted in ticks since boot.
    if call.name == "times" {
        "TICKS".clone_into(&mut result);
    }
    // The parent of the first process is the tool that started it.
    if call.name == "getppid" && !result.starts_with("PID") {
        "PID(tool)".clone_into(&mut result);
    }
    // Of two children that end at the same time, which one is reported first is chance.
    if call.name == "wait4" && arguments.starts_with("-1,") && result.starts_with("PID") {
        "PID(any)".clone_into(&mut result);
    }
    format!("{}({arguments}) = {result}", call.name)
}

fn text(text: &str, call: &Call, places: &HashMap<u32, String>) -> String {
    let text = remaining(text);
    let with_pids = WITH_PIDS.contains(&call.name.as_str());
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        out.push_str(before);
        let joined = out.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        let len = token_len(number);
        let (token, behind) = number.split_at(len);
        if joined {
            out.push_str(token);
        } else {
            out.push_str(&number_word(token, &out, with_pids, places));
        }
        rest = behind;
    }
    out + rest
}

/// What a number is replaced by, from what stands before it.
fn number_word(token: &str, before: &str, with_pids: bool, places: &HashMap<u32, String>) -> String {
    // Addresses: of more than five digits, so that flags and sizes that strace prints in hex stay.
    if token.strip_prefix("0x").is_some_and(|digits| digits.len() > 5) {
        return "ADDRESS".to_owned();
    }
    let value: Option<u64> = token.parse().ok();
    // Dates. Waiting times are shorter and stay.
    if before.ends_with("tv_sec=") && value.is_some_and(|seconds| seconds > DATE_SECONDS) {
        return "DATE".to_owned();
    }
    if (before.ends_with("tv_nsec=") || before.ends_with("tv_usec=")) && before.contains("tv_sec=DATE") {
        return "FRACTION".to_owned();
    }
    // Ports that the kernel chose.
    if before.ends_with("htons(") && value.is_some_and(|port| port >= FIRST_EPHEMERAL_PORT) {
        return "PORT".to_owned();
    }
    // Pids, where a number can be one; and in paths below /proc.
    if (with_pids || before.ends_with("/proc/") || before.ends_with("si_pid="))
        && let Some(place) = value.and_then(|pid| u32::try_from(pid).ok()).and_then(|pid| places.get(&pid))
    {
        return format!("PID({place})");
    }
    token.to_owned()
}

/// `(left {tv_sec=…, tv_usec=…})`: how much of a waiting time was left.
fn remaining(text: &str) -> String {
    match text.split_once("left {") {
        Some((before, behind)) => {
            let after = behind.split_once('}').map_or("", |(_, after)| after);
            format!("{before}left TIME{after}")
        }
        None => text.to_owned(),
    }
}

fn token_len(number: &str) -> usize {
    let digits = number.strip_prefix("0x").filter(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()));
    match digits {
        Some(rest) => 2 + rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len()),
        None => number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strace::line;

    fn of(text: &str) -> String {
        let places = HashMap::from([(4096, "0".to_owned()), (4097, "0.1".to_owned())]);
        line::call(text).map(|call| normal(&call, &places)).unwrap_or_default()
    }

    #[test]
    fn addresses_dates_ports_and_pids_are_words() {
        assert_eq!(of("brk(NULL) = 0x5555555a0000"), "brk(NULL) = ADDRESS");
        assert_eq!(of("mmap(NULL, 0x1000, PROT_READ) = 0x7f0000000000"), "mmap(NULL, 0x1000, PROT_READ) = ADDRESS");
        assert_eq!(of("wait4(4097, NULL, 0, NULL) = 4097"), "wait4(PID(0.1), NULL, 0, NULL) = PID(0.1)");
        assert_eq!(of("wait4(-1, NULL, 0, NULL) = 4097"), "wait4(-1, NULL, 0, NULL) = PID(any)");
        assert_eq!(of("getppid() = 77"), "getppid() = PID(tool)");
        assert_eq!(
            of("bind(3, {sa_family=AF_INET, sin_port=htons(40001), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0"),
            "bind(3, {sa_family=AF_INET, sin_port=htons(PORT), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0"
        );
        assert_eq!(
            of("utimensat(3, NULL, [{tv_sec=1790000000, tv_nsec=12}], 0) = 0"),
            "utimensat(3, NULL, [{tv_sec=DATE, tv_nsec=FRACTION}], 0) = 0"
        );
        assert_eq!(
            of("select(4, [3], NULL, NULL, {tv_sec=9, tv_usec=0}) = 1 (in [3], left {tv_sec=8, tv_usec=7})"),
            "select(4, [3], NULL, NULL, {tv_sec=9, tv_usec=0}) = 1 (in [3], left TIME)"
        );
    }

    #[test]
    fn a_size_that_happens_to_be_a_pid_stays() {
        assert_eq!(of(r#"read(3, "4096 x4096", 4096) = 4096"#), r#"read(3, "4096 x4096", 4096) = 4096"#);
        assert_eq!(
            of(r#"openat(AT_FDCWD, "/proc/4096/stat", O_RDONLY) = 3"#),
            r#"openat(AT_FDCWD, "/proc/PID(0)/stat", O_RDONLY) = 3"#
        );
    }
}
