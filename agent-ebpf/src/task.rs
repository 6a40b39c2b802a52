//! What is kept of a thread while it lives, and facts about tasks.

use crate::atomic::{load_volatile, store_volatile};
use crate::globals::offset;
use crate::probe::{self, field, typed};
use aya_ebpf::helpers::bpf_get_current_comm;
use core::ffi::c_void;
use rewind_common::{record::Task, ring::SHARES};

/// A thread's state.
#[repr(C)]
pub struct Thread {
    /// Whose it is: [`crate::threads::Key`]. 0: nobody's, or of a thread that is not found so.
    pub key: u64,
    /// Some thread whose place this is has its state elsewhere.
    pub overflowed: u32,
    /// It was seen to return from a call since its records go to `recording`: what returns next without a
    /// beginning has had none.
    pub returned: u32,
    /// Entry of the call it is in: `CLOCK_MONOTONIC`, nanoseconds. 0: it is in none.
    pub start_ns: u64,
    /// The call's arguments. Two more, always 0: so each number of three bits is that of an argument.
    pub args: [u64; 8],
    /// The call's number.
    pub nr: u32,
    /// [`rewind_common::call::flags`] of the call, as far as known at entry.
    pub flags: u32,
    /// The cgroup that `ring` was found for. 0: none yet.
    pub cgroup_id: u64,
    /// The recording that its records go to. 0: none.
    pub recording: u64,
    /// [`rewind_common::ring::Node::epoch`] when `ring` was found.
    pub epoch: u64,
    /// The task whose state it is, as an address.
    pub task: u64,
    /// The recording whose share of all states this one counts for, and its ring.
    pub charged: u64,
    /// See `charged`.
    pub charged_ring: u32,
    /// The ring of `recording`.
    pub ring: u32,
    /// The ring's flags.
    pub ring_flags: u32,
    /// The thread.
    pub tid: u32,
    /// What [`crate::read::note`] found when the call began, [`crate::number::UNREADABLE`] if it
    /// could not be read.
    pub length: u64,
    /// [`crate::read::wanted`] at work.
    pub wanted: u32,
    /// [`Thread::opaque`] at work.
    pub forgotten: u32,
    /// What [`crate::descriptor::stream`] found of a call that may write to people.
    pub stream: u64,
    /// For each share, the claim number in which the thread was last announced, plus one. 0: never.
    pub announced: [u64; SHARES],
}

impl Thread {
    /// The same number below 2^32, of which neither the compiler nor the verifier knows anything any more.
    ///
    /// Verifier: ways that lead to one place with different numbers are walked one by one from there on;
    /// ways whose numbers it has forgotten are one.
    #[inline(always)]
    pub fn opaque(&mut self, number: u64) -> u64 {
        store_volatile(&mut self.forgotten, number as u32);
        u64::from(load_volatile(&self.forgotten))
    }
}

/// The registers of `regs` (a typed `pt_regs`) that hold the arguments of a call.
#[inline(always)]
pub fn arguments(regs: *const c_void, is_compat: bool) -> [u64; 6] {
    macro_rules! registers {
        ($field:ident, $($i:literal)*) => { [$(typed(regs, offset!($field[$i]))),*] };
    }
    if is_compat {
        registers!(regs_compat_args, 0 1 2 3 4 5).map(|register: u64| register & 0xffff_ffff)
    } else {
        registers!(regs_args, 0 1 2 3 4 5)
    }
}

/// The current task: typed.
#[inline(always)]
pub fn current() -> *mut c_void {
    probe::current_task()
}

/// The name of any task; empty where it cannot be read.
#[inline(always)]
pub fn comm(task: *const c_void) -> [u8; 16] {
    field(task, offset!(task_comm))
}

/// Whether the current call of `task` (typed) came in by the 32-bit gate.
#[inline(always)]
pub fn is_compat(task: *const c_void) -> bool {
    let mode: u32 = typed(task, offset!(task_mode));
    mode & offset!(compat_bits) as u32 != 0
}

/// The number of the call that the registers of `regs` (a typed `pt_regs`) are of; negative if they are of none.
#[inline(always)]
pub fn call_number(regs: *const c_void) -> i32 {
    typed::<u32>(regs, offset!(regs_nr)).cast_signed()
}

/// The stack pointer in the registers of `regs` (a typed `pt_regs`): the program's.
#[inline(always)]
pub fn stack_pointer(regs: *const c_void) -> u64 {
    typed(regs, offset!(regs_sp))
}

/// `SECCOMP_MODE_*` of a typed task (`include/uapi/linux/seccomp.h`).
#[inline(always)]
pub fn seccomp_mode(task: *const c_void) -> u32 {
    let offset = offset!(task_seccomp_mode);
    if offset == 0 { 0 } else { typed(task, offset) }
}

/// Whether a typed task has a tracer.
#[inline(always)]
pub fn is_traced(task: *const c_void) -> bool {
    typed::<u32>(task, offset!(task_ptrace)) != 0
}

/// Whether a signal waits for a typed task, sent to this very thread.
#[inline(always)]
pub fn is_pending(task: *const c_void, signo: u32) -> bool {
    typed::<u64>(task, offset!(task_pending)) >> (signo - 1) & 1 != 0
}

/// The number of a typed task.
#[inline(always)]
pub fn tid(task: *const c_void) -> u32 {
    typed(task, offset!(task_pid))
}

/// The id of a typed task's cgroup in the unified hierarchy: what `bpf_get_current_cgroup_id` gives,
/// without the helper and the three functions that it calls, which cost more than all else that is
/// done for an unrecorded call where the kernel guards its returns against speculation.
#[inline(always)]
pub fn cgroup_id(task: *const c_void) -> u64 {
    let css_set: *const c_void = typed(task, offset!(task_cgroups));
    let cgroup: *const c_void = typed(css_set, offset!(css_set_cgroup));
    let kn: *const c_void = typed(cgroup, offset!(cgroup_kn));
    typed(kn, offset!(kn_id))
}

/// The same of a task that is any address in the verifier's eyes.
pub mod any {
    use super::{c_void, field, offset};

    /// Its number.
    #[inline(always)]
    pub fn tid(task: *const c_void) -> u32 {
        field(task, offset!(task_pid))
    }

    /// Its process.
    #[inline(always)]
    pub fn tgid(task: *const c_void) -> u32 {
        field(task, offset!(task_tgid))
    }

    /// The id of its cgroup in the unified hierarchy.
    #[inline(always)]
    pub fn cgroup_id(task: *const c_void) -> u64 {
        let css_set: *const c_void = field(task, offset!(task_cgroups));
        let cgroup: *const c_void = field(css_set, offset!(css_set_cgroup));
        crate::cgroup::id(cgroup)
    }

    /// Its cgroup in the unified hierarchy.
    #[inline(always)]
    pub fn cgroup(task: *const c_void) -> *const c_void {
        let css_set: *const c_void = field(task, offset!(task_cgroups));
        field(css_set, offset!(css_set_cgroup))
    }
}

/// The process of a typed task.
#[inline(always)]
pub fn tgid(task: *const c_void) -> u32 {
    typed(task, offset!(task_tgid))
}

/// The exit status of a typed task, as `wait` reports it.
#[inline(always)]
pub fn exit_status(task: *const c_void) -> u32 {
    typed(task, offset!(task_exit_code))
}

/// Whether the current task is the last thread of its process. True after the kernel has counted
/// it out (`do_exit` decrements `signal->live` before `sched_process_exit`).
#[inline(always)]
pub fn is_last_thread(task: *const c_void) -> bool {
    let live: u32 = field(field(task, offset!(task_signal)), offset!(signal_live));
    live == 0
}

/// The number of `task` in its own PID namespace, which is the innermost that it has one in.
#[inline(always)]
pub fn namespace_tid(task: *const c_void) -> u32 {
    let pid: *const c_void = field(task, offset!(task_thread_pid));
    let level: u32 = field(pid, offset!(pid_level));
    field(pid, offset!(pid_numbers) + level as usize * offset!(upid_size))
}

/// The number of the process that `leader` leads in the PID namespace of `of`. 0: it has none there,
/// for its own is not below that one.
#[inline(always)]
pub fn number_in_namespace_of(of: *const c_void, leader: *const c_void) -> u32 {
    let numbers = |task, level: u32| {
        let pid: *const c_void = field(task, offset!(task_thread_pid));
        pid.cast::<u8>().wrapping_add(offset!(pid_numbers) + level as usize * offset!(upid_size)).cast::<c_void>()
    };
    let level_of = |task| -> u32 { field(field::<*const c_void>(task, offset!(task_thread_pid)), offset!(pid_level)) };
    let level = level_of(of);
    if level_of(leader) < level {
        return 0;
    }
    let (wanted, own) = (numbers(of, level), numbers(leader, level));
    if field::<u64>(wanted, offset!(upid_ns)) != field::<u64>(own, offset!(upid_ns)) {
        return 0;
    }
    field(own, 0)
}

/// The leader of a task's process.
#[inline(always)]
pub fn leader(task: *const c_void) -> *const c_void {
    field(task, offset!(task_group_leader))
}

/// Fills in who the current task is, but for the header.
#[inline(always)]
pub fn describe(task: *const c_void, record: &mut Task, now_ns: u64) {
    describe_other(task, record, now_ns);
    record.comm = bpf_get_current_comm().unwrap_or([0; 16]);
}

/// Fills in who a task is that is not the current one, but for header and name.
#[inline(always)]
pub fn describe_other(task: *const c_void, record: &mut Task, now_ns: u64) {
    let parent: *const c_void = field(task, offset!(task_real_parent));
    record.time_ns = now_ns;
    record.tgid = any::tgid(task);
    record.parent_tgid = field(parent, offset!(task_tgid));
    record.ns_tid = namespace_tid(task);
    record.ns_tgid = namespace_tid(leader(task));
}
