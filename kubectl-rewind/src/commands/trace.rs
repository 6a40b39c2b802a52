//! `trace`: shows calls as they are made, until Ctrl-C or the containers' ends. Where an owner's pods are traced or a
//! selector's, who comes later is, too, and Ctrl-C ends it.

mod arrivals;

pub(super) use arrivals::Arrivals;

use crate::error::Error;
use crate::failure::Failure;
use crate::fetch::{Agent, Frames, RENEWAL};
use crate::output::{Output, note};
use crate::reach::{Held, Reached};
use crate::runs::KeptRun;
use rewind_recording::header::Header;
use rewind_recording::render::{Format, Live, Options, Prefix, units, write_header};
use rewind_recording::stream::{Frame, Status, StreamError};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How often it is looked for what waits in vain.
const CLOCK: Duration = Duration::from_secs(1);
/// Frames that wait to be shown.
const WAITING: usize = 64;

/// One trace of those that are shown.
struct Traced<'o> {
    label: String,
    /// `namespace/pod/container`.
    container: String,
    header: Header,
    /// When it began.
    since: Instant,
    live: Option<Live<'o>>,
    status: Status,
}

/// What comes of one of them.
enum Came {
    Frame(Frame),
    /// The connection broke, or what came is damaged.
    Broken(Option<Error>),
    /// The right to go on is gone.
    Refused(Failure),
    /// Others that are meant have begun.
    Arrived(Vec<Held>),
    /// The right to see who comes is gone.
    Unseen(Failure),
}

/// How all of them are shown.
struct Shown<'o> {
    output: &'o Output,
    options: &'o Options,
    prefix: Option<Prefix>,
    arrivals: Option<Arrivals>,
}

/// What comes, and of which of them.
type Coming = (usize, Came);

/// What ended a trace.
enum End {
    Interrupted,
    Container(Box<Header>),
    Broken,
    Refused,
}

/// Traces what is meant.
///
/// # Errors
/// [`Error`]. That the container or the person ended it is none.
pub(super) async fn run(
    mut reached: Reached,
    arrivals: Option<Arrivals>,
    output: &Output,
    options: &Options,
) -> Result<(), Error> {
    let mut held = std::mem::take(&mut reached.held);
    if arrivals.is_some() && held.iter().any(|held| held.kept.living) {
        held.retain(|held| held.kept.living);
    }
    if let Some(dead) = held.iter().find(|held| !held.kept.living) {
        return Err(Error::Dead(dead.label.clone()));
    }
    let is_many = held.len() > 1 || arrivals.is_some();
    let prefix = is_many.then(|| Prefix::new(held.iter().map(|held| &*held.label), options));
    let narrowed = prefix.as_ref().map_or_else(|| options.clone(), |prefix| prefix.narrowed(options));
    let shown = Shown { output, options: &narrowed, prefix, arrivals };
    let (sender, mut coming) = mpsc::channel(WAITING);
    let mut traced = Vec::new();
    for held in held {
        shown.begin(held, &mut traced, &sender).await?;
    }
    if let Some(arrivals) = shown.arrivals.clone() {
        tokio::spawn(look(arrivals, sender.clone()));
    }
    // When all have ended, nothing more comes.
    let sender = {
        let weak = sender.downgrade();
        drop(sender);
        weak
    };
    let ended = tokio::select! {
        // In this order, so that a Ctrl-C is listened for before the first call is shown.
        biased;
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Error::Runtime).map(|()| true),
        done = shown.all(&mut coming, &sender, &mut traced) => done.map(|()| false),
    };
    if ended? {
        if io::stderr().is_terminal() {
            // The terminal has written ^C.
            note("");
        }
        for (number, one) in traced.iter_mut().enumerate() {
            one.end(End::Interrupted, number, &shown)?;
        }
    }
    reached.finish()
}

/// Opens a trace and says whose it is.
async fn start<'o>(held: &Held, number: usize, shown: &Shown<'o>) -> Result<(Traced<'o>, Frames), Error> {
    let Shown { output, options, prefix, .. } = shown;
    let KeptRun::Ring(recording) = held.kept.run else { return Err(Error::Dead(held.label.clone())) };
    let mut frames = held.agent.trace(recording).await?;
    let Some(Frame::Header(header)) = frames.next().await? else { return Err(StreamError::NoHeader.into()) };
    // Standard error may be closed; that is no reason not to trace.
    let plain = Options { color: false, format: Format::Strace, ..(*options).clone() };
    drop(write_header(&mut io::stderr().lock(), &header, &plain));
    let live = output.write(|out| match prefix {
        None => Live::new(out, &header, options),
        Some(prefix) => {
            if number == 0 {
                prefix.write_columns(out, &header, options)?;
            }
            let mut lines = Vec::new();
            let live = Live::new(&mut lines, &header, options)?;
            // The columns stand there once.
            if options.format == Format::Json {
                prefix.write(out, number, &held.label, &lines)?;
            }
            Ok(live)
        }
    })?;
    let (label, container) = (held.label.clone(), held.kept.container.name.to_string());
    let (since, status) = (Instant::now(), Status::default());
    let one = Traced { label, container, header: *header, since, live: Some(live), status };
    Ok((one, frames))
}

/// Hands on what comes, and keeps the right to go on.
async fn follow(number: usize, agent: Agent, mut frames: Frames, sender: mpsc::Sender<Coming>) {
    let mut renewal = tokio::time::interval_at(tokio::time::Instant::now() + RENEWAL, RENEWAL);
    loop {
        let came = tokio::select! {
            frame = frames.next() => match frame {
                Ok(Some(frame)) => Came::Frame(frame),
                Ok(None) => Came::Broken(None),
                Err(error) => Came::Broken(Some(error)),
            },
            _ = renewal.tick() => match agent.renew().await {
                Err(failure) if failure.is_forbidden() || failure.is_not_found() => Came::Refused(failure),
                // The API server may be away for a while; the agent ends the trace if it is for too long.
                Ok(()) | Err(_) => continue,
            },
        };
        let goes_on = matches!(came, Came::Frame(Frame::Header(_) | Frame::Records(_) | Frame::Status(_)));
        if sender.send((number, came)).await.is_err() || !goes_on {
            return;
        }
    }
}

/// Hands on who comes.
async fn look(arrivals: Arrivals, sender: mpsc::Sender<Coming>) {
    loop {
        let came = arrivals.next().await.map_or_else(Came::Unseen, Came::Arrived);
        let goes_on = matches!(came, Came::Arrived(_));
        if sender.send((0, came)).await.is_err() || !goes_on {
            return;
        }
    }
}

impl<'o> Shown<'o> {
    async fn begin(
        &self,
        held: Held,
        traced: &mut Vec<Traced<'o>>,
        sender: &mpsc::Sender<Coming>,
    ) -> Result<(), Error> {
        let (one, frames) = start(&held, traced.len(), self).await?;
        if let Some(arrivals) = &self.arrivals {
            arrivals.begin(&held);
        }
        tokio::spawn(follow(traced.len(), held.agent, frames, sender.clone()));
        traced.push(one);
        Ok(())
    }

    /// Who has come is traced from now on.
    async fn welcome(&self, all: Vec<Held>, traced: &mut Vec<Traced<'o>>, sender: &mpsc::WeakSender<Coming>) {
        for held in all {
            let Some(sender) = sender.upgrade() else { return };
            let (label, container) = (held.label.clone(), held.kept.container.name.to_string());
            match self.begin(held, traced, &sender).await {
                Ok(()) => note(&format!("+ {label}: traced from now on")),
                Err(error) => {
                    note(&format!("{label}: {error}"));
                    self.arrivals.iter().for_each(|arrivals| arrivals.end(&container));
                }
            }
        }
    }

    async fn all(
        &self,
        coming: &mut mpsc::Receiver<Coming>,
        sender: &mpsc::WeakSender<Coming>,
        traced: &mut Vec<Traced<'o>>,
    ) -> Result<(), Error> {
        let mut broken = None;
        let mut clock = tokio::time::interval(CLOCK);
        loop {
            let coming = tokio::select! {
                came = coming.recv() => came,
                _ = clock.tick() => {
                    self.tick(traced)?;
                    continue;
                }
            };
            let Some((number, came)) = coming else { break };
            let came = match came {
                Came::Arrived(all) => {
                    self.welcome(all, traced, sender).await;
                    continue;
                }
                Came::Unseen(failure) => {
                    broken = Some(failure.into());
                    continue;
                }
                of_one => of_one,
            };
            if let Some(one) = traced.get_mut(number)
                && let Some(error) = self.one(number, one, came)?
            {
                broken = Some(error);
            }
        }
        broken.map_or(Ok(()), Err)
    }

    /// Shows what has waited in vain.
    fn tick(&self, traced: &mut [Traced<'_>]) -> Result<(), Error> {
        for (number, one) in traced.iter_mut().enumerate() {
            let now_ns = one.now_ns();
            if let Some(live) = &mut one.live {
                self.write(number, &one.label, |out| live.tick(out, now_ns))?;
            }
        }
        Ok(())
    }

    /// Writes lines of one.
    fn write<T>(
        &self,
        number: usize,
        label: &str,
        write: impl FnOnce(&mut dyn io::Write) -> io::Result<T>,
    ) -> Result<T, Error> {
        self.output.write(|out| {
            let Some(prefix) = &self.prefix else { return write(out) };
            let mut lines = Vec::new();
            let written = write(&mut lines)?;
            prefix.write(out, number, label, &lines)?;
            Ok(written)
        })
    }

    /// Shows what came of one; what broke it.
    fn one(&self, number: usize, one: &mut Traced<'o>, came: Came) -> Result<Option<Error>, Error> {
        let frame = match came {
            Came::Frame(frame) => frame,
            Came::Refused(failure) => {
                one.end(End::Refused, number, self)?;
                return Ok(Some(failure.into()));
            }
            Came::Broken(error) => {
                one.end(End::Broken, number, self)?;
                let torn = || StreamError::Io(io::ErrorKind::UnexpectedEof.into()).into();
                return Ok(Some(error.unwrap_or_else(torn)));
            }
            Came::Arrived(_) | Came::Unseen(_) => return Ok(None),
        };
        let Some(live) = &mut one.live else { return Ok(None) };
        match frame {
            Frame::Header(header) => live.learn(&header),
            Frame::Records(records) => self.write(number, &one.label, |out| live.push(out, &records))?,
            Frame::End(header) => one.end(End::Container(header), number, self)?,
            Frame::Status(now) => {
                if now.missed > 0 {
                    let missed = units::counted(now.missed, "call");
                    let whose = one.whose(self);
                    note(&format!("# {whose}{missed} overwritten before they could be read"));
                }
                one.status = *now;
            }
        }
        Ok(None)
    }
}

impl Traced<'_> {
    /// What stands before a note on it, where there are others.
    fn whose(&self, shown: &Shown<'_>) -> String {
        shown.prefix.as_ref().map_or_else(String::new, |_| format!("{}: ", self.label))
    }

    fn passed_ns(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// What time it is by the clock of its host, or a little less: what it said when the trace began, and what has passed
    /// here since that came.
    fn now_ns(&self) -> u64 {
        self.status.at_ns.max(self.header.read_ns.saturating_add(self.passed_ns()))
    }

    /// Shows what is in flight, and says what was caught and what was missed.
    fn end(&mut self, end: End, number: usize, shown: &Shown<'_>) -> Result<(), Error> {
        let Some(live) = self.live.take() else { return Ok(()) };
        shown.arrivals.iter().for_each(|arrivals| arrivals.end(&self.container));
        let passed_ns = self.passed_ns();
        let read_ns = if let End::Container(last) = &end { last.read_ns } else { self.now_ns() };
        let summary = shown.write(number, &self.label, |out| live.finish(out, read_ns))?;
        let why = match &end {
            End::Interrupted => "ended by you",
            End::Container(last) if last.died_ns.is_some() => "the container has ended",
            End::Container(_) => "the agent has ended the trace",
            End::Broken => "the connection to the agent broke",
            End::Refused => "the right to trace was taken away",
        };
        let missed = match &end {
            End::Container(_) | End::Interrupted => format!("{} missed", units::grouped(self.status.missed_total)),
            End::Broken | End::Refused => format!("{} or more missed", units::grouped(self.status.missed_total)),
        };
        note(&format!(
            "{}{why}: {} caught in {}, {} shown, {} failed, {missed}",
            self.whose(shown),
            units::counted(summary.calls, "call"),
            units::duration(passed_ns),
            if shown.options.filter.is_for_events() {
                units::counted(summary.events, "event")
            } else {
                units::grouped(summary.shown)
            },
            units::grouped(summary.failed),
        ));
        Ok(())
    }
}
