//! Listens to a program that runs as long as somebody listens, and writes a line whenever something has happened.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, set_parent_process_death_signal};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Host, command};
use crate::core::plan::Command;

/// How long a program that ended is left alone before it is started again, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(600));
/// A program that ran so long worked.
const WORKED: Duration = Duration::from_secs(60);
/// How long a program may take to end when it is asked to.
const TIDY: Duration = Duration::from_secs(2);

/// Keeps the program running as long as it lives. The program ends with this process, however that ends.
pub struct Listener {
    stop: CancellationToken,
}

impl Listener {
    /// Starts `command`. `told` is called on a thread of its own: for each line of its standard output, and where the program
    /// ended and has been started again, for what nobody has heard meanwhile. A program that is not there is given up.
    pub fn new(host: &Host, command: Command, told: impl Fn() + Send + 'static) -> Self {
        let stop = CancellationToken::new();
        let (host, stopped) = (host.clone(), stop.clone());
        std::thread::spawn(move || listen(&host, &command, &told, &stopped));
        Self { stop }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn listen(host: &Host, command: &Command, told: &dyn Fn(), stop: &CancellationToken) {
    let name = command::display(command);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::warn!("{name} is not listened to: {error}");
            return;
        }
    };
    let mut pause = PAUSE.0;
    loop {
        let number = host.log().start(host.now(), name.clone());
        let ended = runtime.block_on(run(command, told, stop));
        host.log().end(
            number,
            ended.as_ref().map(drop).map_err(ToString::to_string),
            String::new(),
        );
        if stop.is_cancelled() {
            return;
        }
        let worked = match ended {
            Ok(worked) => worked,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                tracing::warn!("{name} is not listened to: {error}");
                return;
            }
            Err(_) => false,
        };
        tracing::info!("{name} has ended");
        if worked {
            pause = PAUSE.0;
        }
        let waits = async {
            tokio::select! {
                () = stop.cancelled() => (),
                () = tokio::time::sleep(pause) => (),
            }
        };
        runtime.block_on(waits);
        if stop.is_cancelled() {
            return;
        }
        if worked {
            told();
        }
        pause = (pause * 2).min(PAUSE.1);
    }
}

/// Runs the program to its end. Says whether it had worked until then.
async fn run(
    command: &Command,
    told: &dyn Fn(),
    stop: &CancellationToken,
) -> std::io::Result<bool> {
    let mut child = start(command)?;
    let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    let begun = Instant::now();
    let mut heard = false;
    if let Some(out) = child.stdout.take() {
        let mut out = BufReader::new(out);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = tokio::select! {
                () = stop.cancelled() => break,
                read = out.read_until(b'\n', &mut line) => read?,
            };
            if read == 0 {
                break;
            }
            heard = true;
            told();
        }
    }
    end(&mut child, group).await;
    Ok(heard || begun.elapsed() >= WORKED)
}

#[allow(clippy::disallowed_methods, reason = "a program that does not end has a place of its own")]
fn start(command: &Command) -> std::io::Result<Child> {
    let mut start = tokio::process::Command::new(&command.program);
    if let Some(dir) = &command.dir {
        start.current_dir(dir);
    }
    start
        .args(&command.args)
        .env("LC_ALL", "C.UTF-8")
        .env_remove("LANGUAGE")
        .envs(&command.env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    #[allow(
        unsafe_code,
        reason = "only between fork and exec can the kernel be told whose end is the program's too"
    )]
    // SAFETY: what runs there is one system call; it allocates nothing and takes no lock.
    unsafe {
        start.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::TERM))?));
    }
    start.spawn()
}

/// Ends what is left of the program.
async fn end(child: &mut Child, group: Option<Pid>) {
    for signal in [Signal::TERM, Signal::KILL] {
        // An error means that the group is gone already, which is what we want.
        let _ = group.map(|group| kill_process_group(group, signal));
        if tokio::time::timeout(TIDY, child.wait()).await.is_ok() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;
    use crate::host::{Environment, command::Real};

    fn host(root: &std::path::Path) -> Host {
        Host::new(Environment::below(root), std::sync::Arc::new(Real))
    }

    fn listen_to(host: &Host, script: &str) -> (Listener, Receiver<()>) {
        let (tell, told) = channel();
        let command = Command::new("sh").args(["-c", script]);
        (Listener::new(host, command, move || tell.send(()).unwrap_or_default()), told)
    }

    fn heard(told: &Receiver<()>) {
        told.recv_timeout(Duration::from_secs(20)).expect("news");
    }

    fn runs(pid: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    }

    #[test]
    fn each_line_is_told_and_the_program_ends_with_its_listener() {
        let place = tempfile::tempdir().unwrap();
        let host = host(place.path());
        let pid = place.path().join("pid");
        let script = format!("echo $$ > {0}; echo one; echo two; sleep 1000", pid.display());
        let (listener, told) = listen_to(&host, &script);
        heard(&told);
        heard(&told);
        assert!(told.recv_timeout(Duration::from_millis(200)).is_err());
        let pid = std::fs::read_to_string(pid).unwrap();
        assert!(runs(pid.trim()));
        assert!(host.log().entries().iter().any(|entry| entry.outcome.is_none()));
        drop(listener);
        // Its thread ends, and with it the sender.
        assert!(told.recv_timeout(Duration::from_secs(20)).is_err());
        assert!(!runs(pid.trim()));
    }

    #[test]
    fn a_program_that_dies_is_started_again_and_what_was_missed_is_told() {
        let place = tempfile::tempdir().unwrap();
        let again = place.path().join("again");
        // Twice a line and the end, then silence.
        let script = format!(
            "if [ -e {0} ]; then echo second > {0}; exec sleep 1000; fi; echo first > {0}; echo line",
            again.display()
        );
        let (_listener, told) = listen_to(&host(place.path()), &script);
        heard(&told);
        assert!(told.recv_timeout(PAUSE.0 / 2).is_err(), "it is not started again at once");
        heard(&told);
        let said = || std::fs::read_to_string(&again).unwrap();
        let end = (0..200).find(|_| {
            std::thread::sleep(Duration::from_millis(50));
            said() == "second\n"
        });
        assert!(end.is_some(), "{}", said());
    }

    #[test]
    fn a_program_that_never_worked_makes_nobody_read_again() {
        let place = tempfile::tempdir().unwrap();
        let host = host(place.path());
        let (_listener, told) = listen_to(&host, "exit 1");
        assert!(told.recv_timeout(PAUSE.0 * 3).is_err());
        let times = host.log().entries().len();
        assert!((2..4).contains(&times), "{times} times");
        let (_listener, told) = {
            let (tell, told) = channel();
            let none = Command::new("bkt-no-such-program");
            (Listener::new(&host, none, move || tell.send(()).unwrap_or_default()), told)
        };
        // Its thread has ended: nobody can tell any more.
        let end = std::sync::mpsc::RecvTimeoutError::Disconnected;
        assert_eq!(told.recv_timeout(Duration::from_secs(20)), Err(end));
    }
}
