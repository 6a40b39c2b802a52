//! Points in time as a person gives them.

use super::FilterError;
use crate::clock::Clock;
use crate::header::Header;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::str::FromStr;

/// A point in time: `5m` or `1h30m` (before the recording was read), `14:03:07.123` (on the day on
/// which it was read), `2026-11-21 14:03:07` (both in the person's zone), or RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So long before the recording was read.
    Ago(SignedDuration),
    /// A time of the day on which the recording was read, or of the day before if that is later than
    /// the reading.
    TimeOfDay(Time),
    /// A date and a time in the person's zone.
    Civil(DateTime),
    /// A point in time.
    At(Timestamp),
}

impl When {
    /// The kernel time of it, nanoseconds, for a recording and a person.
    #[must_use]
    pub fn ktime_ns(&self, header: &Header, zone: &TimeZone) -> u64 {
        let clock = Clock::new(zone.clone(), header.host.unix_offset_ns);
        let read = Timestamp::from_nanosecond(i128::from(clock.unix_ns(header.read_ns))).unwrap_or_default();
        let in_zone = |civil: DateTime| civil.to_zoned(zone.clone()).map(|zoned| zoned.timestamp()).ok();
        let at = match *self {
            Self::Ago(ago) => {
                let ago_ns = u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX);
                return header.read_ns.saturating_sub(ago_ns);
            }
            Self::TimeOfDay(time) => {
                let day = read.to_zoned(zone.clone()).date();
                in_zone(day.to_datetime(time))
                    .filter(|at| *at <= read)
                    .or_else(|| day.yesterday().ok().and_then(|day| in_zone(day.to_datetime(time))))
            }
            Self::Civil(civil) => in_zone(civil),
            Self::At(at) => Some(at),
        };
        let unix_ns = at.map_or(0, |at| at.as_nanosecond());
        clock.ktime_ns(i64::try_from(unix_ns).unwrap_or(if unix_ns < 0 { i64::MIN } else { i64::MAX }))
    }
}

impl FromStr for When {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let text = text.trim();
        // A duration can be written with colons too; here that is a time of day.
        let ago = text.parse::<SignedDuration>().ok().filter(|ago| !ago.is_negative() && !text.contains(':'));
        let ago = ago.map(Self::Ago);
        ago.or_else(|| text.parse().ok().map(Self::At))
            .or_else(|| text.parse().ok().map(Self::Civil))
            .or_else(|| text.parse().ok().map(Self::TimeOfDay))
            .ok_or_else(|| FilterError::When(text.to_owned()))
    }
}
