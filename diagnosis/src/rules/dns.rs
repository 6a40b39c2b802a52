//! Scenario 5: a name server that does not answer, or cannot be asked.

use super::{Finding, phrase};
use crate::case::Case;

pub(super) fn rule(case: &Case<'_>) -> Vec<Finding> {
    phrase::findings(case, "dns", |group| group.subject.is_name_server())
}
