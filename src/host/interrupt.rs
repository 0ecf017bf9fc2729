//! Ctrl-C and a service manager's stop: asked to end, we finish the step we are at. And what takes too long is ended.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancels `token` when this process is interrupted or told to end. From then on neither kills it.
///
/// Takes a thread of its own, because whoever works waits for programs and disks.
pub fn cancels(token: &CancellationToken) {
    let token = token.clone();
    let (ready, wait) = std::sync::mpsc::channel::<()>();
    // A thread that cannot be started leaves a process that dies of Ctrl-C: the journal makes up for that.
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let heard = super::bus::block_on(async {
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            drop(ready);
            tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
            std::io::Result::Ok(())
        });
        if matches!(heard, Ok(Ok(()))) {
            token.cancel();
        }
    });
    // Nothing is sent: the other end goes away once we listen, or never can. No signal is lost before that.
    let _ = wait.recv();
}

/// Ends its wait when it is dropped.
#[derive(Debug)]
pub struct Limit(
    #[allow(dead_code, reason = "dropping it is what ends the wait")] std::sync::mpsc::Sender<()>,
);

/// Cancels `token` after `patience`, unless what is returned was dropped before.
pub fn limit(token: &CancellationToken, patience: std::time::Duration) -> Limit {
    let token = token.clone();
    let (over, wait) = std::sync::mpsc::channel::<()>();
    // Without a thread there is no limit, and Ctrl-C is left.
    let _ = std::thread::Builder::new().name("limit".to_owned()).spawn(move || {
        if let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = wait.recv_timeout(patience) {
            token.cancel();
        }
    });
    Limit(over)
}
