//! How a host is looked at: how often, and what comes first.

use clap::ValueEnum;
use jiff::SignedDuration;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How often something may be looked at.
const INTERVALS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3_600);

/// How often something is looked at: `500ms`, `2s`, or seconds alone.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let seconds = || Duration::try_from_secs_f64(text.parse().ok()?).ok();
    let found = text.parse::<SignedDuration>().ok().and_then(|of| of.try_into().ok()).or_else(seconds);
    let found = found.ok_or_else(|| format!("'{text}' is no time: 500ms, 2s"))?;
    if INTERVALS.contains(&found) { Ok(found) } else { Err("it is 100ms at least and 1h at most".to_owned()) }
}

/// Which containers come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// Those that use most CPU.
    #[default]
    Cpu,
    /// Most memory.
    Memory,
    /// Those that read and write most.
    Io,
    /// Those of whose calls most fail.
    Errors,
}
