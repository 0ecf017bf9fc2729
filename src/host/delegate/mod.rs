//! Having the host's `bkt` do what this one was asked for, from a toolbox, a distrobox or a Flatpak's sandbox.
//!
//! Flatpak's session helper starts programs on the host for those who may talk to it: `HostCommand` of
//! `org.freedesktop.Flatpak.Development` on the session bus, which is what `flatpak-spawn --host` calls. Our standard
//! input, output and error are handed over as they are, a terminal among them. Signals are passed on, and how the
//! program ended comes back as a signal of the bus: nothing waits for an answer that could be late.

use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;

use futures_util::StreamExt;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use thiserror::Error;
use zbus::fdo::Error as BusAnswer;
use zbus::{Connection, Fd, Message, MessageStream};

use super::bus::{self, BusError};
use super::inside::Place;
use super::{Host, bus::block_on};

mod invocation;
mod signals;

use invocation::Invocation;
use signals::{Passed, Signals};

const NAME: &str = "org.freedesktop.Flatpak";
const PATH: &str = "/org/freedesktop/Flatpak/Development";
const INTERFACE: &str = "org.freedesktop.Flatpak.Development";
const BUS: &str = "org.freedesktop.DBus";
/// The helper sends the program SIGINT when we are gone: it finishes the step it is at, and leaves nothing half done.
/// Without that it would go on with nobody to see it, or wait for an answer that nobody gives.
const WATCH_BUS: u32 = 2;

/// How the host's program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this exit status.
    Code(u8),
    /// By this signal.
    Signal(i32),
}

/// The host did not do what it was asked for, or nobody knows whether it did.
#[derive(Debug, Error)]
pub enum DelegateError {
    /// The host has been here before: it is not outside of the box after all.
    #[error("what was handed over to the host came back")]
    Circle {
        /// Where this runs, for people.
        within: String,
    },
    /// The host does not have the working directory.
    #[error("the host does not have the working directory “{}”", dir.display())]
    OnlyHere {
        /// The directory.
        dir: PathBuf,
        /// Where this runs, for people.
        within: String,
    },
    /// There is no bus, or no session helper on it.
    #[error("the host cannot be reached: {why}")]
    Unreachable {
        /// Where this runs.
        place: Place,
        /// Why, for people.
        why: String,
    },
    /// The sandbox may not talk to the session helper.
    #[error("the sandbox of {app} may not run programs on the host: {why}")]
    Refused {
        /// The app's id.
        app: String,
        /// What came back.
        why: String,
    },
    /// The host does not have the program.
    #[error("the host has no “{program}”")]
    NotInstalled {
        /// As it was asked for: a name, or a path.
        program: String,
    },
    /// The host has it and could not start it.
    #[error("the host could not start “{program}”: {why}")]
    NotStarted {
        /// As it was asked for: a name, or a path.
        program: String,
        /// What came back.
        why: String,
    },
    /// The session helper or the bus is gone, and with it the news of the program.
    #[error("the connection to the host was lost")]
    Lost,
    /// Something here does not work.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Ended {
    /// What a wait status means, as `waitpid` gives it.
    fn told_by(status: u32) -> Self {
        let status = ExitStatus::from_raw(status.cast_signed());
        match (status.signal(), status.code()) {
            (Some(signal), _) => Self::Signal(signal),
            (None, code) => Self::Code(code.and_then(|code| code.try_into().ok()).unwrap_or(1)),
        }
    }
}

/// Has the host's `bkt` run with these arguments, the program's name left out, and waits for its end: for as long as it takes.
pub fn to_host(
    host: &Host,
    place: &Place,
    args: &[std::ffi::OsString],
) -> Result<Ended, DelegateError> {
    let asked = Invocation::of(host, place, args)?;
    block_on(carry(host, place, &asked))?
}

/// Ends this process by a signal, as the host's program ended. Returns where the signal is none that ends a process.
pub fn end_by(signal: i32) {
    // What crashed is the host's program: there is nothing to be learnt from our memory.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

async fn carry(host: &Host, place: &Place, asked: &Invocation) -> Result<Ended, DelegateError> {
    let mut signals = Signals::listen()?;
    let started = tokio::select! {
        biased;
        started = start(host, place, asked) => started?,
        // If the program was started meanwhile, the helper sees us go, and tells it.
        signal = signals.deadly() => return Ok(Ended::Signal(signal)),
    };
    let Started { bus, mut news, helper, pid } = started;
    loop {
        tokio::select! {
            heard = news.next() => {
                let Some(Ok(message)) = heard else { return Err(DelegateError::Lost) };
                match tells(&message, &helper, pid) {
                    Some(News::Ended(status)) => return Ok(Ended::told_by(status)),
                    Some(News::HelperGone) => return Err(DelegateError::Lost),
                    None => (),
                }
            }
            passed = signals.next() => {
                let Passed { signal, group, stops } = passed;
                // Where it cannot be sent the connection is gone, which the other branch hears.
                let _ = pass_on(&bus, &helper, (pid, signal, group)).await;
                if stops {
                    signals::stop_ourselves();
                }
            }
        }
    }
}

/// A program that runs on the host.
struct Started {
    bus: Connection,
    /// Everything the bus has sent us since before the program was started.
    news: MessageStream,
    /// The unique name of the helper that started it.
    helper: String,
    /// Its process id on the host.
    pid: u32,
}

/// Starts the program, by the first bus that has a session helper.
async fn start(host: &Host, place: &Place, asked: &Invocation) -> Result<Started, DelegateError> {
    let unreachable =
        |why: &BusError| DelegateError::Unreachable { place: place.clone(), why: why.to_string() };
    let mut first = None;
    let mut others = invocation::buses(host).into_iter();
    let mut next = Some(bus::session(host).await);
    while let Some(connected) = next {
        match connected {
            Ok(bus) => match ask(bus, asked).await {
                Ok(started) => return Ok(started),
                Err(error) if bus::nobody(&error) => {
                    first.get_or_insert(BusError::NotRunning(NAME.to_owned()));
                }
                Err(error) => return Err(refusal(place, &asked.program, &error)),
            },
            // That there is none says less than why another does not answer.
            Err(BusError::NoBus) => (),
            Err(error) => {
                first.get_or_insert(error);
            }
        }
        next = match others.next() {
            Some(socket) => Some(bus::at(&socket).await),
            None => None,
        };
    }
    Err(unreachable(&first.unwrap_or(BusError::NoBus)))
}

async fn ask(bus: Connection, asked: &Invocation) -> zbus::Result<Started> {
    // Before the call: a program may end at once.
    let news = MessageStream::from(&bus);
    let rule = format!(
        "type='signal',sender='{BUS}',interface='{BUS}',member='NameOwnerChanged',arg0='{NAME}'"
    );
    bus.call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "AddMatch", &rule).await?;
    let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let files = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
    let files: std::collections::BTreeMap<u32, Fd<'_>> =
        (0..).zip(files.into_iter().map(Fd::from)).collect();
    let body = (&asked.dir, &asked.argv, files, &asked.env, WATCH_BUS);
    let answer = bus.call_method(Some(NAME), PATH, Some(INTERFACE), "HostCommand", &body).await?;
    let helper = answer.header().sender().map(ToString::to_string);
    let helper = helper.ok_or(zbus::Error::InvalidReply)?;
    let pid = answer.body().deserialize()?;
    Ok(Started { bus, news, helper, pid })
}

fn refusal(place: &Place, program: &str, error: &zbus::Error) -> DelegateError {
    let why = match error {
        zbus::Error::FDO(answer) => match (&**answer, place) {
            (BusAnswer::FileNotFound(_), _) => {
                return DelegateError::NotInstalled { program: program.to_owned() };
            }
            (BusAnswer::AccessDenied(why), Place::Sandbox(app)) => {
                return DelegateError::Refused { app: app.clone(), why: why.clone() };
            }
            (answer, _) => answer.to_string(),
        },
        error => error.description().map_or_else(|| error.to_string(), str::to_owned),
    };
    DelegateError::NotStarted { program: program.to_owned(), why }
}

async fn pass_on(bus: &Connection, helper: &str, what: (u32, u32, bool)) -> zbus::Result<()> {
    // That the program is gone meanwhile is no news to wait for.
    let call = Message::method_call(PATH, "HostCommandSignal")
        .destination(helper)
        .interface(INTERFACE)
        .with_flags(zbus::message::Flags::NO_REPLY_EXPECTED);
    bus.send(&call.build(&what)?).await
}

/// What a message says of the program.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// It ended, with this wait status.
    Ended(u32),
    /// Who started it is gone, and nobody will say when it ends.
    HelperGone,
}

/// Anybody on the bus can send us messages: believed are the helper and the bus.
fn tells(message: &Message, helper: &str, pid: u32) -> Option<News> {
    let header = message.header();
    let sender = header.sender()?.as_str();
    let body = message.body();
    match (header.interface()?.as_str(), header.member()?.as_str()) {
        (INTERFACE, "HostCommandExited") if sender == helper => {
            let (ended, status): (u32, u32) = body.deserialize().ok()?;
            (ended == pid).then_some(News::Ended(status))
        }
        (BUS, "NameOwnerChanged") if sender == BUS => {
            let (_, before, _): (&str, &str, &str) = body.deserialize().ok()?;
            (before == helper).then_some(News::HelperGone)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_status_is_a_code_or_a_signal() {
        assert_eq!(Ended::told_by(0), Ended::Code(0));
        assert_eq!(Ended::told_by(42 << 8), Ended::Code(42));
        assert_eq!(Ended::told_by(255 << 8), Ended::Code(255));
        assert_eq!(Ended::told_by(15), Ended::Signal(15));
        // With a memory dump.
        assert_eq!(Ended::told_by(0x80 | 11), Ended::Signal(11));
    }

    #[test]
    fn news_of_others_are_not_believed() {
        let signal = |sender: &'static str, interface: &'static str, member: &'static str| {
            Message::signal(PATH, interface, member).sender(sender)
        };
        let ended = |sender| signal(sender, INTERFACE, "HostCommandExited");
        let mine = ended(":1.7").build(&(12u32, 256u32)).unwrap();
        assert_eq!(tells(&mine, ":1.7", 12), Some(News::Ended(256)));
        assert_eq!(tells(&mine, ":1.7", 13), None);
        assert_eq!(tells(&mine, ":1.8", 12), None);
        let odd = ended(":1.7").build(&("12", 256u32)).unwrap();
        assert_eq!(tells(&odd, ":1.7", 12), None);
        let gone = |sender| signal(sender, BUS, "NameOwnerChanged").build(&(NAME, ":1.7", ""));
        assert_eq!(tells(&gone(BUS).unwrap(), ":1.7", 12), Some(News::HelperGone));
        assert_eq!(tells(&gone(":1.9").unwrap(), ":1.7", 12), None);
        assert_eq!(tells(&gone(BUS).unwrap(), ":1.8", 12), None);
    }
}
