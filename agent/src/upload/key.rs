//! A crash file's name in an object store: pure.

use jiff::Timestamp;
use object_store::path::{Path, PathPart};
use rewind_recording::file::EXTENSION;
use rewind_recording::header::{Header, short_id};

/// `<prefix>/<cluster>/<namespace>/<pod>/<container>/<time>-<id>-<recording>.rewind`; where there is no pod
/// `<prefix>/<cluster>/<host>/<container>/...`. The same for the same end, whichever agent asks.
#[must_use]
pub(super) fn key(prefix: &Path, cluster: &str, header: &Header) -> Path {
    let container = &header.container;
    let name = if container.name.is_empty() { container.id.as_str() } else { container.name.as_str() };
    let mut of: Vec<&str> = match container.pod_uid.is_empty() {
        true => vec![header.host.name.as_str(), name],
        false => name.split('/').collect(),
    };
    of.retain(|part| !part.is_empty());
    let time = Timestamp::from_nanosecond(i128::from(header.over_unix_ns())).unwrap_or_default();
    let file =
        format!("{}-{}-{}.{EXTENSION}", time.strftime("%Y%m%dT%H%M%SZ"), short_id(&container.id), header.recording);
    let parts = std::iter::once(cluster).chain(of).chain(std::iter::once(file.as_str()));
    // A part that holds a `/` or is `..` is escaped: nobody gets out of the prefix.
    parts.fold(prefix.clone(), |path, part| path.join(PathPart::from(part)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_recording::header::Container;

    fn named(name: &str, pod_uid: &str) -> String {
        let container = Container {
            id: "3f".repeat(32).into(),
            name: name.into(),
            pod_uid: pod_uid.into(),
            ..Container::default()
        };
        let mut header =
            Header { container, recording: 7, died_ns: Some(1_795_266_187_000_000_000), ..Header::default() };
        header.host.name = "node-1".to_owned();
        key(&Path::from("crashes"), "prod", &header).to_string()
    }

    #[test]
    fn it_tells_cluster_namespace_pod_and_time() {
        assert_eq!(named("shop/web-1/app", "u1"), "crashes/prod/shop/web-1/app/20261121T130307Z-3f3f3f3f3f3f-7.rewind");
        assert_eq!(named("web", ""), "crashes/prod/node-1/web/20261121T130307Z-3f3f3f3f3f3f-7.rewind");
        assert!(named("", "").starts_with("crashes/prod/node-1/3f3f"));
    }

    #[test]
    fn a_name_does_not_lead_out_of_the_prefix() {
        for name in ["../../x", "..", "a/../../b", "//", "a\0b"] {
            for pod_uid in ["", "u1"] {
                let key = named(name, pod_uid);
                assert!(key.starts_with("crashes/prod/") && !key.split('/').any(|part| part == ".."), "{key}");
            }
        }
    }
}
