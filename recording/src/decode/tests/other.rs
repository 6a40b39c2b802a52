use super::super::{errno_name, errno_text, path, write_exit, write_signal};
use super::*;
use rewind_common::call::{blob_flags, flags, part};
use rewind_common::record::{Exit, Signal};

#[test]
fn execve_shows_argv_but_not_the_environment() {
    let enter =
        single(59).enter().string("/bin/sh").next_blob(part::STRINGS, 0, b"sh\0-c\0kill -SEGV $$\0").arg(0x7ffd);
    let exit = call("execve").arg(0).arg(0).arg(0).flags(flags::ENTERED);
    assert_eq!(line_entered(enter, exit), r#"execve("/bin/sh", ["sh", "-c", "kill -SEGV $$"], 0x7ffd) = 0"#);
}

#[test]
fn an_execve_that_succeeded_without_the_record_of_its_start_shows_no_registers() {
    let record = call("execve").arg(0).arg(0).arg(0).flags(flags::ENTERED);
    assert_eq!(line(record), "execve(?, ?, ?) = 0");
}

#[test]
fn mmap_shows_protection_type_and_flags() {
    assert_eq!(
        line(call("mmap").arg(0).arg(8192).arg(3).arg(0x22).arg(u64::MAX).arg(0).result(0x7fe6_828f_8000)),
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7fe6828f8000"
    );
    assert_eq!(
        line(call("mmap").arg(0).arg(4096).arg(1).arg(1).arg(3).arg(4096).result(-12)),
        "mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0x1000) = -1 ENOMEM (Cannot allocate memory)"
    );
    assert_eq!(line(call("brk").arg(0).result(0x55ba_8e2c_0000)), "brk(NULL) = 0x55ba8e2c0000");
}

#[test]
fn clone_is_shown_in_the_order_of_strace() {
    let fork = || call("clone").arg(0x0120_0011).arg(0).arg(0).arg(0x7fe6).arg(0).result(25225);
    assert_eq!(
        line(fork()),
        "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7fe6) = 25225"
    );
    assert_eq!(
        halves(fork()),
        (
            "child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD".to_owned(),
            ", child_tidptr=0x7fe6".to_owned()
        )
    );
}

#[test]
fn clone3_shows_its_arguments_and_the_new_thread() {
    let args = words(&[0x003d_0f00, 0x10, 0x20, 0x20, 0, 0x7f00, 0x8000, 0x7f01]);
    assert_eq!(
        line(call("clone3").pointed(&args).arg(88).result(26)),
        "clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|\
         CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, child_tid=0x20, parent_tid=0x20, exit_signal=0, stack=0x7f00, \
         stack_size=0x8000, tls=0x7f01} => {parent_tid=[26]}, 88) = 26"
    );
}

#[test]
fn wait4_shows_the_status_in_words() {
    let wait = |status: u32| {
        let line = line(call("wait4").arg(5).pointed(&status.to_le_bytes()).arg(0).arg(0).result(5));
        line["wait4(5, ".len()..].split_once("], ").unwrap().0.to_owned() + "]"
    };
    assert_eq!(wait(0x300), "[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]");
    assert_eq!(wait(9), "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}]");
    assert_eq!(wait(0x8b), "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}]");
    assert_eq!(wait(0x137f), "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}]");
    assert_eq!(wait(0xffff), "[{WIFCONTINUED(s)}]");
    assert_eq!(
        line(call("wait4").arg(u64::MAX).arg(0x7ffe).arg(1).arg(0).result(-10)),
        "wait4(-1, 0x7ffe, WNOHANG, NULL) = -1 ECHILD (No child processes)"
    );
}

#[test]
fn signals_are_named_and_full_sets_inverted() {
    let action = words(&[0x55ba, 0x1400_0000, 0x7fe6, 0x200]);
    assert_eq!(
        line(call("rt_sigaction").arg(14).pointed(&action).arg(0).arg(8)),
        "rt_sigaction(SIGALRM, {sa_handler=0x55ba, sa_mask=[USR1], sa_flags=SA_RESTORER|SA_RESTART, \
         sa_restorer=0x7fe6}, NULL, 8) = 0"
    );
    let action = words(&[0x55ba, 0x0c00_0004, 0x7fe6, 0]);
    assert_eq!(
        line(call("rt_sigaction").arg(33).pointed(&action).arg(0).arg(8)),
        "rt_sigaction(SIGRT_1, {sa_handler=0x55ba, sa_mask=[], sa_flags=SA_RESTORER|SA_ONSTACK|SA_SIGINFO, \
         sa_restorer=0x7fe6}, NULL, 8) = 0"
    );
    assert_eq!(
        line(call("rt_sigprocmask").arg(0).pointed(&words(&[!(3 << 31)])).pointed(&words(&[2 | 1 << 39])).arg(8)),
        "rt_sigprocmask(SIG_BLOCK, ~[RTMIN RT_1], [INT RT_8], 8) = 0"
    );
    assert_eq!(line(call("rt_sigreturn").pointed(&words(&[1 << 16])).result(61)), "rt_sigreturn({mask=[CHLD]}) = 61");
    let unread = call("rt_sigreturn").unread(0x7ffc_0128);
    assert_eq!(line(unread), "rt_sigreturn({mask=0x7ffc0128}) = 0");
    assert_eq!(line(call("kill").arg(7).arg(9)), "kill(7, SIGKILL) = 0");
    let mut info = halfwords(&[12, 0, -6_i32 as u32, 0, 77]);
    info.resize(48, 0);
    assert_eq!(
        line(
            call("rt_sigtimedwait")
                .pointed(&words(&[1 << 11]))
                .pointed(&info)
                .pointed(&words(&[0, 0]))
                .arg(8)
                .result(12)
        ),
        "rt_sigtimedwait([USR2], {si_signo=SIGUSR2, si_code=SI_TKILL, si_pid=77, si_uid=0}, {tv_sec=0, tv_nsec=0}, 8) \
         = 12 (SIGUSR2)"
    );
}

#[test]
fn poll_shows_what_was_asked_and_what_is_ready() {
    let before = [halfwords(&[8, 1, 9]), halfwords(&[0x2004, u32::MAX, 0])].concat();
    let after = [halfwords(&[8, 1, 9]), halfwords(&[0x0004_2004, u32::MAX, 0])].concat();
    let enter = single(7).enter().pointed(&before).arg(3).arg(100);
    let exit = call("poll").pointed(&after).arg(3).arg(100).flags(flags::ENTERED).result(1);
    assert_eq!(
        line_entered(enter, exit),
        "poll([{fd=8, events=POLLIN}, {fd=9, events=POLLOUT|POLLRDHUP}, {fd=-1}], 3, 100) = 1 ([{fd=9, revents=POLLOUT}])"
    );
    assert_eq!(
        line(call("poll").pointed(&halfwords(&[8, 1])).arg(1).arg(1)),
        "poll([{fd=8, events=POLLIN}], 1, 1) = 0 (Timeout)"
    );
}

/// What the kernel side keeps of the sets of `select` for `number` descriptors.
fn sets(number: u32, sets: &[u64]) -> Vec<u8> {
    [halfwords(&[number]), words(sets)].concat()
}

#[test]
fn select_shows_the_descriptors_of_its_sets() {
    let left = words(&[0, 400]);
    let enter = single(23).enter().pointed(&sets(10, &[1 << 8, 1 << 1 | 1 << 9]));
    let enter = enter.arg(0x7000).arg(0x7100).arg(0).pointed(&words(&[0, 500]));
    let exit = |sets: &[u8], ready: i64| {
        let exit = call("select").pointed(sets).arg(0x7000).arg(0x7100).arg(0).pointed(&left);
        exit.flags(flags::ENTERED).result(ready)
    };
    assert_eq!(
        line_entered(enter, exit(&sets(10, &[1 << 8, 1 << 9]), 2)),
        "select(10, [8], [1 9], NULL, {tv_sec=0, tv_usec=500}) = 2 (in [8], out [9], left {tv_sec=0, tv_usec=400})"
    );
    let enter = single(23).enter().pointed(&sets(70, &[0, 1 << 2])).arg(0).arg(0).arg(0x7200).arg(0);
    let exit = call("select").pointed(&sets(70, &[0, 1 << 2])).arg(0).arg(0).arg(0x7200).arg(0);
    assert_eq!(
        line_entered(enter, exit.flags(flags::ENTERED).result(1)),
        "select(70, NULL, NULL, [66], NULL) = 1 (except [66])"
    );
    let exit = call("select").arg(10).arg(0x7000).arg(0).arg(0).arg(0).result(-9);
    assert_eq!(line(exit), "select(10, 0x7000, NULL, NULL, NULL) = -1 EBADF (Bad file descriptor)");
    assert_eq!(
        line(call("select").arg(0).arg(0).arg(0).arg(0).pointed(&left)),
        "select(0, NULL, NULL, NULL, {tv_sec=0, tv_usec=400}) = 0 (Timeout)"
    );
}

#[test]
fn pselect_shows_the_mask_that_its_last_argument_points_to() {
    let record = call("pselect6").arg(0).arg(0).arg(0).arg(0).arg(0);
    let record = record.pointed(&words(&[0x7ffe, 8])).blob(5, part::BYTES, 0, &words(&[1 << 16]));
    assert_eq!(
        line(record.result(-514)),
        "pselect6(0, NULL, NULL, NULL, NULL, {sigmask=[CHLD], sigsetsize=8}) = ? ERESTARTNOHAND (To be restarted if no handler)"
    );
}

#[test]
fn a_directorys_entries_are_counted() {
    let counted = |count: u32| [words(&[0x7f00]), halfwords(&[count])].concat();
    let record = call("getdents64").arg(3).pointed(&counted(12)).arg(32768).result(392);
    assert_eq!(line(record), "getdents64(3, 0x7f00 /* 12 entries */, 32768) = 392");
    let record = call("getdents64").arg(3).next_blob(part::WHOLE, blob_flags::CUT, &counted(1366)).arg(65536);
    assert_eq!(line(record.result(65504)), "getdents64(3, 0x7f00 /* 1366 entries, at least */, 65536) = 65504");
    assert_eq!(
        line(call("getdents64").arg(3).arg(0x7f00).arg(32768).result(-20)),
        "getdents64(3, 0x7f00, 32768) = -1 ENOTDIR (Not a directory)"
    );
}

#[test]
fn fcntl_shows_the_lock() {
    let lock = |pid: u32| [halfwords(&[1, 0]), words(&[10, 20]), halfwords(&[pid])].concat();
    assert_eq!(
        line(call("fcntl").arg(3).arg(6).pointed(&lock(0))),
        "fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=10, l_len=20}) = 0"
    );
    assert_eq!(
        line(call("fcntl").arg(3).arg(5).pointed(&lock(77))),
        "fcntl(3, F_GETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=10, l_len=20, l_pid=77}) = 0"
    );
    assert_eq!(line(call("fcntl").arg(3).arg(2).arg(1)), "fcntl(3, F_SETFD, FD_CLOEXEC) = 0");
}

#[test]
fn epoll_events_have_the_layout_of_their_architecture() {
    let event = [halfwords(&[4]), words(&[0x11_2233_4455])].concat();
    assert_eq!(
        line(call("epoll_wait").arg(11).pointed(&event).arg(4).arg(10).result(1)),
        "epoll_wait(11, [{events=EPOLLOUT, data={u32=573785173, u64=73588229205}}], 4, 10) = 1"
    );
    assert_eq!(line(call("epoll_ctl").arg(5).arg(2).arg(4).arg(0x7f)), "epoll_ctl(5, EPOLL_CTL_DEL, 4, 0x7f) = 0");
    assert_eq!(line(call("epoll_wait").arg(11).arg(0x7f).arg(4).arg(0)), "epoll_wait(11, [], 4, 0) = 0");
    let event = [halfwords(&[4, 0]), words(&[5])].concat();
    let bytes = single(22).arg(3).pointed(&event).arg(4).arg(1).arg(0).arg(8).result(1).build();
    assert_eq!(
        text(&Invocation { call: parsed(&bytes), enter: None }, &Style { arch: Arch::Aarch64, ..Style::default() }),
        "epoll_pwait(3, [{events=EPOLLOUT, data={u32=5, u64=5}}], 4, 1, NULL, 8) = 1"
    );
}

#[test]
fn futex_shows_the_arguments_of_its_operation() {
    let time = words(&[0, 1000]);
    assert_eq!(
        line(call("futex").arg(0x7f).arg(128).arg(1).pointed(&time).arg(0).arg(0).result(-110)),
        "futex(0x7f, FUTEX_WAIT_PRIVATE, 1, {tv_sec=0, tv_nsec=1000}) = -1 ETIMEDOUT (Connection timed out)"
    );
    assert_eq!(
        line(call("futex").arg(0x7f).arg(393).arg(1).pointed(&time).arg(0).arg(0xffff_ffff).result(-110)),
        "futex(0x7f, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 1, {tv_sec=0, tv_nsec=1000}, \
         FUTEX_BITSET_MATCH_ANY) = -1 ETIMEDOUT (Connection timed out)"
    );
    assert_eq!(
        line(call("futex").arg(0x7f).arg(133).arg(1).unread(1).arg(0x7e).arg(0x0400_0001)),
        "futex(0x7f, FUTEX_WAKE_OP_PRIVATE, 1, 1, 0x7e, FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_GT<<24|0x1) = 0"
    );
    assert_eq!(
        line(call("futex").arg(0x7f).arg(1).arg(1).unread(8).arg(9).arg(10).result(1)),
        "futex(0x7f, FUTEX_WAKE, 1) = 1"
    );
}

#[test]
fn limits_and_facts_of_the_system_are_shown() {
    assert_eq!(
        line(call("prlimit64").arg(0).arg(3).arg(0).pointed(&words(&[8192 * 1024, u64::MAX]))),
        "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0"
    );
    let mut uname = vec![0; 130];
    uname[..5].copy_from_slice(b"Linux");
    uname[65..67].copy_from_slice(b"vm");
    assert_eq!(line(call("uname").pointed(&uname)), r#"uname({sysname="Linux", nodename="vm", ...}) = 0"#);
    assert_eq!(line(call("umask").arg(0o22).result(0o22)), "umask(022) = 022");
    assert_eq!(
        line(call("getrandom").pointed(&[0xd9, 0x53, 0]).arg(3).arg(1).result(3)),
        r#"getrandom("\xd9\x53\x00", 3, GRND_NONBLOCK) = 3"#
    );
    assert_eq!(
        line(call("prctl").arg(15).string("worker").arg(0).arg(0).arg(0)),
        r#"prctl(PR_SET_NAME, "worker") = 0"#
    );
    assert_eq!(line(call("prctl").arg(1).unread(15).arg(0).arg(0).arg(0)), "prctl(PR_SET_PDEATHSIG, SIGTERM) = 0");
    assert_eq!(
        line(call("prctl").arg(15).string("jemalloc_bg_thd").arg(0).arg(0).arg(0)),
        r#"prctl(PR_SET_NAME, "jemalloc_bg_thd"...) = 0"#
    );
    assert_eq!(
        line(call("prctl").arg(0x5356_4d41).arg(0).arg(0xc000).arg(4096).string(" Go: heap")),
        r#"prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0xc000, 4096, " Go: heap") = 0"#
    );
    assert_eq!(line(call("setresuid").arg(0xffff_ffff).arg(0).arg(0xffff_ffff)), "setresuid(-1, 0, -1) = 0");
    assert_eq!(
        line(call("sched_getaffinity").arg(0).arg(128).pointed(&[3, 0]).result(2)),
        "sched_getaffinity(0, 128, [0 1]) = 2"
    );
}

#[test]
fn sleeping_shows_how_long() {
    let interrupted = call("clock_nanosleep").arg(0).arg(0).pointed(&words(&[2, 0])).pointed(&words(&[1, 5]));
    assert_eq!(
        line(interrupted.result(-516)),
        "clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=2, tv_nsec=0}, {tv_sec=1, tv_nsec=5}) \
         = ? ERESTART_RESTARTBLOCK (Interrupted by signal)"
    );
    assert_eq!(
        line(call("clock_nanosleep").arg(0).arg(0).pointed(&words(&[2, 0])).arg(0x7ffe)),
        "clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=2, tv_nsec=0}, 0x7ffe) = 0"
    );
}

#[test]
fn a_call_without_a_row_shows_its_number_and_six_words() {
    let mut record = single(0x1f5);
    for word in 1..=6 {
        record = record.arg(word);
    }
    assert_eq!(
        line(record.result(-38)),
        "syscall_0x1f5(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)"
    );
    assert_eq!(line(single(110).arg(1).arg(2).flags(flags::COMPAT)), "iopl(0x1, 0x2 /* 32-bit */) = 0");
}

#[test]
fn what_never_returned_has_no_result() {
    assert_eq!(line(call("exit_group").arg(3)), "exit_group(3) = ?");
    assert_eq!(line(call("read").arg(3).arg(0x7f00).arg(512).flags(flags::UNFINISHED)), "read(3, 0x7f00, 512) = ?");
}

#[test]
fn signals_and_deaths_have_lines_of_their_own() {
    let line = |words: &[u32]| {
        let mut siginfo = [0; 12];
        siginfo[..words.len()].copy_from_slice(words);
        let mut out = String::new();
        write_signal(&mut out, &Signal { siginfo, ..Signal::default() });
        out
    };
    assert_eq!(line(&[11, 0, 1, 0, 0x10]), "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---");
    assert_eq!(
        line(&[17, 0, 1, 0, 25225, 0, 3]),
        "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=25225, si_uid=0, si_status=3, si_utime=0, si_stime=0} ---"
    );
    assert_eq!(line(&[14, 0, 128]), "--- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---");
    let dead = |status| {
        let mut out = String::new();
        write_exit(&mut out, &Exit { status, ..Exit::default() });
        out
    };
    assert_eq!(dead(0x300), "+++ exited with 3 +++");
    assert_eq!(dead(9), "+++ killed by SIGKILL +++");
    assert_eq!(dead(0x8b), "+++ killed by SIGSEGV (core dumped) +++");
}

#[test]
fn errors_have_names_and_words() {
    assert_eq!((errno_name(2), errno_text(2)), (Some("ENOENT"), Some("No such file or directory")));
    assert_eq!((errno_name(133), errno_name(0), errno_name(41)), (Some("EHWPOISON"), None, None));
}

#[test]
fn the_first_path_is_found() {
    let bytes = call("renameat2").arg(HERE).string("/a").arg(HERE).string("/b").arg(0).build();
    let invocation = Invocation { call: parsed(&bytes), enter: None };
    assert_eq!(path(&invocation, Arch::X86_64).as_deref(), Some("/a"));
}

#[test]
fn a_field_of_several_bits_is_one_thing() {
    let fsmount = |attributes| line(call("fsmount").arg(3).arg(0).arg(attributes).result(4));
    assert_eq!(fsmount(0x11), "fsmount(3, 0, MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOATIME) = 4");
    assert_eq!(fsmount(0x30), "fsmount(3, 0, 0x30 /* MOUNT_ATTR__ATIME_??? */) = 4");
    assert_eq!(fsmount(0x31), "fsmount(3, 0, MOUNT_ATTR_RDONLY|0x30 /* MOUNT_ATTR__ATIME_??? */) = 4");
}

#[test]
fn a_bit_has_the_name_that_its_own_call_gives_it() {
    let no_fd = u64::from(u32::MAX);
    assert_eq!(
        line(call("fchmodat2").arg(no_fd).string("f").arg(0o777).arg(0x300)),
        r#"fchmodat2(-1, "f", 0777, AT_SYMLINK_NOFOLLOW|0x200) = 0"#
    );
    for name in ["file_getattr", "file_setattr"] {
        assert_eq!(
            line(call(name).arg(no_fd).string("f").arg(0).arg(0).arg(0x200)),
            format!(r#"{name}(-1, "f", NULL, 0, 0x200 /* AT_??? */) = 0"#)
        );
    }
    assert_eq!(
        line(call("faccessat2").arg(no_fd).string("f").arg(4).arg(0x200)),
        r#"faccessat2(-1, "f", R_OK, AT_EACCESS) = 0"#
    );
}

#[test]
fn the_error_of_a_socket_has_its_name() {
    let asked = |errno: u32| {
        line(call("getsockopt").arg(3).arg(1).arg(4).pointed(&halfwords(&[errno])).pointed(&halfwords(&[4])))
    };
    assert_eq!(asked(111), "getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0");
    assert_eq!(asked(0), "getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0");
    assert_eq!(asked(70_000), "getsockopt(3, SOL_SOCKET, SO_ERROR, [70000], [4]) = 0");
}

#[test]
fn what_a_newer_kernel_knows_of_an_object_is_said_to_be_there() {
    let how = |bytes: &[u64]| {
        line(call("openat2").arg(HERE).string("f").pointed(&words(bytes)).arg(8 * bytes.len() as u64).result(3))
    };
    assert_eq!(how(&[0, 0, 0]), r#"openat2(AT_FDCWD, "f", {flags=O_RDONLY, resolve=0}, 24) = 3"#);
    assert_eq!(how(&[0, 0, 0, 0]), r#"openat2(AT_FDCWD, "f", {flags=O_RDONLY, resolve=0}, 32) = 3"#);
    assert_eq!(how(&[0, 0, 0, 7]), r#"openat2(AT_FDCWD, "f", {flags=O_RDONLY, resolve=0, ...}, 32) = 3"#);
    assert!(how(&[0, 0]).contains("{...}"), "too short to be one");
}

#[test]
fn sets_of_which_one_could_not_be_read_are_addresses() {
    let entered = |flags: u8| {
        let sets = [halfwords(&[9]), words(&[1 << 3])].concat();
        let enter = call("select").enter().next_blob(0, flags, &sets).arg(0x7f00).arg(0).arg(0).arg(0);
        line_entered(enter, call("select").arg(9).arg(0x7f00).arg(0).arg(0).arg(0).result(-14))
    };
    assert!(entered(0).starts_with("select(9, [3], NULL"), "{}", entered(0));
    assert!(entered(blob_flags::CUT).starts_with("select(9, 0x7f00, NULL"), "{}", entered(blob_flags::CUT));
}
