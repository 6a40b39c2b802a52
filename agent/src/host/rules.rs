//! What follows from the facts. Pure.

use super::capability::Capability;
use super::cgroup::Layout;
use super::facts::{Btf, Fact, Facts, Lockdown};
use super::needs::MEMLOCK_ACCOUNTING;
use super::refusal::{Refusal, lacking, refusals};

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum State {
    /// Nothing is lost.
    Fine,
    /// Something is lost, or cannot be promised.
    Degraded,
    /// Nothing can be recorded.
    Fatal,
}

/// What one part of the host means for Rewind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The part, in a word or two.
    pub subject: &'static str,
    /// How good it is.
    pub state: State,
    /// What was found: a sentence.
    pub what: String,
    /// What is lost: a sentence. Empty if nothing is.
    pub costs: String,
    /// What to do about it: a sentence. Empty if there is nothing to do.
    pub remedy: String,
}

/// What is said of one part of the host.
type Part = fn(&Facts) -> Vec<Finding>;

/// What every part of the host means for Rewind, in a fixed order.
#[must_use]
pub(crate) fn findings(facts: &Facts) -> Vec<Finding> {
    let refusals = refusals(facts);
    let subjects: [(&'static str, Part); 13] = [
        ("architecture", |facts| {
            vec![fine("architecture", format!("The kernel is {} on {}.", facts.kernel_release, facts.machine))]
        }),
        ("rights", rights),
        ("lockdown", lockdown),
        ("BTF", kernel_types),
        ("kernel", kernel),
        ("cgroups", cgroups),
        ("seccomp", seccomp),
        ("JIT", jit),
        ("memory", memory),
        ("statistics", statistics),
        ("tracefs", tracefs),
        ("bpffs", bpffs),
        ("settings", settings),
    ];
    let mut all = Vec::new();
    for (subject, rule) in subjects {
        let before = all.len();
        all.extend(refusals.iter().filter(|refusal| refusal.subject() == subject).map(fatal));
        let fatal_found = all.len() > before;
        // A part that is fatal has no other part that is fine.
        all.extend(rule(facts).into_iter().filter(|finding| !fatal_found || finding.state != State::Fine));
    }
    all
}

/// The sentences that a recording's header repeats: what this host cannot give.
#[must_use]
pub(crate) fn given_up(findings: &[Finding]) -> Vec<String> {
    findings.iter().filter(|finding| finding.state == State::Degraded).map(|finding| finding.costs.clone()).collect()
}

fn rights(facts: &Facts) -> Vec<Finding> {
    let Some(held) = facts.capabilities.known() else {
        return vec![unknown("rights", "Which capabilities Rewind has", &facts.capabilities)];
    };
    let by = if held.has(Capability::SysAdmin) { "CAP_SYS_ADMIN" } else { "CAP_BPF and CAP_PERFMON" };
    let mut all = vec![fine("rights", format!("Rewind may load BPF programs ({by})."))];
    if !held.has(Capability::SysPtrace) {
        all.push(degraded(
            "rights",
            "Rewind lacks CAP_SYS_PTRACE.".to_owned(),
            "What /proc tells of other users' processes (open files, executables, what a thread was in before its recording began) cannot be read.",
            "Give it CAP_SYS_PTRACE.",
        ));
    }
    if facts.first_pid_namespace.is(&false) {
        all.push(degraded(
            "rights",
            "Rewind is not in the host's PID namespace.".to_owned(),
            "What threads were in before their recording began is not shown.",
            "Run it in the host's PID namespace (hostPID: true).",
        ));
    }
    if !facts.euid.is(&0) && !held.has(Capability::DacReadSearch) {
        all.push(degraded(
            "rights",
            "Rewind does not run as root and lacks CAP_DAC_READ_SEARCH.".to_owned(),
            "The names that container runtimes keep in files of root's cannot be read; ids are shown instead.",
            "Run it as root, or give it CAP_DAC_READ_SEARCH.",
        ));
    }
    all
}

fn lockdown(facts: &Facts) -> Vec<Finding> {
    vec![match &facts.lockdown {
        Fact::Known(Lockdown::None) => fine("lockdown", "The kernel is not locked down.".to_owned()),
        Fact::Known(_) => {
            fine("lockdown", "The kernel is locked down for integrity, which lets BPF programs read.".to_owned())
        }
        // Rare, and loading shows it; no reason to call the host degraded.
        Fact::Unknown(reason) => {
            fine("lockdown", format!("Whether the kernel is locked down cannot be seen ({reason})."))
        }
    }]
}

fn kernel_types(facts: &Facts) -> Vec<Finding> {
    match &facts.btf {
        Fact::Known(_) => vec![fine("BTF", "The kernel describes its own types.".to_owned())],
        Fact::Unknown(_) => vec![unknown("BTF", "Whether the kernel describes its own types", &facts.btf)],
    }
}

fn kernel(facts: &Facts) -> Vec<Finding> {
    let mut all: Vec<Finding> = lacking(facts)
        .filter_map(|need| {
            Some(degraded(
                "kernel",
                format!("The kernel lacks {}.", need.what()),
                need.costs()?,
                "Use a kernel that has it.",
            ))
        })
        .collect();
    if all.is_empty() && matches!(facts.btf.known(), Some(Btf::Holds(_))) {
        all.push(fine("kernel", "All tracepoints, maps and iterators that Rewind uses are there.".to_owned()));
    }
    all
}

fn cgroups(facts: &Facts) -> Vec<Finding> {
    match &facts.cgroups {
        Fact::Known(Layout::V2 { mount, hybrid, whole: true }) => {
            let kind = if *hybrid { "beside v1 hierarchies (hybrid)" } else { "alone (unified)" };
            vec![fine("cgroups", format!("cgroup v2 is mounted at {}, {kind}.", mount.display()))]
        }
        Fact::Known(Layout::V2 { mount, .. }) => vec![degraded(
            "cgroups",
            format!("The cgroup v2 mount at {} shows only a part of the host's hierarchy.", mount.display()),
            "Containers outside of that part that already run are not found.",
            "Run Rewind in the host's cgroup namespace, or mount the host's /sys/fs/cgroup into its container.",
        )],
        Fact::Known(_) => Vec::new(),
        Fact::Unknown(_) => vec![unknown("cgroups", "How cgroups are mounted", &facts.cgroups)],
    }
}

fn seccomp(facts: &Facts) -> Vec<Finding> {
    let text = match facts.seccomp_filter.known() {
        Some(true) => "A seccomp filter is on this process; if it refuses bpf(), run Rewind unconfined.",
        _ => return Vec::new(),
    };
    vec![fine("seccomp", text.to_owned())]
}

fn jit(facts: &Facts) -> Vec<Finding> {
    let harden = facts.jit_harden.is(&2);
    match facts.jit.known() {
        Some(0) => vec![degraded(
            "JIT",
            "BPF programs are interpreted (net.core.bpf_jit_enable is 0).".to_owned(),
            "Each recorded call costs several times more.",
            "sysctl net.core.bpf_jit_enable=1, before Rewind starts.",
        )],
        _ if harden => vec![degraded(
            "JIT",
            "BPF programs are hardened for root too (net.core.bpf_jit_harden is 2).".to_owned(),
            "Each recorded call costs more.",
            "sysctl net.core.bpf_jit_harden=1, before Rewind starts, where the host's policy allows it.",
        )],
        Some(_) => vec![fine("JIT", "BPF programs are compiled to machine code.".to_owned())],
        // Only the first network namespace shows the setting, and not where it cannot be changed.
        None => vec![fine("JIT", "Whether BPF programs are compiled to machine code cannot be seen here.".to_owned())],
    }
}

fn memory(facts: &Facts) -> Vec<Finding> {
    let mut all = Vec::new();
    if let (Some(bytes), Some(cpus)) = (facts.memory_bytes.known(), facts.possible_cpus.known()) {
        let cpus = if *cpus == 1 { "1 possible CPU".to_owned() } else { format!("{cpus} possible CPUs") };
        all.push(fine("memory", format!("The host has {} MiB of memory and {cpus}.", bytes / (1 << 20))));
    }
    let accounted = matches!(facts.btf.known(), Some(Btf::Holds(names)) if names.contains(MEMLOCK_ACCOUNTING));
    let may_raise = facts.capabilities.known().is_some_and(|held| held.has(Capability::SysResource));
    if let (true, false, Some(Some(limit))) = (accounted, may_raise, facts.memlock_bytes.known()) {
        all.push(degraded(
            "memory",
            format!("This kernel counts BPF memory against RLIMIT_MEMLOCK, which is {} KiB here.", limit / 1024),
            "The budget for rings cannot be larger than that.",
            "Give Rewind CAP_SYS_RESOURCE, or start it with a higher limit (ulimit -l, LimitMEMLOCK=).",
        ));
    }
    all
}

fn statistics(facts: &Facts) -> Vec<Finding> {
    if facts.bpf_stats.is(&true) {
        return vec![degraded(
            "statistics",
            "The kernel times every run of every BPF program (kernel.bpf_stats_enabled is 1).".to_owned(),
            "Each recorded call costs four readings of a clock more.",
            "sysctl kernel.bpf_stats_enabled=0.",
        )];
    }
    Vec::new()
}

fn tracefs(facts: &Facts) -> Vec<Finding> {
    vec![fine("tracefs", format!("tracefs {}; Rewind needs none.", mounted(&facts.tracefs)))]
}

/// Only `run` needs it, and mounts it itself where it is missing, which takes CAP_SYS_ADMIN
/// (`do_new_mount` in `fs/namespace.c`).
fn bpffs(facts: &Facts) -> Vec<Finding> {
    let may_mount = facts.capabilities.known().is_none_or(|held| held.has(Capability::SysAdmin));
    if matches!(facts.bpffs, Fact::Known(None)) && !may_mount {
        return vec![degraded(
            "bpffs",
            "bpffs is not mounted, and Rewind has no CAP_SYS_ADMIN to mount it.".to_owned(),
            "Programs and rings cannot outlive the agent: `rewind-agent run` needs --no-pins.",
            "mount -t bpf bpf /sys/fs/bpf.",
        )];
    }
    let then = match facts.bpffs {
        Fact::Known(None) => "`rewind-agent run` mounts it and keeps its programs and rings there",
        _ => "`rewind-agent run` keeps its programs and rings there, so that they outlive it",
    };
    vec![fine("bpffs", format!("bpffs {}; {then}.", mounted(&facts.bpffs)))]
}

fn mounted(mount: &Fact<Option<std::path::PathBuf>>) -> String {
    match mount {
        Fact::Known(Some(mount)) => format!("is mounted at {}", mount.display()),
        Fact::Known(None) => "is not mounted".to_owned(),
        Fact::Unknown(_) => "may or may not be mounted".to_owned(),
    }
}

fn settings(facts: &Facts) -> Vec<Finding> {
    let shown = |name: &str, value: &Fact<i64>| value.known().map(|value| format!("{name} is {value}"));
    let known: Vec<String> = [
        shown("kernel.unprivileged_bpf_disabled", &facts.unprivileged_bpf_disabled),
        shown("kernel.perf_event_paranoid", &facts.perf_event_paranoid),
    ]
    .into_iter()
    .flatten()
    .collect();
    if known.is_empty() {
        return Vec::new();
    }
    vec![fine("settings", format!("{}; with these rights that changes nothing.", known.join(", ")))]
}

fn fine(subject: &'static str, what: String) -> Finding {
    Finding { subject, state: State::Fine, what, costs: String::new(), remedy: String::new() }
}

fn degraded(subject: &'static str, what: String, costs: &str, remedy: &str) -> Finding {
    Finding { subject, state: State::Degraded, what, costs: costs.to_owned(), remedy: remedy.to_owned() }
}

fn unknown<T>(subject: &'static str, question: &str, fact: &Fact<T>) -> Finding {
    let reason = match fact {
        Fact::Known(_) => "",
        Fact::Unknown(reason) => reason,
    };
    let costs = "Whether Rewind can record here shows only when it starts.";
    degraded(subject, format!("{question} cannot be learnt ({reason})."), costs, "")
}

fn fatal(refusal: &Refusal) -> Finding {
    Finding {
        subject: refusal.subject(),
        state: State::Fatal,
        what: sentence(&refusal.what()),
        costs: "Nothing can be recorded.".to_owned(),
        remedy: sentence(&refusal.remedy()),
    }
}

/// With a capital and a full stop.
fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}
