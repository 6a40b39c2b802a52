//! What a person shows to an agent, and the hash of it that stands in the request.
//!
//! The request can be read by whoever may read requests; what it was made with cannot be had from it.

use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq as _;

/// Bytes of a secret.
pub const BYTES: usize = 32;

/// A secret that was drawn for one request. Debug output does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; BYTES]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Of bytes that were drawn at random by the caller.
    #[must_use]
    pub const fn of(random: [u8; BYTES]) -> Self {
        Self(random)
    }

    /// Reads what [`Secret::shown`] has written; `None`: it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }

    /// As hex digits, for the agent alone.
    #[must_use]
    pub fn shown(&self) -> String {
        hex(&self.0)
    }

    /// What stands in the request: the SHA-256 of it, as hex digits.
    #[must_use]
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.0))
    }

    /// Whether a request's hash is this secret's; takes as long whatever differs.
    #[must_use]
    pub fn matches(&self, hash: &str) -> bool {
        let own: [u8; BYTES] = Sha256::digest(self.0).into();
        let (theirs, is_hash) = unhex(hash).map_or(([0; BYTES], 0), |theirs| (theirs, 1));
        bool::from(own.ct_eq(&theirs) & subtle::Choice::from(is_hash))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
        text
    })
}

fn unhex(text: &str) -> Option<[u8; BYTES]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * BYTES {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let nibble = |digit: Option<&u8>| char::from(*digit?).to_digit(16);
        *byte = u8::try_from(nibble(pair.first())? << 4 | nibble(pair.get(1))?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_secret_matches_its_own_hash_alone() {
        let (own, other) = (Secret::of([7; BYTES]), Secret::of([8; BYTES]));
        assert!(own.matches(&own.hash()) && !own.matches(&other.hash()) && !own.matches(""));
        assert_eq!(Secret::parse(&own.shown()), Some(own.clone()));
        assert!(!format!("{own:?}").contains("07"));
    }

    #[test]
    fn the_hash_is_sha_256() {
        // `head -c 32 /dev/zero | sha256sum`
        let zeros = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
        assert_eq!(Secret::of([0; BYTES]).hash(), zeros);
    }

    proptest! {
        #[test]
        fn any_text_is_a_secret_or_none(text in ".*") {
            if let Some(secret) = Secret::parse(&text) {
                prop_assert_eq!(secret.shown(), text.to_ascii_lowercase());
            }
        }
    }
}
