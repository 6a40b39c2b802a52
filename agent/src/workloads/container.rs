//! A container of a pod -> what is told of it. Pure.

use super::figures::{Facts, Figure, Instrument};
use super::quantity::{number, whole};
use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use rewind_container_metrics::Limits;
use rewind_otlp::attribute;
use rewind_otlp::metric::Number;
use std::collections::BTreeMap;

static RESTARTS: Instrument = Instrument::new("k8s.container.restarts", "{restart}", "How often it was started again");
static READY: Instrument = Instrument::new("k8s.container.ready", "", "Whether it is ready: 1, or 0");
static STATE: Instrument = Instrument::new("k8s.container.status.state", "{container}", "Which state it is in");
static REASON: Instrument = Instrument::new("k8s.container.status.reason", "{container}", "Why it is in its state");
static EXIT_CODE: Instrument =
    Instrument::new("rewind.k8s.container.last_exit_code", "{code}", "The exit code of its last run that ended");

/// States, as the conventions spell them.
const STATES: [&str; 3] = ["running", "waiting", "terminated"];
/// Reasons of which it is also told that they are not it.
const REASONS: [&str; 9] = [
    "ContainerCreating",
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "ErrImagePull",
    "ImagePullBackOff",
    "OOMKilled",
    "Completed",
    "Error",
    "ContainerCannotRun",
];
/// Longest reason that is told.
const MAX_REASON_BYTES: usize = 64;

/// What is read of a container's requests or limits: a resource, its instruments, and whether its unit has fractions.
struct Row {
    resource: &'static str,
    request: Instrument,
    limit: Instrument,
    is_real: bool,
}

static RESOURCES: [Row; 4] = [
    Row {
        resource: "cpu",
        request: Instrument::new("k8s.container.cpu_request", "{cpu}", "CPU that is reserved for it"),
        limit: Instrument::new("k8s.container.cpu_limit", "{cpu}", "CPU that it may use"),
        is_real: true,
    },
    Row {
        resource: "memory",
        request: Instrument::new("k8s.container.memory_request", "By", "Memory that is reserved for it"),
        limit: Instrument::new("k8s.container.memory_limit", "By", "Memory that it may use"),
        is_real: false,
    },
    Row {
        resource: "storage",
        request: Instrument::new("k8s.container.storage_request", "By", "Storage that is reserved for it"),
        limit: Instrument::new("k8s.container.storage_limit", "By", "Storage that it may use"),
        is_real: false,
    },
    Row {
        resource: "ephemeral-storage",
        request: Instrument::new("k8s.container.ephemeralstorage_request", "By", "Local storage reserved for it"),
        limit: Instrument::new("k8s.container.ephemeralstorage_limit", "By", "Local storage that it may use"),
        is_real: false,
    },
];

/// What a container's spec says that it needs, and may use.
pub(super) fn limits(resources: &ResourceRequirements) -> Limits {
    let of = |all: &Option<BTreeMap<String, Quantity>>, name| all.as_ref().and_then(|all| all.get(name)).cloned();
    let (requests, limits) = (&resources.requests, &resources.limits);
    Limits {
        cpu_request: of(requests, "cpu").and_then(|quantity| number(&quantity)),
        cpu_limit: of(limits, "cpu").and_then(|quantity| number(&quantity)),
        memory_request: of(requests, "memory").and_then(|quantity| whole(&quantity)),
        memory_limit: of(limits, "memory").and_then(|quantity| whole(&quantity)),
    }
}

/// What is told of a container with these attributes, by what it asks for and how it is.
pub(super) fn facts(
    mut attributes: Vec<KeyValue>,
    asks: Option<&ResourceRequirements>,
    status: Option<&ContainerStatus>,
) -> Facts {
    let mut figures = Vec::new();
    if let Some(status) = status {
        let ended = [&status.state, &status.last_state].into_iter().flatten();
        let ended = ended.filter_map(|state| state.terminated.as_ref()).next();
        let reason = ended.and_then(|ended| told(ended.reason.as_deref()));
        attributes.extend(reason.map(|reason| attribute("k8s.container.status.last_terminated_reason", reason)));
        figures.push(Figure::of(&RESTARTS, u64::try_from(status.restart_count).unwrap_or(0)));
        figures.push(Figure::of(&READY, u64::from(status.ready)));
        figures.extend(status.state.iter().flat_map(of_state));
        figures.extend(ended.map(|ended| Figure::of(&EXIT_CODE, i64::from(ended.exit_code))));
    }
    figures.extend(asks.into_iter().flat_map(of_resources));
    Facts { attributes, figures }
}

fn of_state(state: &ContainerState) -> Vec<Figure> {
    let is = [state.running.is_some(), state.waiting.is_some(), state.terminated.is_some()];
    let states = STATES.into_iter().zip(is);
    let states = states.map(|(one, is)| Figure::is(&STATE, "k8s.container.status.state", one, is));
    let waits = state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref());
    let reason = told(waits.or_else(|| state.terminated.as_ref().and_then(|ended| ended.reason.as_deref())));
    let key = "k8s.container.status.reason";
    let known = REASONS.into_iter().map(|one| Figure::is(&REASON, key, one, reason == Some(one)));
    let other = reason.filter(|reason| !REASONS.contains(reason));
    let other = other.map(|reason| Figure::is(&REASON, key, reason.to_owned(), true));
    states.chain(known).chain(other).collect()
}

fn told(reason: Option<&str>) -> Option<&str> {
    reason.filter(|reason| !reason.is_empty() && reason.len() <= MAX_REASON_BYTES)
}

fn of_resources(asks: &ResourceRequirements) -> Vec<Figure> {
    let figure = |all: &Option<BTreeMap<String, Quantity>>, row: &Row, instrument: &'static Instrument| {
        let quantity = all.as_ref()?.get(row.resource)?;
        let read = if row.is_real { number(quantity).map(Number::Real) } else { whole(quantity).map(Number::Whole) };
        read.map(|number| Figure::of(instrument, number))
    };
    let both = |row: &'static Row| {
        [figure(&asks.requests, row, &row.request), figure(&asks.limits, row, &row.limit)].into_iter().flatten()
    };
    RESOURCES.iter().flat_map(both).collect()
}
