//! Tests that ask a trace store for what was sent to it. Its build is long: `cargo xtask traces`.

mod chain;

use rewind_tests::suite::{Need, Suite};
use std::process::ExitCode;

fn main() -> ExitCode {
    let programs = ["runc", "curl", "node", "python3", rewind_tests::jaeger::PROGRAM].map(Need::Program);
    let ours = [Need::Root, Need::Bpf, Need::Ours("rewind-agent"), Need::Ours("rewind")];
    let needs: Vec<_> = ours.into_iter().chain(programs).collect();
    Suite::default()
        .test(
            "containers_that_call_one_another_are_one_trace_in_which_the_slow_and_the_failing_one_are_told",
            &needs,
            chain::told,
        )
        .run()
}
