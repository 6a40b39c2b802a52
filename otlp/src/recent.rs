//! A map of what was put into it lately: bounded, and the oldest go first.

use std::collections::HashMap;
use std::hash::Hash;

/// The last entries, between `most` and twice as many.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    most: usize,
    new: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, new: HashMap::new(), old: HashMap::new() }
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.new.len() >= self.most {
            self.old = std::mem::take(&mut self.new);
        }
        self.old.remove(&key);
        self.new.insert(key, value);
    }

    pub(crate) fn len(&self) -> usize {
        self.new.len() + self.old.len()
    }

    /// Forgets the older ones, or all if there are none.
    pub(crate) fn forget(&mut self) {
        if self.old.is_empty() {
            self.new = HashMap::new();
        }
        self.old = HashMap::new();
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.new.get(key).or_else(|| self.old.get(key))
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.new.remove(key).or_else(|| self.old.remove(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_there_and_no_more_than_twice_as_many() {
        let mut recent = Recent::new(10);
        for number in 0..1_000 {
            recent.insert(number, number);
            assert!((0..=number).rev().take(10).all(|last| recent.get(&last) == Some(&last)));
        }
        assert!((0..1_000).filter(|number| recent.get(number).is_some()).count() <= 20);
        recent.insert(999, 7);
        assert_eq!((recent.remove(&999), recent.get(&999)), (Some(7), None));
    }
}
