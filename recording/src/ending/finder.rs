//! Looks for the end of a container's main process among its records.

use super::main_process::Main;
use super::{Cause, Ending, Oom, SIGKILL, Sender};
use crate::record::Record;
use rewind_common::record::{GROUP_DEAD, sent_flags};
use rewind_common::ring::MainProcess;
use std::collections::HashMap;

/// Looks for the main process among records, in any order.
///
/// Who that is the kernel side knows ([`Finder::with_main`]), unless nobody has run a program in the container: then
/// it is number 1 of a PID namespace, if there is one. In recordings of older agents it is the first process that
/// is number 1 in a PID namespace of its own; where there is none (the container shares its host's), the first
/// of all.
#[derive(Clone, Debug, Default)]
pub struct Finder {
    /// When a process was first heard of, and whether it is number 1.
    first: HashMap<u32, (u64, bool)>,
    ends: HashMap<u32, Ending>,
    oom: HashMap<u32, Oom>,
    /// By process and signal, the last one.
    sent: HashMap<(u32, u32), (u64, Sender)>,
    /// What the kernel side knows.
    main: Option<Main>,
}

impl Finder {
    /// A finder that knows what the kernel side knew of the main process when the ring was read, at `read_ns`. The
    /// container ended at `over_ns`; `None`: it lives.
    #[must_use]
    pub fn with_main(process: MainProcess, over_ns: Option<u64>, read_ns: u64) -> Self {
        Self { main: Some(Main { process, over_ns, read_ns }), ..Self::default() }
    }

    /// Takes a record into account.
    pub fn add(&mut self, record: &Record<'_>) {
        match record {
            Record::Task(task) => {
                let (tgid, time_ns, is_first) = (task.tgid, task.time_ns, task.ns_tgid == 1);
                let known = self.first.entry(tgid).or_insert((time_ns, is_first));
                *known = (known.0.min(time_ns), known.1 || is_first);
            }
            Record::Exit(exit) if exit.header.flags & GROUP_DEAD != 0 => {
                self.ends.insert(exit.tgid, Ending::of(exit, false));
            }
            Record::OomKill(kill) => {
                self.oom.insert(kill.tgid, kill.into());
            }
            Record::SignalSent(sent) if sent.header.flags & sent_flags::IGNORED == 0 => {
                let time_ns = sent.time_ns;
                let last = self.sent.entry((sent.tgid, sent.signo)).or_insert_with(|| (time_ns, sent.into()));
                if last.0 < time_ns {
                    *last = (time_ns, sent.into());
                }
            }
            _ => {}
        }
    }

    /// How the main process ended; `None` while it lives, or where its end is not among the records.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        let ending = match self.main {
            Some(main) if !main.is_settled() && self.number_1().is_some() => self.end_of(self.number_1())?,
            Some(main) => main.ending()?,
            None => {
                let first = self.first.iter().min_by_key(|(_, (time_ns, is_first))| (!is_first, *time_ns));
                self.end_of(first.map(|(tgid, _)| *tgid))?
            }
        };
        let oom_killed = ending.signal == Some(SIGKILL) && self.oom.contains_key(&ending.tgid);
        Some(Ending { oom_killed, ..ending })
    }

    /// The first process that is number 1 in a PID namespace.
    fn number_1(&self) -> Option<u32> {
        let firsts = self.first.iter().filter(|(_, (_, is_first))| *is_first);
        firsts.min_by_key(|(_, (time_ns, _))| *time_ns).map(|(tgid, _)| *tgid)
    }

    fn end_of(&self, tgid: Option<u32>) -> Option<Ending> {
        self.ends.get(&tgid?).copied()
    }

    /// What ended it so; `None` where no signal did, or nothing is known of it.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        let ending = self.ending()?;
        let sent = self.sent.get(&(ending.tgid, ending.signal?.into()));
        let oom = self.oom.get(&ending.tgid).filter(|_| ending.oom_killed);
        let cause = Cause { sender: sent.map(|(_, sender)| sender.clone()), oom: oom.cloned() };
        (cause != Cause::default()).then_some(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_common::record::{self as wire, Exit, RecordHeader, Task};

    fn task(tgid: u32, ns_tgid: u32, time_ns: u64) -> Record<'static> {
        Record::Task(Task { tgid, ns_tgid, time_ns, ..Task::default() })
    }

    fn exit(tgid: u32, status: u32) -> Record<'static> {
        let header = RecordHeader { flags: GROUP_DEAD, ..RecordHeader::default() };
        Record::Exit(Exit { header, tgid, status, time_ns: 9 })
    }

    fn ending(records: &[Record<'_>]) -> Option<Ending> {
        let mut finder = Finder::default();
        records.iter().for_each(|record| finder.add(record));
        finder.ending()
    }

    #[test]
    fn the_first_process_of_the_namespace_is_the_main_one() {
        let records = [task(50, 77, 1), exit(50, 0), task(60, 1, 2), task(61, 2, 3), exit(61, 9), exit(60, 3 << 8)];
        assert_eq!(ending(&records).map(|end| (end.tgid, end.exit_code)), Some((60, Some(3))));
    }

    #[test]
    fn without_a_namespace_the_first_process_of_all_is_the_main_one() {
        let records = [task(61, 61, 3), task(60, 60, 2), exit(61, 0), exit(60, 139)];
        let end = ending(&records).unwrap();
        assert_eq!((end.signal, end.core_dumped, end.exit_code), (Some(11), true, None));
    }

    #[test]
    fn where_no_program_has_run_number_1_is_the_main_process() {
        let process = MainProcess { tgid: 50, ended_ns: 2, ..Default::default() };
        let mut finder = Finder::with_main(process, Some(9), 9);
        [task(50, 50, 1), exit(50, 0), task(60, 1, 2), exit(60, 1 << 8)].iter().for_each(|record| finder.add(record));
        assert_eq!(finder.ending().map(|end| (end.tgid, end.exit_code)), Some((60, Some(1))));
        assert_eq!(Finder::with_main(MainProcess::default(), Some(9), 9).ending(), None);
    }

    #[test]
    fn who_took_the_ring_is_the_main_process_though_its_records_are_gone() {
        let flags = rewind_common::ring::main_flags::SETTLED;
        let process = MainProcess { tgid: 60, status: 3 << 8, ended_ns: 9, flags, ..Default::default() };
        let workers = [task(61, 61, 3), exit(61, 0), task(62, 1, 4), exit(62, 0)];
        let end_of = |process| {
            let mut finder = Finder::with_main(process, Some(10), 10);
            workers.iter().for_each(|record| finder.add(record));
            finder.ending()
        };
        assert_eq!(end_of(process).map(|end| (end.tgid, end.exit_code, end.at_ns)), Some((60, Some(3), 9)));
        assert_eq!(end_of(MainProcess { ended_ns: 0, ..process }), None);
    }

    #[test]
    fn an_end_is_told_in_words() {
        let words = |status| ending(&[task(60, 1, 2), exit(60, status)]).unwrap().words();
        assert_eq!(
            [words(3 << 8), words(9), words(139)],
            ["exited with 3", "killed by SIGKILL", "killed by SIGSEGV (core dumped)"]
        );
    }

    #[test]
    fn a_process_that_the_oom_killer_chose_was_killed_by_it() {
        let chosen = |tgid| Record::OomKill(rewind_common::record::OomKill { tgid, ..Default::default() });
        let words = |records: &[Record<'_>]| ending(records).unwrap().words();
        assert_eq!(words(&[task(60, 1, 2), chosen(60), exit(60, 9)]), "killed by the OOM killer");
        assert_eq!(words(&[task(60, 1, 2), chosen(61), exit(60, 9)]), "killed by SIGKILL");
        assert_eq!(words(&[task(60, 1, 2), chosen(60), exit(60, 3 << 8)]), "exited with 3");
    }

    #[test]
    fn a_child_that_failed_is_not_the_containers_end() {
        assert_eq!(ending(&[task(60, 1, 2), task(61, 2, 3), exit(61, 256)]), None);
    }

    #[test]
    fn who_sent_the_fatal_signal_is_told() {
        let sent = |time_ns, signo, sender_tgid, flags| {
            let header = RecordHeader { flags, ..RecordHeader::default() };
            let sender_comm = *b"kubelet\0\0\0\0\0\0\0\0\0";
            let sent =
                wire::SignalSent { header, time_ns, tgid: 60, signo, sender_tgid, sender_comm, ..Default::default() };
            Record::SignalSent(sent)
        };
        let mut finder = Finder::default();
        let ignored = sent(7, 15, 9, sent_flags::IGNORED);
        let records = [task(60, 1, 2), sent(3, 15, 7, 0), sent(5, 15, 8, 0), ignored, sent(8, 9, 1, 0), exit(60, 15)];
        records.iter().for_each(|record| finder.add(record));
        let sender = finder.cause().unwrap().sender.unwrap();
        assert_eq!((sender.tgid, sender.comm.as_str(), sender.by_kernel), (8, "kubelet", false));
    }

    #[test]
    fn an_oom_kill_is_the_cause_only_of_the_death_that_it_brought() {
        let kill = |tgid| Record::OomKill(wire::OomKill { tgid, limit_bytes: 32, ..Default::default() });
        let cause = |records: &[Record<'_>]| {
            let mut finder = Finder::default();
            records.iter().for_each(|record| finder.add(record));
            finder.cause()
        };
        let oom = cause(&[task(60, 1, 2), kill(60), exit(60, 9)]).unwrap().oom.unwrap();
        assert_eq!(oom.limit_bytes, 32);
        assert_eq!(cause(&[task(60, 1, 2), kill(61), exit(60, 9)]), None);
        assert_eq!(cause(&[task(60, 1, 2), kill(60), exit(60, 1 << 8)]), None);
    }
}
