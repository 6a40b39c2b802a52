//! `rewind why`: one screen that says why a container ended, or what is wrong with a living one.
//!
//! ```text
//! header + records -> case.rs -> groups.rs + noise.rs -> rules/ -> diagnosis.rs -> screen.rs | JSON
//!                     one pass   what failed             findings   all in words   shows
//! ```
//!
//! A rule is a pure function from a [`case::Case`] to [`rules::Finding`]s, in a file of its own. Each
//! finding names the records it rests on and has a weight; the heaviest is the answer. Weights are
//! compared across rules, so what they mean is said in one place: [`weight`].
//!
//! What the records do not tell is said to be unknown.

use rewind_recording::header::Header;
use rewind_recording::render::{Format, Options};
use std::io;

pub mod case;
pub mod diagnosis;
mod gather;
pub mod groups;
mod idle;
pub mod memory;
pub mod noise;
mod paths;
mod permission;
mod requests;
pub mod rules;
mod screen;
mod sections;
#[cfg(test)]
mod tests;
mod text;
pub mod weight;

/// Writes the diagnosis of a recording: a screen, or with [`Format::Json`] one object.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, header: &Header, records: &[u8], options: &Options) -> io::Result<()> {
    let diagnosis = diagnosis::diagnose(header, records, options);
    if options.format == Format::Json {
        serde_json::to_writer_pretty(&mut *out, &diagnosis)?;
        return out.write_all(b"\n");
    }
    screen::write(out, &diagnosis, options)
}
