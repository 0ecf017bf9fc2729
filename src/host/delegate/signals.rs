//! The signals that a host's program gets as we do.

use std::future::poll_fn;
use std::task::Poll;

use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};

/// What is passed on.
const PASSED: [Signal; 9] = [
    Signal::HUP,
    Signal::INT,
    Signal::QUIT,
    Signal::TERM,
    Signal::USR1,
    Signal::USR2,
    Signal::TSTP,
    Signal::CONT,
    Signal::WINCH,
];

/// A signal for the host's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Passed {
    /// Its number.
    pub signal: u32,
    /// Whether it is for the program's whole process group, as what a terminal sends.
    pub group: bool,
    /// Whether we stop as well, until we are told to go on.
    pub stops: bool,
}

/// The signals that were sent to us. From [`Signals::listen`] on none of them ends this process.
pub(super) struct Signals(Vec<(Signal, tokio::signal::unix::Signal)>);

impl Signals {
    pub fn listen() -> std::io::Result<Self> {
        let ignored = ignored();
        // What this process was told to ignore, as nohup does it, stays ignored: the host's program does not hear of it.
        let heard = PASSED.into_iter().filter(|one| ignored & (1 << (one.as_raw() - 1)) == 0);
        let listen = |one: Signal| Ok((one, signal(SignalKind::from_raw(one.as_raw()))?));
        heard.map(listen).collect::<std::io::Result<_>>().map(Self)
    }

    /// The next one, for the host's program.
    pub async fn next(&mut self) -> Passed {
        passed(self.raw().await)
    }

    /// The next one that would end this process.
    pub async fn deadly(&mut self) -> i32 {
        loop {
            match self.raw().await {
                Signal::TSTP => stop_ourselves(),
                Signal::CONT | Signal::WINCH => (),
                signal => return signal.as_raw(),
            }
        }
    }

    async fn raw(&mut self) -> Signal {
        poll_fn(|context| {
            for (signal, heard) in &mut self.0 {
                if heard.poll_recv(context).is_ready() {
                    return Poll::Ready(*signal);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Stops this process, as Ctrl-Z does.
pub(super) fn stop_ourselves() {
    // Where it cannot be stopped it goes on, and the host's program waits for a SIGCONT.
    let _ = kill_process(getpid(), Signal::STOP);
}

fn passed(signal: Signal) -> Passed {
    let stops = signal == Signal::TSTP;
    Passed {
        // The host's program is in a session that has no terminal: there SIGTSTP has no effect.
        signal: if stops { Signal::STOP } else { signal }.as_raw().unsigned_abs(),
        group: ![Signal::TERM, Signal::USR1, Signal::USR2].contains(&signal),
        stops,
    }
}

/// A bit for each signal that this process ignores, the first for signal 1; see proc(5), `SigIgn`.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    bits.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_sends_is_for_the_group_and_a_stop_is_one() {
        let to_group = Passed { signal: 2, group: true, stops: false };
        assert_eq!(passed(Signal::INT), to_group);
        assert_eq!(passed(Signal::TERM), Passed { signal: 15, group: false, stops: false });
        assert_eq!(passed(Signal::TSTP), Passed { signal: 19, group: true, stops: true });
        assert_eq!(passed(Signal::CONT), Passed { signal: 18, group: true, stops: false });
        // Rust's own start-up ignores SIGPIPE.
        assert_ne!(ignored() & (1 << (Signal::PIPE.as_raw() - 1)), 0);
    }
}
