//! How a container's main process ended, as far as its records tell.

pub use crate::header::{Cause, Ending, Oom, Sender};

use crate::exit_status::ExitStatus;
use crate::task::comm;
use rewind_common::record::{self as wire, sent_flags};

mod finder;
mod main_process;

pub use finder::Finder;

const SIGKILL: u8 = 9;

impl From<&wire::SignalSent> for Sender {
    fn from(sent: &wire::SignalSent) -> Self {
        Self {
            tgid: sent.sender_tgid,
            comm: comm(&sent.sender_comm).into(),
            cgroup_id: sent.sender_cgroup,
            by_kernel: sent.header.flags & sent_flags::KERNEL != 0,
        }
    }
}

impl From<&wire::OomKill> for Oom {
    fn from(kill: &wire::OomKill) -> Self {
        Self {
            anon_bytes: kill.anon_bytes,
            file_bytes: kill.file_bytes,
            shmem_bytes: kill.shmem_bytes,
            usage_bytes: kill.usage_bytes,
            limit_bytes: kill.limit_bytes,
            trigger_tgid: kill.trigger_tgid,
            trigger_comm: comm(&kill.trigger_comm).into(),
        }
    }
}

impl Ending {
    /// What the record of a process' last thread tells, and whether the OOM killer had chosen the process.
    #[must_use]
    pub fn of(exit: &wire::Exit, is_oom_victim: bool) -> Self {
        let ending = Self::of_status(exit.tgid, exit.status, exit.time_ns);
        Self { oom_killed: ending.signal == Some(SIGKILL) && is_oom_victim, ..ending }
    }

    /// Of a process' status, as `wait` reports it.
    fn of_status(tgid: u32, status: u32, at_ns: u64) -> Self {
        let status = ExitStatus::new(status);
        Self {
            at_ns,
            tgid,
            exit_code: status.code(),
            signal: status.signal(),
            core_dumped: status.core_dumped(),
            oom_killed: false,
        }
    }
}
