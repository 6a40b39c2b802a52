//! Redaction of anything: records keep their framing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rewind_recording::event::build;
use rewind_recording::record::{self, Record};
use rewind_recording::redact::Redactor;
use rewind_recording::syscalls::Arch;
use std::sync::LazyLock;

static REDACTOR: LazyLock<Option<Redactor>> = LazyLock::new(|| Redactor::new(&["card=([0-9]+)".to_owned()]).ok());

/// Kind and lengths of each record and its blobs.
fn frame(records: &[u8]) -> Vec<Vec<usize>> {
    let shape = |record: Result<Record<'_>, _>| match record {
        Ok(Record::Call(call) | Record::Enter(call)) => call.blobs.map(|blob| blob.bytes.len()).collect(),
        Ok(_) => vec![usize::MAX],
        Err(_) => vec![],
    };
    record::all(records).map(shape).collect()
}

fn check(records: &[u8]) {
    let Some(redactor) = &*REDACTOR else { return };
    let mut redacted = records.to_vec();
    redactor.redact(&mut redacted, Arch::X86_64);
    assert_eq!(frame(&redacted), frame(records), "the framing has changed");
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    // As what a program writes, and as its arguments: the shapes are reached sooner.
    let mut records = Vec::new();
    build::call(&mut records, 1, 1).arg(2).pointed(bytes).arg(bytes.len() as u64).end();
    // With its middle missing.
    let (first, last) = bytes.split_at(bytes.len() / 2);
    build::call(&mut records, 1, 1).arg(2).next_blob(0, 2, first).blob(1, 0, 4, last).arg(bytes.len() as u64).end();
    build::call(&mut records, 1, 59).string("/bin/x").arg(0).blob(1, 1, 0, bytes).end();
    check(&records);
});
