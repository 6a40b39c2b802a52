//! TCP connections by state, of the host's own network namespace (`Documentation/networking/proc_net_tcp.rst`).
//!
//! Crate `procfs` reads addresses, too, which with a hundred thousand connections is most of the work. The Collector counts
//! what is in `FIN_WAIT_1` and `_2` under names without the last underscore, and gives zeros under those with it.

use crate::reading::Reading;
use rewind_otlp::metric::sheet::{Sheet, value};
use std::fs::File;
use std::io::{self, BufRead, BufReader};

/// States by the kernel's number less one (`include/net/tcp_states.h`), as the Collector names them.
pub const STATES: [&str; 11] = [
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT_1",
    "FIN_WAIT_2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
];

/// How many are in each.
pub type Connections = [u64; 11];

/// Adds those of a file.
///
/// # Errors
/// Those of reading.
pub fn count(mut file: impl BufRead, counts: &mut Connections) -> io::Result<()> {
    let mut line = Vec::new();
    // The heading.
    file.read_until(b'\n', &mut line)?;
    loop {
        line.clear();
        if file.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let count = state(&line).and_then(|state| counts.get_mut(usize::from(state)));
        count.into_iter().for_each(|count| *count += 1);
    }
}

/// The fourth column, in hexadecimal.
fn state(line: &[u8]) -> Option<u8> {
    let mut columns = line.split(u8::is_ascii_whitespace).filter(|column| !column.is_empty());
    let column = std::str::from_utf8(columns.nth(3)?).ok()?;
    u8::from_str_radix(column, 16).ok()?.checked_sub(1)
}

pub(crate) fn read(reading: &mut Reading<'_>) -> Option<Connections> {
    let mut counts = Connections::default();
    let mut of = |file: &str| {
        let file = File::open(reading.roots.proc.join(file))?;
        count(BufReader::with_capacity(1 << 16, file), &mut counts)
    };
    let read = of("1/net/tcp").and_then(|()| match of("1/net/tcp6") {
        // Where IPv6 is switched off.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        read => read,
    });
    read.map_err(|error| reading.unread("1/net/tcp", error)).ok()?;
    Some(counts)
}

pub(crate) fn metrics(connections: &Connections, sheet: &mut Sheet<'_>) {
    let values = STATES.iter().zip(connections);
    let values = values.map(|(state, count)| value(*count, &[("protocol", "tcp"), ("state", *state)])).collect();
    sheet.up_down("system.network.connections", "{connections}", "TCP connections by state", values);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_by_state_and_odd_lines_passed_over() {
        let text = b"  sl  local_address rem_address   st tx_queue rx_queue\n\
            0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 563\n\
            1: 0100007F:9A43 00000000:0000 0A 00000000:00000000\n\
            2: 0100007F:E292 7601007F:BC11 06 00000000:00000000 03:00000683\n\
            3: 00000000000000000000000000000000:0016 0:0 04\n\
            \n4: a b 00\n5: a b FF\n6: a b zz\n7: \xff a 01\n8: a b 01";
        let mut counts = Connections::default();
        count(&text[..], &mut counts).unwrap();
        let found: Vec<_> = STATES.iter().zip(counts).filter(|(_, count)| *count > 0).collect();
        assert_eq!(found, [(&"ESTABLISHED", 2), (&"FIN_WAIT_1", 1), (&"TIME_WAIT", 1), (&"LISTEN", 2)]);
    }
}
