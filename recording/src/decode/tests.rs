//! Records in, `strace`'s lines out. The expected lines are what `strace` 6.1 printed for the same
//! calls.

mod compat;
mod files;
mod other;
mod rows;
mod sockets;
mod total;

use super::{Invocation, Style, descriptors, entry_arguments, exit_arguments, name, write_arguments, write_result};
use crate::call::Call;
use crate::event::build::{CallBuilder, single};
use crate::record;
use crate::syscalls::{Arch, by_name};

/// The number of a call on x86-64.
fn nr(name: &str) -> u16 {
    by_name(name).unwrap().number(Arch::X86_64).unwrap()
}

/// A call on x86-64, by name.
fn call(name: &str) -> CallBuilder<Vec<u8>> {
    single(nr(name))
}

fn parsed(bytes: &[u8]) -> Call<'_> {
    match record::first(bytes).unwrap().0 {
        record::Record::Call(call) | record::Record::Enter(call) => call,
        other => panic!("{other:?}"),
    }
}

fn text(invocation: &Invocation<'_>, style: &Style) -> String {
    let mut out = name(&invocation.call, style.arch).into_owned();
    out.push('(');
    write_arguments(&mut out, invocation, style, None);
    out.push_str(") = ");
    write_result(&mut out, invocation, style, None);
    out
}

/// The line of a call on x86-64.
fn line(record: CallBuilder<Vec<u8>>) -> String {
    let bytes = record.build();
    text(&Invocation { call: parsed(&bytes), enter: None }, &Style::default())
}

/// The line of a call whose memory was copied when it started.
fn line_entered(enter: CallBuilder<Vec<u8>>, call: CallBuilder<Vec<u8>>) -> String {
    let (enter, call) = (enter.build(), call.build());
    text(&Invocation { call: parsed(&call), enter: Some(parsed(&enter)) }, &Style::default())
}

/// Both halves of a call that others have interrupted.
fn halves(record: CallBuilder<Vec<u8>>) -> (String, String) {
    let bytes = record.build();
    let invocation = Invocation { call: parsed(&bytes), enter: None };
    let (mut before, mut after) = (String::new(), String::new());
    entry_arguments(&mut before, &invocation, &Style::default(), None);
    exit_arguments(&mut after, &invocation, &Style::default(), None);
    (before, after)
}

/// Little-endian words, one behind the other.
fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Little-endian half words.
fn halfwords(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// `AT_FDCWD` in a register.
const HERE: u64 = -100_i64 as u64;
