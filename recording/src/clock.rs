//! Kernel time -> a person's time.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use std::fmt::Write;

/// Turns `CLOCK_MONOTONIC` into a person's time. It keeps the text of the last second, so that a
/// million times in a row cost little.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
    unix_offset_ns: i64,
    second: i64,
    offset: Offset,
    /// `2026-11-21T14:03:07`.
    text: String,
}

/// Where the time of day starts in a [`Clock`]'s text.
const TIME_OF_DAY: usize = "2026-11-21T".len();

impl Clock {
    /// A clock for times of the host whose [`crate::header::Host::unix_offset_ns`] this is.
    #[must_use]
    pub const fn new(zone: TimeZone, unix_offset_ns: i64) -> Self {
        Self { zone, unix_offset_ns, second: i64::MIN, offset: Offset::UTC, text: String::new() }
    }

    /// Unix time in nanoseconds.
    #[must_use]
    pub const fn unix_ns(&self, ktime_ns: u64) -> i64 {
        (ktime_ns.cast_signed()).saturating_add(self.unix_offset_ns)
    }

    /// The kernel time of a Unix time in nanoseconds; what was before the host's start is 0.
    #[must_use]
    pub fn ktime_ns(&self, unix_ns: i64) -> u64 {
        u64::try_from(unix_ns.saturating_sub(self.unix_offset_ns)).unwrap_or(0)
    }

    /// Writes the time of day with `digits` (0 to 9) digits behind the second: `14:03:07.123`.
    pub fn write_time(&mut self, out: &mut String, ktime_ns: u64, digits: usize) {
        let ns = self.turn_to(ktime_ns);
        out.push_str(self.text.get(TIME_OF_DAY..).unwrap_or_default());
        write_fraction(out, ns, digits);
    }

    /// Writes the date: `2026-11-21`.
    pub fn write_date(&mut self, out: &mut String, ktime_ns: u64) {
        self.turn_to(ktime_ns);
        out.push_str(self.text.get(..TIME_OF_DAY - 1).unwrap_or_default());
    }

    /// Writes the offset from UTC: `+01:00`.
    pub fn write_offset(&mut self, out: &mut String, ktime_ns: u64) {
        self.turn_to(ktime_ns);
        let seconds = self.offset.seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        let _ = write!(out, "{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    }

    /// Writes all of it as RFC 3339 has it: `2026-11-21T14:03:07.123456789+01:00`.
    pub fn write_rfc3339(&mut self, out: &mut String, ktime_ns: u64) {
        let ns = self.turn_to(ktime_ns);
        out.push_str(&self.text);
        write_fraction(out, ns, 9);
        self.write_offset(out, ktime_ns);
    }

    /// Writes Unix seconds with six digits behind the point, as `strace -ttt` does.
    pub fn write_unix(&self, out: &mut String, ktime_ns: u64) {
        let unix_ns = self.unix_ns(ktime_ns);
        let _ = write!(out, "{}", unix_ns.div_euclid(SECOND_NS));
        write_fraction(out, unix_ns.rem_euclid(SECOND_NS), 6);
    }

    /// Makes `text` that of the second; what is left are its nanoseconds.
    fn turn_to(&mut self, ktime_ns: u64) -> i64 {
        let unix_ns = self.unix_ns(ktime_ns);
        let second = unix_ns.div_euclid(SECOND_NS);
        if second != self.second {
            self.second = second;
            let zoned = Timestamp::from_second(second).unwrap_or_default().to_zoned(self.zone.clone());
            self.offset = zoned.offset();
            self.text.clear();
            let _ = write!(self.text, "{}", zoned.strftime("%Y-%m-%dT%H:%M:%S"));
        }
        unix_ns.rem_euclid(SECOND_NS)
    }
}

const SECOND_NS: i64 = 1_000_000_000;

fn write_fraction(out: &mut String, ns: i64, digits: usize) {
    if digits == 0 {
        return;
    }
    out.push('.');
    let mut scale = SECOND_NS / 10;
    for _ in 0..digits.min(9) {
        out.push(char::from(b'0' + (ns / scale % 10) as u8));
        scale /= 10;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn written(zone: TimeZone, ktime_ns: u64, write: impl Fn(&mut Clock, &mut String, u64)) -> String {
        let mut out = String::new();
        write(&mut Clock::new(zone, 1_795_266_187_000_000_000), &mut out, ktime_ns);
        out
    }

    #[test]
    fn a_time_is_written_in_the_persons_zone() {
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        let at = 123_456_789;
        assert_eq!(written(berlin.clone(), at, |c, o, t| c.write_time(o, t, 3)), "14:03:07.123");
        assert_eq!(written(berlin.clone(), at, |c, o, t| c.write_time(o, t, 0)), "14:03:07");
        assert_eq!(written(berlin.clone(), at, Clock::write_date), "2026-11-21");
        assert_eq!(written(berlin, at, Clock::write_rfc3339), "2026-11-21T14:03:07.123456789+01:00");
        assert_eq!(written(TimeZone::UTC, at, |c, o, t| c.write_unix(o, t)), "1795266187.123456");
    }

    #[test]
    fn offsets_west_of_greenwich_and_of_half_an_hour_are_written() {
        let zone = TimeZone::fixed(Offset::from_seconds(-12_600).unwrap());
        assert_eq!(written(zone, 0, Clock::write_offset), "-03:30");
    }

    #[test]
    fn times_that_no_calendar_has_do_not_panic() {
        for ktime_ns in [0, u64::MAX, u64::MAX / 2, 1 << 62] {
            for offset in [i64::MIN, i64::MAX, 0] {
                let mut clock = Clock::new(TimeZone::UTC, offset);
                let mut out = String::new();
                clock.write_rfc3339(&mut out, ktime_ns);
                clock.write_unix(&mut out, ktime_ns);
                assert_eq!(clock.ktime_ns(clock.unix_ns(5)), clock.ktime_ns(clock.unix_ns(5)));
            }
        }
    }
}
