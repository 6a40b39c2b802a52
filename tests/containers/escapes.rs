//! A container that names itself, its threads and its files so as to steer the terminal of whoever looks.

use anyhow::{Context as _, Result, ensure};
use rewind_recording::escape;
use rewind_tests::agent::Agent;
use rewind_tests::bundle::Spec;
use rewind_tests::container::Container;
use rewind_tests::dump::Dump;

/// What the container does: in a process for each name, so that each is announced by it.
const SCRIPT: &str = r#"
import ctypes, os, socket, sys
libc = ctypes.CDLL(None)
names = [b"\x1b[31mEVIL\x07", b"\x9b31m\xff\x7f", b"\xc2\x9b\xc2\x85x", b"\xe2\x80\xaegpj\xe2\x81\xa6",
         b"a\r\nb\tc", b"\xf3\xa0\x81\x81\xe2\x80\x8b\xef\xbb\xbf", b"\xe6\x95\xb0\xe6\x8d\xae"]
for name in names:
    libc.prctl(15, name, 0, 0, 0)
    if os.fork() == 0:
        for path in [b"/tmp/" + name, b"/tmp/missing-" + name]:
            try:
                os.close(os.open(path, os.O_RDONLY | (os.O_CREAT if b"missing" not in path else 0)))
            except OSError:
                pass
        peer = socket.socket(socket.AF_UNIX)
        try:
            peer.connect(b"/tmp/" + name)
        except OSError:
            pass
        os.execv("/bin/true", [b"true", name])
    os.wait()
os.write(2, b"dying: " + b" ".join(names) + b"\n")
os._exit(3)
"#;

const READINGS: &[&[&str]] = &[
    &["dump"],
    &["dump", "-y"],
    &["dump", "--events"],
    &["dump", "-o", "strace", "-y"],
    &["dump", "-o", "json"],
    &["dump", "-o", "json", "--events"],
    &["top", "--by", "both"],
    &["top", "--by", "descriptor"],
    &["top", "--by", "both", "-o", "json"],
    &["why"],
    &["why", "-o", "json"],
];

/// What a command says; nothing of it steers a terminal.
fn harmless(agent: &Agent, arguments: &[&str]) -> Result<String> {
    let output = agent.rewind(arguments).output()?;
    let mut said = String::new();
    for bytes in [output.stdout, output.stderr] {
        let text = String::from_utf8(bytes).with_context(|| format!("{arguments:?} is not UTF-8"))?;
        ensure!(escape::visible_lines(&text) == text, "{arguments:?} steers: {text:?}");
        said += &text;
    }
    ensure!(!said.contains(char::REPLACEMENT_CHARACTER), "{arguments:?} has lost bytes: {said}");
    Ok(said)
}

pub(crate) fn hostile() -> Result<()> {
    let agent = Agent::start()?;
    let name = format!("rewind-\u{1b}[31mEVIL\u{7}\u{202e}-{}", std::process::id());
    let mut spec = Spec::new(["/usr/bin/python3", "-c", SCRIPT]);
    spec.cgroup = Some(format!("/{name}"));
    let container = Container::new("rewind-hostile", &spec)?;
    ensure!(container.run()?.code == 3, "the container failed");
    Dump::eventually(&agent, &name, "the container's end", |dump| dump.has("exit_group", "3"))?;
    for reading in READINGS {
        let (verb, rest) = reading.split_first().context("no verb")?;
        let said = harmless(&agent, &[&[*verb, &name], rest].concat())?;
        let shown = if reading.contains(&"json") { r"\u001b[31mEVIL\u0007" } else { r"\x1b[31mEVIL\x07" };
        let is_strace = reading.contains(&"strace");
        ensure!(said.contains(if is_strace { r"\33[31mEVIL\7" } else { shown }), "{reading:?}: {said}");
    }
    let dump = Dump::of(&agent, &name)?;
    let comms: Vec<String> =
        dump.calls.iter().filter_map(|call| Some(call.get("comm")?.as_str()?.to_owned())).collect();
    for comm in [&b"\x1b[31mEVIL\x07"[..], b"\x9b31m\xff\x7f", "数据".as_bytes()] {
        ensure!(comms.iter().any(|known| *escape::bytes(known) == *comm), "{comm:?} is not among {comms:?}");
    }
    // What `list` shows can be typed.
    let shown = format!(r"rewind-\x1b[31mEVIL\x07\u{{202e}}-{}", std::process::id());
    ensure!(harmless(&agent, &["list", "-o", "wide"])?.contains(&shown), "the cgroup is not listed");
    ensure!(harmless(&agent, &["dump", &shown])?.contains("Container:"), "{shown} is not understood");
    let crashes = rewind_tests::eventually::eventually("the crash file", std::time::Duration::from_secs(20), || {
        harmless(&agent, &["list", "--crashes", "-o", "wide"]).ok().filter(|said| said.contains(&shown))
    })?;
    ensure!(crashes.contains("exited (3)"), "{crashes}");
    for json in [&["list", "-o", "json"][..], &["list", "--crashes", "-o", "json"]] {
        ensure!(harmless(&agent, json)?.contains(r"\u001b[31mEVIL\u0007\u202e"), "{json:?}");
    }
    let file = tempfile::NamedTempFile::new()?;
    let path = file.path().to_str().context("no UTF-8")?;
    ensure!(harmless(&agent, &["save", &name, "--output", path])?.contains(&shown), "what is saved is not named");
    // The report cuts it to its width, which with a number of five digits it is above.
    let why = harmless(&agent, &["why", "--from", path])?;
    ensure!(why.contains(r"rewind-\x1b[31mEVIL\x07\u{202e}-"), "the file does not name it: {why}");
    let log = agent.log();
    ensure!(escape::visible_lines(&log) == log && log.contains(&shown), "the log steers, or tells nothing: {log:?}");
    agent.stop()
}
