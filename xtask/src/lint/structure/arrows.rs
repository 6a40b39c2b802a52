//! What each path means: a module of the crate, and so an arrow between files, or something outside.

use super::source::{Crate, Named};
use std::collections::BTreeMap;
use std::path::Path;

/// How often a name may lead to another one. More is a circle of re-exports.
const MAX_STEPS: usize = 32;

/// One file uses another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrow {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Which names, each with the line where it stands first.
    pub(super) names: BTreeMap<String, usize>,
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// What this module defines under this name.
    Item(usize, String),
    Module(usize),
    /// A path that begins with another crate's name, or a name that no `use` binds.
    Outside(Vec<String>),
}

/// What a path leads to, and the modules that hand it on: what is named there is not defined there.
#[derive(Debug)]
struct Way {
    target: Target,
    via: Vec<usize>,
}

impl Way {
    fn to(target: Target) -> Self {
        Self { target, via: Vec::new() }
    }

    /// The same, handed on by `module`.
    fn handed_on_by(mut self, module: usize) -> Self {
        self.via.push(module);
        self
    }
}

impl Crate {
    /// What a path that is written in `module` leads to.
    pub(super) fn resolve(&self, module: usize, path: &[String]) -> Target {
        self.follow(module, path, MAX_STEPS).target
    }

    fn follow(&self, module: usize, path: &[String], steps: usize) -> Way {
        let outside = || Way::to(Target::Outside(path.to_vec()));
        let Some((first, rest)) = path.split_first() else { return outside() };
        if steps == 0 {
            return outside();
        }
        match first.as_str() {
            "crate" | "$crate" => self.descend(0, rest, steps),
            "self" => self.descend(module, rest, steps),
            "super" => match self.modules.get(module).and_then(|module| module.parent) {
                Some(parent) if rest.first().is_some_and(|next| next == "super") => self.follow(parent, rest, steps),
                Some(parent) => self.descend(parent, rest, steps),
                None => outside(),
            },
            _ => self.member(module, first, rest, steps).unwrap_or_else(outside),
        }
    }

    /// `path` within `module`.
    fn descend(&self, module: usize, path: &[String], steps: usize) -> Way {
        let Some((first, rest)) = path.split_first() else { return Way::to(Target::Module(module)) };
        self.member(module, first, rest, steps).unwrap_or_else(|| Way::to(Target::Item(module, first.clone())))
    }

    /// What `name` is in `module`, unless that module defines it itself, or it is not there.
    fn member(&self, module: usize, name: &str, rest: &[String], steps: usize) -> Option<Way> {
        let here = self.modules.get(module)?;
        if let Some(child) = here.children.get(name) {
            return Some(self.descend(*child, rest, steps));
        }
        if let Some(import) = here.imports.get(name) {
            let whole: Vec<String> = import.path.path.iter().chain(rest).cloned().collect();
            // `use name;` of another crate binds the name to itself.
            let is_itself = import.path.path.len() == 1;
            let way = if is_itself { Way::to(Target::Outside(whole)) } else { self.follow(module, &whole, steps - 1) };
            return Some(way.handed_on_by(module));
        }
        here.globs.iter().find_map(|glob| {
            let Target::Module(of) = self.follow(module, &glob.path, steps - 1).target else { return None };
            let way = (of != module).then(|| self.member(of, name, rest, steps - 1)).flatten()?;
            Some(way.handed_on_by(module))
        })
    }

    /// All arrows between files: what `use` brings in, and what is named without it; to who defines it, and to who
    /// hands it on. That a module hands on what a child of it defines (`pub use`) is none, as long as it does not
    /// use it itself.
    pub(super) fn arrows(&self) -> Vec<Arrow> {
        let mut found: BTreeMap<(usize, usize), BTreeMap<String, usize>> = BTreeMap::new();
        for (module, here) in self.modules.iter().enumerate() {
            let mut add = |to: usize, name: String, line: usize| {
                if self.file(to) != here.file {
                    let first = found.entry((module, to)).or_default().entry(name).or_insert(line);
                    *first = line.min(*first);
                }
            };
            for named in &here.named {
                let Way { target, via } = self.follow(module, &named.path, MAX_STEPS);
                if let Target::Item(to, name) = target {
                    via.into_iter().chain([to]).for_each(|to| add(to, name.clone(), named.line));
                }
            }
            for import in here.imports.values() {
                let Way { target, via } = self.follow(module, &import.path.path, MAX_STEPS);
                if let Target::Item(to, name) = target {
                    let is_handed_on = |to| import.is_public && self.is_within(to, module);
                    let used = via.into_iter().chain([to]).filter(|to| !is_handed_on(*to));
                    used.for_each(|to| add(to, name.clone(), import.path.line));
                }
            }
            for glob in &here.globs {
                match self.resolve(module, &glob.path) {
                    Target::Item(to, name) => add(to, name, glob.line),
                    Target::Module(to) => add(to, "*".to_owned(), glob.line),
                    Target::Outside(_) => {}
                }
            }
        }
        found.into_iter().map(|((from, to), names)| Arrow { from, to, names }).collect()
    }

    /// Whether `module` is `above`, or below it.
    pub(super) fn is_within(&self, module: usize, above: usize) -> bool {
        std::iter::successors(Some(module), |at| self.modules.get(*at)?.parent).any(|at| at == above)
    }

    /// Whether `below` is in a file of the module `above`'s children.
    pub(super) fn is_file_within(&self, below: usize, above: usize) -> bool {
        self.is_within(below, self.first_of_file(above))
    }

    /// The outermost module of the file in which a module stands.
    fn first_of_file(&self, module: usize) -> usize {
        let above = std::iter::successors(Some(module), |at| self.modules.get(*at)?.parent);
        above.take_while(|at| self.file(*at) == self.file(module)).last().unwrap_or(module)
    }

    /// Every path that leads outside, with the module in which it stands.
    pub(super) fn outside(&self) -> impl Iterator<Item = (usize, Named)> {
        self.modules.iter().enumerate().flat_map(move |(module, here)| {
            let imports = here.imports.values().map(|import| &import.path);
            here.named.iter().chain(imports).filter_map(move |named| match self.resolve(module, &named.path) {
                Target::Outside(path) => Some((module, Named { path, line: named.line })),
                Target::Item(..) | Target::Module(_) => None,
            })
        })
    }

    /// The file of a module.
    pub(super) fn file(&self, module: usize) -> &Path {
        self.modules.get(module).map_or(Path::new(""), |module| &module.file)
    }
}
