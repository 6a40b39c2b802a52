//! The Jaeger that is asked for traces: all of it, as it has no smaller part that can be asked.

use crate::command;
use crate::go::{Module, Part};
use anyhow::Result;
use rewind_tests::jaeger::PROGRAM;
use std::ffi::OsString;

const JAEGER: Part = Part {
    name: "jaeger",
    module: &Module { files: &[("go.mod", include_str!("jaeger/go.mod")), ("go.sum", include_str!("jaeger/go.sum"))] },
    versioned_by: "github.com/jaegertracing/jaeger",
    programs: &[(PROGRAM, "github.com/jaegertracing/jaeger/cmd/jaeger")],
    ldflags: |_| "-s -w".to_owned(),
    of: "jaeger",
};

/// `PATH`, with Jaeger in it.
pub(crate) fn path() -> Result<OsString> {
    command::path_with(JAEGER.get()?)
}
