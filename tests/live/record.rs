//! `rewind-agent record`: the command's own streams and exit code, and the recording beside them.

use anyhow::{Result, ensure};
use rewind_common::capture::{FIRST_BYTES, LAST_BYTES, LAST_OF_STACK};
use rewind_tests::programs::{self, Said, ours};
use std::process::Command;

fn record(arguments: &[&str], program: &[&str]) -> Result<Said> {
    programs::run(Command::new(ours("rewind-agent")).arg("record").args(arguments).arg("--").args(program))
}

pub(crate) fn streams() -> Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    let output = file.path().to_string_lossy().into_owned();
    let said = record(&["-o", "strace", "--output", &output], &["sh", "-c", "echo out; echo err >&2"])?;
    ensure!((said.stdout.as_str(), said.stderr.as_str()) == ("out\n", "err\n"), "{said:?}");
    let text = std::fs::read_to_string(file.path())?;
    ensure!(text.contains(r#"write(1, "out\n", 4)"#), "the write is not there: {text}");
    // Without a file the recording comes on standard error, behind what the command wrote.
    let said = record(&["-o", "strace"], &["sh", "-c", "echo out"])?;
    ensure!(said.stdout == "out\n" && said.stderr.contains("+++ exited with 0 +++"), "{said:?}");
    Ok(())
}

pub(crate) fn exit_codes() -> Result<()> {
    for (script, code) in [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 143), ("kill -KILL $$", 137)] {
        let said = record(&["-o", "strace", "--output", "/dev/null"], &["sh", "-c", script])?;
        ensure!(said.code == code, "`{script}` gave {} instead of {code}: {}", said.code, said.stderr);
    }
    Ok(())
}

pub(crate) fn missing() -> Result<()> {
    let said = record(&[], &["/nonexistent/program"])?;
    ensure!(said.code != 0, "it succeeded");
    ensure!(said.stderr.contains("/nonexistent/program"), "the program is not named: {}", said.stderr);
    ensure!(!said.stderr.contains("panicked"), "{}", said.stderr);
    Ok(())
}

pub(crate) fn secrets() -> Result<()> {
    let program = ["env", "PASSWORD=hunter2", "true", "order-4711"];
    for (arguments, argv) in [
        (&[][..], r#"["env", "PASSWORD=[redacted]", "true", "order-4711"]"#),
        (&["--redact", "order-(.*)"], r#"["env", "PASSWORD=[redacted]", "true", "order-[redacted]"]"#),
        (&["--no-redact"], r#"["env", "PASSWORD=hunter2", "true", "order-4711"]"#),
    ] {
        let said = record(&[&["-o", "strace"], arguments].concat(), &program)?;
        ensure!(said.code == 0 && said.stderr.contains(argv), "{argv} is not there: {said:?}");
    }
    let said = record(&["--redact", "order-("], &program)?;
    ensure!(said.code == 2 && said.stderr.contains("order-(") && said.stderr.lines().count() == 1, "{said:?}");
    Ok(())
}

/// Of what is too long the first and the last bytes, more of them where it ends as a stack does, also where it is an
/// element of a vector, and of whole pages to
/// standard output the first alone; of what may be the rest of a secret nothing.
pub(crate) fn both_ends() -> Result<()> {
    let script = "import os; long = b'first\\n' + b'x' * 2000 + b'\\nlast\\n'; os.write(2, long); \
                  os.writev(2, [b'', long]); os.write(2, b'y' * 1024); \
                  os.write(1, long); os.write(1, b'z' * 4096); \
                  os.write(2, b'first\\n' + b'x' * 9000 + b'\\n\\tat a(b)\\n')";
    let file = tempfile::NamedTempFile::new()?;
    let output = file.path().to_string_lossy().into_owned();
    let said = record(&["-o", "strace", "-s", "4096", "--no-redact", "--output", &output], &["python3", "-c", script])?;
    ensure!(said.code == 0, "{said:?}");
    let text = std::fs::read_to_string(file.path())?;
    let kept = format!(r#""first\n{}"..."{}\nlast\n""#, "x".repeat(FIRST_BYTES - 6), "x".repeat(LAST_BYTES - 6));
    let stack = LAST_OF_STACK * LAST_BYTES;
    let written = [
        format!("write(2, {kept}, 2012) = 2012"),
        format!(r#"writev(2, [{{iov_base="", iov_len=0}}, {{iov_base={kept}, iov_len=2012}}], 2) = 2012"#),
        format!(r#"write(2, "{}", 1024) = 1024"#, "y".repeat(1024)),
        format!("write(1, {kept}, 2012) = 2012"),
        format!(r#"write(1, "{}"..., 4096) = 4096"#, "z".repeat(1024)),
        format!(
            r#"write(2, "first\n{}"..."{}\n\tat a(b)\n", 9016) = 9016"#,
            "x".repeat(FIRST_BYTES - 6),
            "x".repeat(stack - 10)
        ),
    ];
    for line in &written {
        ensure!(text.contains(line), "{line} is not there: {text}");
    }
    let said = record(&["-o", "strace", "-s", "1024"], &["python3", "-c", script])?;
    ensure!(said.stderr.contains(r#""..."[redacted]\nlast\n", 2012)"#), "{}", said.stderr);
    Ok(())
}

/// What goes where standard output and error go is said, by whatever descriptor; what goes elsewhere is not recorded.
pub(crate) fn other_descriptors() -> Result<()> {
    let script = "import os; \
                  os.write(os.open('/dev/stderr', os.O_WRONLY), b'to error\\n'); \
                  os.writev(os.open('/proc/self/fd/1', os.O_WRONLY), [b'to output\\n']); \
                  os.write(os.dup(2), b'dup\\n'); \
                  (r, w) = os.pipe(); os.write(w, b'to itself\\n'); \
                  os.write(os.open('/dev/null', os.O_WRONLY), b'nowhere\\n'); \
                  os.write(os.memfd_create('m'), b'to a file\\n')";
    let file = tempfile::NamedTempFile::new()?;
    let output = file.path().to_string_lossy().into_owned();
    let said = record(&["-o", "strace", "--no-payload", "--output", &output], &["python3", "-c", script])?;
    ensure!(said.code == 0 && said.stderr == "to error\ndup\n" && said.stdout == "to output\n", "{said:?}");
    let text = std::fs::read_to_string(file.path())?;
    for line in [r#""to error\n", 9)"#, r#"{iov_base="to output\n", iov_len=10}], 1)"#, r#""dup\n", 4)"#] {
        ensure!(text.contains(line), "{line} is not there: {text}");
    }
    for elsewhere in ["to itself", "nowhere", "to a file"] {
        let is_written = |line: &&str| line.contains(" write(") && line.contains(elsewhere);
        ensure!(!text.lines().any(|line| is_written(&line)), "{elsewhere} is there: {text}");
    }
    Ok(())
}

/// More than one look at the ring, less than the ring holds: nothing may be missing, and nothing may
/// be said to be.
pub(crate) fn storm() -> Result<()> {
    let file = tempfile::NamedTempFile::new()?;
    let output = file.path().to_string_lossy().into_owned();
    let said = record(
        &["-o", "strace", "--no-payload", "--output", &output],
        &["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=10000"],
    )?;
    ensure!(said.code == 0 && !said.stderr.contains("not complete"), "{said:?}");
    let text = std::fs::read_to_string(file.path())?;
    let written = text.lines().filter(|line| line.contains(" write(1, ")).count();
    ensure!(written == 10_000, "{written} writes in place of 10,000");
    Ok(())
}
