//! A real cluster, which `cargo xtask cluster up` has brought up: where its files lie, who may use it, what runs in
//! it, and asking it as people do.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it knows |
//! |---|---|
//! | [`place`] | where a cluster's files lie, and its names and addresses |
//! | [`certificates`] | keys, certificates, and the kubeconfigs made of them |
//! | [`image`] | images without a registry: packing and importing them |
//! | [`kubectl`] | `kubectl`, as a user types it |
//! | [`namespace`] | a namespace of the test's own |
//! | [`agents`] | the agents in the cluster |

pub mod agents;
pub mod certificates;
pub mod image;
pub mod kubectl;
pub mod namespace;
pub mod place;
