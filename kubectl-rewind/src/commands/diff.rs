//! `diff`, and what `why --against` needs of it: two runs side by side.

use crate::cli::{PodFlags, Source};
use crate::diff::write;
use crate::diffs::Alike;
use crate::error::Error;
use crate::output::{Output, note};
use crate::reach::{Held, Reach};
use crate::source;
use crate::target::TargetError;
use rewind_diagnosis::diff::diff;
use rewind_recording::render::Options;
use rewind_recording::stream::Recording;
use rewind_resources::request::Action;
use std::path::{Path, PathBuf};

/// Which two runs: files first, then targets; of one target alone the run before it and it, of each of its containers.
#[derive(Debug)]
pub(super) struct Two<'t> {
    pub(super) targets: &'t [String],
    pub(super) pods: &'t PodFlags,
    pub(super) previous: bool,
    pub(super) from: &'t [PathBuf],
}

/// Shows how two runs differ.
///
/// # Errors
/// [`Error::Differ`] where they do; [`Error`].
pub(super) async fn run(reach: &Reach, two: &Two<'_>, output: &Output, options: &Options) -> Result<(), Error> {
    if let (true, [target]) = (two.previous, two.targets) {
        return with_previous(reach, target, two.pods, output, options).await;
    }
    let mut read = Vec::new();
    for file in two.from {
        read.push(file_of(file).await?);
    }
    let mut held = Vec::new();
    for target in two.targets {
        held.push(held_of(reach, target, two.pods, false).await?);
    }
    for one in &held {
        read.push(recording_of(one).await?);
    }
    let [a, b] = &*read else { return Err(Error::NoSource) };
    // A run that lives goes on between two looks at it.
    let is_one = matches!(&*held, [a, b] if a.kept == b.kept && a.label == b.label);
    let b = if is_one { a } else { b };
    let told = diff((&a.header, &a.records), (&b.header, &b.records));
    output.write(|out| write(out, &told, options))?;
    if told.differs { Err(Error::Differ) } else { Ok(()) }
}

/// Shows how the newest run of each container that TARGET means differs from the one before it. Those that differ alike
/// stand together.
async fn with_previous(
    reach: &Reach,
    target: &str,
    pods: &PodFlags,
    output: &Output,
    options: &Options,
) -> Result<(), Error> {
    let before = reach.runs(Some(target), pods, true, Action::Read).await?;
    let mut newest = reach.runs(Some(target), pods, false, Action::Read).await?;
    let is_one = before.held.len() == 1 && newest.held.len() == 1;
    let mut alike = Alike::default();
    for a in &before.held {
        let Some(b) = newest.held.iter().find(|b| is_one || b.label == a.label) else { continue };
        let read_a = recording_of(a).await?;
        // A run that lives goes on between two looks at it.
        let read_b = if a.kept == b.kept { None } else { Some(recording_of(b).await?) };
        let of_b = read_b.as_ref().unwrap_or(&read_a);
        alike.add(&b.label, diff((&read_a.header, &read_a.records), (&of_b.header, &of_b.records)));
    }
    if alike.is_empty() {
        return Err(TargetError::NoPrevious { target: target.to_owned() }.into());
    }
    output.write(|out| alike.write(out, options))?;
    newest.silent.extend(before.silent);
    newest.finish()?;
    if alike.differ() { Err(Error::Differ) } else { Ok(()) }
}

/// The run that `why` is to look at beside the one that is asked about: the run before where none is named, and a file
/// where that is of one.
///
/// # Errors
/// [`Error`].
pub(super) async fn against(reach: &Reach, source: &Source, against: Option<&str>) -> Result<Recording, Error> {
    if source.from.is_some() {
        return file_of(Path::new(against.ok_or(Error::NoSource)?)).await;
    }
    let target = against.or(source.target.as_deref()).ok_or(Error::NoSource)?;
    let held = held_of(reach, target, &source.pods, against.is_none()).await?;
    recording_of(&held).await
}

/// The one run that TARGET means.
async fn held_of(reach: &Reach, target: &str, pods: &PodFlags, previous: bool) -> Result<Held, Error> {
    let reached = reach.runs(Some(target), pods, previous, Action::Read).await?;
    match <[Held; 1]>::try_from(reached.held) {
        Ok([held]) => Ok(held),
        Err(several) => {
            let candidates = several.into_iter().map(|held| held.label).collect();
            Err(TargetError::Several { target: target.to_owned(), candidates }.into())
        }
    }
}

async fn recording_of(held: &Held) -> Result<Recording, Error> {
    let recording = super::fetch(held).await?;
    if !recording.complete {
        note(&format!(
            "{}: warning: the connection ended early, calls at the end may be missing; try again",
            held.label
        ));
    }
    Ok(recording)
}

async fn file_of(file: &Path) -> Result<Recording, Error> {
    let recording = source::read(file).await?;
    if !recording.complete {
        note(&format!("{}: warning: the file is cut short, calls at the end may be missing", file.display()));
    }
    Ok(recording)
}
