//! Builds records as the kernel side writes them, for tests.

use rewind_common::call::{Blob, args, blob_flags, flags, part};
use rewind_common::record::Kind;

/// What stands for one argument.
enum Argument {
    Value(u64),
    Blobs,
}

/// A call's record in the making.
pub(crate) struct Record {
    kind: Kind,
    nr: u16,
    flags: u8,
    start_ns: u64,
    duration_ns: u64,
    result: i64,
    arguments: Vec<Argument>,
    blobs: Vec<u8>,
}

/// A finished call of number `nr` that returned 0.
pub(crate) fn call(nr: u16) -> Record {
    Record {
        kind: Kind::Call,
        nr,
        flags: 0,
        start_ns: 1_000,
        duration_ns: 10,
        result: 0,
        arguments: Vec::new(),
        blobs: Vec::new(),
    }
}

/// The start of a call of number `nr`.
#[allow(dead_code, reason = "not every user of this module needs it")]
pub(crate) fn enter(nr: u16) -> Record {
    Record { kind: Kind::Enter, ..call(nr) }
}

impl Record {
    /// The next argument: its register.
    pub(crate) fn value(mut self, value: u64) -> Self {
        self.arguments.push(Argument::Value(value));
        self
    }

    /// The next argument: what it points to.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        self.next_blob(part::WHOLE, 0, bytes)
    }

    /// The next argument: a string; its NUL is added.
    pub(crate) fn string(self, string: &str) -> Self {
        let bytes = [string.as_bytes(), b"\0"].concat();
        self.next_blob(part::WHOLE, 0, &bytes)
    }

    /// The next argument: a pointer that could not be followed.
    pub(crate) fn unread(self, pointer: u64) -> Self {
        self.next_blob(part::WHOLE, blob_flags::UNREAD, &pointer.to_le_bytes())
    }

    /// The next argument: a blob of any part and flags.
    pub(crate) fn next_blob(mut self, part: u8, flags: u8, bytes: &[u8]) -> Self {
        self.arguments.push(Argument::Blobs);
        let argument = self.arguments.len() - 1;
        self.blob(argument, part, flags, bytes)
    }

    /// One more blob of an argument.
    pub(crate) fn blob(mut self, argument: usize, part: u8, flags: u8, bytes: &[u8]) -> Self {
        self.blobs.push(argument as u8 | part << 3);
        self.blobs.push(flags);
        self.blobs.extend((bytes.len() as u16).to_le_bytes());
        self.blobs.extend(bytes);
        self.blobs.resize(self.blobs.len().next_multiple_of(size_of::<Blob>()), 0);
        self
    }

    /// What it returned.
    pub(crate) fn returned(mut self, result: i64) -> Self {
        self.result = result;
        self
    }

    /// Sets flags of [`rewind_common::call::flags`].
    pub(crate) fn flagged(mut self, flags: u8) -> Self {
        self.flags |= flags;
        self
    }

    /// The bytes.
    pub(crate) fn build(self) -> Vec<u8> {
        let mut word = self.arguments.len() as u16;
        let mut values = Vec::new();
        for (i, argument) in self.arguments.iter().enumerate() {
            match argument {
                Argument::Blobs => word |= 1 << (args::BLOB_SHIFT as usize + i),
                Argument::Value(value) => {
                    values.extend((*value as u32).to_le_bytes());
                    if let high @ 1.. = (*value >> 32) as u32 {
                        word |= 1 << (args::WIDE_SHIFT as usize + i);
                        values.extend(high.to_le_bytes());
                    }
                }
            }
        }
        let mut flags = self.flags;
        let wide_result = i32::try_from(self.result).is_err();
        if wide_result {
            flags |= flags::WIDE_RESULT;
        }
        let mut body = Vec::new();
        body.extend(77_u32.to_le_bytes());
        body.extend(self.nr.to_le_bytes());
        body.extend(word.to_le_bytes());
        body.extend((self.duration_ns as u32).to_le_bytes());
        body.extend(self.start_ns.to_le_bytes());
        body.extend((self.result as u32).to_le_bytes());
        if wide_result {
            body.extend(((self.result >> 32) as u32).to_le_bytes());
        }
        body.extend(values);
        body.extend(self.blobs);
        let mut record = ((body.len() + 4) as u16).to_le_bytes().to_vec();
        record.extend([self.kind as u8, flags]);
        record.extend(body);
        record
    }
}
