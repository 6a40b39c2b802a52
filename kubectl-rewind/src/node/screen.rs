//! Host and containers on a terminal, again and again: what is shown, and what keys do. Draws, and talks to nobody.

use super::line::{Line, Mark};
use super::{Moment, containers, host};
use crate::cli::Sort;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Text;
use rewind_recording::api::node::Node;

/// What follows from a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It goes on.
    GoOn,
    /// It ends.
    Quit,
    /// It ends, by Ctrl-C.
    Interrupted,
}

/// What is on the screen.
#[derive(Debug)]
pub(crate) struct Screen {
    color: bool,
    /// The moment that came last, shown or not.
    last: Node,
    shown: Moment,
    sort: Sort,
    is_paused: bool,
    /// Containers above the first that is shown.
    above: usize,
    /// Containers that fit in, as it was drawn last.
    fit: usize,
    /// Why nothing new comes; empty: it does.
    trouble: String,
}

impl Screen {
    /// The first moment, of which nothing is known a second.
    #[must_use]
    pub(crate) fn new(first: Node, color: bool) -> Self {
        let shown = Moment { node: first.clone(), ..Moment::default() };
        let (sort, trouble) = (Sort::default(), String::new());
        Self { color, last: first, shown, sort, is_paused: false, above: 0, fit: 0, trouble }
    }

    /// Another moment has come.
    pub(crate) fn take(&mut self, node: Node) {
        self.trouble.clear();
        let before = std::mem::replace(&mut self.last, node);
        if !self.is_paused {
            self.shown = Moment::new(&before, self.last.clone());
        }
    }

    /// None has come, and why.
    pub(crate) fn fail(&mut self, trouble: String) {
        self.trouble = trouble;
    }

    /// A key was pressed.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Then {
        if key.kind == KeyEventKind::Release {
            return Then::GoOn;
        }
        let page = self.fit.max(1);
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Then::Interrupted,
            KeyCode::Char('q') | KeyCode::Esc => return Then::Quit,
            KeyCode::Char('c') => self.sort = Sort::Cpu,
            KeyCode::Char('m') => self.sort = Sort::Memory,
            KeyCode::Char('i') => self.sort = Sort::Io,
            KeyCode::Char('e') => self.sort = Sort::Errors,
            KeyCode::Char('p' | ' ') => self.is_paused = !self.is_paused,
            KeyCode::Up | KeyCode::Char('k') => self.above = self.above.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.above = self.above.saturating_add(1),
            KeyCode::PageUp => self.above = self.above.saturating_sub(page),
            KeyCode::PageDown => self.above = self.above.saturating_add(page),
            KeyCode::Home => self.above = 0,
            KeyCode::End => self.above = usize::MAX,
            _ => {}
        }
        Then::GoOn
    }

    /// Draws it.
    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>) {
        let columns = usize::from(frame.area().width);
        let glance = host::lines(&self.shown);
        let table = containers::table(&self.shown, self.sort, columns);
        let (head, rows) = table.split_first().map_or((None, &[][..]), |(head, rows)| (Some(head), rows));
        let heights = [Constraint::Max(height(glance.len()) + 1), Constraint::Length(1), Constraint::Fill(1)];
        let below = [Constraint::Length(1), Constraint::Length(1)];
        let [top, names, middle, said, help] = Layout::vertical(heights.into_iter().chain(below)).areas(frame.area());
        self.fit = usize::from(middle.height);
        self.above = self.above.min(rows.len().saturating_sub(self.fit));
        let shown = rows.iter().skip(self.above).take(self.fit);
        self.lines(frame, top, glance.iter());
        self.lines(frame, names, head.into_iter());
        self.lines(frame, middle, shown);
        self.lines(frame, said, [&self.said(rows.len())].into_iter());
        self.lines(frame, help, [&self.help()].into_iter());
    }

    fn lines<'l>(&self, frame: &mut Frame<'_>, area: Rect, lines: impl Iterator<Item = &'l Line>) {
        let columns = usize::from(area.width);
        let text: Text<'_> = lines.map(|line| line.on_screen(columns, self.color)).collect();
        frame.render_widget(text, area);
    }

    /// What there is to say: that nothing new comes, that containers are out of sight, or that something was not read.
    fn said(&self, containers: usize) -> Line {
        let line = Line::default();
        if !self.trouble.is_empty() {
            return line.with(Mark::Bad, &self.trouble);
        }
        let out_of_sight = containers.saturating_sub(self.fit);
        let place = if out_of_sight > 0 {
            let last = self.above.saturating_add(self.fit).min(containers);
            format!("{} to {last} of {containers} containers; ", self.above.saturating_add(1))
        } else {
            String::new()
        };
        line.with(Mark::Plain, &place).with(Mark::Notable, &self.shown.unread().unwrap_or_default())
    }

    fn help(&self) -> Line {
        let by = |sort: Sort| if self.sort == sort { Mark::Heading } else { Mark::Plain };
        let pause = if self.is_paused { (Mark::Notable, "p goes on") } else { (Mark::Plain, "p pauses") };
        let sorts = [(Sort::Cpu, "c CPU"), (Sort::Memory, "m memory"), (Sort::Io, "i I/O"), (Sort::Errors, "e errors")];
        let line = Line::default().with(Mark::Plain, "q quits   sort:");
        let line = sorts.into_iter().fold(line, |line, (sort, text)| line.with(Mark::Plain, " ").with(by(sort), text));
        line.with(Mark::Plain, "   ").with(pause.0, pause.1).with(Mark::Plain, "   arrows scroll")
    }
}

fn height(lines: usize) -> u16 {
    u16::try_from(lines).unwrap_or(u16::MAX - 1)
}
