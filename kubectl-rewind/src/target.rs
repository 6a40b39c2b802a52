//! Which recording is meant by TARGET: pure. [`typed`], [`pods`] and [`stored`] say it for a cluster; what follows, for one host.
//!
//! TARGET is a container's id or the beginning of one, its name, its cgroup's path or the last part
//! of that, or `#N` for recording N. An exact match goes before the beginning of one. Of several
//! recordings of one container (or of containers of one name) the living one is meant, or if all are
//! dead, the one that died last.

pub(crate) mod pods;
pub(crate) mod stored;
pub(crate) mod typed;

use rewind_recording::api::Listed;
use rewind_recording::render::short_id;

/// Why TARGET does not mean one recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    /// There are no recordings at all.
    #[error(
        "nothing is recorded on this node yet: start a container, or look at 'rewind-agent doctor' for what is missing"
    )]
    Nothing,
    /// No recording fits.
    #[error("no recording is of {target:?}{}; 'rewind list' shows what there is", did_you_mean(near))]
    Unknown {
        /// What was typed.
        target: String,
        /// Names that are like it.
        near: Vec<String>,
    },
    /// Recordings of several containers fit.
    #[error("{target:?} may mean any of these, give more of the id:\n{}", candidates.join("\n"))]
    Ambiguous {
        /// What was typed.
        target: String,
        /// A line each.
        candidates: Vec<String>,
    },
    /// There is no crash file of that number.
    #[error("there is no crash file {target}; 'rewind list --crashes' shows what there is")]
    NoCrash {
        /// What was typed.
        target: String,
    },
    /// It has run once, as far as is known.
    #[error(
        "no earlier run of {target:?} is kept, in memory or as a crash file; 'rewind list' and 'rewind list --crashes' show what is"
    )]
    NoPrevious {
        /// What was typed.
        target: String,
    },
    /// Objects of that kind have no pods, or are not known.
    #[error(
        "{kind:?} is no kind whose pods can be named; there are pod, deploy, rs, sts, ds, job, cronjob, and rec for a Recording"
    )]
    Kind {
        /// What was typed.
        kind: String,
    },
    /// A name is missing.
    #[error("{target:?} names nothing; give a pod's name, or KIND/NAME as deploy/web")]
    NoName {
        /// What was typed.
        target: String,
    },
    /// No pod is meant, living or gone.
    #[error(
        "{target} has no pods, and no Recording tells of one that it had; 'kubectl rewind list --crashes' shows what is kept"
    )]
    NoPods {
        /// What was typed.
        target: String,
    },
    /// The pod has no such container.
    #[error("container {container} is not valid for pod {pod}; it has {}", names.join(", "))]
    NoContainer {
        /// What was typed.
        container: String,
        /// The pod.
        pod: String,
        /// What it has.
        names: Vec<String>,
    },
    /// The agent holds nothing of it.
    #[error("nothing is held of {what} on node {node}: {why}")]
    NothingHeld {
        /// Pod and container.
        what: String,
        /// The node.
        node: String,
        /// Why that may be, or what is known still.
        why: String,
    },
    /// Several are meant where there can be one.
    #[error("{target} means several, name one of them: {}", candidates.join(", "))]
    Several {
        /// What was typed.
        target: String,
        /// What each is called.
        candidates: Vec<String>,
    },
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!(", did you mean {}?", near.join(" or ")) }
}

/// How well a recording fits; a better one shuts out the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The beginning of an id, or a part of a path.
    Partly,
    /// A name, an id, a path.
    Exactly,
}

/// Chooses the recording that `target` means.
///
/// # Errors
/// [`TargetError`]; not worth a retry, unless the container is still to come.
pub(crate) fn choose<'l>(recordings: &'l [Listed], target: &str) -> Result<&'l Listed, TargetError> {
    choose_marked(recordings, target, '#')
}

/// As [`choose`], where `mark` stands before the numbers.
///
/// # Errors
/// [`TargetError`].
pub(crate) fn choose_marked<'l>(recordings: &'l [Listed], target: &str, mark: char) -> Result<&'l Listed, TargetError> {
    if recordings.is_empty() {
        return Err(TargetError::Nothing);
    }
    let number = target.strip_prefix(mark).and_then(|number| number.parse::<u64>().ok());
    if let Some(listed) = recordings.iter().find(|listed| number == Some(listed.recording)) {
        return Ok(listed);
    }
    let fits: Vec<_> = recordings.iter().filter_map(|listed| Some((fit(listed, target)?, listed))).collect();
    let Some(best) = fits.iter().map(|(fit, _)| *fit).max() else {
        return Err(TargetError::Unknown { target: target.to_owned(), near: near(recordings, target) });
    };
    let mut fitting: Vec<_> = fits.into_iter().filter(|(fit, _)| *fit == best).map(|(_, listed)| listed).collect();
    fitting.sort_by_key(|listed| std::cmp::Reverse(age(listed)));
    let Some(first) = fitting.first().copied() else { return Err(TargetError::Nothing) };
    // Of one name or one container several runs may be held: the newest is meant. Two living ones of
    // one name, and different containers by the beginning of an id, are a question.
    let rivals: Vec<_> = fitting.iter().filter(|other| is_rival(first, other, best)).copied().collect();
    if rivals.is_empty() {
        return Ok(first);
    }
    let candidates = std::iter::once(first).chain(rivals).map(|listed| candidate(listed, mark)).collect();
    Err(TargetError::Ambiguous { target: target.to_owned(), candidates })
}

fn fit(listed: &Listed, target: &str) -> Option<Fit> {
    let container = &listed.container;
    let path = container.cgroup_path.as_str().trim_matches('/');
    let wanted = target.trim_matches('/');
    let wanted = wanted.strip_prefix("sys/fs/cgroup/").unwrap_or(wanted);
    if wanted.is_empty() {
        return None;
    }
    if container.name.is(target) || container.id.is(target) || path == wanted || container.cgroup_path.is(target) {
        return Some(Fit::Exactly);
    }
    let tail = path.strip_suffix(wanted).is_some_and(|before| before.ends_with('/'));
    (container.id.as_str().starts_with(target) || tail).then_some(Fit::Partly)
}

fn is_rival(chosen: &Listed, other: &Listed, fit: Fit) -> bool {
    let same_container = chosen.container.id == other.container.id;
    let both_live = chosen.is_living() && other.is_living();
    other.recording != chosen.recording && !same_container && (fit == Fit::Partly || both_live)
}

/// Newer ones are greater: the living before the dead, then by death, then by birth.
fn age(listed: &Listed) -> (u64, u64, u64) {
    (listed.died_ns.unwrap_or(u64::MAX), listed.born_ns, listed.recording)
}

fn candidate(listed: &Listed, mark: char) -> String {
    let container = &listed.container;
    let state = if listed.is_living() { "living" } else { "dead" };
    let name = if container.name.is_empty() { "" } else { "  " };
    let (number, id) = (listed.recording, short_id(&container.id));
    format!("  {mark}{number}  {id}{name}{}  {state}  {}", container.name, container.cgroup_path)
}

/// Names and ids that contain what was typed, or the other way round.
fn near(recordings: &[Listed], target: &str) -> Vec<String> {
    let wanted = target.to_lowercase();
    let is_near = |name: &str| {
        let name = name.to_lowercase();
        name.len() > 2 && wanted.len() > 2 && (name.contains(&wanted) || wanted.contains(&name))
    };
    let mut near: Vec<_> = recordings
        .iter()
        .filter_map(|listed| {
            let container = &listed.container;
            let name = if container.name.is_empty() { short_id(&container.id) } else { container.name.clone() };
            (is_near(name.as_str()) || is_near(container.cgroup_path.as_str())).then(|| name.to_string())
        })
        .collect();
    near.sort();
    near.dedup();
    near.truncate(5);
    near
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rewind_recording::header::Container;

    fn listed(recording: u64, id: &str, name: &str, died_ns: Option<u64>) -> Listed {
        let cgroup_path = format!("/system.slice/docker-{id}.scope").into();
        let container = Container { id: id.into(), name: name.into(), cgroup_path, ..Container::default() };
        Listed { recording, container, born_ns: recording, died_ns, ..Listed::default() }
    }

    fn some() -> Vec<Listed> {
        vec![
            listed(1, "aaa111", "web", Some(100)),
            listed(2, "aab222", "web", None),
            listed(3, "ccc333", "job", Some(50)),
            listed(4, "ddd444", "job", Some(70)),
            listed(5, "eee555", "twin", None),
            listed(6, "fff666", "twin", None),
        ]
    }

    fn chosen(target: &str) -> Result<u64, TargetError> {
        choose(&some(), target).map(|listed| listed.recording)
    }

    #[test]
    fn of_one_name_the_living_one_is_meant() {
        assert_eq!(chosen("web"), Ok(2));
    }

    #[test]
    fn of_one_name_the_one_that_died_last_is_meant_if_all_are_dead() {
        assert_eq!(chosen("job"), Ok(4));
    }

    #[test]
    fn the_beginning_of_an_id_is_enough() {
        assert_eq!(chosen("aaa"), Ok(1));
        assert_eq!(chosen("ccc333"), Ok(3));
    }

    #[test]
    fn a_recording_is_named_by_its_number() {
        assert_eq!(chosen("#3"), Ok(3));
    }

    #[test]
    fn a_cgroup_is_named_by_its_path_or_the_end_of_it() {
        for path in [
            "/system.slice/docker-ccc333.scope",
            "docker-ccc333.scope",
            "/sys/fs/cgroup/system.slice/docker-ccc333.scope",
        ] {
            assert_eq!(chosen(path), Ok(3), "{path}");
        }
    }

    #[test]
    fn several_containers_are_a_question_with_the_candidates() {
        let error = chosen("aa").unwrap_err().to_string();
        assert!(error.contains("aaa111") && error.contains("aab222") && error.contains("dead"), "{error}");
        let error = chosen("twin").unwrap_err().to_string();
        assert!(error.contains("eee555") && error.contains("fff666"), "{error}");
    }

    #[test]
    fn an_unknown_target_names_what_is_near() {
        let error = chosen("web-1").unwrap_err().to_string();
        assert!(error.contains("did you mean web?"), "{error}");
        assert!(matches!(chosen(""), Err(TargetError::Unknown { .. })));
        assert!(matches!(chosen("zzz"), Err(TargetError::Unknown { near, .. }) if near.is_empty()));
    }

    #[test]
    fn without_recordings_it_is_said_what_to_try() {
        assert_eq!(choose(&[], "web"), Err(TargetError::Nothing));
    }

    #[test]
    fn two_runs_of_one_container_are_no_question() {
        let runs = [listed(1, "aaa111", "", Some(5)), listed(2, "aaa111", "", Some(9))];
        assert_eq!(choose(&runs, "aaa").map(|listed| listed.recording), Ok(2));
    }
}
