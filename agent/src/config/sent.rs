//! The section `export`: what the `OTEL_*` variables say, by other names, and what they have none for.

use super::fields::Fields;
use crate::export::{Endpoint, Group, Groups, Setting, Settings, Variables};
use std::time::Duration;

/// Fields, and what the variables' names end with; of all signals, and of each in a section of its own.
const FIELDS: [(&str, &str); 9] = [
    ("endpoint", "ENDPOINT"),
    ("protocol", "PROTOCOL"),
    ("insecure", "INSECURE"),
    ("headers", "HEADERS"),
    ("compression", "COMPRESSION"),
    ("timeout", "TIMEOUT"),
    ("certificate", "CERTIFICATE"),
    ("clientCertificate", "CLIENT_CERTIFICATE"),
    ("clientKey", "CLIENT_KEY"),
];
const SIGNALS: [(&str, &str); 3] = [("traces", "TRACES"), ("logs", "LOGS"), ("metrics", "METRICS")];
/// Fields that stand once.
const OTHERS: [(&str, &str); 4] = [
    ("scheduleDelay", "OTEL_BLRP_SCHEDULE_DELAY"),
    ("metricInterval", "OTEL_METRIC_EXPORT_INTERVAL"),
    ("temporality", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"),
    ("resourceAttributes", "OTEL_RESOURCE_ATTRIBUTES"),
];

/// How often metrics may be sent.
const INTERVALS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3_600)];

/// Reads the section.
///
/// # Errors
/// Which value is not understood.
pub(super) fn settings(mut section: Fields) -> Result<Settings, String> {
    let request_spans = section.take("requestSpans")?.unwrap_or(Settings::default().request_spans);
    let groups = groups(&mut section)?;
    let prometheus = prometheus(&mut section)?;
    Ok(Settings { variables: variables(section)?, request_spans, groups, prometheus })
}

/// Where metrics are told to who scrapes.
fn prometheus(export: &mut Fields) -> Result<Option<Endpoint>, String> {
    let mut section = export.section("prometheus")?;
    let address =
        |text: &str| text.parse().map_err(|_| "it has to be an address and a port, as 127.0.0.1:9464".to_owned());
    let listen = section.take_as("listen", address)?;
    let token = section.take_as("tokenFile", |text| Ok(text.into()))?;
    section.finish()?;
    let of = listen.map(|listen| Endpoint::new(listen, token)).transpose();
    of.map_err(|why| format!("`export.prometheus`: {why}"))
}

/// Reads the sections of groups of metrics.
fn groups(export: &mut Fields) -> Result<Groups, String> {
    let mut groups = Groups::default();
    for (group, name) in Group::SET {
        let (mut section, default) = (export.section(name)?, groups.of(group));
        let is_on = section.take("enabled")?.unwrap_or(default.is_on);
        let interval = section.take_as("interval", interval)?.unwrap_or(default.interval);
        section.finish()?;
        groups.set(group, Setting { is_on, interval });
    }
    Ok(groups)
}

fn interval(text: &str) -> Result<Duration, String> {
    let told = text.parse::<jiff::SignedDuration>().ok().and_then(|told| Duration::try_from(told).ok());
    let [least, most] = INTERVALS;
    told.filter(|told| (least..=most).contains(told)).ok_or_else(|| "it has to be between 1s and 1h, as 15s".to_owned())
}

/// Reads the variables of the section.
fn variables(mut section: Fields) -> Result<Variables, String> {
    let mut variables = Variables::default();
    let text = |text: &str| Ok(text.to_owned());
    let mut set = |name: String, value: Option<String>| {
        variables.0.extend(value.map(|value| (name, value)));
    };
    for (field, name) in FIELDS {
        set(format!("OTEL_EXPORTER_OTLP_{name}"), section.take_as(field, text)?);
    }
    for (field, name) in OTHERS {
        set(name.to_owned(), section.take_as(field, text)?);
    }
    for (signal, of) in SIGNALS {
        let mut own = section.section(signal)?;
        for (field, name) in FIELDS {
            set(format!("OTEL_EXPORTER_OTLP_{of}_{name}"), own.take_as(field, text)?);
        }
        set(format!("OTEL_{of}_EXPORTER"), own.take_as("exporter", text)?);
        own.finish()?;
    }
    section.finish()?;
    Ok(variables)
}
