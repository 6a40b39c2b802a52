//! Where a cluster's files lie, and its names and addresses. There is one cluster on a machine.

use crate::programs;
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};

/// Names another directory than the usual one.
pub const DIR: &str = "REWIND_CLUSTER_DIR";
/// The node.
pub const NODE: &str = "node-a";
/// The node's address, and that of the API server.
pub const ADDRESS: &str = "10.201.0.1";
/// A node that is not there unless a test starts it (see [`super::second`]).
pub const SECOND: &str = "node-two";
/// Its address.
pub const SECOND_ADDRESS: &str = "10.201.0.2";
/// Addresses of its pods.
pub const SECOND_POD_RANGE: &str = "10.244.4.0/22";
/// Addresses of pods.
pub const POD_RANGE: &str = "10.244.0.0/16";
/// Addresses of the node's pods: enough for hundreds.
pub const NODE_POD_RANGE: &str = "10.244.0.0/22";
/// Addresses of Services.
pub const SERVICE_RANGE: &str = "10.96.0.0/16";
/// The Service that is the API server.
pub const API_SERVICE: &str = "10.96.0.1";
/// The Service that is the name server.
pub const DNS_SERVICE: &str = "10.96.0.10";
/// The user who may do everything.
pub const ADMIN: &str = "admin";

/// The directory of a cluster that is up, or will be.
#[derive(Clone, Debug)]
pub struct Place {
    dir: PathBuf,
}

impl Place {
    /// The machine's cluster.
    ///
    /// # Errors
    /// When there is no cache directory.
    pub fn of_machine() -> Result<Self> {
        match std::env::var_os(DIR) {
            Some(dir) => Ok(Self { dir: dir.into() }),
            None => Ok(Self { dir: programs::cache()?.join("cluster/run") }),
        }
    }

    /// All of it; it is there while the cluster is up.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A user's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self, user: &str) -> PathBuf {
        self.dir.join(format!("{user}.kubeconfig"))
    }

    /// Keys and certificates.
    #[must_use]
    pub fn certificates(&self) -> PathBuf {
        self.dir.join("pki")
    }

    /// What a component says.
    #[must_use]
    pub fn log(&self, component: &str) -> PathBuf {
        self.dir.join("log").join(format!("{component}.log"))
    }

    /// Where a directory of the node's own really lies (`/var/lib/rewind`, say): the node sees it at its usual path.
    #[must_use]
    pub fn on_node(&self, path: &str) -> PathBuf {
        self.on(NODE, path)
    }

    /// The same of one of the nodes.
    #[must_use]
    pub fn on(&self, node: &str, path: &str) -> PathBuf {
        self.dir.join(node).join(path.trim_start_matches('/'))
    }

    /// The container runtime's socket.
    #[must_use]
    pub fn runtime_socket(&self) -> PathBuf {
        self.on_node("/run/containerd/containerd.sock")
    }

    /// The file that says where the programs of this cluster's version are.
    #[must_use]
    pub fn programs(&self) -> PathBuf {
        self.dir.join("programs")
    }

    /// The `kubectl` of this cluster's version.
    ///
    /// # Errors
    /// When no cluster is up.
    pub fn kubectl(&self) -> Result<PathBuf> {
        Ok(PathBuf::from(fs::read_to_string(self.programs())?.trim_end()).join("kubectl"))
    }
}
