//! A living server that turned away its last clients, each with the same words: it asks for a password that none of them
//! has, or takes no more of them.

use crate::facts::{Facts, Process};
use crate::finding::Finding;
use crate::groups::Group;
use crate::last_words::{failures, is_same, times_said};
use crate::weight::CLIENT_ERRORS;
use rewind_common::record::Connection;
use rewind_common::record::connection::{direction, what};
use rewind_recording::event::What;
use rewind_recording::events::connection;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

/// So many are more than one client that has the wrong password.
const LEAST: usize = 5;
/// Of more so many are looked at.
const LOOKED_AT: usize = 20;
/// Who is turned away is so soon.
const SOON_NS: u64 = 2_000_000_000;
/// And is spoken of so soon behind that.
const LOGGED_NS: u64 = 100_000_000;
/// So long ago is another matter.
const RECENT_NS: u64 = 60_000_000_000;

/// How it is said that those who are there are as many as may be.
const FULL: &str = "too many";
/// So many ports are looked at, those with the most clients.
const PORTS: usize = 8;
/// What is said no oftener than so for one client may be of it.
const SEVERAL: usize = 3;

/// A connection of a client, as far as it is known.
struct Client {
    since_ns: u64,
    closed: Option<Closed>,
}

struct Closed {
    at_ns: u64,
    /// The event that tells it.
    index: usize,
    /// Who closed it.
    tgid: u32,
    /// Whether anything had come by it: who only looks whether a server is there sends nothing.
    has_sent: bool,
}

impl Client {
    /// Whether it was there for longer than who is turned away is, and not long ago.
    fn stayed(&self, read_ns: u64) -> bool {
        let until_ns = self.closed.as_ref().map_or(read_ns, |closed| closed.at_ns);
        until_ns.saturating_sub(self.since_ns) >= SOON_NS && read_ns.saturating_sub(until_ns) < RECENT_NS
    }
}

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if !facts.is_living() || facts.is_frozen() {
        return Vec::new();
    }
    let mut ports: Vec<_> = clients(facts).into_values().filter(|clients| clients.len() >= LEAST).collect();
    ports.sort_by_key(|clients| Reverse(clients.len()));
    ports.iter().take(PORTS).filter_map(|clients| finding(facts, clients)).collect()
}

/// The clients of each port, in the order in which they came.
fn clients(facts: &Facts<'_>) -> BTreeMap<u16, Vec<Client>> {
    let mut all = BTreeMap::<u16, BTreeMap<(u64, SocketAddr), Client>>::new();
    let mut open = HashMap::<(u16, SocketAddr), u64>::new();
    for (index, event) in (0..facts.timeline.len()).filter_map(|index| Some((index, facts.timeline.event(index)?))) {
        let What::Connection(told) = event.what else { continue };
        let Connection { direction: direction::IN, local_port: port, .. } = told else { continue };
        let peer = connection::peer(&told);
        let is_closed = told.header.flags == what::CLOSED;
        let since_ns = match open.remove(&(port, peer)) {
            Some(since_ns) => since_ns,
            None if is_closed && told.since_ns != 0 => told.since_ns,
            None => told.time_ns,
        };
        if !is_closed {
            open.insert((port, peer), since_ns);
        }
        let closed = Closed { at_ns: told.time_ns, index, tgid: told.tgid, has_sent: told.bytes_received > 0 };
        let client = Client { since_ns, closed: is_closed.then_some(closed) };
        all.entry(port).or_default().insert((since_ns, peer), client);
    }
    all.into_iter().map(|(port, clients)| (port, clients.into_values().collect())).collect()
}

fn finding(facts: &Facts<'_>, clients: &[Client]) -> Option<Finding> {
    let read_ns = facts.header.read_ns;
    // What one that has only come will be told is not known yet.
    let is_new = |client: &&Client| client.closed.is_none() && read_ns.saturating_sub(client.since_ns) < SOON_NS;
    let mut known = clients.iter().rev().skip_while(is_new).take(LOOKED_AT);
    let last = known.next()?;
    let closed = last.closed.as_ref().filter(|closed| read_ns.saturating_sub(closed.at_ns) < RECENT_NS)?;
    let said = said(facts, last);
    // Who serves others turns away who asks for something else.
    let stays = clients.iter().any(|client| client.stayed(read_ns));
    let told = said.first().filter(|told| !stays || told.to_lowercase().contains(FULL))?;
    let is_turned_away = |client: &&Client| self::said(facts, client).iter().any(|text| is_same(text, told));
    let before: Vec<_> = known.take_while(is_turned_away).collect();
    let (times, first) = (before.len() + 1, before.last()?);
    // What is said oftener is of something else.
    let span = first.since_ns..closed.at_ns.saturating_add(LOGGED_NS);
    let often: usize = own(facts, closed.tgid).map(|process| times_said(process, told, span.clone())).sum();
    if times < LEAST || often > times * SEVERAL {
        return None;
    }
    let text = format!("it turned away its last {times} clients, one after the other: it said \"{told}\"");
    let evidence = [first.closed.as_ref()?.index, closed.index];
    Some(Finding::new("turned-away", CLIENT_ERRORS, text, evidence))
}

/// What was said to be wrong while a client was there, which soon was not any more, by who closed its connection; what it
/// asked for by HTTP was answered.
fn said(facts: &Facts<'_>, client: &Client) -> Vec<String> {
    let Some(closed) = client.closed.as_ref().filter(|closed| closed.has_sent) else { return Vec::new() };
    let is_answered = || facts.served.iter().any(|served| (client.since_ns..=closed.at_ns).contains(&served.began_ns));
    if closed.at_ns.saturating_sub(client.since_ns) >= SOON_NS || is_answered() {
        return Vec::new();
    }
    let time = client.since_ns..closed.at_ns.saturating_add(LOGGED_NS);
    own(facts, closed.tgid).flat_map(|process| failures(process, time.clone())).collect()
}

/// Who closed a connection, and who made that one for it.
fn own<'f>(facts: &'f Facts<'_>, tgid: u32) -> impl Iterator<Item = &'f Process> {
    let process = facts.processes.get(&tgid);
    let parent = process.filter(|process| process.programs.is_empty()).map(|process| process.parent);
    process.into_iter().chain(parent.and_then(|parent| facts.processes.get(&parent)))
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};
    use rewind_common::record::Connection;
    use rewind_common::record::connection::{direction, what};
    use rewind_recording::event::build;

    const NOTHING: &str = "It is running: nothing unusual found.";
    const FATAL: &str =
        "2026-11-30 21:08:34.963 UTC [21] FATAL:  password authentication failed for user \"billing\"\n";

    /// A client comes, sends so many bytes, is told something, and is gone again.
    fn client(scene: &mut Scene, bytes_received: u64, says: &str) {
        let came =
            Connection { time_ns: scene.now, direction: direction::IN, local_port: 5432, ..Connection::default() };
        let came = Connection { peer_port: (scene.now / MS) as u16, ..came };
        build::connection(&mut scene.records, (0, 0), what::ACCEPTED, came);
        scene.later(10 * MS);
        if !says.is_empty() {
            scene.say(2, says);
        }
        let went = Connection { time_ns: scene.now, since_ns: came.time_ns, bytes_received, ..came };
        build::connection(&mut scene.records, (700, 700), what::CLOSED, went);
        scene.later(S);
    }

    #[test]
    fn who_turns_all_clients_away_is_told_with_what_it_says() {
        let mut scene = Scene::of("postgres");
        client(&mut scene, 80, "");
        (0..6).for_each(|_| client(&mut scene, 80, FATAL));
        let told = "It is running; but it turned away its last 6 clients, one after the other: it said \"password \
                    authentication failed for user \"billing\"\".";
        assert_eq!(scene.answer(), told);
    }

    #[test]
    fn a_client_that_is_disconnected_is_turned_away() {
        let mut scene = Scene::of("mosquitto");
        (0..5).for_each(|_| client(&mut scene, 18, "1796072653: Client <unknown> disconnected, not authorised.\n"));
        let told = "it turned away its last 5 clients, one after the other: it said \"Client <unknown> disconnected, not authorised\".";
        assert!(scene.answer().ends_with(told), "{}", scene.answer());
    }

    #[test]
    fn who_serves_others_for_long_is_well_unless_these_are_all_that_may_be() {
        let answer = |says: &str| {
            let mut scene = Scene::of("postgres");
            let came =
                Connection { time_ns: scene.now, direction: direction::IN, local_port: 5432, ..Connection::default() };
            build::connection(&mut scene.records, (0, 0), what::ACCEPTED, Connection { peer_port: 9, ..came });
            scene.later(S);
            (0..6).for_each(|_| client(&mut scene, 80, says));
            scene.answer()
        };
        assert_eq!(answer("FATAL:  role \"root\" does not exist\n"), NOTHING);
        assert!(answer("FATAL:  sorry, too many clients already\n").contains("turned away its last 6 clients"));
    }

    #[test]
    fn what_is_said_all_the_time_is_not_of_clients() {
        let mut scene = Scene::of("memcached");
        (0..6).for_each(|_| {
            client(&mut scene, 80, "ERROR kafka: connection refused\n");
            (0..9).for_each(|_| scene.say(2, "ERROR kafka: connection refused\n"));
        });
        assert!(!scene.answer().contains("turned away"), "{}", scene.answer());
    }

    #[test]
    fn who_serves_one_or_is_only_asked_whether_it_is_there_is_well() {
        let after = |bytes: u64, says: &str, last: &str| {
            let mut scene = Scene::of("postgres");
            (0..6).for_each(|_| client(&mut scene, bytes, says));
            client(&mut scene, 80, last);
            scene.answer()
        };
        assert_eq!(after(80, FATAL, ""), NOTHING);
        assert_eq!(after(0, FATAL, FATAL), NOTHING);
        assert_eq!(after(80, "LOG:  connection received: host=10.0.0.9 port=41002\n", ""), NOTHING);
    }
}
