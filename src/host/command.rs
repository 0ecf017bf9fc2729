//! Running programs: commands are values, output is streamed, every run is logged where the person can see it.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::inside::CALLED_IN;
use crate::core::plan::Command;
use crate::core::secret;

/// How many finished commands the log keeps.
const LOG_LENGTH: usize = 500;
/// How many bytes of a command's output an error or the log keeps: its end.
const TAIL: usize = 4096;
/// How long what a program leaves running may go on to hold its output, once it has ended itself.
const AFTER_END: Duration = Duration::from_millis(500);
/// How long a program that was interrupted may tidy up.
const TIDY: Duration = Duration::from_secs(5);
/// How often it is looked whether a program waits for the terminal.
const LOOK: Duration = Duration::from_millis(500);

/// A command that did not succeed.
#[derive(Debug, Error)]
pub enum RunError {
    /// The program is not installed.
    #[error("“{program}” is not installed")]
    NotFound {
        /// The program.
        program: String,
    },
    /// The program could not be started or its output not be read.
    #[error("“{command}” could not be run")]
    Io {
        /// The command line, secrets left out.
        command: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The program ended with a failure.
    #[error("“{command}” failed ({status}){}", if tail.is_empty() { String::new() } else { format!(": {tail}") })]
    Failed {
        /// The command line, secrets left out.
        command: String,
        /// "exit status: 1"
        status: String,
        /// The last lines it wrote to standard error.
        tail: String,
    },
    /// The person cancelled it.
    #[error("“{command}” was cancelled")]
    Cancelled {
        /// The command line, secrets left out.
        command: String,
    },
    /// It wanted to ask something on the terminal, and was ended.
    #[error("“{command}” wanted to ask something on the terminal, and was ended")]
    Terminal {
        /// The command line, secrets left out.
        command: String,
    },
}

/// One run, for the command log.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// When it started.
    pub at: jiff::Timestamp,
    /// The command line, secrets left out.
    pub command: String,
    /// How it ended; `None` while it runs.
    pub outcome: Option<Result<(), String>>,
    /// The end of its output.
    pub output: String,
}

/// The commands of this process, newest last.
#[derive(Default)]
pub struct CommandLog {
    entries: Mutex<(u64, VecDeque<(u64, LogEntry)>)>,
}

impl CommandLog {
    /// Notes a command that starts; the number is for [`CommandLog::end`].
    pub fn start(&self, at: jiff::Timestamp, command: String) -> u64 {
        self.with(|(next, entries)| {
            *next += 1;
            if entries.len() == LOG_LENGTH {
                entries.pop_front();
            }
            entries
                .push_back((*next, LogEntry { at, command, outcome: None, output: String::new() }));
            *next
        })
    }

    /// Notes how it ended.
    pub fn end(&self, number: u64, outcome: Result<(), String>, output: String) {
        self.with(|(_, entries)| {
            if let Some((_, entry)) = entries.iter_mut().find(|(n, _)| *n == number) {
                entry.outcome = Some(outcome);
                entry.output = output;
            }
        });
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> Vec<LogEntry> {
        self.with(|(_, entries)| entries.iter().map(|(_, entry)| entry.clone()).collect())
    }

    fn with<T>(&self, f: impl FnOnce(&mut (u64, VecDeque<(u64, LogEntry)>)) -> T) -> T {
        // The data stays whole even if a holder panicked: every update is one push or one assignment.
        f(&mut self.entries.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// What runs programs: the machine itself, or what stands for it.
pub trait Runner: Send + Sync {
    /// Runs `command` to its end, handing each line of its output to `line`. Returns its standard output.
    ///
    /// Blocks until the program ends, whatever it leaves running. A cancelled program gets SIGINT, so that it can tidy up,
    /// and after five seconds SIGKILL; so does one that waits for an answer on the terminal.
    fn run(
        &self,
        command: &Command,
        line: &mut dyn FnMut(&str),
        cancel: &CancellationToken,
    ) -> Result<String, RunError>;

    /// Runs `command` to its end, and returns its standard output byte for byte.
    fn output(&self, command: &Command) -> Result<Vec<u8>, RunError> {
        self.run(command, &mut |_| (), &CancellationToken::new()).map(String::into_bytes)
    }

    /// Becomes `command`, which then has the terminal, the signals and the exit status. Returns only where that did not
    /// work, or where nothing is really run.
    fn become_program(&self, command: &Command) -> RunError {
        RunError::NotFound { program: command.program.clone() }
    }
}

/// A command line for people, secrets left out, quoted as a shell would need it.
pub fn display(command: &Command) -> String {
    std::iter::once(&command.program)
        .chain(&command.args)
        .map(|word| quote(&secret::redact(word)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a program of this name is on the path.
pub fn is_installed(host: &super::Host, name: &str) -> bool {
    let dirs = host.var("PATH").unwrap_or_default().split(':');
    dirs.filter(|dir| dir.starts_with('/')).any(|dir| {
        let path = std::path::Path::new(dir).join(name);
        path.is_file() && rustix::fs::access(&path, rustix::fs::Access::EXEC_OK).is_ok()
    })
}

fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=@%+,~".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Runs programs on the machine we are on.
pub struct Real;

impl Runner for Real {
    fn run(
        &self,
        command: &Command,
        line: &mut dyn FnMut(&str),
        cancel: &CancellationToken,
    ) -> Result<String, RunError> {
        let mut text = String::new();
        let mut keep = |part: Part<'_>| match part {
            Part::Out(said, _) => {
                line(said);
                text.push_str(said);
                text.push('\n');
            }
            Part::Err(said) | Part::Progress(said) => line(said),
        };
        block_on(command, &mut keep, cancel)?;
        Ok(text)
    }

    fn output(&self, command: &Command) -> Result<Vec<u8>, RunError> {
        let mut bytes = Vec::new();
        let mut keep = |part: Part<'_>| {
            if let Part::Out(_, raw) = part {
                bytes.extend_from_slice(raw);
            }
        };
        block_on(command, &mut keep, &CancellationToken::new())?;
        Ok(bytes)
    }

    #[allow(clippy::disallowed_methods, reason = "the one place that starts processes")]
    fn become_program(&self, command: &Command) -> RunError {
        use std::os::unix::process::CommandExt;
        let mut becomes = std::process::Command::new(&command.program);
        if let Some(dir) = &command.dir {
            becomes.current_dir(dir);
        }
        // It says where this one was called, not what it starts: a shell in a box calls us anew.
        becomes.env_remove(CALLED_IN);
        let source = becomes.args(&command.args).envs(&command.env).exec();
        not_started(command, source)
    }
}

/// One line that a program wrote: to standard output, also as it came, or to standard error; or what it will draw over.
enum Part<'a> {
    Out(&'a str, &'a [u8]),
    Err(&'a str),
    Progress(&'a str),
}

fn block_on(
    command: &Command,
    hear: &mut dyn FnMut(Part<'_>),
    cancel: &CancellationToken,
) -> Result<(), RunError> {
    let io = |source| RunError::Io { command: display(command), source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(io)?;
    runtime.block_on(run(command, hear, cancel))
}

#[allow(clippy::disallowed_methods, reason = "the one place that starts processes")]
async fn run(
    command: &Command,
    hear: &mut dyn FnMut(Part<'_>),
    cancel: &CancellationToken,
) -> Result<(), RunError> {
    let name = display(command);
    let io = |source| RunError::Io { command: name.clone(), source };
    let mut started = tokio::process::Command::new(&command.program);
    if let Some(dir) = &command.dir {
        started.current_dir(dir);
    }
    let mut child = started
        .args(&command.args)
        .env("LC_ALL", "C.UTF-8")
        // Asked before LC_ALL for the language of messages.
        .env_remove("LANGUAGE")
        // Under a hook or an alias of git they name another repository than the one that is meant.
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_PREFIX")
        .env_remove(CALLED_IN)
        .envs(&command.env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own: Ctrl-C reaches us alone, and we decide what the program gets.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| not_started(command, source))?;
    let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    let mut out = Lines::new(child.stdout.take());
    let mut err = Lines::new(child.stderr.take());
    let mut tail = String::new();
    let mut status = None;
    let (mut over_at, mut kill_at) = (None, None);
    let mut asks = false;
    let mut look = tokio::time::interval(LOOK);
    while status.is_none() || out.open || err.open {
        tokio::select! {
            // What was written is heard before it is given up.
            biased;
            () = until(kill_at), if kill_at.is_some() => {
                signal(group, Signal::KILL);
                break;
            }
            () = cancel.cancelled(), if kill_at.is_none() => {
                signal(group, Signal::INT);
                kill_at = Some(Instant::now() + TIDY);
            }
            said = out.next(), if out.open => match said.map_err(io)? {
                Some(Said::Line(text, bytes)) => hear(Part::Out(&text, &bytes)),
                Some(Said::Progress(text)) => hear(Part::Progress(&text)),
                None => (),
            },
            said = err.next(), if err.open => match said.map_err(io)? {
                Some(Said::Line(text, _)) => {
                    hear(Part::Err(&text));
                    tail.push_str(&uncoloured(&text));
                    tail.push('\n');
                    keep_end(&mut tail);
                }
                Some(Said::Progress(text)) => hear(Part::Progress(&text)),
                None => (),
            },
            ended = child.wait(), if status.is_none() => {
                status = Some(ended.map_err(io)?);
                over_at = Some(Instant::now() + AFTER_END);
            }
            // What it left running may write for ever.
            () = until(over_at), if over_at.is_some() => {
                out.give_up();
                err.give_up();
            }
            _ = look.tick(), if status.is_none() && kill_at.is_none() => if wants_terminal(group) {
                asks = true;
                signal(group, Signal::INT);
                signal(group, Signal::CONT);
                kill_at = Some(Instant::now() + TIDY);
            },
        }
    }
    let status = match status {
        Some(status) => status,
        None => child.wait().await.map_err(io)?,
    };
    if asks && !status.success() {
        return Err(RunError::Terminal { command: name });
    }
    if kill_at.is_some() && !status.success() {
        return Err(RunError::Cancelled { command: name });
    }
    if status.success() {
        return Ok(());
    }
    Err(RunError::Failed {
        command: name,
        status: status.to_string(),
        tail: tail.trim().to_owned(),
    })
}

fn not_started(command: &Command, source: std::io::Error) -> RunError {
    match source.kind() {
        std::io::ErrorKind::NotFound => RunError::NotFound { program: command.program.clone() },
        _ => RunError::Io { command: display(command), source },
    }
}

/// Whether a program was stopped because it reads from the terminal, or sets it, which a group in the background may not.
fn wants_terminal(group: Option<Pid>) -> bool {
    // What is asked for is not taken away: the end of the program is still to come.
    let what = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let stopped = group.and_then(|pid| waitid(WaitId::Pid(pid), what).ok().flatten());
    let by = stopped.and_then(|status| status.stopping_signal());
    by.is_some_and(|by| [Signal::TTIN, Signal::TTOU].iter().any(|one| one.as_raw() == by))
}

fn signal(group: Option<Pid>, signal: Signal) {
    // An error means that the group is gone already, which is what we want.
    let _ = group.map(|group| rustix::process::kill_process_group(group, signal));
}

async fn until(instant: Option<Instant>) {
    if let Some(instant) = instant {
        tokio::time::sleep_until(instant).await;
    }
}

/// Cuts `text` to its last [`TAIL`] bytes, at a character's boundary.
pub(super) fn keep_end(text: &mut String) {
    if text.len() > TAIL {
        let cut = (text.len() - TAIL..text.len()).find(|&at| text.is_char_boundary(at));
        text.drain(..cut.unwrap_or(0));
    }
}

/// What was read of a pipe.
enum Said {
    /// A line, trimmed, and as it came. Of what was drawn over each other in it, the text has the last.
    Line(String, Vec<u8>),
    /// What a carriage return ends, trimmed: the program will draw over it.
    Progress(String),
}

/// Text without what moves, colours or clears on a terminal: the control sequences of ECMA-48, “ESC [ … letter”, and
/// control characters other than tabulators.
pub fn uncoloured(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.as_str().starts_with('[') => {
                chars.next();
                chars.find(|c| ('@'..='~').contains(c));
            }
            c if c.is_control() && c != '\t' => (),
            c => out.push(c),
        }
    }
    out
}

/// The lines of one pipe.
struct Lines<R> {
    reader: Option<BufReader<R>>,
    open: bool,
    /// What was read of the current line: kept here so that giving up a wait loses nothing.
    bytes: Vec<u8>,
    /// Where in it the last carriage return ends.
    drawn: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    fn new(pipe: Option<R>) -> Self {
        Self { open: pipe.is_some(), reader: pipe.map(BufReader::new), bytes: Vec::new(), drawn: 0 }
    }

    /// The next thing said; `None` at the end.
    async fn next(&mut self) -> std::io::Result<Option<Said>> {
        let Some(reader) = &mut self.reader else {
            self.open = !self.bytes.is_empty();
            return Ok(self.line());
        };
        loop {
            let read = reader.fill_buf().await?;
            if read.is_empty() {
                self.open = !self.bytes.is_empty();
                return Ok(self.line());
            }
            let end = read.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let taken = end.map_or(read.len(), |at| at + 1);
            let drawn = end.is_some_and(|at| read[at] == b'\r');
            // A Windows line's end is one.
            let drawn = drawn && read.get(taken) != Some(&b'\n');
            self.bytes.extend_from_slice(&read[..taken]);
            reader.consume(taken);
            match end {
                Some(_) if drawn => {
                    let text = text(&self.bytes[self.drawn..]);
                    self.drawn = self.bytes.len();
                    if !text.is_empty() {
                        return Ok(Some(Said::Progress(text)));
                    }
                }
                Some(_) if self.bytes.ends_with(b"\n") => return Ok(self.line()),
                _ => (),
            }
        }
    }

    fn line(&mut self) -> Option<Said> {
        self.drawn = 0;
        let bytes = std::mem::take(&mut self.bytes);
        (!bytes.is_empty()).then(|| Said::Line(text(&bytes), bytes))
    }

    /// Reads no more; what was read of a line is still said.
    fn give_up(&mut self) {
        self.reader = None;
    }
}

/// The last that is drawn in a line, trimmed.
fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.trim_end().rsplit('\r').next().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
