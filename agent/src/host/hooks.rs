//! The hooks of the kernel side: the one list from which follow what is loaded and attached
//! ([`crate::kernel`]), what the doctor looks for ([`super::needs`]), and what a recording's header says that
//! this kernel cannot give.
//!
//! A new hook needs no line here. A program in the object whose hook is not listed records, is attached where
//! the kernel has its tracepoint, and is given up with a sentence of its name where it has not. The lists say
//! of a hook what differs: that nothing works without it, that it follows cgroups, a better sentence.

/// A program and the hook that it goes to: a tracepoint that the kernel's BTF describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hook {
    /// The program's name in the object, which is the tracepoint's (`build.rs` sees to it).
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

/// The hooks of which something else is said than the rule, in the order in which they are attached.
const LISTED: &[Hook] = &[
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
    wanted("inet_sock_set_state", Record, "TCP connections are not recorded as events."),
];

/// The hooks of calls, attached after all others: a call's end before its start, so that no start is
/// remembered that has no end.
const CALLS: &[Hook] = &[needed("sys_exit", SYSCALLS, Record), needed("sys_enter", SYSCALLS, Record)];

/// All that the object has programs for, each as the rule has it: `build.rs` reads their names from there.
const IN_OBJECT: &[Hook] = &include!(concat!(env!("OUT_DIR"), "/hooks.rs"));

/// All hooks, in the order in which they are attached.
pub(crate) fn hooks() -> impl Iterator<Item = &'static Hook> {
    merged(LISTED, IN_OBJECT, CALLS)
}

/// Those of the object that are in no list stand between the lists.
fn merged<'a>(listed: &'a [Hook], in_object: &'a [Hook], calls: &'a [Hook]) -> impl Iterator<Item = &'a Hook> {
    let is_new = move |hook: &&Hook| listed.iter().chain(calls).all(|other| other.name != hook.name);
    listed.iter().chain(in_object.iter().filter(is_new)).chain(calls)
}

/// Without it nothing works.
const fn needed(name: &'static str, option: Option<&'static str>, stage: Stage) -> Hook {
    Hook { name, option, without: None, stage }
}

/// Without it something is given up.
const fn wanted(name: &'static str, stage: Stage, without: &'static str) -> Hook {
    Hook { name, option: None, without: Some(without), stage }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_hooks_are_those_of_the_object_each_once() {
        let names: Vec<_> = hooks().map(|hook| hook.name).collect();
        let distinct: BTreeSet<_> = names.iter().copied().collect();
        assert_eq!(distinct, IN_OBJECT.iter().map(|hook| hook.name).collect());
        assert_eq!(distinct.len(), names.len());
        assert!(names.ends_with(&["sys_exit", "sys_enter"]), "{names:?}");
    }

    #[test]
    fn a_hook_in_no_list_is_wanted_and_given_up_with_its_name() {
        let listed: Vec<_> = LISTED.iter().copied().filter(|hook| hook.name != "mark_victim").collect();
        let hooks: Vec<_> = merged(&listed, IN_OBJECT, CALLS).copied().collect();
        let new = wanted("mark_victim", Record, "Events of mark_victim are not recorded.");
        assert_eq!(hooks, [listed.as_slice(), &[new], CALLS].concat());
    }
}
