//! Load averages (`proc_loadavg(5)`), and how long the host is up (`proc_uptime(5)`).

use crate::reading::Reading;
use crate::text::hundredths;
use procfs::{FromRead as _, LoadAverage, Uptime};
use rewind_otlp::metric::sheet::{Sheet, whole};

/// Tasks that run, could, or wait for the disk, on average over 1, 5 and 15 minutes.
pub type Load = [f64; 3];

pub(crate) fn read(reading: &mut Reading<'_>) -> Option<Load> {
    reading.proc("loadavg", |text| {
        let load = LoadAverage::from_read(text.as_bytes()).ok()?;
        Some([load.one, load.five, load.fifteen].map(hundredths)).filter(|load| load.iter().all(|of| of.is_finite()))
    })
}

/// Seconds since the host's start.
pub(crate) fn uptime_s(reading: &mut Reading<'_>) -> Option<f64> {
    reading.proc("uptime", |text| {
        let uptime = Uptime::from_read(text.as_bytes()).ok()?.uptime;
        Some(uptime).filter(|uptime| uptime.is_finite() && *uptime >= 0.0)
    })
}

pub(crate) fn metrics(load: Option<Load>, uptime_s: Option<f64>, sheet: &mut Sheet<'_>) {
    for (average, [name, description]) in load.into_iter().flatten().zip([
        ["system.cpu.load_average.1m", "Average load over one minute"],
        ["system.cpu.load_average.5m", "Average load over five minutes"],
        ["system.cpu.load_average.15m", "Average load over fifteen minutes"],
    ]) {
        sheet.gauge(name, "{thread}", description, whole(average));
    }
    if let Some(uptime_s) = uptime_s {
        sheet.gauge("system.uptime", "s", "Time since the host's start", whole(uptime_s));
    }
}
