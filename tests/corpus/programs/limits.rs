//! Limits of the container and of its processes.

use crate::program::Source::{C, C32};
use crate::program::{Program, bash, built, node, program, python};

const MIB: u64 = 1 << 20;

pub(crate) fn programs() -> Vec<Program> {
    let eat = |bytes: u64| built(C, &["eat"]).limited(|spec| spec.memory_bytes = Some(bytes));
    let grow = "rows = [bytes(1 << 20) for _ in range(100)]\nrows = [bytearray(1 << 20) for _ in range(200)]";
    let threads = "import threading, time\nfor _ in range(40): threading.Thread(target=time.sleep, args=(1,)).start()";
    let descriptors = "files = [open('/etc/group') for _ in range(64)]";
    let disk =
        "with open('/data/journal', 'wb') as file:\n for _ in range(64): file.write(bytes(1 << 16)); file.flush()";
    vec![
        program("c_memory", eat(32 * MIB), eat(1024 * MIB), &["OOM killer"]),
        program(
            "python_memory",
            python(grow).limited(|spec| spec.memory_bytes = Some(64 * MIB)),
            python("rows = [bytes(1 << 20) for _ in range(10)]").limited(|spec| spec.memory_bytes = Some(64 * MIB)),
            &["OOM killer"],
        ),
        program(
            "node_memory_below_dash",
            node("const rows = []; for (;;) rows.push(Buffer.alloc(1 << 20, 1))")
                .below(&["/usr/bin/dash", "-c", "\"$@\"; exit $?", "sh"])
                .limited(|spec| spec.memory_bytes = Some(96 * MIB)),
            node("1").below(&["/usr/bin/dash", "-c", "\"$@\"; exit $?", "sh"]),
            &["OOM killer"],
        ),
        program(
            "python_address_space",
            python("rows = bytearray(1 << 30)").limited(|spec| spec.rlimits = vec![("RLIMIT_AS", 256 * MIB)]),
            python("rows = bytearray(1 << 20)").limited(|spec| spec.rlimits = vec![("RLIMIT_AS", 256 * MIB)]),
            &["MemoryError|memory|ENOMEM"],
        ),
        program(
            "python_threads",
            python(threads).limited(|spec| spec.processes = Some(16)),
            python("import threading\nfor _ in range(4): threading.Thread(target=print).start()")
                .limited(|spec| spec.processes = Some(16)),
            &["thread|process|clone", "EAGAIN|limit|can't start new thread"],
        ),
        program(
            "c_children",
            built(C, &["children"]).limited(|spec| spec.processes = Some(16)),
            built(C, &["well"]).limited(|spec| spec.processes = Some(16)),
            &["fork|clone|process", "EAGAIN|limit|temporarily unavailable"],
        ),
        program(
            "bash_children",
            bash("for i in $(seq 30); do sleep 1 & done 2>/tmp/said || exit 1; wait; exit 3")
                .limited(|spec| spec.processes = Some(8)),
            bash("for i in 1 2; do sleep 0.1 & done; wait").limited(|spec| spec.processes = Some(8)),
            &["fork|clone|process", "EAGAIN|limit|temporarily unavailable"],
        ),
        program(
            "python_descriptors",
            python(descriptors).limited(|spec| spec.rlimits = vec![("RLIMIT_NOFILE", 32)]),
            python(descriptors).limited(|spec| spec.rlimits = vec![("RLIMIT_NOFILE", 128)]),
            &["descriptors|EMFILE|too many open files"],
        ),
        program(
            "c_file_size",
            built(C, &["file-size"]).limited(|spec| spec.rlimits = vec![("RLIMIT_FSIZE", MIB)]),
            built(C, &["file-size"]).limited(|spec| spec.rlimits = vec![("RLIMIT_FSIZE", 64 * MIB)]),
            &["SIGXFSZ|EFBIG|too large", "/tmp/journal|file"],
        ),
        program(
            "python_disk",
            python(disk).limited(|spec| spec.tmpfs = vec![("/data".into(), MIB)]),
            python(disk).limited(|spec| spec.tmpfs = vec![("/data".into(), 64 * MIB)]),
            &["/data/journal|no space", "no space|ENOSPC"],
        ),
        program(
            "bash_disk",
            bash("set -e; head -c 4000000 /dev/zero > /data/journal 2>/dev/null || exit 1")
                .limited(|spec| spec.tmpfs = vec![("/data".into(), MIB)]),
            bash("set -e; head -c 4000000 /dev/zero > /data/journal")
                .limited(|spec| spec.tmpfs = vec![("/data".into(), 64 * MIB)]),
            &["no space|ENOSPC"],
        ),
        program(
            "c_cpu_time",
            built(C, &["spin"]).limited(|spec| spec.rlimits = vec![("RLIMIT_CPU", 1)]),
            built(C, &["well"]).limited(|spec| spec.rlimits = vec![("RLIMIT_CPU", 1)]),
            &["SIGXCPU|SIGKILL|CPU"],
        ),
        program("c_stack", built(C, &["recurse"]), built(C, &["well"]), &["SIGSEGV", "stack|SIGSEGV"]),
        program("c32_stack", built(C32, &["recurse"]), built(C32, &["well"]), &["SIGSEGV"]),
    ]
}
