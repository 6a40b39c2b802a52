//! Which run of a container is meant, in memory or on disk: pure.
//!
//! A ring goes before a crash file. `@N` is crash file N (list --crashes); a TARGET that no ring is of
//! is looked for among the crash files, and `--previous` looks at both.

use crate::target::pods::Run;
use crate::target::{self, TargetError};
use rewind_recording::api::{List, Listed};
use rewind_recording::crash::{Crash, Crashes};
use rewind_recording::header::Container;

/// Where a run is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeptRun {
    /// In its ring: the recording's number.
    Ring(u64),
    /// In a file: the crash's number.
    File(u64),
}

/// The crash file that `target` means, where no ring is of it.
///
/// # Errors
/// [`TargetError`], as it would be of rings.
pub(crate) fn on_disk(crashes: &Crashes, target: &str) -> Result<KeptRun, TargetError> {
    if let Some(number) = target.strip_prefix('@') {
        let number = number.parse().ok().filter(|number| crashes.crashes.iter().any(|c| c.crash == *number));
        return number.map(KeptRun::File).ok_or_else(|| TargetError::NoCrash { target: target.to_owned() });
    }
    let listed: Vec<_> = crashes.crashes.iter().map(as_listed).collect();
    target::choose_marked(&listed, target, '@').map(|listed| KeptRun::File(listed.recording))
}

/// The run before the one that `target` means, by pod and name.
///
/// # Errors
/// [`TargetError`].
pub(crate) fn previous(list: &List, crashes: &Crashes, target: &str) -> Result<KeptRun, TargetError> {
    let meant = target::choose(&list.recordings, target).map(|listed| listed.container.clone());
    let meant = meant.or_else(|error| {
        if matches!(error, TargetError::Ambiguous { .. }) {
            return Err(error);
        }
        let of_file = |held| crashes.crashes.iter().find(|c| held == KeptRun::File(c.crash));
        let found = on_disk(crashes, target).ok().and_then(of_file);
        found.map(|crash| crash.header.container.clone()).ok_or(error)
    })?;
    let before = of(list, crashes, &meant).get(1).map(|kept| kept.run);
    before.ok_or_else(|| TargetError::NoPrevious { target: target.to_owned() })
}

/// A run that is kept, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Where.
    pub run: KeptRun,
    /// Whose.
    pub container: Container,
    /// Whether it goes on.
    pub living: bool,
}

/// What is meant of all that an agent shows: of each container one run.
#[must_use]
pub(crate) fn choose(list: &List, crashes: &Crashes, run: &Run) -> Vec<Kept> {
    let rings = list.recordings.iter().map(|listed| &listed.container);
    let all = rings.chain(crashes.crashes.iter().map(|crash| &crash.header.container));
    let mut containers: Vec<&Container> = Vec::new();
    for container in all {
        if containers.iter().all(|known| known.identity() != container.identity()) {
            containers.push(container);
        }
    }
    let of_each = containers.into_iter().map(|container| of(list, crashes, container));
    let mut chosen: Vec<Kept> = of_each
        .filter_map(|runs| match run {
            Run::Newest => runs.into_iter().next(),
            Run::Previous => runs.into_iter().nth(1),
            Run::OfContainer(id) => runs.into_iter().find(|kept| kept.container.id.is(id)),
        })
        .collect();
    chosen.sort_by(|a, b| a.container.name.as_str().cmp(b.container.name.as_str()));
    chosen
}

/// The runs of a container, by pod and name, the newest first; of a run in memory and on disk the one in memory.
fn of(list: &List, crashes: &Crashes, container: &Container) -> Vec<Kept> {
    let identity = container.identity();
    let offset_ns = list.host.unix_offset_ns;
    // When each run was over (the living: not yet), and when it began, to tell a ring and its file from two runs.
    let rings = list.recordings.iter().filter(|listed| listed.container.identity() == identity).map(|listed| {
        let over_ns = listed.died_ns.map_or(i64::MAX, |died_ns| died_ns.cast_signed().saturating_add(offset_ns));
        let (run, living) = (KeptRun::Ring(listed.recording), listed.is_living());
        (over_ns, listed.born_ns, Kept { run, container: listed.container.clone(), living })
    });
    let files = crashes.crashes.iter().filter(|crash| crash.header.container.identity() == identity).map(|crash| {
        let header = &crash.header;
        let kept = Kept { run: KeptRun::File(crash.crash), container: header.container.clone(), living: false };
        (header.over_unix_ns(), header.born_ns, kept)
    });
    let mut runs: Vec<(i64, u64, Kept)> = Vec::new();
    for run in rings.chain(files) {
        if runs.iter().all(|(_, born_ns, kept)| (*born_ns, &kept.container.id) != (run.1, &run.2.container.id)) {
            runs.push(run);
        }
    }
    runs.sort_by_key(|(over_ns, ..)| std::cmp::Reverse(*over_ns));
    runs.into_iter().map(|(.., kept)| kept).collect()
}

/// As dead as a file's number is great: numbers order files, whatever the clock did between two of them.
fn as_listed(crash: &Crash) -> Listed {
    let container = crash.header.container.clone();
    Listed { recording: crash.crash, container, died_ns: Some(crash.crash), ..Listed::default() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rewind_recording::header::{Header, Host};

    fn container(id: &str, name: &str) -> Container {
        Container { id: id.into(), name: name.into(), ..Container::default() }
    }

    fn ring(recording: u64, id: &str, name: &str, died_ns: Option<u64>) -> Listed {
        Listed { recording, container: container(id, name), born_ns: recording, died_ns, ..Listed::default() }
    }

    /// The file of the run that began at `born_ns`.
    fn file(crash: u64, id: &str, name: &str, born_ns: u64, died_ns: u64) -> Crash {
        let host = Host { unix_offset_ns: 1000, ..Host::default() };
        let header =
            Header { container: container(id, name), born_ns, died_ns: Some(died_ns), host, ..Header::default() };
        Crash { crash, header, ..Crash::default() }
    }

    fn list(recordings: Vec<Listed>) -> List {
        List { recordings, host: Host { unix_offset_ns: 1000, ..Host::default() }, ..List::default() }
    }

    fn crashes(crashes: Vec<Crash>) -> Crashes {
        Crashes { crashes, ..Crashes::default() }
    }

    #[test]
    fn a_crash_file_is_found_by_number_name_or_the_beginning_of_its_id() {
        let crashes = crashes(vec![file(4, "aaa1", "web", 1, 10), file(5, "bbb2", "web", 2, 20)]);
        assert_eq!(on_disk(&crashes, "@4"), Ok(KeptRun::File(4)));
        assert_eq!(on_disk(&crashes, "web"), Ok(KeptRun::File(5)));
        assert_eq!(on_disk(&crashes, "aaa"), Ok(KeptRun::File(4)));
        for number in ["@6", "@", "@-4"] {
            assert!(matches!(on_disk(&crashes, number), Err(TargetError::NoCrash { .. })), "{number}");
        }
        for unknown in ["#4", "zzz"] {
            assert!(matches!(on_disk(&crashes, unknown), Err(TargetError::Unknown { .. })), "{unknown}");
        }
        let error = on_disk(&self::crashes(vec![file(4, "ab1", "", 1, 1), file(5, "ab2", "", 2, 2)]), "ab");
        assert!(error.unwrap_err().to_string().contains("@4"));
    }

    #[test]
    fn of_two_files_of_one_name_the_later_is_meant_though_the_clock_was_set_back() {
        let crashes = crashes(vec![file(4, "aaa1", "web", 1, 20), file(5, "bbb2", "web", 2, 10)]);
        assert_eq!(on_disk(&crashes, "web"), Ok(KeptRun::File(5)));
    }

    #[test]
    fn previous_is_the_dead_run_before_the_living_one() {
        let rings = vec![ring(1, "aaa", "web", Some(10)), ring(2, "bbb", "web", Some(20)), ring(3, "ccc", "web", None)];
        assert_eq!(previous(&list(rings), &Crashes::default(), "web"), Ok(KeptRun::Ring(2)));
    }

    #[test]
    fn previous_of_a_dead_container_is_the_run_before_its_last() {
        let rings = vec![ring(1, "aaa", "web", Some(10)), ring(2, "bbb", "web", Some(20))];
        assert_eq!(previous(&list(rings), &Crashes::default(), "web"), Ok(KeptRun::Ring(1)));
    }

    #[test]
    fn a_ring_and_its_own_file_are_one_run() {
        let rings = list(vec![ring(2, "bbb", "web", Some(20))]);
        let files = crashes(vec![file(7, "aaa", "web", 1, 10), file(8, "bbb", "web", 2, 20)]);
        assert_eq!(previous(&rings, &files, "bbb"), Ok(KeptRun::File(7)));
        assert_eq!(previous(&List::default(), &files, "web"), Ok(KeptRun::File(7)));
    }

    #[test]
    fn without_an_earlier_run_it_is_said_so() {
        let rings = list(vec![ring(2, "bbb", "web", None), ring(3, "ccc", "other", Some(4))]);
        let error = previous(&rings, &Crashes::default(), "web").unwrap_err();
        assert_eq!(error, TargetError::NoPrevious { target: "web".into() });
        assert!(matches!(previous(&rings, &Crashes::default(), "nobody"), Err(TargetError::Unknown { .. })));
    }

    #[test]
    fn of_each_container_of_a_pod_one_run_is_chosen() {
        let rings = list(vec![
            ring(1, "aaa", "shop/web-1/app", Some(10)),
            ring(2, "bbb", "shop/web-1/app", None),
            ring(3, "ccc", "shop/web-1/sidecar", None),
        ]);
        let files = crashes(vec![file(4, "zzz", "shop/web-1/app", 0, 5)]);
        let runs = |run: &Run| choose(&rings, &files, run).into_iter().map(|kept| kept.run).collect::<Vec<_>>();
        assert_eq!(runs(&Run::Newest), [KeptRun::Ring(2), KeptRun::Ring(3)]);
        assert_eq!(runs(&Run::Previous), [KeptRun::Ring(1)]);
        assert_eq!(runs(&Run::OfContainer("zzz".into())), [KeptRun::File(4)]);
        assert_eq!(runs(&Run::OfContainer("yyy".into())), []);
        assert!(choose(&rings, &files, &Run::Newest).iter().all(|kept| kept.living));
    }
}
