//! W3C Trace Context: any value is read or is none; what is read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rewind_protocols::trace_context::{TraceParent, TraceState};

fuzz_target!(|bytes: &[u8]| {
    if let Some(parent) = TraceParent::parse(bytes) {
        assert_eq!(TraceParent::parse(parent.to_string().as_bytes()), Some(parent));
    }
    if let Some(state) = TraceState::parse(bytes) {
        assert_eq!(TraceState::parse(state.to_string().as_bytes()), Some(state));
    }
});
