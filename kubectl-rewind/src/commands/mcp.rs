//! `mcp`: serves tools to an assistant until it closes standard input.

use crate::error::Error;
use crate::mcp::Tools;
use rmcp::ServiceExt as _;

/// Serves.
///
/// # Errors
/// [`Error::Mcp`].
pub(super) async fn run(place: Vec<String>) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Mcp(error.to_string());
    let serving = Tools::new(place).serve(rmcp::transport::stdio()).await.map_err(|error| failed(&error))?;
    serving.waiting().await.map(drop).map_err(|error| failed(&error))
}
