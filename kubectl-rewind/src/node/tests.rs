//! What is shown of a host, in columns and on a screen.

#![allow(clippy::unwrap_used)]
use super::*;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use rewind_recording::api::node::{ContainerUse, Disk, Filesystem, Interface, Memory, Pressure, Swap};
use rewind_recording::escape::width;
use rewind_recording::header::ContainerKind;

const S: u64 = 1_000_000_000;
const MIB: u64 = 1 << 20;

/// A container that has used this much for each second of `read_ns`.
fn container(recording: u64, name: &str, read_ns: u64, milli_cpus: u64) -> ContainerUse {
    let s = read_ns / S;
    ContainerUse {
        recording,
        name: name.into(),
        read_ns: Some(read_ns),
        cpu_ns: Some(s * milli_cpus * 1_000_000),
        memory_bytes: Some(recording * 10 * MIB),
        read_bytes: Some(s * recording * MIB),
        written_bytes: Some(0),
        threads: Some(recording),
        calls: Some(s * 1_234),
        ..ContainerUse::default()
    }
}

fn node(now_ns: u64) -> Node {
    let s = now_ns / S;
    let named = |state: &str, each: f64| (state.to_owned(), s as f64 * each);
    let web = ContainerUse {
        namespace: "shop".into(),
        pod: "web-7d4b9c-x2x1z".into(),
        periods: Some(s * 10),
        throttled_periods: Some(s * 3),
        memory_limit_bytes: Some(21 * MIB),
        oom_kills: Some(2),
        ..container(2, "app", now_ns, 500)
    };
    let pause = ContainerUse {
        namespace: "shop".into(),
        pod: "web-7d4b9c-x2x1z".into(),
        kind: ContainerKind::Sandbox,
        ..ContainerUse::default()
    };
    Node {
        at_unix_ns: 1_795_266_221 * S,
        now_ns,
        name: "n1".to_owned(),
        boot_unix_ns: Some((1_795_266_221 - 183_600) * S),
        cpus: 2,
        cpu_s: [named("user", 1.0), named("system", 0.5), named("idle", 0.1), named("wait", 0.3), named("steal", 0.1)]
            .into(),
        load: Some([4.5, 1.25, 0.5]),
        memory: Some(Memory { total_bytes: 1024 * MIB, available_bytes: Some(96 * MIB) }),
        swap: Some(Swap { total_bytes: 512 * MIB, used_bytes: 0 }),
        disks: ["vda", "vda1", "sdb"]
            .map(|name| Disk { name: name.into(), read_bytes: s * MIB, written_bytes: 0 })
            .into(),
        filesystems: vec![Filesystem { mount: "/".into(), used_bytes: 97 * MIB, total_bytes: 100 * MIB }],
        interfaces: [("lo", 512), ("eth0", 512), ("eth1", 0)]
            .map(|(name, each)| Interface { name: name.into(), received_bytes: s * each, transmitted_bytes: 0 })
            .into(),
        pressures: vec![
            Pressure { resource: "cpu".to_owned(), some: Some(0.6), full: None },
            Pressure { resource: "io".to_owned(), some: Some(0.02), full: Some(0.01) },
        ],
        processes: [("running", 3), ("sleeping", 120), ("zombies", 1), ("idle", 0)]
            .map(|(status, count)| (status.to_owned(), count))
            .into(),
        containers: vec![container(1, "cache", now_ns, 20), web, container(3, "evil\x1b]0;x\x07", now_ns, 1), pause],
        unread: vec!["pressure/memory: no".to_owned()],
    }
}

fn moment() -> Moment {
    Moment::new(&node(10 * S), node(12 * S))
}

fn written(sort: Sort, columns: Option<usize>, color: bool) -> String {
    let mut out = Vec::new();
    write(&mut out, &moment(), sort, TopFormat::Table, (columns, color)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_host_stands_above_its_containers_and_the_answer_before_its_parts() {
    assert_eq!(
        written(Sort::Cpu, None, false),
        "\
n1  up 2d03h, 2 CPUs, 4 containers
CPU          80%  user 50%, system 25%, wait 15%, steal 5%, load 4.50 1.25 0.50
Memory       91%  928 MiB of 1 GiB, swap 0 B of 512 MiB
Pressure    cpu 60%, io 2% (all 1%)
Disks       sdb 1 MiB/s read 0 B/s written, vda 1 MiB/s read 0 B/s written
Network     eth0 512 B/s received 0 B/s sent
Filesystems / 97% of 100 MiB
Processes   running 3, sleeping 120, zombies 1

CONTAINER                     CPU  THROTTLED  MEMORY  LIMIT  READ/S  WRITTEN/S  THREADS  CALLS/S  ERRORS/S  OOM KILLS
shop/web-7d4b9c-x2x1z/app    0.50        30%  20 MiB    95%   2 MiB        0 B        2    1,234         -          2
cache                        0.02          -  10 MiB      -   1 MiB        0 B        1    1,234         -          -
evil\\x1b]0;x\\x07             0.00          -  30 MiB      -   3 MiB        0 B        3    1,234         -          -
shop/web-7d4b9c-x2x1z/pause     -          -       -      -       -          -        -        -         -          -
"
    );
}

#[test]
fn in_few_columns_what_matters_least_is_left_out_and_names_keep_their_ends() {
    for columns in [20, 40, 80, 100, 200] {
        let text = written(Sort::Cpu, Some(columns), false);
        assert!(text.lines().all(|line| width(line) <= columns), "{columns}:\n{text}");
        assert!(text.contains("CPU"), "{columns}:\n{text}");
    }
    let text = written(Sort::Cpu, Some(80), false);
    assert!(text.contains("…") && text.contains("/app") && text.contains("ERRORS/S"), "{text}");
    assert!(!text.contains("THREADS"), "{text}");
}

#[test]
fn those_that_use_most_come_first_and_those_that_tell_nothing_last() {
    let order = |sort| -> Vec<String> {
        let text = written(sort, None, false);
        let rows = text.lines().skip_while(|line| !line.starts_with("CONTAINER")).skip(1);
        rows.filter_map(|row| row.split(['/', ' ', '\\']).find(|part| ["app", "cache", "evil", "pause"].contains(part)))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(order(Sort::Cpu), ["app", "cache", "evil", "pause"]);
    assert_eq!(order(Sort::Memory), ["evil", "app", "cache", "pause"]);
    assert_eq!(order(Sort::Io), ["evil", "app", "cache", "pause"]);
    assert_eq!(order(Sort::Errors), ["cache", "evil", "app", "pause"], "of none it is known: by name");
}

#[test]
fn what_is_unusual_is_coloured_where_there_are_colours() {
    let text = written(Sort::Cpu, None, true);
    for bad in ["97% of 100 MiB", "load 4.50", "cpu 60%", "95%", "30%"] {
        assert!(text.lines().any(|line| line.contains("\x1b[31m") && line.contains(bad)), "{bad}: {text:?}");
    }
    assert!(text.contains("\x1b[33m 80%") && text.contains("\x1b[33msteal 5%"), "{text:?}");
    assert!(!written(Sort::Cpu, None, false).contains('\x1b'));
    assert!(text.contains("evil\\x1b]0;x\\x07"), "a name is no escape sequence");
}

#[test]
fn programs_get_figures_and_rates() {
    let mut out = Vec::new();
    write(&mut out, &moment(), Sort::Cpu, TopFormat::Json, (None, true)).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(told.pointer("/containers/1/pod").unwrap(), "web-7d4b9c-x2x1z");
    assert_eq!(told.pointer("/rates/containers/2/cpus").unwrap(), 0.5);
    assert_eq!(told.pointer("/rates/containers/2/errors").unwrap(), &serde_json::Value::Null);
    assert_eq!(told.pointer("/rates/disks/vda/0").unwrap(), MIB as f64);
    assert!(!String::from_utf8(out).unwrap().contains('\x1b'));
}

/// What a terminal of that size shows.
fn drawn(screen: &mut Screen, columns: u16, lines: u16) -> (String, TestBackend) {
    let mut terminal = Terminal::new(TestBackend::new(columns, lines)).unwrap();
    terminal.draw(|frame| screen.draw(frame)).unwrap();
    let backend = terminal.backend().clone();
    let rows = backend.buffer().content().chunks(columns.into());
    let text = rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned());
    (text.collect::<Vec<_>>().join("\n"), backend)
}

fn screen() -> Screen {
    screen_of(true)
}

fn screen_of(color: bool) -> Screen {
    let mut screen = Screen::new(node(10 * S), color);
    screen.take(node(12 * S));
    screen
}

fn key(screen: &mut Screen, code: KeyCode) -> Then {
    screen.key(KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn a_terminal_of_80_columns_and_24_lines_shows_all_that_matters() {
    let expected = "\
n1  up 2d03h, 2 CPUs, 4 containers
CPU          80%  user 50%, system 25%, wait 15%, steal 5%, load 4.50 1.25 0.50
Memory       91%  928 MiB of 1 GiB, swap 0 B of 512 MiB
Pressure    cpu 60%, io 2% (all 1%)
Disks       sdb 1 MiB/s read 0 B/s written, vda 1 MiB/s read 0 B/s written
Network     eth0 512 B/s received 0 B/s sent
Filesystems / 97% of 100 MiB
Processes   running 3, sleeping 120, zombies 1

CONTAINER             CPU  MEMORY  LIMIT  READ/S  WRITTEN/S  ERRORS/S  OOM KILLS
…b-7d4b9c-x2x1z/app  0.50  20 MiB    95%   2 MiB        0 B         -          2
cache                0.02  10 MiB      -   1 MiB        0 B         -          -
evil\\x1b]0;x\\x07     0.00  30 MiB      -   3 MiB        0 B         -          -
…7d4b9c-x2x1z/pause     -       -      -       -          -         -          -








1 figure could not be read: pressure/memory: no
q quits   sort: c CPU m memory i I/O e errors   p pauses   arrows scroll";
    assert_eq!(drawn(&mut screen(), 80, 24).0, expected);
}

#[test]
fn a_larger_terminal_shows_every_column() {
    let (text, _) = drawn(&mut screen(), 200, 50);
    for column in ["THROTTLED", "LIMIT", "WRITTEN/S", "THREADS", "CALLS/S", "OOM KILLS"] {
        assert!(text.contains(column), "{column}:\n{text}");
    }
    assert!(text.contains("shop/web-7d4b9c-x2x1z/app ") && text.lines().count() == 50, "{text}");
}

#[test]
fn colours_are_drawn_where_they_are_wanted() {
    let colored =
        |color| drawn(&mut screen_of(color), 80, 24).1.buffer().content().iter().any(|cell| cell.fg != Color::Reset);
    assert!(colored(true) && !colored(false));
}

#[test]
fn a_terminal_of_any_size_is_drawn_on() {
    for (columns, lines) in [(1, 1), (3, 2), (10, 5), (80, 8), (20, 100)] {
        drawn(&mut screen(), columns, lines);
    }
}

#[test]
fn keys_sort_scroll_and_end_it() {
    let mut screen = screen();
    let first = |screen: &mut Screen, lines| {
        let (text, _) = drawn(screen, 100, lines);
        let row = text.lines().skip_while(|line| !line.starts_with("CONTAINER")).nth(1).map(str::to_owned);
        row.unwrap_or_default().split_whitespace().next().unwrap_or_default().to_owned()
    };
    assert!(first(&mut screen, 24).ends_with("/app"));
    assert_eq!(key(&mut screen, KeyCode::Char('m')), Then::GoOn);
    assert!(first(&mut screen, 24).starts_with("evil"));
    // Two of the four are in sight.
    assert!(first(&mut screen, 14).starts_with("evil"));
    key(&mut screen, KeyCode::Down);
    assert!(first(&mut screen, 14).ends_with("/app"));
    key(&mut screen, KeyCode::End);
    assert!(first(&mut screen, 14).starts_with("cache"));
    key(&mut screen, KeyCode::PageUp);
    assert!(first(&mut screen, 14).starts_with("evil"));
    assert_eq!([KeyCode::Esc, KeyCode::Char('q')].map(|code| key(&mut screen, code)), [Then::Quit; 2]);
    assert_eq!(screen.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Then::Interrupted);
}

#[test]
fn a_pause_holds_what_is_shown_and_says_so() {
    let mut screen = screen();
    key(&mut screen, KeyCode::Char('p'));
    let before = drawn(&mut screen, 80, 24).0;
    screen.take(Node { name: "later".to_owned(), ..node(13 * S) });
    assert_eq!(drawn(&mut screen, 80, 24).0, before);
    assert!(before.contains("p goes on"), "{before}");
    key(&mut screen, KeyCode::Char(' '));
    screen.take(Node { name: "later".to_owned(), ..node(14 * S) });
    let after = drawn(&mut screen, 80, 24).0;
    assert!(after.starts_with("later") && after.contains("0.50"), "of the last second, not of the pause: {after}");
}

#[test]
fn an_agent_that_is_silent_is_told_and_what_was_known_stays() {
    let mut screen = screen();
    screen.fail("no agent listens\x1b[2J".to_owned());
    let (text, _) = drawn(&mut screen, 80, 24);
    assert!(text.contains("no agent listens\\x1b[2J") && text.contains("x2x1z/app"), "{text}");
    screen.take(node(13 * S));
    assert!(!drawn(&mut screen, 80, 24).0.contains("no agent listens"));
}
