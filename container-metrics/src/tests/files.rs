//! Files of cgroups, as kernels have them.

use std::fs;
use std::path::Path;

pub(super) type Files<'f> = &'f [(&'f str, &'f str)];

/// A container with limits, as a kernel 6.12 has it.
pub(super) const V2: Files<'_> = &[
    (
        "cpu.stat",
        "usage_usec 5021463\nuser_usec 3921000\nsystem_usec 1100463\nnice_usec 0\ncore_sched.force_idle_usec 0\n\
         nr_periods 412\nnr_throttled 97\nthrottled_usec 2918364\nnr_bursts 0\nburst_usec 0\n",
    ),
    ("cpu.max", "50000 100000\n"),
    ("cpu.weight", "20\n"),
    ("memory.current", "73400320\n"),
    ("memory.peak", "104857600\n"),
    ("memory.max", "134217728\n"),
    ("memory.swap.current", "4096\n"),
    ("memory.events", "low 0\nhigh 3\nmax 14\noom 2\noom_kill 1\noom_group_kill 0\n"),
    (
        "memory.stat",
        "anon 41943040\nfile 20971520\nkernel 9437184\nkernel_stack 262144\npagetables 524288\nsec_pagetables 0\n\
         percpu 5760\nsock 8192\nvmalloc 0\nshmem 1048576\nzswap 0\nzswapped 0\nfile_mapped 4194304\nfile_dirty 12288\n\
         file_writeback 0\nswapcached 0\ninactive_anon 40000000\nactive_anon 2991616\ninactive_file 13631488\n\
         active_file 6291456\nunevictable 0\nslab_reclaimable 7340032\nslab_unreclaimable 1310720\nslab 8650752\n\
         pgfault 183421\npgmajfault 77\npgrefill 0\n",
    ),
    ("io.stat", "254:0 rbytes=8192000 wbytes=4096 rios=200 wios=1 dbytes=0 dios=0\n"),
    ("pids.current", "12\n"),
    ("pids.max", "512\n"),
    (
        "cpu.pressure",
        "some avg10=12.50 avg60=3.00 avg300=0.70 total=3000000\nfull avg10=12.00 avg60=2.90 avg300=0.60 total=2900000\n",
    ),
    (
        "memory.pressure",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=15\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n",
    ),
];

/// One without limits, as a kernel 5.15 has it, whose pressure is off and whose I/O is not counted.
pub(super) const V2_OF_5_15: Files<'_> = &[
    ("cpu.stat", "usage_usec 900\nuser_usec 500\nsystem_usec 400\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n"),
    ("cpu.max", "max 100000\n"),
    ("memory.current", "4096\n"),
    ("memory.max", "max\n"),
    ("memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n"),
    (
        "memory.stat",
        "anon 4096\nfile 0\nkernel_stack 0\npagetables 0\npercpu 0\nsock 0\nshmem 0\nfile_mapped 0\ninactive_file 0\n\
         slab_reclaimable 0\nslab_unreclaimable 0\nslab 0\npgfault 12\npgmajfault 0\n",
    ),
    ("pids.current", "1\n"),
    ("pids.max", "max\n"),
];

/// Of v1's controllers, as a kernel 6.18 has them.
pub(super) const V1: Files<'_> = &[
    ("cpu,cpuacct/c/cpuacct.usage", "5021463000\n"),
    ("cpu,cpuacct/c/cpuacct.stat", "user 392\nsystem 110\n"),
    (
        "cpu,cpuacct/c/cpu.stat",
        "nr_periods 412\nnr_throttled 97\nthrottled_time 2918364000\nnr_bursts 0\nburst_time 0\n",
    ),
    ("cpu,cpuacct/c/cpu.cfs_quota_us", "50000\n"),
    ("cpu,cpuacct/c/cpu.cfs_period_us", "100000\n"),
    ("cpu,cpuacct/c/cpu.shares", "512\n"),
    ("memory/c/memory.usage_in_bytes", "73400320\n"),
    ("memory/c/memory.max_usage_in_bytes", "104857600\n"),
    ("memory/c/memory.limit_in_bytes", "9223372036854771712\n"),
    ("memory/c/memory.kmem.usage_in_bytes", "9437184\n"),
    ("memory/c/memory.failcnt", "14\n"),
    ("memory/c/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"),
    (
        "memory/c/memory.stat",
        "cache 0\nrss 0\npgfault 0\nhierarchical_memory_limit 9223372036854771712\ntotal_cache 20971520\n\
         total_rss 41943040\ntotal_shmem 1048576\ntotal_swap 4096\ntotal_pgfault 183421\ntotal_pgmajfault 77\n\
         total_inactive_file 13631488\ntotal_active_file 6291456\n",
    ),
    (
        "blkio/c/blkio.throttle.io_service_bytes",
        "254:0 Read 8192000\n254:0 Write 4096\n254:0 Total 8196096\nTotal 8196096\n",
    ),
    ("blkio/c/blkio.throttle.io_serviced", "254:0 Read 200\n254:0 Write 1\nTotal 201\n"),
    ("pids/c/pids.current", "12\n"),
    ("pids/c/pids.max", "512\n"),
];
pub(super) const V1_MOUNTS: &str = "32 31 0:29 / /cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                         35 31 0:32 / /memory rw - cgroup cgroup rw,memory\n\
                         38 31 0:35 / /blkio rw - cgroup cgroup rw,blkio\n\
                         39 31 0:36 / /pids rw - cgroup cgroup rw,pids\n\
                         41 31 0:38 / /unified rw - cgroup2 cgroup2 rw\n";

pub(super) fn write(dir: &Path, files: Files<'_>) {
    for (file, text) in files {
        fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
        fs::write(dir.join(file), text).unwrap();
    }
}
