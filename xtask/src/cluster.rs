//! `cargo xtask cluster`: a real Kubernetes of one node, from plain processes, for the tests and for trying things.
//!
//! etcd, the control plane, kubelet, kube-proxy and CoreDNS are built from their Go modules and kept by version;
//! containerd and runc are the distribution's. Runtime and kubelet live in a mount namespace of their own, in which
//! the directories that they share with pods (`/var/lib/kubelet`, `/run/containerd`, `/var/lib/rewind`) are the
//! cluster's own. A second node can be started, in a network namespace of its own. All that a cluster leaves in the host is undone by `down`: a bridge, rules, settings, cgroups.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`parts`] | builds the programs, and keeps them by version |
//! | [`host`] | what has to change in the host, and how it was before |
//! | [`filesystem`] | the node's mount namespace |
//! | [`images`] | the images that every cluster has |
//! | [`control_plane`] | etcd, API server, controller manager, scheduler |
//! | [`node`] | containerd, kubelet, kube-proxy |
//! | [`mod@down`], [`mod@up`], [`status`] | verbs |

mod control_plane;
mod down;
mod filesystem;
mod host;
mod images;
mod node;
mod parts;
mod status;
mod up;

pub(crate) use down::down;
pub(crate) use up::{Found, up};

use anyhow::Result;
use clap::{Args, Subcommand};
use rewind_tests::cluster::place::Place;
use rewind_tests::cluster::{image, processes};
use rustix::process::Signal;
use std::path::PathBuf;

/// What to do with the machine's cluster.
#[derive(Args)]
pub(crate) struct Cluster {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Build what is missing, and bring the cluster up.
    Up,
    /// Take the cluster down, and everything of it out of the host.
    Down,
    /// Print what a shell needs to use the cluster: eval "$(cargo xtask cluster env)".
    Env,
    /// Show what runs, and what it takes.
    Status,
    /// End one process of it, as `status` names it: kube-apiserver.
    Stop {
        /// Which.
        process: String,
    },
    /// Start one again that has ended.
    Start {
        /// Which.
        process: String,
    },
    /// Let the cluster have the images of an archive (of docker save, or OCI's).
    Import {
        /// The archive.
        archive: PathBuf,
    },
}

impl Cluster {
    pub(crate) fn run(&self) -> Result<()> {
        let place = Place::of_machine()?;
        match &self.verb {
            Verb::Up => {
                if up(&place)? == Found::Up {
                    eprintln!("cluster: it is up already");
                }
                eprintln!("cluster: for a shell that uses it: eval \"$(cargo xtask cluster env)\"");
                Ok(())
            }
            Verb::Down => down(&place),
            Verb::Env => status::environment(&place),
            Verb::Status => status::show(&place),
            Verb::Stop { process } => processes::called(&place, process)?.end(Signal::TERM),
            Verb::Start { process } => processes::start_again(&place, process),
            Verb::Import { archive } => image::import(&place, archive),
        }
    }
}
