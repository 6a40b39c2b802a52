//! A cluster: who asks, where the agents are, and how one of them is asked.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`client`] | the connection to the API server, by the kubeconfig |
//! | [`rights`] | what the person may, as the API server says it |
//! | [`agents`] | which agent is on which node |
//! | [`request`] | makes, renews and deletes `RecordingRequest`s |
//! | [`forward`] | one connection to an agent, through the API server |
//! | [`find`] | the pods that TARGET means |
//! | [`away`] | what was sent away of pods whose agent is silent |
//! | [`manifests`] | what `deploy` applies |
//! | [`apply`] | applies it, and deletes it |

pub(crate) mod agents;
pub(crate) mod apply;
pub(crate) mod away;
pub(crate) mod client;
pub(crate) mod find;
pub(crate) mod forward;
pub(crate) mod manifests;
pub(crate) mod request;
pub(crate) mod rights;

pub(crate) use client::Cluster;
