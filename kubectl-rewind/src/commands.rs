//! What each command does: decide, fetch, show.

use crate::cli::{Choice, Cli, Command, ListFormat, Reading, Source, Window};
use crate::error::Error;
use crate::fetch::Agent;
use crate::output::{Output, Progress, note};
use crate::runs::{self, KeptRun};
use crate::target::TargetError;
use crate::{crashes, list, target, why};
use rewind_recording::api::Listed;
use rewind_recording::file::{self, Saving};
use rewind_recording::malformed::Malformed;
use rewind_recording::render::{self, Format, Options, Summary, top, units};
use rewind_recording::stream::Recording;
use std::io;
use std::path::Path;

mod trace;

/// Runs a command.
///
/// # Errors
/// [`Error`]; what was shown until then stays shown.
pub(crate) async fn run(cli: &Cli) -> Result<(), Error> {
    let agent = Agent::new(&cli.socket);
    let output = Output::of_process(cli.no_color);
    match &cli.command {
        Command::List { crashes: true, output: format } => list_crashes(&agent, &output, *format).await,
        Command::List { output: format, .. } => list(&agent, &output, *format).await,
        Command::Dump { source, window, reading } => {
            let options = options(cli, &output, window, reading);
            let recording = load(&agent, source).await?;
            if options.format != Format::Table {
                header(&recording, &options);
            }
            let Recording { header, records, .. } = &recording;
            let summary = output.write(|out| render::write(out, header, records, &options))?;
            after(&recording, source, &summary, &options);
            Ok(())
        }
        Command::Top { source, by, window, output: format, choice } => {
            let reading = Reading::of(choice);
            let options = Options { format: (*format).into(), ..options(cli, &output, window, &reading) };
            let recording = load(&agent, source).await?;
            let Recording { header, records, .. } = &recording;
            let summary = output.write(|out| top::write(out, header, records, &options, (*by).into()))?;
            after(&recording, source, &summary, &options);
            Ok(())
        }
        Command::Why { source, output: format } => {
            let options =
                Options { format: (*format).into(), ..options(cli, &output, &Window::default(), &Reading::default()) };
            let recording = load(&agent, source).await?;
            let Recording { header, records, .. } = &recording;
            output.write(|out| why::write(out, header, records, &options))?;
            warn(&recording, source, None);
            Ok(())
        }
        Command::Save { target, previous, output } => save(&agent, target, *previous, output).await,
        Command::Trace { target, reading } => {
            let options = options(cli, &output, &Window::default(), reading);
            let listed = find(&agent, target).await?;
            if !listed.is_living() {
                return Err(Error::Dead(render::container_name(&listed.container)));
            }
            trace::run(&agent, listed.recording, &output, &options).await
        }
        Command::Payload { target, switch } => {
            let listed = find(&agent, target).await?;
            let payload = agent.set_payload(listed.recording, (*switch).into()).await?;
            note(&format!(
                "payload of {target} is {} from now on",
                if payload.on { "recorded" } else { "not recorded" }
            ));
            Ok(())
        }
        Command::Completion { shell } => crate::cli::write_completion(*shell),
    }
}

async fn list(agent: &Agent, output: &Output, format: ListFormat) -> Result<(), Error> {
    let list = agent.list().await?;
    output.write(|out| list::write(out, &list, format))?;
    if format != ListFormat::Json {
        note(&list::footer(&list));
    }
    Ok(())
}

async fn list_crashes(agent: &Agent, output: &Output, format: ListFormat) -> Result<(), Error> {
    let list = agent.crashes().await?;
    output.write(|out| crashes::write(out, &list, format))?;
    if format != ListFormat::Json {
        crashes::footer(&list).iter().for_each(|line| note(line));
    }
    Ok(())
}

async fn find(agent: &Agent, target: &str) -> Result<Listed, Error> {
    let list = agent.list().await?;
    Ok(target::choose(&list.recordings, target)?.clone())
}

async fn load(agent: &Agent, source: &Source) -> Result<Recording, Error> {
    match (&source.from, &source.target) {
        (None, Some(target)) => fetch(agent, target, source.previous).await,
        (None, None) => Err(Error::NoSource),
        (Some(path), _) if path == Path::new("-") => Ok(file::read(io::stdin().lock())?),
        (Some(path), _) => file::open(path).map_err(|source| Error::File { path: path.clone(), source }),
    }
}

async fn save(agent: &Agent, target: &str, previous: bool, path: &Path) -> Result<(), Error> {
    let failed = |source| Error::Save { path: path.to_owned(), source };
    let saving = Saving::start(path).map_err(failed)?;
    let Recording { header, records, complete } = fetch(agent, target, previous).await?;
    if !complete {
        return Err(Error::Torn(render::container_name(&header.container)));
    }
    let bytes = saving.finish(&header, &records).map_err(failed)?;
    let (name, calls) = (render::container_name(&header.container), units::counted(header.coverage.calls_held, "call"));
    note(&format!("{name} saved to {}: {calls} in {}", path.display(), units::bytes(bytes)));
    Ok(())
}

async fn fetch(agent: &Agent, target: &str, previous: bool) -> Result<Recording, Error> {
    let held = held(agent, target, previous).await?;
    let mut progress = Progress::start();
    agent.snapshot(held, |bytes| progress.bytes(bytes)).await
}

/// Where the run that is meant is held: in a ring, or if none is of TARGET, in a crash file.
async fn held(agent: &Agent, target: &str, previous: bool) -> Result<KeptRun, Error> {
    let list = agent.list().await?;
    if previous {
        return Ok(runs::previous(&list, &agent.crashes().await?, target)?);
    }
    match target::choose(&list.recordings, target) {
        Ok(listed) => Ok(KeptRun::Ring(listed.recording)),
        Err(none @ (TargetError::Unknown { .. } | TargetError::Nothing)) => {
            match runs::on_disk(&agent.crashes().await?, target) {
                Err(TargetError::Unknown { .. } | TargetError::Nothing) => Err(none.into()),
                on_disk => Ok(on_disk?),
            }
        }
        Err(error) => Err(error.into()),
    }
}

fn options(cli: &Cli, output: &Output, window: &Window, reading: &Reading) -> Options {
    let filter = Choice::filter(&reading.choice, window);
    Options {
        format: reading.output.into(),
        pids: filter.numbers,
        filter,
        timestamps: reading.timestamps(),
        durations: reading.durations,
        descriptors: reading.descriptors,
        string_bytes: reading.string_bytes,
        color: output.color,
        width: output.width,
        zone: cli.zone(),
    }
}

/// What is said of the recording where standard output has no place for it.
fn header(recording: &Recording, options: &Options) {
    let plain = Options { color: false, ..options.clone() };
    // Standard error may be closed; that is no reason to keep the recording back.
    drop(render::write_header(&mut io::stderr().lock(), &recording.header, &plain));
}

/// What is said when all is shown: what was left out, and what could not be read.
fn after(recording: &Recording, source: &Source, summary: &Summary, options: &Options) {
    warn(recording, source, summary.malformed);
    if summary.unknown > 0 {
        let unknown = units::counted(summary.unknown, "record");
        note(&format!("{unknown} of kinds that this version does not know left out: use a newer one"));
    }
    if options.filter.events {
        note(&format!("{} shown", units::counted(summary.events, "event")));
    } else if options.filter.chooses() {
        let (shown, held) = (units::grouped(summary.shown), units::counted(summary.calls, "call"));
        let hint = if summary.shown == 0 { ": no call passes the filter, try a wider one" } else { "" };
        note(&format!("{shown} of {held} shown{hint}"));
    } else if summary.calls == 0 {
        note("the recording holds no call: the container has made none since it began");
    }
}

/// What is said of a recording that is not whole.
fn warn(recording: &Recording, source: &Source, malformed: Option<Malformed>) {
    if !recording.complete {
        note(match source.from {
            Some(_) => "warning: the file is cut short, calls at the end may be missing",
            None => "warning: the connection ended early, calls at the end may be missing; try again",
        });
    }
    if let Some(malformed) = malformed {
        note(&format!("warning: records behind some point cannot be read: {malformed}"));
    }
}
