//! The styles of a terminal, wherever something is shown on one.

use crate::events::Notice;
use anstyle::{AnsiColor, Style};

/// What went wrong.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What is worth a look.
pub const NOTABLE: Style = AnsiColor::Yellow.on_default();
/// What stands above others.
pub const HEADING: Style = Style::new().bold();

/// What switches a style on and off.
pub(super) fn marks(color: bool, style: Style) -> (String, String) {
    if color { (style.render().to_string(), style.render_reset().to_string()) } else { Default::default() }
}

/// How an event is marked.
pub(super) const fn style_of(notice: Notice) -> Option<Style> {
    match notice {
        Notice::Plain => None,
        Notice::Notable => Some(NOTABLE),
        Notice::Bad => Some(BAD),
    }
}
