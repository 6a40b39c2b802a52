//! The JSON line of an event, and the fields that several kinds have.

use crate::escape;
use crate::origin::{Origin, Origins, Whereabouts};
use crate::task::comm;
use serde::Serialize;
use std::borrow::Cow;
use std::io;

/// A JSON line without the fields of the event's kind.
pub struct JsonLine<'l> {
    pub(crate) out: &'l mut dyn io::Write,
    pub(crate) who: Who<'l>,
}

/// What every event's line begins with. `tid` and `tgid` are the host's or the container's, as was asked for.
#[derive(Serialize)]
pub(crate) struct Who<'l> {
    pub(crate) kind: &'static str,
    /// When it began; null where nobody knows.
    pub(crate) time: Option<&'l str>,
    pub(crate) ktime_ns: Option<u64>,
    pub(crate) tid: u32,
    pub(crate) tgid: Option<u32>,
    pub(crate) comm: Option<Cow<'l, str>>,
    /// What the other end of an event's connection is called, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer_name: Option<&'l str>,
}

impl JsonLine<'_> {
    /// Writes the line with these fields behind those that all events have.
    ///
    /// # Errors
    /// Those of the output.
    pub fn with(self, fields: &impl Serialize) -> io::Result<()> {
        #[derive(Serialize)]
        struct Line<'l, F: Serialize> {
            #[serde(flatten)]
            who: Who<'l>,
            #[serde(flatten)]
            fields: &'l F,
        }
        escape::json::write(self.out, &Line { who: self.who, fields })?;
        self.out.write_all(b"\n")
    }
}

/// Another process. Numbers are the host's, but for `ns_tgid`: null if the container's numbering has
/// none for it.
#[derive(Serialize)]
pub(super) struct Process<'o> {
    tgid: u32,
    tid: u32,
    ns_tgid: Option<u32>,
    comm: String,
    cgroup_id: u64,
    /// Whether it is in the same container.
    same_container: bool,
    /// Where it is, if it is elsewhere and that is known.
    container: Option<&'o Origin>,
}

impl<'o> Process<'o> {
    pub(super) fn new(
        (tgid, tid, ns_tgid): (u32, u32, u32),
        name: &[u8; 16],
        cgroup_id: u64,
        origins: &'o Origins,
    ) -> Self {
        let place = origins.place(cgroup_id);
        Self {
            tgid,
            tid,
            ns_tgid: (ns_tgid != 0).then_some(ns_tgid),
            comm: comm(name).text().into_owned(),
            cgroup_id,
            same_container: place == Whereabouts::Own,
            container: if let Whereabouts::Known(origin) = place { Some(origin) } else { None },
        }
    }
}
