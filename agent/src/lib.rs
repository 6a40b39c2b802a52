//! Rewind's agent: loads the recorder, knows whose rings these are, and answers who asks.
//!
//! ```text
//! kernel side   |  agent                                                        |  people
//! hook -> ring  |  kernel/ -> rings/ -> recorder.rs -> serve/ (Unix socket) --> |  kubectl-rewind
//!               |               identity/ __/     \__ record/ (one command) --> |  stderr, file
//! ```
//!
//! # What always holds
//!
//! * The ring is the recorder: nothing in the agent is needed for a call to be recorded, and nothing
//!   it does can hold the kernel side up.
//! * The agent may die at any instruction: what it does to what is pinned is one atomic step each, or is
//!   done anew by the next agent ([`adoption`]).
//! * Data flows one way: a module uses those before it in this list, never those after.
//! * What is missing is said: each recording's header has its coverage, losses, and what this host
//!   cannot give.
//!
//! # Modules, in the order of the flow
//!
//! | module | what it does |
//! |---|---|
//! | [`host`] | facts about this host, what follows from them, the doctor's report |
//! | [`kernel`] | the kernel side: loaded, attached, its maps; the only module that names Aya |
//! | [`rings`] | rings mapped into memory, copies of them, and the calls in flight that no ring holds |
//! | [`identity`] | which cgroup is which container, and which are recorded at all |
//! | [`budget`] | who makes room when memory runs short |
//! | [`recorder`] | all of the above as one thing that can be asked |
//! | [`crash`] | which ends are kept as files, and the directory of these |
//! | [`adoption`] | starting where another agent has left programs and rings |
//! | [`serve`] | the API on the Unix socket |
//! | [`record`] | `rewind-agent record`: one command, without the daemon |
//! | [`measure`] | what recording costs on this host |
//! | [`pipeline`] | `rewind-agent run`: the only place that starts tasks |
//! | [`verbs`] | what each verb of the command line does |
//! | [`cli`] | what was typed |
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod adoption;
pub mod budget;
pub mod cli;
pub mod clock;
pub mod crash;
pub mod host;
pub mod identity;
pub mod kernel;
pub mod measure;
pub mod pipeline;
pub mod record;
pub mod recorder;
pub mod rings;
pub mod serve;
pub mod verbs;
