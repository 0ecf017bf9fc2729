//! Holding off suspend and log-out while changes are made.

use std::os::fd::OwnedFd;

use super::Host;
use crate::core::plan::{Change, Side};
use crate::words::gettext;

/// Keeps the machine awake until dropped. `None` where nothing of the system changes, or logind cannot be asked:
/// a change is no less right without it.
pub fn inhibit(host: &Host, changes: &[Change]) -> Option<OwnedFd> {
    if !changes.iter().any(|change| change.side == Side::System) {
        return None;
    }
    // Not the host's own root: another machine's logind is not ours to hold.
    if host.env().root != std::path::Path::new("/") {
        return None;
    }
    match super::bus::block_on(ask()) {
        Ok(Ok(fd)) => Some(fd.into()),
        Ok(Err(error)) => {
            tracing::debug!("no inhibitor: {error}");
            None
        }
        Err(_) => None,
    }
}

async fn ask() -> zbus::Result<zbus::OwnedFd> {
    let bus = zbus::Connection::system().await?;
    let why = gettext("Changes are being made to this system");
    let reply = bus
        .call_method(
            Some("org.freedesktop.login1"),
            "/org/freedesktop/login1",
            Some("org.freedesktop.login1.Manager"),
            "Inhibit",
            &("sleep:shutdown", "Bucket", why.as_str(), "block"),
        )
        .await?;
    reply.body().deserialize()
}
