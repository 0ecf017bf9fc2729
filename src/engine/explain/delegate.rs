//! What is said where the host does not do what a box or a sandbox asks it for.

use super::{Told, told};
use crate::host::delegate::DelegateError;
use crate::host::inside::Place;
use crate::words::{fill, gettext};

/// The error in words.
pub(super) fn known(error: &DelegateError) -> Option<Told> {
    Some(match error {
        DelegateError::Io(_) => return None,
        DelegateError::Circle { within } => {
            let text = gettext("this was handed over to the host already, and came back {within}");
            let hint = gettext(
                "The bkt of the host hands on, as a shim does: install bkt itself there. If you have set BKT_CALLED_IN, unset it.",
            );
            told(fill(&text, &[("within", within)]), hint)
        }
        DelegateError::OnlyHere { dir, within } => {
            let text = gettext("“{path}” is {within} and not on the host, where bkt acts");
            let values = [("path", &*dir.display().to_string()), ("within", within)];
            told(fill(&text, &values), gettext("Call it from below your home directory."))
        }
        DelegateError::Unreachable { place, why } => {
            let text = gettext("this runs {within}, and the host cannot be reached: {why}");
            let message = fill(&text, &[("within", &place.within()), ("why", why)]);
            told(message, reaching(place))
        }
        DelegateError::Refused { app, why } => {
            let text = gettext("the sandbox of {app} may not run programs on the host: {why}");
            told(fill(&text, &[("app", app), ("why", why)]), permitting(app))
        }
        DelegateError::NotInstalled { program } => {
            let text = gettext("the host has no “{program}”, or cannot run it");
            let hint = gettext(
                "Install bkt on the host as well: what is called in a box is carried out there.",
            );
            told(fill(&text, &[("program", program)]), hint)
        }
        DelegateError::NotStarted { program, why } => {
            let text = gettext("the host did not start “{program}”: {why}");
            let hint = gettext("See whether it works there: call it outside of the box.");
            told(fill(&text, &[("program", program), ("why", why)]), hint)
        }
        DelegateError::Lost => told(
            gettext("the connection to the host was lost while bkt ran there"),
            gettext("What it came to is not known. See what was done: bkt history"),
        ),
    })
}

fn reaching(place: &Place) -> String {
    match place {
        Place::Sandbox(app) => permitting(app),
        _ => gettext(
            "It takes your desktop session's bus and Flatpak on the host: call it as yourself, not as root, while you are \
             logged in there; or call it outside of the box.",
        ),
    }
}

fn permitting(app: &str) -> String {
    let text = gettext(
        "Allow it, on the host, and start the app anew: flatpak override --user --talk-name=org.freedesktop.Flatpak {app}. \
         It may then do there whatever you may.",
    );
    fill(&text, &[("app", app)])
}
