//! A file is not there, is something else, or may not be had.

use crate::program::Source::{C, C32, Go, Java, Musl, Rust};
use crate::program::{Program, Setup, built, node, program, python, run, sh};

const CONFIG: &str = "/etc/app/app.conf";

fn with(setup: Setup) -> Setup {
    setup.file(CONFIG, "port = 1\n")
}

/// The same program without and with its file.
fn missing(name: &'static str, setup: Setup) -> Program {
    program(name, setup.clone(), with(setup), &["/etc/app/app.conf", "no such file|ENOENT"]).not(&[
        "ld.so",
        "locale",
        "EBADF",
        "microcode",
        "pyvenv",
    ])
}

pub(crate) fn programs() -> Vec<Program> {
    missing_ones().into_iter().chain(others()).collect()
}

fn missing_ones() -> Vec<Program> {
    let read = "try: open('/etc/app/app.conf')\nexcept OSError: raise SystemExit(1)";
    let properties = built(Java, &["cause"]);
    vec![
        missing("c_config", built(C, &["config"])),
        missing("c_quiet_config", built(C, &["quiet-config"])),
        missing("c32_config", built(C32, &["config"])),
        missing("c32_quiet_config", built(C32, &["quiet-config"])),
        missing("musl_config", built(Musl, &["config"])),
        missing("go_config", built(Go, &["config"])),
        missing("rust_config", built(Rust, &["config"])),
        missing("python_config", python("open('/etc/app/app.conf')")),
        missing("python_quiet_config", python(read)),
        missing("node_config", node("require('fs').readFileSync('/etc/app/app.conf')")),
        missing("busybox_cat", run(&["/usr/bin/busybox", "cat", CONFIG])),
        missing("dash_source", sh(". /etc/app/app.conf; echo").file("/bin.sh", "")).not(&["EBADF"]),
        missing("perl_open", run(&["/usr/bin/perl", "-e", "open(F, '<', '/etc/app/app.conf') or die \"$!\\n\""])),
        program(
            "java_cause",
            properties.clone(),
            properties.file("/etc/app/app.properties", "port=1"),
            &["/etc/app/app.properties"],
        )
        .not(&["microcode", "EBADF"]),
    ]
}

fn others() -> Vec<Program> {
    let open = python("open('/etc/app/app.conf')");
    let quiet = python("import os\ntry: open('/etc/app/app.conf').read()\nexcept OSError: os._exit(1)");
    let write = |path: &str| python(&format!("open('{path}', 'w').write('a')"));
    vec![
        program(
            "python_denied",
            open.clone().file_of_mode(CONFIG, "", 0o600),
            with(open.clone()),
            &[CONFIG, "denied|EACCES"],
        ),
        program(
            "python_quiet_denied",
            quiet.clone().file_of_mode(CONFIG, "", 0o600),
            with(quiet.clone()),
            &[CONFIG, "denied|EACCES"],
        ),
        program(
            "python_folder",
            open.clone().file_of_mode("/etc/app/app.conf/", "", 0o755),
            with(open.clone()),
            &[CONFIG, "directory|EISDIR"],
        ),
        program(
            "python_quiet_folder",
            quiet.clone().file_of_mode("/etc/app/app.conf/", "", 0o755),
            with(quiet),
            &[CONFIG, "directory|EISDIR"],
        ),
        program(
            "python_not_a_folder",
            open.clone().file("/etc/app", "port = 1"),
            with(open),
            &[CONFIG, "not a directory|ENOTDIR"],
        ),
        program(
            "python_read_only",
            write("/usr/share/journal"),
            write("/tmp/journal"),
            &["/usr/share/journal", "read-only|EROFS"],
        ),
        program(
            "python_long_name",
            write(&format!("/tmp/{}", "a".repeat(300))),
            write("/tmp/a"),
            &["too long|ENAMETOOLONG"],
        ),
        program(
            "python_circle",
            python("import os; os.symlink('b', '/tmp/a'); os.symlink('a', '/tmp/b'); open('/tmp/a')"),
            python("import os; os.symlink('b', '/tmp/a'); open('/tmp/b', 'w'); open('/tmp/a')"),
            &["/tmp/a", "symbolic links|ELOOP"],
        ),
        program(
            "python_wrong_format",
            python("import os; os.execv('/app', ['/app'])").file_of_mode("/app", "\x07ELF of another kind", 0o755),
            python("import os; os.execv('/app', ['/app'])").file_of_mode("/app", "#!/usr/bin/dash\nexit 0\n", 0o755),
            &["/app", "format|ENOEXEC"],
        ),
        program(
            "dash_interpreter",
            sh("/app").file_of_mode("/app", "#!/opt/python9\n", 0o755),
            sh("/app").file_of_mode("/app", "#!/usr/bin/dash\n", 0o755),
            &["/app", "not found|no such file|ENOENT"],
        ),
    ]
}
