//! The chunked coding (RFC 9112, 7.1), as strictly as it is written: what lenient readers take besides is where
//! smuggling begins.

/// Digits of the largest size that is read.
const MAX_DIGITS: u8 = 16;

/// Where in a chunked body a reader is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunks {
    place: Place,
    /// Bytes of data so far.
    pub(super) data_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Size {
        size: u64,
        digits: u8,
    },
    Extension(u64),
    /// The line feed behind a size.
    SizeEnd(u64),
    Data(u64),
    /// The carriage return behind data, and its line feed.
    DataEnd,
    DataFeed,
    /// The first byte of a line behind the last chunk, and further ones.
    Trailer,
    TrailerRest,
    TrailerFeed,
    /// The line feed that ends the body.
    LastFeed,
}

impl Default for Place {
    fn default() -> Self {
        Self::Size { size: 0, digits: 0 }
    }
}

/// How far bytes led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    /// The body has ended behind so many bytes.
    Ended(usize),
    Broken,
}

impl Chunks {
    /// Goes on over bytes that were seen.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Progress {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if let Place::Data(left) = self.place {
                let here = bytes.len() - at;
                let taken = usize::try_from(left).map_or(here, |left| left.min(here));
                self.pass(taken as u64);
                at += taken;
                continue;
            }
            at += 1;
            if self.place == Place::LastFeed && *byte == b'\n' {
                return Progress::Ended(at);
            }
            match self.after(*byte) {
                Some(place) => self.place = place,
                None => return Progress::Broken,
            }
        }
        Progress::More
    }

    /// Goes on over bytes that were not seen: only data can be passed over.
    pub(super) fn skip(&mut self, bytes: u64) -> bool {
        let is_data = matches!(self.place, Place::Data(left) if left >= bytes);
        if is_data {
            self.pass(bytes);
        }
        is_data
    }

    /// Takes so many bytes of data.
    fn pass(&mut self, bytes: u64) {
        if let Place::Data(left) = self.place {
            self.place = if left > bytes { Place::Data(left - bytes) } else { Place::DataEnd };
            self.data_bytes = self.data_bytes.saturating_add(bytes);
        }
    }

    fn after(&self, byte: u8) -> Option<Place> {
        match (self.place, byte) {
            (Place::Size { size, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < MAX_DIGITS => {
                let digit = char::from(byte).to_digit(16)?;
                Some(Place::Size { size: size << 4 | u64::from(digit), digits: digits + 1 })
            }
            (Place::Size { digits: 0, .. }, _) => None,
            (Place::Size { size, .. } | Place::Extension(size), b'\r') => Some(Place::SizeEnd(size)),
            (Place::Size { size, .. }, b';' | b' ' | b'\t') => Some(Place::Extension(size)),
            (Place::Extension(size), _) if byte != b'\n' => Some(Place::Extension(size)),
            (Place::SizeEnd(0), b'\n') => Some(Place::Trailer),
            (Place::SizeEnd(size), b'\n') => Some(Place::Data(size)),
            (Place::DataEnd, b'\r') => Some(Place::DataFeed),
            (Place::DataFeed, b'\n') => Some(Place::default()),
            (Place::Trailer, b'\r') => Some(Place::LastFeed),
            (Place::TrailerRest, b'\r') => Some(Place::TrailerFeed),
            (Place::Trailer | Place::TrailerRest, _) if byte != b'\n' => Some(Place::TrailerRest),
            (Place::TrailerFeed, b'\n') => Some(Place::Trailer),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(body: &[u8]) -> (Progress, u64) {
        let mut chunks = Chunks::default();
        (chunks.read(body), chunks.data_bytes)
    }

    #[test]
    fn a_body_ends_behind_its_trailers() {
        let body = b"5\r\nhello\r\nA;a=b\r\n0123456789\r\n0\r\n\r\nGET";
        assert_eq!(whole(body), (Progress::Ended(body.len() - 3), 15));
        let body = b"000\r\nExpires: x\r\nA: b\r\n\r\n";
        assert_eq!(whole(body), (Progress::Ended(body.len()), 0));
    }

    #[test]
    fn it_does_not_matter_where_calls_cut_a_body() {
        let body = b"5 ;x\r\nhello\r\n0\r\nA: b\r\n\r\n";
        let mut chunks = Chunks::default();
        let (last, first) = body.split_last().unwrap();
        for byte in first {
            assert_eq!(chunks.read(&[*byte]), Progress::More);
        }
        assert_eq!(chunks.read(&[*last]), Progress::Ended(1));
        assert_eq!(chunks.data_bytes, 5);
    }

    #[test]
    fn data_that_was_not_seen_is_passed_over_and_nothing_else_is() {
        let mut chunks = Chunks::default();
        assert!(!chunks.skip(1));
        assert_eq!(chunks.read(b"a\r\n01"), Progress::More);
        assert!(!chunks.skip(9));
        assert!(chunks.skip(8));
        assert_eq!(chunks.read(b"\r\n0\r\n\r\n"), Progress::Ended(7));
        assert_eq!(chunks.data_bytes, 10);
    }

    #[test]
    fn what_lenient_readers_take_is_broken() {
        for body in [
            &b"5\nhello\r\n0\r\n\r\n"[..],
            b"5\r\nhello\n0\r\n\r\n",
            b"5\r\nhello!\r\n0\r\n\r\n",
            b"0x5\r\nhello\r\n0\r\n\r\n",
            b"-5\r\n",
            b" 5\r\n",
            b"\r\n",
            b";a\r\n",
            b"10000000000000000\r\n",
            b"5\rhello",
            b"5;a\nhello",
            b"0\r\na\nb\r\n\r\n",
            b"0\r\n\n",
        ] {
            assert_eq!(whole(body).0, Progress::Broken, "{:?}", String::from_utf8_lossy(body));
        }
        assert_eq!(whole(b"ffffffffffffffff\r\nx").0, Progress::More);
    }
}
