//! What stands below the help of several commands.

/// What a TARGET is.
pub(super) const TARGETS: &str = "\
TARGET in a cluster is a pod's name, or KIND/NAME: pod, deploy, rs, sts, ds, job, cronjob, all of whose \
pods are meant (-l: those with some labels), or rec/NAME for one Recording (kubectl get recordings). \
A pod, or what owned it, may be gone. On a host it is a container's id or the beginning of one, its \
name, its cgroup's path or the last part of it, #N for recording N (list -o wide), or @N for crash \
file N (list --crashes). Of several runs the living one is meant, else the last to die; --previous \
means the one before.";

/// What the exit codes say.
pub(super) const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 it failed; 2 an option or filter is malformed; 3 TARGET is unknown; \
4 TARGET is ambiguous; 5 no agent answers, or its socket is not for you; 6 shown in part: an agent \
was silent; 7 the cluster does not allow it; 8 the cluster cannot be reached; 130 ended by you. What \
--from reads needs no agent.";

/// Those of `diff`.
pub(super) const EXIT_CODES_OF_DIFF: &str = "\
Exit codes, as of diff(1): 0 they did the same; 1 they differ, or it failed, which standard error says; 2 it was not \
told which two; the others as of all commands ('rewind --help').";

/// How filters go together.
pub(super) const FILTERS: &str = "\
Filters: several values of one option are alternatives, different options must all hold. Signals \
and ends of threads are kept by --syscall, --failed and --path, as strace keeps them.";
