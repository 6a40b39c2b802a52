//! The verifier is part of the compiler: each program's load is a test.

use crate::budget::{SMALL, SOON, Small};
use anyhow::{Context as _, Result, ensure};
use rewind_tests::agent::Agent;
use rewind_tests::eventually::eventually;
use rewind_tests::programs::{self, COMPLAINING, ours};
use std::process::Command;

/// Every program of the kernel side.
const PROGRAMS: [&str; 17] = [
    "cgroup_mkdir",
    "cgroup_rmdir",
    "cgroup_attach_task",
    "cgroup_notify_populated",
    "sched_process_exit",
    "signal_deliver",
    "signal_generate",
    "mark_victim",
    "sched_process_fork",
    "sched_process_exec",
    "inet_sock_set_state",
    "sys_exit",
    "sys_enter",
    "in_flight",
    "release",
    "shrink",
    "begin",
];

/// The verifier gives up after this many (`BPF_COMPLEXITY_LIMIT_INSNS`, `include/linux/bpf_verifier.h`).
const LIMIT: u64 = 1_000_000;

pub(crate) fn programs() -> Result<()> {
    verified("rewind-agent")
}

pub(crate) fn complaining() -> Result<()> {
    verified(COMPLAINING)
}

pub(crate) fn complaints() -> Result<()> {
    let agent = Agent::of_build(COMPLAINING, &SMALL)?;
    let small = (0..24).map(|number| Small::start(&format!("complaint{number}"))).collect::<Result<Vec<_>>>()?;
    eventually("the kernel side to complain of the last container", SOON, || {
        agent.log().contains("there is no ring left").then_some(())
    })?;
    drop(small);
    agent.stop()
}

fn verified(agent: &str) -> Result<()> {
    let report = programs::run(Command::new(ours(agent)).arg("doctor"))?;
    ensure!(report.code == 0, "{report:?}");
    for program in PROGRAMS {
        let line = report.stdout.lines().find(|line| line.split_whitespace().next() == Some(program));
        let line = line.with_context(|| format!("{program} is not in the report:\n{}", report.stdout))?;
        ensure!(line.split_whitespace().nth(1) == Some("ok"), "{line}");
        let walked = line.split_whitespace().find_map(|word| word.parse::<u64>().ok());
        let walked = walked.with_context(|| format!("no count of instructions: {line}"))?;
        ensure!(walked > 0 && walked < LIMIT / 2, "{program}: {walked} instructions are too close to the limit");
        println!("{program:<24}{walked:>8} instructions verified");
    }
    Ok(())
}
