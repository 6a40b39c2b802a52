//! Why a container ended, or what is wrong with a living one: from a recording to one sentence, and
//! the records that it rests on.
//!
//! ```text
//! header + records -> facts -> meanings, classes, weights -> findings -> diagnosis -> screen | JSON | one sentence
//!                     facts/   meaning, noise, healthy,      rules/      diagnosis, sections, tried
//!                              groups, weight
//! ```
//!
//! Everything here is pure: no I/O, no clock. [`diagnose()`] answers in full; [`cause`] is its first
//! sentence, for whoever has room for no more.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`meaning`] | what an errno says to a person: the one place that looks at error numbers |
//! | [`calls`] | kinds of calls by name, from the syscall table |
//! | [`text`] | calls and their arguments as text |
//! | [`general`] | text in general form: what is another in each run is a placeholder |
//! | [`facts`] | what one pass over the events tells |
//! | [`builtin`] | what fails in healthy runs of the common runtimes |
//! | [`noise`] | which failures are ordinary |
//! | [`healthy`] | which failures runs have that ended well |
//! | [`groups`] | failures of one subject and errno, and their classes |
//! | [`works`] | what threads did that shows that a program goes on |
//! | [`last_words`] | the line of its last writes that says why it ended |
//! | [`clients`] | when clients asked for something |
//! | [`turn`] | whether the course of a program changed with a failure |
//! | [`weight`] | how likely something is the cause: one scale, each weight with a name |
//! | [`finding`] | what a rule has found |
//! | [`words`] | clauses that several rules use |
//! | [`rules`] | one file a rule |
//! | [`answer`] | the heaviest finding and the end as one sentence |
//! | [`notice`] | what is told of a living container in which nothing unusual was found |
//! | [`fingerprint`] | what tells one cause from another |
//! | [`diagnosis`] | what a screen and JSON show |
//! | [`event_text`] | events in words |
//! | [`tried`] | the paths that were tried, in order |
//! | [`sections`] | what stands below the answer |
//! | [`mod@diagnose`] | from a recording to its diagnosis |
//! | [`mod@diff`] | from two recordings to what one run did that the other did not |
//! | [`scene`](#modules) | records step by step, for tests; only with the feature of that name |
//!
//! # Glossary
//!
//! | word | what it is |
//! |---|---|
//! | facts | what one pass over the events tells: processes, failures, signals, sums ([`facts::Facts`]) |
//! | main process | whose end is the container's ([`rewind_recording::ending`]) |
//! | culprit | the process that the end goes back to: the main one, or the child whose failure it passed on; in a living container what fails again and again |
//! | subject | what a call was about: a path, a peer, a descriptor |
//! | failure | a call that failed, or a request that got no answer |
//! | meaning | what its errno says to a person, for that call ([`meaning::Meaning`]) |
//! | noise | how ordinary a failure is: a probe, or an answer ([`noise::Noise`]) |
//! | healthy run | one that ended well ([`healthy`]) |
//! | group, class | failures of one subject and errno; what they are about ([`groups::Class`]) |
//! | weight | how likely it is that something is the cause ([`weight`]) |
//! | rule, finding | a pure function from the facts to findings; a clause with its weight and evidence |
//! | evidence | the events that a finding rests on |
//! | last words | the one line of the complaint that says why it ended ([`last_words::LastWords`]) |
//! | fingerprint | a hash of the cause in general form: the same for all that fail by it ([`diagnosed()`]) |
//! | complaint | what the culprit wrote to standard error, or output, right before its end |
//! | setup | what the runtime does until the container's own program runs |
//!
//! # To add a rule
//!
//! Write it in a file of its own below `rules/`, with its tests, and name it in the list in
//! [`rules`]. A rule knows the facts and no other rule; its weight has a name in [`weight`]. Where it
//! is to speak for failed calls, it names a [`groups::Class`].
//!
//! What the records do not tell is said to be unknown.
#![forbid(unsafe_code)]
#![allow(rustdoc::private_intra_doc_links, reason = "the order of the modules holds for private ones as well")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod answer;
pub mod builtin;
mod calls;
mod clients;
mod diagnose;
pub mod diagnosis;
pub mod diff;
mod event_text;
pub mod facts;
pub mod finding;
mod fingerprint;
mod general;
pub mod groups;
pub mod healthy;
pub mod last_words;
pub mod meaning;
pub mod noise;
mod notice;
pub mod rules;
#[cfg(any(test, feature = "scene"))]
pub mod scene;
mod sections;
#[cfg(test)]
mod tests;
mod text;
mod tried;
mod turn;
pub mod weight;
mod words;
mod works;

pub use diagnose::{cause, diagnose};
pub use diagnosis::Diagnosis;
pub use diff::{Diff, diff};
pub use fingerprint::{VERSION, diagnosed};
