//! Follows changes made by others: file monitors and signals of the session bus, no polling.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bucket::subsystem::Watch;
use relm4::gtk::gio::prelude::*;
use relm4::gtk::{gio, glib};

/// How long things have to be quiet before they are read again.
const QUIET: Duration = Duration::from_millis(300);

/// Keeps its monitors and subscriptions as long as it lives.
pub struct Watcher {
    monitors: Vec<gio::FileMonitor>,
    signals: Rc<RefCell<Vec<gio::SignalSubscription>>>,
    alive: Rc<Cell<bool>>,
}

impl Watcher {
    /// Calls `changed` once after each burst of changes.
    pub fn new(watches: &[Watch], changed: impl Fn() + 'static) -> Self {
        let alive = Rc::new(Cell::new(true));
        let nudge = debounced(alive.clone(), changed);
        let mut monitors = Vec::new();
        let mut wanted = Vec::new();
        for watch in watches {
            match watch {
                Watch::Path(path) => {
                    let file = gio::File::for_path(path);
                    let flags = gio::FileMonitorFlags::WATCH_MOVES;
                    match file.monitor(flags, gio::Cancellable::NONE) {
                        Ok(monitor) => {
                            let nudge = nudge.clone();
                            monitor.connect_changed(move |_, _, _, _| nudge());
                            monitors.push(monitor);
                        }
                        Err(error) => {
                            tracing::warn!("“{}” is not followed: {error}", path.display());
                        }
                    }
                }
                Watch::Signal { sender, interface, member } => {
                    wanted.push((*sender, *interface, *member));
                }
            }
        }
        let signals = Rc::default();
        subscribe(wanted, Rc::clone(&signals), alive.clone(), nudge);
        Self { monitors, signals, alive }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.alive.set(false);
        self.signals.borrow_mut().clear();
        for monitor in &self.monitors {
            monitor.cancel();
        }
    }
}

/// The same callback, called once things have been quiet.
fn debounced(alive: Rc<Cell<bool>>, changed: impl Fn() + 'static) -> Rc<dyn Fn()> {
    let (count, changed) = (Rc::new(Cell::new(0_u64)), Rc::new(changed));
    Rc::new(move || {
        let mine = count.get().wrapping_add(1);
        count.set(mine);
        let (alive, count, changed) = (alive.clone(), count.clone(), changed.clone());
        glib::timeout_add_local_once(QUIET, move || {
            if alive.get() && count.get() == mine {
                changed();
            }
        });
    })
}

fn subscribe(
    wanted: Vec<(&'static str, &'static str, &'static str)>,
    signals: Rc<RefCell<Vec<gio::SignalSubscription>>>,
    alive: Rc<Cell<bool>>,
    nudge: Rc<dyn Fn()>,
) {
    if wanted.is_empty() {
        return;
    }
    glib::spawn_future_local(async move {
        let bus = match gio::bus_get_future(gio::BusType::Session).await {
            Ok(bus) => bus,
            Err(error) => {
                tracing::warn!("signals of the session bus are not followed: {error}");
                return;
            }
        };
        if !alive.get() {
            return;
        }
        for (sender, interface, member) in wanted {
            let nudge = nudge.clone();
            let subscription = bus.subscribe_to_signal(
                Some(sender),
                Some(interface),
                Some(member),
                None,
                None,
                gio::DBusSignalFlags::NONE,
                move |_| nudge(),
            );
            signals.borrow_mut().push(subscription);
        }
    });
}
