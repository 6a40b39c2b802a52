//! One file a hook family. Each says why this hook, since which kernel, and what it misses.

mod cgroup;
mod forget;
mod in_flight;
mod process;
mod shrink;
mod signal;
mod syscall;
