use super::*;
use rewind_common::call::{blob_flags, part};

#[test]
fn the_last_bytes_of_a_long_write_stand_behind_the_first() {
    let write = |total| {
        let first = call("write").arg(2).next_blob(part::WHOLE, blob_flags::CUT, b"Error: x\n");
        line(first.blob(1, part::WHOLE, blob_flags::LAST, b"Caused by: y\n").arg(total).result(3000))
    };
    assert_eq!(write(3000), r#"write(2, "Error: x\n"..."Caused by: y\n", 3000) = 3000"#);
    // Where not all that was kept may be shown, it is the beginning.
    let long = call("write").arg(2).next_blob(part::WHOLE, blob_flags::CUT, &[b'x'; 20]);
    let long = long.blob(1, part::WHOLE, blob_flags::LAST, &[b'y'; 20]).arg(3000).result(3000);
    assert_eq!(line(long), format!(r#"write(2, "{}"..., 3000) = 3000"#, "x".repeat(20)));
    let vector = call("writev").arg(2).pointed(&words(&[0x1000, 0, 0x2000, 3000]));
    let vector = vector.blob(1, part::BYTES, 0, b"").blob(1, part::BYTES + 1, blob_flags::CUT, b"a");
    let vector = vector.blob(1, part::BYTES + 1, blob_flags::LAST, b"z").arg(2).result(3000);
    assert_eq!(line(vector), r#"writev(2, [{iov_base="", iov_len=0}, {iov_base="a"..."z", iov_len=3000}], 2) = 3000"#);
}

#[test]
fn openat_shows_the_path_the_caller_passed() {
    assert_eq!(
        line(call("openat").arg(HERE).string("/etc/hosts").arg(0o2_000_000).arg(0).result(3)),
        r#"openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3"#
    );
    assert_eq!(
        line(call("openat").arg(HERE).string("/tmp/x").arg(0o1102).arg(0o644).result(3)),
        r#"openat(AT_FDCWD, "/tmp/x", O_RDWR|O_CREAT|O_TRUNC, 0644) = 3"#
    );
    assert_eq!(
        line(call("openat").arg(HERE).string("/nonexistent\u{1}").arg(0o2_204_000).arg(0).result(-2)),
        r#"openat(AT_FDCWD, "/nonexistent\1", O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY) = -1 ENOENT (No such file or directory)"#
    );
}

#[test]
fn open_flags_have_the_bits_of_their_architecture() {
    let bytes = single(56).arg(HERE).string("d").arg(0o40_000).arg(0).result(3).build();
    let style = Style { arch: Arch::Aarch64, ..Style::default() };
    assert_eq!(
        text(&Invocation { call: parsed(&bytes), enter: None }, &style),
        r#"openat(AT_FDCWD, "d", O_RDONLY|O_DIRECTORY) = 3"#
    );
}

#[test]
fn what_could_not_be_read_is_shown_as_its_address() {
    assert_eq!(
        line(call("openat").arg(HERE).unread(0x7ffe_0000_1000).arg(0).arg(0).result(-14)),
        "openat(AT_FDCWD, 0x7ffe00001000, O_RDONLY) = -1 EFAULT (Bad address)"
    );
    assert_eq!(line(call("chdir").arg(0).result(-14)), "chdir(NULL) = -1 EFAULT (Bad address)");
}

#[test]
fn a_path_that_was_cut_ends_in_dots() {
    assert_eq!(line(call("chdir").next_blob(part::WHOLE, blob_flags::CUT, b"/long")), r#"chdir("/long"...) = 0"#);
}

#[test]
fn write_shows_the_bytes_as_c_would_write_them() {
    let bytes = b"hello\n\0\x1b[1m\xff9 world this is a long text indeed";
    assert_eq!(
        line(call("write").arg(3).pointed(bytes).arg(47).result(47)),
        r#"write(3, "hello\n\0\33[1m\3779 world this is a lo"..., 47) = 47"#
    );
}

#[test]
fn read_shows_as_many_bytes_as_it_returned() {
    assert_eq!(line(call("read").arg(3).pointed(b"hello").arg(512).result(5)), r#"read(3, "hello", 512) = 5"#);
    assert_eq!(line(call("read").arg(3).arg(0x7f00).arg(512).result(0)), r#"read(3, "", 512) = 0"#);
    assert_eq!(line(call("read").arg(3).arg(0x7f00).arg(512).result(5)), "read(3, 0x7f00, 512) = 5");
    assert_eq!(
        line(call("read").arg(3).arg(0x7f00).arg(512).result(-11)),
        "read(3, 0x7f00, 512) = -1 EAGAIN (Resource temporarily unavailable)"
    );
}

#[test]
fn an_interrupted_line_is_split_before_the_first_argument_that_is_written() {
    assert_eq!(
        halves(call("read").arg(3).pointed(b"hello").arg(512).result(5)),
        ("3, ".to_owned(), "\"hello\", 512".to_owned())
    );
    assert_eq!(halves(call("close").arg(3)), ("3".to_owned(), String::new()));
    assert_eq!(halves(call("pipe").pointed(&halfwords(&[3, 4]))), (String::new(), "[3, 4]".to_owned()));
}

#[test]
fn vectors_show_their_bytes_where_these_were_kept() {
    let vector = words(&[0x1000, 3, 0x2000, 6, 0x3000, 0]);
    assert_eq!(
        line(
            call("writev")
                .arg(3)
                .pointed(&vector)
                .arg(3)
                .blob(1, part::BYTES, 0, b"abc")
                .blob(1, part::BYTES + 1, 0, b"defgh\n")
                .result(9)
        ),
        r#"writev(3, [{iov_base="abc", iov_len=3}, {iov_base="defgh\n", iov_len=6}, {iov_base="", iov_len=0}], 3) = 9"#
    );
    assert_eq!(
        line(call("writev").arg(3).pointed(&words(&[0x1000, 3])).arg(1).result(3)),
        "writev(3, [{iov_base=0x1000, iov_len=3}], 1) = 3"
    );
    assert_eq!(
        line(
            call("readv")
                .arg(3)
                .pointed(&words(&[0x1000, 4, 0x2000, 100]))
                .arg(2)
                .blob(1, part::BYTES, 0, b"hell")
                .blob(1, part::BYTES + 1, 0, b"o")
                .result(5)
        ),
        r#"readv(3, [{iov_base="hell", iov_len=4}, {iov_base="o", iov_len=100}], 2) = 5"#
    );
}

fn stat(mode: u32, device: u64, size: u64) -> Vec<u8> {
    [halfwords(&[mode, 0, 0, 0]), words(&[device, size])].concat()
}

#[test]
fn stat_shows_type_permissions_and_size_or_device() {
    assert_eq!(
        line(call("newfstatat").arg(HERE).string("/usr/bin/passwd").pointed(&stat(0o104_755, 0, 68248)).arg(0)),
        r#"newfstatat(AT_FDCWD, "/usr/bin/passwd", {st_mode=S_IFREG|S_ISUID|0755, st_size=68248, ...}, 0) = 0"#
    );
    assert_eq!(
        line(call("newfstatat").arg(HERE).string("/dev/null").pointed(&stat(0o20_666, 0x103, 0)).arg(0x100)),
        r#"newfstatat(AT_FDCWD, "/dev/null", {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}, AT_SYMLINK_NOFOLLOW) = 0"#
    );
    assert_eq!(line(call("fstat").arg(3).arg(0x7ffe).result(-9)), "fstat(3, 0x7ffe) = -1 EBADF (Bad file descriptor)");
}

#[test]
fn statx_shows_mask_attributes_mode_and_size() {
    let mut bytes = vec![0; 48];
    bytes[..4].copy_from_slice(&0x17ff_u32.to_le_bytes());
    bytes[28..30].copy_from_slice(&0o100_644_u16.to_le_bytes());
    bytes[40] = 47;
    assert_eq!(
        line(call("statx").arg(3).string("").arg(0x1000).arg(0x7ff).pointed(&bytes)),
        "statx(3, \"\", AT_STATX_SYNC_AS_STAT|AT_EMPTY_PATH, STATX_BASIC_STATS, {stx_mask=STATX_BASIC_STATS|STATX_MNT_ID, \
         stx_attributes=0, stx_mode=S_IFREG|0644, stx_size=47, ...}) = 0"
    );
}

#[test]
fn readlink_and_getcwd_show_what_they_returned() {
    assert_eq!(
        line(call("readlink").string("/proc/self/exe").pointed(b"/tmp/w/t/t").arg(100).result(10)),
        r#"readlink("/proc/self/exe", "/tmp/w/t/t", 100) = 10"#
    );
    assert_eq!(line(call("getcwd").pointed(b"/tmp/w/t\0").arg(100).result(9)), r#"getcwd("/tmp/w/t", 100) = 9"#);
    assert_eq!(
        line(call("getcwd").arg(0x7ffe).arg(1).result(-34)),
        "getcwd(0x7ffe, 1) = -1 ERANGE (Numerical result out of range)"
    );
}

#[test]
fn times_of_files_stand_with_their_date() {
    let times = words(&[0, 0x3fff_ffff, 0, 0x3fff_fffe]);
    assert_eq!(
        line(call("utimensat").arg(HERE).string("x").pointed(&times).arg(0)),
        r#"utimensat(AT_FDCWD, "x", [UTIME_NOW, UTIME_OMIT], 0) = 0"#
    );
    assert_eq!(
        line(call("utimensat").arg(3).arg(0).pointed(&words(&[1_700_000_000, 5, 0, 0])).arg(0)),
        "utimensat(3, NULL, [{tv_sec=1700000000, tv_nsec=5} /* 2023-11-14T22:13:20.000000005+0000 */, \
         {tv_sec=0, tv_nsec=0}], 0) = 0"
    );
}

#[test]
fn fcntl_shows_what_its_command_means() {
    assert_eq!(
        line(call("fcntl").arg(3).arg(3).arg(0).result(0x8002)),
        "fcntl(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)"
    );
    assert_eq!(line(call("fcntl").arg(3).arg(4).arg(0o6000)), "fcntl(3, F_SETFL, O_RDONLY|O_APPEND|O_NONBLOCK) = 0");
    assert_eq!(line(call("fcntl").arg(3).arg(2).arg(1)), "fcntl(3, F_SETFD, FD_CLOEXEC) = 0");
    assert_eq!(line(call("fcntl").arg(3).arg(1030).arg(20).result(20)), "fcntl(3, F_DUPFD_CLOEXEC, 20) = 20");
    assert_eq!(line(call("fcntl").arg(3).arg(1025).arg(0).result(2)), "fcntl(3, F_GETLEASE) = 0x2 (F_UNLCK)");
}

#[test]
fn ioctl_shows_known_objects_and_how_unknown_commands_are_made_up() {
    assert_eq!(
        line(call("ioctl").arg(0).arg(0x5401).arg(0x7ffe).result(-25)),
        "ioctl(0, TCGETS, 0x7ffe) = -1 ENOTTY (Inappropriate ioctl for device)"
    );
    assert_eq!(
        line(call("ioctl").arg(1).arg(0x5413).pointed(&[24, 0, 80, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9])),
        "ioctl(1, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0"
    );
    assert_eq!(line(call("ioctl").arg(3).arg(0x5421).pointed(&[1; 4])), "ioctl(3, FIONBIO, [16843009]) = 0");
    assert_eq!(line(call("ioctl").arg(3).arg(0x5451).arg(0)), "ioctl(3, FIOCLEX) = 0");
    assert_eq!(
        line(call("ioctl").arg(3).arg(0x1234_5678).arg(0x7ffe).result(-25)),
        "ioctl(3, _IOC(_IOC_NONE, 0x56, 0x78, 0x1234), 0x7ffe) = -1 ENOTTY (Inappropriate ioctl for device)"
    );
}

#[test]
fn mount_shows_its_strings_and_flags() {
    assert_eq!(
        line(call("mount").string("none").string("/mnt").string("tmpfs").arg(6).string("size=1k").result(-2)),
        r#"mount("none", "/mnt", "tmpfs", MS_NOSUID|MS_NODEV, "size=1k") = -1 ENOENT (No such file or directory)"#
    );
}

#[test]
fn the_descriptors_of_a_process_are_followed() {
    let mut tables = super::super::descriptors::Tables::default();
    let mut feed = |record: CallBuilder<Vec<u8>>| {
        let bytes = record.build();
        tables.feed(7, &Invocation { call: parsed(&bytes), enter: None }, Arch::X86_64);
    };
    feed(call("openat").arg(HERE).string("/etc").arg(0o2_200_000).arg(0).result(3));
    feed(call("openat").arg(3).string("hosts").arg(0).arg(0).result(4));
    feed(call("socket").arg(2).arg(1).arg(0).result(5));
    feed(call("connect").arg(5).pointed(&[2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]).arg(16));
    feed(call("dup2").arg(4).arg(9).result(9));
    feed(call("close").arg(4));
    feed(call("pipe").pointed(&halfwords(&[10, 11])));
    feed(call("execve").string("/bin/true").arg(0).arg(0));
    tables.started(8, 7);
    let table = tables.of(8).unwrap();
    assert_eq!(table.text(3), None, "closed by exec");
    assert_eq!(table.text(4), None, "closed");
    assert_eq!(table.text(5), Some("TCP:[->127.0.0.1:80]"));
    assert_eq!(table.text(9), Some("/etc/hosts"));
    assert_eq!(table.text(10), Some("pipe"));
    let bytes = call("read").arg(9).arg(0x1000).arg(10).result(3).build();
    let mut out = String::new();
    write_arguments(&mut out, &Invocation { call: parsed(&bytes), enter: None }, &Style::default(), Some(table));
    assert_eq!(out, "9</etc/hosts>, 0x1000, 10");
}

#[test]
fn what_a_descriptor_was_before_calls_are_missing_is_unsure() {
    let mut tables = super::super::descriptors::Tables::complete_from(100);
    let mut feed = |at_ns: u64, record: CallBuilder<Vec<u8>>| {
        let bytes = record.at(at_ns, 1).build();
        tables.feed(7, &Invocation { call: parsed(&bytes), enter: None }, Arch::X86_64);
    };
    feed(98, call("openat").arg(HERE).string("/old").arg(0).arg(0).result(3));
    // It began before that time, and returned then.
    feed(99, call("openat").arg(HERE).string("/new").arg(0).arg(0).result(4));
    feed(101, call("dup2").arg(3).arg(5).result(5));
    tables.opened(99, (7, 6), "pipe:[1]", false);
    let table = tables.of(7).unwrap();
    assert_eq!([3, 4, 5, 6, 7].map(|fd| table.is_sure(fd)), [false, true, false, false, false]);
    let read = |fd: u64| {
        let bytes = call("read").arg(fd).arg(0x1000).arg(10).result(3).build();
        let mut out = String::new();
        write_arguments(&mut out, &Invocation { call: parsed(&bytes), enter: None }, &Style::default(), Some(table));
        out
    };
    assert_eq!([read(3), read(4)], ["3</old>?, 0x1000, 10", "4</new>, 0x1000, 10"]);
}

#[test]
fn a_child_need_not_have_what_a_shell_had_in_place_of_its_output() {
    let inherited = |complete_from_ns: u64| {
        let mut tables = super::super::descriptors::Tables::complete_from(complete_from_ns);
        tables.opened(50, (7, 2), "/dev/null", false);
        tables.opened(50, (7, 3), "/dev/null", false);
        tables.started(8, 7);
        let table = tables.of(8).unwrap();
        [2, 3].map(|fd| table.text(fd).map(str::to_owned))
    };
    let nowhere = Some("/dev/null".to_owned());
    assert_eq!(inherited(40), [nowhere.clone(), nowhere.clone()]);
    assert_eq!(inherited(60), [None, nowhere]);
}

#[test]
fn sendfile_shows_how_far_it_came() {
    assert_eq!(
        line(call("sendfile").arg(4).arg(3).pointed(&words(&[7, 17])).arg(10).result(10)),
        "sendfile(4, 3, [7] => [17], 10) = 10"
    );
    assert_eq!(
        line(call("sendfile").arg(4).arg(3).pointed(&words(&[7])).arg(10).result(-11)),
        "sendfile(4, 3, [7], 10) = -1 EAGAIN (Resource temporarily unavailable)"
    );
    assert_eq!(line(call("sendfile").arg(4).arg(3).arg(0).arg(10)), "sendfile(4, 3, NULL, 10) = 0");
}

#[test]
fn readlink_shows_as_much_as_of_any_string() {
    assert_eq!(
        line(call("readlink").string("/l").pointed(b"/a/very/long/path/that/goes/on/and/on").arg(4095).result(37)),
        r#"readlink("/l", "/a/very/long/path/that/goes/on/a"..., 4095) = 37"#
    );
}
