//! What the agent says of its host: the doctor's report, without trying what its recorder shows already.

use crate::host::doctor::{Load, Program, Report};
use crate::host::facts::Facts;
use crate::host::rules;
use crate::recorder::Recorder;
use rewind_recording::api::Doctor;

/// The report of the host that `recorder` runs on.
pub(super) fn report(recorder: &Recorder) -> Doctor {
    let findings = rules::findings(&Facts::gather());
    Report { findings, programs: programs(recorder), cost: None }.told()
}

/// How the kernel took the programs of a recorder that runs.
#[must_use]
pub(crate) fn programs(recorder: &Recorder) -> Vec<Program> {
    let shown = recorder.programs().into_iter().map(|program| {
        let load = match program.given_up {
            Some(costs) => Load::GivenUp { why: "this kernel lacks its hook".to_owned(), costs: costs.to_owned() },
            None => Load::Loaded { verified_instructions: program.verified_instructions.unwrap_or(0) },
        };
        Program { name: program.name.to_owned(), load }
    });
    shown.collect()
}
