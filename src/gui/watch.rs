//! Follows changes made by others: the kernel's word on files, signals of the session bus, and programs that tell of what
//! they watch. Nothing is polled.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use std::time::Duration;

use bucket::core::plan::Command;
use bucket::engine::Touched;
use bucket::host::Host;
use bucket::host::follow::{Followed, Follower};
use bucket::host::listen::Listener;
use bucket::subsystem::Watch;
use relm4::gtk::{gio, glib};
use tokio::sync::mpsc;

/// A change seldom comes alone: how long others are waited for, counted from the first.
const BURST: Duration = Duration::from_millis(40);

/// Keeps its watches and subscriptions as long as it lives.
pub struct Watcher {
    files: Option<glib::SourceId>,
    signals: Rc<RefCell<Vec<gio::SignalSubscription>>>,
    _programs: Vec<Listener>,
    burst: Rc<Burst>,
}

impl Watcher {
    /// Calls `changed` once for each burst of changes, with all that it touched.
    pub fn new(
        host: &Host,
        watches: &[(Watch, Touched)],
        changed: impl Fn(BTreeSet<Touched>) + 'static,
    ) -> Self {
        let burst = Rc::new(Burst {
            touched: RefCell::default(),
            alive: Cell::new(true),
            changed: Box::new(changed),
        });
        let signals = Rc::default();
        subscribe(watches, &signals, &burst);
        let (files, programs) = (follow(watches, &burst), listen(host, watches, &burst));
        Self { files, signals, _programs: programs, burst }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.burst.alive.set(false);
        self.signals.borrow_mut().clear();
        if let Some(source) = self.files.take() {
            source.remove();
        }
    }
}

/// What a burst of changes has touched so far.
struct Burst {
    touched: RefCell<BTreeSet<Touched>>,
    alive: Cell<bool>,
    changed: Box<dyn Fn(BTreeSet<Touched>)>,
}

impl Burst {
    fn add(self: &Rc<Self>, more: impl IntoIterator<Item = Touched>) {
        let mut touched = self.touched.borrow_mut();
        let first = touched.is_empty();
        touched.extend(more);
        if !first || touched.is_empty() {
            return;
        }
        let burst = self.clone();
        glib::timeout_add_local_once(BURST, move || {
            let touched = burst.touched.take();
            if burst.alive.get() {
                (burst.changed)(touched);
            }
        });
    }
}

fn follow(watches: &[(Watch, Touched)], burst: &Rc<Burst>) -> Option<glib::SourceId> {
    let files = watches.iter().filter_map(|(watch, touched)| {
        let (path, depth) = match watch {
            Watch::Path(path) => (path.clone(), 0),
            Watch::Tree(path, depth) => (path.clone(), *depth),
            Watch::Settings(_) | Watch::Signal { .. } | Watch::Program(_) => return None,
        };
        Some(Followed { path, depth, tag: touched.clone() })
    });
    let mut follower = match Follower::new(files.collect()) {
        Ok(follower) => follower,
        Err(error) => {
            tracing::warn!("files are not followed: {error}");
            return None;
        }
    };
    let descriptor = follower.as_fd().as_raw_fd();
    let burst = burst.clone();
    // The follower, and with it the descriptor, lives as long as the source does.
    Some(glib_unix::unix_fd_add_local(descriptor, glib::IOCondition::IN, move |_, _| {
        match follower.changes() {
            Ok(touched) => burst.add(touched),
            Err(error) => tracing::warn!("a change of files was missed: {error}"),
        }
        glib::ControlFlow::Continue
    }))
}

/// Starts each program once, whoever watches it.
fn listen(host: &Host, watches: &[(Watch, Touched)], burst: &Rc<Burst>) -> Vec<Listener> {
    let mut programs: Vec<(&Command, BTreeSet<Touched>)> = Vec::new();
    for (watch, touched) in watches {
        let Watch::Program(command) = watch else { continue };
        match programs.iter_mut().find(|(known, _)| *known == command) {
            Some((_, all)) => drop(all.insert(touched.clone())),
            None => programs.push((command, BTreeSet::from([touched.clone()]))),
        }
    }
    let listener = |(command, touched): (&Command, BTreeSet<Touched>)| {
        let (tell, mut told) = mpsc::channel(1);
        let burst = burst.clone();
        glib::spawn_future_local(async move {
            while told.recv().await.is_some() {
                burst.add(touched.iter().cloned());
            }
        });
        // Where one line has not been heard yet, another says the same.
        Listener::new(host, command.clone(), move || tell.try_send(()).unwrap_or_default())
    };
    programs.into_iter().map(listener).collect()
}

fn subscribe(
    watches: &[(Watch, Touched)],
    signals: &Rc<RefCell<Vec<gio::SignalSubscription>>>,
    burst: &Rc<Burst>,
) {
    let bus = |watch: &Watch| matches!(watch, Watch::Settings(_) | Watch::Signal { .. });
    let wanted: Vec<(Watch, Touched)> =
        watches.iter().filter(|(watch, _)| bus(watch)).cloned().collect();
    if wanted.is_empty() {
        return;
    }
    let (signals, burst) = (signals.clone(), burst.clone());
    glib::spawn_future_local(async move {
        let bus = match gio::bus_get_future(gio::BusType::Session).await {
            Ok(bus) => bus,
            Err(error) => {
                tracing::warn!("signals of the session bus are not followed: {error}");
                return;
            }
        };
        if !burst.alive.get() {
            return;
        }
        for (watch, touched) in wanted {
            let (sender, interface, member) = match watch {
                Watch::Signal { sender, interface, member } => (sender, interface, member),
                _ => ("ca.desrt.dconf", "ca.desrt.dconf.Writer", "Notify"),
            };
            let burst = burst.clone();
            let subscription = bus.subscribe_to_signal(
                Some(sender),
                Some(interface),
                Some(member),
                None,
                None,
                gio::DBusSignalFlags::NONE,
                move |signal| {
                    let below = match watch {
                        Watch::Settings(dir) => concerns(signal.parameters, dir),
                        _ => true,
                    };
                    if below {
                        burst.add([touched.clone()]);
                    }
                },
            );
            signals.borrow_mut().push(subscription);
        }
    });
}

/// Whether a `Notify` of dconf's service is about something below `dir`: it gives a prefix, and what changed there.
fn concerns(parameters: &glib::Variant, dir: &str) -> bool {
    let Some((prefix, changes, _)) = parameters.get::<(String, Vec<String>, String)>() else {
        return true;
    };
    changes.iter().any(|change| {
        let key = format!("{prefix}{change}");
        key.starts_with(dir) || key.ends_with('/') && dir.starts_with(&key)
    })
}

#[cfg(test)]
mod tests {
    use relm4::gtk;
    use relm4::gtk::prelude::*;

    use super::*;

    #[test]
    fn a_notice_of_dconf_is_read_as_its_service_means_it() {
        let notice = |prefix: &str, changes: &[&str]| {
            concerns(&(prefix, changes, "tag").to_variant(), "/org/gnome/shell/")
        };
        assert!(notice("/org/gnome/shell/enabled-extensions", &[""]));
        assert!(notice("/org/gnome/", &["desktop/interface/x", "shell/enabled-extensions"]));
        // A whole directory that was reset.
        assert!(notice("/org/gnome/", &[""]));
        assert!(notice("/", &[""]));
        assert!(!notice("/org/gnome/desktop/interface/", &["x", "y"]));
        assert!(!notice("/org/gnome/shell", &[""]));
        // What we do not understand may be anything.
        assert!(concerns(&"odd".to_variant(), "/org/gnome/shell/"));
    }

    type Told = Rc<RefCell<Vec<BTreeSet<Touched>>>>;

    fn watch(place: &std::path::Path, watches: &[(Watch, Touched)]) -> (Watcher, Told) {
        let told = Told::default();
        let kept = told.clone();
        let real = std::sync::Arc::new(bucket::host::command::Real);
        let host = Host::new(bucket::host::Environment::below(place), real);
        (Watcher::new(&host, watches, move |touched| kept.borrow_mut().push(touched)), told)
    }

    /// Waits until something more is told.
    fn turn(told: &Told) {
        let before = told.borrow().len();
        let end = std::time::Duration::from_secs(10);
        let over = Rc::new(Cell::new(false));
        let flag = over.clone();
        let timeout = glib::timeout_add_local_once(end, move || flag.set(true));
        while told.borrow().len() == before && !over.get() {
            glib::MainContext::default().iteration(true);
        }
        assert!(!over.get(), "nothing was told");
        timeout.remove();
    }

    #[gtk::test]
    fn one_program_tells_all_who_watch_it() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name).display().to_string();
        let id = |name| Touched::Subsystem(bucket::core::item::SubsystemId::new(name));
        let script = format!(
            "echo run >> {}; while [ ! -e {} ]; do sleep 0.05; done; echo x; echo x; exec sleep 1000",
            path("runs"),
            path("go")
        );
        let program = Watch::Program(Command::new("sh").args(["-c", &script]));
        let watches = [(program.clone(), id("a")), (program, id("b"))];
        let (_watcher, told) = watch(place.path(), &watches);
        std::fs::write(path("go"), "").unwrap();
        turn(&told);
        assert_eq!(told.borrow()[0], BTreeSet::from([id("a"), id("b")]));
        assert_eq!(std::fs::read_to_string(path("runs")).unwrap(), "run\n");
    }

    #[gtk::test]
    fn a_burst_is_told_once_with_all_it_touched() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        let id = |name| Touched::Subsystem(bucket::core::item::SubsystemId::new(name));
        let watches = [
            (Watch::Path(path("a")), id("a")),
            (Watch::Path(path("b")), id("b")),
            (Watch::Path(path("later/c")), id("c")),
        ];
        let (watcher, told) = watch(place.path(), &watches);
        let turn = || turn(&told);
        std::fs::write(path("a"), "1").unwrap();
        std::fs::write(path("b"), "1").unwrap();
        std::fs::write(path("other"), "1").unwrap();
        turn();
        assert_eq!(*told.borrow(), [BTreeSet::from([id("a"), id("b")])]);
        std::fs::create_dir(path("later")).unwrap();
        std::fs::write(path("later/c"), "1").unwrap();
        turn();
        std::fs::write(path("later/c"), "2").unwrap();
        turn();
        assert_eq!(told.borrow()[1..], [BTreeSet::from([id("c")]), BTreeSet::from([id("c")])]);
        drop(watcher);
        std::fs::write(path("a"), "2").unwrap();
        while glib::MainContext::default().iteration(false) {}
        assert_eq!(told.borrow().len(), 3);
    }
}
