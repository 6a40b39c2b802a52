//! Who it was: what a cgroup's path, and what runtimes leave on disk, tell of a container.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it knows |
//! |---|---|
//! | [`path`] | the path of a cgroup -> runtime, container id, pod UID. Pure. |
//! | [`scope`] | the path of a cgroup -> whether its calls are to be recorded. Pure. |
//! | [`origin`] | ids of cgroups -> paths, for who did something to a container from outside. |
//! | [`source`] | what a source of names is asked. |
//! | [`service`] | what is known of a pod -> the service that it is an instance of. Pure. |
//! | [`runtimes`] | the sources that need no socket: the files that runtimes keep. |
//! | [`kubernetes`] | the source that watches this node's pods. |
//! | [`peers`] | addresses in the cluster -> their names, watched too. |
//! | [`names`] | container -> name, asked of an ordered list of sources. |
//! | [`pod`] | container -> which container of which pod: what rights and objects of the cluster go by. |
//! | [`kept`] | what is known of a container, as it is kept beside its ring. |
//!
//! Learn early, forget late: what the sources read is gone soon after the container is, so ask when
//! its cgroup appears and keep the answer as long as the recording.

pub(crate) mod kept;
pub(crate) mod kubernetes;
pub(crate) mod names;
pub(crate) mod origin;
pub(crate) mod path;
pub(crate) mod peers;
pub(crate) mod pod;
pub(crate) mod runtimes;
pub(crate) mod scope;
pub(crate) mod service;
pub(crate) mod source;

#[cfg(test)]
mod path_tests;
#[cfg(test)]
mod runtimes_tests;
#[cfg(test)]
mod scope_tests;
