//! Calls of the 32-bit tables.

use super::*;
use rewind_common::call::{blob_flags, flags, part};

const LOOPBACK: [u8; 16] = [2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];

fn compat(nr: u16) -> CallBuilder<Vec<u8>> {
    single(nr).flags(flags::COMPAT)
}

#[test]
fn a_32_bit_call_reads_by_its_own_number() {
    assert_eq!(
        line(compat(5).string("/etc/app.conf").arg(0x241).arg(0o644).result(3)),
        r#"open("/etc/app.conf", O_WRONLY|O_CREAT|O_TRUNC, 0644 /* 32-bit */) = 3"#
    );
    assert_eq!(line(compat(37).arg(1).arg(15)), "kill(1, SIGTERM /* 32-bit */) = 0");
    assert_eq!(
        line(compat(55).arg(3).arg(1030).arg(20).result(20)),
        "fcntl(3, F_DUPFD_CLOEXEC, 0x14 /* 32-bit */) = 20"
    );
}

#[test]
fn the_tables_of_both_architectures_are_read() {
    let bytes = compat(322).arg(HERE & 0xffff_ffff).string("f").arg(0).arg(0).result(3).build();
    let style = Style { arch: Arch::Aarch64, ..Style::default() };
    let invocation = Invocation { call: parsed(&bytes), enter: None };
    assert_eq!(text(&invocation, &style), r#"openat(AT_FDCWD, "f", O_RDONLY /* 32-bit */) = 3"#);
}

#[test]
fn the_layout_of_a_signals_handler_is_that_of_32_bit_programs() {
    let action = halfwords(&[1, 0x1000_0000, 0, 1 << 9, 0]);
    assert_eq!(
        line(compat(174).arg(14).pointed(&action).arg(0).arg(8)),
        "rt_sigaction(SIGALRM, {sa_handler=SIG_IGN, sa_mask=[USR1], sa_flags=SA_RESTART}, NULL, 8 /* 32-bit */) = 0"
    );
}

#[test]
fn a_socketcall_is_the_call_that_it_makes() {
    let words = halfwords(&[3, 0x4000_0100, 16]);
    let connect = || compat(102).arg(3).next_blob(part::VECTOR, 0, &words);
    assert_eq!(
        line(connect().blob(1, part::WHOLE, 0, &LOOPBACK).result(-111)),
        r#"connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16 /* 32-bit */) = -1 ECONNREFUSED (Connection refused)"#
    );
    assert_eq!(line(connect()), "connect(3, 0x40000100, 16 /* 32-bit */) = 0");
    let socket = compat(102).arg(1).next_blob(part::VECTOR, 0, &halfwords(&[2, 1, 0])).result(3);
    assert_eq!(line(socket), "socket(AF_INET, SOCK_STREAM, IPPROTO_IP /* 32-bit */) = 3");
    let unread = compat(102).arg(3).next_blob(part::VECTOR, blob_flags::UNREAD, &7_u64.to_le_bytes()).result(-14);
    assert!(line(unread).starts_with("socketcall(SYS_CONNECT, "), "its arguments could not be read");
}

#[test]
fn a_table_of_descriptors_knows_what_32_bit_calls_do() {
    let mut tables = descriptors::Tables::default();
    let words = halfwords(&[3, 0x4000_0100, 16]);
    for record in [
        compat(359).arg(2).arg(1).arg(6).result(3),
        compat(102).arg(3).next_blob(part::VECTOR, 0, &words).blob(1, part::WHOLE, 0, &LOOPBACK),
    ] {
        let bytes = record.build();
        tables.feed(1, &Invocation { call: parsed(&bytes), enter: None }, Arch::X86_64);
    }
    assert_eq!(tables.of(1).unwrap().text(3), Some("TCP:[->127.0.0.1:80]"));
}
