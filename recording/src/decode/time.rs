//! Times in objects, and the dates that they stand for.

use super::text::{i64_at, long, signed};

/// A `timespec` at `at`.
pub(super) fn timespec(out: &mut String, bytes: &[u8], at: usize) {
    out.push_str("{tv_sec=");
    signed(out, i64_at(bytes, at).unwrap_or_default());
    out.push_str(", tv_nsec=");
    signed(out, i64_at(bytes, at + 8).unwrap_or_default());
    out.push('}');
}

/// A `timeval` at `at`.
pub(super) fn timeval(out: &mut String, bytes: &[u8], at: usize) {
    out.push_str("{tv_sec=");
    signed(out, i64_at(bytes, at).unwrap_or_default());
    out.push_str(", tv_usec=");
    signed(out, i64_at(bytes, at + 8).unwrap_or_default());
    out.push('}');
}

/// Access and modification time; two values of `tv_nsec` mean "now" and "leave it"
/// (`linux/stat.h`).
pub(super) fn timespecs(out: &mut String, bytes: &[u8]) {
    out.push('[');
    for at in [0, 16] {
        if at > 0 {
            out.push_str(", ");
        }
        match long(bytes, at + 8) {
            0x3fff_ffff => out.push_str("UTIME_NOW"),
            0x3fff_fffe => out.push_str("UTIME_OMIT"),
            nanoseconds => {
                timespec(out, bytes, at);
                date_comment(out, i64_at(bytes, at).unwrap_or_default(), nanoseconds, 9);
            }
        }
    }
    out.push(']');
}

pub(super) fn timevals(out: &mut String, bytes: &[u8]) {
    out.push('[');
    for at in [0, 16] {
        if at > 0 {
            out.push_str(", ");
        }
        timeval(out, bytes, at);
        date_comment(out, i64_at(bytes, at).unwrap_or_default(), long(bytes, at + 8), 6);
    }
    out.push(']');
}

/// ` /* 2023-11-14T22:13:20.000000005+0000 */`; nothing for the beginning of time.
pub(super) fn date_comment(out: &mut String, seconds: i64, fraction: u64, digits: u32) {
    if (seconds == 0 && fraction == 0) || !(0..=253_402_300_799).contains(&seconds) {
        return;
    }
    out.push_str(" /* ");
    date(out, seconds, fraction, digits);
    out.push_str(" */");
}

/// A date in UTC. Days to year, month and day by the usual count of 400-year eras from March on.
pub(super) fn date(out: &mut String, seconds: i64, fraction: u64, digits: u32) {
    use std::fmt::Write as _;
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let _ =
        write!(out, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60);
    if digits > 0 && fraction != 0 {
        let _ = write!(out, ".{fraction:0width$}", width = digits as usize);
    }
    out.push_str("+0000");
}
