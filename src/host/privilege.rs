//! Acting as root: one place, which asks polkit for exact commands.

use std::path::PathBuf;

use super::Host;
use crate::core::digest::sha256;
use crate::core::item::ItemKey;
use crate::core::plan::Command;

/// The command that does as root what `command` does: itself where we are root, else through `pkexec`, which asks the
/// person for an exact command line.
pub fn as_root(host: &Host, command: Command) -> Command {
    if host.env().is_root {
        return command;
    }
    Command::new("pkexec").arg(command.program).args(command.args)
}

/// Where a text is kept for root to put in place, under the item's own file name: what is installed is what was
/// planned. Other text of the same item is kept elsewhere, so that taking a change back does not write over what it
/// needs.
pub fn kept(host: &Host, item: &ItemKey, text: &str) -> PathBuf {
    let sum: String = sha256(format!("{item}\0{text}")).chars().take(16).collect();
    let name = item.as_str().rsplit('/').next().unwrap_or_default();
    host.state_dir().join("to-install").join(sum).join(name)
}
