//! A container's ring: whose it is, and where its chunks lie.

use crate::capture::call_class::CLASSES;
use crate::layout::Fingerprint;
use crate::loss::REASONS;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The share that holds everything that is not decisive.
pub const MAIN: usize = 0;
/// The share of the decisive records, which no storm in [`MAIN`] can push out.
pub const PROTECTED: usize = 1;
/// The share of what goes over the network and well: connections, requests, lookups. They come in any number, so they
/// push out neither calls nor what is decisive. It has no segment before something goes into it.
pub const TRAFFIC: usize = 2;
/// How many shares a ring has.
pub const SHARES: usize = 3;
/// The shares in which calls lie, [`MAIN`] and [`PROTECTED`]: those that a ring begins with.
pub const CALL_SHARES: usize = 2;
/// The shares of which the agent keeps how far their events were delivered.
pub const DELIVERED: [usize; 2] = [PROTECTED, TRAFFIC];
/// Words in which it is kept of a ring how far its events were delivered: its recording, and a number a CPU and share.
#[must_use]
pub const fn position_words(cpus: u32) -> u32 {
    1 + cpus * DELIVERED.len() as u32
}

/// Most segments of one share: 4 MiB.
pub const MAX_SEGMENTS: usize = 128;
/// Most bytes of a cgroup's path, its NUL included.
pub const PATH_BYTES: usize = 512;

/// States of threads that are found by where the thread's registers lie: a power of two.
pub const THREAD_SLOTS: u32 = 1 << 13;
/// States of threads whose place is another's, or that have not made a call yet. Both together are the
/// most threads that are recorded at a time; 5.5 MiB.
pub const OVERFLOW_THREADS: u32 = 3 << 13;
/// Most of them that the threads of one ring hold: half. So no container takes those of all others.
pub const MAX_RING_THREADS: u32 = (THREAD_SLOTS + OVERFLOW_THREADS) / 2;

/// How many levels of the hierarchy have entries of their own in the map of cgroups: containers lie above that,
/// those of a nested cluster too. What is deeper inherits.
pub const ENTRY_LEVELS: u32 = 16;
/// Most entries below one slice that are made because of a cgroup's name. Users may make such names, so
/// they hold back only each other.
pub const MAX_NAMED: u32 = 1024;

/// Bytes that the agent keeps of each ring about who it is of. The kernel side does not look at them.
pub const IDENTITY_BYTES: usize = 1024;

/// One ring. The kernel side writes it; the agent reads it, and gives it back when its time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Ring {
    /// Numbers recordings from 1 on, never reused while the pins live. 0: the ring is free.
    pub recording: u64,
    /// The cgroup (v2) whose ring it is: the inode number of its directory.
    pub cgroup_id: u64,
    /// When it was taken: `CLOCK_MONOTONIC`, nanoseconds.
    pub born_ns: u64,
    /// When its cgroup was removed. 0: it is still there.
    pub died_ns: u64,
    /// See [`ring_flags`]. The agent writes it.
    pub flags: u32,
    /// States of threads that it holds: [`MAX_RING_THREADS`] at most.
    pub threads: u32,
    /// Where the chunks of each share lie.
    pub shares: [Share; SHARES],
    /// The cgroup's path from the root of the hierarchy, ended by a NUL; as much as fits.
    pub path: [u8; PATH_BYTES],
    /// When its cgroup lost its last process. 0: it has one, or this kernel does not tell. A cgroup
    /// may be used again, which makes this 0 again.
    pub ended_ns: u64,
    /// The end ([`Ring::end_ns`]) that the agent has judged: what had to be kept of it is kept. The
    /// agent writes it.
    pub judged_ns: u64,
    /// Processes that ended with a status other than 0.
    pub failures: u64,
    /// Its container's main process.
    pub main: MainProcess,
}

/// The main process of a container: by its end the container's is told.
///
/// It is the process that took the ring. One that has ended well, while others live on or come, may have been
/// a step on the way: a stage of a runtime's init, an `ExecStartPre`. Then the next process that came from
/// outside takes its place when it runs a program; if none has run one yet, also when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct MainProcess {
    /// The process, as the host numbers it. 0: not known.
    pub tgid: u32,
    /// Its status, as `wait` reports it, once it has ended.
    pub status: u32,
    /// When its last thread ended: `CLOCK_MONOTONIC`, nanoseconds. 0: it lives, or that was not seen.
    pub ended_ns: u64,
    /// [`main_flags`].
    pub flags: u32,
    /// No meaning yet.
    pub reserved: u32,
}

/// Flags of a [`MainProcess`].
pub mod main_flags {
    /// It has run a program in its container, or the agent has found it there: it is no stage of a runtime.
    pub const SETTLED: u32 = 1;
}

impl Ring {
    /// When its container ended: when its cgroup lost its last process, or, where the kernel does not
    /// tell that, when it was removed. `None`: it lives.
    #[must_use]
    pub const fn end_ns(&self) -> Option<u64> {
        match (self.ended_ns, self.died_ns) {
            (0, 0) => None,
            (0, died_ns) => Some(died_ns),
            (ended_ns, _) => Some(ended_ns),
        }
    }
}

/// The chunks of one share of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Share {
    /// How many chunks were claimed so far. The next claim has this number plus one.
    pub claims: u64,
    /// The claim that fell on the first chunk of the first segment when the share last grew.
    pub base: u64,
    /// How many of `segments` it has.
    pub len: u32,
    /// How many it may have.
    pub limit: u32,
    /// Held by the CPU that makes the share grow, and while it shrinks.
    pub growing: u32,
    /// How many segments behind the first `len` are on their way back to the pool.
    pub leaving: u32,
    /// Indices into the arena.
    pub segments: [u32; MAX_SEGMENTS],
}

/// The steps in which a share shrinks.
pub mod shrink_step {
    /// It takes a new layout.
    pub const LAY_OUT: u64 = 0;
    /// The segments that go are emptied.
    pub const EMPTY: u64 = 1;
    /// They go to the pool.
    pub const GIVE_BACK: u64 = 2;
}

/// Flags of a ring.
pub mod ring_flags {
    /// Bytes of `read`, `write`, `send`, `recv` are recorded.
    pub const PAYLOAD: u32 = 1;
}

/// What concerns the node as a whole: the only entry of a map of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Node {
    /// The number of the newest recording.
    pub recordings: u64,
    /// Containers that found no free ring.
    pub refused: u64,
    /// Raised by the agent when it changes what is recorded, and by the kernel side when a task moves to
    /// another cgroup: threads look their ring up anew.
    pub epoch: u64,
    /// [`ring_flags`] of rings taken from now on.
    pub ring_flags: u32,
    /// Not 0: all hooks are attached. Until then a return without a beginning tells nothing.
    pub attached: u32,
    /// What made this set of maps.
    pub fingerprint: Fingerprint,
    /// Ends of containers: moves on whenever [`Ring::end_ns`] of some ring becomes known.
    pub ends: u64,
    /// Ends of processes with a status other than 0, in all rings.
    pub failures: u64,
    /// Cgroups that might be containers and got no entry, because of [`MAX_NAMED`] or a full map: they are
    /// not recorded.
    pub unfollowed: u64,
}

/// How many counts [`CgroupCounts`] has: a power of two. Cgroup ids are handed out one after the other, so this
/// many cgroups hardly ever share one.
pub const CGROUP_COUNTS: u64 = 1 << 16;

/// What lets the calls of unrecorded cgroups through at once: number `cgroup_id % CGROUP_COUNTS` counts the
/// cgroups that are there and may be recorded ([`cgroup_state::may_record`]). Not 0 says "look closer". Counted,
/// and not only marked, so that whoever makes many cgroups gives back what they took when they are gone.
pub type CgroupCounts = [u32; CGROUP_COUNTS as usize];

/// Where one CPU stands in one ring: a value of a per-CPU map, indexed by ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Cursors {
    /// The recording that these figures belong to; another one starts them anew.
    pub recording: u64,
    /// When that happened which is being written: `CLOCK_MONOTONIC`, nanoseconds. 0: nothing is being written.
    pub writing_ns: u64,
    /// Where it stands in each share.
    pub shares: [Cursor; SHARES],
    /// What was lost on this CPU, by [`crate::loss::LossReason`].
    pub losses: [u64; REASONS],
    /// Calls of this CPU, by [`crate::capture::call_class`].
    pub classes: [ClassCount; CLASSES],
}

/// Calls of one class that have returned, or whose threads died in them, whether their records could be written or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ClassCount {
    /// How many.
    pub calls: u64,
    /// How many of them have failed, but for failures that are part of ordinary waiting: those that go to
    /// [`PROTECTED`].
    pub errors: u64,
    /// How long they took together, nanoseconds.
    pub time_ns: u64,
}

/// Where one CPU stands in one share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Cursor {
    /// The claim number of its chunk. 0: it has none.
    pub claim: u64,
    /// Records written so far.
    pub records: u64,
    /// Calls among them.
    pub calls: u64,
    /// When the newest of them happened: `CLOCK_MONOTONIC`, nanoseconds.
    pub newest_ns: u64,
    /// The arena segment of its chunk.
    pub segment: u32,
    /// The offset of its chunk in the segment, bytes.
    pub chunk: u32,
    /// The committed bytes of its chunk.
    pub committed: u32,
    /// No meaning yet.
    pub reserved: u32,
}

/// What the kernel side knows of a cgroup. One without an entry is as the nearest above it that has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Cgroup {
    /// One of [`cgroup_state`].
    pub state: u32,
    /// The ring, if it is recorded.
    pub ring: u32,
    /// The nearest cgroup above it that has an entry. 0: none.
    pub parent: u64,
    /// Its main process, where that was there before the recorder. 0: who takes the ring is it.
    /// [`UNKNOWN_MAIN`]: nobody knows.
    pub main_tgid: u32,
    /// Entries below it that were made because of their names: [`MAX_NAMED`] at most.
    pub named: u32,
}

/// No process has this number.
pub const UNKNOWN_MAIN: u32 = u32::MAX;

/// What is to happen with the calls of a cgroup's tasks.
pub mod cgroup_state {
    /// They are not recorded, nor are those of cgroups made below it.
    pub const IGNORED: u32 = 0;
    /// The first call takes a ring from the pool; cgroups made below it start the same way.
    pub const OPEN: u32 = 1;
    /// A CPU is taking a ring.
    pub const TAKING: u32 = 2;
    /// They are recorded into `ring`, and so are those of cgroups made below it.
    pub const RECORDED: u32 = 3;
    /// There was no ring, or no memory for one.
    pub const REFUSED: u32 = 4;
    /// They are not recorded, but cgroups made below it are [`OPEN`].
    pub const PARENT: u32 = 5;
    /// They are not recorded, and cgroups made below it start the same way, unless their name says
    /// that they are a container's ([`OPEN`]) or hold pods ([`PARENT`]).
    pub const SLICE: u32 = 6;
    /// The root of the hierarchy: they are not recorded. What is made below it starts as its name
    /// says: slices and units of systemd's as [`SLICE`], all else [`OPEN`].
    pub const TOP: u32 = 7;
    /// As [`TOP`], where systemd's units are recorded too.
    pub const TOP_OF_UNITS: u32 = 8;

    /// Whether a cgroup in this state is recorded, or may come to be.
    #[inline(always)]
    #[must_use]
    pub const fn may_record(state: u32) -> bool {
        matches!(state, OPEN | TAKING | RECORDED | REFUSED)
    }

    /// Whether a cgroup in state `state` needs an entry below one that is in state `above`: it is not what
    /// that one hands down. Whoever lives in a container can make none that does.
    #[inline(always)]
    #[must_use]
    pub const fn needs_entry(above: u32, state: u32) -> bool {
        match above {
            TAKING | RECORDED | REFUSED | IGNORED => false,
            SLICE => state != SLICE,
            _ => true,
        }
    }
}

/// A call that a thread is in: what the kernel side keeps of it until it returns, and what the
/// iterator over tasks writes out for a reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InFlight {
    /// Its recording.
    pub recording: u64,
    /// Entry: `CLOCK_MONOTONIC`, nanoseconds. 0: the thread is in no call.
    pub start_ns: u64,
    /// The registers of its arguments.
    pub args: [u64; 6],
    /// The thread, as the host numbers it.
    pub tid: u32,
    /// The process, as the host numbers it.
    pub tgid: u32,
    /// Its number.
    pub nr: u32,
    /// [`crate::call::flags`], and [`UNSEEN`].
    pub flags: u32,
    /// The thread, as its own PID namespace numbers it.
    pub ns_tid: u32,
    /// The process, as its own PID namespace numbers it.
    pub ns_tgid: u32,
    /// The thread's name, ended by a NUL.
    pub comm: [u8; 16],
}

/// Flag of [`InFlight`]: no call of the thread was seen to begin. If it is in one, that one is older than
/// all that was recorded of the thread; which one it is the kernel side does not know (`start_ns`, `args`
/// and `nr` are 0), but whether it came by the 32-bit gate.
pub const UNSEEN: u32 = 1 << 16;

const _: () = assert!(size_of::<Share>() == 32 + 4 * MAX_SEGMENTS);
const _: () = assert!(size_of::<Ring>() == 64 + size_of::<MainProcess>() + SHARES * size_of::<Share>() + PATH_BYTES);
const _: () = assert!(size_of::<Cursor>() == 48);
