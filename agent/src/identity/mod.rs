//! Who it was: what a cgroup's path, and what runtimes leave on disk, tell of a container.
//!
//! | module | what it knows |
//! |---|---|
//! | [`path`] | the path of a cgroup -> runtime, container id, pod UID. Pure. |
//! | [`scope`] | the path of a cgroup -> whether its calls are to be recorded. Pure. |
//! | [`names`] | container -> name, asked of an ordered list of sources; Kubernetes is one more of them. |
//! | [`origin`] | ids of cgroups -> paths, for who did something to a container from outside. |
//! | [`runtimes`] | the sources that need no socket: the files that runtimes keep. |
//!
//! Learn early, forget late: what the sources read is gone soon after the container is, so ask when
//! its cgroup appears and keep the answer as long as the recording.

pub mod kept;
pub mod names;
pub mod origin;
pub mod path;
pub mod runtimes;
pub mod scope;

#[cfg(test)]
mod path_tests;
#[cfg(test)]
mod runtimes_tests;
#[cfg(test)]
mod scope_tests;
