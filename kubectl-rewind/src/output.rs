//! Where text goes: standard output for what was asked for, standard error for all else.

use crate::error::Error;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rewind_recording::escape::visible_lines;
use rewind_recording::render::units;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::time::{Duration, Instant};

/// Standard output, and what it can show.
#[derive(Debug)]
pub(crate) struct Output {
    /// Whether colours are wanted and can be shown.
    pub color: bool,
    /// Columns of the terminal; `None` if it is none.
    pub width: Option<usize>,
}

impl Output {
    /// Looks at this process' standard output.
    #[must_use]
    pub(crate) fn of_process(no_color: bool) -> Self {
        let stdout = io::stdout();
        let color = !no_color && anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
        let width = stdout.is_terminal().then(terminal_size::terminal_size).flatten();
        Self { color, width: width.map(|(width, _)| usize::from(width.0)) }
    }

    /// Writes to standard output.
    ///
    /// # Errors
    /// [`Error::Output`].
    pub(crate) fn write<T>(
        &self,
        write: impl FnOnce(&mut BufWriter<StdoutLock<'_>>) -> io::Result<T>,
    ) -> Result<T, Error> {
        let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
        let written = write(&mut out).map_err(Error::Output)?;
        out.flush().map_err(Error::Output)?;
        Ok(written)
    }
}

/// Says something beside what was asked for, an error say.
pub(crate) fn note(text: &str) {
    // There is nowhere left to say that standard error is closed.
    let _ = writeln!(io::stderr(), "{}", visible_lines(text));
}

/// How far a fetch is; shown on a terminal if it takes longer than a second.
#[derive(Debug)]
pub(crate) struct Progress {
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts the clock.
    #[must_use]
    pub(crate) fn start() -> Self {
        Self { since: Instant::now(), bar: None }
    }

    /// So many bytes of records have come.
    pub(crate) fn bytes(&mut self, bytes: usize) {
        if self.bar.is_none() && self.since.elapsed() > Duration::from_secs(1) {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(ProgressStyle::default_spinner());
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} of records read", units::bytes(bytes as u64)));
            bar.tick();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// One thing that is said again and again as it changes: on a terminal in place, else a line each time.
#[derive(Debug, Default)]
pub(crate) struct Line {
    said: String,
    bar: Option<ProgressBar>,
}

impl Line {
    /// Says it, if it is something new.
    pub(crate) fn say(&mut self, text: &str) {
        if !io::stderr().is_terminal() {
            if self.said != text {
                note(text);
            }
        } else {
            let bar = self.bar.get_or_insert_with(|| {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                bar.set_style(ProgressStyle::default_spinner());
                bar
            });
            bar.set_message(text.to_owned());
            bar.tick();
        }
        text.clone_into(&mut self.said);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            note(&self.said);
        }
    }
}
