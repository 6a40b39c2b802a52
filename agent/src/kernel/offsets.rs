//! What the kernel side must know of the running kernel's types.

use crate::host::btf::{Btf, Error};
use rewind_common::offsets::{Offsets, SockOffsets};
use rewind_recording::syscalls::{Arch, by_name};

/// Looks all of it up.
///
/// # Errors
/// [`Error::Missing`] names the field that this kernel lacks.
pub(super) fn find(btf: &Btf) -> Result<Offsets, Error> {
    let of = |path: &str| btf.offset(path);
    let (task_mode, compat_bits) = mode(btf)?;
    let (mm_rss_stat, rss_stride) = resident(btf)?;
    let memory = memory_cgroup(btf).unwrap_or_default();
    Ok(Offsets {
        regs_args: arguments(btf)?,
        regs_compat_args: compat_arguments(btf)?,
        regs_nr: number(btf)?,
        regs_sp: of("pt_regs.sp")?,
        task_seccomp_mode: of("task_struct.seccomp.mode").unwrap_or_default(),
        task_ptrace: of("task_struct.ptrace")?,
        task_pending: of("task_struct.pending.signal")?,
        task_mode,
        compat_bits,
        task_pid: of("task_struct.pid")?,
        task_tgid: of("task_struct.tgid")?,
        task_comm: of("task_struct.comm")?,
        task_real_parent: of("task_struct.real_parent")?,
        task_group_leader: of("task_struct.group_leader")?,
        task_thread_pid: of("task_struct.thread_pid")?,
        task_exit_code: of("task_struct.exit_code")?,
        task_signal: of("task_struct.signal")?,
        signal_live: of("signal_struct.live")?,
        task_cgroups: of("task_struct.cgroups")?,
        css_set_cgroup: of("css_set.dfl_cgrp")?,
        pid_level: of("pid.level")?,
        pid_numbers: of("pid.numbers")?,
        upid_size: btf.size("upid")?,
        cgroup_kn: of("cgroup.kn")?,
        cgroup_level: of("cgroup.level")?,
        cgroup_ancestors: of("cgroup.ancestors").or_else(|_| of("cgroup.ancestor_ids"))?,
        ancestors_are_ids: u32::from(of("cgroup.ancestors").is_err()),
        cgroup_root: of("cgroup.root")?,
        cgroup_parent_css: of("cgroup.self.parent")?,
        css_cgroup: of("cgroup_subsys_state.cgroup")?,
        root_hierarchy_id: of("cgroup_root.hierarchy_id")?,
        kn_id: of("kernfs_node.id")?,
        kn_name: of("kernfs_node.name")?,
        upid_ns: of("upid.ns")?,
        task_mm: of("task_struct.mm")?,
        mm_arg_start: of("mm_struct.arg_start")?,
        mm_arg_end: of("mm_struct.arg_end")?,
        mm_env_start: of("mm_struct.env_start")?,
        mm_env_end: of("mm_struct.env_end")?,
        mm_rss_stat,
        rss_stride,
        mm_pgtables_bytes: of("mm_struct.pgtables_bytes")?,
        signal_oom_score_adj: of("signal_struct.oom_score_adj")?,
        css_set_memory: memory.css_set,
        css_parent: of("cgroup_subsys_state.parent")?,
        memcg_usage: memory.usage,
        memcg_max: memory.max,
        bprm_filename: of("linux_binprm.filename")?,
        bprm_interp: of("linux_binprm.interp")?,
        page_bytes: u32::try_from(rustix::param::page_size()).unwrap_or(4096),
        victim_is_task: u32::from(btf.passes_pointer("mark_victim", 0)),
        task_files: of("task_struct.files")?,
        files_table: of("files_struct.fdt")?,
        table_len: of("fdtable.max_fds")?,
        table_files: of("fdtable.fd")?,
        file_inode: of("file.f_inode")?,
        inode_mode: of("inode.i_mode")?,
        inode_device: of("inode.i_rdev")?,
        sock: sockets(btf).unwrap_or_default(),
    })
}

/// Where the fields of sockets lie; a `tcp_sock` begins with its `inet_sock`, and that with its `sock`
/// (`include/linux/tcp.h`).
fn sockets(btf: &Btf) -> Result<SockOffsets, Error> {
    let of = |path: &str| btf.offset(path);
    Ok(SockOffsets {
        // Since 5.15 a pointer and nothing else, where cgroups of v1 name the sockets as well.
        cgroup: of("sock.sk_cgrp_data.cgroup")?,
        protocol: of("sock.sk_protocol")?,
        family: of("sock.__sk_common.skc_family")?,
        local_v4: of("sock.__sk_common.skc_rcv_saddr")?,
        peer_v4: of("sock.__sk_common.skc_daddr")?,
        local_v6: of("sock.__sk_common.skc_v6_rcv_saddr").unwrap_or_default(),
        peer_v6: of("sock.__sk_common.skc_v6_daddr").unwrap_or_default(),
        peer_port: of("sock.__sk_common.skc_dport")?,
        local_port: of("inet_sock.inet_sport")?,
        bound_port: of("sock.__sk_common.skc_num")?,
        flags: of("sock.__sk_common.skc_flags")?,
        error: of("sock.sk_err")?,
        shutdown: of("sock.sk_shutdown")?,
        backlog: of("sock.sk_max_ack_backlog")?,
        write_seq: of("tcp_sock.write_seq")?,
        copied_seq: of("tcp_sock.copied_seq")?,
        bytes_sent: of("tcp_sock.bytes_sent")?,
        bytes_retrans: of("tcp_sock.bytes_retrans")?,
        bytes_received: of("tcp_sock.bytes_received")?,
        srtt: of("tcp_sock.srtt_us")?,
        retransmits: of("tcp_sock.total_retrans")?,
        connect_nr: connect_number(),
        file_socket: of("file.private_data")?,
        socket_sock: of("socket.sk")?,
    })
}

/// The number of `connect` here; no call has that which stands for "unknown".
fn connect_number() -> u32 {
    let arch = Arch::parse(std::env::consts::ARCH).unwrap_or_default();
    let number = by_name("connect").and_then(|row| row.number(arch));
    number.map_or(u32::MAX, u32::from)
}

/// Where a process' resident pages are counted, and how far one figure is from the next: an array of
/// `percpu_counter` since 6.2, of plain numbers before (`include/linux/mm_types.h`).
fn resident(btf: &Btf) -> Result<(u32, u32), Error> {
    let stat = btf.offset("mm_struct.rss_stat")?;
    if let Ok(count) = btf.offset("mm_rss_stat.count") {
        return Ok((stat + count, 8));
    }
    Ok((stat + btf.offset("percpu_counter.count")?, btf.size("percpu_counter")?))
}

/// What is to be known of memory cgroups. All 0: there are none.
#[derive(Clone, Copy, Debug, Default)]
struct MemoryCgroup {
    css_set: u32,
    usage: u32,
    max: u32,
}

fn memory_cgroup(btf: &Btf) -> Option<MemoryCgroup> {
    let id = btf.enumerator("cgroup_subsys_id", "memory_cgrp_id")?;
    let of = |path: &str| btf.offset(path).ok();
    let css = of("mem_cgroup.css")?;
    Some(MemoryCgroup {
        css_set: of("css_set.subsys")?.checked_add(id.checked_mul(8)?)?,
        usage: of("mem_cgroup.memory.usage")?.checked_sub(css)?,
        max: of("mem_cgroup.memory.max")?.checked_sub(css)?,
    })
}

/// Registers that hold the arguments of a call when it starts (`syscall(2)`, "Architecture calling conventions").
#[cfg(target_arch = "x86_64")]
fn arguments(btf: &Btf) -> Result<[u32; 6], Error> {
    let of = |register: &str| btf.offset(&format!("pt_regs.{register}"));
    Ok([of("di")?, of("si")?, of("dx")?, of("r10")?, of("r8")?, of("r9")?])
}

/// As above. The first register also carries the result, so its argument is kept beside it.
#[cfg(target_arch = "aarch64")]
fn arguments(btf: &Btf) -> Result<[u32; 6], Error> {
    let (first, kept) = (btf.offset("pt_regs.regs")?, btf.offset("pt_regs.orig_x0")?);
    Ok([0, 1, 2, 3, 4, 5].map(|i| if i == 0 { kept } else { first + 8 * i }))
}

/// Where the number of a call is kept until it has returned.
#[cfg(target_arch = "x86_64")]
fn number(btf: &Btf) -> Result<u32, Error> {
    btf.offset("pt_regs.orig_ax")
}

/// As above.
#[cfg(target_arch = "aarch64")]
fn number(btf: &Btf) -> Result<u32, Error> {
    btf.offset("pt_regs.syscallno")
}

/// As above for 32-bit calls.
#[cfg(target_arch = "x86_64")]
fn compat_arguments(btf: &Btf) -> Result<[u32; 6], Error> {
    let of = |register: &str| btf.offset(&format!("pt_regs.{register}"));
    Ok([of("bx")?, of("cx")?, of("dx")?, of("si")?, of("di")?, of("bp")?])
}

/// As above for 32-bit calls, which use the lower halves of the same registers.
#[cfg(target_arch = "aarch64")]
fn compat_arguments(btf: &Btf) -> Result<[u32; 6], Error> {
    arguments(btf)
}

/// Where a task says that its current call came by the 32-bit gate: `TS_COMPAT`
/// (`arch/x86/include/asm/thread_info.h`).
#[cfg(target_arch = "x86_64")]
fn mode(btf: &Btf) -> Result<(u32, u32), Error> {
    Ok((btf.offset("task_struct.thread_info.status")?, 2))
}

/// As above: `_TIF_32BIT` (`arch/arm64/include/asm/thread_info.h`); the lower half of `flags` holds it.
#[cfg(target_arch = "aarch64")]
fn mode(btf: &Btf) -> Result<(u32, u32), Error> {
    Ok((btf.offset("task_struct.thread_info.flags")?, 1 << 22))
}
