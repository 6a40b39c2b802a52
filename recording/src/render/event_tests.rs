#![allow(clippy::unwrap_used)]
use super::*;
use crate::event::{build, sorted};
use crate::header::Container;
use crate::origin::Origin;
use rewind_common::call::{blob_flags, flags, part};
use rewind_common::record::OomKill;

const MS: u64 = 1_000_000;
const MIB: u64 = 1 << 20;

/// A process that makes another, which is sent signals, and is killed while it sleeps.
fn life_and_death() -> Vec<u8> {
    let mut records = Vec::new();
    let out = &mut records;
    build::task(out, 0, (100, 100), (1, 1), "init");
    build::task(out, 0, (101, 101), (2, 2), "worker");
    build::fork(out, MS, (100, 100), 101);
    build::exec(out, 2 * MS, (101, 101), "/bin/worker", &["worker", "--all", "a\nb"]);
    build::sent(out, 3 * MS, (101, 101), 15, (100, 7, "init"));
    build::call(out, 101, 34).at(4 * MS, 2 * MS).result(-514).end();
    build::sent(out, 5 * MS, (101, 101), 9, (4321, 8, "killer"));
    build::signal(out, 6 * MS, 101, [9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    build::exit(out, 7 * MS, (101, 101), 9, true);
    records
}

fn header() -> Header {
    let mut header = Header::default();
    (header.host.arch, header.container.cgroup_id) = ("x86_64".into(), 7);
    let container = Container { runtime: "docker".into(), name: "web".into(), ..Container::default() };
    header.origins.insert(8, Origin { container, recording: Some(5) });
    header
}

fn shown(records: &[u8], options: &Options) -> (String, Summary) {
    let mut out = Vec::new();
    let summary = write(&mut out, &header(), &sorted(records), options).unwrap();
    (String::from_utf8(out).unwrap(), summary)
}

fn events() -> Options {
    Options { filter: Filter { events: true, ..Filter::default() }, ..Options::default() }
}

#[test]
fn events_stand_between_the_calls_and_a_call_that_it_was_killed_in_is_unfinished() {
    let (text, summary) = shown(&life_and_death(), &Options::default());
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words}:\n{text}"));
    let order = [
        at("new process 101"),
        at(r"runs /bin/worker --all a\nb"),
        at("SIGTERM sent by init[100]\n"),
        at("never returned"),
        at("SIGKILL sent by killer[4321] in container web"),
        at("--- SIGKILL"),
        at("+++ killed by SIGKILL +++"),
    ];
    assert!(order.is_sorted(), "{text}");
    assert_eq!((summary.calls, summary.events), (1, 6));
}

#[test]
fn events_alone_are_shown_without_calls() {
    let (text, summary) = shown(&life_and_death(), &events());
    assert!(!text.contains("pause") && text.contains("new process 101"), "{text}");
    assert_eq!((summary.shown, summary.events), (0, 6));
    let last = Filter { last: Some(2), ..events().filter };
    let (_, summary) = shown(&life_and_death(), &Options { filter: last, ..events() });
    assert_eq!(summary.events, 2);
}

#[test]
fn strace_has_no_line_for_what_strace_does_not_know() {
    let (text, _) = shown(&life_and_death(), &Options { format: Format::Strace, ..Options::default() });
    assert_eq!(text, "101   pause()                           = ?\n101   +++ killed by SIGKILL +++\n");
}

#[test]
fn of_many_threads_that_are_killed_at_a_time_each_is_seen_to_be() {
    const THREADS: u32 = 70_000;
    let mut records = Vec::new();
    for tid in 1..=THREADS {
        build::call(&mut records, tid, 34).at(u64::from(tid), MS).result(-514).end();
    }
    for tid in 1..=THREADS {
        build::signal(&mut records, 2 * MS, tid, [9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    let (text, _) = shown(&records, &Options { format: Format::Strace, ..Options::default() });
    assert_eq!(text.lines().filter(|line| line.ends_with("pause( <unfinished ...>")).count(), THREADS as usize);
    assert!(!text.contains("ERESTART"), "a thread is said to have come back");
}

#[test]
fn json_has_the_fields_of_events() {
    let (text, _) = shown(&life_and_death(), &Options { format: Format::Json, ..events() });
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["header", "fork", "exec", "signal_sent", "signal_sent", "signal", "exit"]);
    assert_eq!((lines[1]["child_tgid"].as_u64(), lines[1]["thread"].as_bool()), (Some(101), Some(false)));
    assert_eq!((lines[2]["path"].as_str(), lines[2]["argv"][1].as_str()), (Some("/bin/worker"), Some("--all")));
    assert_eq!(lines[3]["sender"]["same_container"], true);
    let sender = &lines[4]["sender"];
    assert_eq!((sender["tgid"].as_u64(), sender["comm"].as_str()), (Some(4321), Some("killer")));
    assert_eq!((sender["container"]["name"].as_str(), sender["ns_tgid"].as_u64()), (Some("web"), None));
    assert_eq!(sender["container"]["recording"], 5);
}

#[test]
fn an_oom_kill_names_memory_limit_and_trigger() {
    let kill = OomKill {
        anon_bytes: 48 * MIB,
        usage_bytes: 64 * MIB - 4096,
        limit_bytes: 64 * MIB,
        limit_above: 1,
        trigger_tgid: 55,
        trigger_cgroup: 8,
        ..OomKill::default()
    };
    let told = |kill| {
        let mut records = Vec::new();
        build::oom_kill(&mut records, MS, (101, 101), "nginx", kill);
        shown(&records, &events()).0
    };
    let text = told(kill);
    for words in
        ["48 MiB of its own", "the cgroup above its own held", "of 64 MiB allowed", "nginx[55] in container web"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(told(OomKill { usage_bytes: 10 * MIB, ..kill }).contains("the host ran out"));
    assert!(told(OomKill { limit_bytes: 0, ..kill }).contains("the host ran out"));
}

#[test]
fn strings_of_an_execve_that_could_not_be_read_are_those_of_its_exec() {
    let told = |argv: &[&str], interpreted: u8| {
        let mut records = Vec::new();
        let enter = build::call(&mut records, 5, 59).at(MS, 0).enter().arg(0x1000).arg(0x2000).arg(0x3000);
        let enter = enter.blob(0, part::WHOLE, blob_flags::UNREAD, &0x1000_u64.to_le_bytes());
        enter.blob(1, part::STRINGS, blob_flags::CUT, b"warm\0").end();
        let from = records.len();
        build::exec(&mut records, 2 * MS, (5, 5), "/bin/cold", argv);
        records[from + 3] = interpreted;
        build::call(&mut records, 5, 59).at(MS, 2 * MS).flags(flags::ENTERED).arg(0).arg(0).arg(0).result(0).end();
        shown(&records, &Options { format: Format::Strace, ..Options::default() }).0
    };
    assert!(told(&["warm", "cold"], 0).starts_with(r#"5     execve("/bin/cold", ["warm", "cold"], 0x3000"#));
    // The interpreter's arguments are not the call's.
    assert!(told(&["sh", "/bin/cold"], 1).starts_with(r#"5     execve("/bin/cold", ["warm", ...], 0x3000"#));
    let many = told(&["x"; 40], 0);
    assert_eq!((many.matches(r#""x""#).count(), many.contains(r#""x", ...]"#)), (32, true), "{many}");
}

#[test]
fn how_large_an_environment_is_stands_with_the_exec_and_is_left_out_where_it_was_not_recorded() {
    let told = |env_bytes| {
        let mut records = Vec::new();
        build::exec_with(&mut records, 2 * MS, (5, 5), "/bin/app", &["app", "--all"], env_bytes);
        let json = shown(&records, &Options { format: Format::Json, ..events() }).0;
        let exec = json.lines().find(|line| line.contains(r#""kind":"exec""#)).unwrap();
        serde_json::from_str::<serde_json::Value>(exec).unwrap()
    };
    let (known, empty, unknown) = (told(Some(1_204)), told(Some(0)), told(None));
    assert_eq!((&known["argv_bytes"], &known["env_bytes"]), (&10.into(), &1_204.into()));
    assert_eq!((&known["argv"][1], &known["text"]), (&"--all".into(), &"runs /bin/app --all".into()));
    assert_eq!(empty["env_bytes"], 0);
    assert!(unknown.get("argv_bytes").is_none() && unknown.get("env_bytes").is_none(), "{unknown}");
}
