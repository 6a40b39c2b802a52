//! Perfetto's published schema, as its own Python package has it, for the test that holds our traces against it. Its
//! trace processor is in no registry.

use crate::command;
use crate::python::Program;
use rewind_tests::perfetto::PROGRAM;
use std::ffi::OsString;

const VERSION: &str = "0.59.1";
const SCRIPT: &str = include_str!("perfetto/json.py");

/// `path`, with the program in front that reads traces; without it where it cannot be had, and the test says so.
pub(crate) fn before(path: &OsString) -> OsString {
    let package = format!("perfetto=={VERSION}");
    // It names no version of protobuf itself.
    let packages = [package.as_str(), "protobuf==7.36.2"];
    let program = Program { name: PROGRAM, folder: format!("perfetto-{VERSION}"), packages: &packages, script: SCRIPT };
    program.get().and_then(|bin| command::in_front(bin, path)).unwrap_or_else(|error| {
        eprintln!("setup: no schema of Perfetto: {error:#}");
        path.clone()
    })
}
