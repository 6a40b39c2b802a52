//! A living server that was told to read its configuration again (SIGHUP; HAProxy and others SIGUSR1 or SIGUSR2), and said
//! right behind that what is wrong with it.

use crate::facts::{DeliveredSignal, Facts, Process, SIGHUP, SIGUSR1, SIGUSR2};
use crate::finding::Finding;
use crate::groups::Group;
use crate::last_words::stated;
use crate::weight::RELOAD_FAILED;
use rewind_recording::decode::signal_name;
use rewind_recording::render::units::duration;

/// So soon behind the signal it says so.
const SAID_NS: u64 = 1_000_000_000;
/// Signals that servers take for that.
const RELOADS: [u32; 3] = [SIGHUP, SIGUSR1, SIGUSR2];
/// What such an error has to do with.
const OF_CONFIGURATIONS: [&str; 5] = ["conf", "pars", "reload", "setting", "syntax"];

pub(super) fn rule(facts: &Facts<'_>, _: &[Group]) -> Vec<Finding> {
    if !facts.is_living() || facts.is_frozen() {
        return Vec::new();
    }
    facts.processes.values().filter_map(|process| finding(facts, process)).collect()
}

fn finding(facts: &Facts<'_>, process: &Process) -> Option<Finding> {
    let tells = |signal: &&DeliveredSignal| RELOADS.contains(&signal.siginfo[0]) && process.end.is_none();
    let told = process.signals.iter().rfind(tells)?;
    let said = stated(process, told.at_ns..told.at_ns.saturating_add(SAID_NS))?;
    let lower = said.to_lowercase();
    OF_CONFIGURATIONS.iter().find(|of| lower.contains(*of))?;
    let ago = duration(facts.header.read_ns.saturating_sub(told.at_ns));
    let signal = signal_name(told.siginfo[0]).unwrap_or_default();
    let text = format!("it was told to read its configuration again ({signal}) {ago} ago, and said \"{said}\"");
    Some(Finding::new("reload", RELOAD_FAILED, text, [told.index]))
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, S, Scene};

    fn answer(signal: u32, later: u64, said: &str) -> String {
        let mut scene = Scene::of("nginx");
        scene.say(2, "[notice] ready\n");
        scene.signal(signal, 0, [0, 0]);
        scene.later(later);
        scene.say(2, said);
        scene.later(20 * S);
        scene.answer()
    }

    #[test]
    fn a_server_whose_new_configuration_is_wrong_is_told_with_what_it_says_of_it() {
        let said = "nginx: [emerg] unknown directive \"gzip_lvl\" in /app/nginx.conf:5\n";
        let told = "(SIGHUP) 21.0s ago, and said \"unknown directive \"gzip_lvl\" in /app/nginx.conf:5\".";
        assert!(answer(1, MS, said).ends_with(told), "{}", answer(1, MS, said));
        let nothing = "It is running: nothing unusual found.";
        assert_eq!(answer(1, 5 * S, said), nothing);
        assert!(answer(12, MS, said).contains("(SIGUSR2) 21.0s ago"), "{}", answer(12, MS, said));
        assert_eq!(answer(17, MS, said), nothing);
        assert_eq!(answer(1, MS, "[error] upstream timed out\n"), nothing);
        assert_eq!(answer(1, MS, "[notice] reading /app/nginx.conf\n"), nothing);
    }
}
