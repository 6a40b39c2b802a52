//! Data points of metrics, as a Collector keeps them.

use serde_json::Value;
use std::collections::BTreeMap;

/// What a metric's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// They only grow.
    Counter,
    /// They add up, and may shrink.
    UpDown,
    /// They do not add up.
    Gauge,
    /// How often something was measured.
    Histogram,
}

/// A data point.
#[derive(Clone, Debug)]
pub struct Point {
    /// The metric's name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// What its numbers are.
    pub kind: Kind,
    /// What this one is of.
    pub attributes: BTreeMap<String, String>,
    /// The number.
    pub number: f64,
    /// Since when it is counted, Unix time in nanoseconds.
    pub began_unix_ns: u64,
    /// When it was so.
    pub at_unix_ns: u64,
}

impl Point {
    /// Whether it is of all of these.
    #[must_use]
    pub fn is_of(&self, name: &str, attributes: &[(&str, &str)]) -> bool {
        let has = |(key, text): &(&str, &str)| self.attributes.get(*key).is_some_and(|is| is == text);
        self.name == name && attributes.iter().all(has)
    }
}

/// All points of a metric.
#[must_use]
pub fn points(metric: &Value) -> Vec<Point> {
    let text = |key| metric.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let histogram = metric.get("exponentialHistogram").map(|of| (of, Kind::Histogram));
    let (of, kind) = match (metric.get("sum"), metric.get("gauge")) {
        (Some(sum), _) if sum.get("isMonotonic").and_then(Value::as_bool) == Some(true) => (sum, Kind::Counter),
        (Some(sum), _) => (sum, Kind::UpDown),
        (None, Some(gauge)) => (gauge, Kind::Gauge),
        (None, None) => match histogram {
            Some(histogram) => histogram,
            None => return Vec::new(),
        },
    };
    let all = of.get("dataPoints").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let point = |point: &Value| {
        // 64 bits are texts in JSON.
        let whole = |key| point.get(key)?.as_str()?.parse::<u64>().ok();
        Some(Point {
            name: text("name"),
            unit: text("unit"),
            kind,
            attributes: attributes(point),
            number: point
                .get("asDouble")
                .and_then(Value::as_f64)
                .or_else(|| whole("asInt").or_else(|| whole("count")).map(|whole| whole as f64))?,
            began_unix_ns: whole("startTimeUnixNano").unwrap_or(0),
            at_unix_ns: whole("timeUnixNano")?,
        })
    };
    all.iter().filter_map(point).collect()
}

fn attributes(of: &Value) -> BTreeMap<String, String> {
    let all = of.get("attributes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let pair = |attribute: &Value| {
        let value = attribute.get("value")?.as_object()?.values().next()?.as_str()?;
        Some((attribute.get("key")?.as_str()?.to_owned(), value.to_owned()))
    };
    all.iter().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_point_is_read_as_the_collector_writes_it() {
        let attributes = json!([{"key": "state", "value": {"stringValue": "used"}}]);
        let point = json!({"attributes": attributes, "startTimeUnixNano": "1", "timeUnixNano": "2", "asInt": "7"});
        let metric = json!({"name": "a", "unit": "By", "sum": {"dataPoints": [point], "isMonotonic": true}});
        let found = points(&metric);
        assert!(matches!(&found[..], [point] if point.is_of("a", &[("state", "used")]) && point.number == 7.0));
        assert!(found.iter().all(|point| (point.kind, point.began_unix_ns, point.at_unix_ns) == (Kind::Counter, 1, 2)));
        assert!(points(&json!({"name": "h", "histogram": {}})).is_empty());
    }
}
