//! The report of `rewind-agent doctor`: the answer first, then what it rests on.

use super::rules::{Finding, State};
use rewind_recording::api;
use std::fmt::Write as _;

/// Nanoseconds that one cheap call (`getppid`) takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MeasuredCost {
    /// With nothing attached.
    pub bare_ns: f64,
    /// With the caller recorded.
    pub recorded_ns: f64,
    /// With Rewind running and the caller not recorded.
    pub not_recorded_ns: f64,
}

/// How the kernel took a BPF program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// It runs.
    Loaded {
        /// Instructions that the verifier walked through.
        verified_instructions: u32,
    },
    /// It was refused, and Rewind cannot do without it.
    Refused {
        /// Why, in a sentence.
        why: String,
    },
    /// It was refused, and Rewind does without it.
    GivenUp {
        /// Why, in a sentence.
        why: String,
        /// What is lost, in a sentence.
        costs: String,
    },
}

/// A BPF program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// Its name in the object.
    pub name: String,
    /// How the kernel took it.
    pub load: Load,
}

/// Everything that is reported. What was not tried is left empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// From [`super::rules::findings`].
    pub findings: Vec<Finding>,
    /// The BPF programs, if loading was tried.
    pub programs: Vec<Program>,
    /// The cost, if it was measured.
    pub cost: Option<MeasuredCost>,
}

impl Report {
    /// Whether Rewind can record on this host, as far as was seen.
    #[must_use]
    pub(crate) fn can_record(&self) -> bool {
        self.refusals().next().is_none()
    }

    /// The report as text, ending in a newline.
    #[must_use]
    pub(crate) fn render(&self) -> String {
        let mut out = self.answer();
        out.push_str("\n\n");
        let width = self.findings.iter().map(|finding| finding.subject.len()).max().unwrap_or(0);
        for finding in &self.findings {
            line(&mut out, width, finding.subject, word(finding.state), &finding.what);
            for (label, text) in [("costs", &finding.costs), ("remedy", &finding.remedy)] {
                if !text.is_empty() && finding.state != State::Fine {
                    continuation(&mut out, width, label, text);
                }
            }
        }
        self.render_programs(&mut out);
        if let Some(cost) = &self.cost {
            render_cost(&mut out, cost);
        }
        out
    }

    /// The report for who asks an agent: what is not as it could be.
    #[must_use]
    pub(crate) fn told(&self) -> api::Doctor {
        let findings =
            self.findings.iter().filter(|finding| finding.state != State::Fine).map(|finding| api::Wanting {
                subject: finding.subject.to_owned(),
                what: finding.what.clone(),
                costs: finding.costs.clone(),
                remedy: finding.remedy.clone(),
            });
        let of_program = |program: &Program| {
            let (why, costs) = match &program.load {
                Load::Loaded { .. } => return None,
                Load::Refused { why } => (why, String::new()),
                Load::GivenUp { why, costs } => (why, costs.clone()),
            };
            Some(api::Wanting { subject: program.name.clone(), what: why.clone(), costs, remedy: String::new() })
        };
        let wanting = findings.chain(self.programs.iter().filter_map(of_program)).collect();
        api::Doctor { answer: self.answer(), can_record: self.can_record(), wanting }
    }

    /// The first line.
    fn answer(&self) -> String {
        let refusals: Vec<&str> = self.refusals().collect();
        match refusals.as_slice() {
            [] => {}
            [only] => return format!("Rewind cannot record on this host. {only}"),
            [first, rest @ ..] => {
                let more = if rest.len() == 1 {
                    "is one more reason".to_owned()
                } else {
                    format!("are {} more reasons", rest.len())
                };
                return format!("Rewind cannot record on this host. {first} There {more} below.");
            }
        }
        let degraded = self.findings.iter().filter(|finding| finding.state == State::Degraded).count();
        let given_up = self.programs.iter().filter(|program| matches!(program.load, Load::GivenUp { .. })).count();
        match degraded + given_up {
            0 => "Rewind can record on this host.".to_owned(),
            1 => "Rewind can record on this host, with one restriction.".to_owned(),
            count => format!("Rewind can record on this host, with {count} restrictions."),
        }
    }

    /// A sentence for each thing that stands in the way.
    fn refusals(&self) -> impl Iterator<Item = &str> {
        let fatal =
            self.findings.iter().filter(|finding| finding.state == State::Fatal).map(|finding| finding.what.as_str());
        fatal.chain(self.programs.iter().filter_map(|program| match &program.load {
            Load::Refused { why } => Some(why.as_str()),
            Load::Loaded { .. } | Load::GivenUp { .. } => None,
        }))
    }

    fn render_programs(&self, out: &mut String) {
        if self.programs.is_empty() {
            return;
        }
        out.push_str("\nBPF programs\n");
        let width = self.programs.iter().map(|program| program.name.len()).max().unwrap_or(0);
        for program in &self.programs {
            match &program.load {
                Load::Loaded { verified_instructions } => {
                    let text = format!("The verifier walked through {verified_instructions} instructions.");
                    line(out, width, &program.name, word(State::Fine), &text);
                }
                Load::Refused { why } => line(out, width, &program.name, word(State::Fatal), why),
                Load::GivenUp { why, costs } => {
                    line(out, width, &program.name, word(State::Degraded), why);
                    continuation(out, width, "costs", costs);
                }
            }
        }
    }
}

const STATE_WIDTH: usize = 8;

const fn word(state: State) -> &'static str {
    match state {
        State::Fine => "ok",
        State::Degraded => "degraded",
        State::Fatal => "missing",
    }
}

// Writing to a String cannot fail.
fn line(out: &mut String, width: usize, subject: &str, state: &str, text: &str) {
    let _ = writeln!(out, "  {subject:width$}  {state:STATE_WIDTH$}  {text}");
}

fn continuation(out: &mut String, width: usize, label: &str, text: &str) {
    let _ = writeln!(out, "  {:width$}  {:STATE_WIDTH$}  {label}: {text}", "", "");
}

fn render_cost(out: &mut String, cost: &MeasuredCost) {
    let _ = writeln!(out, "\nWhat one getppid() costs here, nanoseconds");
    let _ = writeln!(out, "  {:33}  {:>7}  {:>7}", "", "ns", "added");
    let _ = writeln!(out, "  {:33}  {:>7.0}", "nothing attached", cost.bare_ns);
    for (label, ns) in
        [("Rewind, caller not recorded", cost.not_recorded_ns), ("Rewind, caller recorded", cost.recorded_ns)]
    {
        let _ = writeln!(out, "  {label:33}  {ns:>7.0}  {:>7.0}", ns - cost.bare_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(subject: &'static str, state: State, costs: &str) -> Finding {
        Finding { subject, state, what: format!("About {subject}."), costs: costs.to_owned(), remedy: String::new() }
    }

    #[test]
    fn the_answer_comes_first_and_the_columns_line_up() {
        let report = Report {
            findings: vec![finding("BTF", State::Fine, ""), finding("cgroups", State::Degraded, "A loss.")],
            programs: vec![Program { name: "sys_exit".to_owned(), load: Load::Loaded { verified_instructions: 812 } }],
            cost: Some(MeasuredCost { bare_ns: 210.4, recorded_ns: 630.4, not_recorded_ns: 400.4 }),
        };
        let expected = "\
Rewind can record on this host, with one restriction.

  BTF      ok        About BTF.
  cgroups  degraded  About cgroups.
                     costs: A loss.

BPF programs
  sys_exit  ok        The verifier walked through 812 instructions.

What one getppid() costs here, nanoseconds
                                          ns    added
  nothing attached                       210
  Rewind, caller not recorded            400      190
  Rewind, caller recorded                630      420
";
        assert_eq!(report.render(), expected);
        assert!(report.can_record());
    }

    #[test]
    fn who_asks_an_agent_is_told_what_is_not_as_it_could_be() {
        let given_up = Load::GivenUp { why: "No hook.".to_owned(), costs: "Signals.".to_owned() };
        let report = Report {
            findings: vec![finding("BTF", State::Fine, ""), finding("cgroups", State::Degraded, "A loss.")],
            programs: vec![Program { name: "signal".to_owned(), load: given_up }],
            cost: None,
        };
        let told = report.told();
        assert!(told.can_record && told.answer == "Rewind can record on this host, with 2 restrictions.", "{told:?}");
        let wanting: Vec<_> = told.wanting.iter().map(|one| [&*one.subject, &*one.what, &*one.costs]).collect();
        assert_eq!(wanting, [["cgroups", "About cgroups.", "A loss."], ["signal", "No hook.", "Signals."]]);
    }

    #[test]
    fn a_refused_program_is_the_answer_too() {
        let refused = |why: &str| Program { name: "sys_exit".to_owned(), load: Load::Refused { why: why.to_owned() } };
        let mut report = Report { programs: vec![refused("The kernel refused it.")], ..Report::default() };
        assert!(!report.can_record());
        assert!(report.render().starts_with("Rewind cannot record on this host. The kernel refused it.\n"));
        report.findings.push(finding("BTF", State::Fatal, "All."));
        assert!(
            report
                .render()
                .starts_with("Rewind cannot record on this host. About BTF. There is one more reason below.\n")
        );
    }
}
