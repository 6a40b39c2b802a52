//! A call as a log record. OpenTelemetry has no names for system calls.

use crate::attribute::attribute;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use rewind_recording::render::CallFields;

/// Appends what a call was.
pub(crate) fn describe(attributes: &mut Vec<KeyValue>, call: &CallFields<'_>, sequence: u64) {
    let args: Vec<String> = call.args.iter().map(|&argument| argument.to_owned()).collect();
    attributes.extend([
        attribute("rewind.syscall.name", &*call.syscall),
        attribute("rewind.syscall.number", u32::from(call.nr)),
        attribute("rewind.syscall.args", args),
        attribute("rewind.syscall.outcome", call.outcome),
        attribute("rewind.syscall.sequence", sequence),
    ]);
    attributes.extend(call.result.map(|result| attribute("rewind.syscall.return_value", result)));
    attributes.extend(call.duration_ns.map(|duration| attribute("rewind.syscall.duration_ns", duration)));
    attributes.extend(call.errno.as_deref().map(|errno| attribute("error.type", errno)));
    attributes.extend(call.refused.map(|by| attribute("rewind.syscall.refused_by", by)));
    attributes.extend(call.peer_name.map(|name| attribute("rewind.peer.name", name)));
    if call.redacted {
        attributes.push(attribute("rewind.syscall.redacted", true));
    }
}

/// The call on a line.
pub(crate) fn text(call: &CallFields<'_>) -> String {
    let result = call.result_text.map_or_else(|| " <unfinished ...>".to_owned(), |result| format!(" = {result}"));
    format!("{}({}){result}", call.syscall, call.args.join(", "))
}
