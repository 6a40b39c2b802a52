//! A screen: lines that fit, headings and paragraphs, as `why` and `diff` show them.

use anstyle::Style;
use rewind_recording::escape::{back, front, visible, width};
use rewind_recording::render::Options;
use rewind_recording::render::style::HEADING;
use std::io::{self, Write};

const WIDTH: usize = 80;
const WIDEST: usize = 140;

/// Where the lines go.
pub(crate) struct Page<'w> {
    /// Where they go.
    pub(crate) out: &'w mut dyn Write,
    color: bool,
    /// Columns.
    pub(crate) width: usize,
}

impl<'w> Page<'w> {
    /// Eighty columns where the output is no terminal or a narrow one.
    pub(crate) fn new(out: &'w mut dyn Write, options: &Options) -> Self {
        Self { out, color: options.color, width: options.width.unwrap_or(WIDTH).clamp(WIDTH / 2, WIDEST) }
    }

    /// A line, cut where it is too long.
    ///
    /// # Errors
    /// Those of the output.
    pub(crate) fn line(&mut self, style: Option<Style>, text: &str) -> io::Result<()> {
        // Paths and names are the recorded program's: they must not steer the terminal.
        let text = fit(text, self.width);
        match style.filter(|_| self.color) {
            Some(style) => writeln!(self.out, "{}{}{}", style.render(), text.trim_end(), style.render_reset()),
            None => writeln!(self.out, "{}", text.trim_end()),
        }
    }

    /// A line in front of a part.
    ///
    /// # Errors
    /// Those of the output.
    pub(crate) fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out)?;
        self.line(Some(HEADING), text)
    }

    /// A text of several lines, broken between words.
    ///
    /// # Errors
    /// Those of the output.
    pub(crate) fn paragraph(&mut self, style: Option<Style>, indent: usize, text: &str) -> io::Result<()> {
        let spaces = " ".repeat(indent);
        let lead = spaces.get(2..).unwrap_or_default();
        let mut first = true;
        for part in wrap(text, self.width.saturating_sub(indent).max(20)) {
            let mark = if indent < 2 {
                ""
            } else if first {
                "- "
            } else {
                "  "
            };
            first = false;
            self.line(style, &format!("{lead}{mark}{part}"))?;
        }
        Ok(())
    }
}

/// The text, cut at its end to so many columns.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let text = visible(text);
    if width(&text) <= columns {
        return text.into_owned();
    }
    format!("{}…", front(&text, columns.saturating_sub(1)))
}

/// The text in a column.
pub(crate) fn column(text: &str, columns: usize) -> String {
    let text = fit(text, columns);
    let spaces = columns.saturating_sub(width(&text));
    text + &" ".repeat(spaces)
}

/// The text, cut in its middle: of a path both ends tell most.
pub(crate) fn fit_middle(text: &str, columns: usize) -> String {
    let text = visible(text);
    if width(&text) <= columns {
        return text.into_owned();
    }
    let keep = columns.saturating_sub(1);
    format!("{}…{}", front(&text, keep / 3), back(&text, keep - keep / 3))
}

/// Breaks a text between words, and words that are longer than a line.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace().map(visible) {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(&word) <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => {
                let mut rest = word.as_ref();
                while width(rest) > columns {
                    let whole = front(rest, columns);
                    // Behind a part of a path, unless it is a short one.
                    let end = whole.rfind(['/', ':']).map_or(whole.len(), |at| at + 1);
                    let (part, behind) = rest.split_at(if end * 2 > whole.len() { end } else { whole.len() });
                    lines.push(part.to_owned());
                    rest = behind;
                }
                lines.push(rest.to_owned());
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn a_word_that_is_longer_than_a_line_goes_on_in_the_next() {
        let lines = wrap("no program in its PATH (/usr/local/sbin:/usr/bin); it said so", 20);
        assert_eq!(lines, ["no program in its", "PATH", "(/usr/local/sbin:/", "usr/bin); it said so"]);
    }
}
