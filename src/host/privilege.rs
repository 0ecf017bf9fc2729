//! Acting as root: one place, which asks polkit for exact commands.

use super::Host;
use crate::core::plan::Command;

/// The command that does as root what `command` does: itself where we are root, else through `pkexec`, which asks the
/// person for an exact command line.
pub fn as_root(host: &Host, command: Command) -> Command {
    if host.env().is_root {
        return command;
    }
    Command::new("pkexec").arg(command.program).args(command.args)
}
