//! What a rule has found.

use crate::groups::Agreement;
use crate::meaning::Meaning;

/// How a finding goes with the words on the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// "It exited with 1 after ...".
    After,
    /// "It was killed by SIGTERM: ...".
    Reason,
    /// It is the whole sentence: "Its program never ran: ...".
    Whole,
    /// It has nothing to do with the end: it stands for itself.
    Beside,
}

/// What a rule has found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static str,
    /// See [`crate::weight`].
    pub weight: i32,
    /// How it goes on from "It exited with 1".
    pub relation: Relation,
    /// A clause without a full stop.
    pub text: String,
    /// Whether it can be the answer: of a failure, whether something ties it to the end.
    pub is_tied: bool,
    /// How the last words go with it.
    pub agreement: Agreement,
    /// Why it weighs what it weighs.
    pub reasons: Vec<&'static str>,
    /// What it means, of a call that failed.
    pub meaning: Option<Meaning>,
    /// The events that it rests on, in order of time.
    pub evidence: Vec<usize>,
}

impl Finding {
    /// What stands for itself, needs no words beside it and could be the answer: as most findings of living containers.
    #[must_use]
    pub fn new(rule: &'static str, weight: i32, text: String, evidence: impl IntoIterator<Item = usize>) -> Self {
        Self {
            rule,
            weight,
            relation: Relation::Beside,
            text,
            is_tied: true,
            agreement: Agreement::Same,
            reasons: Vec::new(),
            meaning: None,
            evidence: evidence.into_iter().collect(),
        }
    }

    /// Whether its text says what the exit code means.
    #[must_use]
    pub fn tells_end(&self) -> bool {
        matches!(self.rule, "timeout" | "program")
    }
}
