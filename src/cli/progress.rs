//! What is being done, on anything that takes longer than half a second: one line on standard error that is gone afterwards.

use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::app::App;
use super::output::{Output, cut};
use crate::engine::Event;
use crate::words::{fill, gettext};

const PATIENCE: Duration = Duration::from_millis(500);
const FRAME: Duration = Duration::from_millis(100);
const FRAMES: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// A line that moves while something is done; dropping it takes it away.
pub(super) struct Busy {
    tell: Option<Sender<String>>,
    thread: Option<JoinHandle<()>>,
}

/// Shows `text` and that something happens, where standard error is a terminal.
pub(super) fn busy(out: &Output, text: String) -> Busy {
    if !out.moving() {
        return Busy { tell: None, thread: None };
    }
    let width = out.width().unwrap_or(80);
    let (tell, hear) = channel();
    let thread = std::thread::Builder::new()
        .name("progress".to_owned())
        .spawn(move || draw(&hear, text, width))
        .ok();
    Busy { tell: Some(tell), thread }
}

impl Busy {
    /// Says what is being done now.
    pub(super) fn now(&self, text: String) {
        // Where nothing is drawn there is nobody to tell.
        let _ = self.tell.as_ref().map(|tell| tell.send(text));
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.tell = None;
        // The thread ends as soon as nobody can tell it anything, and what it drew is gone then.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn draw(hear: &Receiver<String>, mut text: String, width: usize) {
    let mut wait = PATIENCE;
    let mut drawn = false;
    for frame in FRAMES.iter().cycle() {
        loop {
            match hear.recv_timeout(wait) {
                Ok(new) => text = new,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => {
                    if drawn {
                        put("\r\x1b[K");
                    }
                    return;
                }
            }
        }
        wait = FRAME;
        drawn = true;
        let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        put(&format!("\r{frame} {}\x1b[K", cut(&plain, width.saturating_sub(3))));
    }
}

fn put(text: &str) {
    let mut err = std::io::stderr().lock();
    // Decoration: where it cannot be drawn, nothing is lost.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Follows a plan as it is carried out.
pub(super) struct Steps<'a> {
    app: &'a App,
    busy: Busy,
    current: String,
}

impl<'a> Steps<'a> {
    pub(super) fn new(app: &'a App) -> Self {
        Self { app, busy: busy(&app.out, gettext("Starting")), current: String::new() }
    }

    pub(super) fn hear(&mut self, event: Event<'_>) {
        match event {
            Event::Start { index, total, step } => {
                let number = (index + 1).to_string();
                self.current = fill(
                    &gettext("[{number}/{total}] {step}"),
                    &[
                        ("number", &number),
                        ("total", &total.to_string()),
                        ("step", &step.step.title),
                    ],
                );
                self.app.status(&self.current);
                if self.app.out.verbose || self.app.global.cli {
                    self.app.out.aside(&self.current);
                }
                self.busy.now(self.current.clone());
            }
            Event::Line(line) if self.app.out.verbose => {
                self.app.out.aside(&format!("      {line}"));
            }
            Event::Line(line) => self.busy.now(format!("{}  {}", self.current, line.trim())),
            Event::End { .. } => (),
        }
    }
}
