//! What the events of connections cost in the kernel: its own count of the time that a program takes
//! (`kernel.bpf_stats_enabled`), which is taken with two readings of the clock a run.

use super::calls::Calls;
use super::place::Playground;
use super::setting::{Setting, recorder};
use anyhow::{Context as _, Result};
use aya::programs::loaded_programs;
use std::fs;
use std::os::fd::{AsFd as _, AsRawFd as _};

/// Connections of one run, each with both ends in the container.
const COUNT: u64 = 60_000;
/// Events of a connection of which both ends are recorded: made and accepted, and two ends.
const EVENTS: u64 = 4;
const STATS: &str = "/proc/sys/kernel/bpf_stats_enabled";
/// The hook, as far as the kernel keeps its name.
const HOOK: &str = "inet_sock_set_s";

/// Nanoseconds of an event, all runs of the hook that tell nothing included.
pub(super) fn ns_an_event(place: &Playground, calls: &Calls) -> Result<f64> {
    let agent = recorder()?;
    let before = fs::read_to_string(STATS)?;
    fs::write(STATS, "1")?;
    let measured = measure(place, calls);
    fs::write(STATS, before.trim())?;
    agent.stop()?;
    measured
}

fn measure(place: &Playground, calls: &Calls) -> Result<f64> {
    let before = run_time_ns()?;
    calls.measure(place, Setting::Recorded, "connection", COUNT)?;
    let took = run_time_ns()?.saturating_sub(before);
    Ok(took as f64 / (calls.count(Setting::Recorded, COUNT) * EVENTS) as f64)
}

/// The time that the hook has taken since it was loaded.
fn run_time_ns() -> Result<u64> {
    let mut programs = loaded_programs().filter_map(Result::ok);
    let hook = programs.find(|program| program.name_as_str() == Some(HOOK)).context("the hook is not loaded")?;
    let fd = hook.fd()?;
    let told = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_fd().as_raw_fd()))?;
    let told = told.lines().find_map(|line| line.strip_prefix("run_time_ns:")).context("no run_time_ns")?;
    Ok(told.trim().parse()?)
}
