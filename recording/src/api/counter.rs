//! What did not come about, and is counted: an agent names it, the plugin says it in words.

use std::collections::BTreeMap;

macro_rules! counters {
    ($($(#[$doc:meta])* $counter:ident = $name:literal, $words:literal;)*) => {
        /// One thing that is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Counter {
            $($(#[$doc])* $counter,)*
        }

        impl Counter {
            /// All of them, each at its own number.
            pub const ALL: &[Self] = &[$(Self::$counter,)*];

            /// As JSON and logs name it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$counter => $name,)* }
            }

            /// As people read it, behind the number.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$counter => $words,)* }
            }
        }
    };
}

counters! {
    /// No `RecordingRequest` was shown.
    RefusedNothing = "refused_nothing_shown", "at the port without a request";
    /// There is no such request, or the secret is another one's.
    RefusedUnknown = "refused_unknown", "at the port with a wrong name or secret";
    /// It is for another node's agent.
    RefusedNode = "refused_other_node", "at the port with another node's request";
    /// It is over.
    RefusedExpired = "refused_expired", "at the port with a request that had expired";
    /// It is good for longer than one may be.
    RefusedTooLong = "refused_too_long", "at the port with a request that is good for too long";
    /// Another connection has taken it.
    RefusedTaken = "refused_taken", "at the port with a request that was used before";
    /// It is for another action.
    RefusedAction = "refused_action", "at the port for what the request does not cover";
    /// It is not for that recording, or there is none.
    RefusedTarget = "refused_other_target", "at the port for a recording that the request is not for";
    /// There are too many who ask or read.
    RefusedFull = "refused_full", "refused for want of a place";
    /// A connection that had shown nothing went for a newer one.
    RefusedShed = "refused_shed", "closed for newer connections, having shown nothing";
    /// A connection showed nothing in time.
    RefusedSilent = "refused_silent", "closed for having shown nothing in time";
    /// What came was no HTTP request, or too long a one.
    RefusedMalformed = "refused_malformed", "closed for what is no HTTP request, or too long";
    /// The API server could not be asked.
    RefusedUnreachable = "refused_unreachable", "refused as the API server could not be asked";
    /// Events that were never written: more came than may be.
    EventsDropped = "events_dropped", "Events not written, more came than may be";
    /// Events that the API server did not take.
    EventsRefused = "events_refused", "Events that the API server refused";
    /// `Recording`s that were never made: more ended than may be told.
    RecordingsDropped = "recordings_dropped", "Recordings not made, more ended than may be told";
    /// `Recording`s that the API server did not take.
    RecordingsRefused = "recordings_refused", "Recordings that the API server refused";
    /// `Recording`s that do not say where their crash file was sent.
    UrlsDropped = "urls_dropped", "Recordings that do not say where their file was sent";
    /// Runs that ended well, and of which it was not learned what fails in them all the same: there were too many, or it
    /// was too large.
    HealthySkipped = "healthy_skipped", "runs that ended well and were not learned from";
    /// Tries to send a crash file that failed.
    UploadsFailed = "uploads_failed", "tries to send a crash file failed";
}

/// Counts by name, zeros left out.
pub type Counts = BTreeMap<String, u64>;

/// Counts in words, in the order of [`Counter::ALL`]; those that this version does not know come last, by name.
#[must_use]
pub fn in_words(counts: &Counts) -> Vec<String> {
    let known = Counter::ALL.iter().filter_map(|counter| {
        let count = counts.get(counter.name()).filter(|count| **count > 0)?;
        Some(format!("{count} {}", counter.words()))
    });
    let unknown = counts.iter().filter(|(name, count)| **count > 0 && Counter::ALL.iter().all(|c| c.name() != *name));
    known.chain(unknown.map(|(name, count)| format!("{count} {}", crate::escape::visible(name)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_counter_has_a_name_and_words_of_its_own() {
        let names: BTreeSet<_> = Counter::ALL.iter().map(|counter| counter.name()).collect();
        let words: BTreeSet<_> = Counter::ALL.iter().map(|counter| counter.words()).collect();
        assert_eq!((names.len(), words.len()), (Counter::ALL.len(), Counter::ALL.len()));
        assert!(Counter::ALL.iter().enumerate().all(|(at, counter)| *counter as usize == at));
    }

    #[test]
    fn counts_read_as_sentences_those_of_later_versions_too() {
        let counts = [("meteors".to_owned(), 2), ("refused_taken".to_owned(), 0), ("events_refused".to_owned(), 1)];
        assert_eq!(in_words(&counts.into()), ["1 Events that the API server refused", "2 meteors"]);
        assert!(in_words(&Counts::new()).is_empty());
    }
}
