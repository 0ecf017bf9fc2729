//! Acting as root: one place, which asks polkit for exact commands.

use std::path::{Path, PathBuf};

use super::Host;
use super::fs::{self, FsError};
use crate::core::digest::sha256;
use crate::core::item::ItemKey;
use crate::core::plan::{Command, FileEdit};

/// Where the system's own programs are.
const SYSTEM: [&str; 2] = ["/usr/bin", "/usr/sbin"];

/// The command that does as root what `command` does: itself where we are root, else through `pkexec`, which asks the
/// person for an exact command line.
///
/// `pkexec` would look for the program on the person's own path, where a shim or anything else may come first.
pub fn as_root(host: &Host, command: Command) -> Command {
    if host.env().is_root {
        return command;
    }
    let is_bare = !command.program.contains('/') && host.path("/") == Path::new("/");
    let place = |dir| format!("{dir}/{}", command.program);
    let found = SYSTEM.into_iter().map(place).find(|path| is_bare && Path::new(path).is_file());
    Command::new("pkexec").arg(found.unwrap_or(command.program)).args(command.args)
}

/// The edit that keeps a text for root to put in place, under the item's own file name: what is installed is what was
/// planned.
///
/// Other text of the same item is kept elsewhere, so that taking a change back does not write over what it needs.
pub fn keep(host: &Host, item: &ItemKey, text: &str) -> Result<FileEdit, FsError> {
    let path = kept(host, item, text);
    let before = fs::read(&path)?;
    Ok(FileEdit {
        path: path.display().to_string(),
        before,
        after: Some(text.to_owned()),
        mode: None,
    })
}

/// Where [`keep`] keeps it.
pub fn kept(host: &Host, item: &ItemKey, text: &str) -> PathBuf {
    let sum: String = sha256(format!("{item}\0{text}")).chars().take(16).collect();
    let name = item.as_str().rsplit('/').next().unwrap_or_default();
    host.state_dir().join("to-install").join(sum).join(name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::host::{Environment, command};

    #[test]
    fn root_runs_the_systems_own_programs() {
        let env = Environment { is_root: false, ..Environment::below(Path::new("/")) };
        let host = Host::new(env, Arc::new(command::Real));
        let command = |program: &str| as_root(&host, Command::new(program).arg("-x"));
        assert_eq!(command("rm"), Command::new("pkexec").args(["/usr/bin/rm", "-x"]));
        for other in ["/usr/local/bin/rm", "no-such-program"] {
            assert_eq!(command(other), Command::new("pkexec").args([other, "-x"]));
        }
    }
}
