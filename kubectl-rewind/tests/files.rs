//! Recordings as files: saved from an agent, read without one; and why it ended.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub, dead_code)]
#![cfg(unix)]

mod server;

use server::{Manners, start};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const NOBODY: &str = "/nonexistent/agent.sock";

fn run(socket: &Path, arguments: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rewind"));
    command.env("REWIND_SOCKET", socket).env("TZ", "UTC").env_remove("NO_COLOR").args(arguments);
    let Output { stdout, stderr, status } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(stdout), text(stderr), status.code().unwrap())
}

#[test]
fn what_is_saved_is_read_without_an_agent_and_reads_the_same() {
    let (server, folder) = (start(Manners::default()), tempfile::tempdir().unwrap());
    let path = folder.path().join("web.rewind");
    let file = path.to_str().unwrap();
    let (out, err, code) = run(&server.socket, &["save", "web", "--output", file]);
    assert_eq!((out.as_str(), code), ("", 0), "{err}");
    assert!(err.starts_with(&format!("web (docker 3f2a9c1b2d4e) saved to {file}: 18,204 calls in ")), "{err}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    for verb in [&["dump"][..], &["dump", "-o", "strace"], &["dump", "-o", "json"], &["top"], &["why"]] {
        let from_agent = run(&server.socket, &[verb, &["web"]].concat());
        let from_file = run(Path::new(NOBODY), &[verb, &["--from", file]].concat());
        assert_eq!((from_file.2, &from_file.0), (0, &from_agent.0), "{verb:?} {}", from_file.1);
    }
}

#[test]
fn a_trace_for_perfetto_has_the_calls_and_is_the_same_from_a_file() {
    let (server, folder) = (start(Manners::default()), tempfile::tempdir().unwrap());
    let path = folder.path().join("web.rewind");
    assert_eq!(run(&server.socket, &["save", "web", "--output", path.to_str().unwrap()]).2, 0);
    let traces = [&["web"][..], &["--from", path.to_str().unwrap()]].map(|source| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rewind"));
        command.env("REWIND_SOCKET", &server.socket).args(["dump", "-o", "perfetto"]).args(source);
        command.output().unwrap().stdout
    });
    assert!(traces[0] == traces[1], "{} and {} bytes", traces[0].len(), traces[1].len());
    // A trace begins with a packet, and names stand in it as they are.
    assert_eq!(traces[0].first(), Some(&0x0a));
    for name in ["openat", "\"/etc/passwd\"", "python3", "exit_group"] {
        assert!(traces[0].windows(name.len()).any(|bytes| bytes == name.as_bytes()), "{name}");
    }
}

#[test]
fn a_file_is_read_from_standard_input() {
    let (server, folder) = (start(Manners::default()), tempfile::tempdir().unwrap());
    let path = folder.path().join("web.rewind");
    run(&server.socket, &["save", "web", "--output", path.to_str().unwrap()]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_rewind"));
    let input = Stdio::from(std::fs::File::open(&path).unwrap());
    let output = command.args(["why", "--from", "-"]).stdin(input).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("It exited with 1 after openat of /etc/passwd"));
}

#[test]
fn why_says_it_in_the_first_line() {
    let (out, err, code) = run(&start(Manners::default()).socket, &["why", "web"]);
    assert_eq!((err.as_str(), code), ("", 0));
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines[0], "It exited with 1 after openat of /etc/passwd was denied (EACCES).");
    assert!(lines.contains(&"Container:  web (docker 3f2a9c1b2d4e)"), "{out}");
    let (json, _, _) = run(&start(Manners::default()).socket, &["why", "web", "-o", "json"]);
    let why: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(why["answer"], lines[0]);
}

#[test]
fn a_recording_that_came_in_part_is_not_saved() {
    let (server, folder) = (start(Manners { breaks: true, ..Manners::default() }), tempfile::tempdir().unwrap());
    let path = folder.path().join("web.rewind");
    let (_, err, code) = run(&server.socket, &["save", "web", "--output", path.to_str().unwrap()]);
    assert!(err.contains("nothing is saved"), "{err}");
    assert_eq!((code, std::fs::read_dir(&folder).unwrap().count()), (1, 0));
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let server = start(Manners::default());
    let whole = folder.path().join("whole.rewind");
    run(&server.socket, &["save", "web", "--output", whole.to_str().unwrap()]);
    let bytes = std::fs::read(&whole).unwrap();
    for (file, part) in [
        (write("text", b"some notes"), "this is not a recording"),
        (write("empty", b""), "it has no header"),
        (write("cut", &bytes[..bytes.len() / 2]), "cannot be decompressed"),
        ("/nonexistent/file".to_owned(), "could not be read"),
    ] {
        let (out, err, code) = run(Path::new(NOBODY), &["dump", "--from", &file]);
        assert!(err.contains(part) && err.contains(&file) && err.lines().count() == 1, "{file}: {err}");
        assert_eq!((out.as_str(), code), ("", 1), "{file}");
    }
    let (_, err, code) = run(&server.socket, &["save", "web", "--output", "/nonexistent/folder/web.rewind"]);
    assert!(err.contains("cannot save /nonexistent/folder/web.rewind: "), "{err}");
    assert_eq!(code, 1);
}

#[test]
fn a_target_and_a_file_exclude_each_other() {
    for line in [&["dump"][..], &["why"], &["top", "web", "--from", "x"]] {
        assert_eq!(run(Path::new(NOBODY), line).2, 2, "{line:?}");
    }
}
