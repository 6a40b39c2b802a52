//! What this host offers, and what follows from it.
//!
//! Facts first, rules over facts, then the report: [`facts`] reads the host once, [`refusal`] says
//! what stands in the way, [`rules`] what is fine, degraded or fatal, [`doctor`] shows it. Versions are
//! never compared: what is missing is named by itself, and "unknown" is a third answer beside yes and no.

pub(crate) mod btf;
pub(crate) mod capability;
pub(crate) mod cgroup;
pub(crate) mod doctor;
pub(crate) mod facts;
pub(crate) mod hooks;
pub(crate) mod needs;
pub(crate) mod refusal;
pub(crate) mod rules;

#[cfg(test)]
mod rules_tests;
