//! Exports, made and taken away: the scripts of programs as `distrobox-export` writes them, and launchers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::exports::{self, Bins};
use super::{APPS, BINS, BINS_TO, ROOT, place};
use crate::core::item::{Elements, Record, Value};
use crate::core::names::ContainerName;
use crate::core::plan::{Command, Node, Placed};
use crate::host::{Host, place as files};
use crate::words::{fill, gettext};

/// Exports every program of directories in the box that is none of the excluded ones, with what distrobox has for that. It
/// never changes; the places and names are arguments of it. A file that is no export of this box is left alone.
const EXPORT_ALL: &str = r##"to=$1 not=$2 name=$3 left=0; shift 3
for dir do
    for path in "$dir"/*; do
        program=${path##*/}
        case "$not" in */"$program"/*) continue ;; esac
        [ -f "$path" ] && [ -x "$path" ] || continue
        script=$to/$program
        if [ -e "$script" ] || [ -L "$script" ]; then
            if ! grep -qx '# distrobox_binary' "$script" || ! grep -qx "# name: $name" "$script"; then
                printf '%s is not an export of %s, and is left as it is\n' "$script" "$name" >&2
                left=1
                continue
            fi
        fi
        distrobox-export --bin "$path" --export-path "$to" > /dev/null || exit
    done
done
exit "$left""##;

/// Exports applications, all in one start. Distrobox looks a name up in what a launcher is called and runs, and not among the
/// names of files; one that is a file's is given to it as a file, and the windows of such an application keep its name.
const EXPORT_APPS: &str = r#"home=${DISTROBOX_HOST_HOME:-$HOME}
for app do
    for dir in /usr/local/share/applications /usr/share/applications; do
        [ -e "$dir/$app.desktop" ] || continue
        distrobox-export --app "$dir/$app.desktop" || exit
        sed -i "s|^StartupWMClass=$dir/|StartupWMClass=|; s|^StartupWMClass=$app\\.desktop\$|StartupWMClass=$app|" \
            "/run/host$home/.local/share/applications/$CONTAINER_ID-$app.desktop" || exit
        continue 2
    done
    distrobox-export --app "$app" || exit
done"#;

/// What changes in what a box exports.
#[derive(Debug, Default)]
pub(super) struct Exports {
    /// Scripts that are put in their places.
    pub come: Vec<Placed>,
    /// Where their programs are, each directory once.
    pub dirs: BTreeSet<String>,
    /// Scripts and launchers that go.
    pub go: Vec<Placed>,
    /// Directories in the box all of whose programs are exported.
    pub all: Option<(Command, Vec<String>)>,
    /// Applications.
    pub apps: Option<(Command, Vec<String>)>,
}

fn set<'r>(record: Option<&'r Record>, field: &str) -> Vec<&'r str> {
    match record.and_then(|record| record.get(field)) {
        Some(Value::Set(set)) => Elements::iter(set).collect(),
        _ => Vec::new(),
    }
}

fn bins(record: Option<&Record>) -> Bins {
    Bins::of(set(record, BINS), record.and_then(|record| record.text(BINS_TO)))
}

/// What a box exports, from one record to another. The error says, for people, what is in the way.
pub(super) fn change(
    host: &Host,
    name: &ContainerName,
    before: Option<&Record>,
    after: Option<&Record>,
) -> Result<Exports, String> {
    let (old, new) = (bins(before), bins(after));
    let mut exports = Exports::default();
    let wanted = by_name(&new.also);
    let said = |error: crate::host::fs::FsError| error.to_string();
    let dir = |to: &str| PathBuf::from(place::full(host, to));
    let there = exports::scripts(&dir(&new.to)).map_err(said)?;
    let enter = enter(host);
    for (program, path) in &wanted {
        let full = place::full(host, path);
        let file = dir(&new.to).join(program);
        let own = there.get(program).filter(|script| script.name == name.as_str());
        if own.is_some_and(|script| script.program == full) {
            continue;
        }
        if place::is_below_home(path) && !exports::is_program(Path::new(&full)) {
            let text = gettext("“{path}” is no program, and cannot be exported");
            return Err(fill(&text, &[("path", path)]));
        }
        if !exports::may_be_exported(path) {
            let text =
                gettext("“{path}” cannot be exported: distrobox would not find it by that name");
            return Err(fill(&text, &[("path", path)]));
        }
        let now = read(&file)?;
        if now.is_some() && own.is_none() {
            let text = gettext(
                "“{path}” is not an export of {name}: move it away, or add “{program}” to “exclude” of the entry’s “bins”",
            );
            let shown = host.display(&file);
            let values = [("path", shown.as_str()), ("name", name.as_str()), ("program", program)];
            return Err(fill(&text, &values));
        }
        let rootful = after.is_some_and(|after| after.get(ROOT).is_some());
        let text = text(&enter, name, &full, &file, rootful);
        exports.dirs.insert(place::dir_of(path).to_owned());
        exports.come.push(Placed {
            path: file.display().to_string(),
            before: now,
            after: Some(Node::File { text, mode: 0o755 }),
        });
    }
    // What goes: what the box no more exports there, and all that it exported elsewhere.
    let old_dir = dir(&old.to);
    let old_there = match old.to == new.to {
        true => there,
        false => exports::scripts(&old_dir).map_err(said)?,
    };
    let own = old_there.into_iter().filter(|(_, script)| script.name == name.as_str());
    for (program, script) in own {
        let path = place::short(&host.env().home, &script.program);
        let stays = old.to == new.to
            && (wanted.contains_key(&program)
                || !old.also.contains(&path) && !leaves(&path, &program, &old, &new))
            && after.is_some();
        if stays {
            continue;
        }
        let file = old_dir.join(&program);
        exports.go.push(Placed {
            path: file.display().to_string(),
            before: read(&file)?,
            after: None,
        });
    }
    // With the box, what it exported to any other place is good for nothing.
    let others = exports::places(host).into_iter().filter(|to| *to != old.to);
    for other in others.filter(|_| after.is_none()).map(|to| dir(&to)) {
        let own = exports::scripts(&other).unwrap_or_default().into_iter();
        for (program, _) in own.filter(|(_, script)| script.name == name.as_str()) {
            let file = other.join(program);
            let path = file.display().to_string();
            exports.go.push(Placed { path, before: read(&file)?, after: None });
        }
    }
    exports.all = in_the_box(host, name, &old, &new, before.is_none() || old.to != new.to);
    apps(host, name, before, after, &mut exports)?;
    Ok(exports)
}

/// Whether a program of a directory in the box is no more exported with it.
fn leaves(path: &str, program: &str, old: &Bins, new: &Bins) -> bool {
    let dir = place::dir_of(path).to_owned();
    let inside = !place::is_below_home(&dir);
    inside
        && (old.from.contains(&dir) && !new.from.contains(&dir)
            || new.not.contains(program) && !old.not.contains(program))
}

fn by_name(paths: &[String]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for path in paths {
        all.entry(place::name_of(path).to_owned()).or_insert_with(|| path.clone());
    }
    all
}

fn read(file: &Path) -> Result<Option<Node>, String> {
    files::read(file).map_err(|error| error.to_string())
}

/// The command that exports all programs of directories in the box, where one is new or some were excluded.
fn in_the_box(
    host: &Host,
    name: &ContainerName,
    old: &Bins,
    new: &Bins,
    anew: bool,
) -> Option<(Command, Vec<String>)> {
    let less = old.not.iter().any(|name| !new.not.contains(name));
    let dirs: Vec<String> = new
        .from
        .iter()
        .filter(|dir| !place::is_below_home(dir) && (anew || less || !old.from.contains(dir)))
        .cloned()
        .collect();
    if dirs.is_empty() {
        return None;
    }
    // The names are between slashes, of which none has one.
    let not = format!("/{}/", new.not.iter().cloned().collect::<Vec<_>>().join("/"));
    let to = place::full(host, &new.to);
    let command = Command::new("sh")
        .args(["-c", EXPORT_ALL, "sh", &to, &not, name.as_str()])
        .args(dirs.iter().cloned());
    Some((command, dirs))
}

fn apps(
    host: &Host,
    name: &ContainerName,
    before: Option<&Record>,
    after: Option<&Record>,
    exports: &mut Exports,
) -> Result<(), String> {
    let (old, new) = (set(before, APPS), set(after, APPS));
    let there = exports::apps(host, name).map_err(|error| error.to_string())?;
    let gone: Vec<&str> = old.iter().filter(|app| !new.contains(app)).copied().collect();
    for app in &there {
        let kept = new.iter().any(|one| app.is(one));
        if after.is_none() || !kept && gone.iter().any(|one| app.is(one)) {
            let path = app.path.display().to_string();
            exports.go.push(Placed { path, before: read(&app.path)?, after: None });
        }
    }
    let come: Vec<String> = new
        .iter()
        .filter(|one| !there.iter().any(|app| app.is(one)))
        .map(|one| (*one).to_owned())
        .collect();
    if !come.is_empty() {
        let command = Command::new("sh").args(["-c", EXPORT_APPS, "sh"]).args(come.iter().cloned());
        exports.apps = Some((command, come));
    }
    Ok(())
}

/// What enters a box, as a script calls it: version 2 of distrobox has one program for everything.
fn enter(host: &Host) -> String {
    let dirs =
        || host.var("PATH").unwrap_or_default().split(':').filter(|dir| dir.starts_with('/'));
    let find = |name: &str| {
        dirs().map(|dir| format!("{dir}/{name}")).find(|path| exports::is_program(Path::new(path)))
    };
    match (find("distrobox-enter"), find("distrobox")) {
        (Some(enter), _) => format!("\"{enter}\""),
        (None, Some(distrobox)) => format!("\"{distrobox}\" enter"),
        (None, None) => "\"distrobox-enter\"".to_owned(),
    }
}

/// A script that runs a program of the box from everywhere, as `distrobox-export` of distrobox 1.8 writes it.
fn text(enter: &str, name: &ContainerName, program: &str, script: &Path, rootful: bool) -> String {
    let root = if rootful { "--root" } else { "" };
    let script = script.display();
    format!(
        r#"#!/bin/sh
# distrobox_binary
# name: {name}
if [ -z "${{CONTAINER_ID}}" ]; then
	exec {enter} {root} -n {name}  --  '{program}'  "$@"
elif [ -n "${{CONTAINER_ID}}" ] && [ "${{CONTAINER_ID}}" != "{name}" ]; then
	exec distrobox-host-exec '{script}' "$@"
else
	exec '{program}' "$@"
fi
"#
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::host::Runner;
    use crate::host::command::Real;

    #[test]
    fn a_directory_in_the_box_is_exported_and_nobody_s_file_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        let program = |path: &str, text: &str| {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), text).unwrap();
            fs::set_permissions(at(path), fs::Permissions::from_mode(0o755)).unwrap();
        };
        for name in ["one", "two words", "left", "mine", "own"] {
            program(&format!("tools/{name}"), "");
        }
        fs::write(at("tools/text"), "").unwrap();
        program("to/mine", "#!/bin/sh\n");
        program("to/own", "# distrobox_binary\n# name: dev\n");
        // A stand-in for distrobox-export.
        program("bin/distrobox-export", "#!/bin/sh\necho \"$2 $4\" >> \"$4/ran\"\n");
        let path = format!("{}:/usr/bin:/bin", at("bin").display());
        let (to, tools) = (at("to").display().to_string(), at("tools").display().to_string());
        let command = Command::new("sh")
            .args(["-c", EXPORT_ALL, "sh", &to, "/left/", "dev", &tools, "/nowhere"])
            .env("PATH", path);
        let mut said = Vec::new();
        let ended =
            Real.run(&command, &mut |line| said.push(line.to_owned()), &CancellationToken::new());
        assert!(ended.is_err(), "one is left");
        assert_eq!(said, [format!("{to}/mine is not an export of dev, and is left as it is")]);
        let ran = fs::read_to_string(at("to/ran")).unwrap();
        assert_eq!(ran, format!("{tools}/one {to}\n{tools}/own {to}\n{tools}/two words {to}\n"));
    }
}
