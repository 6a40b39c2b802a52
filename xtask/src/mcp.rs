//! A client of the Model Context Protocol that is not ours: the protocol's own Python package.

use crate::command;
use crate::python::Program;
use rewind_tests::mcp::PROGRAM;
use std::ffi::OsString;

const VERSION: &str = "2.3.0";
const SCRIPT: &str = include_str!("mcp/client.py");

/// `path`, with the client in front; without it where it cannot be had, and the test says so.
pub(crate) fn before(path: OsString) -> OsString {
    let package = format!("mcp=={VERSION}");
    let program = Program { name: PROGRAM, folder: format!("mcp-{VERSION}"), packages: &[&package], script: SCRIPT };
    program.get().and_then(|bin| command::in_front(bin, &path)).unwrap_or_else(|error| {
        eprintln!("setup: no client of the Model Context Protocol: {error:#}");
        path
    })
}
