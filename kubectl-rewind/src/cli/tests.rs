//! What is typed, and what comes of it.

#![allow(clippy::unwrap_used)]
use super::*;
use clap::Parser;
use rewind_recording::filter::Filter;
use rewind_recording::render::Timestamps;

fn parse(line: &str) -> Result<Cli, String> {
    Cli::try_parse_from(line.split(' ')).map_err(|error| error.to_string())
}

fn filter(line: &str) -> Filter {
    match parse(line).unwrap().command {
        Command::Dump { window, reading, .. } => reading.choice.filter(&window),
        _ => unreachable!(),
    }
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn filters_are_what_was_typed() {
    let typed =
        filter("rewind dump web --since 5m --last 20 --failed -e openat,%network --pid 1,2 --comm ng* --path /etc");
    assert_eq!((typed.last, typed.failed, typed.pids), (Some(20), true, vec![1, 2]));
    assert_eq!(typed.calls, "openat,%network".parse().unwrap());
    assert!(!filter("rewind dump web").chooses());
}

#[test]
fn kinds_of_events_are_chosen_together_and_without_calls() {
    let typed = filter("rewind dump web --tcp --signals");
    assert_eq!(typed.kinds, ["connection", "listen", "signal", "signal_sent", "oom_kill"]);
    assert!(typed.is_for_events() && typed.chooses() && !filter("rewind dump web").is_for_events());
    assert_eq!(filter("rewind dump web --exec").kinds, ["exec", "fork", "exit"]);
    for line in ["--tcp --failed", "--exec --events", "--signals --path /etc"] {
        assert!(parse(&format!("rewind trace web {line}")).is_err(), "{line}");
    }
}

#[test]
fn straces_flags_are_taken() {
    let Command::Dump { reading, .. } = parse("rewind dump web -o strace -ttT -y -s 99").unwrap().command else {
        unreachable!()
    };
    assert_eq!((reading.timestamps(), reading.durations, reading.string_bytes), (Timestamps::Micros, true, 99));
}

#[test]
fn a_recording_comes_from_an_agent_or_a_file() {
    assert!(parse("rewind dump web").is_ok() && parse("rewind why --from web.rewind").is_ok());
    assert!(parse("rewind dump").is_err() && parse("rewind why --previous").is_err());
    assert!(parse("rewind top web --from web.rewind").is_err());
}

#[test]
fn two_runs_are_compared_and_why_looks_at_one_or_at_the_run_before() {
    let checked = |line: &str| parse(line).and_then(|cli| cli.checked().map_err(|error| error.to_string()));
    for line in ["web db", "web --previous", "--from a --from b", "web --from a", "pod/web pod/db -c app"] {
        assert!(checked(&format!("rewind diff {line}")).is_ok(), "{line}");
    }
    for line in ["", " web", " --previous", " a b c", " a b --from c", " a b --previous", " --from a --previous"] {
        let error = checked(&format!("rewind diff{line}")).unwrap_err();
        assert!(!error.is_empty(), "{line}");
    }
    assert!(checked("rewind diff web").unwrap_err().contains("name two runs"));
    for (line, against) in [
        ("web", None),
        ("web --against", Some(None)),
        ("web --against #3", Some(Some("#3".to_owned()))),
        ("--from bad.rewind --against good.rewind", Some(Some("good.rewind".to_owned()))),
    ] {
        let Command::Why { against: typed, .. } = parse(&format!("rewind why {line}")).unwrap().command else {
            unreachable!()
        };
        assert_eq!(typed, against, "{line}");
    }
}

#[test]
fn top_without_a_target_is_of_the_host_and_takes_nothing_that_is_for_a_recording() {
    for (line, typed) in [("top", false), ("top --interval 2s", false), ("top web --since 5m", true)] {
        let Command::Top { source, .. } = parse(&format!("rewind {line}")).unwrap().command else { unreachable!() };
        assert_eq!(source.is_typed(), typed, "{line}");
    }
    for line in ["--since 5m", "--failed", "--by thread", "-o json", "--previous", "web --interval 2s"] {
        assert!(parse(&format!("rewind top {line}")).is_err(), "{line}");
    }
}

#[test]
fn an_interval_is_a_time_within_bounds() {
    let of = |text: &str| interval(text).ok().map(|of| of.as_millis());
    assert_eq!(["500ms", "2s", "2", "0.5", "1m"].map(of), [500, 2_000, 2_000, 500, 60_000].map(Some));
    assert_eq!(["", "x", "-1s", "-1", "0", "1ms", "1d", "nan", "inf", "1e30"].map(of), [None; 10]);
}

#[test]
fn pods_are_named_or_chosen_by_their_labels() {
    for line in ["dump -l app=web -A", "trace -l app=web -c app", "top deploy/web --all-containers", "list -A"] {
        assert_eq!(parse(&format!("rewind {line}")).unwrap().place(), Place::Cluster, "{line}");
    }
    for line in ["dump web -l app=web", "dump web -A", "dump web -c a --all-containers", "list --host -n shop"] {
        assert!(parse(&format!("rewind {line}")).is_err(), "{line}");
    }
}

#[test]
fn a_malformed_filter_names_the_bad_part() {
    let error = parse("rewind dump web --syscall opnat").unwrap_err();
    assert!(error.contains("did you mean openat?") && error.contains("--syscall"), "{error}");
    let error = parse("rewind dump web --since yesterday").unwrap_err();
    assert!(error.contains("is not a time") && error.contains("--since"), "{error}");
}
