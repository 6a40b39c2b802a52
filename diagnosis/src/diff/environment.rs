//! How large an environment each program was given, and whether two runs differ in that.
//!
//! Service links, a secret or a configuration in it make it large; `execve` refuses with E2BIG what is too large together
//! with the arguments. Its content is not recorded.

use super::run::{Run, is_init, program_of};
use crate::facts::Program;
use rewind_recording::event::What;
use std::collections::BTreeMap;

/// It has to be larger by so many bytes to be told: the names and addresses of pods, nodes and Services in it are
/// others in each run, none of them longer than 253 bytes.
const LARGER_BYTES: u32 = 1024;
/// And by this part of it: of many Services some come and go.
const LARGER_PART: u32 = 4;

/// The largest that a program was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Given {
    bytes: u32,
    at_ns: u64,
}

/// A program that was given a far larger environment in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Larger {
    /// Its name.
    pub(super) program: String,
    /// The largest in the first run and in the second.
    pub(super) bytes: [u32; 2],
    /// When it was given that, by run.
    pub(super) at_ns: [u64; 2],
}

/// The first program of both that was: those that it runs inherit what it was given.
pub(super) fn larger(a: &Run<'_>, b: &Run<'_>) -> Option<Larger> {
    let (of_a, of_b) = (given(a), given(b));
    let both = of_a.into_iter().filter_map(|(program, a)| {
        let b = of_b.get(&program)?;
        let (bytes, at_ns) = ([a.bytes, b.bytes], [a.at_ns, b.at_ns]);
        is_far(bytes).then_some(Larger { program, bytes, at_ns })
    });
    both.min_by_key(|larger| larger.at_ns)
}

fn is_far([a, b]: [u32; 2]) -> bool {
    a.abs_diff(b) >= LARGER_BYTES.max(a.max(b) / LARGER_PART)
}

/// What the programs of a run were given, by name; a program of which that is not recorded is left out.
fn given(run: &Run<'_>) -> BTreeMap<String, Given> {
    let mut given = BTreeMap::<String, Given>::new();
    for event in run.facts.timeline.by_end() {
        let What::Exec(exec) = event.what else { continue };
        let Some(sizes) = exec.sizes() else { continue };
        let process = run.facts.processes.get(&exec.fixed.tgid);
        let programs = process.map(|process| process.programs.as_slice()).unwrap_or_default();
        // It is within the call that it is of.
        let is_of = |(start_ns, end_ns)| (start_ns..=end_ns).contains(&event.end_ns);
        let of_call = |program: &&Program| run.facts.timeline.span(program.index).is_some_and(is_of);
        let Some(program) = programs.iter().find(of_call) else { continue };
        if !is_init(&program.command) {
            let this = Given { bytes: sizes.env_bytes, at_ns: event.end_ns };
            let largest = given.entry(program_of(&program.command)).or_insert(this);
            if this.bytes > largest.bytes {
                *largest = this;
            }
        }
    }
    given
}
