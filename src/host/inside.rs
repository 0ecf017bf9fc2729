//! Where this program runs: on the machine itself, in a box on it, or in a sandbox.
//!
//! Podman leaves `/run/.containerenv`, docker `/.dockerenv`; toolbox and distrobox both leave `/run/.toolboxenv`, so that
//! a distrobox is told by its own variables and by the file its setup ends with. A Flatpak has `/.flatpak-info`.

use super::{Host, fs};
use crate::words::{fill, gettext};

/// The variable that says where the command line was called that was handed over to this program: a [`Place::mark`].
pub const CALLED_IN: &str = "BKT_CALLED_IN";

/// Where this program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the machine itself.
    Host,
    /// In a toolbox, by its name where that is known.
    Toolbox(Option<String>),
    /// In a distrobox, by its name where that is known.
    Distrobox(Option<String>),
    /// In another container, by its name where that is known.
    Container(Option<String>),
    /// In a Flatpak's sandbox, by the app's id.
    Sandbox(String),
}

/// Something was to be done to the machine itself, and this program runs in a box on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this runs {within}, and what is to be changed is the machine itself")]
pub struct Elsewhere {
    /// Where it runs, for people.
    pub within: String,
}

/// What is looked at to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// The text of `/.flatpak-info`.
    pub flatpak: Option<String>,
    /// The text of `/run/.containerenv`.
    pub podman: Option<String>,
    /// Whether there is a `/.dockerenv`.
    pub docker: bool,
    /// Whether there is a `/run/.toolboxenv` or `/run/.toolbxenv`.
    pub toolbox: bool,
    /// Whether distrobox has set this box up: `/.containersetupdone`.
    pub distrobox: bool,
    /// `$CONTAINER_ID`, which distrobox sets to the box's name.
    pub container_id: Option<String>,
    /// `$DISTROBOX_ENTER_PATH`
    pub entered_by_distrobox: bool,
    /// `$container`, which container managers set.
    pub container: Option<String>,
}

impl Place {
    /// Where this program runs.
    pub fn of(host: &Host) -> Self {
        // Whoever names the root that is meant means that one.
        if host.var("BKT_ROOT") == Some("/") {
            return Self::Host;
        }
        // What cannot be read tells no more than that it is there.
        let text = |path: &str| {
            let path = host.path(path);
            fs::read(&path).unwrap_or_else(|_| path.exists().then(String::new))
        };
        let exists = |path: &str| host.path(path).exists();
        Self::told_by(&Signs {
            flatpak: text("/.flatpak-info"),
            podman: text("/run/.containerenv"),
            docker: exists("/.dockerenv"),
            toolbox: exists("/run/.toolboxenv") || exists("/run/.toolbxenv"),
            distrobox: exists("/.containersetupdone"),
            container_id: host.var("CONTAINER_ID").map(str::to_owned),
            entered_by_distrobox: host.var("DISTROBOX_ENTER_PATH").is_some(),
            container: host.var("container").map(str::to_owned),
        })
    }

    /// What the signs tell. A variable alone may have been carried here from elsewhere: of a box there has to be a file.
    pub fn told_by(signs: &Signs) -> Self {
        if let Some(info) = &signs.flatpak {
            return Self::Sandbox(entry(info, "name").unwrap_or_default());
        }
        let named = signs.podman.as_deref().and_then(|env| entry(env, "name"));
        let boxed = signs.podman.is_some() || signs.docker || signs.toolbox;
        let distrobox =
            signs.distrobox || signs.container_id.is_some() || signs.entered_by_distrobox;
        match () {
            () if boxed && distrobox => Self::Distrobox(signs.container_id.clone().or(named)),
            () if signs.toolbox => Self::Toolbox(named),
            () if boxed || signs.container.is_some() => Self::Container(named),
            () => Self::Host,
        }
    }

    /// Where the command line was called that was handed over to this program; `None` where it was called here.
    pub fn called_in(host: &Host) -> Option<Self> {
        let mark = host.var(CALLED_IN)?;
        let (kind, name) = match mark.split_once(' ') {
            Some((kind, name)) => (kind, Some(name.to_owned())),
            None => (mark, None),
        };
        Some(match kind {
            "toolbox" => Self::Toolbox(name),
            "distrobox" => Self::Distrobox(name),
            "sandbox" => Self::Sandbox(name.unwrap_or_default()),
            _ => Self::Container(name),
        })
    }

    /// The same place as [`Place::called_in`] reads it: "toolbox bootc-dev".
    pub fn mark(&self) -> String {
        let (kind, name) = match self {
            Self::Host => ("host", None),
            Self::Toolbox(name) => ("toolbox", name.as_deref()),
            Self::Distrobox(name) => ("distrobox", name.as_deref()),
            Self::Container(name) => ("container", name.as_deref()),
            Self::Sandbox(id) => ("sandbox", Some(id.as_str())),
        };
        name.map_or_else(|| kind.to_owned(), |name| format!("{kind} {name}"))
    }

    /// Whether there is a host around this place that acts for it: a box or a sandbox of the person's.
    pub fn has_host(&self) -> bool {
        matches!(self, Self::Toolbox(_) | Self::Distrobox(_) | Self::Sandbox(_))
    }

    /// Makes sure that the machine itself can be changed from here.
    pub fn changes_the_machine(host: &Host) -> Result<(), Elsewhere> {
        match Self::of(host) {
            Self::Host => Ok(()),
            // A machine that was started as a container, from its image.
            Self::Container(_) if super::deployment::is_image(host) => Ok(()),
            place => Err(Elsewhere { within: place.within() }),
        }
    }

    /// Whose packages are meant here, for people: "in the toolbox bootc-dev".
    pub fn within(&self) -> String {
        let (one, many, name) = match self {
            Self::Host => return gettext("on this machine"),
            Self::Toolbox(name) => {
                (gettext("in the toolbox {name}"), gettext("in this toolbox"), name.as_deref())
            }
            Self::Distrobox(name) => {
                (gettext("in the distrobox {name}"), gettext("in this distrobox"), name.as_deref())
            }
            Self::Container(name) => {
                (gettext("in the container {name}"), gettext("in this container"), name.as_deref())
            }
            Self::Sandbox(id) => (
                gettext("in the sandbox of {name}"),
                gettext("in this sandbox"),
                Some(id.as_str()).filter(|id| !id.is_empty()),
            ),
        };
        name.map_or(many, |name| fill(&one, &[("name", name)]))
    }
}

/// The value of the first line `name=value`, without quotes, in either file.
fn entry(text: &str, name: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
    let value = value.trim().trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::Machine;

    const PODMAN: &str = "engine=\"podman-5.4.2\"\nname=\"bootc-dev\"\nid=\"12ab\"\nrootless=1";

    fn podman() -> Signs {
        Signs { podman: Some(PODMAN.to_owned()), ..Signs::default() }
    }

    #[test]
    fn a_machine_is_a_machine_whatever_its_variables_say() {
        let carried = Signs {
            container_id: Some("box".to_owned()),
            entered_by_distrobox: true,
            ..Signs::default()
        };
        assert_eq!(Place::told_by(&carried), Place::Host);
        assert_eq!(Place::told_by(&Signs::default()), Place::Host);
        assert_eq!(Place::Host.within(), "on this machine");
    }

    #[test]
    fn boxes_are_told_apart_and_have_names() {
        let name = || Some("bootc-dev".to_owned());
        assert_eq!(Place::told_by(&podman()), Place::Container(name()));
        let toolbox = Signs { toolbox: true, ..podman() };
        assert_eq!(Place::told_by(&toolbox), Place::Toolbox(name()));
        assert_eq!(Place::told_by(&toolbox).within(), "in the toolbox bootc-dev");
        // As sudo leaves it: no variables.
        let distrobox = Signs { distrobox: true, ..toolbox.clone() };
        assert_eq!(Place::told_by(&distrobox), Place::Distrobox(name()));
        let named = Signs { container_id: Some("fedora".to_owned()), ..toolbox };
        assert_eq!(Place::told_by(&named), Place::Distrobox(Some("fedora".to_owned())));
        let bare = Signs { docker: true, ..Signs::default() };
        assert_eq!(Place::told_by(&bare), Place::Container(None));
        assert_eq!(Place::told_by(&bare).within(), "in this container");
        let nspawn = Signs { container: Some("systemd-nspawn".to_owned()), ..Signs::default() };
        assert_eq!(Place::told_by(&nspawn), Place::Container(None));
    }

    #[test]
    fn a_mark_says_where_it_was_made() {
        let mut machine = Machine::new();
        assert_eq!(Place::called_in(&machine.host()), None);
        let name = || Some("a box".to_owned());
        for place in [
            Place::Toolbox(name()),
            Place::Distrobox(None),
            Place::Container(name()),
            Place::Sandbox("org.bkt.Bucket".to_owned()),
        ] {
            machine.vars.insert(CALLED_IN.to_owned(), place.mark());
            assert_eq!(Place::called_in(&machine.host()), Some(place));
        }
    }

    #[test]
    fn files_say_where_we_are() {
        let machine = Machine::new();
        assert_eq!(Place::of(&machine.host()), Place::Host);
        machine.file("run/.containerenv", "");
        assert_eq!(Place::of(&machine.host()), Place::Container(None));
        machine.file("run/.containerenv", PODMAN);
        machine.file("run/.toolboxenv", "");
        assert_eq!(Place::of(&machine.host()), Place::Toolbox(Some("bootc-dev".to_owned())));
        let mut named = Machine::new();
        named.file("run/.toolboxenv", "");
        named.vars.insert("BKT_ROOT".to_owned(), "/".to_owned());
        assert_eq!(Place::of(&named.host()), Place::Host);
        machine.file(".flatpak-info", "[Application]\nname=org.bkt.Bucket\nruntime=r\n");
        assert_eq!(Place::of(&machine.host()), Place::Sandbox("org.bkt.Bucket".to_owned()));
    }
}
