//! What this host offers, and what follows from it.
//!
//! Facts first, rules over facts, then the report: [`facts`] reads the host once, [`refusal`] says
//! what stands in the way, [`rules`] what is fine, degraded or fatal, [`doctor`] shows it. Versions are
//! never compared: what is missing is named by itself, and "unknown" is a third answer beside yes and no.

pub mod btf;
pub mod capability;
pub mod cgroup;
pub mod doctor;
pub mod facts;
pub mod hooks;
pub mod needs;
pub mod refusal;
pub mod rules;

#[cfg(test)]
mod rules_tests;
