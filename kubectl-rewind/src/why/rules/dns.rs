//! Scenario 5: a name server that does not answer.

use super::{Finding, Joint};
use crate::why::case::Case;
use rewind_recording::render::units::{counted, duration};

pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    let findings = case.unanswered.iter().map(|silence| {
        let mut evidence = vec![silence.first, silence.last];
        evidence.dedup();
        let (server, times) = (&silence.server, counted(silence.count, "time"));
        Finding {
            rule: "dns",
            weight: 200,
            joint: if case.ended_badly() { Joint::After } else { Joint::Beside },
            text: format!(
                "no answer came from the name server {server}, {times} (after {})",
                duration(silence.longest_ns)
            ),
            reasons: Vec::new(),
            evidence,
        }
    });
    findings.collect()
}
