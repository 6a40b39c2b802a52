//! Network interfaces of the host's own network namespace (`Documentation/networking/statistics.rst`).
//!
//! The ends that containers' interfaces have on the host are left out: there is one a pod, their names come and go, and
//! what goes through them goes through others, too.

use crate::reading::{Reading, number, read as text_of};
use crate::roots::Roots;
use rewind_otlp::metric::sheet::{Sheet, value};

/// An interface, received and transmitted in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub bytes: [u64; 2],
    /// Packets.
    pub packets: [u64; 2],
    /// Errors.
    pub errors: [u64; 2],
    /// Packets that were dropped for want of room.
    pub dropped: [u64; 2],
}

/// Interfaces; `None`: the text is not such a file.
#[must_use]
pub fn parse(text: &str) -> Option<Vec<Interface>> {
    let interfaces: Vec<_> = text.lines().skip(2).filter_map(interface).collect();
    (!interfaces.is_empty()).then_some(interfaces)
}

fn interface(line: &str) -> Option<Interface> {
    // A name may hold a colon, as aliases do.
    let (name, columns) = line.rsplit_once(':')?;
    let columns: Vec<u64> = columns.split_ascii_whitespace().map_while(|column| column.parse().ok()).collect();
    let of = |at| Some([*columns.get(at)?, *columns.get(at + 8)?]);
    let name = name.trim().to_owned();
    Some(Interface { name, bytes: of(0)?, packets: of(1)?, errors: of(2)?, dropped: of(3)? })
}

/// Whether it is one end of a pair: it leads to another interface, and is of no kind of its own, as a VLAN is. All of
/// `veth`, whatever a network's plugin calls them.
fn is_end_of_pair(roots: &Roots, name: &str) -> bool {
    let dir = roots.sys.join("class/net").join(name);
    let [own, other] = ["ifindex", "iflink"].map(|file| number(&dir.join(file)));
    let has_kind = text_of(&dir.join("uevent")).is_ok_and(|text| text.lines().any(|line| line.starts_with("DEVTYPE=")));
    other.is_some_and(|other| other != 0) && other != own && !has_kind
}

pub(crate) fn read(reading: &mut Reading<'_>) -> Vec<Interface> {
    let interfaces = reading.proc("1/net/dev", parse).unwrap_or_default();
    interfaces.into_iter().filter(|interface| !is_end_of_pair(reading.roots, &interface.name)).collect()
}

pub(crate) fn metrics(interfaces: &[Interface], sheet: &mut Sheet<'_>) {
    let by_direction = |of: fn(&Interface) -> [u64; 2]| {
        let of = interfaces.iter().map(move |interface| (interface.name.as_str(), of(interface)));
        of.flat_map(|(name, [received, transmitted])| {
            let ways = [("receive", received), ("transmit", transmitted)];
            ways.map(|(way, number)| value(number, &[("device", name), ("direction", way)]))
        })
        .collect()
    };
    let bytes = by_direction(|interface| interface.bytes);
    sheet.counter("system.network.io", "By", "Bytes received and transmitted", bytes);
    let packets = by_direction(|interface| interface.packets);
    sheet.counter("system.network.packets", "{packets}", "Packets received and transmitted", packets);
    let errors = by_direction(|interface| interface.errors);
    sheet.counter("system.network.errors", "{errors}", "Errors of receiving and transmitting", errors);
    let dropped = by_direction(|interface| interface.dropped);
    sheet.counter("system.network.dropped", "{packets}", "Packets that were dropped", dropped);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "Inter-|   Receive    |  Transmit\n face |bytes    packets errs drop|bytes\n";

    #[test]
    fn columns_are_those_of_each_direction_with_or_without_a_space_before_them() {
        let text = format!(
            "{HEADING}    lo: 1 2 3 4 5 6 7 8 11 12 13 14 15 16 17 18\n  eth0:21 22 23 24 0 0 0 0 31 32 33 34 0 0 0 0 9\n\
             cut: 1 2 3\nodd: a b\n\n"
        );
        let all = parse(&text).unwrap();
        let of = |at: usize| (all[at].name.as_str(), all[at].bytes, all[at].packets, all[at].errors, all[at].dropped);
        assert_eq!(of(0), ("lo", [1, 11], [2, 12], [3, 13], [4, 14]));
        assert_eq!((all.len(), of(1)), (2, ("eth0", [21, 31], [22, 32], [23, 33], [24, 34])));
        assert_eq!(parse(HEADING), None);
    }

    #[test]
    fn ends_of_containers_are_told_from_other_interfaces() {
        let dir = tempfile::tempdir().unwrap();
        let interface = |name: &str, own: u32, other: u32, uevent: &str| {
            let dir = dir.path().join("class/net").join(name);
            std::fs::create_dir_all(&dir).unwrap();
            for (file, text) in
                [("ifindex", own.to_string()), ("iflink", other.to_string()), ("uevent", uevent.to_owned())]
            {
                std::fs::write(dir.join(file), text + "\n").unwrap();
            }
        };
        interface("eth0", 2, 2, "INTERFACE=eth0");
        interface("eth0.7", 3, 2, "DEVTYPE=vlan\nINTERFACE=eth0.7");
        interface("cali1", 4, 2, "INTERFACE=cali1");
        interface("tunl0", 5, 0, "INTERFACE=tunl0");
        let roots = Roots { proc: "/proc".into(), sys: dir.path().to_owned(), root: "/".into() };
        let left_out = ["eth0", "eth0.7", "cali1", "tunl0", "unknown"].map(|name| is_end_of_pair(&roots, name));
        assert_eq!(left_out, [false, false, true, false, false]);
    }
}
