//! Scenarios 1 and 5: a peer that refuses, does not answer, or goes away.

use super::{Finding, phrase};
use crate::case::{Case, Subject};
use crate::groups::Group;

pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    phrase::findings(case, "network", is_mine)
}

fn is_mine(group: &Group) -> bool {
    let of_sockets = matches!(&*group.name, "connect" | "bind" | "listen" | "socket");
    let peer = matches!(group.subject, Subject::Peer(_)) || of_sockets;
    peer && !group.subject.is_name_server() && !matches!(group.errno, 12 | 23 | 24)
}
