//! What fails is not process 1: shells, pipes, and what starts others and passes their end on.

use crate::program::Source::{C, Go};
use crate::program::{Program, Setup, bash, built, node, program, python, run, sh};

const TINI: &[&str] = &["/usr/bin/tini", "--"];
/// A shell that stays, as it has more to do.
const SHELL: &[&str] = &["/usr/bin/dash", "-c", "\"$@\"; exit $?", "sh"];

pub(crate) fn programs() -> Vec<Program> {
    shells().into_iter().chain(starters()).collect()
}

/// A script that the kernel has its interpreter run.
fn script(text: &str) -> Setup {
    let mut setup = run(&[]).file_of_mode("/entrypoint", &format!("#!/usr/bin/dash\n{text}\n"), 0o755);
    setup.spec.args = vec!["/entrypoint".to_owned()];
    setup
}

fn shells() -> Vec<Program> {
    vec![
        program(
            "bash_pipefail_folder",
            bash("set -o pipefail; cat /etc | sort > /tmp/out; exit $?"),
            bash("set -o pipefail; cat /etc/group | sort > /tmp/out; exit $?"),
            &["cat", "/etc|it said", "directory|EISDIR"],
        )
        .not(&["EBADF"]),
        program(
            "bash_pipefail_broken_pipe",
            bash("set -o pipefail; cat /usr/bin/* | head -c 10 > /tmp/out; exit $?"),
            bash("set -o pipefail; cat /etc/group | head -c 10 > /tmp/out; exit $?"),
            &["cat", "SIGPIPE|EPIPE"],
        )
        .not(&["EBADF", "failed with ENOTTY"]),
        program(
            "bash_pipe_without_a_source",
            bash("set -o pipefail; cat /etc/app/archive.tgz 2>/dev/null | tar xz -C /tmp; exit $?"),
            bash("set -o pipefail; tar cz -C /etc group 2>/dev/null | tar xz -C /tmp; exit $?"),
            &["cat", "/etc/app/archive.tgz", "no such file|ENOENT"],
        ),
        program("bash_empty_test", bash(&count_by("jql .count")), bash(&count_by("echo 1")), &["jql", "127|not found"])
            .not(&["integer"]),
        program(
            "bash_exit_on_error",
            bash("set -e; true; mkdir /opt/app/journal; echo"),
            bash("set -e; true; mkdir /tmp/journal; echo"),
            &["mkdir", "/opt/app/journal", "no such file|ENOENT"],
        ),
        program(
            "dash_no_such_program",
            sh("tenantctl start; exit $?"),
            sh("true start; exit $?"),
            &["127|not found", "tenantctl"],
        ),
        program(
            "script_no_such_program",
            script("tenantctl start; exit $?"),
            script("true start; exit $?"),
            &["exited with 127", "there is no program tenantctl"],
        ),
        program(
            "bash_says_it_by_cat",
            bash("cat >&2 <<END\nError: the superuser has no password\nEND\nexit 1"),
            bash("cat >&2 <<END\nthe superuser has a password\nEND\nexit 0"),
            &["exited with 1", "the superuser has no password"],
        ),
        program(
            "dash_not_executable",
            sh("/app; exit $?").file("/app", "#!/usr/bin/dash\n"),
            sh("/app; exit $?").file_of_mode("/app", "#!/usr/bin/dash\n", 0o755),
            &["/app", "denied|EACCES"],
        ),
        program(
            "dash_child_killed",
            sh("/usr/bin/python3 -c 'import os; os.kill(os.getpid(), 11)'; exit $?"),
            sh("/usr/bin/python3 -c 'import os'; exit $?"),
            &["SIGSEGV|signal 11", "python3"],
        ),
    ]
}

/// A program whose version is not known, and which then looks something up.
fn child_got_over(shards: &str) -> String {
    format!(
        "import subprocess\nif subprocess.run(['/usr/bin/cat', '/etc/app/version']).returncode: print('version: dev', flush=True)\n{shards}['s2']"
    )
}

const NODE_CHILD: &str =
    "try { require('child_process').execFileSync('/usr/bin/cat', ['/etc/app/version'], {stdio: 'pipe'}) } catch {}";

/// A script that tests what a program says.
fn count_by(command: &str) -> String {
    format!("count=$({command} 2>/dev/null); if [ \"$count\" -gt 0 ]; then exit 0; fi; echo nothing to scale; exit 1")
}

fn starters() -> Vec<Program> {
    let config = || built(C, &["config"]).below(SHELL).below(TINI);
    let below_env = || python("open('/etc/app/app.conf')").below(&["/usr/bin/env", "A=1"]);
    vec![
        program(
            "tini_config",
            built_below(TINI, false),
            built_below(TINI, true),
            &["/etc/app/app.conf", "no such file|ENOENT"],
        ),
        program(
            "dumb_init_config",
            built_below(&["/usr/bin/dumb-init", "--"], false),
            built_below(&["/usr/bin/dumb-init", "--"], true),
            &["/etc/app/app.conf", "no such file|ENOENT"],
        ),
        program(
            "tini_no_such_program",
            run(&["/usr/bin/tini", "--", "/opt/app"]),
            run(&["/usr/bin/tini", "--", "/usr/bin/true"]),
            &["/opt/app", "no such file|ENOENT|not found"],
        ),
        program(
            "timeout_ran_out",
            sh("timeout 0.3 sleep 60"),
            sh("timeout 60 sleep 0.1"),
            &["timeout|124", "SIGTERM|timed out|124", "sleep|timeout"],
        ),
        program(
            "xargs_child",
            sh("echo /etc/app/one | xargs cat"),
            sh("echo /etc/group | xargs cat"),
            &["/etc/app/one", "no such file|ENOENT"],
        ),
        program(
            "env_config",
            below_env(),
            below_env().file("/etc/app/app.conf", ""),
            &["/etc/app/app.conf", "no such file|ENOENT"],
        ),
        program(
            "python_subprocess",
            python("import subprocess; subprocess.run(['/usr/bin/cat', '/etc/app/app.conf'], check=True)"),
            python("import subprocess; subprocess.run(['/usr/bin/cat', '/etc/group'], check=True)"),
            &["/etc/app/app.conf|CalledProcessError"],
        ),
        program(
            "node_spawn",
            node("require('child_process').execFileSync('/usr/bin/cat', ['/etc/app/app.conf'])"),
            node("require('child_process').execFileSync('/usr/bin/cat', ['/etc/group'])"),
            &["/etc/app/app.conf"],
        ),
        // It does without the child that failed.
        program(
            "python_child_got_over",
            python(&child_got_over("{}")),
            python(&child_got_over("{'s2': 4}")),
            &["KeyError: 's2'"],
        )
        .not(&["its child", "/etc/app/version"]),
        program(
            "node_child_got_over",
            node(&format!("{NODE_CHILD}; console.log(undefined.name)")),
            node(&format!("{NODE_CHILD}; console.log('ok')")),
            &["Cannot read properties of undefined"],
        )
        .not(&["having exited"]),
        program(
            "retries_given_up",
            python(
                "import socket, time\nfor _ in range(6):\n try: socket.create_connection(('127.0.0.1', 5432)); break\n except OSError: time.sleep(0.05)\nelse: raise SystemExit('giving up')",
            ),
            python("import socket, time\nfor _ in range(6): time.sleep(0.05)"),
            &["127.0.0.1:5432", "refused|ECONNREFUSED", "6 times|6 in"],
        ),
        program(
            "go_below_dash",
            built(Go, &["panic"]).below(SHELL),
            built(Go, &["well"]).below(SHELL),
            &["no tenant is configured"],
        ),
        program(
            "c_below_two",
            config(),
            config().file("/etc/app/app.conf", ""),
            &["/etc/app/app.conf", "no such file|ENOENT"],
        ),
    ]
}

fn built_below(starter: &[&str], well: bool) -> Setup {
    let setup = built(C, &["config"]).below(starter);
    if well { setup.file("/etc/app/app.conf", "") } else { setup }
}
