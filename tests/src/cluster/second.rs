//! A second node, while a test needs one: containerd, kubelet and kube-proxy of its own, in network, mounts and cgroups
//! of its own. The kernel is the same: what one node's agent sees without a name may be the other one's.

use super::agents;
use super::kubectl::User;
use super::place::{NODE, Place, SECOND};
use super::processes;
use crate::eventually::eventually;
use crate::programs;
use anyhow::{Context as _, Result};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Behind the names of its processes and files.
pub const SUFFIX: &str = "-two";
/// Its processes, in the order in which they are started.
pub const PROCESSES: [&str; 3] = ["containerd-two", "kubelet-two", "kube-proxy-two"];
const SOON: Duration = Duration::from_secs(60);

/// The second node. Dropping it takes it away, with all that runs on it.
#[derive(Debug)]
pub struct Second {
    admin: User,
}

impl Second {
    /// Starts it, with the images of the first one, and waits for it and for its agent.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn start(admin: &User) -> Result<Self> {
        let second = Self { admin: admin.clone() };
        let place = admin.place();
        let [runtime, kubelet, proxy] = PROCESSES;
        processes::start_again(place, runtime)?;
        let answers =
            || programs::run(ctr(place, SECOND).arg("version")).is_ok_and(|said| said.code == 0).then_some(());
        eventually("the second runtime to answer", SOON, answers)?;
        second.copy_images()?;
        processes::start_again(place, kubelet)?;
        processes::start_again(place, proxy)?;
        agents::ready(admin, "an agent on the second node", |agent| agents::is_on(agent, SECOND))?;
        Ok(second)
    }

    fn copy_images(&self) -> Result<()> {
        let place = self.admin.place();
        let listed = programs::run(ctr(place, NODE).args(["images", "list", "-q"]))?.success()?;
        let names = listed.lines().filter(|name| !name.starts_with("sha256:") && !name.contains("coredns"));
        let archive = place.dir().join("images.tar");
        programs::run(ctr(place, NODE).args(["images", "export"]).arg(&archive).args(names))?.success()?;
        programs::run(ctr(place, SECOND).args(["images", "import"]).arg(&archive))?.success()?;
        fs::remove_file(&archive).context("the archive of images")
    }

    /// Ends its kubelet's work: what runs goes on, nobody reaches it.
    ///
    /// # Errors
    /// When it does not end.
    pub fn falls_silent(&self) -> Result<()> {
        processes::forget(self.admin.place(), PROCESSES[1])
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        let place = self.admin.place();
        for name in PROCESSES.into_iter().rev() {
            if name == PROCESSES[0] {
                // Nobody starts them again now.
                let _ = fs::write(Path::new("/sys/fs/cgroup/unified/rewind-two/cgroup.kill"), "1")
                    .or_else(|_| fs::write(Path::new("/sys/fs/cgroup/rewind-two/cgroup.kill"), "1"));
            }
            if processes::called(place, name).is_ok()
                && let Err(error) = processes::forget(place, name)
            {
                eprintln!("{name}: {error:#}");
            }
        }
        let of_node = format!("spec.nodeName={SECOND}");
        let pods = ["delete", "pods", "-A", "--field-selector", &of_node, "--force", "--grace-period=0"];
        for gone in [&["delete", "node", SECOND, "--ignore-not-found"][..], &pods] {
            if let Err(error) = self.admin.ask(gone) {
                eprintln!("{error:#}");
            }
        }
    }
}

fn ctr(place: &Place, node: &str) -> Command {
    let mut ctr = Command::new("ctr");
    ctr.arg("--address").arg(place.on(node, "/run/containerd/containerd.sock"));
    ctr.args(["--connect-timeout", "1s", "--namespace", "k8s.io"]);
    ctr
}
