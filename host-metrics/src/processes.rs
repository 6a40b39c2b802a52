//! Processes by status (`proc_pid_stat(5)`), and how many were made.
//!
//! As the Collector has it, `running` and `blocked` are the kernel's own counts of tasks, threads among them: while
//! processes are looked at one by one, those change. The others are of main threads.

use crate::reading::Reading;
use crate::stat::Stat;
use rewind_otlp::metric::sheet::{Sheet, value, whole};
use std::fs;
use std::path::Path;

/// Statuses as the Collector names them.
pub const STATUSES: [&str; 7] = ["running", "blocked", "sleeping", "idle", "stopped", "zombies", "unknown"];

/// How many are in each, in the order of [`STATUSES`].
pub type Processes = [u64; 7];

/// The status that the text of `/proc/TGID/stat` tells, by its place in [`STATUSES`]; `None`: it is gone, or was as it
/// was looked at. Its name, in brackets before, may be any text.
#[must_use]
pub fn status(text: &str) -> Option<usize> {
    let (_, rest) = text.rsplit_once(')')?;
    match rest.split_ascii_whitespace().next()? {
        "R" => Some(0),
        "D" => Some(1),
        "S" => Some(2),
        "I" => Some(3),
        "T" | "t" => Some(4),
        "Z" => Some(5),
        "X" | "x" => None,
        _ => Some(6),
    }
}

/// What the kernel itself counts goes before what is seen.
pub(crate) fn read(stat: Option<&Stat>, reading: &mut Reading<'_>) -> Option<Processes> {
    let mut counts = match seen(&reading.roots.proc) {
        Ok(counts) => counts,
        Err(error) => {
            reading.unread("processes", error);
            return None;
        }
    };
    let [running, blocked, ..] = &mut counts;
    if let Some(stat) = stat {
        *running = stat.running.unwrap_or(*running);
        *blocked = stat.blocked.unwrap_or(*blocked);
    }
    Some(counts)
}

fn seen(proc: &Path) -> std::io::Result<Processes> {
    let mut counts = Processes::default();
    for entry in fs::read_dir(proc)? {
        let name = entry?.file_name();
        let is_process = name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
        // One that is gone meanwhile is none.
        let text = if is_process { fs::read(proc.join(name).join("stat")).ok() } else { None };
        let status = text.and_then(|text| status(&String::from_utf8_lossy(&text)));
        let count = status.and_then(|status| counts.get_mut(status));
        count.into_iter().for_each(|count| *count += 1);
    }
    Ok(counts)
}

pub(crate) fn metrics(processes: Option<Processes>, created: Option<u64>, sheet: &mut Sheet<'_>) {
    let values = processes.into_iter().flat_map(|counts| STATUSES.iter().zip(counts));
    let values = values.map(|(status, count)| value(count, &[("status", *status)])).collect();
    sheet.up_down("system.processes.count", "{processes}", "Processes by status", values);
    let description = "Processes and threads that were made";
    sheet.counter("system.processes.created", "{processes}", description, created.map(whole).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_behind_whatever_name() {
        let of = |text| status(text).map(|at| STATUSES[at]);
        assert_eq!(of("1 (init) S 0 1"), Some("sleeping"));
        assert_eq!(of("2 (a) R (b)) Z 0"), Some("zombies"));
        assert_eq!(
            [of("3 (x) t 0"), of("3 (x) I 0"), of("3 (x) Q 0")],
            [Some("stopped"), Some("idle"), Some("unknown")]
        );
        assert_eq!([of("4 (x) X 0"), of("4 (x"), of("4 (x)"), of("")], [None; 4]);
    }

    #[test]
    fn what_the_kernel_counts_goes_before_what_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [("1", "1 (a) S 0"), ("2", "2 (b) R 0"), ("self", "2 (b) R 0"), ("3", "")] {
            fs::create_dir(dir.path().join(name)).unwrap();
            fs::write(dir.path().join(name).join("stat"), text).unwrap();
        }
        fs::create_dir(dir.path().join("4")).unwrap();
        assert_eq!(seen(dir.path()).unwrap(), [1, 0, 1, 0, 0, 0, 0]);
        let roots = crate::Roots { proc: dir.path().to_owned(), sys: "/sys".into(), root: "/".into() };
        let stat = Stat { running: Some(5), ..Stat::default() };
        assert_eq!(read(Some(&stat), &mut Reading::new(&roots)), Some([5, 0, 1, 0, 0, 0, 0]));
    }
}
