//! Calls that a profile of seccomp refuses.

use crate::program::Source::{C, Go};
use crate::program::{Program, Setup, built, program, python, run};

const EPERM: u32 = 1;

fn profile(setup: Setup, call: &str, action: &'static str, errno: u32) -> Setup {
    setup.limited(|spec| spec.seccomp = vec![(call.to_owned(), action, errno)])
}

pub(crate) fn programs() -> Vec<Program> {
    let mkdir = || run(&["/usr/bin/busybox", "mkdir", "/tmp/made"]);
    let connect = || python("import socket; socket.socket()");
    let listen = || built(Go, &["listen", "127.0.0.1:8080"]);
    vec![
        program(
            "busybox_mkdir_refused",
            profile(mkdir(), "mkdir", "SCMP_ACT_ERRNO", EPERM),
            mkdir(),
            &["mkdir", "/tmp/made|seccomp", "EPERM|refused|not permitted"],
        ),
        program(
            "busybox_mkdir_killed",
            profile(mkdir(), "mkdir", "SCMP_ACT_KILL_PROCESS", 0),
            mkdir(),
            &["SIGSYS", "mkdir"],
        ),
        program(
            "python_socket_refused",
            profile(connect(), "socket", "SCMP_ACT_ERRNO", EPERM),
            connect(),
            &["socket", "EPERM|refused|not permitted"],
        ),
        program(
            "go_bind_refused",
            profile(listen(), "bind", "SCMP_ACT_ERRNO", EPERM),
            listen(),
            &["bind", "EPERM|refused|not permitted"],
        ),
        program(
            "c_flock_killed",
            profile(built(C, &["locked"]), "flock", "SCMP_ACT_KILL_PROCESS", 0),
            built(C, &["well"]),
            &["SIGSYS", "flock"],
        ),
    ]
}
