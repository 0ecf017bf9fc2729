//! Waiting for what is asynchronous, from code that is not: D-Bus calls and child processes.

use std::fmt;
use std::future::Future;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use thiserror::Error;
use zbus::proxy::MethodFlags;

use super::Host;
use crate::words::{fill, gettext};

/// Runs `future` to its end on this thread.
pub fn block_on<F: Future>(future: F) -> std::io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(future))
}

/// Why a call on the session bus gave no answer.
#[derive(Debug, Error)]
pub enum BusError {
    /// There is no session bus: nobody is logged in here.
    NoBus,
    /// The session bus is there, but cannot be talked to.
    Unreachable(#[source] Box<zbus::Error>),
    /// Nobody on the bus has this name.
    NotRunning(String),
    /// The service took too long.
    TimedOut(String),
    /// The service refused, or answered something else than it should.
    Failed {
        /// The service's name.
        name: String,
        /// What it said.
        #[source]
        source: Box<zbus::Error>,
    },
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::NoBus => gettext("there is no session bus: run this inside your desktop session"),
            Self::Unreachable(why) => {
                let text = gettext("the session bus does not answer: {why}");
                fill(&text, &[("why", &why.to_string())])
            }
            Self::NotRunning(name) => fill(&gettext("{name} is not running"), &[("name", name)]),
            Self::TimedOut(name) => {
                fill(&gettext("{name} did not answer in time"), &[("name", name)])
            }
            Self::Failed { name, source } => {
                let text = gettext("{name} answered with an error: {why}");
                fill(&text, &[("name", name), ("why", &source.to_string())])
            }
        };
        f.write_str(&text)
    }
}

/// Something that answers on a bus.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its well-known name.
    pub name: &'static str,
    /// Whether the bus may start it.
    pub start: bool,
    /// How long to wait for an answer.
    pub patience: Duration,
}

/// Connects to the session bus of `host`: `$DBUS_SESSION_BUS_ADDRESS`, else the socket `$XDG_RUNTIME_DIR/bus`.
pub async fn session(host: &Host) -> Result<zbus::Connection, BusError> {
    match (host.var("DBUS_SESSION_BUS_ADDRESS"), &host.env().runtime) {
        (Some(address), _) => connect(zbus::connection::Builder::address(address)).await,
        (None, Some(runtime)) => at(&runtime.join("bus")).await,
        (None, None) => Err(BusError::NoBus),
    }
}

/// Connects to the bus that listens on a socket.
pub async fn at(socket: &Path) -> Result<zbus::Connection, BusError> {
    let socket = UnixStream::connect(socket).map_err(|_| BusError::NoBus)?;
    connect(zbus::connection::Builder::unix_stream(socket)).await
}

async fn connect(to: zbus::connection::Builder<'_>) -> Result<zbus::Connection, BusError> {
    to.build().await.map_err(|error| BusError::Unreachable(Box::new(error)))
}

/// Calls one method and waits for its answer.
pub async fn call<B, R>(
    bus: &zbus::Connection,
    service: Service,
    path: &str,
    interface: &str,
    method: &str,
    body: &B,
) -> Result<R, BusError>
where
    B: serde::Serialize + zbus::DynamicType,
    R: for<'d> zbus::wire::DynamicDeserialize<'d>,
{
    let name = service.name.to_owned();
    let flags = if service.start { MethodFlags::empty() } else { MethodFlags::NO_AUTO_START };
    let answer = async {
        let proxy = zbus::Proxy::new(bus, service.name, path, interface).await?;
        proxy.call_with_flags(method, flags, body).await
    };
    match tokio::time::timeout(service.patience, answer).await {
        Err(_) => Err(BusError::TimedOut(name)),
        Ok(Ok(Some(answer))) => Ok(answer),
        Ok(Ok(None)) => Err(BusError::Failed { name, source: Box::new(zbus::Error::InvalidReply) }),
        Ok(Err(error)) if nobody(&error) => Err(BusError::NotRunning(name)),
        Ok(Err(error)) => Err(BusError::Failed { name, source: Box::new(error) }),
    }
}

/// Whether the bus itself said that the name has no owner.
pub fn nobody(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::FDO(error) => matches!(
            **error,
            zbus::fdo::Error::ServiceUnknown(_) | zbus::fdo::Error::NameHasNoOwner(_)
        ),
        _ => false,
    }
}
