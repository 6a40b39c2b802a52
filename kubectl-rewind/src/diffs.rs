//! How runs of several containers differ, each from another run of its own: those that differ alike as one.

use crate::diff::write;
use rewind_diagnosis::diff::{Diff, Difference};
use rewind_recording::escape::{json, visible};
use rewind_recording::render::{Format, Options};
use serde::Serialize;
use std::io::{self, Write};

/// All of them, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Alike(Vec<Section>);

/// Containers that differ alike.
#[derive(Debug, Serialize)]
struct Section {
    containers: Vec<String>,
    /// That of the first.
    #[serde(flatten)]
    diff: Diff,
}

impl Alike {
    /// Adds a container. What is alike is what differs: the figures of runs are never.
    pub(crate) fn add(&mut self, container: &str, diff: Diff) {
        let told = |diff: &Diff| {
            let of = |each: &Difference| (each.kind, each.text.clone());
            (diff.failed, diff.differs, diff.differences.iter().map(of).collect::<Vec<_>>())
        };
        match self.0.iter_mut().find(|section| told(&section.diff) == told(&diff)) {
            Some(section) => section.containers.push(container.to_owned()),
            None => self.0.push(Section { containers: vec![container.to_owned()], diff }),
        }
    }

    /// Whether nothing was compared.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any differs.
    pub(crate) fn differ(&self) -> bool {
        self.0.iter().any(|section| section.diff.differs)
    }

    /// Writes a screen each; with [`Format::Json`] one object, of several containers one a section.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write(&self, out: &mut dyn Write, options: &Options) -> io::Result<()> {
        if let [Section { containers, diff }] = &*self.0
            && containers.len() == 1
        {
            return write(out, diff, options);
        }
        if options.format == Format::Json {
            json::write_pretty(out, &self.0)?;
            return writeln!(out);
        }
        for (number, Section { containers, diff }) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            writeln!(out, "==> {} <==", visible(&containers.join(", ")))?;
            write(out, diff, options)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rewind_diagnosis::diff::{Kind, Side};

    fn diff(text: &str) -> Diff {
        let of = Difference {
            kind: Kind::Path,
            side: Side::B,
            text: text.to_owned(),
            counts: [0, 1],
            ktime_ns: None,
            ordinary: false,
            sure: true,
        };
        Diff {
            answer: format!("This run {text}."),
            differs: true,
            failed: None,
            runs: Vec::new(),
            parting: None,
            differences: vec![of],
            left_out: 0,
            slower: Vec::new(),
            caveats: Vec::new(),
        }
    }

    #[test]
    fn containers_that_differ_alike_stand_together() {
        let mut all = Alike::default();
        for (container, text) in [("web-1/app", "opened /a"), ("web-2/app", "opened /b"), ("web-3/app", "opened /a")] {
            all.add(container, diff(text));
        }
        let mut out = Vec::new();
        all.write(&mut out, &Options::default()).unwrap();
        let text = String::from_utf8(out).unwrap();
        let headings: Vec<_> = text.lines().filter(|line| line.starts_with("==>")).collect();
        assert_eq!(headings, ["==> web-1/app, web-3/app <==", "==> web-2/app <=="]);
        let mut out = Vec::new();
        all.write(&mut out, &Options { format: Format::Json, ..Options::default() }).unwrap();
        let told: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&told[0]["containers"][1], &told[1]["differs"]), (&"web-3/app".into(), &true.into()));
    }
}
