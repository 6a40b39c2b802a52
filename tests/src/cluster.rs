//! A real cluster, which `cargo xtask cluster up` has brought up: where its files lie, who may use it, what runs in
//! it, and asking it as people do.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it knows |
//! |---|---|
//! | [`place`] | where a cluster's files lie, and its names and addresses |
//! | [`processes`] | starts what keeps running, and ends it |
//! | [`node`] | what a node has of its pods |
//! | [`certificates`] | keys, certificates, and the kubeconfigs made of them |
//! | [`image`] | images without a registry: packing and importing them |
//! | [`kubectl`] | `kubectl`, as a user types it |
//! | [`namespace`] | a namespace of the test's own |
//! | [`agents`] | the agents in the cluster |
//! | [`second`] | a second node, while a test needs one |

pub mod agents;
pub mod certificates;
pub mod image;
pub mod kubectl;
pub mod namespace;
pub mod node;
pub mod place;
pub mod processes;
pub mod second;
