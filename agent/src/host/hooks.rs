//! The hooks of the kernel side: the one list from which follow what is loaded and attached
//! ([`crate::kernel`]), what the doctor looks for ([`super::needs`]), and what a recording's header says that
//! this kernel cannot give.

/// A program and the hook that it goes to: a tracepoint that the kernel's BTF describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hook {
    /// The program's name in the object, which is the tracepoint's.
    pub name: &'static str,
    /// The kernel option that it takes, where it is not in every kernel.
    pub option: Option<&'static str>,
    /// What is given up where a kernel lacks it: a sentence. `None`: nothing works without it.
    pub without: Option<&'static str>,
    /// When it is attached.
    pub stage: Stage,
}

/// Cgroups are followed before those that are there are looked through, so that none is missed in
/// between; calls are recorded when all of them are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Follows cgroups.
    Follow,
    /// Records.
    Record,
}

use Stage::{Follow, Record};

const CGROUPS: Option<&str> = Some("CONFIG_CGROUPS");
const SYSCALLS: Option<&str> = Some("CONFIG_FTRACE_SYSCALLS");

/// All hooks, in the order in which they are attached: a call's end before its start, so that no
/// start is remembered that has no end.
pub(crate) const HOOKS: &[Hook] = &[
    needed("cgroup_mkdir", CGROUPS, Follow),
    needed("cgroup_rmdir", CGROUPS, Follow),
    needed("cgroup_attach_task", CGROUPS, Follow),
    wanted("cgroup_notify_populated", Follow, "A container counts as ended only when its cgroup is removed."),
    needed("sched_process_exit", None, Record),
    wanted("signal_deliver", Record, "Signals are not recorded."),
    wanted("signal_generate", Record, "Senders of signals are not recorded."),
    wanted("mark_victim", Record, "Kills by the OOM killer are not recorded."),
    wanted("sched_process_fork", Record, "Forks are not recorded as events."),
    wanted("sched_process_exec", Record, "Execs are not recorded as events."),
    needed("sys_exit", SYSCALLS, Record),
    needed("sys_enter", SYSCALLS, Record),
];

/// Without it nothing works.
const fn needed(name: &'static str, option: Option<&'static str>, stage: Stage) -> Hook {
    Hook { name, option, without: None, stage }
}

/// Without it something is given up.
const fn wanted(name: &'static str, stage: Stage, without: &'static str) -> Hook {
    Hook { name, option: None, without: Some(without), stage }
}
