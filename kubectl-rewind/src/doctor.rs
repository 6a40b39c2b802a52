//! What `doctor` found in a cluster, and what follows from it. Pure.

use crate::error::Error;
use crate::failure::Failure;
use kube::core::response::reason;
use rewind_recording::api::Doctor;
use rewind_recording::escape::visible;
use serde::Serialize;
use std::io::{self, Write};

/// How good something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// As it should be.
    Ok,
    /// It may be as it should; the person may not see it, or it does not matter much.
    Unknown,
    /// Something is lost.
    Degraded,
    /// Nothing works without it.
    Missing,
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// In a word or two.
    pub subject: String,
    /// How good it is.
    pub state: State,
    /// What was found: a sentence.
    pub what: String,
    /// What to do; may be empty.
    pub remedy: String,
}

impl Check {
    /// Of a subject.
    pub(crate) fn new(subject: &str, state: State, what: String, remedy: &str) -> Self {
        Self { subject: subject.to_owned(), state, what, remedy: remedy.to_owned() }
    }
}

/// A node, and its agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Node {
    /// Its name.
    pub node: String,
    /// Why no agent is ready there; `None`: one is.
    pub unready: Option<String>,
    /// What the agent says of its host; `None`: it was not asked, or did not answer.
    pub doctor: Option<Doctor>,
    /// What was asked of it, in annotations, and is not understood.
    pub refused: Vec<String>,
    /// Why it did not answer.
    pub silent: Option<String>,
}

/// Whether a person may read a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Right {
    /// The namespace.
    pub namespace: String,
    /// Whether they may read what was recorded there.
    pub read: bool,
    /// Whether they may switch payload there.
    pub payload: bool,
    /// Whether they see its `Recording`s.
    pub recordings: bool,
}

/// All that was found.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    /// The cluster as a whole.
    pub checks: Vec<Check>,
    /// Nodes.
    pub nodes: Vec<Node>,
    /// What the person may.
    pub rights: Vec<Right>,
    /// The agents' namespace.
    pub agent_namespace: String,
}

impl Report {
    /// The first line.
    pub(crate) fn answer(&self) -> String {
        let (ready, all) = (self.ready(), self.nodes.len());
        if let Some(missing) = self.checks.iter().find(|check| check.state == State::Missing) {
            return format!("Rewind does not work in this cluster. {}", missing.what);
        }
        if ready == 0 {
            return "Rewind does not work in this cluster. No node has an agent that is ready.".to_owned();
        }
        let readable = self.rights.iter().filter(|right| right.read).count();
        let who = match (readable, self.rights.as_slice()) {
            (0, [only]) => format!("you may not read namespace {}", only.namespace),
            (_, [only]) => format!("you may read namespace {}", only.namespace),
            (readable, all) => format!("you may read {readable} of {} namespaces", all.len()),
        };
        let so = if ready < all { "Rewind works in part" } else { "Rewind works in this cluster" };
        let degraded = self.checks.iter().filter(|check| check.state == State::Degraded).count();
        let cannot = self.nodes.iter().filter(|node| node.doctor.as_ref().is_some_and(|doctor| !doctor.can_record));
        let but = match degraded + cannot.count() {
            0 => String::new(),
            1 => "; one thing is not as it should be".to_owned(),
            count => format!("; {count} things are not as they should be"),
        };
        format!("{so}: {ready} of {all} nodes record, and {who}{but}.")
    }

    /// What the exit code is to say.
    ///
    /// # Errors
    /// The first of what is not as it should be: something is missing, no agent, no right, some nodes.
    pub(crate) fn outcome(&self) -> Result<(), Error> {
        let ready = self.ready();
        if let Some(missing) = self.checks.iter().find(|check| check.state == State::Missing) {
            return Err(Error::Unready(format!("{} {}", missing.what, missing.remedy)));
        }
        if ready == 0 {
            return Err(Failure::NoAgents(self.agent_namespace.clone()).into());
        }
        if !self.rights.iter().any(|right| right.read) {
            let message = format!(
                "recordingrequests.rewind.dev is forbidden: you may not make one in {}",
                self.rights.first().map_or("any namespace", |right| &right.namespace)
            );
            return Err(Failure::Server { reason: reason::FORBIDDEN.to_owned(), message }.into());
        }
        let is_silent = |node: &&Node| node.unready.is_some() || node.silent.is_some();
        let silent: Vec<&str> = self.nodes.iter().filter(is_silent).map(|node| node.node.as_str()).collect();
        if silent.is_empty() { Ok(()) } else { Err(Error::InPart { silent: silent.join(", "), all: self.nodes.len() }) }
    }

    fn ready(&self) -> usize {
        self.nodes.iter().filter(|node| node.unready.is_none()).count()
    }

    /// As text.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}\n", self.answer())?;
        let width = self.checks.iter().map(|check| check.subject.len()).max().unwrap_or(0);
        for Check { subject, state, what, remedy } in &self.checks {
            line(out, width, subject, *state, what)?;
            more(out, width, "remedy", if *state == State::Ok { "" } else { remedy })?;
        }
        writeln!(out, "\nNodes")?;
        let width = self.nodes.iter().map(|node| node.node.len()).max().unwrap_or(0);
        self.nodes.iter().try_for_each(|node| node.write(out, width))?;
        writeln!(out, "\nWhat you may")?;
        let width = self.rights.iter().map(|right| right.namespace.len()).max().unwrap_or(0);
        for Right { namespace, read, payload, recordings } in &self.rights {
            let may = [(*recordings, "see Recordings"), (*read, "read and trace"), (*payload, "switch payload")];
            let may: Vec<&str> = may.iter().filter(|(may, _)| *may).map(|(_, what)| *what).collect();
            let may = if may.is_empty() { "nothing".to_owned() } else { may.join(", ") };
            line(out, width, namespace, if *read { State::Ok } else { State::Missing }, &may)?;
        }
        Ok(())
    }
}

impl Node {
    fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let Self { node, unready, doctor, refused, silent } = self;
        match (unready, silent, doctor) {
            (Some(why), ..) => line(out, width, node, State::Missing, why)?,
            (_, Some(why), _) => line(out, width, node, State::Degraded, why)?,
            (_, _, Some(doctor)) => {
                let state = if doctor.can_record { State::Ok } else { State::Degraded };
                line(out, width, node, state, &doctor.answer)?;
                for one in &doctor.wanting {
                    more(out, width, &one.subject, &one.what)?;
                    more(out, width, "  costs", &one.costs)?;
                    more(out, width, "  remedy", &one.remedy)?;
                }
            }
            _ => line(out, width, node, State::Ok, "Its agent is ready; you may not ask it.")?,
        }
        refused.iter().try_for_each(|sentence| more(out, width, "not understood", sentence))
    }
}

fn line(out: &mut dyn Write, width: usize, subject: &str, state: State, text: &str) -> io::Result<()> {
    let word = match state {
        State::Ok => "ok",
        State::Unknown => "unknown",
        State::Degraded => "degraded",
        State::Missing => "missing",
    };
    writeln!(out, "  {:width$}  {word:8}  {}", visible(subject), visible(text))
}

fn more(out: &mut dyn Write, width: usize, label: &str, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {:width$}  {:8}  {}: {}", "", "", visible(label), visible(text))
}

/// Whether all that `ours` says stands in `theirs`, which may say more.
pub(crate) fn is_within(ours: &serde_json::Value, theirs: &serde_json::Value) -> bool {
    use serde_json::Value;
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => ours.iter().all(|(name, value)| match theirs.get(name) {
            Some(other) => is_within(value, other),
            // What is nothing is left out by the API server.
            None => value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty),
        }),
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_within(ours, theirs))
        }
        _ => ours == theirs,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rewind_recording::api::Wanting;
    use serde_json::json;

    fn node(name: &str, unready: Option<&str>) -> Node {
        Node { node: name.to_owned(), unready: unready.map(str::to_owned), ..Node::default() }
    }

    fn report(nodes: Vec<Node>, read: bool) -> Report {
        let checks = vec![Check::new("API", State::Ok, "It is v1.34.".to_owned(), "")];
        let rights = vec![Right { namespace: "shop".to_owned(), read, payload: false, recordings: true }];
        Report { checks, nodes, rights, agent_namespace: "rewind-system".to_owned() }
    }

    #[test]
    fn the_answer_comes_first_and_says_what_is_wanting() {
        let wanting =
            Wanting { subject: "JIT".into(), what: "Off.".into(), costs: "Time.".into(), ..Wanting::default() };
        let doctor = Doctor { answer: "It can.".to_owned(), can_record: true, wanting: vec![wanting] };
        let asked = Node { doctor: Some(doctor), refused: vec!["pod a/b: no".to_owned()], ..node("n1", None) };
        let mut out = Vec::new();
        report(vec![asked, node("n2", Some("CrashLoopBackOff"))], true).write(&mut out).unwrap();
        let expected = "\
Rewind works in part: 1 of 2 nodes record, and you may read namespace shop.

  API  ok        It is v1.34.

Nodes
  n1  ok        It can.
                JIT: Off.
                  costs: Time.
                not understood: pod a/b: no
  n2  missing   CrashLoopBackOff

What you may
  shop  ok        see Recordings, read and trace
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn exit_codes_are_those_of_other_commands() {
        let code = |report: &Report| report.outcome().map_or_else(|error| error.exit_code(), |()| 0);
        let both = || vec![node("n1", None), node("n2", None)];
        assert_eq!(code(&report(both(), true)), 0);
        assert_eq!(code(&report(both(), false)), 7);
        assert_eq!(code(&report(vec![node("n1", None), node("n2", Some("Pending"))], true)), 6);
        assert_eq!(code(&report(vec![node("n2", Some("Pending"))], true)), 5);
        assert_eq!(code(&report(Vec::new(), true)), 5);
        let mut without = report(both(), true);
        without.checks.push(Check::new("definitions", State::Missing, "There are none.".to_owned(), "Deploy."));
        assert_eq!(code(&without), 1);
        assert!(without.answer().ends_with("cluster. There are none."), "{}", without.answer());
    }

    #[test]
    fn an_api_server_may_say_more_than_we_do_and_nothing_else() {
        let ours = json!({"rules": [{"verbs": ["get"], "resources": ["pods"]}], "scope": "", "none": []});
        let theirs = json!({"rules": [{"verbs": ["get"], "resources": ["pods"], "apiGroups": [""]}], "more": 1});
        assert!(is_within(&ours, &theirs) && !is_within(&theirs, &ours));
        assert!(!is_within(&json!({"a": [1, 2]}), &json!({"a": [1]})));
        assert!(!is_within(&json!({"a": "x"}), &json!({})));
    }
}
