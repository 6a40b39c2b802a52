//! Supervisors, which start again what ended: they live on where a service fails, unless they are told to end.

use crate::program::Life::{Serves, Stands};
use crate::program::Source::C;
use crate::program::{BUILT, Program, Setup, bash, program, python, run, sh};

/// What the supervisors do at their start in good health as well.
const HARMLESS: &[&str] =
    &["site-packages", "dist-packages", "EBADF", "ENOTTY", "supervise/", "event", "/tmp/supervisord"];

pub(crate) fn programs() -> Vec<Program> {
    supervisord().into_iter().chain(s6()).chain(others()).chain(forks()).map(|program| program.not(HARMLESS)).collect()
}

/// A web server that reads `/etc/shop.conf`.
const SHOP: &str = "/usr/sbin/lighttpd -D -f /etc/shop.conf";

/// Its configuration.
fn shop(address: &str) -> String {
    let (host, port) = address.split_once(':').unwrap_or_default();
    format!("server.document-root = \"/tmp\"\nserver.bind = \"{host}\"\nserver.port = {port}\n")
}

/// The supervisor with a web server that serves.
fn serves(supervisor: impl Fn(&str) -> Setup, address: &'static str) -> Setup {
    supervisor(SHOP).file("/etc/shop.conf", &shop(address)).with_peers().life(Serves(address))
}

/// A program of its own tools that ends the supervisor in a moment.
const LATER_STOP: &str = "/usr/bin/dash -c 'sleep 1.5; kill -TERM 1'";

/// Children that run nothing.
fn forks() -> Vec<Program> {
    let of = |attempts: u32, saves: &str| {
        python(&format!(
            "
import os, time
for attempt in range({attempts}):
    if os.fork() == 0:
        {saves}
    os.wait(); time.sleep(0.3)
"
        ))
    };
    let fails = "
        try: open(f'/etc/dump-{attempt}', 'w')
        except OSError as error: print('cannot save'); os._exit(1)";
    let waits = |program: &str| bash(&format!("until {program} 2>/dev/null; do echo waiting; sleep 0.3; done"));
    vec![
        program(
            "python_forks",
            of(1000, fails).life(Stands),
            of(5, "os._exit(3)"),
            &["python3", "/etc/dump-", "again and again"],
        ),
        program(
            "bash_no_program",
            waits("ncat5 -z db 5432").life(Stands),
            waits("/usr/bin/true"),
            &["ncat5", "PATH|ENOENT", "again and again"],
        ),
    ]
}

fn supervisord_of(sections: &str) -> Setup {
    let text = format!(
        "[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=/tmp/supervisord.pid\n{sections}"
    );
    run(&["/usr/bin/supervisord", "-n", "-c", "/etc/supervisord.conf"]).file("/etc/supervisord.conf", &text)
}

fn service(name: &str, command: &str, more: &str) -> String {
    let output = "stdout_logfile=/dev/fd/1\nstdout_logfile_maxbytes=0\nredirect_stderr=true";
    format!("[program:{name}]\ncommand={command}\n{output}\n{more}\n")
}

fn supervisord() -> Vec<Program> {
    let of = |command: &str, more: &str| supervisord_of(&service("shop", command, more));
    let c = |what: &str, more: &str| {
        let sections = service("shop", &format!("{BUILT} {what}"), more) + &service("stop", LATER_STOP, "");
        supervisord_of(&sections).compiled(C)
    };
    let c_alone = |what: &str, more: &str| of(&format!("{BUILT} {what}"), more).compiled(C).life(Stands);
    // Ends the supervisor once a service is given up.
    let listener = "[eventlistener:end]\nevents=PROCESS_STATE_FATAL\ncommand=/end.sh\n";
    let end = "#!/usr/bin/dash\nprintf 'READY\\n'\nread row\nkill -KILL $PPID\n";
    let given_up = || {
        let all = service("shop", SHOP, "startretries=1") + listener;
        supervisord_of(&all).file_of_mode("/end.sh", end, 0o755)
    };
    let well = "startsecs=0\nautorestart=unexpected";
    vec![
        program(
            "supervisord_config",
            of(SHOP, "startretries=1").life(Stands),
            serves(|command| of(command, ""), "127.83.79.7:8101"),
            &["lighttpd", "/etc/shop.conf", "no such file|ENOENT"],
        ),
        program(
            "supervisord_restarts",
            c_alone("config", "startsecs=0\nautorestart=true"),
            c("config", well).file("/etc/app/app.conf", ""),
            &["/etc/app/app.conf", "no such file|ENOENT", "again and again"],
        ),
        program(
            "supervisord_null",
            c_alone("null", "startsecs=0\nautorestart=true"),
            c("well", well),
            &["SIGSEGV", "again and again"],
        ),
        program(
            "supervisord_listener",
            given_up().below(&["/usr/bin/tini", "--"]),
            serves(|_| given_up(), "127.83.79.7:8102"),
            &["lighttpd", "/etc/shop.conf", "no such file|ENOENT"],
        ),
        program(
            "supervisord_no_command",
            supervisord_of("[program:shop]\nautostart=true\n"),
            c("well", well),
            &["does not specify a command"],
        ),
        program(
            "supervisord_include",
            run(&["/usr/bin/supervisord", "-n", "-c", "/etc/app/supervisord.conf"]),
            c("well", well),
            &["/etc/app/supervisord.conf", "no such file|ENOENT|could not find"],
        ),
        program(
            "supervisord_no_program",
            of("/opt/shop/bin/shop --port 80", "startretries=1").life(Stands),
            c("well", well),
            &["/opt/shop/bin/shop", "no such file|ENOENT|can't find"],
        ),
        program(
            "supervisord_one_of_two",
            supervisord_of(&(service("shop", SHOP, "startretries=1") + &service("wait", "/usr/bin/sleep 1000", "")))
                .life(Stands),
            serves(
                |command| supervisord_of(&(service("shop", command, "") + &service("wait", "/usr/bin/sleep 1000", ""))),
                "127.83.79.7:8104",
            ),
            &["lighttpd", "/etc/shop.conf", "no such file|ENOENT"],
        ),
        program(
            "supervisord_once",
            of(SHOP, "startsecs=0\nautorestart=false").life(Stands),
            // Its check says no, again and again.
            serves(
                |command| {
                    let check = service("check", "/usr/bin/grep -q ready /etc/group", "startsecs=0\nautorestart=true");
                    supervisord_of(&(service("shop", command, "") + &check))
                },
                "127.83.79.7:8105",
            ),
            &["lighttpd", "/etc/shop.conf", "no such file|ENOENT"],
        ),
        program(
            "supervisord_module",
            of("/usr/bin/python3 -c 'import sockets_of_ours'", "startretries=1").life(Stands),
            serves(|command| of(command, ""), "127.83.79.7:8103"),
            &["No module named 'sockets_of_ours'"],
        ),
    ]
}

/// A supervisor of folders, and one of a service that is run by `script`; without one where that is empty.
fn folder_of(supervisor: &[&str], script: &str) -> Setup {
    let setup = run(supervisor).file_of_mode("/services/", "", 0o777).file_of_mode("/services/shop/", "", 0o777);
    if script.is_empty() { setup } else { setup.file_of_mode("/services/shop/run", script, 0o755) }
}

const SVSCAN: &[&str] = &["/usr/bin/s6-svscan", "/services"];

fn s6_of(script: &str) -> Setup {
    folder_of(SVSCAN, &format!("#!/usr/bin/execlineb -P\n{script}\n"))
}

/// Ends the tree with the code of the service.
fn with_end(setup: Setup) -> Setup {
    setup
        .file_of_mode(
            "/services/shop/finish",
            "#!/usr/bin/dash\necho $1 > /tmp/code\nexec s6-svscanctl -t /services\n",
            0o755,
        )
        .file_of_mode("/services/.s6-svscan/", "", 0o777)
        .file_of_mode("/services/.s6-svscan/finish", "#!/usr/bin/dash\nexit $(cat /tmp/code)\n", 0o755)
}

fn s6() -> Vec<Program> {
    let c = |what: &str| s6_of(&format!("{BUILT} {what}")).compiled(C);
    let config = |setup: Setup| setup.file("/etc/app/app.conf", "");
    vec![
        program(
            "s6_config",
            s6_of(SHOP).life(Stands),
            serves(s6_of, "127.83.79.8:8101"),
            &["lighttpd", "/etc/shop.conf", "no such file|ENOENT", "again and again"],
        ),
        program("s6_null", c("null").life(Stands), serves(s6_of, "127.83.79.8:8102"), &["SIGSEGV", "again and again"]),
        program(
            "s6_oom",
            s6_of("/usr/bin/python3 -c \"rows = []\nwhile True: rows.append('x' * 1000000)\"")
                .life(Stands)
                .limited(|spec| spec.memory_bytes = Some(48 << 20)),
            serves(s6_of, "127.83.79.8:8103"),
            &["OOM killer", "python3"],
        ),
        program(
            "s6_finish",
            with_end(c("config")),
            with_end(config(c("config"))),
            &["/etc/app/app.conf", "no such file|ENOENT"],
        ),
        program(
            "s6_finish_of_a_signal",
            with_end(c("null")).file_of_mode(
                "/services/shop/finish",
                "#!/usr/bin/dash\nif [ $1 = 256 ]; then echo $((128 + $2)) > /tmp/code; fi\nexec s6-svscanctl -t /services\n",
                0o755,
            ),
            with_end(c("well")),
            &["SIGSEGV"],
        ),
        program(
            "s6_given_up",
            c("config")
                .file_of_mode("/services/shop/finish", "#!/usr/bin/dash\nexit 125\n", 0o755)
                .life(Stands),
            with_end(config(c("config"))),
            &["/etc/app/app.conf", "no such file|ENOENT"],
        ),
        program(
            "s6_no_folder",
            run(&["/usr/bin/s6-svscan", "/etc/services"]),
            with_end(c("well")),
            &["/etc/services", "no such file|ENOENT"],
        ),
        program(
            "s6_no_run",
            folder_of(SVSCAN, "").life(Stands),
            with_end(c("well")),
            &["run", "no such file|ENOENT"],
        ),
        program(
            "s6_no_program",
            s6_of("/opt/shop/bin/shop").life(Stands),
            with_end(c("well")),
            &["/opt/shop/bin/shop", "no such file|ENOENT"],
        ),
    ]
}

fn others() -> Vec<Program> {
    let runit = |script: &str| {
        folder_of(&["/usr/bin/runsvdir", "-P", "/services"], &format!("#!/usr/bin/dash\nexec {script}\n"))
    };
    let waits = |command: &str| format!("until {command} 2>/dev/null; do echo waiting; sleep 0.4; done");
    let module = |name: &str, then: &str| {
        bash(&format!("/usr/bin/python3 -c 'import {name}' > /tmp/log 2>&1 & touch /tmp/access; {then}"))
    };
    vec![
        program(
            "bash_waits_with_no_program",
            bash(&waits("tenantctl ping")).life(Stands),
            bash(&waits("true")),
            &["tenantctl", "PATH", "again and again"],
        ),
        program(
            "dash_waits_with_no_program",
            sh(&waits("tenantctl ping")).life(Stands),
            sh(&waits("true")),
            &["tenantctl", "PATH"],
        ),
        program(
            "bash_background",
            module("sockets_of_ours", "exec tail -f /tmp/access").life(Stands),
            module("json", "wait"),
            &["No module named 'sockets_of_ours'"],
        ),
        program(
            "runit_config",
            runit(SHOP).life(Stands),
            serves(runit, "127.83.79.8:8104"),
            &["lighttpd", "/etc/shop.conf", "no such file|ENOENT", "again and again"],
        ),
        program(
            "dash_restarts",
            sh("while true; do /usr/sbin/lighttpd -D -f /etc/shop.conf; sleep 0.3; done").life(Stands),
            // It got over what fails.
            sh("for row in 1 2 3; do cat /etc/rows; echo $row > /tmp/rows; sleep 0.1; /usr/bin/true; done"),
            &["lighttpd", "/etc/shop.conf", "no such file|ENOENT", "again and again"],
        ),
    ]
}
