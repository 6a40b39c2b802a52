//! A call that does not return, and what it is about, as a clause.

use crate::calls::{self, bits};
use crate::facts::{Facts, Subject};
use rewind_recording::decode::{self, Invocation};
use rewind_recording::event::{Event, What};

/// So much of a call is shown.
const MAX_CHARS: usize = 60;

/// "connect to 10.0.0.5:5432", "read of /var/lib/db", "futex".
pub(crate) fn call(facts: &Facts<'_>, event: &Event<'_>) -> String {
    let What::Call { call, .. } = event.what else { return String::new() };
    let name = decode::name(&call, facts.arch);
    let is_to = calls::has(&name, bits::CONNECTS | bits::SENDS);
    match facts.subject(event) {
        Subject::Nothing => name.into_owned(),
        Subject::Path(path) => format!("{name} of {path}"),
        Subject::Peer(peer) if is_to => format!("{name} to {peer}"),
        Subject::Peer(what) | Subject::Descriptor(what) => format!("{name} on {what}"),
    }
}

/// Whether it waits for a child: what holds that up is the child's.
pub(crate) fn waits_for_child(event: &Event<'_>, facts: &Facts<'_>) -> bool {
    let What::Call { call, enter, .. } = event.what else { return false };
    let call = Invocation { call, enter }.call;
    decode::bits(&call, facts.arch) & bits::WAITS_CHILD != 0
}

/// An unfinished call as strace would have it, shortened, without a result.
pub(crate) fn shown(facts: &Facts<'_>, event: &Event<'_>) -> String {
    let text = facts.text(event);
    let call = text.split(" = ").next().unwrap_or_default();
    let start: String = call.chars().take(MAX_CHARS).collect();
    if start.len() < call.len() { start + "…)" } else { start }
}
