//! `dump`, `top` and `why`: recordings that are read as a whole.

use crate::causes::{Cause, by_cause, of_files, of_recordings};
use crate::cli::{MapFormat, PodFlags, Source};
use crate::error::Error;
use crate::output::{Output, note};
use crate::reach::{Reach, Reached};
use crate::{map, source, why};
use rewind_recording::header::Container;
use rewind_recording::map::Map;
use rewind_recording::render::{self, Format, Options, Part, Summary, top, units};
use rewind_recording::stream::Recording;
use rewind_resources::request::Action;
use std::io;
use std::path::PathBuf;
use tokio::task::JoinSet;

/// A recording, and whose it is; empty if there is but one.
struct Read {
    label: String,
    recording: Recording,
}

impl Read {
    fn as_part(&self) -> Part<'_> {
        let Recording { header, records, .. } = &self.recording;
        Part { label: &self.label, header, records }
    }
}

/// What came, and who was silent.
struct All {
    read: Vec<Read>,
    reached: Reached,
    is_file: bool,
}

/// Shows every call.
///
/// # Errors
/// [`Error`].
pub(super) async fn dump(reach: &Reach, source: &Source, output: &Output, options: &Options) -> Result<(), Error> {
    let all = load(reach, source).await?;
    if options.format != Format::Table {
        all.read.iter().for_each(|read| header(&read.recording, options));
    }
    let summary = match &*all.read {
        [Read { recording: Recording { header, records, .. }, .. }] => {
            output.write(|out| render::write(out, header, records, options))?
        }
        several => {
            let parts: Vec<_> = several.iter().map(Read::as_part).collect();
            output.write(|out| render::write_merged(out, &parts, options))?
        }
    };
    all.warn();
    after(&summary, options);
    all.reached.finish()
}

/// Writes recordings in OpenTelemetry's terms.
///
/// # Errors
/// [`Error`].
pub(super) async fn otlp(reach: &Reach, source: &Source, output: &Output, options: &Options) -> Result<(), Error> {
    let all = load(reach, source).await?;
    let mut total = Summary::default();
    for Read { recording: Recording { header, records, .. }, .. } in &all.read {
        output.write(|out| {
            total.add(&rewind_otlp::write_json(out, header, records, options)?);
            Ok(())
        })?;
    }
    all.warn();
    after(&total, options);
    all.reached.finish()
}

/// Writes recordings as one trace for Perfetto.
///
/// # Errors
/// [`Error`].
pub(super) async fn perfetto(reach: &Reach, source: &Source, output: &Output, options: &Options) -> Result<(), Error> {
    if output.width.is_some() {
        return Err(Error::NotForTerminals);
    }
    let all = load(reach, source).await?;
    let parts: Vec<_> = all.read.iter().map(Read::as_part).collect();
    let summary = output.write(|out| rewind_perfetto::write(out, &parts, options))?;
    all.warn();
    after(&summary, options);
    all.reached.finish()
}

/// Sums recordings up.
///
/// # Errors
/// [`Error`].
pub(super) async fn top(
    reach: &Reach,
    source: &Source,
    output: &Output,
    options: &Options,
    by: top::By,
) -> Result<(), Error> {
    let all = load(reach, source).await?;
    let mut total = Summary::default();
    for (number, Read { label, recording }) in all.read.iter().enumerate() {
        output.write(|out| {
            heading(out, number, label, options)?;
            total.add(&top::write(out, &recording.header, &recording.records, options, by)?);
            Ok(())
        })?;
    }
    all.warn();
    after(&total, options);
    all.reached.finish()
}

/// Says who talked to whom.
///
/// # Errors
/// [`Error`].
pub(super) async fn map(
    reach: &Reach,
    target: Option<&str>,
    pods: &PodFlags,
    from: &[PathBuf],
    output: &Output,
    format: MapFormat,
) -> Result<(), Error> {
    let all = if from.is_empty() {
        fetch_all(reach.runs(target, pods, false, Action::Read).await?).await
    } else {
        let mut read = Vec::new();
        for file in from {
            read.push(Read { label: String::new(), recording: source::read(file).await? });
        }
        All { read, reached: Reached::default(), is_file: true }
    };
    let mut map = Map::default();
    for Read { recording: Recording { header, records, .. }, .. } in &all.read {
        map.add(&whose(&header.container), header, records);
    }
    let edges = map.edges();
    output.write(|out| map::write(out, &edges, format))?;
    all.warn();
    if edges.is_empty() {
        note("none of them has made or taken a connection, as far as is held");
    }
    all.reached.finish()
}

/// A container on a map: by its name alone, where it has one.
fn whose(container: &Container) -> String {
    if container.name.is_empty() { render::container_name(container) } else { container.name.to_string() }
}

/// Says why they ended, and how that differs from the run `against`.
///
/// # Errors
/// [`Error`].
pub(super) async fn why(
    reach: &Reach,
    source: &Source,
    against: Option<&Recording>,
    output: &Output,
    options: &Options,
) -> Result<(), Error> {
    let all = load(reach, source).await?;
    let causes = if all.is_file { Vec::new() } else { causes(reach, source).await };
    for (number, Read { label, recording }) in all.read.iter().enumerate() {
        output.write(|out| {
            heading(out, number, label, options)?;
            why::write(out, recording, against, &causes, options)
        })?;
    }
    all.warn();
    all.reached.finish()
}

/// What ends are kept, by cause; none where that cannot be asked for, or one may not see it.
async fn causes(reach: &Reach, source: &Source) -> Vec<Cause> {
    let ends = match reach {
        Reach::Host(agent) => agent.crashes().await.map(|list| of_files(&list)),
        Reach::Cluster(cluster) => {
            super::list::recordings(cluster, source.pods.all_namespaces).await.map(|all| of_recordings(&all))
        }
    };
    ends.map(by_cause).unwrap_or_default()
}

/// Whose what follows is, as `tail` says it of several files.
fn heading(out: &mut dyn io::Write, number: usize, label: &str, options: &Options) -> io::Result<()> {
    if label.is_empty() || options.format != Format::Table {
        return Ok(());
    }
    if number > 0 {
        writeln!(out)?;
    }
    writeln!(out, "==> {label} <==")
}

async fn load(reach: &Reach, source: &Source) -> Result<All, Error> {
    if let Some(from) = &source.from {
        let read = vec![Read { label: String::new(), recording: source::read(from).await? }];
        return Ok(All { read, reached: Reached::default(), is_file: true });
    }
    let reached = reach.runs(source.target.as_deref(), &source.pods, source.previous, Action::Read).await?;
    if let [held] = &*reached.held {
        let read = vec![Read { label: String::new(), recording: super::fetch(held).await? }];
        return Ok(All { read, reached, is_file: false });
    }
    Ok(fetch_all(reached).await)
}

/// Reads all runs at once.
async fn fetch_all(mut reached: Reached) -> All {
    let mut fetching = JoinSet::new();
    for (number, held) in std::mem::take(&mut reached.held).into_iter().enumerate() {
        fetching.spawn(async move {
            let recording = held.agent.snapshot(held.kept.run, |_| {}).await;
            (number, held.label, recording)
        });
    }
    let mut fetched = fetching.join_all().await;
    fetched.sort_by_key(|(number, ..)| *number);
    let mut read = Vec::new();
    for (_, label, recording) in fetched {
        match recording {
            Ok(recording) => read.push(Read { label, recording }),
            Err(error) => {
                note(&format!("{label}: {error}"));
                reached.silent.push(label);
            }
        }
    }
    All { read, reached, is_file: false }
}

/// What is said of the recording where standard output has no place for it.
fn header(recording: &Recording, options: &Options) {
    let plain = Options { color: false, ..options.clone() };
    // Standard error may be closed; that is no reason to keep the recording back.
    drop(render::write_header(&mut io::stderr().lock(), &recording.header, &plain));
}

/// What is said when all is shown: what was left out, and what could not be read.
fn after(summary: &Summary, options: &Options) {
    if let Some(malformed) = summary.malformed {
        note(&format!("warning: records behind some point cannot be read: {malformed}"));
    }
    if summary.unknown > 0 {
        let unknown = units::counted(summary.unknown, "record");
        note(&format!("{unknown} of kinds that this version does not know left out: use a newer one"));
    }
    if options.filter.is_for_events() {
        note(&format!("{} shown", units::counted(summary.events, "event")));
    } else if options.filter.chooses() {
        let (shown, held) = (units::grouped(summary.shown), units::counted(summary.calls, "call"));
        let hint = if summary.shown == 0 { ": no call passes the filter, try a wider one" } else { "" };
        note(&format!("{shown} of {held} shown{hint}"));
    } else if summary.calls == 0 {
        note("the recording holds no call: the container has made none since it began");
    }
}

impl All {
    /// What is said of recordings that are not whole.
    fn warn(&self) {
        for Read { label, .. } in self.read.iter().filter(|read| !read.recording.complete) {
            let whose = if label.is_empty() { String::new() } else { format!("{label}: ") };
            let text = if self.is_file {
                "warning: the file is cut short, calls at the end may be missing"
            } else {
                "warning: the connection ended early, calls at the end may be missing; try again"
            };
            note(&format!("{whose}{text}"));
        }
    }
}
