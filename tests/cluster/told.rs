//! What is told of a pod: by `kubectl rewind why`, by its Recordings and by its Events.

use anyhow::{Context as _, Result, ensure};
use rewind_tests::cluster::namespace::Namespace;
use rewind_tests::eventually::until;
use serde_json::Value;
use std::time::Duration;

pub(crate) const SOON: Duration = Duration::from_secs(60);

/// What `kubectl rewind why` says.
pub(crate) struct Told {
    pub(crate) why: Value,
    pub(crate) answer: String,
    screen: String,
}

impl Told {
    /// Once it begins with that answer.
    pub(crate) fn of(namespace: &Namespace, target: &str, answer: &str) -> Result<Self> {
        let wanted = |screen: &String| unwrapped(screen).starts_with(answer).then(|| screen.clone());
        let screen = until(&format!("`{answer}`"), SOON, || namespace.ask(&["rewind", "why", target]), wanted)?;
        let why = serde_json::from_str(&namespace.ask(&["rewind", "why", target, "-o", "json"])?)?;
        Ok(Self { why, answer: unwrapped(&screen), screen })
    }

    /// It rests on that call.
    pub(crate) fn expect(&self, call: &str) -> Result<()> {
        let rests_on = self.why.pointer("/findings/0/evidence").and_then(Value::as_array).context("no evidence")?;
        let mut calls = rests_on.iter().filter_map(|moment| moment.get("call")?.as_str());
        ensure!(calls.any(|text| text.contains(call)), "it does not rest on `{call}`: {rests_on:?}");
        Ok(())
    }

    /// It stands among what was found as well.
    pub(crate) fn mentions(&self, text: &str) -> Result<()> {
        ensure!(unwrapped(&self.screen.replace("\n\n", "\n")).contains(text), "`{text}` is missing:\n{}", self.screen);
        Ok(())
    }
}

/// The first paragraph in one line.
pub(crate) fn unwrapped(screen: &str) -> String {
    screen.split("\n\n").next().unwrap_or_default().replace('\n', " ")
}

/// Whether one of these objects says it.
fn tells(items: &Value, field: &str, cause: &str) -> Option<()> {
    let items = items.get("items")?.as_array()?;
    let mut texts = items.iter().filter_map(|item| item.pointer(field)?.as_str());
    texts.any(|text| text.contains(cause)).then_some(())
}

/// The cause stands in a Recording of the pod.
pub(crate) fn recorded(namespace: &Namespace, pod: &str, cause: &str) -> Result<()> {
    let label = format!("rewind.dev/pod={pod}");
    let recordings = ["recordings", "-l", &label];
    let what = format!("a Recording that says `{cause}`");
    namespace.until(&what, SOON, &recordings, |all| tells(all, "/spec/cause", cause))
}

/// The cause of the last run stands where everybody looks first: `kubectl get recordings`, `kubectl describe pod`.
pub(crate) fn kept(namespace: &Namespace, pod: &str, cause: &str) -> Result<()> {
    recorded(namespace, pod, cause)?;
    let of_pod = format!("involvedObject.kind=Pod,involvedObject.name={pod}");
    let events = ["events", "--field-selector", &of_pod];
    namespace.until(&format!("an Event that says `{cause}`"), SOON, &events, |all| tells(all, "/message", cause))?;
    let described = namespace.ask(&["describe", "pod", pod])?;
    ensure!(described.contains(cause), "{described}");
    Ok(())
}

/// Waits until a pod has ended after `restarts` restarts and waits for the next one.
pub(crate) fn between_runs(namespace: &Namespace, pod: &str, restarts: u64) -> Result<()> {
    namespace.until(&format!("{restarts} restarts of {pod}"), SOON, &["pod", pod], |pod| {
        let container = pod.pointer("/status/containerStatuses/0")?;
        let waits = container.pointer("/state/waiting").is_some() || container.pointer("/state/terminated").is_some();
        (waits && container.get("restartCount")?.as_u64()? == restarts).then_some(())
    })
}
