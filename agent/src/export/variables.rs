//! Where things are sent: the standard variables, and the file of settings before them.

use rewind_exporter::{Destination, Exporter, Signal, Unusable};
use rewind_otlp::metric::delta::Temporality;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How long a message is tried again. A backend that is away for longer costs what was to be sent then.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// What the file of settings says, by the names of the variables that it goes before. What they hold may be secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Variables(pub(crate) BTreeMap<String, String>);

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Variables {
    /// What a variable says, here or in the environment. Empty is as if it were not there.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let own = self.0.get(name).cloned();
        own.or_else(|| std::env::var(name).ok()).filter(|value| !value.is_empty())
    }

    /// The exporter of a signal; `None`: there is no endpoint, or it is switched off.
    ///
    /// # Errors
    /// What cannot be meant, in a sentence.
    pub(crate) fn exporter(&self, signal: Signal) -> Result<Option<Exporter>, String> {
        let Some(destination) = self.destination(signal).map_err(|error| error.to_string())? else { return Ok(None) };
        Exporter::new(destination, PATIENCE).map(Some).map_err(|error| error.to_string())
    }

    fn destination(&self, signal: Signal) -> Result<Option<Destination>, Unusable> {
        let own = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.variable());
        let has_endpoint = self.get(&own).or_else(|| self.get("OTEL_EXPORTER_OTLP_ENDPOINT")).is_some();
        let is_disabled = self.get("OTEL_SDK_DISABLED").is_some_and(|is| is.eq_ignore_ascii_case("true"));
        // Others than `otlp` are none of ours.
        let name = format!("OTEL_{}_EXPORTER", signal.variable());
        let is_otlp = self.get(&name).is_none_or(|list| list.split(',').any(|one| one.trim() == "otlp"));
        if !has_endpoint || is_disabled || !is_otlp {
            return Ok(None);
        }
        let (destination, warnings) = Destination::of(signal, None, &|name| self.get(name))?;
        warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        Ok(Some(destination))
    }

    /// What `OTEL_RESOURCE_ATTRIBUTES` says of who is observed: keys and texts, in its order.
    pub(crate) fn resource_attributes(&self) -> Vec<(String, String)> {
        let told = self.get("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        let pairs = told.split(',').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, text)| (key.trim().to_owned(), text.trim().to_owned())).collect()
    }

    /// Whether metrics are cumulative or delta; what is no such preference is as if it were not there.
    pub(crate) fn temporality(&self) -> Temporality {
        let told = self.get("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
        told.and_then(|told| Temporality::parse(&told)).unwrap_or_default()
    }

    /// A number of milliseconds.
    pub(crate) fn millis(&self, name: &str) -> Option<Duration> {
        self.get(name)?.trim().parse().ok().map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: &[(&str, &str)]) -> Variables {
        Variables(set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn nothing_is_sent_without_an_endpoint_or_where_it_is_switched_off() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:4318");
        let is_on = |set: &[_], signal| of(set).destination(signal).unwrap().is_some();
        assert!(!is_on(&[], Signal::Traces));
        assert!(is_on(&[endpoint], Signal::Traces) && is_on(&[endpoint], Signal::Metrics));
        assert!(!is_on(&[endpoint, ("OTEL_SDK_DISABLED", "TRUE")], Signal::Logs));
        let none = ("OTEL_TRACES_EXPORTER", "none");
        assert!(!is_on(&[endpoint, none], Signal::Traces) && is_on(&[endpoint, none], Signal::Logs));
        assert!(is_on(&[endpoint, ("OTEL_LOGS_EXPORTER", "console, otlp")], Signal::Logs));
        let own = ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://logs/here");
        assert!(is_on(&[own], Signal::Logs) && !is_on(&[own], Signal::Traces));
        assert!(of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "otel:4318")]).exporter(Signal::Logs).is_err());
    }

    #[test]
    fn what_may_be_secret_is_not_logged() {
        let variables = of(&[("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret")]);
        assert_eq!(format!("{variables:?}"), r#"{"OTEL_EXPORTER_OTLP_HEADERS"}"#);
    }
}
