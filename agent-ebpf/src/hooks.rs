//! One file a hook family. Each says why this hook, since which kernel, and what it misses.

mod cgroup;
mod connection;
mod exec;
mod fork;
mod oom;
mod process;
mod sent;
mod signal;
mod syscall;
