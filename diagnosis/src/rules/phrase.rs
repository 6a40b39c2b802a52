//! A group of failed calls as a clause.

use super::{Finding, Joint};
use crate::case::{Case, GIVEN_UP, Subject};
use crate::groups::Group;
use rewind_recording::decode::errno_name;
use rewind_recording::render::units::{duration, grouped};
use std::borrow::Cow;

/// The name of an errno, or its number.
pub(crate) fn errno(errno: u16) -> Cow<'static, str> {
    if errno == GIVEN_UP {
        return Cow::Borrowed("no answer");
    }
    errno_name(errno).map_or_else(|| Cow::Owned(errno.to_string()), Cow::Borrowed)
}

/// "openat of /etc/passwd was denied (EACCES)".
pub(super) fn clause(group: &Group) -> String {
    let mut text = if group.errno == GIVEN_UP { silence(group) } else { failure(group) };
    if group.longest_ns >= 100_000_000 {
        text += &format!(" after {}", duration(group.longest_ns));
    }
    if group.count > 1 {
        text += &format!(", {} times", grouped(group.count));
    }
    text
}

/// "connect to 10.0.0.5:5432 got no answer".
fn silence(group: &Group) -> String {
    let peer = group.subject.text().unwrap_or("a peer");
    let what = match &*group.name {
        "connect" => "connect to",
        _ if group.subject.is_name_server() => "a question to the name server",
        _ => "what it sent to",
    };
    let in_error = matches!(&*group.name, "poll" | "ppoll");
    let instead = if in_error { "an error in place of an answer (POLLERR)" } else { "no answer" };
    format!("{what} {peer} got {instead}")
}

fn failure(group: &Group) -> String {
    let name = &group.name;
    let text = match &group.subject {
        Subject::Nothing => name.to_string(),
        Subject::Path(path) => format!("{name} of {path}"),
        Subject::Peer(peer) if group.subject.is_name_server() && &**name != "connect" => {
            format!("a question to the name server {peer}")
        }
        Subject::Peer(peer) if matches!(&**name, "connect" | "sendto") => format!("{name} to {peer}"),
        Subject::Peer(peer) | Subject::Descriptor(peer) => format!("{name} on {peer}"),
    };
    format!("{text} {} ({})", verb(group), errno(group.errno))
}

const fn verb(group: &Group) -> &'static str {
    match group.errno {
        1 | 13 => "was denied",
        2 => "found no such file",
        5 => "met an input/output error",
        7 => "got too long arguments",
        8 => "found no program that can be run",
        9 => "was on a descriptor that is not open",
        11 => "found too little to go on with",
        12 => "got no memory",
        16 => "found it in use",
        17 => "found it there already",
        20 => "met a file where a directory was expected",
        21 => "met a directory where a file was expected",
        23 => "found all descriptors of the host in use",
        24 => "found all descriptors of the process in use",
        27 => "met the limit on the size of files",
        28 => "found no space left",
        30 => "met a read-only file system",
        32 => "found the reader gone",
        36 => "got too long a name",
        39 => "found a directory that is not empty",
        40 => "met a loop of links",
        98 => "found the address in use",
        99 => "found no such address on this host",
        100 | 101 | 113 => "found no route",
        103 => "was aborted",
        104 => "was reset by the other side",
        110 => "timed out",
        111 => "was refused",
        112 => "found the other host down",
        116 => "found the file gone from its server",
        122 => "met the quota of the disk",
        _ => "failed",
    }
}

/// The findings of a rule that is about groups of failed calls.
pub(super) fn findings(case: &Case<'_>, rule: &'static str, mine: impl Fn(&Group) -> bool) -> Vec<Finding> {
    case.groups.iter().filter(|group| mine(group)).map(|group| finding(case, rule, group)).collect()
}

/// A group as a finding.
pub(super) fn finding(case: &Case<'_>, rule: &'static str, group: &Group) -> Finding {
    let own = case.culprit.is_none_or(|tgid| tgid == group.tgid);
    let mut evidence = vec![group.first, group.last];
    if own && case.ended_badly() {
        evidence.extend(case.culprit().and_then(|(_, process)| process.end).map(|end| end.index));
    }
    evidence.dedup();
    Finding {
        rule,
        weight: group.weighed.weight,
        joint: if case.ended_badly() && own { Joint::After } else { Joint::Beside },
        text: clause(group),
        reasons: group.weighed.reasons.clone(),
        evidence,
    }
}
