//! What is not sure of a message or an exchange: a closed list.

use std::fmt;

/// Why something may be otherwise than it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Doubt {
    /// Not all of the head was seen: a field that is not told may have been there.
    HeadCut,
    /// A line ends without a carriage return.
    BareLineFeed,
    /// A field goes on in a second line (`obs-fold`).
    FoldedField,
    /// Space stands before a field's colon.
    SpaceBeforeColon,
    /// A line is no field, or a value has a byte that none may have.
    BadField,
    /// Several `Content-Length`s, whether they agree or not.
    TwoLengths,
    /// A `Content-Length` that is no number.
    BadLength,
    /// `Content-Length` and `Transfer-Encoding`.
    LengthAndCoding,
    /// A `Transfer-Encoding` that does not say where the message ends, or that this version has not.
    BadCoding,
    /// The chunked coding is broken.
    BadChunk,
    /// Bytes came where a message should have begun, and are none.
    NoMessage,
    /// Bytes that say where messages begin were not seen before this one: there may have been others.
    Unseen,
    /// Behind a message that two readers may take for different ones: not joined.
    Unjoined,
    /// Calls of the connection were lost.
    Lost,
}

impl Doubt {
    /// Every one of them.
    pub const ALL: [Self; 14] = [
        Self::HeadCut,
        Self::BareLineFeed,
        Self::FoldedField,
        Self::SpaceBeforeColon,
        Self::BadField,
        Self::TwoLengths,
        Self::BadLength,
        Self::LengthAndCoding,
        Self::BadCoding,
        Self::BadChunk,
        Self::NoMessage,
        Self::Unseen,
        Self::Unjoined,
        Self::Lost,
    ];

    /// A name for machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HeadCut => "head_cut",
            Self::BareLineFeed => "bare_line_feed",
            Self::FoldedField => "folded_field",
            Self::SpaceBeforeColon => "space_before_colon",
            Self::BadField => "bad_field",
            Self::TwoLengths => "two_lengths",
            Self::BadLength => "bad_length",
            Self::LengthAndCoding => "length_and_coding",
            Self::BadCoding => "bad_coding",
            Self::BadChunk => "bad_chunk",
            Self::NoMessage => "no_message",
            Self::Unseen => "unseen",
            Self::Unjoined => "unjoined",
            Self::Lost => "lost",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u8
    }

    /// Readers differ on where a message with it ends.
    fn is_ambiguous(self) -> bool {
        (Self::BareLineFeed..=Self::NoMessage).contains(&self)
    }
}

/// A set of doubts.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Doubts(u16);

impl Doubts {
    /// Adds one.
    pub fn add(&mut self, doubt: Doubt) {
        self.0 |= doubt.bit();
    }

    /// Adds those of another set.
    pub fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// There is no doubt.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// This one is in it.
    #[must_use]
    pub fn has(self, doubt: Doubt) -> bool {
        self.0 & doubt.bit() != 0
    }

    /// Those that are in it.
    pub fn iter(self) -> impl Iterator<Item = Doubt> {
        Doubt::ALL.into_iter().filter(move |doubt| self.has(*doubt))
    }

    /// Two readers may take the message for different ones.
    #[must_use]
    pub fn is_ambiguous(self) -> bool {
        self.iter().any(Doubt::is_ambiguous)
    }
}

impl fmt::Debug for Doubts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

impl FromIterator<Doubt> for Doubts {
    fn from_iter<I: IntoIterator<Item = Doubt>>(doubts: I) -> Self {
        let mut set = Self::default();
        doubts.into_iter().for_each(|doubt| set.add(doubt));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_added_and_no_two_have_one_name() {
        for doubt in Doubt::ALL {
            let set: Doubts = [doubt].into_iter().collect();
            assert_eq!(set.iter().collect::<Vec<_>>(), [doubt]);
            assert_eq!(Doubt::ALL.iter().filter(|other| other.name() == doubt.name()).count(), 1);
        }
    }

    #[test]
    fn what_was_not_seen_is_unsure_but_no_two_readers_differ_on_it() {
        let ambiguous: Vec<_> = Doubt::ALL.into_iter().filter(|doubt| !doubt.is_ambiguous()).collect();
        assert_eq!(ambiguous, [Doubt::HeadCut, Doubt::Unseen, Doubt::Unjoined, Doubt::Lost]);
    }
}
