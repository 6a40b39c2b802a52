//! Runs that the kernel skipped. A program that is entered again on a CPU where it is under way does
//! not run (`__bpf_trace_run` in `kernel/trace/bpf_trace.c`), so it cannot count that itself;
//! the kernel does, and tells it in `/proc/self/fdinfo` (`bpf_prog_show_fdinfo` in
//! `kernel/bpf/syscall.c`, since 5.12). None is known to be skipped today: no hook of ours is entered out
//! of an interrupt that its own program leaves on.

use super::load::Kernel;
use crate::host::hooks::hooks;
use aya::programs::ProgramFd;
use std::fs;
use std::os::fd::{AsFd as _, AsRawFd as _};

/// What is given up where the kernel does not tell.
const UNTOLD: &str = "runs of the recorder's programs that the kernel skips are not counted";

impl Kernel {
    /// How many runs of each hook's program the kernel has skipped since it was loaded; without those
    /// of which it skipped none.
    pub(crate) fn missed_runs(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.hooked.iter().filter_map(|(name, program)| Some((*name, misses(program)?))).filter(|(_, runs)| *runs > 0)
    }

    /// Says so where the kernel does not tell of all hooks that are attached.
    #[must_use]
    pub(crate) fn untold_misses(&self) -> Option<String> {
        let attached = hooks().zip(&self.programs).filter(|(_, program)| program.given_up.is_none());
        let told = self.hooked.iter().filter(|(_, program)| misses(program).is_some());
        (told.count() < attached.count()).then(|| UNTOLD.to_owned())
    }
}

fn misses(program: &ProgramFd) -> Option<u64> {
    let fd = program.as_fd().as_raw_fd();
    told(&fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?)
}

/// The figure of the line `recursion_misses`.
fn told(fdinfo: &str) -> Option<u64> {
    fdinfo.lines().find_map(|line| line.strip_prefix("recursion_misses:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn the_figure_is_found_in_what_a_kernel_writes() {
        let written = "pos:\t0\nflags:\t02000002\nprog_type:\t26\nprog_jited:\t1\nrun_cnt:\t0\nrecursion_misses:\t17\nverified_insns:\t96\n";
        assert_eq!(told(written), Some(17));
    }

    #[test]
    fn what_does_not_tell_it_is_not_taken_for_none() {
        for written in ["", "pos:\t0\nrun_cnt:\t3\n", "recursion_misses:\t\n", "recursion_misses:\t-1\n"] {
            assert_eq!(told(written), None, "{written:?}");
        }
    }
}
