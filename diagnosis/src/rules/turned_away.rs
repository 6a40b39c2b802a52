//! A living server that turned away its last clients, each with the same words: it asks for a password that none of them
//! has, or takes no more of them.

use crate::facts::Facts;
use crate::finding::Finding;
use crate::groups::Group;
use crate::last_words::{failures, is_same};
use crate::weight::CLIENT_ERRORS;
use rewind_common::record::Connection;
use rewind_common::record::connection::{direction, what};
use rewind_recording::event::What;
use rewind_recording::events::connection;
use std::collections::BTreeMap;
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

/// A connection of a client, as far as it is known.
struct Client {
    since_ns: u64,
    /// When it was closed, and the event that tells it, of one that had sent something.
    closed: Option<(u64, usize)>,
}

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if !facts.is_living() || facts.is_frozen() {
        return Vec::new();
    }
    clients(facts).into_values().filter_map(|clients| finding(facts, &clients)).collect()
}

/// The clients of each port, in the order in which they came.
fn clients(facts: &Facts<'_>) -> BTreeMap<u16, Vec<Client>> {
    let mut all = BTreeMap::<u16, BTreeMap<(u64, SocketAddr), Client>>::new();
    let mut open = BTreeMap::<(u16, SocketAddr), u64>::new();
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
        let closed = (is_closed && told.bytes_received > 0).then_some((told.time_ns, index));
        all.entry(port).or_default().insert((since_ns, peer), Client { since_ns, closed });
    }
    all.into_iter().map(|(port, clients)| (port, clients.into_values().collect())).collect()
}

fn finding(facts: &Facts<'_>, clients: &[Client]) -> Option<Finding> {
    let read_ns = facts.header.read_ns;
    // What one that has only come will be told is not known yet.
    let mut known = clients
        .iter()
        .rev()
        .skip_while(|client| client.closed.is_none() && read_ns.saturating_sub(client.since_ns) < SOON_NS)
        .take(LOOKED_AT);
    let last = known.next()?;
    let said = said(facts, last);
    let is_recent = last.closed.is_some_and(|(at_ns, _)| read_ns.saturating_sub(at_ns) < RECENT_NS);
    let told = said.first().filter(|_| is_recent)?;
    let is_turned_away = |client: &&Client| self::said(facts, client).iter().any(|text| is_same(text, told));
    let mut before: Vec<_> = known.take_while(is_turned_away).collect();
    before.insert(0, last);
    let times = before.len();
    let text = format!("it turned away its last {times} clients, one after the other: it said \"{told}\"");
    let evidence = [before.last(), Some(&last)].into_iter().flatten().filter_map(|client| Some(client.closed?.1));
    (times >= LEAST).then(|| Finding::new("turned-away", CLIENT_ERRORS, text, evidence))
}

/// What was said to be wrong while a client was there, which soon was not any more; what it asked for by HTTP was
/// answered.
fn said(facts: &Facts<'_>, client: &Client) -> Vec<String> {
    let Some((closed_ns, _)) = client.closed else { return Vec::new() };
    let is_answered = || facts.served.iter().any(|served| (client.since_ns..=closed_ns).contains(&served.began_ns));
    if closed_ns.saturating_sub(client.since_ns) >= SOON_NS || is_answered() {
        return Vec::new();
    }
    let time = client.since_ns..closed_ns.saturating_add(LOGGED_NS);
    facts.processes.values().flat_map(|process| failures(process, time.clone())).collect()
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
        assert!(scene.answer().contains("it turned away its last 5 clients"), "{}", scene.answer());
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
