//! A line whose parts are marked: for a stream with or without colours, and for a screen.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text;
use rewind_recording::escape::{front, visible, width};
use rewind_recording::render::style::{BAD, HEADING, NOTABLE};
use std::io;

/// How a part of a line stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// Not at all.
    #[default]
    Plain,
    /// It stands above others.
    Heading,
    /// It is worth a look.
    Notable,
    /// It is bad.
    Bad,
}

impl Mark {
    /// Of a figure that is worth a look from here on, and bad from there on.
    pub(super) fn from(figure: f64, notable: f64, bad: f64) -> Self {
        if figure >= bad {
            Self::Bad
        } else if figure >= notable {
            Self::Notable
        } else {
            Self::Plain
        }
    }
}

/// A line. Nothing in it steers a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<(Mark, String)>);

impl Line {
    /// One more part.
    pub(super) fn with(mut self, mark: Mark, text: &str) -> Self {
        self.0.push((mark, visible(text).into_owned()));
        self
    }

    /// Its beginning that takes `columns` at most.
    fn front(&self, mut columns: usize) -> Vec<(Mark, &str)> {
        let mut parts = Vec::new();
        for (mark, text) in &self.0 {
            let fits = front(text, columns);
            parts.push((*mark, fits));
            columns = columns.saturating_sub(width(fits));
            if fits.len() < text.len() {
                break;
            }
        }
        parts
    }

    /// Writes it to a stream.
    pub(super) fn write(&self, out: &mut dyn io::Write, columns: usize, color: bool) -> io::Result<()> {
        let mut parts = self.front(columns);
        if let Some((_, last)) = parts.last_mut() {
            *last = last.trim_end();
        }
        for (mark, text) in parts {
            let style = match mark {
                Mark::Plain => None,
                Mark::Heading => Some(HEADING),
                Mark::Notable => Some(NOTABLE),
                Mark::Bad => Some(BAD),
            };
            match style.filter(|_| color && !text.is_empty()) {
                Some(style) => write!(out, "{}{text}{}", style.render(), style.render_reset())?,
                None => write!(out, "{text}")?,
            }
        }
        writeln!(out)
    }

    /// The same for a screen.
    pub(super) fn on_screen(&self, columns: usize, color: bool) -> text::Line<'static> {
        let style = |mark| match mark {
            Mark::Heading => Style::new().add_modifier(Modifier::BOLD),
            Mark::Notable if color => Style::new().fg(Color::Yellow),
            Mark::Bad if color => Style::new().fg(Color::Red),
            _ => Style::new(),
        };
        self.front(columns).into_iter().map(|(mark, text)| text::Span::styled(text.to_owned(), style(mark))).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(line: &Line, columns: usize, color: bool) -> String {
        let mut out = Vec::new();
        line.write(&mut out, columns, color).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_is_cut_in_columns_and_marked_where_there_are_colours() {
        let line = Line::default().with(Mark::Plain, "ab").with(Mark::Bad, "日本語").with(Mark::Notable, "!");
        assert_eq!(written(&line, 80, false), "ab日本語!\n");
        assert_eq!(written(&line, 5, true), "ab\x1b[31m日\x1b[0m\n");
        assert_eq!(written(&line, 0, true), "\n");
    }

    #[test]
    fn what_would_steer_a_terminal_is_shown_as_an_escape() {
        let line = Line::default().with(Mark::Plain, "a\x1b]0;x\x07\n\u{202e}b");
        assert_eq!(written(&line, 80, true), "a\\x1b]0;x\\x07\\n\\u{202e}b\n");
    }
}
