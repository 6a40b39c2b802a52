//! Headers as OpenTelemetry's own propagator reads them. It takes more than the specification does (`tracestate` keys
//! that begin with a digit, say), so what we read is compared, and what we refuse is not.

use super::{TraceParent, TraceState};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use proptest::prelude::*;
use std::collections::HashMap;

fn theirs(parent: &str, state: &str) -> Option<SpanContext> {
    let headers: HashMap<String, String> = [("traceparent", parent), ("tracestate", state)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let context = TraceContextPropagator::new().extract(&headers);
    let span = context.span().span_context().clone();
    span.is_valid().then_some(span)
}

fn compare(parent: &str, state: &str) -> Result<bool, TestCaseError> {
    let Some(ours) = TraceParent::parse(parent.as_bytes()) else { return Ok(false) };
    let Some(theirs) = theirs(parent, state) else {
        return Err(TestCaseError::fail(format!("they refuse {parent:?}")));
    };
    prop_assert_eq!(ours.trace_id, theirs.trace_id().to_bytes());
    prop_assert_eq!(ours.span_id, theirs.span_id().to_bytes());
    prop_assert_eq!(ours.is_sampled(), theirs.is_sampled());
    if let Some(state) = TraceState::parse(state.as_bytes()) {
        for (key, value) in state.entries() {
            prop_assert_eq!(theirs.trace_state().get(key), Some(value));
        }
    }
    Ok(true)
}

fn states() -> impl Strategy<Value = String> {
    let member = prop_oneof![
        4 => "[a-z][a-z0-9_*/-]{0,4}=[!-+--<>-~]{1,4}",
        1 => "[a-z0-9]{1,3}@[a-z0-9]{1,3}=[a-z ]{1,4}",
        1 => "[ a-cA@=,]{0,6}"
    ];
    proptest::collection::vec(member, 0..8).prop_map(|members| members.join(","))
}

proptest! {
    #[test]
    fn valid_headers_are_read_as_opentelemetry_reads_them(
        trace in 1..u128::MAX, span in 1..u64::MAX, flags: u8, version in 0..255_u8, more in "(-[a-z0-9-]{0,9})?", state in states()
    ) {
        let more = if version == 0 { "" } else { &more };
        let header = format!("{version:02x}-{trace:032x}-{span:016x}-{flags:02x}{more}");
        prop_assert!(compare(&header, &state)?);
    }

    #[test]
    fn what_is_read_of_broken_headers_is_what_opentelemetry_reads(
        trace in 0..2_u128, span in 0..2_u64, flags: u8, at: proptest::sample::Index, byte in "[ -~]?", state in states()
    ) {
        let mut header = format!("00-{trace:032x}-{span:016x}-{flags:02x}");
        let at = at.index(header.len());
        header.replace_range(at..=at, &byte);
        compare(&header, &state)?;
    }
}
