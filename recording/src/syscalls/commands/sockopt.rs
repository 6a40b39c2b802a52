//! Options of sockets, by level (`asm-generic/socket.h`, `linux/tcp.h`, `linux/in.h`, `linux/in6.h`, ...).

use super::sockopt::OptionValue::{Credentials, Errno, Linger, Plain, Secret, Text};

/// What an option's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// A number where it has four bytes, else bytes.
    Plain,
    /// `struct linger`.
    Linger,
    /// `struct ucred`.
    Credentials,
    /// An errno, positive; 0: none.
    Errno,
    /// A string.
    Text,
    /// A key.
    Secret,
}

/// One option of a level.
#[derive(Clone, Copy, Debug)]
pub struct SocketOption {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub value: OptionValue,
}

/// The options of one level.
#[derive(Debug)]
pub struct Options {
    /// What stands for a number without a name, in the comment behind it.
    pub unknown: &'static str,
    /// By number.
    pub rows: &'static [SocketOption],
}

impl Options {
    /// The option of a number.
    #[must_use]
    pub fn row(&self, number: u64) -> Option<&'static SocketOption> {
        self.rows.iter().find(|option| u64::from(option.number) == number & u64::from(u32::MAX))
    }
}

/// The options of a level.
#[must_use]
pub fn options(level: u64) -> Option<&'static Options> {
    Some(match level as u32 {
        0 => &IP,
        1 => &SO,
        6 => &TCP,
        17 | 136 => &UDP,
        41 => &IPV6,
        270 => &NETLINK,
        279 => &ALG,
        _ => return None,
    })
}

/// What the value of an option is; [`OptionValue::Plain`] where it is not known.
#[must_use]
pub fn value(level: u64, option: u64) -> OptionValue {
    options(level).and_then(|options| options.row(option)).map_or(Plain, |option| option.value)
}

/// `SOL_SOCKET` and `SO_ERROR`: how a connection in the background went.
#[must_use]
pub const fn is_error(level: u64, option: u64) -> bool {
    level as u32 == 1 && option as u32 == 4
}

const fn option(number: u32, name: &'static str, value: OptionValue) -> SocketOption {
    SocketOption { number, name, value }
}

/// Of `SOL_SOCKET`.
#[rustfmt::skip]
static SO: Options = Options {
    unknown: "SO_???",
    rows: &[
        option(1, "SO_DEBUG", Plain),
        option(2, "SO_REUSEADDR", Plain),
        option(3, "SO_TYPE", Plain),
        option(4, "SO_ERROR", Errno),
        option(5, "SO_DONTROUTE", Plain),
        option(6, "SO_BROADCAST", Plain),
        option(7, "SO_SNDBUF", Plain),
        option(8, "SO_RCVBUF", Plain),
        option(9, "SO_KEEPALIVE", Plain),
        option(0xa, "SO_OOBINLINE", Plain),
        option(0xb, "SO_NO_CHECK", Plain),
        option(0xc, "SO_PRIORITY", Plain),
        option(0xd, "SO_LINGER", Linger),
        option(0xe, "SO_BSDCOMPAT", Plain),
        option(0xf, "SO_REUSEPORT", Plain),
        option(0x10, "SO_PASSCRED", Plain),
        option(0x11, "SO_PEERCRED", Credentials),
        option(0x12, "SO_RCVLOWAT", Plain),
        option(0x13, "SO_SNDLOWAT", Plain),
        option(0x14, "SO_RCVTIMEO_OLD", Plain),
        option(0x15, "SO_SNDTIMEO_OLD", Plain),
        option(0x16, "SO_SECURITY_AUTHENTICATION", Plain),
        option(0x17, "SO_SECURITY_ENCRYPTION_TRANSPORT", Plain),
        option(0x18, "SO_SECURITY_ENCRYPTION_NETWORK", Plain),
        option(0x19, "SO_BINDTODEVICE", Text),
        option(0x1a, "SO_ATTACH_FILTER", Plain),
        option(0x1b, "SO_DETACH_FILTER", Plain),
        option(0x1c, "SO_PEERNAME", Plain),
        option(0x1d, "SO_TIMESTAMP_OLD", Plain),
        option(0x1e, "SO_ACCEPTCONN", Plain),
        option(0x1f, "SO_PEERSEC", Plain),
        option(0x20, "SO_SNDBUFFORCE", Plain),
        option(0x21, "SO_RCVBUFFORCE", Plain),
        option(0x22, "SO_PASSSEC", Plain),
        option(0x23, "SO_TIMESTAMPNS_OLD", Plain),
        option(0x24, "SO_MARK", Plain),
        option(0x25, "SO_TIMESTAMPING_OLD", Plain),
        option(0x26, "SO_PROTOCOL", Plain),
        option(0x27, "SO_DOMAIN", Plain),
        option(0x28, "SO_RXQ_OVFL", Plain),
        option(0x29, "SO_WIFI_STATUS", Plain),
        option(0x2a, "SO_PEEK_OFF", Plain),
        option(0x2b, "SO_NOFCS", Plain),
        option(0x2c, "SO_LOCK_FILTER", Plain),
        option(0x2d, "SO_SELECT_ERR_QUEUE", Plain),
        option(0x2e, "SO_BUSY_POLL", Plain),
        option(0x2f, "SO_MAX_PACING_RATE", Plain),
        option(0x30, "SO_BPF_EXTENSIONS", Plain),
        option(0x31, "SO_INCOMING_CPU", Plain),
        option(0x32, "SO_ATTACH_BPF", Plain),
        option(0x33, "SO_ATTACH_REUSEPORT_CBPF", Plain),
        option(0x34, "SO_ATTACH_REUSEPORT_EBPF", Plain),
        option(0x35, "SO_CNX_ADVICE", Plain),
        option(0x36, "SCM_TIMESTAMPING_OPT_STATS", Plain),
        option(0x37, "SO_MEMINFO", Plain),
        option(0x38, "SO_INCOMING_NAPI_ID", Plain),
        option(0x39, "SO_COOKIE", Plain),
        option(0x3a, "SCM_TIMESTAMPING_PKTINFO", Plain),
        option(0x3b, "SO_PEERGROUPS", Plain),
        option(0x3c, "SO_ZEROCOPY", Plain),
        option(0x3d, "SO_TXTIME", Plain),
        option(0x3e, "SO_BINDTOIFINDEX", Plain),
        option(0x3f, "SO_TIMESTAMP_NEW", Plain),
        option(0x40, "SO_TIMESTAMPNS_NEW", Plain),
        option(0x41, "SO_TIMESTAMPING_NEW", Plain),
        option(0x42, "SO_RCVTIMEO_NEW", Plain),
        option(0x43, "SO_SNDTIMEO_NEW", Plain),
        option(0x44, "SO_DETACH_REUSEPORT_BPF", Plain),
        option(0x45, "SO_PREFER_BUSY_POLL", Plain),
        option(0x46, "SO_BUSY_POLL_BUDGET", Plain),
        option(0x47, "SO_NETNS_COOKIE", Plain),
        option(0x48, "SO_BUF_LOCK", Plain),
        option(0x49, "SO_RESERVE_MEM", Plain),
        option(0x4a, "SO_TXREHASH", Plain),
        option(0x4b, "SO_RCVMARK", Plain),
        option(0x4c, "SO_PASSPIDFD", Plain),
        option(0x4d, "SO_PEERPIDFD", Plain),
    ],
};

/// Of `SOL_TCP`.
#[rustfmt::skip]
static TCP: Options = Options {
    unknown: "TCP_???",
    rows: &[
        option(1, "TCP_NODELAY", Plain),
        option(2, "TCP_MAXSEG", Plain),
        option(3, "TCP_CORK", Plain),
        option(4, "TCP_KEEPIDLE", Plain),
        option(5, "TCP_KEEPINTVL", Plain),
        option(6, "TCP_KEEPCNT", Plain),
        option(7, "TCP_SYNCNT", Plain),
        option(8, "TCP_LINGER2", Plain),
        option(9, "TCP_DEFER_ACCEPT", Plain),
        option(0xa, "TCP_WINDOW_CLAMP", Plain),
        option(0xb, "TCP_INFO", Plain),
        option(0xc, "TCP_QUICKACK", Plain),
        option(0xd, "TCP_CONGESTION", Text),
        option(0xe, "TCP_MD5SIG", Secret),
        option(0xf, "TCP_COOKIE_TRANSACTIONS", Plain),
        option(0x10, "TCP_THIN_LINEAR_TIMEOUTS", Plain),
        option(0x11, "TCP_THIN_DUPACK", Plain),
        option(0x12, "TCP_USER_TIMEOUT", Plain),
        option(0x13, "TCP_REPAIR", Plain),
        option(0x14, "TCP_REPAIR_QUEUE", Plain),
        option(0x15, "TCP_QUEUE_SEQ", Plain),
        option(0x16, "TCP_REPAIR_OPTIONS", Plain),
        option(0x17, "TCP_FASTOPEN", Plain),
        option(0x18, "TCP_TIMESTAMP", Plain),
        option(0x19, "TCP_NOTSENT_LOWAT", Plain),
        option(0x1a, "TCP_CC_INFO", Plain),
        option(0x1b, "TCP_SAVE_SYN", Plain),
        option(0x1c, "TCP_SAVED_SYN", Plain),
        option(0x1d, "TCP_REPAIR_WINDOW", Plain),
        option(0x1e, "TCP_FASTOPEN_CONNECT", Plain),
        option(0x1f, "TCP_ULP", Text),
        option(0x20, "TCP_MD5SIG_EXT", Secret),
        option(0x21, "TCP_FASTOPEN_KEY", Secret),
        option(0x22, "TCP_FASTOPEN_NO_COOKIE", Plain),
        option(0x23, "TCP_ZEROCOPY_RECEIVE", Plain),
        option(0x24, "TCP_INQ", Plain),
        option(0x25, "TCP_TX_DELAY", Plain),
    ],
};

/// Of `SOL_IP`.
#[rustfmt::skip]
static IP: Options = Options {
    unknown: "IP_???",
    rows: &[
        option(1, "IP_TOS", Plain),
        option(2, "IP_TTL", Plain),
        option(3, "IP_HDRINCL", Plain),
        option(4, "IP_OPTIONS", Plain),
        option(5, "IP_ROUTER_ALERT", Plain),
        option(6, "IP_RECVOPTS", Plain),
        option(7, "IP_RETOPTS", Plain),
        option(8, "IP_PKTINFO", Plain),
        option(9, "IP_PKTOPTIONS", Plain),
        option(0xa, "IP_MTU_DISCOVER", Plain),
        option(0xb, "IP_RECVERR", Plain),
        option(0xc, "IP_RECVTTL", Plain),
        option(0xd, "IP_RECVTOS", Plain),
        option(0xe, "IP_MTU", Plain),
        option(0xf, "IP_FREEBIND", Plain),
        option(0x10, "IP_IPSEC_POLICY", Plain),
        option(0x11, "IP_XFRM_POLICY", Plain),
        option(0x12, "IP_PASSSEC", Plain),
        option(0x13, "IP_TRANSPARENT", Plain),
        option(0x14, "IP_ORIGDSTADDR", Plain),
        option(0x15, "IP_MINTTL", Plain),
        option(0x16, "IP_NODEFRAG", Plain),
        option(0x17, "IP_CHECKSUM", Plain),
        option(0x18, "IP_BIND_ADDRESS_NO_PORT", Plain),
        option(0x19, "IP_RECVFRAGSIZE", Plain),
        option(0x1a, "IP_RECVERR_RFC4884", Plain),
        option(0x20, "IP_MULTICAST_IF", Plain),
        option(0x21, "IP_MULTICAST_TTL", Plain),
        option(0x22, "IP_MULTICAST_LOOP", Plain),
        option(0x23, "IP_ADD_MEMBERSHIP", Plain),
        option(0x24, "IP_DROP_MEMBERSHIP", Plain),
        option(0x25, "IP_UNBLOCK_SOURCE", Plain),
        option(0x26, "IP_BLOCK_SOURCE", Plain),
        option(0x27, "IP_ADD_SOURCE_MEMBERSHIP", Plain),
        option(0x28, "IP_DROP_SOURCE_MEMBERSHIP", Plain),
        option(0x29, "IP_MSFILTER", Plain),
        option(0x2a, "MCAST_JOIN_GROUP", Plain),
        option(0x2b, "MCAST_BLOCK_SOURCE", Plain),
        option(0x2c, "MCAST_UNBLOCK_SOURCE", Plain),
        option(0x2d, "MCAST_LEAVE_GROUP", Plain),
        option(0x2e, "MCAST_JOIN_SOURCE_GROUP", Plain),
        option(0x2f, "MCAST_LEAVE_SOURCE_GROUP", Plain),
        option(0x30, "MCAST_MSFILTER", Plain),
        option(0x31, "IP_MULTICAST_ALL", Plain),
        option(0x32, "IP_UNICAST_IF", Plain),
    ],
};

/// Of `SOL_IPV6`.
#[rustfmt::skip]
static IPV6: Options = Options {
    unknown: "IPV6_???",
    rows: &[
        option(1, "IPV6_ADDRFORM", Plain),
        option(2, "IPV6_2292PKTINFO", Plain),
        option(3, "IPV6_2292HOPOPTS", Plain),
        option(4, "IPV6_2292DSTOPTS", Plain),
        option(5, "IPV6_2292RTHDR", Plain),
        option(6, "IPV6_2292PKTOPTIONS", Plain),
        option(7, "IPV6_CHECKSUM", Plain),
        option(8, "IPV6_2292HOPLIMIT", Plain),
        option(9, "IPV6_NEXTHOP", Plain),
        option(0xa, "IPV6_AUTHHDR", Plain),
        option(0xb, "IPV6_FLOWINFO", Plain),
        option(0x10, "IPV6_UNICAST_HOPS", Plain),
        option(0x11, "IPV6_MULTICAST_IF", Plain),
        option(0x12, "IPV6_MULTICAST_HOPS", Plain),
        option(0x13, "IPV6_MULTICAST_LOOP", Plain),
        option(0x14, "IPV6_ADD_MEMBERSHIP", Plain),
        option(0x15, "IPV6_DROP_MEMBERSHIP", Plain),
        option(0x16, "IPV6_ROUTER_ALERT", Plain),
        option(0x17, "IPV6_MTU_DISCOVER", Plain),
        option(0x18, "IPV6_MTU", Plain),
        option(0x19, "IPV6_RECVERR", Plain),
        option(0x1a, "IPV6_V6ONLY", Plain),
        option(0x1b, "IPV6_JOIN_ANYCAST", Plain),
        option(0x1c, "IPV6_LEAVE_ANYCAST", Plain),
        option(0x1d, "IPV6_MULTICAST_ALL", Plain),
        option(0x31, "IPV6_RECVPKTINFO", Plain),
        option(0x32, "IPV6_PKTINFO", Plain),
        option(0x33, "IPV6_RECVHOPLIMIT", Plain),
        option(0x34, "IPV6_HOPLIMIT", Plain),
        option(0x35, "IPV6_RECVHOPOPTS", Plain),
        option(0x36, "IPV6_HOPOPTS", Plain),
        option(0x37, "IPV6_RTHDRDSTOPTS", Plain),
        option(0x38, "IPV6_RECVRTHDR", Plain),
        option(0x39, "IPV6_RTHDR", Plain),
        option(0x3a, "IPV6_RECVDSTOPTS", Plain),
        option(0x3b, "IPV6_DSTOPTS", Plain),
        option(0x3c, "IPV6_RECVPATHMTU", Plain),
        option(0x3d, "IPV6_PATHMTU", Plain),
        option(0x3e, "IPV6_DONTFRAG", Plain),
        option(0x42, "IPV6_RECVTCLASS", Plain),
        option(0x43, "IPV6_TCLASS", Plain),
        option(0x46, "IPV6_AUTOFLOWLABEL", Plain),
        option(0x48, "IPV6_ADDR_PREFERENCES", Plain),
        option(0x49, "IPV6_MINHOPCOUNT", Plain),
        option(0x4a, "IPV6_ORIGDSTADDR", Plain),
        option(0x4b, "IPV6_TRANSPARENT", Plain),
        option(0x4c, "IPV6_UNICAST_IF", Plain),
        option(0x4e, "IPV6_FREEBIND", Plain),
    ],
};

/// Of `SOL_UDP`.
#[rustfmt::skip]
static UDP: Options = Options {
    unknown: "UDP_???",
    rows: &[
        option(1, "UDP_CORK", Plain),
        option(0x64, "UDP_ENCAP", Plain),
        option(0x65, "UDP_NO_CHECK6_TX", Plain),
        option(0x66, "UDP_NO_CHECK6_RX", Plain),
        option(0x67, "UDP_SEGMENT", Plain),
        option(0x68, "UDP_GRO", Plain),
    ],
};

/// Of `SOL_NETLINK`.
#[rustfmt::skip]
static NETLINK: Options = Options {
    unknown: "NETLINK_???",
    rows: &[
        option(1, "NETLINK_ADD_MEMBERSHIP", Plain),
        option(2, "NETLINK_DROP_MEMBERSHIP", Plain),
        option(3, "NETLINK_PKTINFO", Plain),
        option(4, "NETLINK_BROADCAST_ERROR", Plain),
        option(5, "NETLINK_NO_ENOBUFS", Plain),
        option(6, "NETLINK_RX_RING", Plain),
        option(7, "NETLINK_TX_RING", Plain),
        option(8, "NETLINK_LISTEN_ALL_NSID", Plain),
        option(9, "NETLINK_LIST_MEMBERSHIPS", Plain),
        option(0xa, "NETLINK_CAP_ACK", Plain),
        option(0xb, "NETLINK_EXT_ACK", Plain),
        option(0xc, "NETLINK_GET_STRICT_CHK", Plain),
    ],
};

/// Of `SOL_ALG` (`linux/if_alg.h`).
static ALG: Options = Options {
    unknown: "ALG_???",
    rows: &[
        option(1, "ALG_SET_KEY", Secret),
        option(2, "ALG_SET_IV", Plain),
        option(3, "ALG_SET_OP", Plain),
        option(4, "ALG_SET_AEAD_ASSOCLEN", Plain),
        option(5, "ALG_SET_AEAD_AUTHSIZE", Plain),
        option(6, "ALG_SET_DRBG_ENTROPY", Secret),
        option(7, "ALG_SET_KEY_BY_KEY_SERIAL", Plain),
    ],
};
