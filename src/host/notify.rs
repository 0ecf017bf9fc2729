//! Telling systemd how a service is doing: the protocol of sd_notify(3), which is one datagram.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use super::Host;

/// Sends `state` ("READY=1", "STATUS=…") to the service manager, where one listens.
///
/// Nothing depends on it being heard.
pub fn send(host: &Host, state: &str) {
    let Some(name) = host.var("NOTIFY_SOCKET") else { return };
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(name),
    };
    let sent = address.and_then(|address| {
        let line: String = state.chars().map(|c| if c == '\n' { ' ' } else { c }).collect();
        UnixDatagram::unbound()?.send_to_addr(line.as_bytes(), &address)
    });
    if let Err(error) = sent {
        tracing::debug!("the service manager was not told: {error}");
    }
}
