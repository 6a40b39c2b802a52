//! What other programs take from `why -o json`: a field that is gone, or of another kind, fails here.

use crate::scene::denied;
use serde_json::Value;

/// A pointer into the JSON of a diagnosis, and what stands there.
type Field = (&'static str, fn(&Value) -> bool);

const FIELDS: [Field; 22] = [
    ("/answer", Value::is_string),
    ("/confidence", Value::is_string),
    ("/class", Value::is_string),
    ("/general", Value::is_string),
    ("/fingerprint", Value::is_string),
    ("/unusual", Value::is_boolean),
    ("/container", Value::is_string),
    ("/ended/how", Value::is_string),
    ("/ended/ktime_ns", Value::is_u64),
    ("/ended/exit_code", Value::is_u64),
    ("/last_words/text", Value::is_string),
    ("/last_words/is_error", Value::is_boolean),
    ("/findings/0/rule", Value::is_string),
    ("/findings/0/text", Value::is_string),
    ("/findings/0/weight", Value::is_i64),
    ("/findings/0/reasons/0", Value::is_string),
    ("/findings/0/evidence/0/ktime_ns", Value::is_u64),
    ("/findings/0/evidence/0/tid", Value::is_u64),
    ("/findings/0/evidence/0/call", Value::is_string),
    ("/failed/0/errno", Value::is_string),
    ("/failed/0/count", Value::is_u64),
    ("/caveats", Value::is_array),
];

#[test]
fn what_other_programs_take_from_the_json_is_there() {
    let why = serde_json::to_value(denied().why()).unwrap();
    for (pointer, is_kind) in FIELDS {
        assert!(why.pointer(pointer).is_some_and(is_kind), "{pointer}: {:?}", why.pointer(pointer));
    }
    assert!(["certain", "likely", "none"].contains(&why["confidence"].as_str().unwrap()));
}
