//! The plugin as a person runs it, against a small agent.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]
#![cfg(unix)]

mod server;

use server::{Manners, Server, start};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

fn rewind(server: &Server, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rewind"));
    command.env("REWIND_SOCKET", &server.socket).env("TZ", "UTC").env_remove("NO_COLOR").args(line.split(' '));
    command
}

fn run(server: &Server, line: &str) -> (String, String, i32) {
    let Output { stdout, stderr, status } = rewind(server, line).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(stdout), text(stderr), status.code().unwrap())
}

#[test]
fn list_shows_the_living_first() {
    let server = start(Manners::default());
    let (out, err, code) = run(&server, "list");
    assert_eq!(
        out,
        "\
CONTAINER     NAME  RUNTIME  STATE        SINCE  CALLS HELD  COVERS  MEMORY  LOSSES
3f2fffffffff  -     docker   living       5m42s      18,204   35.0s   1 MiB       -
9b1c0d2e3f40  db    docker   living       5m42s      18,204   35.0s   1 MiB       3
3f2a9c1b2d4e  web   docker   dead 5m ago  5m42s      18,204   35.0s   1 MiB       -
"
    );
    assert_eq!((err.as_str(), code), ("3 recordings (2 living), 3 MiB of 64 MiB used, 61 rings free\n", 0));
    let (json, _, _) = run(&server, "list -o json");
    assert!(json.contains("\"budget_bytes\": 67108864"));
    assert!(run(&server, "list -o wide").0.contains("/system.slice/docker-9b1c"));
}

#[test]
fn node_shows_what_is_used_between_two_looks() {
    let server = start(Manners::default());
    let (out, err, code) = run(&server, "node --interval 100ms");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!((lines[0], code), ("n1  2 CPUs, 1 container", 0));
    assert!(lines[9].starts_with("CONTAINER ") && lines[10].starts_with("db\\x1b[2J         0.50  "), "{out}");
    assert_eq!(err, "1 figure could not be read: swaps: No such file\n");
    let (json, err, code) = run(&server, "node --interval 100ms --sort errors -o json");
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    let cpus = told.pointer("/rates/containers/2/cpus").and_then(serde_json::Value::as_f64).unwrap();
    assert!((cpus - 0.5).abs() < 0.001 && err.is_empty() && code == 0, "{json}{err}");
}

#[test]
fn what_is_drawn_again_and_again_needs_a_terminal_and_names_what_does_not() {
    let (out, err, code) = run(&start(Manners::default()), "top");
    assert_eq!((out.as_str(), code), ("", 1));
    assert!(err.contains("a terminal") && err.contains("'rewind node'") && err.lines().count() == 1, "{err}");
}

#[test]
fn an_agent_that_is_busy_with_others_is_asked_again_but_not_for_ever() {
    let busy = |times| run(&start(Manners { busy: Arc::new(times), ..Manners::default() }), "list");
    let (out, err, code) = busy(2.into());
    assert!(out.contains("docker   living") && err.starts_with("3 recordings ") && code == 0, "{out}{err}");
    let (out, err, code) = busy(1_000.into());
    assert!(out.is_empty() && err.contains("too many are connected") && code != 0, "{out}{err}");
}

#[test]
fn an_empty_list_says_why_and_what_to_try() {
    let (out, err, code) = run(&start(Manners { empty: true, ..Manners::default() }), "list");
    assert_eq!((out.as_str(), code), ("", 0));
    assert!(err.contains("nothing is recorded") && err.contains("rewind-agent doctor"), "{err}");
}

#[test]
fn a_dump_of_a_dead_container_states_its_coverage_and_shows_its_calls() {
    let (out, err, code) = run(&start(Manners::default()), "dump web");
    assert_eq!((err.as_str(), code), ("", 0));
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines[0], "Container:  web (docker 3f2a9c1b2d4e)");
    assert_eq!(lines[1], "State:      dead since 13:03:36.000, 5s before this was read");
    assert_eq!(lines[2], "Covers:     2026-11-21 13:03:01.000 to 13:03:36.000 (+00:00), 35.0s");
    assert_eq!(lines[3], "Calls:      18,204 held of 20,113, 1,909 overwritten by newer ones (in 1 MiB)");
    let denied = lines.iter().find(|line| line.contains("/etc/passwd")).unwrap();
    assert!(denied.starts_with("13:03:35.000000  700            python3          12.3µs    openat("), "{denied}");
    assert!(denied.ends_with("-1 EACCES (Permission denied)"), "{denied}");
    assert!(lines.last().unwrap().contains("exited with 1"));
}

#[test]
fn straces_format_leaves_standard_output_to_strace() {
    let (out, err, code) = run(&start(Manners::default()), "dump web -o strace -e openat,%process");
    assert_eq!(
        out,
        "\
700   openat(AT_FDCWD, \"/etc/passwd\", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = -1 EACCES (Permission denied)
700   exit_group(1)                     = ?
700   +++ exited with 1 +++
"
    );
    assert!(err.lines().next().unwrap().starts_with("# Container:  web"), "{err}");
    assert!(err.ends_with("2 of 4 calls shown\n"), "{err}");
    assert_eq!(code, 0);
}

#[test]
fn json_is_one_object_a_line() {
    let (out, _, code) = run(&start(Manners::default()), "dump web -o json --last 2");
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(code, 0);
    assert_eq!((lines[0]["kind"].as_str(), lines[0]["recording"].as_u64()), (Some("header"), Some(1)));
    assert_eq!((lines[1]["syscall"].as_str(), lines[1]["result"].as_i64()), (Some("write"), Some(18)));
    assert_eq!(lines[1]["time"], "2026-11-21T13:03:35.000100000+00:00");
    assert_eq!((lines[2]["outcome"].as_str(), lines[2]["unfinished"].as_bool()), (Some("died"), Some(true)));
    assert_eq!((lines[3]["kind"].as_str(), lines[3]["exit_code"].as_u64()), (Some("exit"), Some(1)));
}

#[test]
fn pids_of_the_container_are_shown_and_filtered_by() {
    let (out, _, _) = run(&start(Manners::default()), "dump web -o strace --pids container --pid 1 -e close");
    assert!(out.starts_with("1     close(4)                          = 0\n"), "{out}");
}

#[test]
fn top_sums_up() {
    let (out, _, code) = run(&start(Manners::default()), "top web");
    assert_eq!(code, 0);
    assert!(out.contains("SYSCALL") && out.contains("What stands out:"), "{out}");
}

#[test]
fn a_filter_that_nothing_passes_says_so() {
    let (_, err, code) = run(&start(Manners::default()), "dump web --path nowhere");
    assert!(err.contains("0 of 4 calls shown: no call passes the filter"), "{err}");
    assert_eq!(code, 0);
}

#[test]
fn a_trace_says_what_it_caught_and_missed() {
    let (out, err, code) = run(&start(Manners::default()), "trace db -o strace");
    assert_eq!(out.lines().count(), 5, "{out}");
    assert!(err.contains("# 5 calls overwritten before they could be read"), "{err}");
    assert!(err.contains("the container has ended: 4 calls caught in") && err.contains("5 missed"), "{err}");
    assert_eq!(code, 0);
}

#[test]
fn an_interrupted_trace_ends_cleanly() {
    let server = start(Manners { endless: true, ..Manners::default() });
    let mut child =
        rewind(&server, "trace db -o strace").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("700   getpid()"), "{line}");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(err.contains("ended by you:") && err.contains("0 missed"), "{err}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_closed_output_ends_quietly() {
    let server = start(Manners { endless: true, ..Manners::default() });
    let mut child =
        rewind(&server, "trace db -o strace").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(!err.contains("output") && !err.contains("panic"), "{err}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_broken_connection_shows_what_came_and_warns() {
    let (out, err, code) = run(&start(Manners { breaks: true, ..Manners::default() }), "dump web -o strace");
    assert!(out.contains("openat"), "{out} {err}");
    assert!(err.contains("ended early"), "{err}");
    assert_eq!(code, 0);
}

#[test]
fn payload_is_switched() {
    let (_, err, code) = run(&start(Manners::default()), "payload web on");
    assert_eq!((err.as_str(), code), ("payload of web is recorded from now on\n", 0));
}

#[test]
fn what_is_wrong_is_said_in_a_sentence_and_by_the_exit_code() {
    let server = start(Manners::default());
    for (line, part, wanted) in [
        ("dump nothing", "no recording is of \"nothing\"", 3),
        ("dump webs", "did you mean web?", 3),
        ("dump 3f2", "may mean any of these", 4),
        ("dump 3f2ff", "(410): recording is gone; see 'rewind list'", 1),
        ("dump web --syscall opnat", "did you mean openat?", 2),
        ("trace web", "web (docker 3f2a9c1b2d4e) is dead", 1),
        ("dump web --since never", "is not a time", 2),
        ("dump", "required arguments", 2),
    ] {
        let (out, err, code) = run(&server, line);
        assert!(err.contains(part) && out.is_empty(), "{line}: {err}");
        assert_eq!(code, wanted, "{line}: {err}");
    }
}

#[test]
fn crash_files_are_listed_and_read_by_number_name_and_as_the_previous_run() {
    let server = start(Manners::default());
    let (out, err, code) = run(&server, "list --crashes");
    assert!(out.contains("@4") && out.contains("exited (2) 2s ago") && out.contains("64 KiB"), "{out}");
    assert!(err.contains("in /var/lib/rewind/crashes") && code == 0, "{err}");
    for line in ["dump @4", "dump 77aa", "dump db --previous", "why db --previous"] {
        let (out, err, code) = run(&server, line);
        assert!(out.contains("web") && code == 0, "{line}: {err}");
    }
    let (_, err, code) = run(&server, "dump web --previous");
    assert!(err.contains("no earlier run of \"web\"") && code == 3, "{err}");
}

#[test]
fn a_socket_that_nobody_listens_on_is_named() {
    let server = start(Manners::default());
    let (_, err, code) = run(&server, "list --socket /nowhere/agent.sock");
    assert!(err.starts_with("rewind: no agent listens on /nowhere/agent.sock: ") && err.contains("--socket"), "{err}");
    assert_eq!(code, 5);
}

#[test]
fn completion_is_written_for_each_shell() {
    let server = start(Manners::default());
    for shell in ["bash", "zsh", "fish"] {
        let (out, _, code) = run(&server, &format!("completion {shell}"));
        assert!(out.contains("rewind") && out.contains("dump"), "{shell}");
        assert_eq!(code, 0);
    }
}
