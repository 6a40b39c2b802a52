//! From what a tool is asked to the command line that answers it.
//!
//! What is asked comes from a model that may have read what an attacker wrote: whatever it is, it is one value of a flag
//! or the TARGET, and never a flag.

use schemars::JsonSchema;
use serde::Deserialize;

/// Most calls of a dump, and how many where nothing is said.
const MOST_CALLS: u32 = 500;
const CALLS: u32 = 100;

/// The arguments of a command, behind which TARGETs stand.
#[derive(Debug, Default)]
struct Line(Vec<String>);

impl Line {
    fn of(words: &[&str]) -> Self {
        Self(words.iter().map(|word| (*word).to_owned()).collect())
    }

    fn flag(mut self, name: &str, is_set: bool) -> Self {
        self.0.extend(is_set.then(|| name.to_owned()));
        self
    }

    /// The value stands in the same word, so that it is one whatever it begins with.
    fn value(mut self, name: &str, value: Option<&str>) -> Self {
        self.0.extend(value.filter(|value| !value.is_empty()).map(|value| format!("{name}={value}")));
        self
    }

    fn pods(self, pods: &Pods) -> Self {
        self.value("--namespace", pods.namespace.as_deref()).value("--container", pods.container.as_deref())
    }

    /// Behind `--` nothing is a flag.
    fn targets<'t>(mut self, targets: impl IntoIterator<Item = &'t str>) -> Vec<String> {
        let mut targets = targets.into_iter().filter(|target| !target.is_empty()).peekable();
        if targets.peek().is_some() {
            self.0.push("--".to_owned());
        }
        self.0.extend(targets.map(str::to_owned));
        self.0
    }
}

/// Which of a cluster's pods.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Pods {
    /// The pods' namespace in a cluster; else that of the kubeconfig.
    #[serde(default)]
    namespace: Option<String>,
    /// The container of the pod; else the one that kubectl would take.
    #[serde(default)]
    container: Option<String>,
}

/// What `list` is asked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct List {
    /// Crashes that are kept, in place of what is recorded.
    #[serde(default)]
    crashes: bool,
    /// With crashes: one line for each cause, with how often, since when, and when last.
    #[serde(default)]
    by_cause: bool,
    /// Of all namespaces of the cluster.
    #[serde(default)]
    all_namespaces: bool,
    /// The namespace in a cluster; else that of the kubeconfig.
    #[serde(default)]
    namespace: Option<String>,
}

/// What `why` is asked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Why {
    /// The container: its name or id as `list` shows them, @N for a crash that is kept, or pod/NAME, deploy/NAME,
    /// sts/NAME, job/NAME in a cluster.
    target: String,
    /// The run before the present one.
    #[serde(default)]
    previous: bool,
    /// Which pods.
    #[serde(flatten)]
    pods: Pods,
}

/// What `diff` is asked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Diff {
    /// One run, as for why.
    target: String,
    /// The other run, as for why; left out: the run before that of `target`.
    #[serde(default)]
    other: Option<String>,
    /// Which pods.
    #[serde(flatten)]
    pods: Pods,
}

/// What `dump` is asked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Dump {
    /// The container, as for why.
    target: String,
    /// The run before the present one.
    #[serde(default)]
    previous: bool,
    /// How many of the last calls: 100 where nothing is said, 500 at most.
    #[serde(default)]
    last: Option<u32>,
    /// Calls that failed, alone.
    #[serde(default)]
    failed: bool,
    /// Events in place of calls: execs, forks, exits, signals with who sent them, OOM kills, TCP connections.
    #[serde(default)]
    events: bool,
    /// These calls: names and strace's classes (openat,%network), or all but those (!futex).
    #[serde(default)]
    calls: Option<String>,
    /// Calls with this in their path.
    #[serde(default)]
    path: Option<String>,
    /// From then on: how long before the reading (30s, 5m), or a date and time (2026-11-21T14:03:07Z).
    #[serde(default)]
    since: Option<String>,
    /// Up to then.
    #[serde(default)]
    until: Option<String>,
    /// Which pods.
    #[serde(flatten)]
    pods: Pods,
}

impl List {
    pub(super) fn arguments(&self) -> Vec<String> {
        let line = Line::of(&["list", "-o", "wide"]).flag("--crashes", self.crashes || self.by_cause);
        let line = line.flag("--by-cause", self.by_cause).flag("--all-namespaces", self.all_namespaces);
        line.value("--namespace", self.namespace.as_deref()).targets([])
    }
}

impl Why {
    pub(super) fn arguments(&self) -> Vec<String> {
        let line = Line::of(&["why", "-o", "json", "--utc"]).flag("--previous", self.previous).pods(&self.pods);
        line.targets([self.target.as_str()])
    }
}

impl Diff {
    pub(super) fn arguments(&self) -> Vec<String> {
        let other = self.other.as_deref().filter(|other| !other.is_empty());
        let line = Line::of(&["diff", "-o", "json", "--utc"]).flag("--previous", other.is_none()).pods(&self.pods);
        line.targets([self.target.as_str()].into_iter().chain(other))
    }
}

impl Dump {
    pub(super) fn arguments(&self) -> Vec<String> {
        let last = self.last.unwrap_or(CALLS).clamp(1, MOST_CALLS).to_string();
        let line = Line::of(&["dump", "-o", "table", "--utc"]).value("--last", Some(&last));
        let line = line.flag("--previous", self.previous).flag("--failed", self.failed).flag("--events", self.events);
        let line = line.value("--syscall", self.calls.as_deref()).value("--path", self.path.as_deref());
        let line = line.value("--since", self.since.as_deref()).value("--until", self.until.as_deref());
        line.pods(&self.pods).targets([self.target.as_str()])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use crate::cli::Cli;
    use clap::Parser as _;

    fn parsed(mut arguments: Vec<String>) -> Result<Cli, String> {
        arguments.insert(0, "rewind".to_owned());
        Cli::try_parse_from(arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn every_tool_asks_what_the_command_line_takes() {
        let target = "pod/web".to_owned();
        let some = || Some("x".to_owned());
        let pods = || Pods { namespace: some(), container: some() };
        let since = Some("5m".to_owned());
        for arguments in [
            List::default().arguments(),
            List { by_cause: true, all_namespaces: true, ..List::default() }.arguments(),
            List { crashes: true, namespace: some(), ..List::default() }.arguments(),
            Why { target: target.clone(), previous: true, pods: pods() }.arguments(),
            Diff { target: target.clone(), other: None, pods: pods() }.arguments(),
            Diff { target: target.clone(), other: some(), ..Diff::default() }.arguments(),
            Dump {
                target: target.clone(),
                failed: true,
                calls: Some("openat".to_owned()),
                path: some(),
                pods: pods(),
                ..Dump::default()
            }
            .arguments(),
            Dump { target, events: true, since: since.clone(), until: since, ..Dump::default() }.arguments(),
        ] {
            parsed(arguments.clone()).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
        }
    }

    #[test]
    fn what_is_asked_is_a_value_and_never_a_flag() {
        let evil = "--from=/etc/shadow".to_owned();
        let why = Why { target: evil.clone(), ..Why::default() }.arguments();
        assert_eq!(why, ["why", "-o", "json", "--utc", "--", "--from=/etc/shadow"]);
        let dump = Dump {
            target: "a".to_owned(),
            path: Some(evil.clone()),
            calls: Some(evil.clone()),
            last: Some(9_999),
            ..Dump::default()
        };
        let dump = dump.arguments();
        assert!(
            dump.contains(&"--path=--from=/etc/shadow".to_owned()) && dump.contains(&"--last=500".to_owned()),
            "{dump:?}"
        );
        assert!(!dump.contains(&evil), "{dump:?}");
    }
}
