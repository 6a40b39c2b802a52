//! Where a signal is sent, and how: the `OTEL_EXPORTER_OTLP_*` variables
//! (OpenTelemetry specification 1.60, `protocol/exporter.md`).

use ::http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Log records.
    Logs,
    /// Metrics.
    Metrics,
}

impl Signal {
    /// As variables name it.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Logs => "LOGS",
            Self::Metrics => "METRICS",
        }
    }

    /// The path of its endpoint.
    const fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Logs => "v1/logs",
            Self::Metrics => "v1/metrics",
        }
    }
}

/// How messages are written on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Protobuf over HTTP, which is what the specification has where nothing is said.
    #[default]
    HttpProtobuf,
    /// JSON over HTTP.
    HttpJson,
    /// Protobuf over gRPC.
    Grpc,
}

/// A variable that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value:?}: {why}")]
pub struct Unusable {
    name: String,
    value: String,
    why: String,
}

/// Where one signal is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The whole URL.
    pub url: Url,
    /// How.
    pub protocol: Protocol,
    /// With what headers.
    pub headers: HeaderMap,
    /// Whether bodies are compressed.
    pub gzip: bool,
    /// How long one request may take.
    pub timeout: Duration,
    /// Whose certificates are believed, instead of the system's: a PEM file.
    pub certificate: Option<PathBuf>,
    /// What this side shows: PEM files of a certificate and its key.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl Destination {
    /// What the variables say of a signal; `endpoint`, from a command line, is before `OTEL_EXPORTER_OTLP_ENDPOINT`.
    /// The second part is warnings: values that are not known, which the specification has ignored.
    ///
    /// # Errors
    /// [`Unusable`]: an endpoint or header that cannot be meant.
    pub fn of(
        signal: Signal,
        endpoint: Option<&str>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Self, Vec<String>), Unusable> {
        let mut warnings = Vec::new();
        // Empty counts as not set; that of the signal is before the common one.
        let get = |name: &str| {
            let names =
                [format!("OTEL_EXPORTER_OTLP_{}_{name}", signal.variable()), format!("OTEL_EXPORTER_OTLP_{name}")];
            names
                .into_iter()
                .find_map(|name| variable(&name).filter(|value| !value.is_empty()).map(|value| (name, value)))
        };
        let protocol = match get("PROTOCOL") {
            None => Protocol::default(),
            Some((_, value)) if value == "http/protobuf" => Protocol::HttpProtobuf,
            Some((_, value)) if value == "http/json" => Protocol::HttpJson,
            Some((_, value)) if value == "grpc" => Protocol::Grpc,
            Some((name, value)) => {
                return Err(Unusable { name, value, why: "use http/protobuf, http/json or grpc".to_owned() });
            }
        };
        // Where a scheme is left out, which gRPC's endpoints may.
        let is_insecure = get("INSECURE").is_some_and(|(_, value)| value.eq_ignore_ascii_case("true"));
        let gzip = match get("COMPRESSION") {
            Some((_, value)) if value == "gzip" => true,
            Some((_, value)) if value == "none" => false,
            Some((name, value)) => {
                warnings.push(format!("{name} is {value:?}, which is neither gzip nor none: not compressed"));
                false
            }
            None => false,
        };
        let timeout = get("TIMEOUT").and_then(|(name, value)| {
            let millis = value
                .trim()
                .parse()
                .map_err(|_| warnings.push(format!("{name} is {value:?}, which is no number of milliseconds")));
            millis.ok()
        });
        let path = |name| get(name).map(|(_, value)| PathBuf::from(value));
        Ok((
            Self {
                url: url(signal, protocol, is_insecure, endpoint, variable)?,
                protocol,
                headers: get("HEADERS").map_or_else(|| Ok(HeaderMap::new()), |(name, value)| headers(&name, &value))?,
                gzip,
                timeout: Duration::from_millis(timeout.unwrap_or(10_000)),
                certificate: path("CERTIFICATE"),
                client: path("CLIENT_CERTIFICATE").zip(path("CLIENT_KEY")),
            },
            warnings,
        ))
    }
}

impl Destination {
    /// The URL without what may be a secret in it.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut url = self.url.clone();
        // Only a URL without a host refuses.
        let _ = (url.set_username(""), url.set_password(None));
        url.set_query(None);
        url.to_string()
    }
}

/// That of the signal as it is; to the common one the signal's path is added, for HTTP.
fn url(
    signal: Signal,
    protocol: Protocol,
    is_insecure: bool,
    endpoint: Option<&str>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Url, Unusable> {
    let is_grpc = protocol == Protocol::Grpc;
    let default = if is_grpc { "http://localhost:4317" } else { "http://localhost:4318" };
    let own = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.variable());
    let common = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let (name, value, is_own) = match (endpoint, set(&own), set(common)) {
        (Some(typed), ..) => ("--endpoint", typed.to_owned(), false),
        (None, Some(value), _) => (own.as_str(), value, true),
        (None, None, value) => (common, value.unwrap_or_else(|| default.to_owned()), false),
    };
    let unusable = |why: &str| Unusable { name: name.to_owned(), value: value.clone(), why: why.to_owned() };
    let scheme = match is_grpc && !value.contains("://") {
        true if is_insecure => "http://",
        true => "https://",
        false => "",
    };
    let mut url = Url::parse(&format!("{scheme}{value}")).map_err(|error| unusable(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(unusable("it has to begin with http:// or https://, and name a host"));
    }
    if !is_own && !is_grpc {
        let path = format!("{}/{}", url.path().trim_end_matches('/'), signal.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// `key=value,key=value`, percent-encoded, as W3C Baggage has it without properties.
fn headers(name: &str, value: &str) -> Result<HeaderMap, Unusable> {
    // What is wrong is said without the value, which may be a secret.
    let unusable = |why: String| Unusable { name: name.to_owned(), value: "...".to_owned(), why };
    let mut headers = HeaderMap::new();
    for pair in value.split(',').filter(|pair| !pair.trim().is_empty()) {
        let Some((key, text)) = pair.split_once('=') else {
            return Err(unusable("a header has no = between its name and its value".to_owned()));
        };
        let key = HeaderName::try_from(key.trim())
            .map_err(|_| unusable("what stands before a = is no name of a header".to_owned()))?;
        let text: Vec<u8> = percent_decode_str(text.trim()).collect();
        let mut text =
            HeaderValue::from_bytes(&text).map_err(|_| unusable(format!("the value of {key} is none for a header")))?;
        text.set_sensitive(true);
        headers.append(key, text);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn of(signal: Signal, set: &[(&str, &str)]) -> Result<(Destination, Vec<String>), Unusable> {
        let set: HashMap<&str, &str> = set.iter().copied().collect();
        Destination::of(signal, None, &|name| set.get(name).map(|&value| value.to_owned()))
    }

    #[test]
    fn without_variables_it_is_what_the_specification_says() {
        let (destination, warnings) = of(Signal::Traces, &[]).unwrap();
        assert_eq!(destination.url.as_str(), "http://localhost:4318/v1/traces");
        assert_eq!((destination.protocol, destination.gzip), (Protocol::HttpProtobuf, false));
        assert_eq!((destination.timeout, warnings.len()), (Duration::from_secs(10), 0));
    }

    #[test]
    fn a_signals_own_endpoint_is_taken_as_it_is() {
        let common = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example:4318/prefix/");
        let own = ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://logs.example/here");
        let url = |signal, set: &[_]| of(signal, set).unwrap().0.url.to_string();
        assert_eq!(url(Signal::Logs, &[common]), "https://otel.example:4318/prefix/v1/logs");
        assert_eq!(url(Signal::Logs, &[common, own]), "http://logs.example/here");
        assert_eq!(url(Signal::Traces, &[common, own]), "https://otel.example:4318/prefix/v1/traces");
        assert_eq!(url(Signal::Logs, &[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "")]), "http://localhost:4318/v1/logs");
    }

    #[test]
    fn grpc_has_a_port_of_its_own_no_path_and_may_leave_out_the_scheme() {
        let url = |set: &[(&str, &str)]| {
            let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
            let (destination, _) = of(Signal::Logs, &[&[grpc], set].concat()).unwrap();
            assert_eq!(destination.protocol, Protocol::Grpc);
            destination.url.to_string()
        };
        assert_eq!(url(&[]), "http://localhost:4317/");
        assert_eq!(url(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel:4317")]), "https://otel:4317/");
        let bare = ("OTEL_EXPORTER_OTLP_ENDPOINT", "otel:4317");
        assert_eq!(url(&[bare]), "https://otel:4317/");
        assert_eq!(url(&[bare, ("OTEL_EXPORTER_OTLP_LOGS_INSECURE", "True")]), "http://otel:4317/");
        assert!(of(Signal::Logs, &[bare]).is_err());
    }

    #[test]
    fn an_endpoint_that_is_none_is_named() {
        for value in ["localhost:4318", "ftp://a/", "not a url"] {
            let error = of(Signal::Logs, &[("OTEL_EXPORTER_OTLP_ENDPOINT", value)]).unwrap_err().to_string();
            assert!(error.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT is ") && error.contains(value), "{error}");
        }
    }

    #[test]
    fn headers_are_decoded_and_no_value_is_told() {
        let set = [("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20a%2Cb, x-scope = 7 ,")];
        let headers = of(Signal::Traces, &set).unwrap().0.headers;
        assert_eq!(headers["authorization"], "Bearer a,b");
        assert_eq!(headers["x-scope"], "7");
        assert!(!format!("{headers:?}").contains("Bearer"));
        let error = of(Signal::Traces, &[("OTEL_EXPORTER_OTLP_HEADERS", "secret-token")]).unwrap_err().to_string();
        assert!(!error.contains("secret-token"), "{error}");
        let error = of(Signal::Traces, &[("OTEL_EXPORTER_OTLP_HEADERS", "a: secret-token=")]).unwrap_err().to_string();
        assert!(!error.contains("secret-token"), "{error}");
        let set = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:secret-token@otel/")];
        assert_eq!(of(Signal::Logs, &set).unwrap().0.shown(), "http://otel/v1/logs");
    }

    #[test]
    fn that_of_the_signal_is_before_the_common_one() {
        let set = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "250"),
        ];
        let (traces, logs) = (of(Signal::Traces, &set).unwrap().0, of(Signal::Logs, &set).unwrap().0);
        assert_eq!((traces.protocol, logs.protocol), (Protocol::HttpProtobuf, Protocol::HttpJson));
        assert_eq!((traces.timeout.as_millis(), logs.timeout.as_millis()), (250, 10_000));
        assert!(traces.gzip && logs.gzip);
        let (_, warnings) = of(Signal::Logs, &[("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli")]).unwrap();
        assert!(warnings[0].contains("brotli"), "{warnings:?}");
    }
}
