#![allow(clippy::unwrap_used)]
use super::*;
use crate::event::build;
use crate::header::{Container, Coverage, Host};
use crate::redact::Redactor;
use crate::syscalls::Arch;
use rewind_common::call::{flags, part};

const SECOND: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;

fn header() -> Header {
    Header {
        // The reading was at 2026-11-21T13:03:41Z.
        host: Host { arch: "x86_64".into(), unix_offset_ns: (1_795_266_221 - 100) * SECOND as i64, ..Host::default() },
        container: Container {
            id: "3f2a9c1b2d4e5f60718293a4b5c6d7e8".into(),
            name: "web".into(),
            runtime: "docker".into(),
            ..Container::default()
        },
        read_ns: 100 * SECOND,
        ..Header::default()
    }
}

fn shown(records: &[u8], options: &Options) -> (String, Summary) {
    let mut out = Vec::new();
    let summary = write(&mut out, &header(), &crate::event::sorted(records), options).unwrap();
    (String::from_utf8(out).unwrap(), summary)
}

fn strace(records: &[u8]) -> String {
    shown(records, &Options { format: Format::Strace, ..Options::default() }).0
}

/// Two threads whose calls overlap, a signal, an end, and a call that is still going on.
fn overlapping() -> Vec<u8> {
    let mut records = Vec::new();
    let out = &mut records;
    build::task(out, 0, (100, 100), (1, 1), "main");
    build::task(out, 0, (101, 100), (2, 1), "worker");
    build::call(out, 100, 34).at(SECOND, 50 * MS).result(-514).end();
    build::call(out, 101, 39).at(SECOND + 10 * MS, 1_500).result(100).end();
    build::call(out, 101, 231).at(SECOND + 60 * MS, MS).flags(flags::UNFINISHED).arg(3).end();
    build::exit(out, SECOND + 61 * MS, (101, 100), 3 << 8, false);
    build::call(out, 100, 39).at(SECOND + 70 * MS, 900).result(100).end();
    build::call(out, 100, 34).at(2 * SECOND, 0).enter().end();
    records
}

#[test]
fn strace_splits_a_call_where_another_line_falls_into_it() {
    assert_eq!(
        strace(&overlapping()),
        "\
100   pause( <unfinished ...>
101   getpid()                          = 100
100   <... pause resumed>)              = ? ERESTARTNOHAND (To be restarted if no handler)
101   exit_group(3)                     = ?
101   +++ exited with 3 +++
100   getpid()                          = 100
100   pause( <unfinished ...>
"
    );
}

#[test]
fn strace_keeps_a_call_whole_where_what_falls_into_it_is_not_shown() {
    let filter = Filter { tids: vec![100], last: Some(3), ..Filter::default() };
    let (text, summary) = shown(&overlapping(), &Options { format: Format::Strace, filter, ..Options::default() });
    assert_eq!(
        text,
        "\
100   pause()                           = ? ERESTARTNOHAND (To be restarted if no handler)
100   getpid()                          = 100
100   pause( <unfinished ...>
"
    );
    assert_eq!((summary.calls, summary.shown, summary.failed), (5, 3, 0));
}

#[test]
fn strace_gives_a_call_that_was_killed_no_result() {
    let mut records = Vec::new();
    let out = &mut records;
    let mut kill = [0; 12];
    kill[0] = 9;
    build::call(out, 5, 34).at(SECOND, MS).result(-512).end();
    build::call(out, 6, 34).at(SECOND, 2 * MS).result(-512).end();
    build::signal(out, SECOND + 3 * MS, 5, kill);
    build::exit(out, SECOND + 4 * MS, (5, 5), 9, true);
    build::call(out, 6, 39).at(SECOND + 5 * MS, 9).result(6).end();
    assert_eq!(
        strace(&records),
        "\
5     pause( <unfinished ...>
6     pause( <unfinished ...>
5     <... pause resumed>)              = ?
6     <... pause resumed>)              = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
5     +++ killed by SIGKILL +++
6     getpid()                          = 6
"
    );
}

#[test]
fn strace_shows_times_as_its_flags_say() {
    let mut records = Vec::new();
    build::call(&mut records, 123_456, 39).at(SECOND, 1_234_567).result(7).end();
    let line = |timestamps, durations| {
        shown(&records, &Options { format: Format::Strace, timestamps, durations, ..Options::default() }).0
    };
    assert_eq!(line(Timestamps::None, true), "123456 getpid()                         = 7 <0.001234>\n");
    assert_eq!(line(Timestamps::Seconds, false), "123456 13:02:02 getpid()                = 7\n");
    assert_eq!(line(Timestamps::Micros, false), "123456 13:02:02.000000 getpid()         = 7\n");
    assert_eq!(line(Timestamps::Unix, false), "123456 1795266122.000000 getpid()       = 7\n");
}

#[test]
fn strace_shows_the_two_halves_of_arguments() {
    let mut records = Vec::new();
    let out = &mut records;
    build::call(out, 9, 61).at(SECOND, 50 * MS).arg(0xffff_ffff).pointed(&[0, 3, 0, 0]).arg(0).arg(0).result(10).end();
    build::call(out, 10, 39).at(SECOND + MS, 9).result(10).end();
    build::call(out, 11, 61)
        .at(2 * SECOND, 5 * MS)
        .flags(flags::UNFINISHED)
        .arg(0xffff_ffff)
        .arg(0)
        .arg(0)
        .arg(0)
        .end();
    build::call(out, 12, 61)
        .at(3 * SECOND, 5 * MS)
        .flags(flags::UNFINISHED)
        .arg(0xffff_ffff)
        .arg(0)
        .arg(0)
        .arg(0)
        .end();
    build::call(out, 10, 39).at(3 * SECOND + MS, 9).result(10).end();
    assert_eq!(
        strace(&records),
        "\
9     wait4(-1,  <unfinished ...>
10    getpid()                          = 10
9     <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 10
11    wait4(-1,  <unfinished ...>)      = ?
12    wait4(-1,  <unfinished ...>
10    getpid()                          = 10
12    <... wait4 resumed> <unfinished ...>) = ?
"
    );
}

#[test]
fn a_call_at_the_very_moment_another_ends_does_not_split_it() {
    let mut records = Vec::new();
    build::call(&mut records, 1, 39).at(10, 10).result(1).end();
    build::call(&mut records, 2, 39).at(20, 0).result(2).end();
    build::call(&mut records, 3, 39).at(20, 10).result(3).end();
    assert!(!strace(&records).contains("unfinished"), "{}", strace(&records));
}

#[test]
fn the_table_has_a_column_for_each_thing() {
    let (text, _) = shown(&overlapping(), &Options::default());
    let table = text.split_once("\n\n").unwrap().1;
    assert_eq!(
        table,
        "\
TIME             PID/TID        COMM             DURATION  CALL                                                        RESULT
13:02:02.000000  100            main             50.0ms    pause()                                                     ? ERESTARTNOHAND (To be restarted if no handler)
13:02:02.010000  100/101        worker           1.50µs    getpid()                                                    100
13:02:02.060000  100/101        worker           1.00ms    exit_group(3)
13:02:02.061000  100/101        worker                     +++ exited with 3 +++
13:02:02.070000  100            main             900ns     getpid()                                                    100
13:02:03.000000  100            main             >1m38s    pause()                                                     still in it
"
    );
}

#[test]
fn the_table_fits_a_narrow_terminal() {
    let (text, _) = shown(&overlapping(), &Options { width: Some(80), ..Options::default() });
    let table = text.split_once("\n\n").unwrap().1;
    assert_eq!(
        table.lines().nth(2).unwrap(),
        "13:02:02.010  100/101  worker      1.50µs    getpid()                100"
    );
}

#[test]
fn the_table_uses_the_containers_numbers_if_asked_to() {
    let (text, _) = shown(&overlapping(), &Options { pids: Pids::Container, ..Options::default() });
    assert!(text.contains("  1/2            worker  "), "{text}");
}

#[test]
fn colours_mark_headings_and_failures_alone() {
    let mut records = Vec::new();
    build::call(&mut records, 5, 39).at(SECOND, 1).result(5).end();
    build::call(&mut records, 5, 39).at(2 * SECOND, 1).result(-2).end();
    let (text, _) = shown(&records, &Options { color: true, ..Options::default() });
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.iter().any(|line| line.starts_with("\u{1b}[1mTIME")));
    assert!(lines[lines.len() - 2].starts_with("13:02:02"));
    assert!(lines[lines.len() - 1].starts_with("\u{1b}[31m13:02:03") && lines[lines.len() - 1].ends_with("\u{1b}[0m"));
}

#[test]
fn the_head_states_what_is_covered_and_what_is_not() {
    let coverage = Coverage {
        calls_made: 20_113,
        calls_held: 18_204,
        calls_overwritten: 1_909,
        complete_from_ns: 66 * SECOND,
        decisive_from_ns: 60 * SECOND,
        traffic_from_ns: Some(65 * SECOND),
        oldest_ns: 60 * SECOND,
        newest_ns: 95 * SECOND,
        ring_bytes: 1 << 20,
    };
    let losses = [("lapped".to_owned(), 3), ("shortened_argument".to_owned(), 1)].into();
    let header = Header {
        died_ns: Some(40 * SECOND),
        coverage,
        losses,
        redacted: 3,
        given_up: vec!["32-bit calls: this kernel has none".into()],
        ..header()
    };
    let zone = TimeZone::fixed(jiff::tz::offset(1));
    let mut out = Vec::new();
    write_header(&mut out, &header, &Options { format: Format::Strace, zone, ..Options::default() }).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "\
# Container:  web (docker 3f2a9c1b2d4e)
# State:      dead since 14:02:41.000, 1m00s before this was read
# Covers:     2026-11-21 14:03:01.000 to 14:03:36.000 (+01:00), 35.0s
# Calls:      18,204 held of 20,113, 1,909 overwritten by newer ones (in 1 MiB)
# Complete:   all calls since 14:03:07.000, decisive ones since 14:03:01.000, network traffic since 14:03:06.000
# Losses:     3 records (lapped), 1 argument cut short
# Redacted:   3 arguments
# Payload:    not recorded, but for what is written to stdout and stderr
# Not seen:   32-bit calls: this kernel has none
"
    );
}

#[test]
fn json_says_what_became_of_each_call() {
    let (text, _) = shown(&overlapping(), &Options { format: Format::Json, ..Options::default() });
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines.iter().map(|line| line["kind"].as_str().unwrap()).collect::<Vec<_>>(),
        ["header", "call", "call", "call", "exit", "call", "call"]
    );
    assert_eq!(lines[3]["args"], serde_json::json!(["3"]));
    assert_eq!(lines[3]["raw"], serde_json::json!(["0x3"]));
    assert_eq!((&lines[2]["tid"], &lines[2]["tgid"], &lines[2]["comm"]), (&101.into(), &100.into(), &"worker".into()));
    assert_eq!((&lines[6]["outcome"], &lines[6]["duration_ns"]), (&"in_flight".into(), &(98 * SECOND).into()));
    assert_eq!((&lines[1]["errno"], &lines[1]["result"]), (&"ERESTARTNOHAND".into(), &(-514).into()));
}

#[test]
fn what_was_redacted_is_marked_in_every_format() {
    let mut records = Vec::new();
    let argv = b"curl\0--password=hunter2\0*\0";
    build::call(&mut records, 5, 59).string("/bin/curl").blob(1, part::STRINGS, 0, argv).result(0).end();
    build::call(&mut records, 5, 1).at(SECOND, 1).arg(2).pointed(b"say \x1a").arg(5).result(5).end();
    assert_eq!(Redactor::new(&[]).unwrap().redact(&mut records, Arch::X86_64), 1);
    let json = shown(&records, &Options { format: Format::Json, ..Options::default() }).0;
    let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[1]["redacted"], &lines[2]["redacted"]), (&true.into(), &false.into()));
    for format in [Format::Json, Format::Strace, Format::Table] {
        let text = shown(&records, &Options { format, ..Options::default() }).0.replace('\\', "");
        assert!(text.contains(r#"["curl", "--password=[redacted]", "*"]"#), "{text}");
        // What no redaction has put there is shown as it is.
        assert!(text.contains(r#""say 32""#), "{text}");
    }
}

#[test]
fn what_was_redacted_is_shortened_by_the_bytes_it_had() {
    let mut records = Vec::new();
    let text = b"token=0123456789 and more behind it";
    build::call(&mut records, 5, 1).at(SECOND, 1).arg(2).pointed(text).arg(35).result(35).end();
    Redactor::new(&[]).unwrap().redact(&mut records, Arch::X86_64);
    let line =
        |string_bytes| shown(&records, &Options { format: Format::Strace, string_bytes, ..Options::default() }).0;
    assert!(line(10).contains(r#"write(2, "token=[redacted]"..., 35)"#), "{}", line(10));
    assert!(line(35).contains(r#"write(2, "token=[redacted] and more behind it", 35)"#), "{}", line(35));
}

#[test]
fn json_splits_arguments_at_the_commas_between_them() {
    assert_eq!(
        json::split(r#"AT_FDCWD, "a, \"b", {x=1, y=[2, 3]}, O_RDONLY"#),
        ["AT_FDCWD", r#""a, \"b""#, "{x=1, y=[2, 3]}", "O_RDONLY"]
    );
    assert_eq!(json::split(""), [""; 0]);
    assert_eq!(json::split("}),\"\\"), ["})", "\"\\"]);
}

#[test]
fn a_live_trace_joins_a_call_with_a_start_of_an_earlier_batch() {
    let options = Options { format: Format::Strace, ..Options::default() };
    let mut out = Vec::new();
    let mut live = Live::new(&mut out, &header(), &options).unwrap();
    let mut batch = Vec::new();
    build::task(&mut batch, 0, (5, 5), (1, 1), "sh");
    build::call(&mut batch, 5, 80).at(SECOND, 0).enter().string("/tmp").end();
    live.push(&mut out, &batch).unwrap();
    assert_eq!((out.len(), live.summary().calls), (0, 0));
    batch.clear();
    build::call(&mut batch, 5, 80).at(SECOND, 9).flags(flags::ENTERED).arg(0x7000).result(0).end();
    build::call(&mut batch, 5, 34).at(2 * SECOND, 0).enter().end();
    live.push(&mut out, &batch).unwrap();
    let summary = live.finish(&mut out, 100 * SECOND).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "\
5     chdir(\"/tmp\")                     = 0
5     pause( <unfinished ...>
"
    );
    assert_eq!((summary.calls, summary.shown), (2, 2));
}

#[test]
fn descriptors_are_named_by_calls_that_are_not_shown_too() {
    let mut records = Vec::new();
    let out = &mut records;
    build::task(out, 0, (5, 5), (1, 1), "sh");
    build::call(out, 5, 257).at(SECOND, 9).arg(0xffff_ff9c).string("/etc/hosts").arg(0).arg(0).result(3).end();
    build::call(out, 5, 3).at(2 * SECOND, 9).arg(3).result(0).end();
    build::call(out, 5, 3).at(3 * SECOND, 9).arg(3).result(-9).end();
    let shown_as = |format, calls: &str| {
        let filter = Filter { calls: calls.parse().unwrap(), ..Filter::default() };
        shown(&records, &Options { format, filter, descriptors: true, ..Options::default() }).0
    };
    assert_eq!(
        shown_as(Format::Strace, "close"),
        "\
5     close(3</etc/hosts>)              = 0
5     close(3)                          = -1 EBADF (Bad file descriptor)
"
    );
    assert!(shown_as(Format::Table, "openat").trim_end().ends_with("3</etc/hosts>"));
}

fn summed(records: &[u8], by: top::By) -> String {
    let mut out = Vec::new();
    top::write(&mut out, &header(), &crate::event::sorted(records), &Options::default(), by).unwrap();
    String::from_utf8(out).unwrap().split_once("\n\n").unwrap().1.to_owned()
}

#[test]
fn top_shows_where_the_time_went_and_what_stands_out() {
    let mut records = Vec::new();
    for i in 0..10 {
        build::call(&mut records, 5, 74).at(SECOND + i * 100 * MS, 40 * MS).arg(3).result(0).end();
        build::call(&mut records, 5, 87).at(SECOND + i * 100 * MS + 50 * MS, 10_000).string("/x").result(-2).end();
    }
    build::call(&mut records, 6, 232).at(SECOND, 3 * SECOND).arg(4).arg(0).arg(8).arg(0xffff_ffff).result(0).end();
    assert_eq!(
        summed(&records, top::By::Syscall),
        "\
SYSCALL     CALLS  ERRORS  TOTAL  SHARE  AVERAGE     MAX  NOW IN IT
epoll_wait      1          3.00s  88.2%    3.00s   3.00s
fsync          10          400ms  11.7%   40.0ms  40.0ms
unlink         10      10  100µs   0.0%   10.0µs  10.0µs

What stands out:
  fsync: waiting for the disk to keep what was written (look here), 400ms in 10 calls, longest 40.0ms, 99.9% of the time in calls that is not idle waiting
  epoll_wait: waiting for something to happen (ordinary for a server), 3.00s in 1 call, longest 3.00s, 88.2% of the time in calls
  unlink: 10 of 10 calls failed, 10 with ENOENT
"
    );
    assert!(summed(&records, top::By::Thread).starts_with("TID  COMM  CALLS"));
    assert!(summed(&records, top::By::ThreadAndSyscall).starts_with("TID  COMM  SYSCALL     CALLS"));
}

#[test]
fn what_the_runtime_did_and_what_was_only_asked_does_not_stand_out() {
    let mut records = Vec::new();
    build::task(&mut records, 1_000, (7, 7), (1, 1), "runc:[2:INIT]");
    for i in 0..9 {
        build::call(&mut records, 7, 233).at(1_000 + i, 1).arg(5).arg(1).arg(6).result(-9).end();
    }
    build::task(&mut records, 1_000 + 10, (7, 7), (1, 1), "app");
    for i in 10..19 {
        build::call(&mut records, 7, 16).at(1_000 + i, 1).arg(0).arg(0x5401).result(-25).end();
    }
    let text = summed(&records, top::By::Syscall);
    assert!(text.contains("epoll_ctl") && text.ends_with("took long or failed often\n"), "{text}");
}

#[test]
fn top_by_descriptor_names_what_was_opened() {
    let mut records = Vec::new();
    let out = &mut records;
    build::task(out, 0, (5, 5), (1, 1), "sh");
    build::call(out, 5, 257).at(SECOND, 9).arg(0xffff_ff9c).string("/var/log/x").arg(1).arg(0).result(3).end();
    build::call(out, 5, 74).at(2 * SECOND, 30 * MS).arg(3).result(0).end();
    build::call(out, 5, 74).at(3 * SECOND, 10 * MS).arg(9).result(0).end();
    let text = summed(&records, top::By::Descriptor);
    assert_eq!(
        text.split("\n\n").next().unwrap(),
        "\
PID  COMM  DESCRIPTOR     CALLS  ERRORS   TOTAL  SHARE  AVERAGE     MAX  NOW IN IT
5    sh    3</var/log/x>      1          30.0ms  75.0%   30.0ms  30.0ms
5    sh    9                  1          10.0ms  25.0%   10.0ms  10.0ms"
    );
}

#[test]
fn top_counts_what_is_in_flight_up_to_the_reading() {
    let mut records = Vec::new();
    build::call(&mut records, 5, 202).at(40 * SECOND, 0).enter().arg(0x7000).arg(0).end();
    let text = summed(&records, top::By::Syscall);
    assert!(text.contains("futex        1          1m00s  100.0%    1m00s  1m00s          1"), "{text}");
    assert!(text.contains("futex: waiting for a lock or another thread (look here)"), "{text}");
}

#[test]
fn any_records_give_text() {
    use proptest::prelude::*;
    proptest!(|(bytes in proptest::collection::vec(any::<u8>(), 0..800))| {
        for format in [Format::Table, Format::Strace, Format::Json] {
            shown(&bytes, &Options { format, color: true, width: Some(3), ..Options::default() });
        }
        summed(&bytes, top::By::Thread);
    });
}
