//! `/proc/stat`, which several families have figures in (`proc_stat(5)`).
//!
//! Crate `procfs` does not keep which CPU a line is of, and where one is offline they do not follow one another.

/// Time of a CPU by state, in ticks, in the order of [`STATES`].
pub type Ticks = [u64; 8];

/// States as the Collector names them, in the order of the file's columns. Guests' time is in `user` and `nice`.
pub const STATES: [&str; 8] = ["user", "nice", "system", "idle", "wait", "interrupt", "softirq", "steal"];

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Each logical CPU that is online, by its number.
    pub cpus: Vec<(u32, Ticks)>,
    /// Tasks that were made since the host's start.
    pub created: Option<u64>,
    /// Tasks that run or could.
    pub running: Option<u64>,
    /// Tasks that wait for I/O.
    pub blocked: Option<u64>,
    /// When the host started, Unix time in seconds.
    pub boot_unix_s: Option<u64>,
}

impl Stat {
    /// Reads it; `None`: it has no CPU.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut stat = Self::default();
        for line in text.lines() {
            let (name, rest) = line.split_once(' ').unwrap_or_default();
            let number = || rest.trim().parse().ok();
            match name {
                "processes" => stat.created = number(),
                "procs_running" => stat.running = number(),
                "procs_blocked" => stat.blocked = number(),
                "btime" => stat.boot_unix_s = number(),
                _ => stat.cpus.extend(cpu(name, rest)),
            }
        }
        (!stat.cpus.is_empty()).then_some(stat)
    }
}

/// The line of one CPU; that of all together has no number.
fn cpu(name: &str, rest: &str) -> Option<(u32, Ticks)> {
    let number = name.strip_prefix("cpu")?.parse().ok()?;
    let mut columns = rest.split_ascii_whitespace();
    let mut ticks = Ticks::default();
    for state in &mut ticks {
        *state = columns.next()?.parse().ok()?;
    }
    Some((number, ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_keep_their_numbers_and_odd_lines_are_passed_over() {
        let text = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\ncpu3 11 12 13 14 15 16 17 18 19 20 21\n\
                    cpu4 1 2 x 4 5 6 7 8\ncpufreq 1\nintr 5 0 0\nbtime 1795837726\nprocesses 12\nprocs_running 3\n\
                    procs_blocked -1\n\nnew\n";
        let stat = Stat::parse(text).unwrap();
        assert_eq!(stat.cpus, [(0, [1, 2, 3, 4, 5, 6, 7, 8]), (3, [11, 12, 13, 14, 15, 16, 17, 18])]);
        assert_eq!((stat.created, stat.running, stat.blocked), (Some(12), Some(3), None));
        assert_eq!(stat.boot_unix_s, Some(1_795_837_726));
        assert_eq!(Stat::parse("btime 12\n"), None);
    }
}
