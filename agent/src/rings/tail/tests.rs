//! Who follows a ring, beside one who plays the kernel side: threads that move from CPU to CPU, and CPUs that fall
//! asleep between a claim and its chunk.

use super::*;
use crate::rings::Mapped;
use proptest::prelude::*;
use rewind_common::chunk::{CHUNK_BYTES, ChunkHeader};
use rewind_common::ring::{DELIVERED, MAIN, PROTECTED, TRAFFIC};
use rewind_recording::record::{Record, all};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use zerocopy::{FromZeros as _, IntoBytes as _};

const RECORDING: u64 = 9;
const CPUS: usize = 3;
const THREADS: u32 = 4;
const SEGMENTS: usize = 2;

/// The kernel side, with one ring.
struct Writer<'a> {
    mapped: &'a Mapped,
    claims: [u64; SHARES],
    cpus: [[Cpu; SHARES]; CPUS],
    /// How many records each thread has written.
    made: BTreeMap<u32, u32>,
    now_ns: u64,
}

#[derive(Clone, Copy, Default)]
struct Cpu {
    claim: u64,
    committed: usize,
    records: u64,
    /// A claim of which the chunk was not taken yet, and the thread that wants it.
    asleep: Option<(u64, u32)>,
}

fn memory() -> Mapped {
    let mapped = Mapped::anonymous((SHARES * SEGMENTS) as u32, 1, CPUS);
    let mut ring = Ring::new_zeroed();
    ring.recording = RECORDING;
    for (share, of) in ring.shares.iter_mut().enumerate() {
        of.base = 1;
        (of.len, of.limit) = (SEGMENTS as u32, SEGMENTS as u32);
        for at in 0..SEGMENTS {
            of.segments[at] = (share * SEGMENTS + at) as u32;
        }
    }
    mapped.set_ring(0, &ring);
    mapped
}

impl<'a> Writer<'a> {
    fn new(mapped: &'a Mapped) -> Self {
        Self { mapped, claims: [0; SHARES], cpus: Default::default(), made: BTreeMap::new(), now_ns: 100 }
    }

    /// Where claim `number` of a share lies.
    fn chunk(share: usize, number: u64) -> (u32, usize) {
        let index = (number - 1) as usize % (SEGMENTS * CHUNKS);
        ((share * SEGMENTS + index / CHUNKS) as u32, index % CHUNKS)
    }

    fn word(&self, share: usize, claim: u64) -> u64 {
        let (segment, chunk) = Self::chunk(share, claim);
        self.mapped.word(segment, chunk)
    }

    /// A thread writes one record on a CPU, into each delivered share in turn; `sleeps`: if a chunk has to be claimed, the CPU falls asleep before it
    /// has taken it, until its next step.
    fn step(&mut self, cpu: usize, tid: u32, sleeps: bool) {
        for share in DELIVERED {
            if let Some((number, tid)) = self.cpus[cpu][share].asleep.take() {
                self.take(cpu, share, number);
                return self.write(cpu, share, tid);
            }
        }
        // In the kernel a thread is on one CPU at a time.
        if self.cpus.iter().flatten().any(|cpu| cpu.asleep.is_some_and(|(_, other)| other == tid)) {
            return;
        }
        let share = DELIVERED[*self.made.get(&tid).unwrap_or(&0) as usize % DELIVERED.len()];
        let Cpu { claim, committed, .. } = self.cpus[cpu][share];
        let is_mine = claim != 0 && self.word(share, claim) == word::pack(claim, committed as u64);
        if !is_mine || committed + 32 > CHUNK_BYTES {
            let number = self.claim(share);
            if sleeps {
                self.cpus[cpu][share].asleep = Some((number, tid));
                return;
            }
            self.take(cpu, share, number);
        }
        self.write(cpu, share, tid);
    }

    fn claim(&mut self, share: usize) -> u64 {
        self.claims[share] += 1;
        self.mapped.set_claims(0, share, self.claims[share]);
        self.claims[share]
    }

    fn take(&mut self, cpu: usize, share: usize, mut number: u64) {
        while word::claim(self.word(share, number)) >= number {
            number = self.claim(share);
        }
        let (segment, chunk) = Self::chunk(share, number);
        let header = ChunkHeader {
            word: word::pack(number, HEADER_BYTES as u64),
            recording: RECORDING,
            first_record: self.cpus[cpu][share].records,
            first_call: self.cpus[cpu][share].records,
            before_ns: 0,
            cpu: cpu as u16,
            share: share as u16,
            spoiled: 0,
        };
        // The word first, as the kernel side has it.
        self.mapped.set_words(segment, chunk, 0, header.as_bytes());
        (self.cpus[cpu][share].claim, self.cpus[cpu][share].committed) = (number, HEADER_BYTES);
    }

    fn write(&mut self, cpu: usize, share: usize, tid: u32) {
        self.now_ns += 1;
        let number = self.made.entry(tid).or_default();
        *number += 1;
        let mut record = Vec::new();
        let call = rewind_recording::event::build::call(&mut record, tid, 3);
        call.at(self.now_ns, 0).arg(u64::from(*number)).end();
        assert_eq!(record.len(), 32);
        let Cpu { claim, committed, .. } = self.cpus[cpu][share];
        let (segment, chunk) = Self::chunk(share, claim);
        self.mapped.set_words(segment, chunk, committed, &record);
        let now = word::pack(claim, (committed + record.len()) as u64);
        self.mapped.set_words(segment, chunk, 0, &now.to_ne_bytes());
        self.cpus[cpu][share].committed += record.len();
        self.cpus[cpu][share].records += 1;
    }

    fn total(&self) -> u64 {
        self.cpus.iter().flatten().map(|cpu| cpu.records).sum()
    }
}

/// What a reader has seen: the numbers of each thread.
#[derive(Default)]
struct Seen {
    numbers: BTreeMap<u32, Vec<u64>>,
    missed: u64,
}

impl Seen {
    fn look(&mut self, tail: &mut Tail, mapped: &Mapped) {
        if !tail.has_news(mapped) {
            return;
        }
        let news = tail.look(mapped).unwrap();
        self.missed += news.new.missed;
        for record in all(&news.new.sorted()) {
            let Ok(Record::Call(call)) = record else { panic!("{record:?}") };
            self.numbers.entry(call.tid).or_default().push(call.values[0]);
        }
    }

    fn count(&self) -> u64 {
        self.numbers.values().map(|numbers| numbers.len() as u64).sum()
    }

    fn is_in_order(&self) -> bool {
        self.numbers.values().all(|numbers| numbers.is_sorted_by(|one, next| one < next))
    }
}

/// Until nothing more comes.
fn drain(seen: &mut Seen, tail: &mut Tail, mapped: &Mapped) {
    for _ in 0..2 * usize::from(LOOK_AGAIN) {
        seen.look(tail, mapped);
    }
}

type Step = (usize, u32, bool, bool);

fn steps(count: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (0..CPUS, 1..=THREADS, prop::bool::weighted(0.05), prop::bool::weighted(0.02));
    prop::collection::vec(step, 0..count)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_record_is_seen_once_and_in_order_or_counted(steps in steps(6_000)) {
        let mapped = memory();
        let (mut writer, mut seen) = (Writer::new(&mapped), Seen::default());
        let mut tail = Tail::new(0, RECORDING, &[MAIN, PROTECTED, TRAFFIC]);
        for (cpu, tid, sleeps, looks) in steps {
            writer.step(cpu, tid, sleeps);
            if looks {
                seen.look(&mut tail, &mapped);
            }
        }
        drain(&mut seen, &mut tail, &mapped);
        prop_assert!(seen.is_in_order());
        // What a CPU lost at the very end shows only when it writes again.
        for cpu in 0..CPUS {
            for _ in 0..2 * DELIVERED.len() * CHUNK_BYTES / 32 {
                writer.step(cpu, 1 + cpu as u32, false);
                seen.look(&mut tail, &mapped);
            }
        }
        drain(&mut seen, &mut tail, &mapped);
        prop_assert!(seen.is_in_order());
        prop_assert_eq!(seen.count() + seen.missed, writer.total());
    }

    #[test]
    fn the_next_one_goes_on_where_the_one_before_had_come(steps in steps(1_500), at in any::<prop::sample::Index>()) {
        let mapped = memory();
        let (mut writer, mut seen) = (Writer::new(&mapped), Seen::default());
        let mut tail = Tail::new(0, RECORDING, &DELIVERED);
        let (before, after) = steps.split_at(if steps.is_empty() { 0 } else { at.index(steps.len()) });
        for &(cpu, tid, _, looks) in before {
            writer.step(cpu, tid, false);
            if looks {
                seen.look(&mut tail, &mapped);
            }
        }
        mapped.set_positions(0, RECORDING, &tail.positions());
        for &(cpu, tid, ..) in after {
            writer.step(cpu, tid, false);
        }
        let mut next = Tail::new(0, RECORDING, &DELIVERED);
        next.go_on(&mapped.positions(0, RECORDING));
        drain(&mut seen, &mut next, &mapped);
        prop_assert!(seen.is_in_order());
        prop_assert_eq!(seen.count() + seen.missed, writer.total());
        // Positions of another recording are none.
        prop_assert!(mapped.positions(0, RECORDING + 1).is_empty());
    }
}

#[test]
fn the_order_of_a_thread_holds_while_it_writes_on_other_cpus() {
    let mapped = memory();
    let is_over = AtomicBool::new(false);
    let (seen, total) = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut writer = Writer::new(&mapped);
            // Each thread on another CPU each time, as fast as it can.
            for at in 0..400_000_usize {
                writer.step(at % CPUS, 1 + (at / 2) as u32 % THREADS, false);
            }
            is_over.store(true, Ordering::SeqCst);
            writer.total()
        });
        let (mut seen, mut tail) = (Seen::default(), Tail::new(0, RECORDING, &DELIVERED));
        while !is_over.load(Ordering::SeqCst) {
            seen.look(&mut tail, &mapped);
        }
        drain(&mut seen, &mut tail, &mapped);
        (seen, writing.join().unwrap())
    });
    assert!(seen.is_in_order());
    assert_eq!(seen.count() + seen.missed, total);
    assert!(seen.count() > 0);
}
