//! The OpenTelemetry Collector that tests send to: of what they need, and no more.

use crate::command;
use crate::go::{Module, Part};
use anyhow::Result;
use rewind_tests::collector::PROGRAM;
use std::ffi::OsString;
use std::path::PathBuf;

const COLLECTOR: Part = Part {
    // Programs are kept by name and version: with another set of components, another name.
    name: "otelcol-hostmetrics",
    module: &Module {
        files: &[
            ("go.mod", include_str!("collector/go.mod")),
            ("go.sum", include_str!("collector/go.sum")),
            ("main.go", include_str!("collector/main.go")),
        ],
    },
    versioned_by: "go.opentelemetry.io/collector/otelcol",
    programs: &[(PROGRAM, ".")],
    ldflags: |_| "-s -w".to_owned(),
    of: "collector",
};

/// The program itself.
pub(crate) fn program() -> Result<PathBuf> {
    Ok(COLLECTOR.get()?.join(PROGRAM))
}

/// `PATH`, with the Collector in it.
pub(crate) fn path() -> Result<OsString> {
    command::path_with(COLLECTOR.get()?)
}
