//! Completion within kubectl: `kubectl_complete-rewind`, which kubectl runs with what was typed, the unfinished word
//! last, and which answers in cobra's protocol, a candidate a line and a directive at the end. So it works in each
//! shell that kubectl has a completion for, and knows what the cluster has. What kind of word is wanted is decided by
//! [`wanted`], which is pure.

use crate::cli::{Cli, ClusterFlags};
use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::target::typed::{NAMES, OwnerKind, Typed};
use clap::{Arg, ArgAction, Command, CommandFactory as _};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{ListParams, PartialObjectMeta};
use kube::{Api, Resource};
use rewind_resources::recording::Recording;
use std::fmt::Debug;
use std::time::Duration;

/// Nobody waits longer for a word.
const PATIENCE: Duration = Duration::from_secs(3);
/// cobra's directives.
const FILES: u8 = 0;
const NO_FILES: u8 = 4;
const NO_SPACE_NO_FILES: u8 = 6;

/// What kind of word is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    /// One of these, each with what it means.
    Words(Vec<(String, String)>),
    /// Pods, or what owns them.
    Targets,
    /// Containers of this TARGET.
    Containers(Option<String>),
    Namespaces,
    Contexts,
    Files,
    /// Something that nobody can know.
    Nothing,
}

/// What was typed so far, as far as it is a command.
#[derive(Debug)]
struct Typing {
    flags: ClusterFlags,
    target: Option<String>,
    wanted: Wanted,
}

/// Answers with the candidates for the last word.
#[must_use]
pub(crate) async fn answer(words: &[String]) -> String {
    let typing = wanted(&Cli::command(), words);
    let last = words.last().map_or("", |word| word.as_str());
    let (prefix, start) = match last.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") => (format!("{flag}="), value),
        _ => (String::new(), last),
    };
    let asked = tokio::time::timeout(PATIENCE, candidates(&typing, start));
    // A completion has nowhere to say what is wrong.
    let (found, directive) = asked.await.ok().and_then(Result::ok).unwrap_or((Vec::new(), NO_FILES));
    let mut lines: Vec<_> = found
        .into_iter()
        .filter(|(word, _)| word.starts_with(start))
        .map(
            |(word, help)| {
                if help.is_empty() { format!("{prefix}{word}\n") } else { format!("{prefix}{word}\t{help}\n") }
            },
        )
        .collect();
    lines.push(format!(":{directive}\n"));
    lines.concat()
}

async fn candidates(typing: &Typing, start: &str) -> Result<(Vec<(String, String)>, u8), Failure> {
    let plain = |names: Vec<String>| names.into_iter().map(|name| (name, String::new())).collect::<Vec<_>>();
    match &typing.wanted {
        Wanted::Words(words) => Ok((words.clone(), NO_FILES)),
        Wanted::Files => Ok((Vec::new(), FILES)),
        Wanted::Nothing => Ok((Vec::new(), NO_FILES)),
        Wanted::Contexts => Ok((plain(crate::cluster::client::contexts(&typing.flags)), NO_FILES)),
        Wanted::Namespaces => {
            let cluster = Cluster::new(&typing.flags).await?;
            Ok((plain(names::<Namespace>(&cluster, &cluster.everywhere()).await?), NO_FILES))
        }
        Wanted::Containers(target) => {
            let cluster = Cluster::new(&typing.flags).await?;
            let pods = cluster.list(&cluster.api::<Pod>(&cluster.namespace), ListParams::default()).await?;
            let name = target.as_deref().map(|target| target.rsplit('/').next().unwrap_or(target));
            Ok((plain(containers(&pods, name)), NO_FILES))
        }
        Wanted::Targets => {
            let cluster = Cluster::new(&typing.flags).await?;
            targets(&cluster, start).await
        }
    }
}

/// Pods by their names; behind `KIND/` what there is of that kind; else the kinds.
async fn targets(cluster: &Cluster, start: &str) -> Result<(Vec<(String, String)>, u8), Failure> {
    if let Some((kind, _)) = start.split_once('/') {
        let found = of_kind(cluster, start).await?;
        return Ok((found.into_iter().map(|name| (format!("{kind}/{name}"), String::new())).collect(), NO_FILES));
    }
    let pods = names::<Pod>(cluster, &cluster.api(&cluster.namespace)).await?;
    let matching: Vec<_> = pods.into_iter().filter(|name| name.starts_with(start)).collect();
    if matching.is_empty() {
        return Ok((NAMES.iter().map(|kind| (format!("{kind}/"), String::new())).collect(), NO_SPACE_NO_FILES));
    }
    Ok((matching.into_iter().map(|name| (name, String::new())).collect(), NO_FILES))
}

async fn of_kind(cluster: &Cluster, start: &str) -> Result<Vec<String>, Failure> {
    // The name may be missing still.
    let Ok(typed) = Typed::parse(&format!("{start}x")) else { return Ok(Vec::new()) };
    let namespace = &cluster.namespace;
    match typed {
        Typed::Pod(_) => names::<Pod>(cluster, &cluster.api(namespace)).await,
        Typed::Recording(_) => names::<Recording>(cluster, &cluster.api(namespace)).await,
        Typed::Labels(_) => Ok(Vec::new()),
        Typed::Owner(kind, _) => match kind {
            OwnerKind::Deployment => names::<Deployment>(cluster, &cluster.api(namespace)).await,
            OwnerKind::ReplicaSet => names::<ReplicaSet>(cluster, &cluster.api(namespace)).await,
            OwnerKind::StatefulSet => names::<StatefulSet>(cluster, &cluster.api(namespace)).await,
            OwnerKind::DaemonSet => names::<DaemonSet>(cluster, &cluster.api(namespace)).await,
            OwnerKind::Job => names::<Job>(cluster, &cluster.api(namespace)).await,
            OwnerKind::CronJob => names::<CronJob>(cluster, &cluster.api(namespace)).await,
        },
    }
}

/// The names of objects, without the rest of them.
async fn names<K>(cluster: &Cluster, api: &Api<K>) -> Result<Vec<String>, Failure>
where
    K: Resource + Clone + serde::de::DeserializeOwned + Debug,
{
    let list = cluster.answer(api.list_metadata(&ListParams::default())).await?;
    let name = |object: PartialObjectMeta<K>| object.metadata.name;
    Ok(list.items.into_iter().filter_map(name).collect())
}

/// The containers of the pods whose name begins with `name`: a pod's own, or its owner's.
fn containers(pods: &[Pod], name: Option<&str>) -> Vec<String> {
    let is_meant = |pod: &&Pod| {
        let pod = pod.metadata.name.as_deref().unwrap_or_default();
        name.is_none_or(|name| pod.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
    };
    let of = |pod: &Pod| {
        let spec = pod.spec.as_ref();
        let app = spec.into_iter().flat_map(|spec| spec.containers.iter().map(|container| container.name.clone()));
        let init = spec.and_then(|spec| spec.init_containers.clone()).into_iter().flatten().map(|c| c.name);
        app.chain(init).collect::<Vec<_>>()
    };
    let mut names: Vec<_> = pods.iter().filter(is_meant).flat_map(of).collect();
    names.sort();
    names.dedup();
    names
}

/// What kind of word the last one is to be.
fn wanted(root: &Command, words: &[String]) -> Typing {
    let mut typing = Typing { flags: ClusterFlags::default(), target: None, wanted: Wanted::Nothing };
    typing.flags.agent_namespace = rewind_resources::group::NAMESPACE.to_owned();
    let Some((last, before)) = words.split_last() else { return typing };
    let (mut command, mut open, mut positionals): (&Command, Option<&Arg>, usize) = (root, None, 0);
    for word in before {
        if let Some(arg) = open.take() {
            typing.take(arg, word);
        } else if word.starts_with('-') {
            let (name, value) = word.split_once('=').map_or((&**word, None), |(name, value)| (name, Some(value)));
            match (flag(root, command, name), value) {
                (Some(arg), Some(value)) => typing.take(arg, value),
                (Some(arg), None) if takes_value(arg) => open = Some(arg),
                _ => {}
            }
        } else if let Some(below) = command.find_subcommand(word) {
            command = below;
        } else {
            if positionals == 0 {
                typing.target = Some(word.clone());
            }
            positionals += 1;
        }
    }
    typing.wanted = match (open, last.split_once('=')) {
        (Some(arg), _) => value_of(arg, &typing),
        (None, Some((name, _))) if name.starts_with("--") => {
            flag(root, command, name).map_or(Wanted::Nothing, |arg| value_of(arg, &typing))
        }
        (None, _) if last.starts_with('-') => Wanted::Words(flags(root, command)),
        (None, _) if command.has_subcommands() => {
            let visible = command.get_subcommands().filter(|below| !below.is_hide_set());
            Wanted::Words(visible.map(|below| (below.get_name().to_owned(), help(below.get_about()))).collect())
        }
        (None, _) => match command.get_positionals().nth(positionals) {
            Some(arg) => value_of(arg, &typing),
            None => Wanted::Nothing,
        },
    };
    typing
}

impl Typing {
    /// Notes the value of a flag that says where to look.
    fn take(&mut self, arg: &Arg, value: &str) {
        let value = value.to_owned();
        match arg.get_id().as_str() {
            "namespace" => self.flags.namespace = Some(value),
            "context" => self.flags.context = Some(value),
            "kubeconfig" => self.flags.kubeconfig = Some(value.into()),
            "as_user" => self.flags.as_user = Some(value),
            "as_groups" => self.flags.as_groups.push(value),
            _ => {}
        }
    }
}

/// What the value of an argument may be.
fn value_of(arg: &Arg, typing: &Typing) -> Wanted {
    match arg.get_id().as_str() {
        "target" => Wanted::Targets,
        "container" => Wanted::Containers(typing.target.clone()),
        "namespace" | "agent_namespace" => Wanted::Namespaces,
        "context" => Wanted::Contexts,
        "from" | "kubeconfig" | "socket" => Wanted::Files,
        "output" if arg.get_possible_values().is_empty() => Wanted::Files,
        _ => {
            let values = arg.get_possible_values();
            let words: Vec<_> = values.iter().map(|v| (v.get_name().to_owned(), help(v.get_help()))).collect();
            if words.is_empty() { Wanted::Nothing } else { Wanted::Words(words) }
        }
    }
}

/// The flags of a command, and those that each command has.
fn all<'c>(root: &'c Command, command: &'c Command) -> impl Iterator<Item = &'c Arg> {
    let global = root.get_arguments().filter(|arg| arg.is_global_set());
    command.get_arguments().chain(global).filter(|arg| !arg.is_positional() && !arg.is_hide_set())
}

fn flags(root: &Command, command: &Command) -> Vec<(String, String)> {
    let long = |arg: &Arg| Some((format!("--{}", arg.get_long()?), help(arg.get_help())));
    all(root, command).filter_map(long).collect()
}

fn flag<'c>(root: &'c Command, command: &'c Command, typed: &str) -> Option<&'c Arg> {
    all(root, command).find(|arg| match typed.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => typed.strip_prefix('-').is_some_and(|short| short.chars().eq(arg.get_short())),
    })
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

/// The first line.
fn help(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(|text| text.to_string().lines().next().unwrap_or_default().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn of(line: &str) -> Typing {
        wanted(&Cli::command(), &line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    fn words(line: &str) -> Vec<String> {
        let Wanted::Words(words) = of(line).wanted else { return Vec::new() };
        words.into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn commands_come_first_without_those_that_are_not_for_people() {
        let words = words("d");
        assert!(words.contains(&"dump".to_owned()) && words.iter().all(|word| !word.starts_with('_')), "{words:?}");
    }

    #[test]
    fn a_target_is_wanted_where_one_stands() {
        for line in ["dump ", "dump we", "-n shop why deploy/", "trace --failed ", "payload we", "top -o json "] {
            assert_eq!(of(line).wanted, Wanted::Targets, "{line}");
        }
        assert_eq!(words("payload web "), ["on", "off"]);
        assert_eq!(of("dump web ").wanted, Wanted::Nothing);
    }

    #[test]
    fn values_are_those_of_their_flag() {
        assert_eq!(words("dump web -o "), ["table", "strace", "json", "otlp", "perfetto"]);
        assert_eq!(words("trace web --output=s"), ["table", "strace", "json"]);
        assert_eq!(of("dump -n ").wanted, Wanted::Namespaces);
        assert_eq!(of("dump --context ").wanted, Wanted::Contexts);
        assert_eq!(of("dump deploy/web -c ").wanted, Wanted::Containers(Some("deploy/web".into())));
        assert_eq!(of("why --from ").wanted, Wanted::Files);
        assert_eq!(of("save web --output ").wanted, Wanted::Files);
        assert_eq!(of("dump --since ").wanted, Wanted::Nothing);
    }

    #[test]
    fn where_to_look_is_taken_from_what_was_typed() {
        let typing = of("dump -n shop --context=prod --as ann we");
        assert_eq!(typing.flags.namespace.as_deref(), Some("shop"));
        assert_eq!(typing.flags.context.as_deref(), Some("prod"));
        assert_eq!(typing.flags.as_user.as_deref(), Some("ann"));
    }

    #[test]
    fn flags_are_the_commands_and_everyones() {
        let words = words("dump --");
        for flag in ["--failed", "--previous", "--namespace", "--no-color"] {
            assert!(words.contains(&flag.to_owned()), "{flag}: {words:?}");
        }
    }

    #[test]
    fn containers_are_those_of_the_pod_or_of_its_owners_pods() {
        let pod = |name: &str, containers: &[&str]| -> Pod {
            let containers: Vec<_> = containers.iter().map(|name| json!({"name": name})).collect();
            serde_json::from_value(json!({"metadata": {"name": name}, "spec": {"containers": containers}})).unwrap()
        };
        let pods = [pod("web-1", &["app", "proxy"]), pod("web-2", &["app"]), pod("website", &["nginx"])];
        assert_eq!(containers(&pods, Some("web")), ["app", "proxy"]);
        assert_eq!(containers(&pods, Some("website")), ["nginx"]);
        assert_eq!(containers(&pods, None), ["app", "nginx", "proxy"]);
    }
}
