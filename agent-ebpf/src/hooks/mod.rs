//! One file a hook family. Each says why this hook, since which kernel, and what it misses.

mod begin;
mod cgroup;
mod exec;
mod fork;
mod in_flight;
mod oom;
mod process;
mod release;
mod sent;
mod shrink;
mod signal;
mod syscall;
