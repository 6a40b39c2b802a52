//! A quantity of the API, as `250m` or `64Mi`, as a number. Pure.
//!
//! Total, and by the grammar of `k8s.io/apimachinery/pkg/api/resource`; the crate `kube_quantity` reads them too, with a
//! library of decimals that nothing here needs.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// Longest text that is read: Kubernetes writes none that is longer.
const MAX_BYTES: usize = 64;

/// A quantity that is not below zero.
#[must_use]
pub(super) fn number(of: &Quantity) -> Option<f64> {
    let text = Some(of.0.as_str()).filter(|text| text.len() <= MAX_BYTES)?;
    let end = text.find(|letter: char| !matches!(letter, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let scaled = match suffix {
        "n" => number / 1e9,
        "u" => number / 1e6,
        "m" => number / 1e3,
        "" => number,
        "k" => number * 1e3,
        "M" => number * 1e6,
        "G" => number * 1e9,
        "T" => number * 1e12,
        "P" => number * 1e15,
        "E" => number * 1e18,
        "Ki" => number * 2_f64.powi(10),
        "Mi" => number * 2_f64.powi(20),
        "Gi" => number * 2_f64.powi(30),
        "Ti" => number * 2_f64.powi(40),
        "Pi" => number * 2_f64.powi(50),
        "Ei" => number * 2_f64.powi(60),
        exponent => number * 10_f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    Some(scaled).filter(|number| number.is_finite() && *number >= 0.0)
}

/// As [`number`], without its fraction: rounded up, as Kubernetes does.
#[must_use]
pub(super) fn whole(of: &Quantity) -> Option<u64> {
    // As the type's largest, what is larger.
    number(of).map(|number| number.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<f64> {
        number(&Quantity(text.to_owned()))
    }

    #[test]
    fn every_suffix_is_read() {
        for (text, expected) in [
            ("0", 0.0),
            ("1.5", 1.5),
            ("250m", 0.25),
            ("100u", 0.0001),
            ("3n", 3e-9),
            ("2k", 2e3),
            ("129M", 129e6),
            ("1G", 1e9),
            ("1T", 1e12),
            ("1P", 1e15),
            ("1E", 1e18),
            ("4Ki", 4096.0),
            ("64Mi", 67_108_864.0),
            ("1.5Gi", 1_610_612_736.0),
            ("1Ti", 1_099_511_627_776.0),
            ("1Pi", 1_125_899_906_842_624.0),
            ("1Ei", 1_152_921_504_606_846_976.0),
            ("1e3", 1e3),
            ("12E2", 1200.0),
            ("5e-1", 0.5),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_none() {
        for text in
            ["", "m", "-1", "1 Gi", "1gi", "1.2.3", "--1", "1e", "1e999999999999", "1e400", "inf", "NaN", "1Kim"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"1".repeat(MAX_BYTES + 1)), None);
    }

    #[test]
    fn a_fraction_of_a_byte_is_one() {
        assert_eq!(whole(&Quantity("1500m".to_owned())), Some(2));
        assert_eq!(whole(&Quantity("1e30".to_owned())), Some(u64::MAX));
    }
}
