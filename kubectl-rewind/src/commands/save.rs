//! `save`: writes one recording to a file.

use crate::error::Error;
use crate::output::note;
use crate::reach::Reached;
use crate::target::TargetError;
use rewind_recording::file::Saving;
use rewind_recording::render::{self, units};
use rewind_recording::stream::Recording;
use std::path::Path;

/// Saves the one recording that is meant.
///
/// # Errors
/// [`Error`]; nothing is saved then.
pub(super) async fn run(reached: Reached, target: Option<&str>, path: &Path) -> Result<(), Error> {
    let failed = |source| Error::Save { path: path.to_owned(), source };
    let [held] = &*reached.held else {
        let candidates = reached.held.iter().map(|held| held.label.clone()).collect();
        return Err(TargetError::Several { target: target.unwrap_or("-l").to_owned(), candidates }.into());
    };
    let saving = Saving::start(path).map_err(failed)?;
    let Recording { header, records, complete } = super::fetch(held).await?;
    if !complete {
        return Err(Error::Torn(render::container_name(&header.container)));
    }
    let bytes = saving.finish(&header, &records).map_err(failed)?;
    let (name, calls) = (render::container_name(&header.container), units::counted(header.coverage.calls_held, "call"));
    note(&format!("{name} saved to {}: {calls} in {}", path.display(), units::bytes(bytes)));
    reached.finish()
}
