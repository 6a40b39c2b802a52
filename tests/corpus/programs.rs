//! The programs, by class: one file a class, one row a program.

mod chains;
mod files;
mod hangs;
mod http;
mod lapped;
mod limits;
mod network;
mod refused;
mod servers;
mod signals;
mod supervisors;
mod ways_out;
mod words;

use crate::program::Program;

/// All of them, each with its class.
pub(crate) fn all() -> Vec<(&'static str, Program)> {
    type Class = (&'static str, fn() -> Vec<Program>);
    const CLASSES: [Class; 13] = [
        ("words", words::programs),
        ("files", files::programs),
        ("servers", servers::programs),
        ("chains", chains::programs),
        ("supervisors", supervisors::programs),
        ("limits", limits::programs),
        ("signals", signals::programs),
        ("refused", refused::programs),
        ("network", network::programs),
        ("http", http::programs),
        ("hangs", hangs::programs),
        ("ways_out", ways_out::programs),
        ("lapped", lapped::programs),
    ];
    let of = |(class, programs): Class| programs().into_iter().map(move |program| (class, program));
    CLASSES.into_iter().flat_map(of).collect()
}
