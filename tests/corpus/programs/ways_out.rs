//! Programs that do something on their way out, of which some fails as well; that were told to end; that went on behind
//! what failed. What they say gives no reason.

use crate::program::Life::Stopped;
use crate::program::{Program, Setup, bash, node, program, python, run, sh};

/// Python's logger, with a level.
const LOG: &str = "import logging, os, socket, subprocess, sys, time\nlogging.basicConfig(format='%(levelname)s %(message)s', level=logging.INFO)\nlog = logging.getLogger()\n";

fn logs(script: &str) -> Setup {
    python(&format!("{LOG}{script}"))
}

pub(crate) fn programs() -> Vec<Program> {
    said().into_iter().chain(tidied()).chain(trapped()).chain(went_on()).chain(stopped()).collect()
}

/// A reason stands nowhere in the words.
fn said() -> Vec<Program> {
    let ask = |path: &str| {
        logs(&format!(
            "import http.client\nfor attempt in range(4):\n    peer = http.client.HTTPConnection('127.83.78.5', 9004)\n    peer.request('GET', '{path}')\n    if peer.getresponse().status < 400: sys.exit()\n    time.sleep(0.3)\nlog.error('sync is not available')\nsys.exit(1)"
        ))
        .with_peers()
    };
    let refused = "for attempt in range(5):\n    try: socket.create_connection(('127.0.0.1', 9125))\n    except OSError: time.sleep(0.2)\nlog.error('migrations not applied')\nlog.info('stopping components')\ntime.sleep(0.6)\nlog.info('stopped')\nsys.exit(1)";
    let pool = node(
        "const fs = require('fs'); try { fs.readFileSync('/etc/app/pool.json') } catch { console.error('{\"level\":\"error\",\"msg\":\"pool could not be set up\"}'); setTimeout(() => { console.error('{\"level\":\"info\",\"msg\":\"closing\"}'); process.exit(1) }, 500) }",
    );
    vec![
        program(
            "python_bare_words_401",
            ask("/401"),
            ask("/200"),
            &["sync is not available", "GET /401", "HTTP 401", "4 times"],
        ),
        program(
            "python_orderly_end",
            logs(refused),
            logs("log.info('stopped')"),
            &["migrations not applied", "127.0.0.1:9125", "refused"],
        ),
        program(
            "node_orderly_end",
            pool.clone(),
            pool.file("/etc/app/pool.json", "{}"),
            &["pool could not be set up", "/etc/app/pool.json"],
        ),
    ]
}

/// What fails as they tidy up is not the cause.
fn tidied() -> Vec<Program> {
    let export = "try: socket.create_connection(('127.0.0.1', 4318))\nexcept OSError as error: log.error('failed to export traces: %s', error)\nsys.exit(1)";
    let exports = |script: &str| logs(&format!("{script}{export}"));
    let pid_file = "try: os.remove('/tmp/app.pid')\nexcept OSError as error: log.error('could not remove pid file: %s', error)\nsys.exit(1)";
    vec![
        program(
            "python_export_fails",
            exports("try: open('/etc/app/routes.yaml')\nexcept OSError: log.error('startup failed')\n"),
            logs("sys.exit()"),
            &["/etc/app/routes.yaml"],
        )
        .not(&["4318"]),
        program(
            "python_pid_file",
            logs(&format!("log.error('license expired on 2026-11-01')\n{pid_file}")),
            logs("log.info('done')"),
            &["license expired on 2026-11-01"],
        )
        .not(&["app.pid"]),
        program(
            "python_finally",
            python("import os\ntry: {}['iban']\nfinally: os.remove('/tmp/stage.parquet')"),
            python("try: {'iban': 1}['iban']\nfinally: print('done')"),
            &["KeyError: 'iban'"],
        ),
        program(
            "bash_mkdir_denied",
            bash("mkdir -p /data/cache 2>/dev/null || exit 1").file_of_mode("/data/", "", 0o755),
            bash("mkdir -p /tmp/app/cache"),
            &["mkdir", "EACCES|EPERM|denied"],
        )
        .not(&["chdir"]),
        program(
            "bash_mv_missing",
            bash("set -e; mv /tmp/report.pdf /tmp/out.pdf 2>/dev/null; true"),
            bash("set -e; echo > /tmp/report.pdf; mv /tmp/report.pdf /tmp/out.pdf"),
            &["/tmp/report.pdf"],
        )
        .not(&["/tmp/out.pdf"]),
        program(
            "dash_lock_held",
            sh("exec 9> /tmp/job.lock; flock 9; exec 8> /tmp/job.lock; flock -n 8"),
            sh("exec 9> /tmp/job.lock; flock -n 9"),
            &["flock", "/tmp/job.lock", "locked already"],
        ),
    ]
}

/// What a trap of a shell, or a hook of a runtime, does once the program has failed is not the cause.
fn trapped() -> Vec<Program> {
    let trap = |does: &str, then: &str| bash(&format!("trap '{does}' EXIT; set -e; {then}"));
    let remove = "END { unlink('/run/app.pid') or print STDERR \"cannot remove pid file: $!\\n\" }";
    let perl = |script: &str| run(&["/usr/bin/perl", "-e", &format!("{remove} {script}")]);
    vec![
        program(
            "bash_trap_tells_nobody",
            trap("curl -s http://127.0.0.1:9125/failed > /tmp/answer", "wc -l < /etc/app/rows.csv"),
            bash("set -e; wc -l < /etc/passwd"),
            &["/etc/app/rows.csv"],
        )
        .not(&["9125"]),
        program(
            "bash_trap_removes_nothing",
            trap("rm /tmp/boot.lock", "cp /etc/app/seed.sql /tmp/seed.sql"),
            trap("rm -f /tmp/boot.lock", "cp /etc/passwd /tmp/seed.sql"),
            &["cp", "/etc/app/seed.sql"],
        )
        .not(&["boot.lock"]),
        program(
            "bash_trap_kills_nobody",
            trap("kill -9 99999", "echo ERROR: replica lag 9312 s exceeds 600 s >&2; exit 4"),
            bash("echo in step; exit 0"),
            &["replica lag 9312 s exceeds 600 s"],
        )
        .not(&["ESRCH"]),
        program(
            "perl_end_removes_nothing",
            perl("die \"batch 12 is out of sequence\\n\""),
            run(&["/usr/bin/perl", "-e", "print \"batch 12 is done\\n\""]),
            &["batch 12 is out of sequence"],
        )
        .not(&["pid file"]),
    ]
}

/// What failed some time before, and what was had over, is not the cause.
fn went_on() -> Vec<Program> {
    let cache = "try: socket.create_connection(('127.0.0.1', 9125))\nexcept OSError: log.error('cache is down')\nfor turn in range(3):\n    open('/tmp/turn', 'w').write('x')\n    time.sleep(0.7)\nsys.exit(2)";
    let child = "subprocess.run([sys.executable, '-c', 'bytearray(300 << 20)'])\ntime.sleep(2)\nlog.error('column \"price\" is unknown')\nsys.exit(1)";
    vec![
        program("python_cache_was_down", logs(cache), logs("sys.exit()"), &["exited with 2"]).not(&["9125"]),
        program(
            "python_child_was_oom_killed",
            logs(child).limited(|spec| spec.memory_bytes = Some(100 << 20)),
            logs("sys.exit()"),
            &["column \"price\" is unknown"],
        )
        .not(&["OOM"]),
    ]
}

/// What was wrong with them until they were told to end from outside, as by a liveness probe.
fn stopped() -> Vec<Program> {
    let get = |port: u16| {
        node(&format!("fetch('http://127.83.78.5:{port}/config').then(answer => answer.text())")).with_peers()
    };
    let crossed = "import threading\na, b = threading.Lock(), threading.Lock()\ndef work():\n    with b:\n        time.sleep(0.2)\n        with a: pass\nthreading.Thread(target=work).start()\nwith a:\n    time.sleep(0.2)\n    with b: pass";
    vec![
        program(
            "node_killed_without_answer",
            get(9001).life(Stopped("KILL")),
            get(9003),
            &["SIGKILL", "until then", "GET /config", "127.83.78.5:9001", "no answer"],
        ),
        program(
            "python_killed_in_a_deadlock",
            logs(crossed).life(Stopped("KILL")),
            logs("sys.exit()"),
            &["SIGKILL", "until then", "can wake another|nothing can wake"],
        ),
    ]
}
