//! A process runs another program: what it runs, and what that tells of the call that it belongs to.

use super::json::JsonLine;
use super::kind::{Context, EventKind, Timing, WithBlobs};
use crate::blobs::{Blobs, Bytes, Instead, TextSpan};
use crate::call::Call;
use crate::escape::{self, Untrusted};
use rewind_common::call::part;
use rewind_common::capture::MAX_STRINGS;
use rewind_common::record::{self as wire, ExecSizes, INTERPRETED};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use zerocopy::FromBytes as _;

/// A process runs another program: of argument 0 the path, of argument 1 the strings of `argv`, of argument 2
/// how large that and the environment are.
pub type Exec<'a> = WithBlobs<'a, wire::Exec>;

impl<'a> Exec<'a> {
    /// What was executed; empty if it could not be read.
    #[must_use]
    pub fn path(&self) -> Cow<'a, [u8]> {
        self.blob(0).map_or_else(Cow::default, |blob| blob.readable(until_nul(blob.bytes)))
    }

    /// What the program finds as its arguments, as far as they are kept.
    pub fn argv(&self) -> impl Iterator<Item = Cow<'a, [u8]>> + use<'a> {
        let strings = |blob: Bytes<'a>| {
            blob.bytes.split_inclusive(|byte| *byte == 0).map(move |string| blob.readable(until_nul(string)))
        };
        self.blob(1).into_iter().flat_map(strings)
    }

    /// Whether something in them was hidden.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        self.blobs.clone().any(|blob| blob.is_redacted())
    }

    fn blob(&self, arg: usize) -> Option<Bytes<'a>> {
        self.blobs.clone().find(|blob| blob.arg == arg)
    }

    /// Whether there were more arguments than are kept.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.blobs.clone().any(|blob| blob.arg == 1 && blob.is_cut())
    }

    /// How large its arguments and its environment are; `None` where that was not recorded.
    #[must_use]
    pub fn sizes(&self) -> Option<ExecSizes> {
        let blob = self.blob(2).filter(|blob| blob.pointer().is_none())?;
        ExecSizes::read_from_prefix(blob.bytes).ok().map(|(sizes, _)| sizes)
    }

    /// Whether an interpreter runs the file, so that its arguments are not those of the call.
    #[must_use]
    pub const fn is_interpreted(&self) -> bool {
        self.fixed.header.flags & INTERPRETED != 0
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

#[derive(Serialize)]
struct Fields<'e> {
    path: Cow<'e, str>,
    argv: Vec<Cow<'e, str>>,
    argv_cut: bool,
    /// Left out where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    argv_bytes: Option<u32>,
    /// The same.
    #[serde(skip_serializing_if = "Option::is_none")]
    env_bytes: Option<u32>,
    redacted: bool,
    interpreted: bool,
    text: String,
}

impl EventKind for Exec<'_> {
    fn name(&self) -> &'static str {
        "exec"
    }

    fn tid(&self) -> u32 {
        self.fixed.header.tid
    }

    fn tgid(&self) -> Option<u32> {
        Some(self.fixed.tgid)
    }

    fn end_ns(&self) -> u64 {
        self.fixed.time_ns
    }

    /// Within `execve`, which is also how strace shows it.
    fn timing(&self) -> Timing {
        Timing::WithinCalls
    }

    fn write_text(&self, out: &mut String, _: &Context<'_>) {
        let _ = write!(out, "runs {}", Untrusted::new(&self.path()));
        for argument in self.argv().skip(1) {
            let _ = write!(out, " {}", Untrusted::new(&argument));
        }
        if self.is_cut() {
            out.push_str(" ...");
        }
    }

    fn blobs(&self) -> Option<Blobs<'_>> {
        Some(self.blobs)
    }

    fn text_of(&self, blob: &Bytes<'_>) -> Option<TextSpan> {
        match blob.arg {
            _ if blob.pointer().is_some() => None,
            0 => Some(TextSpan::WHOLE),
            1 => Some(TextSpan::STRINGS),
            _ => None,
        }
    }

    fn write_json(&self, line: JsonLine<'_>, context: &Context<'_>) -> io::Result<()> {
        line.with(&Fields {
            path: escape::text_of(self.path()),
            argv: self.argv().map(escape::text_of).collect(),
            argv_cut: self.is_cut(),
            argv_bytes: self.sizes().map(|sizes| sizes.argv_bytes),
            env_bytes: self.sizes().map(|sizes| sizes.env_bytes),
            redacted: self.is_redacted(),
            interpreted: self.is_interpreted(),
            text: self.text(context),
        })
    }
}

impl<'a> Call<'a> {
    /// The start of an `execve` or `execveat` with what its [`Exec`] tells of strings that could not be
    /// read when it began, for they lay in pages that the caller had not touched.
    #[must_use]
    pub fn mended(mut self, exec: &Exec<'a>) -> Self {
        // `execveat` has a descriptor in front, and flags at its end.
        let first = usize::from(self.count == 5);
        let is_unread = |i| self.blob(i, part::WHOLE).is_some_and(|blob| blob.pointer().is_some_and(|at| at != 0));
        let argv = self.blob(first + 1, part::STRINGS);
        let is_short = argv.map_or_else(
            || is_unread(first + 1),
            |argv| argv.is_cut() && argv.bytes.iter().filter(|byte| **byte == 0).count() < MAX_STRINGS,
        );
        let wanted = u8::from(is_unread(first)) | u8::from(is_short && !exec.is_interpreted()) << 1;
        self.blobs.instead = Instead { rest: exec.blobs.rest, first, wanted };
        self
    }
}
