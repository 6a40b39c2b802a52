//! Calls that threads are in since before their recording began.
//!
//! The kernel side knows what a thread is in from the moment on in which it sees a call begin. What a
//! thread of which it has seen none is blocked in stands in `/proc/TGID/task/TID/syscall`
//! (`proc_pid_syscall` in `fs/proc/base.c`, `task_current_syscall` in `lib/syscall.c`): the number and the
//! registers, of a thread that does not run. The bytes behind its pointers are not read, and when it began
//! nobody knows any more.

use crate::clock;
use crate::host::facts::first_pid_namespace;
use crate::kernel::Error;
use crate::rings::living::frozen;
use procfs::process::{Process, Syscall};
use rewind_common::call::flags;
use rewind_common::ring::{InFlight, Ring, UNSEEN};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// `__X32_SYSCALL_BIT` (`arch/x86/include/uapi/asm/unistd.h`).
const X32_BIT: u32 = 1 << 30;

/// A call that a thread is blocked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blocked {
    /// Its number, as the thread gave it.
    pub nr: u32,
    /// The registers of its arguments.
    pub args: [u64; 6],
}

/// The calls in flight, by the kernel side, which `of_kernel` asks, and by `/proc`: those with [`UNSEEN`] are of threads of `ring`,
/// whose cgroup is `cgroup`, and began before its recording did.
///
/// # Errors
/// [`Error`], if the kernel side cannot be asked.
pub(crate) fn in_flight(
    mut of_kernel: impl FnMut() -> Result<Vec<InFlight>, Error>,
    ring: &Ring,
    cgroup: &Path,
) -> Result<Vec<InFlight>, Error> {
    let mut calls = of_kernel()?;
    let is_unseen = |call: &InFlight| call.flags & UNSEEN != 0 && call.recording == ring.recording;
    let mut older = HashMap::new();
    // With other numbers, `/proc` would tell of other threads. And freezing ends calls, or interrupts them to be
    // made again: the threads wait on their way back.
    if calls.iter().any(is_unseen) && first_pid_namespace().is(&true) && frozen(cgroup) != Some(true) {
        let born_ticks = clock::boot_ticks(ring.born_ns);
        let threads = calls.iter().filter(|call| is_unseen(call));
        older.extend(threads.filter_map(|thread| Some((thread.tid, of_thread(thread, born_ticks)?))));
    }
    if !older.is_empty() {
        // Of who is in this second list, too, no call has begun up to now: so what was read in between is
        // one that is older than the recording.
        calls = of_kernel()?;
    }
    calls.retain_mut(|call| {
        if call.flags & UNSEEN == 0 {
            return true;
        }
        let blocked = older.get(&call.tid).filter(|_| is_unseen(call));
        blocked.is_some_and(|blocked| fill(call, blocked))
    });
    Ok(calls)
}

/// The call that a thread with this directory in `/proc` is blocked in. `None`: it runs, or waits for
/// something else, or may not be asked.
#[must_use]
pub(crate) fn blocked(thread: PathBuf) -> Option<Blocked> {
    call(&Process::new_with_root(thread).ok()?)
}

fn call(thread: &Process) -> Option<Blocked> {
    match thread.syscall().ok()? {
        Syscall::Blocked { syscall_number, argument_registers, .. } => {
            Some(Blocked { nr: u32::try_from(syscall_number).ok()?, args: argument_registers })
        }
        _ => None,
    }
}

/// What a thread is blocked in, if it is older than the recording. One that is stopped is on its way back
/// from its call.
fn of_thread(thread: &InFlight, born_ticks: u64) -> Option<Blocked> {
    let dir = format!("/proc/{}/task/{}", thread.tgid, thread.tid);
    let thread = Process::new_with_root(dir.into()).ok()?;
    let blocked = call(&thread)?;
    let stat = thread.stat().ok()?;
    (matches!(stat.state, 'S' | 'D') && stat.starttime <= born_ticks).then_some(blocked)
}

/// Puts a call into its thread's entry; `false`: there is no such call.
fn fill(thread: &mut InFlight, blocked: &Blocked) -> bool {
    let is_compat = thread.flags & u32::from(flags::COMPAT) != 0;
    thread.nr = blocked.nr;
    thread.args = blocked.args;
    if is_compat {
        thread.args = blocked.args.map(|register| register & 0xffff_ffff);
    } else if blocked.nr & X32_BIT != 0 {
        thread.nr &= !X32_BIT;
        thread.flags |= u32::from(flags::X32);
    }
    u16::try_from(thread.nr).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_of_the_table_whose_gate_it_came_by() {
        let filled = |flags: u8, nr| {
            let mut thread = InFlight { flags: UNSEEN | u32::from(flags), ..InFlight::default() };
            let is_call = fill(&mut thread, &Blocked { nr, args: [u64::MAX; 6] });
            is_call.then_some((thread.nr, thread.flags & !UNSEEN, thread.args[0]))
        };
        assert_eq!(filled(0, 202), Some((202, 0, u64::MAX)));
        assert_eq!(filled(flags::COMPAT, 3), Some((3, u32::from(flags::COMPAT), 0xffff_ffff)));
        assert_eq!(filled(0, X32_BIT | 1), Some((1, u32::from(flags::X32), u64::MAX)));
        assert_eq!(filled(0, 1 << 20), None);
    }

    #[test]
    fn a_thread_that_sleeps_is_in_a_call_and_one_that_runs_is_not() {
        let (send, receive) = std::sync::mpsc::channel();
        let (stay, stayed) = std::sync::mpsc::channel::<()>();
        let sleeper = std::thread::spawn(move || {
            send.send(rustix::thread::gettid()).unwrap();
            stayed.recv().is_err()
        });
        let tid = receive.recv().unwrap().as_raw_nonzero();
        let dir = || PathBuf::from(format!("/proc/self/task/{tid}"));
        let is_blocked = || std::iter::repeat_with(|| blocked(dir())).take(1_000_000).find_map(|found| found);
        let futex = if cfg!(target_arch = "x86_64") { 202 } else { 98 };
        assert_eq!(is_blocked().map(|call| call.nr), Some(futex));
        drop(stay);
        assert!(sleeper.join().unwrap());
        assert_eq!(blocked(dir()), None);
    }
}
