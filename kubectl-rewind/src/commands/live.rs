//! `top` without TARGET: how a node and its containers are doing, on a terminal, until somebody ends it.

use crate::error::Error;
use crate::fetch::{Agent, RENEWAL};
use crate::node::{Screen, Then};
use crate::output::Output;
use crate::reach::Reach;
use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use ratatui::DefaultTerminal;
use rewind_recording::api::node::Node;
use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// The terminal while it is drawn on. However this ends, an error, a signal or a panic, it is as it was before.
struct Drawn(DefaultTerminal);

impl Drawn {
    fn start() -> io::Result<Self> {
        // It may have been changed in part.
        ratatui::try_init().map(Self).inspect_err(|_| ratatui::restore())
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        let _ = self.0.show_cursor();
        ratatui::restore();
    }
}

/// Asks and draws.
///
/// # Errors
/// [`Error`].
pub(super) async fn run(reach: &Reach, node: Option<&str>, output: &Output, interval: Duration) -> Result<(), Error> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(Error::NeedsTerminal);
    }
    // What fails at once is said as by every other command.
    let agent = reach.node(node).await?;
    let mut screen = Screen::new(agent.node().await?, output.color);
    let (sender, mut answers) = mpsc::channel(1);
    // It ends with the set.
    let mut asking = JoinSet::new();
    asking.spawn(ask(reach.clone(), node.map(str::to_owned), agent, interval, sender));
    let mut terminal = Drawn::start().map_err(Error::Output)?;
    let mut events = EventStream::new();
    loop {
        terminal.0.draw(|frame| screen.draw(frame)).map_err(Error::Output)?;
        tokio::select! {
            event = events.next() => match event {
                Some(Ok(Event::Key(key))) => match screen.key(key) {
                    Then::GoOn => {}
                    Then::Quit => return Ok(()),
                    Then::Interrupted => return Err(Error::Interrupted),
                },
                // It has another size, say.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Error::Output(error)),
                None => return Ok(()),
            },
            answer = answers.recv() => match answer {
                Some(Ok(node)) => screen.take(node),
                Some(Err(error)) => screen.fail(error.to_string()),
                None => return Ok(()),
            },
        }
    }
}

/// Asks again and again; one that fails is asked again, too: the agent may be another one by then.
async fn ask(
    reach: Reach,
    node: Option<String>,
    mut agent: Agent,
    interval: Duration,
    answers: mpsc::Sender<Result<Node, Error>>,
) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first is there already.
    ticks.tick().await;
    let mut renewed = Instant::now();
    loop {
        ticks.tick().await;
        if renewed.elapsed() >= RENEWAL {
            // Where the right was taken away, the next answer says so.
            let _ = agent.renew().await;
            renewed = Instant::now();
        }
        let answer = agent.node().await;
        let has_failed = answer.is_err();
        if answers.send(answer).await.is_err() {
            return;
        }
        if has_failed && let Ok(next) = reach.node(node.as_deref()).await {
            (agent, renewed) = (next, Instant::now());
        }
    }
}
