//! How long the next agent takes to go on with what a killed one has left.

use super::place::Playground;
use super::{daemon, interrupt, setting};
use anyhow::{Result, ensure};
use rewind_tests::dump;
use std::time::Instant;

/// Seconds from the start of its process to its first answer, which lists all recordings; once a round.
pub(super) fn measure(place: &Playground, rounds: u32) -> Result<Vec<f64>> {
    let mut agent = setting::recorder()?;
    let sleepers = daemon::sleepers(place, &agent)?;
    let mut seconds = Vec::new();
    for _ in 0..rounds {
        interrupt::check()?;
        agent.kill()?;
        let begin = Instant::now();
        agent.start_again(&setting::SIZES)?;
        let listed = dump::list(&agent)?.len();
        seconds.push(begin.elapsed().as_secs_f64());
        ensure!(listed >= daemon::CONTAINERS, "{listed} recordings are listed");
    }
    drop(sleepers);
    agent.stop()?;
    Ok(seconds)
}
