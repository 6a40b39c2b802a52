//! What processes are called: by the program that they ran last, or by their main thread.

use rewind_recording::escape::Untrusted;
use rewind_recording::event::{Timeline, What};
use rewind_recording::task;
use std::collections::HashMap;

/// Of one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Name {
    /// What it is called; empty if nothing tells.
    pub(crate) name: String,
    /// With which arguments it ran; empty if that is not recorded.
    pub(crate) argv: Vec<String>,
}

/// The processes of a recording, by their numbers on the host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(HashMap<u32, Name>);

impl Names {
    pub(crate) fn of(timeline: &Timeline<'_>) -> Self {
        let mut names: HashMap<u32, Name> = HashMap::new();
        for event in timeline.by_end() {
            let Some(tgid) = event.tgid() else { continue };
            let known = names.entry(tgid).or_default();
            if let What::Exec(exec) = event.what {
                let path = Untrusted::new(&exec.path()).to_string();
                let argv = exec.argv().map(|argument| Untrusted::new(&argument).to_string()).collect();
                *known = Name { name: path.rsplit('/').next().unwrap_or_default().to_owned(), argv };
            } else if known.argv.is_empty()
                && let Some(task) = event.task.filter(|task| task.header.tid == tgid || known.name.is_empty())
            {
                known.name = task::comm(&task.comm).to_string();
            }
        }
        Self(names)
    }

    pub(crate) fn get(&self, tgid: u32) -> Name {
        self.0.get(&tgid).cloned().unwrap_or_default()
    }
}
