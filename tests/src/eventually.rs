//! Bounded waiting.

use anyhow::{Result, bail};
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
}
