//! `traceparent`: trace, span and flags, in hexadecimal.

use std::fmt;

/// Bytes of a `traceparent` of version 00; those of later versions are no shorter.
const LENGTH: usize = 55;
const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;

/// Who calls: the trace, and the span in it that is the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceParent {
    /// Never zero.
    pub trace_id: [u8; 16],
    /// The caller's span. Never zero.
    pub span_id: [u8; 8],
    flags: u8,
}

impl TraceParent {
    /// Reads a header's value, without the space around it. A later version is read as far as this one goes (W3C,
    /// 4.3 "Versioning of traceparent"); what is not valid is none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (known, more) = value.split_at_checked(LENGTH)?;
        let mut fields = known.split(|byte| *byte == b'-');
        let [version] = hex(fields.next()?)?;
        let trace_id = hex(fields.next()?)?;
        let span_id = hex(fields.next()?)?;
        let [flags] = hex(fields.next()?)?;
        let may_go_on = match version {
            0 => more.is_empty(),
            0xff => false,
            _ => more.first().is_none_or(|byte| *byte == b'-'),
        };
        let is_valid = may_go_on && fields.next().is_none() && trace_id != [0; 16] && span_id != [0; 8];
        // Bits that have no meaning yet are not handed on.
        is_valid.then_some(Self { trace_id, span_id, flags: flags & (SAMPLED | RANDOM) })
    }

    /// The caller may have recorded its span.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The last seven bytes of the trace's id are random (level 2).
    #[must_use]
    pub fn is_random(&self) -> bool {
        self.flags & RANDOM != 0
    }

    /// The flags that have a meaning, as they stand in a header.
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.flags
    }
}

/// As a header of version 00.
impl fmt::Display for TraceParent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |out: &mut fmt::Formatter<'_>, bytes: &[u8]| bytes.iter().try_for_each(|b| write!(out, "{b:02x}"));
        out.write_str("00-")?;
        hex(out, &self.trace_id)?;
        out.write_str("-")?;
        hex(out, &self.span_id)?;
        write!(out, "-{:02x}", self.flags)
    }
}

/// Bytes from twice as many digits, in lower case.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().try_fold(0, |value, digit| Some(value << 4 | digit_value(*digit)?))?;
    }
    Some(bytes)
}

fn digit_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn parse(value: &str) -> Option<TraceParent> {
        TraceParent::parse(value.as_bytes())
    }

    #[test]
    fn a_header_is_its_trace_span_and_flags_and_is_written_as_it_was() {
        let parent = parse(VALID).unwrap();
        assert_eq!(parent.trace_id, 0x0af7651916cd43dd8448eb211c80319c_u128.to_be_bytes());
        assert_eq!(parent.span_id, 0xb7ad6b7169203331_u64.to_be_bytes());
        assert!(parent.is_sampled() && !parent.is_random());
        assert_eq!(parent.to_string(), VALID);
    }

    #[test]
    fn the_random_flag_is_read_and_unknown_flags_are_dropped() {
        let parent = parse(&VALID.replace("-01", "-fe")).unwrap();
        assert!(parent.is_random() && !parent.is_sampled());
        assert_eq!(parent.flags(), 2);
    }

    #[test]
    fn a_later_version_is_read_as_far_as_version_00_goes() {
        let later = |version: &str, more: &str| format!("{version}{}{more}", &VALID[2..]);
        for (version, more, is_read) in [
            ("01", "", true),
            ("cc", "-what-the-future-brings", true),
            ("cc", "-", true),
            ("cc", ".what", false),
            ("cc", "0", false),
            ("00", "-more", false),
            ("00", "-", false),
            ("ff", "", false),
            ("ff", "-more", false),
        ] {
            assert_eq!(parse(&later(version, more)), parse(VALID).filter(|_| is_read), "{version} {more:?}");
        }
    }

    #[test]
    fn what_breaks_a_rule_is_none() {
        for broken in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
            "00 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "0-00af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "+0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
            " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(parse(broken), None, "{broken:?}");
        }
    }
}
