//! Hosts as they are met, and what the rules make of them.
#![allow(clippy::expect_used)]

use super::capability::Capabilities;
use super::cgroup::Layout;
use super::facts::{Btf, Fact, Facts, Lockdown};
use super::needs::{MEMLOCK_ACCOUNTING, Need, needs};
use super::refusal::{Refusal, refusal, refusals};
use super::rules::{State, findings, given_up};
use std::path::PathBuf;

/// A host that lacks nothing.
fn good() -> Facts {
    Facts {
        machine: "x86_64".to_owned(),
        kernel_release: "6.12.0".to_owned(),
        built_for: "x86_64",
        euid: Fact::Known(0),
        capabilities: Fact::Known(Capabilities(0x1ff_ffff_ffff)),
        last_capability: Fact::Known(40),
        first_user_namespace: Fact::Known(true),
        first_pid_namespace: Fact::Known(true),
        seccomp_filter: Fact::Known(false),
        lockdown: Fact::Known(Lockdown::None),
        btf: Fact::Known(Btf::Holds(needs().map(Need::name).collect())),
        cgroups: Fact::Known(Layout::V2 { mount: PathBuf::from("/sys/fs/cgroup"), hybrid: false, whole: true }),
        bpffs: Fact::Known(Some(PathBuf::from("/sys/fs/bpf"))),
        tracefs: Fact::Known(None),
        unprivileged_bpf_disabled: Fact::Known(2),
        perf_event_paranoid: Fact::Known(3),
        jit: Fact::Known(1),
        jit_harden: Fact::Known(0),
        bpf_stats: Fact::Known(false),
        memlock_bytes: Fact::Known(Some(8 << 20)),
        possible_cpus: Fact::Known(2),
        memory_bytes: Fact::Known(1 << 33),
    }
}

fn lacking(name: &str) -> Fact<Btf> {
    Fact::Known(Btf::Holds(needs().map(Need::name).filter(|held| *held != name).collect()))
}

#[track_caller]
fn refuses(facts: &Facts, sentence: &str) {
    assert_eq!(refusal(facts).map(|refusal| refusal.to_string()).as_deref(), Some(sentence));
    assert!(findings(facts).iter().any(|finding| finding.state == State::Fatal));
}

#[track_caller]
fn degrades(facts: &Facts, subject: &str, word: &str) {
    assert_eq!(refusal(facts), None);
    let all = findings(facts);
    let found: Vec<_> = all.iter().filter(|finding| finding.state == State::Degraded).collect();
    assert!(matches!(found.as_slice(), [one] if one.subject == subject && one.what.contains(word)), "{found:?}");
    assert_eq!(given_up(&all), [found.first().expect("one").costs.clone()]);
}

#[test]
fn a_good_host_is_fine_in_every_part_and_tracefs_is_not_asked_for() {
    let all = findings(&good());
    assert!(all.iter().all(|finding| finding.state == State::Fine && finding.costs.is_empty()), "{all:?}");
    assert!(all.iter().any(|finding| finding.what == "tracefs is not mounted; Rewind needs none."));
    assert_eq!(refusal(&good()), None);
}

#[test]
fn missing_rights_are_named() {
    let mut facts = Facts { euid: Fact::Known(1000), capabilities: Fact::Known(Capabilities(0)), ..good() };
    let remedy = "run it as root, or give it CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN)";
    refuses(&facts, &format!("Rewind runs as user 1000, not as root, and lacks CAP_BPF and CAP_PERFMON; {remedy}"));
    facts.euid = Fact::Known(0);
    facts.capabilities = Fact::Known(Capabilities(1 << 39));
    refuses(&facts, &format!("Rewind runs as root without CAP_PERFMON; {remedy}"));
    facts.last_capability = Fact::Known(37);
    facts.capabilities = Fact::Known(Capabilities(0));
    refuses(&facts, "Rewind runs as root without CAP_SYS_ADMIN; run it as root, or give it that capability");
    facts = Facts { first_user_namespace: Fact::Known(false), ..good() };
    assert_eq!(refusal(&facts), Some(Refusal::UserNamespace));
}

#[test]
fn a_host_with_cgroup_v1_alone_is_refused_by_name() {
    let facts = Facts { cgroups: Fact::Known(Layout::V1Only), ..good() };
    refuses(
        &facts,
        "this host has cgroup v1 alone, and containers are told apart by their v2 cgroups; \
         boot with systemd.unified_cgroup_hierarchy=1, or with a hybrid layout",
    );
}

#[test]
fn what_the_kernel_lacks_is_named_by_itself_and_never_by_a_version() {
    let facts = Facts { btf: Fact::Known(Btf::Absent), ..good() };
    refuses(
        &facts,
        "the kernel has no BTF (/sys/kernel/btf/vmlinux is not there); use a kernel that was built with CONFIG_DEBUG_INFO_BTF=y",
    );
    for need in needs() {
        let facts = Facts { btf: lacking(need.name()), ..good() };
        match need.costs() {
            None => refuses(&facts, &format!("the kernel lacks {}; use a kernel that has it", need.what())),
            Some(_) => degrades(&facts, "kernel", &need.what()),
        }
    }
}

#[test]
fn lockdown_refuses_only_where_memory_may_not_be_read() {
    assert_eq!(refusal(&Facts { lockdown: Fact::Known(Lockdown::Integrity), ..good() }), None);
    let facts = Facts { lockdown: Fact::Known(Lockdown::Confidentiality), ..good() };
    assert_eq!(refusal(&facts), Some(Refusal::Lockdown));
}

#[test]
fn an_unknown_architecture_is_refused_and_a_32_bit_personality_is_not() {
    let facts = Facts { machine: "riscv64".to_owned(), built_for: "riscv64", ..good() };
    assert!(matches!(refusal(&facts), Some(Refusal::Architecture { .. })));
    let facts = Facts { machine: "aarch64".to_owned(), ..good() };
    assert!(matches!(refusal(&facts), Some(Refusal::Architecture { .. })));
    assert_eq!(refusal(&Facts { machine: "i686".to_owned(), ..good() }), None);
    assert_eq!(refusal(&Facts { machine: "aarch64".to_owned(), built_for: "aarch64", ..good() }), None);
}

#[test]
fn what_costs_something_is_degraded_and_says_what() {
    degrades(&Facts { jit: Fact::Known(0), ..good() }, "JIT", "interpreted");
    degrades(&Facts { jit_harden: Fact::Known(2), ..good() }, "JIT", "hardened");
    degrades(&Facts { bpf_stats: Fact::Known(true), ..good() }, "statistics", "times every run");
    degrades(&Facts { capabilities: Fact::Known(Capabilities(1 << 21)), ..good() }, "rights", "CAP_SYS_PTRACE");
    degrades(&Facts { first_pid_namespace: Fact::Known(false), ..good() }, "rights", "PID namespace");
    let part = Layout::V2 { mount: PathBuf::from("/sys/fs/cgroup"), hybrid: false, whole: false };
    degrades(&Facts { cgroups: Fact::Known(part), ..good() }, "cgroups", "only a part");
}

#[test]
fn the_memlock_limit_matters_only_where_the_kernel_counts_by_it() {
    let without = Fact::Known(Capabilities(0x1ff_feff_ffff));
    let limited = Facts { capabilities: without.clone(), ..good() };
    assert!(findings(&limited).iter().all(|finding| finding.state == State::Fine));
    let names = needs().map(Need::name).chain([MEMLOCK_ACCOUNTING]).collect();
    let counted = Facts { btf: Fact::Known(Btf::Holds(names)), capabilities: without, ..good() };
    degrades(&counted, "memory", "RLIMIT_MEMLOCK");
}

#[test]
fn bpffs_is_mounted_or_its_absence_is_told() {
    let absent = Facts { bpffs: Fact::Known(None), ..good() };
    let said = |facts: &Facts| findings(facts).into_iter().find(|found| found.subject == "bpffs").expect("bpffs").what;
    assert!(said(&good()).contains("is mounted at /sys/fs/bpf; `rewind-agent run` keeps"));
    assert!(said(&absent).contains("`rewind-agent run` mounts it"));
    let may_not = Fact::Known(Capabilities(0x1ff_ffff_ffff & !(1 << 21)));
    assert!(
        findings(&Facts { capabilities: may_not.clone(), ..good() })
            .iter()
            .all(|f| f.subject != "bpffs" || f.state == State::Fine)
    );
    let found = findings(&Facts { capabilities: may_not, ..absent });
    assert!(found.iter().any(|found| found.state == State::Degraded && found.costs.contains("--no-pins")), "{found:?}");
}

#[test]
fn what_is_unknown_is_neither_fine_nor_refused() {
    let facts = Facts { btf: Fact::Unknown("no permission".to_owned()), ..good() };
    degrades(&facts, "BTF", "no permission");
    let facts = Facts { capabilities: Fact::Unknown("no /proc".to_owned()), ..good() };
    degrades(&facts, "rights", "no /proc");
}

#[test]
fn all_reasons_are_listed_and_fatal_parts_are_not_fine_too() {
    let facts =
        Facts { cgroups: Fact::Known(Layout::None), capabilities: Fact::Known(Capabilities(1 << 19)), ..good() };
    assert_eq!(refusals(&facts).len(), 2);
    let fatal: Vec<_> =
        findings(&facts).into_iter().filter(|finding| ["rights", "cgroups"].contains(&finding.subject)).collect();
    assert!(fatal.iter().all(|finding| finding.state == State::Fatal), "{fatal:?}");
}
