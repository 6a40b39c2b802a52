//! Which agent tells of the cluster as a whole: what to do, given the Lease. Pure.
//!
//! As client-go's leader election does it. Nobody's clock is compared with another's: a holder is gone when its Lease has
//! not changed for as long as the Lease says, by the clock of who looks. Who writes the Lease does so in place of the one
//! that it has read (`resourceVersion`), so of several that want it one gets it. The libraries for this overwrite what
//! they have not read, compare clocks, or are for another version of `kube`.

use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;

/// How long a Lease holds that is not renewed, seconds.
pub(super) const HOLDS_S: i32 = 15;
/// The longest time that is believed, so that a Lease that somebody else has written holds up nobody for ever.
const MOST_S: i32 = 60;

/// Who wants to hold it.
#[derive(Debug)]
pub(super) struct Candidate {
    me: String,
    /// What another's Lease said last, and since when.
    seen: Option<(LeaseSpec, u64)>,
}

impl Candidate {
    /// By its name, which no other has.
    pub(super) const fn named(me: String) -> Self {
        Self { me, seen: None }
    }

    /// What the Lease has to say now, so that it is held by this one. `None`: another holds it.
    pub(super) fn step(&mut self, lease: &LeaseSpec, now_ns: u64, now: Timestamp) -> Option<LeaseSpec> {
        let is_own = lease.holder_identity.as_deref() == Some(self.me.as_str());
        let is_free = lease.holder_identity.as_deref().is_none_or(str::is_empty);
        if !is_own && !is_free {
            let since_ns = match &self.seen {
                Some((seen, since_ns)) if seen == lease => *since_ns,
                _ => {
                    self.seen = Some((lease.clone(), now_ns));
                    now_ns
                }
            };
            let holds_s = lease.lease_duration_seconds.unwrap_or(HOLDS_S).clamp(1, MOST_S);
            if now_ns.saturating_sub(since_ns) < u64::from(holds_s.unsigned_abs()) * 1_000_000_000 {
                return None;
            }
        }
        self.seen = None;
        let transitions = lease.lease_transitions.unwrap_or(0);
        Some(LeaseSpec {
            holder_identity: Some(self.me.clone()),
            lease_duration_seconds: Some(HOLDS_S),
            acquire_time: lease.acquire_time.clone().filter(|_| is_own).or(Some(MicroTime(now))),
            renew_time: Some(MicroTime(now)),
            lease_transitions: Some(if is_own { transitions } else { transitions.saturating_add(1) }),
            ..lease.clone()
        })
    }

    /// What it has to say so that it is nobody's. `None`: it is not this one's.
    pub(super) fn released(&self, lease: &LeaseSpec, now: Timestamp) -> Option<LeaseSpec> {
        let is_own = lease.holder_identity.as_deref() == Some(self.me.as_str());
        is_own.then(|| LeaseSpec {
            holder_identity: None,
            lease_duration_seconds: Some(1),
            renew_time: Some(MicroTime(now)),
            ..lease.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn candidate(name: &str) -> Candidate {
        Candidate::named(name.to_owned())
    }

    fn holder(lease: &LeaseSpec) -> Option<&str> {
        lease.holder_identity.as_deref()
    }

    #[test]
    fn a_lease_that_is_nobodys_is_taken() {
        for free in [LeaseSpec::default(), LeaseSpec { holder_identity: Some(String::new()), ..LeaseSpec::default() }] {
            let taken = candidate("a").step(&free, 5 * S, at(100)).unwrap();
            assert_eq!((holder(&taken), taken.lease_transitions), (Some("a"), Some(1)));
            assert_eq!(taken.lease_duration_seconds, Some(15));
            assert_eq!((taken.acquire_time, taken.renew_time), (Some(MicroTime(at(100))), Some(MicroTime(at(100)))));
        }
    }

    #[test]
    fn its_own_is_renewed_without_being_taken_anew() {
        let mut a = candidate("a");
        let taken = a.step(&LeaseSpec::default(), 0, at(100)).unwrap();
        // Another agent of the same node goes on where it was.
        for mut again in [a, candidate("a")] {
            let renewed = again.step(&taken, 5 * S, at(105)).unwrap();
            assert_eq!((renewed.lease_transitions, &renewed.acquire_time), (Some(1), &taken.acquire_time));
            assert_eq!(renewed.renew_time, Some(MicroTime(at(105))));
        }
    }

    #[test]
    fn anothers_is_left_to_it_while_it_is_renewed_whatever_its_clock_says() {
        let (mut a, mut b) = (candidate("a"), candidate("b"));
        // Its clock is an hour behind.
        let mut lease = a.step(&LeaseSpec::default(), 0, at(0)).unwrap();
        for second in (0..100).step_by(10) {
            assert_eq!(b.step(&lease, second * S, at(3_600)), None);
            lease = a.step(&lease, 0, at(second.cast_signed() + 10)).unwrap();
        }
    }

    #[test]
    fn anothers_is_taken_when_it_has_not_changed_for_as_long_as_it_holds() {
        let (mut a, mut b) = (candidate("a"), candidate("b"));
        let lease = a.step(&LeaseSpec::default(), 0, at(0)).unwrap();
        assert_eq!(b.step(&lease, 1_000 * S, at(9)), None, "for how long it has been so is not known");
        assert_eq!(b.step(&lease, 1_015 * S - 1, at(9)), None);
        let taken = b.step(&lease, 1_015 * S, at(9)).unwrap();
        assert_eq!((holder(&taken), taken.lease_transitions), (Some("b"), Some(2)));
        // The one before sees it, and waits in its turn.
        assert_eq!(a.step(&taken, 0, at(9)), None);
    }

    #[test]
    fn a_lease_that_says_to_hold_for_ever_does_not() {
        let lease = LeaseSpec {
            holder_identity: Some("x".into()),
            lease_duration_seconds: Some(i32::MAX),
            ..LeaseSpec::default()
        };
        let mut a = candidate("a");
        assert_eq!(a.step(&lease, 0, at(0)), None);
        assert_eq!(a.step(&lease, 59 * S, at(0)), None);
        assert!(a.step(&lease, 60 * S, at(0)).is_some());
    }

    #[test]
    fn who_holds_it_releases_it_and_the_next_one_takes_it_at_once() {
        let mut a = candidate("a");
        let lease = a.step(&LeaseSpec::default(), 0, at(0)).unwrap();
        assert_eq!(candidate("b").released(&lease, at(1)), None);
        let released = a.released(&lease, at(1)).unwrap();
        assert_eq!((holder(&released), released.lease_transitions), (None, Some(1)));
        let taken = candidate("b").step(&released, 0, at(1)).unwrap();
        assert_eq!((holder(&taken), taken.lease_transitions), (Some("b"), Some(2)));
    }
}
