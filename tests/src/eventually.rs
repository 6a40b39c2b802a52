//! Bounded waiting.

use anyhow::{Context as _, Result, bail};
use std::fmt::Debug;
use std::thread::sleep;
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Asks `probe` until it has an answer, with growing pauses.
///
/// # Errors
/// When `within` has passed; `what` names what did not come about.
pub fn eventually<T>(what: &str, within: Duration, mut probe: impl FnMut() -> Option<T>) -> Result<T> {
    let begin = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(answer) = probe() {
            return Ok(answer);
        }
        if begin.elapsed() >= within {
            bail!("waited {within:?} for this: {what}");
        }
        sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Looks until what is seen is `wanted`, with growing pauses.
///
/// # Errors
/// When `within` has passed; `what` names what did not come about, and what was seen last stands beside it.
pub fn until<S: Debug, T>(
    what: &str,
    within: Duration,
    mut look: impl FnMut() -> Result<S>,
    wanted: impl Fn(&S) -> Option<T>,
) -> Result<T> {
    let mut last = None;
    let found = eventually(what, within, || {
        let seen = look();
        let found = seen.as_ref().ok().and_then(&wanted);
        last = Some(seen);
        found
    });
    found.with_context(|| match last {
        Some(Ok(seen)) => format!("it is at last: {seen:?}"),
        Some(Err(error)) => format!("{error:#}"),
        None => "nobody was asked".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_until_there_is_an_answer() -> Result<()> {
        let mut asked = 0;
        let answer = eventually("three", Duration::from_secs(5), || {
            asked += 1;
            (asked == 3).then_some(asked)
        })?;
        assert_eq!(answer, 3);
        Ok(())
    }

    #[test]
    fn it_gives_up_and_says_on_what() {
        let given_up = eventually("the end of time", Duration::ZERO, || None::<()>);
        assert!(given_up.is_err_and(|error| error.to_string().contains("the end of time")));
    }

    #[test]
    fn it_looks_until_it_sees_what_is_wanted_and_tells_what_it_saw_last() -> Result<()> {
        let mut seen = 0;
        let mut look = || {
            seen += 1;
            Ok(seen)
        };
        let even = |seen: &u32| seen.is_multiple_of(4).then_some(*seen);
        assert_eq!(until("four", Duration::from_secs(5), &mut look, even)?, 4);
        let given_up = until("four", Duration::ZERO, || Ok(7), even).map_err(|error| format!("{error:#}"));
        assert!(given_up.is_err_and(|told| told.contains("four") && told.contains("it is at last: 7")));
        Ok(())
    }
}
