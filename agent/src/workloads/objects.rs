//! The objects of a kind, as far as they were seen: what is kept of each, by its UID, and of so many at most.

use kube::Resource;
use kube::runtime::watcher::Event;
use std::collections::BTreeMap;

/// What is kept of the objects of a kind.
#[derive(Debug)]
pub(super) struct Objects<F> {
    /// By UID; and in which list, or since which, it was seen last.
    held: BTreeMap<String, (u64, F)>,
    /// How many lists have begun.
    lists: u64,
    is_full: bool,
}

impl<F> Default for Objects<F> {
    fn default() -> Self {
        Self { held: BTreeMap::new(), lists: 0, is_full: false }
    }
}

impl<F> Objects<F> {
    /// What happened to one, or to the list of them. Of what `kept` says nothing, nothing is kept, and of no more than
    /// `most`.
    pub(super) fn take<K>(&mut self, event: &Event<K>, most: usize, kept: impl Fn(&K) -> Option<F>)
    where
        K: Resource<DynamicType = ()>,
    {
        let uid = |object: &K| object.meta().uid.clone().filter(|uid| !uid.is_empty());
        match event {
            Event::Init => self.lists += 1,
            Event::InitApply(object) | Event::Apply(object) => {
                let Some(uid) = uid(object) else { return };
                match kept(object) {
                    Some(kept) => self.hold(uid, kept, most, &K::kind(&())),
                    None => drop(self.held.remove(&uid)),
                }
            }
            Event::Delete(object) => drop(uid(object).and_then(|uid| self.held.remove(&uid))),
            Event::InitDone => {
                let now = self.lists;
                self.held.retain(|_, (seen, _)| *seen == now);
            }
        }
    }

    /// How many are kept.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// What is kept of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = &F> {
        self.held.values().map(|(_, kept)| kept)
    }

    /// What is kept of one.
    pub(super) fn get(&self, uid: &str) -> Option<&F> {
        self.held.get(uid).map(|(_, kept)| kept)
    }

    fn hold(&mut self, uid: String, kept: F, most: usize, kind: &str) {
        if self.held.len() >= most && !self.held.contains_key(&uid) {
            if !self.is_full {
                tracing::warn!(kind, most, "there are too many of them; what comes later is not told of");
            }
            self.is_full = true;
            return;
        }
        self.held.insert(uid, (self.lists, kept));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Namespace;
    use serde_json::json;

    fn namespace(uid: &str) -> Namespace {
        serde_json::from_value(json!({"metadata": {"name": format!("name-{uid}"), "uid": uid}})).unwrap()
    }

    fn held(objects: &Objects<String>) -> Vec<&str> {
        objects.iter().map(String::as_str).collect()
    }

    fn take(objects: &mut Objects<String>, event: Event<Namespace>) {
        take_of(9, objects, event);
    }

    fn take_of(most: usize, objects: &mut Objects<String>, event: Event<Namespace>) {
        objects.take(&event, most, |object| object.metadata.name.clone().filter(|name| name != "name-none"));
    }

    #[test]
    fn a_new_list_forgets_what_it_does_not_hold() {
        let mut objects = Objects::default();
        take(&mut objects, Event::Init);
        take(&mut objects, Event::InitApply(namespace("a")));
        take(&mut objects, Event::InitApply(namespace("b")));
        take(&mut objects, Event::InitDone);
        take(&mut objects, Event::Apply(namespace("c")));
        take(&mut objects, Event::Init);
        take(&mut objects, Event::InitApply(namespace("b")));
        take(&mut objects, Event::Apply(namespace("d")));
        assert_eq!(held(&objects), ["name-a", "name-b", "name-c", "name-d"], "until the list is whole");
        take(&mut objects, Event::InitDone);
        assert_eq!(held(&objects), ["name-b", "name-d"]);
        take(&mut objects, Event::Delete(namespace("b")));
        assert_eq!(held(&objects), ["name-d"]);
    }

    #[test]
    fn what_is_not_to_be_kept_is_forgotten() {
        let mut objects = Objects::default();
        take(&mut objects, Event::Apply(namespace("a")));
        let renamed = json!({"metadata": {"name": "name-none", "uid": "a"}});
        take(&mut objects, Event::Apply(serde_json::from_value(renamed).unwrap()));
        take(&mut objects, Event::Apply(namespace("")));
        assert!(held(&objects).is_empty());
    }

    #[test]
    fn there_are_never_more_than_the_most() {
        let mut objects = Objects::default();
        for uid in ["a", "b", "c", "a"] {
            take_of(2, &mut objects, Event::Apply(namespace(uid)));
        }
        assert_eq!(held(&objects), ["name-a", "name-b"]);
        take_of(2, &mut objects, Event::Delete(namespace("a")));
        take_of(2, &mut objects, Event::Apply(namespace("c")));
        assert_eq!(held(&objects), ["name-b", "name-c"]);
    }
}
