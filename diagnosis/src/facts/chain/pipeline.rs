//! Of the parts of a pipeline that failed the one that the others failed for: they read nothing, or half of it.

use super::RIGHT_BEHIND_NS;
use super::runs::has_failed;
use crate::calls::bits;
use crate::facts::{Facts, Process};
use rewind_recording::decode;
use rewind_recording::event::What;
use std::collections::BTreeSet;

/// `SIGPIPE`, and what a shell says of it: who reads has gone, and need not have failed.
const SIGPIPE: u8 = 13;
/// How programs put it that what they read was not what they wait for, in lower case.
const HALF: [&str; 10] = [
    "unexpected end",
    "unexpected eof",
    "premature",
    "end of file",
    "end of input",
    "truncated",
    "unfinished",
    "format not recognized",
    "not in gzip format",
    "not look like a tar archive",
];

impl Facts<'_> {
    /// The part of the pipeline that `tgid` failed for; `tgid` itself where that is no other.
    pub(super) fn source(&self, tgid: u32) -> u32 {
        let parts = std::iter::successors(Some(tgid), |part| self.part_before(*part));
        parts.take(self.processes.len() + 1).last().unwrap_or(tgid)
    }

    /// The part whose output a part read to its end, and failed for that.
    fn part_before(&self, tgid: u32) -> Option<u32> {
        let process = self.processes.get(&tgid)?;
        let end = process.end?.ending;
        // Some close it at their end.
        let is_pipe = |tgid: u32, fd: i32| {
            self.tables.of(tgid).and_then(|table| table.text(fd)).is_none_or(|text| text.starts_with("pipe"))
        };
        let failed = |(part, run): (u32, &Process)| {
            let ended = run.end.filter(has_failed)?.ending;
            let is_unread = ended.signal == Some(SIGPIPE) || ended.exit_code == Some(128 + SIGPIPE);
            // It may have ended before its reader was begun, but their parent did not wait for that.
            let is_awaited = self.reaped.get(&part).is_some_and(|reaped_ns| *reaped_ns < process.first_ns);
            let is_beside = run.first_ns < process.first_ns && ended.at_ns <= end.at_ns && !is_awaited;
            (is_beside && !is_unread && is_pipe(part, 1)).then_some((run.first_ns, part, ended.at_ns))
        };
        let (_, part, ended_ns) = self.children(process.parent).filter_map(failed).max()?;
        (is_pipe(tgid, 0) && self.is_starved(tgid, ended_ns)).then_some(part)
    }

    /// Whether a process, with those below it, read to the end of its standard input, which is that of who wrote there,
    /// and got nothing, or complained of what it got.
    fn is_starved(&self, tgid: u32, ended_ns: u64) -> bool {
        let family: BTreeSet<u32> = self.processes.keys().copied().filter(|of| self.is_below(*of, tgid)).collect();
        let (mut is_empty, mut has_end) = (true, false);
        for event in (0..self.timeline.len()).filter_map(|index| self.timeline.event(index)) {
            let What::Call { call, .. } = event.what else { continue };
            let reads = || decode::bits(&call, self.arch) & bits::RECEIVES != 0;
            if call.value(0) == Some(0) && event.tgid().is_some_and(|of| family.contains(&of)) && reads() {
                is_empty &= call.result <= 0;
                has_end |= call.result == 0 && event.end_ns.saturating_add(RIGHT_BEHIND_NS) >= ended_ns;
            }
        }
        let said = family.iter().filter_map(|of| self.processes.get(of)).flat_map(|process| &process.outputs);
        let mut said = said.filter(|output| output.to_stderr).map(|output| output.text.to_lowercase());
        has_end && (is_empty || said.any(|text| HALF.iter().any(|words| text.contains(words))))
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::{MS, Scene};
    use rewind_recording::event::build;

    const FETCH: &str =
        "It exited with 2, its child fetch (process 701) having exited with 22 after openat of /etc/fetch.conf";
    const TAR: &str = "It exited with 2, its child tar (process 702) having exited with 2: it said";

    /// The parts of `fetch | tar`, and the pipe between them.
    fn pipeline() -> Scene {
        let mut scene = Scene::of("bash -o pipefail -c pipeline");
        scene.call(700, 293).next_blob(0, 0, &[3, 0, 0, 0, 4, 0, 0, 0]).arg(0).result(0).end();
        scene
    }

    fn begins(scene: &mut Scene, tgid: u32, command: &str, [from, to]: [u64; 2]) {
        scene.now += MS;
        build::child(&mut scene.records, scene.now, tgid, 700, command.split(' ').next().unwrap());
        scene.call(tgid, 33).arg(from).arg(to).result(to.cast_signed()).end();
        scene.exec(tgid, command);
    }

    fn fetch_ends(scene: &mut Scene, code: u32) {
        scene.main = 701;
        scene.open("/etc/fetch.conf", -2);
        scene.exit(701, code << 8);
    }

    /// `tar` reads so many bytes, then complains, and all ends.
    fn answer(mut scene: Scene, bytes: i64, said: &str) -> String {
        for result in [bytes, 0] {
            scene.call(702, 0).arg(0).arg(0x7000).arg(4096).result(result).end();
        }
        scene.main = 702;
        scene.say(2, said);
        scene.exit(702, 2 << 8);
        scene.exit(700, 2 << 8);
        scene.answer()
    }

    #[test]
    fn who_failed_of_what_it_read_in_a_pipe_did_so_for_who_wrote_there() {
        let read = |code: u32, bytes: i64, said: &str| {
            let mut scene = pipeline();
            begins(&mut scene, 701, "fetch archive", [4, 1]);
            begins(&mut scene, 702, "tar x", [3, 0]);
            fetch_ends(&mut scene, code);
            answer(scene, bytes, said)
        };
        for answer in [read(22, 0, "tar: no archive\n"), read(22, 512, "tar: Unexpected EOF in archive\n")] {
            assert!(answer.starts_with(FETCH), "{answer}");
        }
        // It had what it needs, and failed for a reason of its own; or what wrote ended well, or had no reader any more.
        for answer in [
            read(22, 512, "tar: cannot create directory: No space left\n"),
            read(0, 512, "tar: Unexpected EOF in archive\n"),
            read(141, 512, "tar: Unexpected EOF in archive\n"),
        ] {
            assert!(answer.starts_with(TAR), "{answer}");
        }
    }

    #[test]
    fn who_wrote_there_may_have_ended_at_once_but_nobody_waited_for_that() {
        let read = |is_awaited: bool| {
            let mut scene = pipeline();
            begins(&mut scene, 701, "fetch archive", [4, 1]);
            fetch_ends(&mut scene, 22);
            if is_awaited {
                scene.call(700, 61).arg(u64::from(u32::MAX)).arg(0x7000).arg(0).arg(0).result(701).end();
            }
            begins(&mut scene, 702, "tar x", [3, 0]);
            answer(scene, 0, "tar: error: no archive\n")
        };
        assert!(read(false).starts_with(FETCH), "{}", read(false));
        assert!(read(true).starts_with(TAR), "{}", read(true));
    }
}
