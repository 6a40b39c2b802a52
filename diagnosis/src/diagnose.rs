//! From a recording to its [`Diagnosis`].

use crate::answer::{Answered, answer, class, is_unusual};
use crate::diagnosis::{Confidence, Diagnosis, Ended, FindingText, Said};
use crate::event_text::{event_text, rfc3339};
use crate::facts::Facts;
use crate::finding::{Finding, Relation};
use crate::last_words::LastWords;
use crate::notice::notice;
use crate::weight::{CERTAIN, weighed_groups};
use crate::{fingerprint, rules, sections};
use rewind_recording::clock::Clock;
use rewind_recording::header::Header;
use rewind_recording::peer::beside;
use rewind_recording::render::units::counted;
use rewind_recording::render::{Options, container_name};

/// Diagnoses a recording.
#[must_use]
pub fn diagnose(header: &Header, records: &[u8], options: &Options) -> Diagnosis {
    let facts = Facts::new(header, records);
    let words = LastWords::of(&facts);
    let groups = weighed_groups(&facts, words.as_ref());
    let found = rules::findings(&facts, &groups, words.as_ref());
    let general = fingerprint::general(&facts, found.first(), words.as_ref());
    let mut clock = Clock::new(options.zone.clone(), header.host.unix_offset_ns);
    let unusual = is_unusual(&facts, &found, words.as_ref());
    let mut diagnosis = Diagnosis {
        answer: beside(&answer(&facts, &found, words.as_ref()), &header.peers),
        notice: notice(&facts, &found)
            .filter(|_| facts.ending.is_some() || !unusual)
            .map(|notice| beside(&notice, &header.peers)),
        confidence: confidence(&facts, &found),
        class: class(&facts, &found),
        fingerprint: general.as_deref().map(fingerprint::fingerprint),
        general,
        unusual,
        container: container_name(&header.container),
        pod: header.container.pod.as_ref().map(|pod| pod.words()).filter(|words| !words.is_empty()),
        calls_held: header.coverage.calls_held,
        covered_ns: header.coverage.newest_ns.saturating_sub(header.coverage.oldest_ns),
        ended: ended(&facts, &mut clock),
        last_words: words.as_ref().map(|words| said(&facts, words, &mut clock)),
        caveats: caveats(&facts),
        ..Diagnosis::default()
    };
    diagnosis.findings = found.into_iter().take(4).map(|finding| in_words(&facts, finding, &mut clock)).collect();
    sections::fill(&mut diagnosis, &facts, &groups, words.as_ref(), &mut clock);
    for failed in diagnosis.failed.iter_mut().filter_map(|failed| failed.what.as_mut()) {
        *failed = beside(failed, &header.peers);
    }
    diagnosis
}

/// The answer alone: one sentence, for where there is no room for more.
#[must_use]
pub fn cause(header: &Header, records: &[u8]) -> String {
    Answered::of(&Facts::new(header, records)).sentence()
}

fn confidence(facts: &Facts<'_>, found: &[Finding]) -> Confidence {
    match found.first() {
        None => Confidence::None,
        Some(first) if first.relation == Relation::Beside && facts.ending.is_some() => Confidence::None,
        // What ended well has no cause that could be sure: it was asked to end.
        Some(_) if facts.ending.is_some() && !facts.ended_badly() => Confidence::None,
        Some(first) if first.weight >= CERTAIN => Confidence::Certain,
        Some(_) => Confidence::Likely,
    }
}

fn said(facts: &Facts<'_>, words: &LastWords, clock: &mut Clock) -> Said {
    let LastWords { text, is_error, tgid, events: [first, last], .. } = words;
    let mut writes = vec![*first, *last];
    writes.dedup();
    let evidence = writes.into_iter().filter_map(|index| event_text(facts, index, clock)).collect();
    Said { text: text.clone(), is_error: *is_error, tgid: *tgid, evidence }
}

fn ended(facts: &Facts<'_>, clock: &mut Clock) -> Option<Ended> {
    let ending = facts.ending?;
    let process = facts.processes.get(&ending.tgid);
    Some(Ended {
        how: ending.words(),
        time: rfc3339(clock, ending.at_ns),
        ktime_ns: ending.at_ns,
        tgid: ending.tgid,
        comm: process.map_or_else(String::new, |process| process.comm.clone()),
        exit_code: ending.exit_code,
        signal: ending.signal,
    })
}

fn in_words(facts: &Facts<'_>, finding: Finding, clock: &mut Clock) -> FindingText {
    let Finding { rule, weight, text, reasons, evidence, .. } = finding;
    let text = beside(&text, &facts.header.peers);
    let evidence = evidence.into_iter().filter_map(|index| event_text(facts, index, clock)).collect();
    FindingText { rule, text, weight, reasons, evidence }
}

/// What makes the answer less certain.
fn caveats(facts: &Facts<'_>) -> Vec<String> {
    let mut caveats = Vec::new();
    let coverage = &facts.header.coverage;
    if facts.timeline.is_empty() {
        caveats.push("the recording holds no records".to_owned());
    }
    if coverage.decisive_from_ns > facts.header.born_ns && coverage.calls_overwritten > 0 {
        let gone = counted(coverage.calls_overwritten, "older call");
        caveats.push(format!("{gone} overwritten: what failed long before the end may be missing"));
    }
    let lost: u64 = facts.header.losses.iter().filter(|(name, _)| !name.ends_with("_argument")).map(|(_, n)| n).sum();
    if lost > 0 {
        caveats.push(format!("{} lost", counted(lost, "record")));
    }
    if let Some(malformed) = facts.timeline.malformed() {
        caveats.push(format!("records behind some point cannot be read: {malformed}"));
    }
    if facts.timeline.unknown() > 0 {
        caveats
            .push(format!("{} of kinds that this version does not know", counted(facts.timeline.unknown(), "record")));
    }
    caveats
}
