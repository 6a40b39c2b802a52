//! How fast a recording becomes text, on one core: `decode_speed FILE [PASSES]`.
//!
//! FILE is a recording as the agent sends it. Each pass takes it from raw records to the lines of
//! `-o strace` as often as fits into half a second, throws the lines away, and prints the records of
//! one second.
#![forbid(unsafe_code)]

use rewind_recording::render::{self, Format, Options};
use rewind_recording::{record, stream};
use std::error::Error;
use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

/// Shortest pass.
const PASS: Duration = Duration::from_millis(500);
/// Passes if nothing else is said.
const PASSES: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: decode_speed FILE [PASSES]")?;
    let passes = arguments.next().map_or(Ok(PASSES), |passes| passes.parse())?;
    let recording = stream::read(File::open(file)?)?;
    let records = record::all(&recording.records).filter(Result::is_ok).count();
    let options = Options { format: Format::Strace, ..Options::default() };
    eprintln!("{records} records in {} bytes", recording.records.len());
    for _ in 0..passes {
        let (begin, mut times) = (Instant::now(), 0_u32);
        while begin.elapsed() < PASS {
            let summary = render::write(&mut io::sink(), &recording.header, &recording.records, &options)?;
            if let Some(malformed) = summary.malformed {
                return Err(malformed.into());
            }
            times += 1;
        }
        println!("{:.0}", records as f64 * f64::from(times) / begin.elapsed().as_secs_f64());
    }
    Ok(())
}
