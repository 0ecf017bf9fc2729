//! Whether a box can be had, when it is added.

use std::path::Path;

use super::{HOME, IMAGE, make, place};
use crate::core::item::Record;
use crate::core::names::ImageRef;
use crate::host::Host;
use crate::host::podman::{self, PodmanError};
use crate::subsystem::Unfit;
use crate::words::{fill, gettext};

/// Looks at what is set: nothing is fetched.
pub(super) fn validate(host: &Host, set: &Record) -> Result<(), Unfit> {
    if let Some(image) = set.text(IMAGE) {
        let image: ImageRef = image.parse().map_err(Unfit::new)?;
        here_or_fetched(host, &image)?;
        make::fits(host, set).map_err(Unfit::new)?;
    }
    if let Some(home) = set.text(HOME) {
        let full = place::full(host, home);
        if !Path::new(&full).is_dir() {
            let text =
                gettext("“{path}” is no directory: make it first, to be the home of the box");
            return Err(Unfit::new(fill(&text, &[("path", home)])));
        }
    }
    for volume in make::volumes(set) {
        let source = volume.split(':').next().unwrap_or_default();
        let full = place::full(host, source);
        // One without a slash is a volume of podman, which is made as needed.
        if full.starts_with('/') && !host.path(&full).exists() && !Path::new(&full).exists() {
            let text = gettext("“{path}” is not on this machine, and cannot be a volume");
            return Err(Unfit::new(fill(&text, &[("path", source)])));
        }
    }
    Ok(())
}

fn here_or_fetched(host: &Host, image: &ImageRef) -> Result<(), Unfit> {
    match podman::have(host, image, false) {
        Ok(()) => Ok(()),
        Err(PodmanError::NotHere(_)) if image.as_str().starts_with("localhost/") => {
            let text = gettext(
                "the image “{image}” is not on this machine, where its name says that it is",
            );
            Err(Unfit::new(fill(&text, &[("image", image.as_str())])))
        }
        // Its name leads somewhere, and it is fetched when the box is made.
        Err(PodmanError::NotHere(_)) => Ok(()),
        Err(error) => Err(Unfit::unsure(error)),
    }
}
