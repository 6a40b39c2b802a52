//! What each command does: decide, fetch, show.

use crate::cli::{Choice, Cli, Command, Dumped, Installed, Place, PodFlags, Reading, Window};
use crate::cluster::{Cluster, request};
use crate::error::Error;
use crate::fetch::Agent;
use crate::output::{Output, Progress, note};
use crate::reach::{Held, Reach, Reached};
use rewind_recording::render::{Format, Options};
use rewind_recording::stream::Recording;
use rewind_resources::request::Action;
use std::sync::Arc;

mod deploy;
mod diff;
mod doctor;
mod export;
mod list;
mod live;
mod mcp;
mod node;
mod read;
mod save;
mod status;
mod trace;
mod undeploy;

/// Runs a command.
///
/// # Errors
/// [`Error`]; what was shown until then stays shown.
pub(crate) async fn run(cli: &Cli) -> Result<(), Error> {
    let reach = match cli.place() {
        Place::Host(socket) => Reach::Host(Agent::new(&socket)),
        Place::Cluster => Reach::Cluster(Arc::new(Cluster::new(&cli.cluster).await?)),
    };
    let done = tokio::select! {
        // In this order: a trace that is ended by Ctrl-C has something to say still.
        biased;
        done = of(cli, &reach) => done,
        () = interrupted() => Err(Error::Interrupted),
    };
    if let Reach::Cluster(cluster) = &reach {
        request::delete_all(cluster).await;
    }
    done
}

async fn of(cli: &Cli, reach: &Reach) -> Result<(), Error> {
    let output = Output::of_process(cli.no_color);
    match &cli.command {
        Command::List { crashes, by_cause, output: format, all_namespaces } => {
            let what = list::What::of(*crashes, *by_cause);
            match reach {
                Reach::Host(agent) => list::on_host(agent, &output, *format, what).await,
                Reach::Cluster(cluster) => list::in_cluster(cluster, &output, *format, what, *all_namespaces).await,
            }
        }
        Command::Dump { source, window, output: format, reading } => {
            let options = options(cli, &output, window, reading);
            match (*format).into() {
                Dumped::Text(format) => read::dump(reach, source, &output, &Options { format, ..options }).await,
                Dumped::Otlp => read::otlp(reach, source, &output, &options).await,
                Dumped::Perfetto => read::perfetto(reach, source, &output, &options).await,
            }
        }
        Command::Node { name, interval, sort, output: format } => {
            node::run(&reach.node(name.as_deref()).await?, &output, *interval, *sort, *format).await
        }
        Command::Top { source, node, interval, .. } if !source.is_typed() => {
            live::run(reach, node.as_deref(), &output, *interval).await
        }
        Command::Top { source, by, window, output: format, choice, .. } => {
            let options = options(cli, &output, window, &Reading::of(choice));
            let options = Options { format: (*format).into(), ..options };
            read::top(reach, source, &output, &options, (*by).into()).await
        }
        Command::Why { source, against, output: format } => {
            let options = options(cli, &output, &Window::default(), &Reading::default());
            let against = match against {
                Some(target) => Some(diff::against(reach, source, target.as_deref()).await?),
                None => None,
            };
            let options = Options { format: (*format).into(), ..options };
            read::why(reach, source, against.as_ref(), &output, &options).await
        }
        Command::Diff { targets, container, previous, from, output: format } => {
            let options = options(cli, &output, &Window::default(), &Reading::default());
            let pods = &PodFlags { container: container.clone(), ..PodFlags::default() };
            let two = diff::Two { targets, pods, previous: *previous, from };
            diff::run(reach, &two, &output, &Options { format: (*format).into(), ..options }).await
        }
        Command::Map { target, selector, all_namespaces, from, output: format } => {
            let is_all = target.is_none() && selector.is_none();
            // All labels are among none.
            let selector = selector.clone().or_else(|| is_all.then(String::new));
            let pods =
                PodFlags { selector, all_namespaces: *all_namespaces, all_containers: true, ..PodFlags::default() };
            read::map(reach, target.as_deref(), &pods, from, &output, *format).await
        }
        Command::Save { target, pods, previous, output } => {
            let reached = reach.runs(target.as_deref(), pods, *previous, Action::Read).await?;
            save::run(reached, target.as_deref(), output).await
        }
        Command::Trace { target, pods, output: format, reading } => {
            let options = options(cli, &output, &Window::default(), reading);
            let options = Options { format: (*format).into(), ..options };
            let reached = reach.runs(target.as_deref(), pods, false, Action::Trace).await?;
            let arrivals = trace::Arrivals::of(reach, target.as_deref(), pods);
            trace::run(reached, arrivals, &output, &options).await
        }
        Command::Export { from, endpoint, window, choice } => {
            let options = options(cli, &output, window, &Reading::of(choice));
            export::run(from, endpoint.as_deref(), &options).await
        }
        Command::Payload { target, switch, pods } => {
            let reached = reach.runs(Some(target), pods, false, Action::Payload).await?;
            set_payload(reached, target, (*switch).into()).await
        }
        Command::Installed(command) => of_installed(command, reach, &output).await,
        Command::Mcp => mcp::run(cli.place_arguments()).await,
        Command::Version => status::version(reach, &output).await,
        Command::Completion { shell } => crate::cli::write_completion(*shell),
    }
}

async fn of_installed(command: &Installed, reach: &Reach, output: &Output) -> Result<(), Error> {
    match command {
        Installed::Deploy { .. } => deploy::run(in_cluster(reach, "deploy")?, command).await,
        Installed::Undeploy { keep_recordings, timeout } => {
            undeploy::run(in_cluster(reach, "undeploy")?, *keep_recordings, *timeout).await
        }
        Installed::Status { output: format } => status::run(in_cluster(reach, "status")?, output, *format).await,
        Installed::Doctor { all_namespaces, output: format } => {
            doctor::run(in_cluster(reach, "doctor")?, output, *format, *all_namespaces).await
        }
    }
}

fn in_cluster<'r>(reach: &'r Reach, command: &'static str) -> Result<&'r Arc<Cluster>, Error> {
    match reach {
        Reach::Cluster(cluster) => Ok(cluster),
        Reach::Host(_) => Err(Error::NeedsCluster(command)),
    }
}

async fn set_payload(reached: Reached, target: &str, on: bool) -> Result<(), Error> {
    for held in &reached.held {
        let crate::runs::KeptRun::Ring(recording) = held.kept.run else { continue };
        let payload = held.agent.set_payload(recording, on).await?;
        let whose = if held.is_in_cluster() { &held.label } else { target };
        note(&format!("payload of {whose} is {} from now on", if payload.on { "recorded" } else { "not recorded" }));
    }
    reached.finish()
}

/// Reads a run.
async fn fetch(held: &Held) -> Result<Recording, Error> {
    let mut progress = Progress::start();
    held.agent.snapshot(held.kept.run, |bytes| progress.bytes(bytes)).await
}

fn options(cli: &Cli, output: &Output, window: &Window, reading: &Reading) -> Options {
    let filter = Choice::filter(&reading.choice, window);
    Options {
        format: Format::default(),
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

/// Ctrl-C, or that the process is asked to end.
async fn interrupted() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else { return interrupt.await };
        tokio::select! {
            () = interrupt => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
