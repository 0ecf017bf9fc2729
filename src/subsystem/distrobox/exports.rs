//! Programs and applications of a box that the machine has: the scripts that `distrobox-export` writes, and the launchers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::place;
use crate::core::names::ContainerName;
use crate::host::fs::FsError;
use crate::host::{Host, fs};

/// Where exported programs go, unless an entry says otherwise.
pub(super) const BIN: &str = "~/.local/bin";
/// Before a directory all of whose programs are exported.
pub(super) const FROM: &str = "from:";
/// Before the name of a program that is not exported, although its directory is.
pub(super) const NOT: &str = "not:";
/// So large is no script of ours.
const LARGEST: u64 = 64 * 1024;

/// The programs of a directory, by name; none where there is no such directory.
pub(super) fn programs(dir: &Path) -> Result<Vec<String>, FsError> {
    let names = fs::list(dir)?.unwrap_or_default();
    let mut programs: Vec<String> = names
        .into_iter()
        .filter(|name| may_be_exported(name) && is_program(&dir.join(name)))
        .collect();
    programs.sort();
    Ok(programs)
}

/// Whether the script can be written: it has the path between single quotes.
pub(super) fn may_be_exported(path: &str) -> bool {
    let hidden = place::name_of(path).starts_with('.');
    !hidden && !path.contains('\'') && !path.chars().any(char::is_control)
}

pub(super) fn is_program(path: &Path) -> bool {
    std::fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// What an exporting script says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// The box it belongs to.
    pub name: String,
    /// The program in the box, by its absolute path.
    pub program: String,
}

/// Reads a script that `distrobox-export` wrote, of whatever version, or that we did; `None` for anything else.
///
/// Two comments mark it: `# distrobox_binary` and `# name: BOX`. Its last line but one runs the program inside the box.
pub(super) fn script(text: &str) -> Option<Script> {
    let mut lines = text.lines().map(str::trim);
    if !lines.any(|line| line == "# distrobox_binary") {
        return None;
    }
    let name = lines.find_map(|line| line.strip_prefix("# name:"))?.trim().to_owned();
    let quoted = |line: &str, after: &str| {
        let rest = line.split_once(after)?.1.trim_start();
        let path = match rest.strip_prefix('\'') {
            Some(rest) => rest.split('\'').next(),
            None => rest.split_ascii_whitespace().next(),
        };
        path.filter(|path| path.starts_with('/')).map(str::to_owned)
    };
    let own: Vec<&str> = lines.collect();
    let inside = own
        .iter()
        .rev()
        .find_map(|line| line.starts_with("exec ").then(|| quoted(line, "exec "))?);
    let program = inside.or_else(|| own.iter().find_map(|line| quoted(line, " -- ")))?;
    Some(Script { name, program })
}

/// Every exported program in a directory, by the name of its script.
pub(super) fn scripts(dir: &Path) -> Result<BTreeMap<String, Script>, FsError> {
    let mut all = BTreeMap::new();
    for name in fs::list(dir)?.unwrap_or_default() {
        let path = dir.join(&name);
        let small =
            std::fs::symlink_metadata(&path).is_ok_and(|m| m.is_file() && m.len() < LARGEST);
        // What cannot be read or is no text is a program of its own.
        if !small || !is_program(&path) {
            continue;
        }
        if let Some(script) = fs::read(&path).ok().flatten().as_deref().and_then(script) {
            all.insert(name, script);
        }
    }
    Ok(all)
}

/// Exported programs of directories, each of which is read once, for all boxes.
#[derive(Default)]
pub(super) struct Scripts(RefCell<BTreeMap<PathBuf, Rc<BTreeMap<String, Script>>>>);

impl Scripts {
    /// The same as [`scripts`].
    pub fn of(&self, dir: &Path) -> Result<Rc<BTreeMap<String, Script>>, FsError> {
        if let Some(known) = self.0.borrow().get(dir) {
            return Ok(known.clone());
        }
        let all = Rc::new(scripts(dir)?);
        self.0.borrow_mut().insert(dir.to_owned(), all.clone());
        Ok(all)
    }
}

/// Where else programs may have been exported to, in the one spelling: the usual places, and wherever the person's own
/// programs are looked for.
pub(super) fn places(host: &Host) -> Vec<String> {
    let home = &host.env().home;
    let mut places = vec![BIN.to_owned(), "~/bin".to_owned()];
    let own = host.var("PATH").unwrap_or_default().split(':').map(|dir| place::short(home, dir));
    for dir in own.filter(|dir| place::is_below_home(dir)) {
        if !places.contains(&dir) {
            places.push(dir);
        }
    }
    places
}

/// What an entry says of programs to export, in the one spelling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bins {
    /// Directories all of whose programs are exported.
    pub from: Vec<String>,
    /// Programs.
    pub also: Vec<String>,
    /// Names of those that are not.
    pub not: BTreeSet<String>,
    /// Where they are exported to.
    pub to: String,
}

impl Bins {
    /// Each program to export, by the name of its script: those that are named, and those in directories below the home.
    /// The first of a name counts. A directory that cannot be read adds none.
    pub fn programs(&self, host: &Host) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for path in &self.also {
            all.entry(place::name_of(path).to_owned()).or_insert_with(|| path.clone());
        }
        for dir in self.from.iter().filter(|dir| place::is_below_home(dir) && **dir != self.to) {
            for name in programs(Path::new(&place::full(host, dir))).unwrap_or_default() {
                if !self.not.contains(&name) {
                    let path = format!("{dir}/{name}");
                    all.entry(name).or_insert(path);
                }
            }
        }
        all
    }

    /// The elements of the set that is compared. A program that is left out of a directory below the home is just not
    /// among them; of a directory in the box, and of what is not there, only its name tells.
    pub fn elements(&self, host: &Host) -> Vec<String> {
        let from = self.from.iter().map(|dir| format!("{FROM}{dir}"));
        let in_the_box = self.from.iter().any(|dir| !place::is_below_home(dir));
        let seen = |name: &String| {
            let there = |dir: &String| is_program(&Path::new(&place::full(host, dir)).join(name));
            self.from.iter().filter(|dir| place::is_below_home(dir)).any(there)
        };
        let not = self.not.iter().filter(|name| in_the_box || !seen(name));
        let not = not.map(|name| format!("{NOT}{name}"));
        from.chain(self.programs(host).into_values()).chain(not).collect()
    }

    /// Reads such elements.
    pub fn of<'e>(elements: impl IntoIterator<Item = &'e str>, to: Option<&str>) -> Self {
        let mut bins = Self { to: to.unwrap_or(BIN).to_owned(), ..Self::default() };
        for element in elements {
            if let Some(dir) = element.strip_prefix(FROM) {
                bins.from.push(dir.to_owned());
            } else if let Some(name) = element.strip_prefix(NOT) {
                bins.not.insert(name.to_owned());
            } else {
                bins.also.push(element.to_owned());
            }
        }
        bins
    }
}

/// The directory of launchers.
pub(super) fn launchers(host: &Host) -> PathBuf {
    host.env().data.join("applications")
}

/// An exported application: a launcher whose file is called after the box and its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct App {
    /// The launcher's file.
    pub path: PathBuf,
    /// The name of its file in the box, without `.desktop`.
    pub id: String,
    /// What it is called by, and what it runs.
    said: Vec<String>,
}

impl App {
    /// Whether `distrobox-export --app NAME` means this one: by what it is called or runs, or by its file.
    pub fn is(&self, name: &str) -> bool {
        let file = place::name_of(name);
        self.id == file.strip_suffix(".desktop").unwrap_or(file)
            || !name.contains('/') && self.said.iter().any(|said| said.contains(name))
    }
}

/// The applications that a box exported, by id.
pub(super) fn apps(host: &Host, name: &ContainerName) -> Result<Vec<App>, FsError> {
    let dir = launchers(host);
    let mut apps = Vec::new();
    for file in fs::list(&dir)?.unwrap_or_default() {
        let id = file.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix('-'));
        let Some(id) = id.and_then(|id| id.strip_suffix(".desktop")) else { continue };
        let path = dir.join(&file);
        let Some(text) = fs::read(&path)? else { continue };
        // Another box's name may begin with this one's.
        let enters = format!(" -n {name} ");
        let named = format!(" --name {name} ");
        let own = |line: &str| {
            line.starts_with("Exec=")
                && line.contains("distrobox")
                && (line.contains(&enters) || line.contains(&named))
        };
        if !text.lines().any(own) {
            continue;
        }
        let said = text.lines().filter_map(|line| {
            let (key, value) = line.split_once('=')?;
            match key {
                "Exec" => Some(value.split_once(" -- ").map_or(value, |(_, command)| command)),
                "Name" => Some(value),
                _ => None,
            }
        });
        let said = said.map(str::to_owned).collect();
        apps.push(App { id: id.to_owned(), said, path });
    }
    apps.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(apps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_known_by_its_marks() {
        let text = "#!/bin/sh\n# distrobox_binary\n# name: dev\nif [ -z \"${CONTAINER_ID}\" ]; then\n\texec \"/usr/bin/distrobox-enter\"  -n dev  --  '/usr/bin/a b'  \"$@\"\nelif [ -n \"${CONTAINER_ID}\" ] && [ \"${CONTAINER_ID}\" != \"dev\" ]; then\n\texec distrobox-host-exec '/home/me/.local/bin/a b' \"$@\"\nelse\n\texec '/usr/bin/a b' \"$@\"\nfi\n";
        let expected = Script { name: "dev".to_owned(), program: "/usr/bin/a b".to_owned() };
        assert_eq!(script(text), Some(expected));
        let old = "#!/bin/sh\n# distrobox_binary\n# name: dev\nif [ ! -f /run/.containerenv ]; then\n    distrobox-enter --name dev -- /usr/bin/x  $@\nelse\n    /usr/bin/x $@\nfi\n";
        assert_eq!(script(old).map(|script| script.program), Some("/usr/bin/x".to_owned()));
        for text in
            ["", "#!/bin/sh\nexec '/usr/bin/x' \"$@\"\n", "# distrobox_binary\n# name: dev\n"]
        {
            assert_eq!(script(text), None, "{text}");
        }
    }
}
