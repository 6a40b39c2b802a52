//! Which failures runs have that ended well: such a failure is no cause.
//!
//! ```text
//! a run that ended well -> failures in general form -> memory -> header of a recording that failed
//!                          run                         memory    learned -> weight
//! ```
//!
//! # What would make the memory lie, and what is done about it
//!
//! | a lie | against it |
//! |---|---|
//! | a healthy run made up for it: the file was found elsewhere, the peer answered at last | what was recovered is not learned |
//! | it complained of it and went on, or ended with 0 in spite of it | what its standard error names, or whose error it tells, is not learned |
//! | a child failed for it, which was of no account that time | of processes that ended badly nothing is learned |
//! | another path of the same general form is meant | a path that is another in each run is not learned |
//! | what a call was about is not known, and it says that something ran out, or broke | not learned, see [`run`] |
//! | the same path is needed by another program that the same interpreter runs | counted by workload; what others have counts where most of several do |
//! | it was so once | it must have been so in most of several runs |
//! | it lives, and waits for a peer that it needs | of peers nothing is learned from who lives |
//! | a tenant's runs are made so that another's cause goes unsaid | another namespace counts as one workload, whatever runs there |
//! | a tenant's runs push out what was learned of others | who fills most of the memory makes room; each has its own rate |
//! | this time it was tried until the program gave up | it must not be much more often than in healthy runs |
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`run`] | what failed in one run, in general form |
//! | [`memory`] | what failed in healthy runs, counted, within bounds |
//! | [`learned`] | what a header says of the failures of its recording |

mod learned;
mod memory;
mod run;
#[cfg(test)]
mod tests;

pub(crate) use learned::Known;
pub use learned::Learned;
pub use memory::{MAX_BYTES, Memory, ParseError};
pub use run::{Failed, HealthyRun, Workload};

use crate::facts::Facts;
use rewind_recording::header::{Header, HealthyFailure};

/// What failed in a run that ended well, for [`Memory::learn`]; `None`: it did not, or that, or of whom it is, is not
/// known.
#[must_use]
pub fn ended_well(header: &Header, records: &[u8]) -> Option<HealthyRun> {
    let facts = Facts::new(header, records);
    let ended_well = facts.ending.is_some_and(|ending| ending.is_success());
    ended_well.then(|| HealthyRun::of(&facts, facts.end_ns()))?
}

/// What failed in a run that lives, until `until_ns`: what came later may be what it is about to fail for. `None`: it
/// has ended, or not lived for so long, or of whom it is is not known.
#[must_use]
pub fn lived_on(header: &Header, records: &[u8], until_ns: u64) -> Option<HealthyRun> {
    let lives = header.died_ns.is_none() && header.ending.is_none() && header.born_ns < until_ns;
    lives.then(|| HealthyRun::of(&Facts::new(header, records), until_ns))?
}

/// What `memory` knows of the failures of a recording, for its header.
#[must_use]
pub fn known(memory: &Memory, header: &Header, records: &[u8]) -> Vec<HealthyFailure> {
    if memory.is_empty() {
        return Vec::new();
    }
    HealthyRun::all(&Facts::new(header, records)).map(|run| memory.known(&run)).unwrap_or_default()
}
