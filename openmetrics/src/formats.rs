//! The two formats, and which one a client takes.

/// A format of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Prometheus' own, 0.0.4: without units, exemplars and times of creation.
    Classic,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The value of the header `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Classic => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The format for a client whose header `Accept` says this. Who asks for none that there is gets the classic one, as
/// Prometheus' guidelines on content negotiation have it.
#[must_use]
pub fn format(accept: Option<&str>) -> Format {
    let offers = accept.unwrap_or_default().split(',').filter_map(offer);
    let best = offers.max_by(|(one, of_one), (other, of_other)| of_one.total_cmp(of_other).then(one.cmp(other)));
    best.map_or(Format::Classic, |(format, _)| format)
}

/// What is offered for a media range, and how much it is liked.
fn offer(range: &str) -> Option<(Format, f32)> {
    let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
    let (media, parameters) = (parts.next()?, parts.collect::<Vec<_>>());
    let of = |name: &str| {
        let mut pairs = parameters.iter().filter_map(|parameter| parameter.split_once('='));
        pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().trim_matches('"'))
    };
    let is = |version: &str| of("version").is_none_or(|told| told == version);
    let format = match media.as_str() {
        "application/openmetrics-text" if is("1.0.0") => Format::OpenMetrics,
        "text/plain" if is("0.0.4") => Format::Classic,
        "text/*" | "*/*" => Format::Classic,
        _ => return None,
    };
    let weight = of("q").map_or(Some(1.0), |text| text.parse().ok()).filter(|weight| *weight > 0.0)?;
    Some((format, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_gets_open_metrics() {
        let two = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                   text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let three = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                     application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                     text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let quoted = "Application/OpenMetrics-Text; charset=utf-8; Version=\"1.0.0\"";
        for accept in [two, three, quoted, "application/openmetrics-text, text/plain"] {
            assert_eq!(format(Some(accept)), Format::OpenMetrics, "{accept}");
        }
    }

    #[test]
    fn who_does_not_ask_for_it_gets_the_classic_format() {
        assert_eq!(format(None), Format::Classic);
        for accept in [
            "",
            "*/*",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.9",
            "application/openmetrics-text;version=2.0.0",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=no",
            "application/openmetrics-text;q=nan, text/plain;q=0.1",
            ";;=,=;,q",
        ] {
            assert_eq!(format(Some(accept)), Format::Classic, "{accept}");
        }
    }
}
