//! What failed in one run, in general form.

use crate::calls::{self, bits};
use crate::facts::{Facts, Failure, Process, Subject};
use crate::general::Form;
use crate::meaning::Meaning;
use crate::noise::{Noise, noise};
use crate::text::has_name;
use rewind_recording::decode::errno_text;
use rewind_recording::header::Container;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// A longer subject is nothing that could be told again.
const MAX_SUBJECT: usize = 256;
/// A longer name of a program, likewise.
const MAX_PROGRAM: usize = 64;

/// A failure in general form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Failed {
    /// The program's name.
    pub program: String,
    /// The call.
    pub call: String,
    /// How.
    pub errno: u16,
    /// The path or peer; empty: nothing that is known.
    pub subject: String,
}

/// What a container is a run of: the same for each run of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Workload {
    /// The pod's namespace; empty: no pod. Whose it is: the number alone could be made to be that of another's.
    pub namespace: Box<str>,
    /// Of its image in its place, or of the container.
    pub number: u64,
}

/// What failed in one run, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthyRun {
    /// The workload.
    pub workload: Workload,
    /// What ran, by name.
    pub programs: Vec<String>,
    /// What failed, how often.
    pub failures: BTreeMap<Failed, u32>,
}

impl HealthyRun {
    /// What is worth learning of what failed until `until_ns`. `None`: of whom is not known.
    pub(super) fn of(facts: &Facts<'_>, until_ns: u64) -> Option<Self> {
        let mut said = HashMap::new();
        let mut complained = |tgid: u32, failure: &Failure| {
            let said = said.entry(tgid).or_insert_with(|| facts.processes.get(&tgid).map(said_in_error));
            said.as_ref().is_some_and(|said| names(said, failure))
        };
        Self::with(facts, |failure| {
            let process = facts.processes.get(&failure.tgid);
            let ended_badly = process.and_then(|process| process.end).is_some_and(|end| !end.ending.is_success());
            let waits = facts.ending.is_none() && matches!(failure.subject, Subject::Peer(_));
            let is_past = failure.at_ns <= until_ns && !ended_badly && !waits;
            is_past && can_be_harmless(failure) && !complained(failure.tgid, failure)
        })
    }

    /// All that failed and may be taken for a cause.
    pub(super) fn all(facts: &Facts<'_>) -> Option<Self> {
        let is_odd = |failure: &Failure| noise(&failure.name, &failure.subject, failure.errno) == Noise::None;
        Self::with(facts, |failure| !failure.recovered && is_odd(failure))
    }

    fn with(facts: &Facts<'_>, mut counts: impl FnMut(&Failure) -> bool) -> Option<Self> {
        let workload = Workload::of(&facts.header.container)?;
        let mut form = GeneralForm::of(facts);
        let mut failures = BTreeMap::<Failed, u32>::new();
        for failure in &facts.failures {
            if is_answer(failure) || !counts(failure) {
                continue;
            }
            if let Some(failed) = form.failed(failure) {
                let times = failures.entry(failed).or_default();
                *times = times.saturating_add(1);
            }
        }
        let own = facts.processes.iter().filter(|(_, process)| !process.is_setup());
        let mut programs: Vec<_> = own.filter_map(|(tgid, _)| form.program(*tgid)).collect();
        programs.sort_unstable();
        programs.dedup();
        Some(Self { workload, programs, failures })
    }
}

/// Failures of one recording in their general form, each worked out once.
pub(super) struct GeneralForm<'f, 'a> {
    facts: &'f Facts<'a>,
    form: Form,
    programs: HashMap<u32, Option<String>>,
    subjects: HashMap<(Subject, bool), Option<String>>,
}

impl<'f, 'a> GeneralForm<'f, 'a> {
    pub(super) fn of(facts: &'f Facts<'a>) -> Self {
        let form = Form::of_run(&facts.timeline, facts.arch);
        Self { facts, form, programs: HashMap::new(), subjects: HashMap::new() }
    }

    /// `None`: it is another in each run.
    pub(super) fn failed(&mut self, failure: &Failure) -> Option<Failed> {
        let program = self.program(failure.tgid)?;
        let is_client = failure.name.starts_with("accept");
        let key = (failure.subject.clone(), is_client);
        let form = &self.form;
        let subject = self.subjects.entry(key).or_insert_with_key(|(subject, _)| general(form, subject, is_client));
        Some(Failed {
            program,
            call: self.form.text(&failure.name).into_owned(),
            errno: failure.errno,
            subject: subject.clone()?,
        })
    }

    /// The program of a process, or of who forked it, by its name alone.
    fn program(&mut self, tgid: u32) -> Option<String> {
        let (facts, form) = (self.facts, &self.form);
        self.programs.entry(tgid).or_insert_with(|| program(facts, form, tgid)).clone()
    }
}

fn program(facts: &Facts<'_>, form: &Form, tgid: u32) -> Option<String> {
    let process = |tgid: u32| facts.processes.get(&tgid);
    let family = std::iter::successors(process(tgid), |child| process(child.parent)).take(64);
    let ran = family.clone().find_map(|process| process.programs.last());
    let command =
        ran.map_or_else(|| process(tgid).map(|own| own.comm.as_str()), |ran| ran.command.split(' ').next())?;
    let name = command.rsplit('/').next().unwrap_or(command);
    let name = form.text(name).into_owned();
    (!name.is_empty() && name.len() <= MAX_PROGRAM).then_some(name)
}

/// A subject in general form; empty where none is known.
fn general(form: &Form, subject: &Subject, is_client: bool) -> Option<String> {
    let text = match subject {
        Subject::Path(path) => form.text(path).into_owned(),
        Subject::Peer(peer) => form.peer(peer, is_client).into_owned(),
        Subject::Descriptor(_) | Subject::Nothing => return Some(String::new()),
    };
    // Of its own process it is the same each time.
    let rest = ["/proc/<pid>", "/task/<tid>", "/fd/<fd>"].iter().fold(text.clone(), |text, of| text.replace(of, ""));
    (text.len() <= MAX_SUBJECT && !rest.contains(['<', '\u{2026}'])).then_some(text)
}

fn is_answer(failure: &Failure) -> bool {
    matches!(noise(&failure.name, &failure.subject, failure.errno), Noise::Answer(_))
}

/// Whether it says anything of another run that a failure did no harm in this one.
pub(super) fn can_be_harmless(failure: &Failure) -> bool {
    let is_learnable = matches!(
        failure.meaning(),
        Meaning::Denied | Meaning::ReadOnly | Meaning::Missing | Meaning::Busy | Meaning::Peer | Meaning::Other
    );
    let is_known = matches!(failure.subject, Subject::Path(_) | Subject::Peer(_));
    // Each means something else where bytes are moved.
    let moves = calls::has(&failure.name, bits::TRANSFERS);
    is_learnable && !failure.recovered && (is_known || !moves)
}

/// What a process wrote to standard error, in lower case.
fn said_in_error(process: &Process) -> String {
    let said = process.outputs.iter().filter(|output| output.to_stderr);
    said.fold(String::new(), |text, output| text + &output.text.to_lowercase() + "\n")
}

/// Whether a text names what failed, or tells its error.
fn names(said: &str, failure: &Failure) -> bool {
    let subject = failure.subject.text().map(str::to_lowercase);
    let named = subject.is_some_and(|subject| {
        let last = subject.rsplit('/').next().unwrap_or(&subject);
        last.len() > 2 && has_name(said, last)
    });
    named || errno_text(failure.errno).is_some_and(|text| said.contains(&text.to_lowercase()))
}

impl Workload {
    /// Of a container: the same image in the same place, or, where the image is not known, the same container. `None`:
    /// it is a pod's, and whose that is is not known.
    #[must_use]
    pub fn of(container: &Container) -> Option<Self> {
        let pod = container.pod.as_ref().filter(|pod| !pod.namespace.is_empty());
        if pod.is_none() && !container.pod_uid.is_empty() {
            return None;
        }
        let number = match pod.filter(|pod| !pod.image.is_empty()) {
            Some(pod) => hash(&[&pod.service.name, &pod.container, &pod.image].map(|text| text.as_str())),
            None => {
                let (pod_uid, name) = container.identity();
                hash(&[pod_uid.as_str(), name.as_str()])
            }
        };
        Some(Self { namespace: pod.map(|pod| pod.namespace.as_str().into()).unwrap_or_default(), number })
    }
}

/// FNV-1a: it must be the same in each version.
fn hash(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
