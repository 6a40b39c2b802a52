//! What Prometheus' own tool says of what is made for Prometheus: texts of metrics, rules, queries.

mod metrics;
mod rules;

use anyhow::{Context as _, Result};
use rewind_tests::suite::{Need, Suite};
use std::fs::File;
use std::process::{Command, ExitCode, Stdio};

const PROMTOOL: [Need; 1] = [Need::Program("promtool")];

fn main() -> ExitCode {
    Suite::default()
        .test("promtool_reads_the_classic_format_of_anything", &PROMTOOL, metrics::classic)
        .test("promtool_reads_open_metrics_of_anything", &PROMTOOL, metrics::open)
        .test("promtool_finds_nothing_in_the_hosts_metrics_but_what_is_known", &PROMTOOL, metrics::of_host)
        .test("promtool_finds_nothing_wrong_with_the_rules", &PROMTOOL, rules::checked)
        .test("the_rules_do_what_their_tests_say", &PROMTOOL, rules::tested)
        .test("promtool_parses_every_query_of_dashboards_and_rules", &PROMTOOL, rules::queries)
        .run()
}

/// What it says, standard error with it, and its exit code: 1 where it cannot read something.
fn promtool(arguments: &[&str], stdin: Option<File>) -> Result<(String, Option<i32>)> {
    let mut command = Command::new("promtool");
    let stdin = stdin.map_or_else(Stdio::null, Stdio::from);
    let output = command.args(arguments).stdin(stdin).output().context("cannot start promtool")?;
    let said = [output.stdout, output.stderr].concat();
    Ok((String::from_utf8_lossy(&said).into_owned(), output.status.code()))
}
