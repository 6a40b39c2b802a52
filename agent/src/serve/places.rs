//! Who may be connected: so many, and nobody keeps another out by saying nothing.
//!
//! ```text
//! accept -> silent: the oldest goes for the newest -> a head came: asking -> good: a reader, which is never shed
//!                   so many seconds for a head        so many at a time      so many, and so many of one person
//! ```
//!
//! A connection that has shown nothing costs whoever opens it as little as it costs us: it has no right to its place.
//! One whose request is looked up keeps it until there is an answer, one whose request is good until it ends.

use super::requests::Refusal;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Most connections of each kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    /// That have shown nothing yet.
    silent: usize,
    /// Whose request is looked up.
    asking: usize,
    /// Of readers, and of these of one person.
    readers: usize,
    of_one: usize,
}

const MOST: Most = Most { silent: 64, asking: 256, readers: 128, of_one: 96 };

/// The connections of one listener.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    most: Most,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    /// The oldest first, each with what tells it that it is shed.
    silent: VecDeque<(u64, Arc<Notify>)>,
    asking: usize,
    readers: usize,
    of_each: HashMap<String, usize>,
}

/// What a connection is.
#[derive(Debug)]
enum Kind {
    Silent,
    Asking,
    Reader(String),
    /// It was shed, or has lost its place.
    None,
}

/// One connection's place. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    number: u64,
    kind: Mutex<Kind>,
    shed: Arc<Notify>,
}

impl Places {
    /// All free.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self::with(MOST)
    }

    fn with(most: Most) -> Self {
        Self { most, held: Arc::default() }
    }

    /// A place for a connection that has just come, whoever has to go for it; and whether one had to.
    pub(super) fn enter(&self) -> (Place, bool) {
        let mut held = self.held();
        let (number, shed) = (held.next, Arc::new(Notify::new()));
        held.next += 1;
        held.silent.push_back((number, Arc::clone(&shed)));
        let oldest = if held.silent.len() > self.most.silent { held.silent.pop_front() } else { None };
        if let Some((_, oldest)) = &oldest {
            oldest.notify_one();
        }
        (Place { places: self.clone(), number, kind: Mutex::new(Kind::Silent), shed }, oldest.is_some())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits until it has to go for another.
    pub(super) async fn shed(&self) {
        self.shed.notified().await;
    }

    /// Whether nothing was shown yet.
    pub(super) fn is_silent(&self) -> bool {
        matches!(*self.kind(), Kind::Silent)
    }

    /// Its request is looked up from now on. A reader stays one.
    ///
    /// # Errors
    /// [`Refusal::Full`], [`Refusal::Shed`].
    pub(super) fn ask(&self) -> Result<(), Refusal> {
        let mut kind = self.kind();
        if !matches!(*kind, Kind::Silent) {
            return Ok(());
        }
        let mut held = self.places.held();
        let at = held.silent.iter().position(|(number, _)| *number == self.number).ok_or(Refusal::Shed)?;
        if held.asking >= self.places.most.asking {
            return Err(Refusal::Full);
        }
        held.silent.remove(at);
        held.asking += 1;
        *kind = Kind::Asking;
        Ok(())
    }

    /// Its request is good: it is that person's.
    ///
    /// # Errors
    /// [`Refusal::Full`].
    pub(super) fn read(&self, person: &str) -> Result<(), Refusal> {
        let mut kind = self.kind();
        if matches!(*kind, Kind::Reader(_)) {
            return Ok(());
        }
        let mut held = self.places.held();
        let own = held.of_each.get(person).copied().unwrap_or(0);
        if held.readers >= self.places.most.readers || own >= self.places.most.of_one {
            return Err(Refusal::Full);
        }
        held.leave(self.number, &kind);
        held.readers += 1;
        *held.of_each.entry(person.to_owned()).or_default() += 1;
        *kind = Kind::Reader(person.to_owned());
        Ok(())
    }

    fn kind(&self) -> MutexGuard<'_, Kind> {
        self.kind.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let kind = std::mem::replace(&mut *self.kind(), Kind::None);
        self.places.held().leave(self.number, &kind);
    }
}

impl Held {
    fn leave(&mut self, number: u64, kind: &Kind) {
        match kind {
            Kind::Silent => self.silent.retain(|(other, _)| *other != number),
            Kind::Asking => self.asking -= 1,
            Kind::Reader(person) => {
                self.readers -= 1;
                if let Some(own) = self.of_each.get_mut(person) {
                    *own -= 1;
                    if *own == 0 {
                        self.of_each.remove(person);
                    }
                }
            }
            Kind::None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn places() -> Places {
        Places::with(Most { silent: 3, asking: 2, readers: 3, of_one: 2 })
    }

    fn is_shed(place: &Place) -> bool {
        place.shed().now_or_never().is_some()
    }

    #[test]
    fn of_those_who_say_nothing_the_oldest_goes_for_the_newest() {
        let places = places();
        let all: Vec<_> = (0..5).map(|_| places.enter()).collect();
        assert_eq!(all.iter().map(|(_, sheds)| *sheds).collect::<Vec<_>>(), [false, false, false, true, true]);
        assert_eq!(all.iter().map(|(place, _)| is_shed(place)).collect::<Vec<_>>(), [true, true, false, false, false]);
        assert_eq!(all[0].0.ask(), Err(Refusal::Shed));
        drop(all);
        assert!(places.held().silent.is_empty());
    }

    #[test]
    fn who_asks_or_reads_is_never_shed() {
        let places = places();
        let (reader, asking) = (places.enter().0, places.enter().0);
        assert_eq!((reader.ask(), reader.read("ann"), asking.ask()), (Ok(()), Ok(()), Ok(())));
        let crowd: Vec<_> = (0..100).map(|_| places.enter().0).collect();
        assert!(!is_shed(&reader) && !is_shed(&asking));
        assert_eq!(crowd.iter().filter(|place| !is_shed(place)).count(), 3);
        // Another head of a reader is none of the crowd's.
        assert_eq!((reader.ask(), reader.read("ann"), asking.read("ben")), (Ok(()), Ok(()), Ok(())));
        assert!(!reader.is_silent());
    }

    #[test]
    fn nobody_takes_all_the_places_of_readers() {
        let places = places();
        let enter = || places.enter().0;
        let (first, second, third, ben) = (enter(), enter(), enter(), enter());
        assert_eq!([&first, &second, &third].map(|place| place.read("ann")), [Ok(()), Ok(()), Err(Refusal::Full)]);
        assert_eq!(ben.read("ben"), Ok(()));
        assert_eq!(enter().read("cat"), Err(Refusal::Full));
        drop(first);
        assert_eq!(enter().read("cat"), Ok(()));
    }

    #[test]
    fn so_many_ask_at_a_time_and_all_places_are_free_again() {
        let places = places();
        let asking: Vec<_> = (0..3).map(|_| places.enter().0).collect();
        assert_eq!(asking.iter().map(Place::ask).collect::<Vec<_>>(), [Ok(()), Ok(()), Err(Refusal::Full)]);
        drop(asking);
        let held = places.held();
        assert_eq!((held.silent.len(), held.asking, held.readers, held.of_each.len()), (0, 0, 0, 0));
    }
}
