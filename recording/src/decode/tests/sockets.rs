use super::*;
use rewind_common::call::{flags, part};

const LOOPBACK: [u8; 16] = [2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn socket_shows_family_type_and_the_protocol_of_the_family() {
    assert_eq!(
        line(call("socket").arg(2).arg(0o2_000_001).arg(6).result(17)),
        "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 17"
    );
    assert_eq!(line(call("socket").arg(1).arg(5).arg(0).result(3)), "socket(AF_UNIX, SOCK_SEQPACKET, 0) = 3");
    assert_eq!(line(call("socket").arg(16).arg(3).arg(0).result(3)), "socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3");
}

#[test]
fn connect_shows_the_address_that_was_copied_when_it_started() {
    let enter = single(nr("connect")).enter().arg(18).pointed(&LOOPBACK).arg(16);
    let exit = call("connect").arg(18).arg(0x7ffe).arg(16).flags(flags::ENTERED).result(-111);
    assert_eq!(
        line_entered(enter, exit),
        "connect(18, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = -1 ECONNREFUSED \
         (Connection refused)"
    );
}

#[test]
fn connect_whose_start_is_lost_shows_the_address_of_the_address() {
    assert_eq!(line(call("connect").arg(18).arg(0x7ffe).arg(16).flags(flags::ENTERED)), "connect(18, 0x7ffe, 16) = 0");
}

#[test]
fn addresses_of_other_families_are_shown_too() {
    let mut v6 = vec![10, 0, 0, 80];
    v6.extend([0; 19]);
    v6.extend([1, 0, 0, 0, 0]);
    let shown = |bytes: &[u8]| {
        let line = line(call("connect").arg(3).pointed(bytes).arg(bytes.len() as u64));
        line["connect(3, ".len()..].rsplit_once(", ").unwrap().0.to_owned()
    };
    assert_eq!(
        shown(&v6),
        "{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"::1\", &sin6_addr), \
         sin6_scope_id=0}"
    );
    assert_eq!(shown(b"\x01\0/run/x\0junk"), r#"{sa_family=AF_UNIX, sun_path="/run/x"}"#);
    assert_eq!(shown(b"\x01\0\0name"), r#"{sa_family=AF_UNIX, sun_path=@"name"}"#);
    assert_eq!(shown(b"\x01\0"), "{sa_family=AF_UNIX}");
    assert_eq!(shown(&[16, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0]), "{sa_family=AF_NETLINK, nl_pid=7, nl_groups=00000001}");
    assert_eq!(shown(b"\x02\0\xd5\xa2"), r#"{sa_family=AF_INET, sa_data="\325\242"}"#);
}

#[test]
fn accept_shows_who_came_and_how_long_the_address_is() {
    assert_eq!(
        line(call("accept4").arg(17).pointed(&LOOPBACK).pointed(&halfwords(&[16])).arg(0o2_004_000).result(19)),
        "accept4(17, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, [16], \
         SOCK_CLOEXEC|SOCK_NONBLOCK) = 19"
    );
    assert_eq!(
        line(call("getsockname").arg(17).pointed(&LOOPBACK).pointed(&halfwords(&[128, 16]))),
        "getsockname(17, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, [128 => 16]) = 0"
    );
    assert_eq!(
        line(call("accept").arg(3).arg(0x7ffe).pointed(&halfwords(&[128])).result(-11)),
        "accept(3, 0x7ffe, [128]) = -1 EAGAIN (Resource temporarily unavailable)"
    );
    assert_eq!(line(call("accept").arg(3).arg(0).arg(0x7ffe).result(4)), "accept(3, NULL, 0x7ffe) = 4");
    assert_eq!(line(call("accept4").arg(17).arg(0).arg(0).arg(0).result(9)), "accept4(17, NULL, NULL, 0) = 9");
}

#[test]
fn socket_options_are_shown_by_level() {
    let set = |level, name, bytes: &[u8]| {
        line(call("setsockopt").arg(17).arg(level).arg(name).pointed(bytes).arg(bytes.len() as u64))
    };
    assert_eq!(set(1, 2, &[1, 0, 0, 0]), "setsockopt(17, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0");
    assert_eq!(set(6, 1, &[1, 0, 0, 0]), "setsockopt(17, SOL_TCP, TCP_NODELAY, [1], 4) = 0");
    assert_eq!(set(0, 1, &[1, 0, 0, 0]), "setsockopt(17, SOL_IP, IP_TOS, [1], 4) = 0");
    assert_eq!(
        set(1, 13, &[1, 0, 0, 0, 5, 0, 0, 0]),
        "setsockopt(17, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=5}, 8) = 0"
    );
    assert_eq!(set(6, 13, b"cubic"), r#"setsockopt(17, SOL_TCP, TCP_CONGESTION, "cubic", 5) = 0"#);
    assert_eq!(set(77, 3, &[1, 0, 0, 0]), "setsockopt(17, 0x4d /* SOL_?? */, 3, [1], 4) = 0");
    assert_eq!(
        line(call("getsockopt").arg(17).arg(1).arg(4).pointed(&[0; 4]).pointed(&halfwords(&[4]))),
        "getsockopt(17, SOL_SOCKET, SO_ERROR, [0], [4]) = 0"
    );
}

#[test]
fn messages_show_name_vector_and_control_data() {
    let header = words(&[0, 0, 0x1000, 1, 0x2000, 24, 0]);
    let control = [words(&[24]), halfwords(&[1, 1, 1, 2])].concat();
    assert_eq!(
        line(
            call("sendmsg")
                .arg(25)
                .pointed(&header)
                .arg(0)
                .blob(1, part::VECTOR, 0, &words(&[0x3000, 4]))
                .blob(1, part::BYTES, 0, b"data")
                .blob(1, part::CONTROL, 0, &control)
                .result(4)
        ),
        "sendmsg(25, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"data\", iov_len=4}], msg_iovlen=1, \
         msg_control=[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[1, 2]}], msg_controllen=24, \
         msg_flags=0}, 0) = 4"
    );
    assert_eq!(
        line(
            call("recvmsg")
                .arg(21)
                .pointed(&words(&[0x5000, 16, 0x1000, 1, 0, 0, 0]))
                .arg(0x40)
                .blob(1, part::NAME, 0, &LOOPBACK)
                .blob(1, part::VECTOR, 0, &words(&[0x3000, 100]))
                .blob(1, part::BYTES, 0, b"self")
                .result(4)
        ),
        "recvmsg(21, {msg_name={sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, \
         msg_namelen=16, msg_iov=[{iov_base=\"self\", iov_len=100}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, \
         MSG_DONTWAIT) = 4"
    );
}

#[test]
fn a_message_says_how_much_room_there_was_for_the_senders_name() {
    let header = words(&[0x5000, 16, 0x1000, 1, 0, 0, 0]);
    assert_eq!(
        line(
            call("recvmsg")
                .arg(21)
                .pointed(&header)
                .arg(0)
                .blob(1, part::NAME, 0, &LOOPBACK)
                .blob(1, part::NAME_LENGTH, 0, &halfwords(&[128]))
                .blob(1, part::VECTOR, 0, &words(&[0x3000, 100]))
                .result(4)
        ),
        "recvmsg(21, {msg_name={sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, \
         msg_namelen=128 => 16, msg_iov=[{iov_base=0x3000, iov_len=100}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, \
         0) = 4"
    );
    assert_eq!(
        line(call("recvmsg").arg(21).next_blob(part::NAME_LENGTH, 0, &halfwords(&[128])).arg(0).result(-11)),
        "recvmsg(21, {msg_namelen=128}, 0) = -1 EAGAIN (Resource temporarily unavailable)"
    );
}

#[test]
fn several_messages_are_told_apart() {
    let header = |control: u64| words(&[0, 0, 0x1000, 1, 0x2000 * control, 16 * control, 0]);
    let control = [words(&[16]), halfwords(&[1, 1])].concat();
    assert_eq!(
        line(
            call("sendmmsg")
                .arg(7)
                .pointed(&header(0))
                .arg(3)
                .arg(0x4000)
                .blob(1, part::VECTOR, 0, &words(&[0x3000, 2]))
                .blob(1, part::BYTES, 0, b"ab")
                .blob(1, part::LENGTH, 0, &halfwords(&[2]))
                .blob(1, part::WHOLE, 0, &header(1))
                .blob(1, part::VECTOR, 0, &words(&[0x5000, 3]))
                .blob(1, part::CONTROL, 0, &control)
                .blob(1, part::LENGTH, 0, &halfwords(&[3]))
                .result(2)
        ),
        "sendmmsg(7, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"ab\", iov_len=2}], msg_iovlen=1, \
         msg_controllen=0, msg_flags=0}, msg_len=2}, {msg_hdr={msg_name=NULL, msg_namelen=0, \
         msg_iov=[{iov_base=0x5000, iov_len=3}], msg_iovlen=1, msg_control=[{cmsg_len=16, cmsg_level=SOL_SOCKET, \
         cmsg_type=SCM_RIGHTS}], msg_controllen=16, msg_flags=0}, msg_len=3}], 3, MSG_NOSIGNAL) = 2"
    );
    assert_eq!(
        line(call("recvmmsg").arg(7).arg(0x7ffe).arg(3).arg(0).arg(0).result(-11)),
        "recvmmsg(7, 0x7ffe, 3, 0, NULL) = -1 EAGAIN (Resource temporarily unavailable)"
    );
}

#[test]
fn sendto_without_payload_shows_the_pointer_and_the_destination() {
    assert_eq!(
        line(call("sendto").arg(21).arg(0x1000).arg(1).arg(0x4000).pointed(&LOOPBACK).arg(16).result(1)),
        "sendto(21, 0x1000, 1, MSG_NOSIGNAL, {sa_family=AF_INET, sin_port=htons(80), \
         sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 1"
    );
}
