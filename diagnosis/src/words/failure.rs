//! A group of failed calls as a clause.

use crate::calls::{self, bits};
use crate::facts::{Facts, Owner, Subject};
use crate::finding::{Finding, Relation};
use crate::groups::{Class, Group};
use crate::meaning::{self, Meaning};
use rewind_recording::render::units::{duration, grouped};

/// So long is worth telling.
const LONG_NS: u64 = 100_000_000;
/// So often shows that it was tried again and again.
const MANY: u64 = 5;

/// "openat of /etc/passwd was denied (EACCES)".
pub(crate) fn clause(group: &Group) -> String {
    let mut text = match group.refused {
        Some(by) => format!("{} refused {} ({})", by.words(), what(group), meaning::name(group.errno)),
        None if group.meaning == Meaning::NoAnswer => silence(group),
        None if group.errno == meaning::HUNG_UP => format!("{} {}", what(group), meaning::words(group.errno)),
        None => format!("{} {} ({})", what(group), meaning::words(group.errno), meaning::name(group.errno)),
    };
    // How long an answer took that came says nothing of why it is an error.
    let is_answered = meaning::status(group.errno).is_some() || meaning::rcode(group.errno).is_some();
    if group.longest_ns >= LONG_NS && !is_answered {
        text += &format!(" after {}", duration(group.longest_ns));
    }
    if group.count > 1 {
        text += &format!(", {} times", grouped(group.count));
        let span_ns = group.last_ns.saturating_sub(group.first_ns);
        if group.count >= MANY && span_ns >= LONG_NS && matches!(group.subject, Subject::Peer(_)) {
            text += &format!(" in {}", duration(span_ns));
        }
    }
    if let Some(healthy) = &group.healthy {
        text += &format!(", {}", healthy.words());
    }
    text
}

/// "connect to 10.0.0.5:5432 got no answer".
fn silence(group: &Group) -> String {
    let peer = group.subject.text().unwrap_or("a peer");
    if is_request(&group.name) {
        let part = if group.errno == meaning::PARTIAL { "only a part of its answer" } else { "no answer" };
        return format!("{} got {part}", what(group));
    }
    if calls::has(&group.name, bits::RECEIVES) {
        return format!("{} from {peer}, which it had sent nothing yet, got nothing", group.name);
    }
    let in_error = group.errno == meaning::IN_ERROR;
    if calls::has(&group.name, bits::POLLS) && !in_error {
        return format!("{} for what {peer} says first got nothing", group.name);
    }
    let what = if calls::has(&group.name, bits::CONNECTS) {
        "connect to"
    } else if group.subject.is_name_server() {
        "a question to the name server"
    } else {
        "what it sent to"
    };
    let instead = if in_error { "an error in place of an answer (POLLERR)" } else { "no answer" };
    format!("{what} {peer} got {instead}")
}

/// "openat of /etc/passwd", "connect to 10.0.0.5:5432".
fn what(group: &Group) -> String {
    let name = &*group.name;
    match &group.subject {
        Subject::Nothing => name.to_owned(),
        Subject::Path(path) => match &group.to {
            Some(target) if name == "mount" => format!("{name} of {path} on {target}"),
            Some(to) => format!("{name} of {path} to {to}"),
            None => format!("{name} of {path}"),
        },
        Subject::Peer(peer) if meaning::rcode(group.errno).is_some() => {
            let asked = name.rsplit(' ').next().unwrap_or(name);
            format!("the lookup of {asked} at the name server {peer}")
        }
        Subject::Peer(peer) if group.subject.is_name_server() && !calls::has(name, bits::CONNECTS | bits::BINDS) => {
            format!("a question to the name server {peer}")
        }
        Subject::Peer(peer) if is_request(name) => format!("{name} of {peer}"),
        Subject::Peer(peer) if group.errno == meaning::HUNG_UP => format!("the connection to {peer}"),
        Subject::Peer(peer) if matches!(name, "connect" | "sendto") => format!("{name} to {peer}"),
        Subject::Peer(peer) | Subject::Descriptor(peer) => format!("{name} on {peer}"),
    }
}

/// Whether it is a request of HTTP or a question of DNS, not a call.
fn is_request(name: &str) -> bool {
    name.contains(' ')
}

/// "; it ran as user 65534, and the file is user 0's with mode 0400", as far as that is known, where
/// permission was denied.
pub(crate) fn permission(facts: &Facts<'_>, group: &Group) -> String {
    let (Meaning::Denied, Subject::Path(path)) = (group.meaning, &group.subject) else { return String::new() };
    let user = facts.user(group.tgid).map(|user| format!("it ran as user {user}"));
    let owner = facts
        .owners
        .get(path)
        .map(|Owner { user, mode, .. }| format!("the file is user {user}'s with mode {mode:04o}"));
    let known: Vec<_> = user.into_iter().chain(owner).collect();
    if known.is_empty() { String::new() } else { format!("; {}", known.join(", and ")) }
}

/// All groups of a class, each as a finding.
pub(crate) fn findings(facts: &Facts<'_>, groups: &[Group], rule: &'static str, class: Class) -> Vec<Finding> {
    groups.iter().filter(|group| group.class == class).map(|group| finding(facts, rule, group)).collect()
}

/// A group as a finding.
pub(crate) fn finding(facts: &Facts<'_>, rule: &'static str, group: &Group) -> Finding {
    let own = facts.culprit.is_none() || facts.is_of_culprit(group.tgid);
    let mut evidence = vec![group.first, group.last];
    if own && facts.ended_badly() {
        evidence.extend(facts.culprit().and_then(|(_, process)| process.end).map(|end| end.index));
    }
    evidence.dedup();
    Finding {
        relation: if facts.ended_badly() && own { Relation::After } else { Relation::Beside },
        is_tied: group.weighed.is_tied,
        agreement: group.weighed.agreement,
        reasons: group.weighed.reasons.clone(),
        meaning: Some(group.meaning),
        ..Finding::new(rule, group.weighed.weight, clause(group), evidence)
    }
}
