//! Acting as root: one place, which asks polkit for exact commands.

use std::path::Path;

use super::Host;
use crate::core::plan::Command;

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
