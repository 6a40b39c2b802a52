//! Signals, of the program's own and from outside.

use crate::program::Life::Sent;
use crate::program::Source::{C, C32, Musl};
use crate::program::{Program, Setup, built, node, program, python, run, sh};

/// Not as process 1, which takes fewer signals.
fn child(setup: Setup) -> Setup {
    setup.below(&["/usr/bin/tini", "--"])
}

pub(crate) fn programs() -> Vec<Program> {
    let c = |what: &str| built(C, &[what]);
    vec![
        program("c_abort", c("abort"), c("well"), &["SIGABRT|abort", "the journal is torn"]),
        program("c_abort_of_a_child", child(c("abort")), child(c("well")), &["SIGABRT", "the journal is torn"]),
        program(
            "musl_abort",
            built(Musl, &["abort"]),
            built(Musl, &["well"]),
            &["SIGABRT|abort", "the journal is torn"],
        ),
        program("c32_abort", built(C32, &["abort"]), built(C32, &["well"]), &["SIGABRT|abort", "the journal is torn"]),
        program("c_free_twice", c("twice"), c("well"), &["double free|SIGABRT"]),
        program("c_free_twice_of_a_child", child(c("twice")), child(c("well")), &["double free|SIGABRT"]),
        program("c_null", c("null"), c("well"), &["SIGSEGV"]),
        program("c_null_of_a_child", child(c("null")), child(c("well")), &["SIGSEGV"]),
        program("c_divide", child(c("divide")), child(c("well")), &["SIGFPE"]),
        program("c_illegal", child(c("illegal")), child(c("well")), &["SIGILL"]),
        program("c_bus", child(c("bus")), child(c("well")), &["SIGBUS"]),
        program("c_pipe", child(c("pipe")), child(c("well")), &["SIGPIPE|EPIPE"]).not(&["EBADF"]),
        program(
            "python_kills_itself",
            child(python("import os; os.kill(os.getpid(), 15)")),
            child(python("1")),
            &["SIGTERM", "itself|python3|process"],
        ),
        program(
            "perl_alarm",
            child(run(&["/usr/bin/perl", "-e", "alarm 1; sleep 9"])),
            child(run(&["/usr/bin/perl", "-e", "alarm 9; print 'in time'"])),
            &["SIGALRM", "timer of its own"],
        ),
        program("node_abort", node("process.abort()"), node("1"), &["SIGABRT|abort"]),
        program(
            "sleep_killed_from_outside",
            run(&["/usr/bin/sleep", "60"]).life(Sent("KILL")),
            run(&["/usr/bin/sleep", "0.1"]),
            &["SIGKILL", "runc|host|outside"],
        ),
        program(
            "python_stopped_from_outside",
            child(python("import time; time.sleep(60)")).life(Sent("TERM")),
            child(python("1")),
            &["SIGTERM", "runc|host|outside"],
        ),
        program(
            "dash_kills_a_child",
            sh("sleep 60 & sleep 0.2; kill -9 $!; wait $!; exit $?"),
            sh("sleep 0.1 & wait $!; exit $?"),
            &["SIGKILL", "sleep"],
        ),
    ]
}
