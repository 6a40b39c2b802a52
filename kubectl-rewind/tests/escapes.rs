//! Whatever a container, a runtime, a file or a peer puts into a string: no output steers a terminal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub, dead_code)]
#![cfg(unix)]

mod server;

use rewind_recording::api::{self, Failure, List, Listed};
use rewind_recording::crash::{Crash, Crashes, Totals, Unreadable};
use rewind_recording::ending::{Cause, Ending, Oom, Sender};
use rewind_recording::escape::{self, Untrusted, UntrustedString};
use rewind_recording::event::build;
use rewind_recording::file::Saving;
use rewind_recording::header::{Container, ContainerKind, Coverage, Header, Host, Owner, Pod, Service};
use rewind_recording::origin::Origin;
use rewind_recording::stream::Writer;
use serde_json::Value;
use server::{Answers, Manners, SECOND, Server, start};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

/// Stands in records for a name; so long can a thread's be.
const PLACE: &str = "@@@@@@@@@@@@@@@";

/// Names, 15 bytes at most.
const NAMES: &[&[u8]] = &[
    b"\x1b[31mEVIL\x07",
    b"\x1b]52;c;QQ==\x07",
    b"a\x01\x08\x0c\x0e\x1f\x7fb",
    b"a\r\nb\tc",
    "\u{9b}31m\u{85}\u{9f}".as_bytes(),
    b"\x9b31m\xff\xc3(\xe2\x82",
    "\u{202e}gpj\u{202a}".as_bytes(),
    "\u{2066}x\u{2069}\u{61c}".as_bytes(),
    "\u{200e}\u{200f}\u{200b}\u{200d}".as_bytes(),
    "\u{2060}\u{feff}\u{ad}\u{34f}".as_bytes(),
    "\u{e0041}\u{e007f}".as_bytes(),
    "\u{2028}x\u{2029}".as_bytes(),
    "\u{ef9b}\u{e000}".as_bytes(),
    br#"a\x1b"b'<c>"#,
    "数据 größe".as_bytes(),
    "e\u{301}e\u{301} 🦀".as_bytes(),
];

/// A character that must not come out; this list is the test's own.
fn steers(char: char) -> bool {
    let code = u32::from(char);
    let format = [0xad, 0x34f, 0x61c, 0xfeff];
    let ranges = [
        0..=0x1f,
        0x7f..=0x9f,
        0x200b..=0x200f,
        0x2028..=0x202e,
        0x2060..=0x206f,
        0xe000..=0xf8ff,
        0xfe00..=0xfe0f,
        0xfff0..=0xfffb,
        0xe0000..=0xe0fff,
    ];
    char != '\n' && (format.contains(&code) || ranges.iter().any(|range| range.contains(&code)))
}

fn name(bytes: &[u8]) -> UntrustedString {
    Untrusted::new(bytes).into()
}

fn container(number: u64, bytes: &[u8]) -> Container {
    let mut id = number.to_string().into_bytes();
    id.extend_from_slice(bytes);
    let path = [b"/system.slice/", bytes].concat();
    Container {
        id: name(&id),
        name: name(bytes),
        runtime: name(bytes),
        cgroup_path: name(&path),
        cgroup_id: number,
        pod_uid: name(bytes),
        pod: Some(Box::new(pod(bytes))),
    }
}

fn pod(bytes: &[u8]) -> Pod {
    let owner = Owner { kind: name(bytes), name: name(bytes) };
    let service = Service { name: name(bytes), namespace: name(bytes), instance_id: name(bytes), version: name(bytes) };
    Pod {
        namespace: name(bytes),
        name: name(bytes),
        uid: name(bytes),
        container: name(bytes),
        kind: ContainerKind::Init,
        owner: Some(owner),
        image: name(bytes),
        image_id: name(bytes),
        node: name(bytes),
        restart: Some(2),
        qos: name(bytes),
        labels: [(name(bytes), name(bytes))].into(),
        service,
    }
}

fn header(number: u64, bytes: &[u8]) -> Header {
    let text = escape::text(bytes).into_owned();
    let sender = Sender { tgid: 9, comm: name(bytes), cgroup_id: 77, by_kernel: false };
    let oom = Oom { trigger_tgid: 5, trigger_comm: name(bytes), ..Oom::default() };
    let origin = Origin { container: container(77, bytes), recording: Some(8) };
    Header {
        format: 1,
        agent_version: text.clone(),
        host: Host { name: text.clone(), kernel: text.clone(), arch: "x86_64".into(), unix_offset_ns: 0 },
        container: container(number, bytes),
        recording: number,
        born_ns: SECOND,
        died_ns: Some(95 * SECOND),
        ending: Some(Ending { at_ns: 95 * SECOND, tgid: 700, exit_code: Some(1), ..Ending::default() }),
        cause: Some(Cause { sender: Some(sender), oom: Some(oom) }),
        read_ns: 100 * SECOND,
        coverage: Coverage { calls_made: 9, calls_held: 9, newest_ns: 95 * SECOND, ..Coverage::default() },
        losses: [(text.clone(), 3)].into(),
        peers: [(text.clone(), name(bytes))].into(),
        given_up: vec![text],
        origins: [(77, origin)].into(),
        ..Header::default()
    }
}

/// A name in each kind of string that a record has.
fn records(bytes: &[u8]) -> Vec<u8> {
    let mut records = Vec::new();
    let out = &mut records;
    build::task(out, 60 * SECOND, (700, 700), (1, 1), PLACE);
    build::exec(out, 61 * SECOND, (700, 700), PLACE, &[PLACE, PLACE]);
    let argv = [PLACE, "\0", PLACE, "\0"].concat();
    build::call(out, 700, 59)
        .at(61 * SECOND, 99)
        .string(PLACE)
        .next_blob(rewind_common::call::part::STRINGS, 0, argv.as_bytes())
        .arg(0)
        .result(0)
        .end();
    build::call(out, 700, 157).at(62 * SECOND, 99).arg(15).string(PLACE).result(0).end();
    build::call(out, 700, 257).at(63 * SECOND, 99).arg(0xffff_ff9c).string(PLACE).arg(0).arg(0).result(3).end();
    build::call(out, 700, 5).at(64 * SECOND, 99).arg(3).arg(0).result(-5).end();
    build::call(out, 700, 41).at(65 * SECOND, 99).arg(1).arg(1).arg(0).result(4).end();
    let address = [&[1, 0], PLACE.as_bytes(), &[0]].concat();
    build::call(out, 700, 42).at(66 * SECOND, 99).arg(4).pointed(&address).arg(18).result(-111).end();
    build::call(out, 700, 1).at(67 * SECOND, 99).arg(2).pointed(PLACE.as_bytes()).arg(15).result(15).end();
    build::sent(out, 68 * SECOND, (700, 700), 15, (9, 77, PLACE));
    build::oom_kill(out, 69 * SECOND, (700, 700), PLACE, rewind_common::record::OomKill::default());
    for at in [70, 71] {
        build::call(out, 700, 257).at(at * SECOND, 99).arg(0xffff_ff9c).string(PLACE).arg(0).arg(0).result(-13).end();
    }
    build::call(out, 700, 0).at(72 * SECOND, 99).arg(3).arg(0).arg(9).enter().end();
    build::exit(out, 95 * SECOND, (700, 700), 1 << 8, true);
    let mut name = bytes.to_vec();
    name.resize(PLACE.len(), 0);
    let mut at = 0;
    while let Some(found) = records[at..].windows(PLACE.len()).position(|window| window == PLACE.as_bytes()) {
        at += found;
        records[at..at + PLACE.len()].copy_from_slice(&name);
    }
    records
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

/// An agent whose every string is a name, and a folder with a file of it.
struct Hostile {
    server: Server,
    folder: tempfile::TempDir,
    file: PathBuf,
}

fn hostile(bytes: &[u8]) -> Hostile {
    let (header, records) = (header(1, bytes), records(bytes));
    let text = escape::text(bytes).into_owned();
    let listed = |recording| Listed {
        recording,
        container: container(recording, bytes),
        died_ns: (recording == 1).then_some(95 * SECOND),
        losses: header.losses.clone(),
        ..Listed::default()
    };
    let list = List {
        host: header.host.clone(),
        now_ns: 100 * SECOND,
        recordings: (1..=3).map(listed).collect(),
        refused: vec![container(4, bytes)],
        totals: api::Totals { refused: 1, ..api::Totals::default() },
    };
    let crashes = Crashes {
        directory: text.clone(),
        crashes: vec![Crash { crash: 4, file: text.clone(), bytes: 9, header: header.clone(), url: text.clone() }],
        unreadable: vec![Unreadable { file: text.clone(), error: text.clone() }],
        totals: Totals { last_error: text.clone(), evicted: [(text.clone(), 2)].into(), ..Totals::default() },
        ..Crashes::default()
    };
    let mut writer = Writer::new(Vec::new(), &header).unwrap();
    writer.records(&records).unwrap();
    let stream = writer.finish(&header).unwrap();
    let answers = Answers {
        by_path: vec![
            (api::RECORDINGS_PATH.into(), json(&list)),
            (api::CRASHES_PATH.into(), json(&crashes)),
            (api::recording_path(1), stream.clone()),
            (api::trace_path(2), stream),
        ],
        refusal: json(&Failure { error: text.clone(), hint: text }),
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(OsStr::from_bytes(bytes));
    Saving::start(&file).unwrap().finish(&header, &records).unwrap();
    std::fs::write(folder.path().join(OsStr::from_bytes(&[bytes, b".not"].concat())), "no recording").unwrap();
    Hostile { server: start(Manners { answers: Some(Arc::new(answers)), ..Manners::default() }), folder, file }
}

impl Hostile {
    /// What a command says, on standard output and standard error; nothing of it steers.
    fn run(&self, arguments: &[&OsStr]) -> (String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rewind"));
        command.env("REWIND_SOCKET", &self.server.socket).env("TZ", "UTC").args(arguments);
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        let (out, err) = (text(output.stdout), text(output.stderr));
        for shown in [&out, &err] {
            let bad = shown.chars().find(|char| steers(*char));
            assert_eq!(bad, None, "{arguments:?}: {shown}");
        }
        (out, err)
    }

    fn words(&self, line: &str) -> (String, String) {
        let file = self.file.as_os_str();
        let not = OsString::from(format!("{}.not", file.display()));
        let words: Vec<&OsStr> = line
            .split(' ')
            .map(|word| match word {
                "FILE" => file,
                "NOT" => not.as_os_str(),
                word => OsStr::new(word),
            })
            .collect();
        self.run(&words)
    }
}

const COMMANDS: &[&str] = &[
    "list",
    "list -o wide",
    "list --crashes",
    "list --crashes -o wide",
    "dump #1",
    "dump #1 -y",
    "dump #1 --events",
    "dump #1 -o strace -y -f",
    "dump --from FILE",
    "dump --from FILE -y",
    "dump --from FILE --events",
    "dump --from FILE --pids container",
    "dump --from FILE -o strace",
    "dump --from FILE -o strace -y -s 999 -ttt -T",
    "top --from FILE",
    "top --from FILE --by thread",
    "top --from FILE --by both",
    "top --from FILE --by descriptor",
    "why --from FILE",
    "why #1",
    "trace #2",
    "trace #2 -o strace -y",
    "trace #1",
    "dump #3",
    "dump #9",
    "dump @4",
    "payload #2 on",
    "save #1 --output FILE",
    "dump --from NOT",
    "dump --from /nonexistent/FILE",
    "completion bash",
    "completion zsh",
    "completion fish",
];

const JSON_COMMANDS: &[&str] = &[
    "list -o json",
    "list --crashes -o json",
    "dump --from FILE -o json",
    "dump --from FILE -o json -y",
    "dump --from FILE -o json --events",
    "top --from FILE -o json --by both",
    "top --from FILE -o json --by descriptor",
    "why --from FILE -o json",
    "trace #2 -o json",
];

#[test]
fn no_output_steers_a_terminal_whatever_a_string_holds() {
    for bytes in NAMES {
        let hostile = hostile(bytes);
        for line in COMMANDS {
            let (out, err) = hostile.words(line);
            assert!(!out.is_empty() || !err.is_empty(), "{line} says nothing");
        }
    }
}

/// Whether a text stands somewhere in a value.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string == text,
        Value::Array(values) => values.iter().any(|value| holds(value, text)),
        Value::Object(fields) => fields.iter().any(|(key, value)| key == text || holds(value, text)),
        _ => false,
    }
}

#[test]
fn json_is_valid_and_holds_each_name_as_it_is() {
    for bytes in NAMES {
        let (hostile, kept) = (hostile(bytes), escape::text(bytes));
        for line in JSON_COMMANDS {
            let (out, _) = hostile.words(line);
            let values = serde_json::Deserializer::from_str(&out).into_iter::<Value>();
            let values: Vec<Value> = values.map(Result::unwrap).collect();
            assert!(values.iter().any(|value| holds(value, &kept)), "{line}: {kept:?} is not in {out}");
            assert_eq!(&*escape::bytes(&kept), *bytes);
        }
    }
}

/// At which column of the terminal a part of a line begins.
fn column(line: &str, part: &str) -> usize {
    escape::width(line.split_once(part).unwrap_or_else(|| panic!("{part} is not in {line}")).0)
}

#[test]
fn columns_stand_below_one_another() {
    for bytes in NAMES {
        let (hostile, shown) = (hostile(bytes), Untrusted::new(bytes).to_string());
        let (out, _) = hostile.words("list -o wide");
        let mut lines = out.lines();
        let headings = lines.next().unwrap();
        for line in lines {
            let recording = if line.contains("#1") {
                "#1"
            } else if line.contains("#2") {
                "#2"
            } else {
                "#3"
            };
            assert_eq!(column(line, recording), column(headings, "RECORDING"), "{out}");
            assert_eq!(column(line, "/system.slice"), column(headings, "CGROUP"), "{out}");
        }
        let (out, _) = hostile.words("dump --from FILE");
        let headings = out.lines().find(|line| line.starts_with("TIME")).unwrap();
        // What is wider than its column moves the rest.
        let moved = escape::width(&shown).saturating_sub(15);
        for line in out.lines().filter(|line| line.contains("openat(") || line.contains("fstat(")) {
            assert_eq!(column(line, &shown), column(headings, "COMM"), "{out}");
            let call = if line.contains("openat(") { "openat(" } else { "fstat(" };
            assert_eq!(column(line, call), column(headings, "CALL") + moved, "{out}");
        }
    }
}

#[test]
fn a_thread_name_is_not_a_line_of_its_own() {
    let hostile = hostile(b"x\n00:01:00 1");
    let (out, _) = hostile.words("dump --from FILE");
    let from = out.lines().position(|line| line.starts_with("TIME")).unwrap();
    assert!(out.lines().skip(from + 1).all(|line| line.contains("700")), "{out}");
}

#[test]
fn a_container_is_meant_by_what_list_shows_of_it() {
    let hostile = hostile(b"\x1b]0;x\x07");
    let (out, _) = hostile.words(r"dump 1\x1b]0;x\x07");
    assert!(out.contains("Container:"), "{out}");
}
