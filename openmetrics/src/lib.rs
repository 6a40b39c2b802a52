//! OTLP metrics as text for Prometheus, by the OpenTelemetry specification's "Prometheus and OpenMetrics Compatibility".
//! Pure: no I/O, no clock.
//!
//! ```text
//! ResourceMetrics -> families, each with its series -> text
//! ```
//!
//! # What always holds
//!
//! * The same metrics give the same text: families are sorted by their names, series by their labels. All series of a
//!   family stand together, whatever resource they are of.
//! * No two lines have the same name and labels, and no two families the same type line: who comes first stays.
//! * What is not in the text is counted in it ([`LeftOut`]).
//! * Nothing that comes in makes this panic, or the text one that Prometheus cannot read.
//!
//! # Choices that the specification leaves
//!
//! * A gauge whose unit is `1` ends with `_ratio`, as where Prometheus takes OTLP itself.
//! * Where resource and point have an attribute of the same key, the point's holds. An attribute that would be `le` or
//!   `quantile` where these mean something is `exported_le`, as Prometheus has it where labels collide.
//! * An exponential histogram has classic buckets, whose bounds are the powers of two ([`buckets`]).
//! * Sums and histograms that are not cumulative are left out: who asks comes when it likes, and there may be several.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`formats`] | the two formats, and which one a client takes |
//! | [`left_out`] | what is not in the text, and why |
//! | [`number`] | numbers as text |
//! | [`text`] | attributes' values as text, and escapes |
//! | [`name`] | names of metrics and of labels |
//! | [`units`] | units of UCUM as words |
//! | [`labels`] | the labels of a point |
//! | [`exemplar`] | exemplars |
//! | [`buckets`] | the buckets of both kinds of histograms |
//! | [`point`] | points of all types, and the type of family that each is of |
//! | [`series`] | the lines of a point |
//! | [`family`] | all series of a name |
//! | [`exposition`] | all families, within a limit |
#![forbid(unsafe_code)]
#![allow(rustdoc::private_intra_doc_links, reason = "the order of the modules holds for private ones as well")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod buckets;
mod exemplar;
mod exposition;
mod family;
mod formats;
mod labels;
mod left_out;
mod name;
mod number;
mod point;
mod series;
#[cfg(test)]
mod tests;
mod text;
mod units;

pub use exposition::render;
pub use formats::{Format, format};
pub use labels::Labels;
pub use left_out::{LeftOut, Reason};
