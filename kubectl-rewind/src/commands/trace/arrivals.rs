//! Pods of an owner or a selector that come while others are traced, and containers that are started again.

use crate::cli::PodFlags;
use crate::error::Error;
use crate::failure::Failure;
use crate::reach::{Held, Reach};
use crate::target::typed::Typed;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often it is looked who is there. A watch would take a right that readers do not have.
const LOOK: Duration = Duration::from_secs(2);

/// Whose pods are traced, and which of them are now.
#[derive(Clone, Debug)]
pub(crate) struct Arrivals {
    reach: Reach,
    target: Option<String>,
    flags: PodFlags,
    /// `namespace/pod/container`.
    traced: Arc<Mutex<BTreeSet<String>>>,
}

impl Arrivals {
    /// Of what was typed; `None`: it is one pod, or on this host, and nobody comes to it.
    pub(crate) fn of(reach: &Reach, target: Option<&str>, flags: &PodFlags) -> Option<Self> {
        let is_many = match target {
            Some(target) => matches!(Typed::parse(target), Ok(Typed::Owner(..))),
            None => flags.selector.is_some(),
        };
        let is_followed = is_many && matches!(reach, Reach::Cluster(_));
        let (target, traced) = (target.map(str::to_owned), Arc::default());
        is_followed.then(|| Self { reach: reach.clone(), target, flags: flags.clone(), traced })
    }

    /// It is traced.
    pub(super) fn begin(&self, held: &Held) {
        self.lock().insert(held.kept.container.name.to_string());
    }

    /// It is not traced any more: who comes under its name is new.
    pub(super) fn end(&self, container: &str) {
        self.lock().remove(container);
    }

    /// Waits for who comes.
    ///
    /// # Errors
    /// That the right to see them is gone.
    pub(super) async fn next(&self) -> Result<Vec<Held>, Failure> {
        loop {
            tokio::time::sleep(LOOK).await;
            let traced = self.lock().clone();
            match self.reach.arrived(self.target.as_deref(), &self.flags, &traced).await {
                Ok(arrived) if arrived.is_empty() => {}
                Ok(arrived) => {
                    arrived.iter().for_each(|held| self.begin(held));
                    return Ok(arrived);
                }
                Err(Error::Cluster(failure)) if failure.is_forbidden() => return Err(failure),
                // There may be none now, or its container has not begun; the API server or an agent may be away.
                Err(_) => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.traced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
