//! The custom resources of Rewind in a cluster, of group `rewind.dev/v1alpha1`, and how a person who has made one
//! shows it to an agent. Used by the agent and by the plugin; pure.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it says |
//! |---|---|
//! | [`group`] | names that stand in manifests, in the agent and in the plugin |
//! | [`target`] | which pods and containers a request is for |
//! | [`secret`] | what a person shows to an agent, and the hash of it that stands in the request |
//! | [`request`] | `RecordingRequest`: what a person wants to read |
//! | [`recording`] | `Recording`: what agents hold of containers that have ended |
//! | [`session`] | what stands in front of the requests of one connection through a port-forward |
//! | [`crds`] | the definitions, as the API server takes them |
//!
//! Rights and names live in the API server, bytes do not: see `session`.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod crds;
pub mod group;
pub mod recording;
pub mod request;
pub mod secret;
pub mod session;
pub mod target;
