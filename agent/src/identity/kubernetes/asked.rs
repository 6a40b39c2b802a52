//! What the annotations of a pod or of a namespace ask for. Pure.

use bytesize::ByteSize;
use rewind_resources::group::annotations::{PAYLOAD, RECORD, REQUEST_SPANS, RING_SIZE};
use std::collections::BTreeMap;

/// The annotations that ask for something.
const ASKING: [&str; 4] = [RECORD, PAYLOAD, RING_SIZE, REQUEST_SPANS];
/// How much of a value that is not understood is told.
const TOLD_CHARS: usize = 40;

/// What is asked for; `None`: nothing is said of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Whether it is recorded.
    pub record: Option<bool>,
    /// Whether payload is.
    pub payload: Option<bool>,
    /// Most bytes of a ring.
    pub ring_bytes: Option<u64>,
    /// Whether spans of requests are exported.
    pub request_spans: Option<bool>,
}

/// What is asked for, and what was not understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    /// What is asked for: of an annotation that is not understood, what it said before.
    pub asked: Asked,
    /// Annotations that are not understood, and why, by name.
    pub refused: BTreeMap<&'static str, String>,
}

impl Read {
    /// Reads annotations; `value` gives each by its name.
    pub(crate) fn of<'v>(value: impl Fn(&str) -> Option<&'v str>) -> Self {
        let mut read = Self::default();
        for name in ASKING {
            let Some(value) = value(name) else { continue };
            if let Err(why) = read.asked.take(name, value.trim()) {
                let told: String = value.chars().take(TOLD_CHARS).collect();
                read.refused.insert(name, format!("{told:?} {why}"));
            }
        }
        read
    }

    /// Where an annotation is not understood, what it said before stays. `whose` is for the log, which has each such
    /// value once.
    pub(crate) fn after(mut self, before: &Self, whose: impl Fn() -> String) -> Self {
        for (name, why) in &self.refused {
            match *name {
                RECORD => self.asked.record = before.asked.record,
                PAYLOAD => self.asked.payload = before.asked.payload,
                REQUEST_SPANS => self.asked.request_spans = before.asked.request_spans,
                _ => self.asked.ring_bytes = before.asked.ring_bytes,
            }
            if before.refused.get(name) != Some(why) {
                tracing::warn!(of = whose(), annotation = name, value = why, "not understood; the last good one stays");
            }
        }
        self
    }

    /// What was refused, a sentence each.
    pub(crate) fn told(&self, whose: &str) -> Vec<String> {
        self.refused.iter().map(|(name, why)| format!("{whose}: {name}: {why}")).collect()
    }
}

impl Asked {
    fn take(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        let word = || value.parse().map(Some).map_err(|_| "is neither true nor false");
        match name {
            RECORD => self.record = word()?,
            PAYLOAD => self.payload = word()?,
            REQUEST_SPANS => self.request_spans = word()?,
            _ => self.ring_bytes = Some(size(value)?),
        }
        Ok(())
    }
}

/// A size in bytes, as people and as Kubernetes write it.
pub(crate) fn size(text: &str) -> Result<u64, &'static str> {
    let bytes = text.parse::<ByteSize>().map(|size| size.as_u64()).unwrap_or(0);
    if bytes == 0 { Err("is no size, as 64Mi is one") } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &'static str)]) -> Read {
        Read::of(|name| values.iter().find(|(of, _)| *of == name).map(|(_, value)| *value))
    }

    #[test]
    fn each_annotation_is_read() {
        let all = read(&[(RECORD, "false"), (PAYLOAD, " true"), (RING_SIZE, "256Ki"), (REQUEST_SPANS, "false")]);
        let asked =
            Asked { record: Some(false), payload: Some(true), ring_bytes: Some(256 << 10), request_spans: Some(false) };
        assert_eq!(all, Read { asked, refused: BTreeMap::new() });
        assert_eq!(read(&[("other", "x")]), Read::default());
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name_and_the_last_good_one_stays() {
        let good = read(&[(RECORD, "false"), (PAYLOAD, "true"), (RING_SIZE, "1MiB"), (REQUEST_SPANS, "false")]);
        for (name, value) in [
            (RECORD, "no"),
            (PAYLOAD, ""),
            (RING_SIZE, "large"),
            (RING_SIZE, "0"),
            (RING_SIZE, "-1"),
            (REQUEST_SPANS, "off"),
        ] {
            let bad = read(&[(name, value)]);
            let told = bad.told("pod shop/web");
            assert!(
                told.len() == 1 && told[0].starts_with(&format!("pod shop/web: {name}: {value:?} is ")),
                "{told:?}"
            );
            let after = bad.after(&good, String::new);
            let stays = match name {
                RECORD => after.asked == Asked { record: Some(false), ..Asked::default() },
                PAYLOAD => after.asked == Asked { payload: Some(true), ..Asked::default() },
                REQUEST_SPANS => after.asked == Asked { request_spans: Some(false), ..Asked::default() },
                _ => after.asked == Asked { ring_bytes: Some(1 << 20), ..Asked::default() },
            };
            assert!(stays, "{name}: {after:?}");
            // Gone is gone.
            assert_eq!(read(&[]).after(&after, String::new), Read::default());
        }
    }

    #[test]
    fn a_long_value_is_told_in_part() {
        let told = read(&[(RECORD, "0123456789012345678901234567890123456789-and-more")]).refused;
        assert_eq!(told[RECORD], "\"0123456789012345678901234567890123456789\" is neither true nor false");
    }
}
