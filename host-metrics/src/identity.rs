//! Which host it is, as attributes of a resource (semantic conventions 1.44.0, `model/host`, `model/os`).

use crate::reading::read;
use crate::roots::Roots;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use rewind_otlp::known;
use std::path::Path;

/// A host. What is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its machine id: nothing that only root may read (`product_uuid`), as the conventions have it.
    pub id: String,
    /// Of the operating system: its name, `Debian GNU/Linux`.
    pub os_name: String,
    /// Its version, `12`.
    pub os_version: String,
    /// Both, as people say it.
    pub os_description: String,
}

impl Identity {
    /// Reads it off the host's own files, not those of a container.
    #[must_use]
    pub fn read(roots: &Roots) -> Self {
        let file = |path| read(&roots.at(Path::new(path))).unwrap_or_default();
        let ids = ["/etc/machine-id", "/var/lib/dbus/machine-id"].map(|path| file(path).trim().to_owned());
        // Before its first start has finished, a host says `uninitialized` (machine-id(5)).
        let id = ids.into_iter().find(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let [release, fallback] = ["/etc/os-release", "/usr/lib/os-release"].map(file);
        let release = if release.is_empty() { fallback } else { release };
        Self {
            id: id.unwrap_or_default(),
            os_name: value(&release, "NAME"),
            os_version: value(&release, "VERSION_ID"),
            os_description: value(&release, "PRETTY_NAME"),
        }
    }

    /// The attributes of a host of that name, of a machine as `uname -m` has it.
    #[must_use]
    pub fn attributes(&self, name: &str, machine: &str) -> Vec<KeyValue> {
        let all = [
            ("host.name", name),
            ("host.id", &self.id),
            ("host.arch", rewind_otlp::arch(machine)),
            ("os.type", "linux"),
            ("os.name", &self.os_name),
            ("os.version", &self.os_version),
            ("os.description", &self.os_description),
        ];
        all.iter().filter_map(|(key, text)| known(key, text)).collect()
    }
}

/// What os-release(5) assigns to a name.
fn value(release: &str, name: &str) -> String {
    let assigned = release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    assigned.unwrap_or_default().trim().trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_by_its_own_files() {
        let dir = tempfile::tempdir().unwrap();
        let roots = Roots { proc: "/nowhere".into(), sys: "/nowhere".into(), root: dir.path().to_owned() };
        assert_eq!(Identity::read(&roots), Identity::default());
        std::fs::create_dir(dir.path().join("etc")).unwrap();
        std::fs::write(dir.path().join("etc/machine-id"), "uninitialized\n").unwrap();
        assert_eq!(Identity::read(&roots).id, "");
        std::fs::write(dir.path().join("etc/machine-id"), "3d1219c7c4c5404aaa1f6d2a48adfda4\n").unwrap();
        let release = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID='12'\n";
        std::fs::write(dir.path().join("etc/os-release"), release).unwrap();
        let identity = Identity::read(&roots);
        assert_eq!(identity.id, "3d1219c7c4c5404aaa1f6d2a48adfda4");
        assert_eq!((identity.os_name.as_str(), identity.os_version.as_str()), ("Debian GNU/Linux", "12"));
        assert_eq!(identity.os_description, "Debian GNU/Linux 12 (bookworm)");
        let keys: Vec<_> = identity.attributes("node-1", "x86_64").into_iter().map(|of| of.key).collect();
        let all = ["host.name", "host.id", "host.arch", "os.type", "os.name", "os.version", "os.description"];
        assert_eq!(keys, all);
    }
}
