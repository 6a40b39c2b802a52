//! One file a hook family. Each says why this hook, since which kernel, and what it misses.

mod cgroup;
mod in_flight;
mod process;
mod signal;
mod syscall;
