//! The image this machine was started from.

use super::{Host, fs};
use crate::core::item::{Barred, Live, Records, WantedItems};
use crate::words::gettext;

/// Whether this machine was started from an image: by ostree, or by bootc with composefs alone.
///
/// The first is told by `/run/ostree-booted`, the second by a kernel argument.
pub fn is_image(host: &Host) -> bool {
    host.path("/run/ostree-booted").exists()
        || fs::read(&host.path("/proc/cmdline")).ok().flatten().is_some_and(|line| {
            line.split_ascii_whitespace().any(|arg| arg.starts_with("composefs="))
        })
}

/// What is to be said of `wanted` on a machine that was not started from an image: it is meant for others.
pub fn not_here(wanted: &WantedItems) -> Records {
    let mut records = Records::default();
    for key in wanted.keys() {
        let reason = gettext("This machine was not started from an image");
        records.insert(key.clone(), Live::absent().barred(Some(Barred::NotHere(reason))));
    }
    records
}
