//! The images that every cluster has. There is no registry: pods say `imagePullPolicy: Never`, or a tag that is not
//! `latest`.

use super::parts::Parts;
use anyhow::{Context as _, Result};
use rewind_tests::cluster::image::{self, Image};
use rewind_tests::cluster::place::Place;
use rewind_tests::cluster::processes;
use rewind_tests::programs;
use rewind_tests::workload::{self, Linking};
use std::process::Command;
use std::time::Duration;

/// What holds a pod's namespaces.
pub(super) const PAUSE: &str = "rewind.test/pause:1";
const COREDNS: &str = "rewind.test/coredns:1";
/// Busybox, and the programs of `tests/workloads` in `/workloads`.
const WORKLOADS: &str = "rewind.test/workloads:1";
/// The host's own programs: a pod mounts the host's `/usr` there.
const HOST: &str = "rewind.test/host:1";
/// Of `tests/workloads`, what pods run.
const PROGRAMS: [&str; 8] = ["blocked", "counting", "decisive", "forking", "hungry", "killed", "numbered", "threads"];

/// Packs and imports them, as soon as the runtime answers.
pub(super) fn import_all(place: &Place, parts: &Parts) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("rewind-images-").tempdir()?;
    let images = [pause()?, coredns(parts)?, workloads()?, host()?];
    let archives = images.iter().map(|image| image.pack(folder.path())).collect::<Result<Vec<_>>>()?;
    processes::wait(place, "containerd to answer", Duration::from_secs(30), || {
        let mut ctr = Command::new("ctr");
        ctr.arg("--address").arg(place.runtime_socket()).args(["--connect-timeout", "1s", "version"]);
        programs::run(&mut ctr).is_ok_and(|said| said.code == 0).then_some(())
    })?;
    archives.iter().try_for_each(|archive| image::import(place, archive))
}

fn pause() -> Result<Image> {
    let image = Image::new(PAUSE)?.entrypoint(&["/pause"]);
    image.copy(&workload::compiled("pause", Linking::Static)?, "/pause")?;
    Ok(image)
}

fn coredns(parts: &Parts) -> Result<Image> {
    let image = Image::new(COREDNS)?.entrypoint(&["/coredns"]);
    image.copy(&parts.coredns(), "/coredns")?;
    Ok(image)
}

fn workloads() -> Result<Image> {
    let image = Image::new(WORKLOADS)?;
    let busybox = programs::find("busybox").context("busybox is not installed")?;
    image.copy(&busybox, "/bin/busybox")?;
    let applets = programs::run(Command::new(&busybox).arg("--list"))?.success()?;
    for applet in applets.lines().filter(|applet| *applet != "busybox") {
        image.link(&format!("/bin/{applet}"), "busybox")?;
    }
    for program in PROGRAMS {
        image.copy(&workload::compiled(program, Linking::Static)?, &format!("{}/{program}", workload::WORKLOADS))?;
    }
    Ok(image)
}

fn host() -> Result<Image> {
    let image = Image::new(HOST)?;
    for name in ["bin", "sbin", "lib", "lib64"] {
        image.link(&format!("/{name}"), &format!("usr/{name}"))?;
    }
    // A place to mount on.
    image.text("/usr/.mount", "")?;
    image.copy(std::path::Path::new("/etc/ld.so.cache"), "/etc/ld.so.cache")?;
    Ok(image)
}
