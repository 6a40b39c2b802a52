//! Calls and their arguments as text.

use rewind_common::call::part;
use rewind_recording::call::Call;
use rewind_recording::decode::descriptors::Table;
use rewind_recording::decode::{self, Invocation, Style};
use rewind_recording::escape;
use rewind_recording::event::{Event, Outcome, What};
use rewind_recording::events::Context;
use rewind_recording::filter::Pids;
use rewind_recording::origin::Origins;
use rewind_recording::syscalls::Arch;
use std::borrow::Cow;

/// An event as strace would have it, without process and time; descriptors as far as `table` knows them.
pub(super) fn event(event: &Event<'_>, arch: Arch, origins: &Origins, table: Option<&Table>) -> String {
    let style = Style { arch, string_bytes: 120 };
    let mut text = String::new();
    match event.what {
        What::Call { call, enter, outcome } => {
            let invocation = Invocation { call, enter };
            text = decode::name(&call, arch).into_owned();
            text.push('(');
            if !outcome.is_start() {
                decode::write_arguments(&mut text, &invocation, &style, table);
            } else {
                decode::entry_arguments(&mut text, &invocation, &style, table);
                let said = text.trim_end().trim_end_matches(',').len();
                if said < text.len() {
                    text.truncate(said);
                    text.push_str(", ...");
                }
            }
            text.push(')');
            match outcome {
                Outcome::Returned => {
                    text.push_str(" = ");
                    decode::write_result(&mut text, &invocation, &style, table);
                }
                Outcome::Died => text.push_str(" = ?"),
                Outcome::InFlight => text.push_str(" = still in it"),
                Outcome::InProgress => text.push_str(" = in it since before"),
                Outcome::Lost => text.push_str(" = not recorded"),
            }
        }
        what => {
            if let Some(event) = what.as_event() {
                event.write_text(&mut text, &Context { origins, pids: Pids::Host });
            }
        }
    }
    text
}

/// The descriptor that a call is on, as its first argument.
pub(super) fn descriptor(call: &Call<'_>) -> i32 {
    call.value(0).map_or(-1, |fd| (fd as u32).cast_signed())
}

/// What a path is to a call of this name.
pub(super) fn with_name(name: &str, path: &str) -> String {
    format!("{name} {path}")
}

/// The last part of a path, if it says enough to look for it elsewhere.
pub(super) fn last_part(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(_, part)| part).filter(|part| part.len() > 1)
}

/// What argument `at` of a call pointed to, as far as it is recorded: what it wrote. `…` stands where something is
/// missing, and ends the line if that is in its middle: what goes on behind it is a line again from the next one on;
/// whether something is missing at its end.
pub(super) fn written(invocation: &Invocation<'_>, at: usize) -> (String, bool) {
    let call = &invocation.call;
    let blobs = invocation.enter.map_or(call.blobs, |enter| enter.blobs);
    let blobs = blobs.filter(|blob| blob.arg == at && blob.pointer().is_none());
    // Of a vector or a message the whole is a structure, and text is what its elements point to.
    let is_vector = blobs.clone().any(|blob| blob.part >= part::BYTES);
    let parts = blobs.filter(|blob| if is_vector { blob.part >= part::BYTES } else { blob.part == part::WHOLE });
    let (mut text, mut is_cut) = (String::new(), false);
    for blob in parts {
        let bytes = blob.readable(blob.bytes);
        let part = escape::text(&bytes);
        if blob.is_last() {
            text.push('\n');
            match part.split_once('\n') {
                Some((_, lines)) => text.push_str(lines),
                None => text.extend(["…", &*part]),
            }
        } else {
            text.push_str(&part);
        }
        is_cut = blob.is_cut();
        text.push_str(if is_cut { "…" } else { "" });
    }
    (text, is_cut)
}

/// The arguments of an `execve`, as one would type them; its path where they are not recorded.
pub(super) fn command(invocation: &Invocation<'_>, arch: Arch) -> String {
    let of = |call: &Call<'_>| {
        let strings = call.blobs.filter(|blob| blob.part == part::STRINGS && blob.pointer().is_none());
        let words = strings.flat_map(|blob| {
            blob.readable(blob.bytes)
                .split(|byte| *byte == 0)
                .filter(|word| !word.is_empty())
                .map(<[u8]>::to_vec)
                .collect::<Vec<_>>()
        });
        words.map(|word| quoted(&escape::text(&word))).collect::<Vec<_>>().join(" ")
    };
    let typed =
        invocation.enter.as_ref().map(of).filter(|typed| !typed.is_empty()).unwrap_or_else(|| of(&invocation.call));
    if !typed.is_empty() {
        return typed;
    }
    decode::path(invocation, arch).map_or_else(|| "?".to_owned(), Cow::into_owned)
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,+%@".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Whether a text has a name, and not only as a part of a longer one.
pub(crate) fn has_name(text: &str, name: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    // A dot ends a sentence, or goes on to an ending.
    let goes_on = |behind: &str| {
        let rest = behind.strip_prefix('.').unwrap_or(behind);
        rest.starts_with(is_of_name)
    };
    text.match_indices(name).any(|(at, _)| {
        let (before, behind) = (text.get(..at).unwrap_or_default(), text.get(at + name.len()..).unwrap_or_default());
        !before.ends_with(is_of_name) && !goes_on(behind) && !is_of_search_path(before, behind)
    })
}

/// Whether what stands between two texts is one of the directories of a search path, `/usr/bin:/bin`: these are looked
/// through, whatever is there.
fn is_of_search_path(before: &str, behind: &str) -> bool {
    let first = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    behind.starts_with(":/") || first.split_once(":/").is_some_and(|(path, _)| path.contains('/'))
}
