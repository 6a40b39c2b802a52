//! Figures -> the table.

use super::figures::{Figures, Load, Series};
use super::setting::Setting;
use std::fmt::Write as _;

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    Below(f64),
}

impl Goal {
    fn is_met(self, figure: f64) -> bool {
        match self {
            Self::AtMost(most) => figure <= most,
            Self::AtLeast(least) => figure >= least,
            Self::Below(limit) => figure < limit,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::AtMost(most) => format!("<= {}", number(most)),
            Self::AtLeast(least) => format!(">= {}", number(least)),
            Self::Below(limit) => format!("< {}", number(limit)),
        }
    }

    fn verdict(self, figure: Option<f64>) -> &'static str {
        match figure {
            None => "not measured",
            Some(figure) if self.is_met(figure) => "met",
            Some(_) => "missed",
        }
    }
}

/// Rows of cells below headings.
#[derive(Debug, Default)]
pub(super) struct Table {
    lines: Vec<Line>,
}

#[derive(Debug)]
enum Line {
    Heading(String),
    Row([String; COLUMNS]),
    /// A setting that this machine cannot have, and why.
    Refused(String),
}

const COLUMNS: usize = 7;
const TITLES: [&str; COLUMNS] = ["", "median", "min..max", "ratio", "min..max", "goal", ""];

impl Table {
    /// The figures of one load in all settings.
    pub(super) fn load(&mut self, figures: &Figures, load: Load, refused: &[(Setting, String)]) {
        self.lines.push(Line::Heading(load.title().to_owned()));
        for setting in Setting::ALL {
            if let Some((_, why)) = refused.iter().find(|(refused, _)| *refused == setting) {
                self.lines.push(Line::Refused(format!("{}: not on this machine: {why}", setting.name())));
                continue;
            }
            let (values, ratios) = (figures.series(load, setting), figures.ratios(load, setting));
            let (median, range) = cells(&values);
            let [ratio, ratios_range] = match setting {
                Setting::Nothing => Default::default(),
                _ => cells(&ratios).into(),
            };
            let goal = goal(figures, load, setting);
            let [goal, verdict] = goal_cells(goal, ratios.median());
            self.lines.push(Line::Row([setting.name().to_owned(), median, range, ratio, ratios_range, goal, verdict]));
        }
    }

    /// A figure that stands alone.
    pub(super) fn alone(&mut self, heading: &str, what: &str, values: &Series, goal: Goal) {
        self.heading(heading);
        let (median, range) = cells(values);
        let [goal, verdict] = goal_cells(Some(goal), values.median());
        let ratio = || String::new();
        self.lines.push(Line::Row([what.to_owned(), median, range, ratio(), ratio(), goal, verdict]));
    }

    /// A heading, unless the last one was the same.
    fn heading(&mut self, heading: &str) {
        let last = self.lines.iter().rev().find_map(|line| match line {
            Line::Heading(heading) => Some(heading.as_str()),
            _ => None,
        });
        if last != Some(heading) {
            self.lines.push(Line::Heading(heading.to_owned()));
        }
    }

    /// The text.
    pub(super) fn render(&self) -> String {
        let titles = TITLES.map(str::to_owned);
        let rows = || self.lines.iter().filter_map(|line| if let Line::Row(row) = line { Some(row) } else { None });
        let mut widths = TITLES.map(str::len);
        for row in rows() {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = String::new();
        write_row(&mut text, &titles, &widths);
        for line in &self.lines {
            match line {
                Line::Heading(heading) => {
                    let _ = writeln!(text, "\n{heading}");
                }
                Line::Row(row) => write_row(&mut text, row, &widths),
                Line::Refused(why) => {
                    let _ = writeln!(text, "  {why}");
                }
            }
        }
        text
    }
}

fn write_row(text: &mut String, row: &[String; COLUMNS], widths: &[usize; COLUMNS]) {
    let mut line = String::from(" ");
    for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
        let _ = match column {
            0 | 5 | 6 => write!(line, " {cell:<width$} "),
            _ => write!(line, " {cell:>width$} "),
        };
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

/// The goal of a load in a setting: of its ratio.
fn goal(figures: &Figures, load: Load, setting: Setting) -> Option<Goal> {
    match (load, setting) {
        (Load::Getppid, Setting::Recorded) => Some(Goal::AtMost(3.0)),
        (Load::Getppid, Setting::NotRecorded) => Some(Goal::AtMost(1.6)),
        (Load::Nginx | Load::Redis, Setting::Recorded) => {
            figures.ratios(load, Setting::Floor).median().map(|floor| Goal::AtLeast(floor - 0.05))
        }
        _ => None,
    }
}

fn goal_cells(goal: Option<Goal>, figure: Option<f64>) -> [String; 2] {
    goal.map(|goal| [goal.shown(), goal.verdict(figure).to_owned()]).unwrap_or_default()
}

/// Median and range.
fn cells(series: &Series) -> (String, String) {
    let median = series.median().map_or_else(|| "-".to_owned(), number);
    // Of one round there is no more to say.
    let range = series.range().filter(|(min, max)| min < max);
    let range = range.map(|(min, max)| format!("{}..{}", number(min), number(max)));
    (median, range.unwrap_or_default())
}

/// As many digits as say something.
pub(super) fn number(value: f64) -> String {
    if value.abs() < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        let shown = [0.0512, 3.0, 99.999, 350.4, 1600.0, 1_234_567.0, -1234.0].map(number);
        assert_eq!(shown, ["0.05", "3.00", "100.00", "350", "1,600", "1,234,567", "-1,234"]);
    }

    #[test]
    fn goals_are_met_or_missed() {
        assert_eq!(Goal::AtMost(3.0).verdict(Some(3.0)), "met");
        assert_eq!(Goal::AtLeast(16_000.0).verdict(Some(15_999.0)), "missed");
        assert_eq!(Goal::Below(1.0).verdict(Some(1.0)), "missed");
        assert_eq!(Goal::Below(1.0).verdict(None), "not measured");
    }

    #[test]
    fn a_server_is_held_to_the_floor() {
        let mut figures = Figures::default();
        for (setting, value) in [(Setting::Nothing, 100.0), (Setting::Floor, 90.0), (Setting::Recorded, 84.0)] {
            figures.add(Load::Nginx, setting, 0, value);
        }
        assert_eq!(goal(&figures, Load::Nginx, Setting::Recorded), Some(Goal::AtLeast(0.85)));
        let mut table = Table::default();
        table.load(&figures, Load::Nginx, &[(Setting::PerfTrace, "no perf".to_owned())]);
        let text = table.render();
        assert!(text.contains(">= 0.85") && text.contains("missed") && text.contains("no perf"), "{text}");
    }
}
