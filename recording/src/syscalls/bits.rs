//! What a call is and does, as bits of its row: classes of `trace=`, what the kernel side needs to know, and
//! what a diagnosis asks.
//!
//! Who asks for a kind of call asks for its bit, and never for names: a new call of that kind is then found by
//! all who ask.

/// Takes a path (`%file`).
pub const FILE: u64 = 1;
/// Has to do with a descriptor (`%desc`).
pub const DESC: u64 = 1 << 1;
/// Starts, ends, awaits or signals a process (`%process`).
pub const PROCESS: u64 = 1 << 2;
/// Has to do with a socket (`%network`).
pub const NETWORK: u64 = 1 << 3;
/// Has to do with signals (`%signal`).
pub const SIGNAL: u64 = 1 << 4;
/// Maps memory (`%memory`).
pub const MEMORY: u64 = 1 << 5;
/// System V IPC (`%ipc`).
pub const IPC: u64 = 1 << 6;
/// Reads or changes identity (`%creds`).
pub const CREDS: u64 = 1 << 7;
/// Reads or changes a clock (`%clock`).
pub const CLOCK: u64 = 1 << 8;
/// Always succeeds and takes no arguments (`%pure`).
pub const PURE: u64 = 1 << 9;
/// `%stat`.
pub const STAT: u64 = 1 << 10;
/// `%lstat`.
pub const LSTAT: u64 = 1 << 11;
/// `%fstat`.
pub const FSTAT: u64 = 1 << 12;
/// `%%stat` has it, none of the three above.
pub const STATX: u64 = 1 << 13;
/// `%statfs`.
pub const STATFS: u64 = 1 << 14;
/// `%fstatfs`.
pub const FSTATFS: u64 = 1 << 15;
/// `%%statfs` has it, none of the two above.
pub const USTAT: u64 = 1 << 16;

/// Goes to the protected share, whatever it returns.
pub const DECISIVE: u64 = 1 << 24;
/// Its failures are ordinary.
pub const ORDINARY: u64 = 1 << 25;
/// May change the thread's name.
pub const RENAMES: u64 = 1 << 26;
/// What its pointers point to is copied when the call starts: it may block, replace the image,
/// or overwrite what it was given.
pub const ENTRY: u64 = 1 << 27;

/// Waits until one of several things happens, or until there is work: a program that has nothing to do may
/// well spend its life in it.
pub const WAITS_WORK: u64 = 1 << 28;
/// Sleeps by the program's own will, or until a signal comes.
pub const SLEEPS: u64 = 1 << 29;
/// Goes on with a wait that a stop has interrupted, whichever that was.
pub const RESUMES: u64 = 1 << 30;
/// Waits for child processes.
pub const WAITS_CHILD: u64 = 1 << 31;
/// Waits for another thread: a lock, a condition.
pub const WAITS_THREAD: u64 = 1 << 32;
/// Waits for a lock on a file.
pub const WAITS_FILE_LOCK: u64 = 1 << 33;
/// Waits for the disk to keep what was written.
pub const WAITS_DISK: u64 = 1 << 34;
/// Answers as soon as the file system does.
pub const WAITS_FILE_SYSTEM: u64 = 1 << 35;
/// Waits for the other side of a socket.
pub const WAITS_PEER: u64 = 1 << 36;
/// Moves bytes, or opens what they are moved through: as fast as the disk, pipe or peer behind it.
pub const TRANSFERS: u64 = 1 << 37;
/// Does not return to its caller, or not before another program has ended or begun: its time is not its own.
pub const ENDLESS: u64 = 1 << 38;

/// Sends bytes of its own memory on the descriptor in its first argument.
pub const SENDS: u64 = 1 << 39;
/// Receives bytes into its own memory from the descriptor in its first argument.
pub const RECEIVES: u64 = 1 << 40;
/// Connects the socket in its first argument to the address in its second.
pub const CONNECTS: u64 = 1 << 41;
/// Gives the socket in its first argument the address in its second.
pub const BINDS: u64 = 1 << 42;
/// Makes a socket ready to be used: without a peer that is known it is about a socket all the same.
pub const SETS_UP_SOCKET: u64 = 1 << 43;
/// Looks whether descriptors are ready: those of its `pollfd`s, or of its sets.
pub const POLLS: u64 = 1 << 44;
/// Closes the descriptor in its first argument, or, where that is a number, all from it to the second.
pub const CLOSES: u64 = 1 << 45;
/// The descriptor that it makes is closed by `execve`, whatever its flags say.
pub const CLOEXEC: u64 = 1 << 46;
/// Sets or clears whether the descriptor in its first argument is closed by `execve`.
pub const SETS_CLOEXEC: u64 = 1 << 47;

/// Starts a process or a thread.
pub const STARTS: u64 = 1 << 48;
/// Runs a program in its process.
pub const RUNS: u64 = 1 << 49;
/// Ends its thread.
pub const ENDS: u64 = 1 << 50;
/// Ends its process.
pub const ENDS_PROCESS: u64 = 1 << 63;
/// Signals the process or group whose number is in its first argument.
pub const KILLS: u64 = 1 << 51;
/// Tells the effective user, as its result.
pub const TELLS_USER: u64 = 1 << 52;
/// Changes the effective user: [`super::Row::user_argument`] holds it.
pub const SETS_USER: u64 = 1 << 53;

/// Maps memory, moves or grows a mapping, or moves the end of the heap.
pub const ALLOCATES: u64 = 1 << 54;
/// Gives memory back.
pub const FREES: u64 = 1 << 55;

/// Asks for a property of a path, or wants it gone: the program reckons with a no.
pub const ASKS: u64 = 1 << 56;
/// `EEXIST` from it says that it was there already.
pub const MAKES_ENTRY: u64 = 1 << 57;
/// Tries what not each kernel (or container) offers: `EINVAL`, `EPERM` and `ENOSPC` say no more than that.
pub const TRIES_KERNEL: u64 = 1 << 58;
/// Tries what not each file system offers: `EOPNOTSUPP` and `EXDEV` say no more than that.
pub const TRIES_FILE_SYSTEM: u64 = 1 << 59;
/// `ERANGE` from it says that the buffer was too small.
pub const FILLS_BUFFER: u64 = 1 << 60;
/// `ETIMEDOUT` from it says that the time is over that it was to wait.
pub const TIMES_OUT: u64 = 1 << 61;

/// Has a descriptor watched, which not each can be: programs try it on any.
pub const WATCHES: u64 = 1 << 17;
/// Puts back what a signal interrupted: its result is that of another call.
pub const RESTORES: u64 = 1 << 18;
/// Makes another directory the root of its process' paths.
pub const CHANGES_ROOT: u64 = 1 << 19;
/// Makes another directory the one where its process' paths begin.
pub const CHANGES_DIRECTORY: u64 = 1 << 20;
/// Mounts what its first path names on its second.
pub const MOUNTS: u64 = 1 << 21;
/// Opens the file at its path.
pub const OPENS: u64 = 1 << 22;

/// Takes a lock on the file in its first argument, changes it or gives it up.
pub const LOCKS_FILE: u64 = 1 << 23;

/// Is about offsets in a file: `ESPIPE` from it says that there are none.
pub const SEEKS: u64 = 1 << 62;

/// A program that has nothing to do may well spend its life in it.
pub const IDLES: u64 = WAITS_WORK | SLEEPS | RESUMES;
