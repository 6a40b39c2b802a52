//! All families as one text, within a limit.

use crate::family::Families;
use crate::formats::Format;
use crate::labels::Labels;
use crate::left_out::{LeftOut, Reason};
use opentelemetry_proto::tonic::metrics::v1::ResourceMetrics;

/// As [`LeftOut::metric`] becomes one.
const OWN: &str = "rewind_agent_prometheus_left_out";

/// Metrics as text of at most that many bytes, but for the counts of what was left out and the end, which are always
/// there (less than 1 KiB).
///
/// Where there is too much, the largest families are left out, each as a whole: half a family would be wrong sums, and so
/// the fewest names are missing. What was left out is added to `left_out`, and its counts are in the text.
#[must_use]
pub fn render(
    all: &[ResourceMetrics],
    labels: &Labels<'_>,
    format: Format,
    max_bytes: usize,
    left_out: &mut LeftOut,
) -> String {
    let mut families = Families::new(format);
    families.reserve(OWN);
    if let Some(target) = labels.target {
        families.add_target(target, left_out);
    }
    for of in all {
        families.add(of, labels, left_out);
    }
    let mut texts: Vec<_> = families.texts().collect();
    texts.sort_by_key(|(_, text, _)| text.len());
    let mut room = max_bytes;
    texts.retain(|(_, text, series)| {
        let left = room.checked_sub(text.len());
        room = left.unwrap_or(room);
        if left.is_none() {
            left_out.add(Reason::Limit, *series);
        }
        left.is_some()
    });
    let mut counts = Families::new(format);
    counts.add_metric(&left_out.metric(), &[], left_out);
    texts.extend(counts.texts());
    texts.sort();
    let end = match format {
        Format::Classic => "",
        Format::OpenMetrics => "# EOF\n",
    };
    texts.iter().map(|(_, text, _)| text.as_str()).chain([end]).collect()
}
