//! The laws, each over one crate: what breaks it, a sentence a breach.

use super::arrows::Arrow;
use super::source::{Crate, Named, ORDER_HEADING};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What starts a task or a thread, or makes a channel: one of these names in a path of this beginning.
const STARTS: &[(&str, &[&str])] = &[
    ("tokio", &["spawn", "spawn_blocking", "spawn_local", "JoinSet", "LocalSet", "channel", "unbounded_channel"]),
    ("std::thread", &["spawn", "scope", "Builder"]),
    ("std::sync::mpsc", &["channel", "sync_channel"]),
    ("futures_util", &["channel", "unbounded", "FuturesUnordered"]),
];
/// What starts a task when it is called as a method of a runtime or a set of tasks.
const STARTING_METHODS: &[&str] = &["spawn_blocking", "spawn_local", "spawn_on"];

/// Modules that have no place in the order that their parent declares.
pub(super) fn places(of: &Crate) -> Vec<String> {
    let declared = of.modules.iter().filter_map(|module| Some((module, module.order.as_ref()?)));
    let missing = declared.flat_map(|(module, order)| {
        let absent = module.children.keys().filter(|child| !order.contains(child));
        absent.map(|child| {
            format!("{}: `{child}` has no place in the table of modules {ORDER_HEADING}", module.file.display())
        })
    });
    missing.collect()
}

/// Why an arrow runs against a declared order, if it does.
pub(super) fn against_order(of: &Crate, arrow: &Arrow) -> Option<String> {
    of.modules.iter().find_map(|module| {
        let order = module.order.as_ref()?;
        let place = |at: usize| {
            let child = module.children.iter().find(|(_, child)| of.is_within(at, **child))?.0;
            Some((order.iter().position(|name| name == child)?, child))
        };
        let ((from, user), (to, used)) = (place(arrow.from)?, place(arrow.to)?);
        (from < to).then(|| {
            let declared = module.file.display();
            format!("{}: `{user}` stands before `{used}` in {declared}", of.told(arrow))
        })
    })
}

/// Sets of files that use each other in a loop. A module and its children are one thing to others: that it
/// uses them, and they what it defines, is no loop; a loop that needs only one of these two directions is.
pub(super) fn circles<'a>(of: &'a Crate, arrows: &[Arrow]) -> Vec<Circle<'a>> {
    let mut found = Vec::new();
    let is_down = |arrow: &&Arrow| of.is_file_within(arrow.to, arrow.from);
    let is_up = |arrow: &&Arrow| of.is_file_within(arrow.from, arrow.to);
    let graphs = [
        arrows.iter().filter(|arrow| !is_down(arrow)).collect::<Vec<_>>(),
        arrows.iter().filter(|arrow| !is_up(arrow)).collect(),
    ];
    for graph in &graphs {
        for files in loops(of, graph) {
            let closes = |arrow: &&Arrow| files.contains(of.file(arrow.from)) && files.contains(of.file(arrow.to));
            let ties = graph.iter().copied().filter(closes).cloned().collect();
            let circle = Circle { files, ties };
            if !found.contains(&circle) {
                found.push(circle);
            }
        }
    }
    found
}

/// Files that use each other in a loop, and how.
#[derive(PartialEq, Eq)]
pub(super) struct Circle<'a> {
    files: BTreeSet<&'a Path>,
    ties: Vec<Arrow>,
}

impl Circle<'_> {
    /// Whether it would be another one without this arrow.
    pub(super) fn has(&self, arrow: &Arrow) -> bool {
        self.ties.contains(arrow)
    }

    /// In words.
    pub(super) fn told(&self, of: &Crate) -> String {
        let ties: Vec<String> = self.ties.iter().map(|arrow| of.told(arrow)).collect();
        format!("a circle of {} files:\n    {}", self.files.len(), ties.join("\n    "))
    }
}

/// The largest sets of files of which each reaches each other.
fn loops<'a>(of: &'a Crate, arrows: &[&Arrow]) -> BTreeSet<BTreeSet<&'a Path>> {
    let mut reached: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
    for arrow in arrows {
        reached.entry(of.file(arrow.from)).or_default().insert(of.file(arrow.to));
    }
    // A crate has some hundred files: what each can reach is widened until nothing changes.
    loop {
        let mut wider = reached.clone();
        for to in wider.values_mut() {
            let beyond: Vec<&Path> = to.iter().filter_map(|at| reached.get(at)).flatten().copied().collect();
            to.extend(beyond);
        }
        if wider == reached {
            break;
        }
        reached = wider;
    }
    let reaches = |from: &Path, to: &Path| reached.get(from).is_some_and(|all| all.contains(to));
    let looped: Vec<&Path> = reached.keys().copied().filter(|file| reaches(file, file)).collect();
    let sets = looped
        .iter()
        .map(|file| looped.iter().copied().filter(|other| reaches(file, other) && reaches(other, file)).collect());
    sets.collect()
}

/// Where tasks and threads are started and channels are made, but for `starters`.
pub(super) fn starts(of: &Crate, starters: &[&str]) -> Vec<String> {
    let is_start = |named: &Named| {
        let path = named.path.join("::");
        let beyond = |begin: &str| path.strip_prefix(begin)?.strip_prefix("::").map(str::to_owned);
        let mut lists = STARTS.iter().filter_map(|(begin, starts)| Some((beyond(begin)?, starts)));
        lists.any(|(rest, starts)| rest.split("::").any(|name| starts.contains(&name)))
    };
    let paths = of.outside().filter(|(_, named)| is_start(named));
    let methods = of.modules.iter().enumerate().flat_map(|(module, here)| {
        let starting =
            here.called.iter().filter(|named| named.path.iter().any(|name| STARTING_METHODS.contains(&name.as_str())));
        starting.map(move |named| (module, named.clone()))
    });
    let (allowed, elsewhere): (Vec<_>, Vec<_>) =
        paths.chain(methods).partition(|(module, _)| starters.iter().any(|file| of.file(*module) == Path::new(file)));
    let told = elsewhere.into_iter().map(|(module, named)| {
        let (file, path) = (of.file(module).display(), named.path.join("::"));
        let may = starters.join(", ");
        format!("{file}:{}: `{path}` starts a task or makes a channel, which only {may} may", named.line)
    });
    let is_idle = |file: &&&str| !allowed.iter().any(|(module, _)| of.file(*module) == Path::new(file));
    let idle = starters.iter().filter(is_idle);
    told.chain(idle.map(|file| format!("{file} starts nothing: strike it from those who may"))).collect()
}

impl Crate {
    /// `a.rs:12 uses b.rs (One, Two)`.
    fn told(&self, arrow: &Arrow) -> String {
        let line = arrow.names.values().min().copied().unwrap_or_default();
        let names: Vec<&str> = arrow.names.keys().map(String::as_str).collect();
        let (from, to) = (self.file(arrow.from).display(), self.file(arrow.to).display());
        format!("{from}:{line} uses {to} ({})", names.join(", "))
    }
}
