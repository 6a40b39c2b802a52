//! That a limit of CPU time stops a living container: what the kernel counts of that (`cpu.stat`; `sched-bwc.rst`), as a
//! clause.

use crate::facts::Facts;
use rewind_recording::header::CpuLimit;
use rewind_recording::render::units::duration;

/// So many periods are more than chance: two seconds, of the usual 100 ms each.
const LEAST: u64 = 20;
/// One of so many of them.
const SHARE: u64 = 2;
/// And for one part of so many of its life: others have met it as they started, and seldom run since.
const PART: u64 = 20;

/// "its CPU limit (0.05 CPUs) has stopped it in 95% of the periods ...".
pub(crate) fn clause(facts: &Facts<'_>) -> Option<String> {
    let living = facts.header.living.as_ref().filter(|_| facts.is_living() && !facts.is_frozen())?;
    let CpuLimit { millicpus, periods, throttled_periods, throttled_ns } = living.cpu_limit?;
    let recorded_ns = facts.header.read_ns.saturating_sub(facts.header.born_ns);
    let age_ns = living.age_ms.map_or(recorded_ns, |ms| ms.saturating_mul(1_000_000));
    let is_often = periods >= LEAST && throttled_periods.saturating_mul(SHARE) >= periods;
    if !is_often || throttled_ns.saturating_mul(PART) < age_ns {
        return None;
    }
    let unit = if millicpus == 1000 { "CPU" } else { "CPUs" };
    let limit = millicpus as f64 / 1000.0;
    let percent = throttled_periods.min(periods).saturating_mul(100) / periods.max(1);
    let long = duration(throttled_ns);
    Some(format!(
        "its CPU limit ({limit} {unit}) has stopped it in {percent}% of all periods that it ran in, for {long} together (cpu.stat)"
    ))
}

/// The same behind what takes long for it, as it may be: "; its CPU limit ...", or nothing.
pub(crate) fn beside(facts: &Facts<'_>) -> String {
    clause(facts).map_or_else(String::new, |clause| format!("; {clause}"))
}
