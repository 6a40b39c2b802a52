//! All series of a name: a type, a unit, a description, and the lines of each point.

use crate::formats::Format;
use crate::labels::{self, Labels};
use crate::left_out::{LeftOut, Reason};
use crate::point::{self, Kind, Point};
use crate::series::Lines;
use crate::{name, text, units};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, metric::Data};
use opentelemetry_proto::tonic::resource::v1::Resource;
use std::collections::{BTreeMap, HashMap};

/// What a metric says of its family.
#[derive(Clone, Copy)]
struct Head<'h> {
    name: &'h str,
    kind: Kind,
    unit: &'h str,
    description: &'h str,
}

/// All series of a name.
#[derive(Debug)]
struct Family {
    kind: Kind,
    unit: String,
    description: String,
    /// Lines by labels.
    series: BTreeMap<String, String>,
}

/// Families by the names that their types are told of.
#[derive(Debug)]
pub(crate) struct Families {
    format: Format,
    by_name: BTreeMap<String, Family>,
    /// Of each name that a line may begin with, the family that has it.
    owners: HashMap<String, String>,
}

impl Families {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, by_name: BTreeMap::new(), owners: HashMap::new() }
    }

    /// Takes the points of a resource.
    pub(crate) fn add(&mut self, of: &ResourceMetrics, labels: &Labels<'_>, left_out: &mut LeftOut) {
        for scope in &of.scope_metrics {
            let shared = labels.shared(of.resource.as_ref(), scope.scope.as_ref(), &scope.schema_url);
            for metric in &scope.metrics {
                self.add_metric(metric, &shared, left_out);
            }
        }
    }

    /// Takes the points of a metric, with the labels that they share.
    pub(crate) fn add_metric(&mut self, metric: &Metric, shared: &[(String, String)], left_out: &mut LeftOut) {
        let Some(data) = &metric.data else { return };
        let (kind, mut points) = point::of(data);
        points.retain(|point| !point.is_gone());
        if !point::is_cumulative(data) {
            return left_out.add(Reason::NotCumulative, points.len());
        }
        let unit =
            if metric.unit == "1" && matches!(data, Data::Gauge(_)) { "ratio" } else { &units::words(&metric.unit) };
        match name::family(&metric.name, unit, kind == Kind::Counter) {
            Some(name) => {
                let head = Head { name: &name, kind, unit, description: &metric.description };
                self.add_points(&head, &points, shared, left_out);
            }
            None => left_out.add(Reason::Malformed, points.len()),
        }
    }

    /// Takes the resource that is asked.
    pub(crate) fn add_target(&mut self, target: &Resource, left_out: &mut LeftOut) {
        if !target.attributes.is_empty() {
            let head = Head { name: "target", kind: Kind::Info, unit: "", description: "Target metadata" };
            self.add_points(&head, &[Point::Info(&target.attributes)], &[], left_out);
        }
    }

    fn add_points(
        &mut self,
        head: &Head<'_>,
        points: &[Point<'_>],
        shared: &[(String, String)],
        left_out: &mut LeftOut,
    ) {
        let (Head { name, kind, .. }, format) = (*head, self.format);
        if points.is_empty() {
            return;
        }
        let Some(family) = self.family(name, kind) else { return left_out.add(Reason::Clash, points.len()) };
        family.comment(head, left_out);
        for point in points {
            let labels = labels::text_of(point.attributes(), shared, kind.reserved());
            if family.series.contains_key(&labels) {
                left_out.add(Reason::Duplicate, 1);
                continue;
            }
            match (Lines { name, labels: &labels, format, text: String::new() }).of(*point) {
                Some(lines) => drop(family.series.insert(labels, lines)),
                None => left_out.add(Reason::Malformed, 1),
            }
        }
    }

    /// The family of that name and type; `None`: another has the name, or one that its lines begin with.
    fn family(&mut self, name: &str, kind: Kind) -> Option<&mut Family> {
        let (told, names) = names(name, kind, self.format);
        let is_another = |name| self.owners.get(name).is_some_and(|owner| *owner != told);
        if names.iter().any(is_another) || self.by_name.get(&told).is_some_and(|family| family.kind != kind) {
            return None;
        }
        self.owners.extend(names.into_iter().map(|name| (name, told.clone())));
        let new = || Family { kind, unit: String::new(), description: String::new(), series: BTreeMap::new() };
        Some(self.by_name.entry(told).or_insert_with(new))
    }

    /// Lets nobody have the name of a counter.
    pub(crate) fn reserve(&mut self, counter: &str) {
        let (_, names) = names(counter, Kind::Counter, self.format);
        self.owners.extend(names.into_iter().map(|name| (name, String::new())));
    }

    /// Each family that has series by its name: its text, and how many they are.
    pub(crate) fn texts(self) -> impl Iterator<Item = (String, String, usize)> {
        let format = self.format;
        let some = self.by_name.into_iter().filter(|(_, family)| !family.series.is_empty());
        some.map(move |(name, family)| {
            let text = family.text(&name, format);
            (name, text, family.series.len())
        })
    }
}

/// The name that a family's type is told of, and all that it needs for itself, in whichever format.
fn names(name: &str, kind: Kind, format: Format) -> (String, Vec<String>) {
    let told = format!("{name}{}", kind.suffix(format));
    let of_lines = kind.suffixes().iter().map(|suffix| format!("{name}{suffix}"));
    let all = of_lines.chain([name.to_owned(), told.clone()]).collect();
    (told, all)
}

impl Family {
    /// Takes a unit and a description, where it has none.
    fn comment(&mut self, head: &Head<'_>, left_out: &mut LeftOut) {
        for (own, told) in [(&mut self.unit, head.unit), (&mut self.description, head.description)] {
            if own.is_empty() {
                told.clone_into(own);
            } else if !told.is_empty() && own != told {
                left_out.add(Reason::Comment, 1);
            }
        }
    }

    fn text(&self, name: &str, format: Format) -> String {
        let mut told = format!("# TYPE {name} {}\n", self.kind.word(format));
        if format == Format::OpenMetrics && name::ends_with(name, &self.unit) && !self.unit.is_empty() {
            told.push_str(&format!("# UNIT {name} {}\n", self.unit));
        }
        let description = match format {
            Format::Classic => text::lines(&self.description),
            Format::OpenMetrics => text::escaped(&self.description),
        };
        if !description.is_empty() {
            told.push_str(&format!("# HELP {name} {description}\n"));
        }
        told.extend(self.series.values().map(String::as_str));
        told
    }
}
