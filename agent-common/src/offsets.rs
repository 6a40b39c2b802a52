//! Where the fields of the running kernel's types lie.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Where the fields of the running kernel's types lie, in bytes. Rust has no CO-RE
/// relocations for BPF: the agent finds these in the kernel's BTF and hands them over when it loads
/// the programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Offsets {
    /// `pt_regs` of the six arguments of a call.
    pub regs_args: [u32; 6],
    /// `pt_regs` of the six arguments of a 32-bit call.
    pub regs_compat_args: [u32; 6],
    /// `pt_regs` of the number of a call that has begun: `orig_ax` (x86-64) or `syscallno` (arm64).
    pub regs_nr: u32,
    /// `pt_regs` of the program's stack pointer.
    pub regs_sp: u32,
    /// `task_struct.seccomp.mode`. 0: this kernel has no seccomp.
    pub task_seccomp_mode: u32,
    /// `task_struct.ptrace`.
    pub task_ptrace: u32,
    /// `task_struct.pending.signal`.
    pub task_pending: u32,
    /// `task_struct.thread_info.status` (x86-64) or `.flags` (arm64).
    pub task_mode: u32,
    /// The bits there that say "this is a 32-bit call": `TS_COMPAT`, `_TIF_32BIT`.
    pub compat_bits: u32,
    /// `task_struct.pid`.
    pub task_pid: u32,
    /// `task_struct.tgid`.
    pub task_tgid: u32,
    /// `task_struct.comm`.
    pub task_comm: u32,
    /// `task_struct.real_parent`.
    pub task_real_parent: u32,
    /// `task_struct.group_leader`.
    pub task_group_leader: u32,
    /// `task_struct.thread_pid`.
    pub task_thread_pid: u32,
    /// `task_struct.exit_code`.
    pub task_exit_code: u32,
    /// `task_struct.signal`.
    pub task_signal: u32,
    /// `signal_struct.live`.
    pub signal_live: u32,
    /// `task_struct.cgroups`.
    pub task_cgroups: u32,
    /// `css_set.dfl_cgrp`.
    pub css_set_cgroup: u32,
    /// `pid.level`.
    pub pid_level: u32,
    /// `pid.numbers`.
    pub pid_numbers: u32,
    /// Size of `struct upid`.
    pub upid_size: u32,
    /// `cgroup.kn`.
    pub cgroup_kn: u32,
    /// `cgroup.level`.
    pub cgroup_level: u32,
    /// `cgroup.ancestors` (since 6.1: pointers) or `cgroup.ancestor_ids`.
    pub cgroup_ancestors: u32,
    /// 1 where these are ids.
    pub ancestors_are_ids: u32,
    /// `cgroup.root`.
    pub cgroup_root: u32,
    /// `cgroup.self.parent`.
    pub cgroup_parent_css: u32,
    /// `cgroup_subsys_state.cgroup`.
    pub css_cgroup: u32,
    /// `cgroup_root.hierarchy_id`.
    pub root_hierarchy_id: u32,
    /// `kernfs_node.id`.
    pub kn_id: u32,
    /// `kernfs_node.name`.
    pub kn_name: u32,
    /// `upid.ns`.
    pub upid_ns: u32,
    /// `task_struct.mm`.
    pub task_mm: u32,
    /// `mm_struct.arg_start`.
    pub mm_arg_start: u32,
    /// `mm_struct.arg_end`.
    pub mm_arg_end: u32,
    /// `mm_struct.env_start`.
    pub mm_env_start: u32,
    /// `mm_struct.env_end`.
    pub mm_env_end: u32,
    /// The first figure of `mm_struct.rss_stat`.
    pub mm_rss_stat: u32,
    /// Bytes from one of these figures to the next.
    pub rss_stride: u32,
    /// `mm_struct.pgtables_bytes`.
    pub mm_pgtables_bytes: u32,
    /// `signal_struct.oom_score_adj`.
    pub signal_oom_score_adj: u32,
    /// `css_set.subsys[memory_cgrp_id]`. 0: this kernel has no memory cgroups.
    pub css_set_memory: u32,
    /// `cgroup_subsys_state.parent`.
    pub css_parent: u32,
    /// `mem_cgroup.memory.usage`, from its `css`.
    pub memcg_usage: u32,
    /// `mem_cgroup.memory.max`, from its `css`.
    pub memcg_max: u32,
    /// `linux_binprm.filename`.
    pub bprm_filename: u32,
    /// `linux_binprm.interp`.
    pub bprm_interp: u32,
    /// Bytes of a page.
    pub page_bytes: u32,
    /// 1 where `mark_victim` passes the victim's task (since 6.9), 0 where it passes its number.
    pub victim_is_task: u32,
    /// `task_struct.files`.
    pub task_files: u32,
    /// `files_struct.fdt`.
    pub files_table: u32,
    /// `fdtable.max_fds`.
    pub table_len: u32,
    /// `fdtable.fd`.
    pub table_files: u32,
    /// `file.f_inode`.
    pub file_inode: u32,
    /// `inode.i_mode`.
    pub inode_mode: u32,
    /// `inode.i_rdev`: of a device which.
    pub inode_device: u32,
    /// Where the fields of sockets lie. All 0: this kernel does not keep which cgroup made a socket.
    pub sock: SockOffsets,
}

/// Where the fields of sockets lie, in bytes from the start of `struct sock`, and the way to one from a descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SockOffsets {
    /// `sk_cgrp_data.cgroup`: the cgroup (v2) that made it.
    pub cgroup: u32,
    /// `sk_protocol`.
    pub protocol: u32,
    /// `__sk_common.skc_family`.
    pub family: u32,
    /// `__sk_common.skc_rcv_saddr`: this end's IPv4 address.
    pub local_v4: u32,
    /// `__sk_common.skc_daddr`: the other end's.
    pub peer_v4: u32,
    /// `__sk_common.skc_v6_rcv_saddr`. 0: this kernel has no IPv6.
    pub local_v6: u32,
    /// `__sk_common.skc_v6_daddr`. 0: as above.
    pub peer_v6: u32,
    /// `__sk_common.skc_dport`.
    pub peer_port: u32,
    /// `inet_sock.inet_sport`.
    pub local_port: u32,
    /// `__sk_common.skc_num`: what it is bound to.
    pub bound_port: u32,
    /// `__sk_common.skc_flags`.
    pub flags: u32,
    /// `sk_err`.
    pub error: u32,
    /// `sk_shutdown`.
    pub shutdown: u32,
    /// `sk_max_ack_backlog`.
    pub backlog: u32,
    /// `tcp_sock.write_seq`.
    pub write_seq: u32,
    /// `tcp_sock.copied_seq`.
    pub copied_seq: u32,
    /// `tcp_sock.bytes_sent`.
    pub bytes_sent: u32,
    /// `tcp_sock.bytes_retrans`.
    pub bytes_retrans: u32,
    /// `tcp_sock.bytes_received`.
    pub bytes_received: u32,
    /// `tcp_sock.srtt_us`.
    pub srtt: u32,
    /// `tcp_sock.total_retrans`.
    pub retransmits: u32,
    /// The number of `connect` on this architecture.
    pub connect_nr: u32,
    /// `file.private_data`: of a socket's file its `struct socket`.
    pub file_socket: u32,
    /// `socket.sk`.
    pub socket_sock: u32,
}

impl Offsets {
    /// What stands there until the agent has filled it in.
    pub const UNKNOWN: Self = zerocopy::transmute!([0_u8; size_of::<Self>()]);
}
