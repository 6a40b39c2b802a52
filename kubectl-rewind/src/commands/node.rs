//! `node`: how a node and its containers are doing, once.

use crate::cli::{Sort, TopFormat};
use crate::error::Error;
use crate::fetch::Agent;
use crate::node::{self, Moment};
use crate::output::{Output, note};
use std::time::Duration;

/// Asks twice, for what is used a second.
///
/// # Errors
/// [`Error`].
pub(super) async fn run(
    agent: &Agent,
    output: &Output,
    interval: Duration,
    sort: Sort,
    format: TopFormat,
) -> Result<(), Error> {
    let before = agent.node().await?;
    tokio::time::sleep(interval).await;
    let moment = Moment::new(&before, agent.node().await?);
    output.write(|out| node::write(out, &moment, sort, format, (output.width, output.color)))?;
    if format != TopFormat::Json {
        moment.unread().iter().for_each(|sentence| note(sentence));
    }
    Ok(())
}
