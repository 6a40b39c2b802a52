//! The corpus: programs that go wrong in real containers, what `why` has to say of each, and what it must not say.
//!
//! Each program is a test, which fails where the answer names a wrong cause, or any for the twin that ends well. An
//! answer without a cause is counted; the last test holds the whole to 95 right ones of 100.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`program`] | what a program is, and how its row is written |
//! | [`built`] | compiles `sources/` |
//! | [`peers`] | who programs talk to |
//! | [`programs`] | the programs, by class |
//! | [`trial`] | runs one, and judges |
//! | [`table`] | what is printed, and held |

mod built;
mod peers;
mod program;
mod programs;
mod table;
mod trial;

use anyhow::{Context as _, Result, bail};
use rewind_tests::agent::Agent;
use rewind_tests::suite::{Need, Suite};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use trial::{Outcome, Verdict};

/// Names the programs and classes that are run alone, parted by commas; `cargo xtask corpus` sets it.
const NAMES: &str = "REWIND_CORPUS";
/// Containers at a time: they wait for each other's CPU else.
const AT_A_TIME: usize = 3;

const CONTAINER: [Need; 5] =
    [Need::Root, Need::Bpf, Need::Ours("rewind-agent"), Need::Ours("rewind"), Need::Program("runc")];

/// The recorder that all containers are beside, from the first one on.
type Shared = Arc<OnceLock<Result<Agent, String>>>;

fn main() -> ExitCode {
    let names = std::env::var(NAMES).unwrap_or_default();
    let names: Vec<&str> = names.split(',').filter(|name| !name.is_empty()).collect();
    let is_named =
        |class: &str, name: &str| names.is_empty() || names.iter().any(|wanted| [class, name].contains(wanted));
    let (agent, outcomes) = (Shared::default(), Arc::<Mutex<Vec<Outcome>>>::default());
    let mut suite = Suite::default();
    let mut run = 0;
    for (class, program) in programs::all().into_iter().filter(|(class, program)| is_named(class, program.name)) {
        let needs = [&CONTAINER[..], &program.needs()].concat();
        run += usize::from(needs.iter().all(|need| need.missing().is_none()));
        let (agent, outcomes) = (Arc::clone(&agent), Arc::clone(&outcomes));
        suite = suite.test(program.name, &needs, move || {
            let outcome = trial::run(shared(&agent)?, class, &program)?;
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome.clone());
            judged(outcome)
        });
    }
    let code = suite.run_at_a_time(AT_A_TIME);
    let outcomes = std::mem::take(&mut *outcomes.lock().unwrap_or_else(PoisonError::into_inner));
    if let Some(Err(error)) = Arc::into_inner(agent).and_then(OnceLock::into_inner).map(|agent| agent.map(Agent::stop))
    {
        eprintln!("{error}");
    }
    if outcomes.is_empty() {
        return code;
    }
    table::print(&outcomes);
    if !names.is_empty() {
        return code;
    }
    let whole =
        Suite::default().test("of_a_hundred_answers_95_are_right", &[], move || table::hold(&outcomes, run)).run();
    if code == ExitCode::SUCCESS { whole } else { code }
}

fn shared(agent: &Shared) -> Result<&Agent> {
    let start = || peers::start().and_then(|()| Agent::start()).map_err(|error| format!("{error:#}"));
    agent.get_or_init(start).as_ref().map_err(|error| anyhow::anyhow!("{error}")).context("the recorder")
}

fn judged(outcome: Outcome) -> Result<()> {
    if let Some(cause) = outcome.twin {
        bail!("its twin has a cause: {cause}");
    }
    if outcome.verdict == Verdict::Wrong {
        bail!("a wrong cause: {}", outcome.answer);
    }
    Ok(())
}
