//! What a development box cannot have: said, with what to use instead.

use std::ffi::OsString;

use clap::Subcommand;

use crate::cli::errors::Misnamed;
use crate::core::plan::Command;
use crate::core::secret;
use crate::host::command;
use crate::words::{fill, gettext};

/// Nouns that act on the machine alone. They are understood here so that what was meant can be said.
#[derive(Subcommand)]
pub(super) enum Verb {
    #[command(hide = true, disable_help_flag = true)]
    Flatpak(Rest),
    #[command(hide = true, disable_help_flag = true)]
    Extension(Rest),
    #[command(hide = true, disable_help_flag = true)]
    Gsetting(Rest),
    #[command(hide = true, disable_help_flag = true)]
    Shim(Rest),
    #[command(hide = true, disable_help_flag = true)]
    Image(Rest),
    #[command(hide = true, disable_help_flag = true)]
    Admin(Rest),
}

/// Whatever stands behind the noun.
#[derive(clap::Args)]
pub(super) struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Why `verb` cannot be had in a box, and the command line that was probably meant.
pub(super) fn instead(verb: &Verb) -> Misnamed {
    let (noun, rest, message) = match verb {
        Verb::Flatpak(rest) => (
            "flatpak",
            rest,
            gettext("apps belong to the machine, and the development box has none of its own"),
        ),
        Verb::Extension(rest) => (
            "extension",
            rest,
            gettext("extensions belong to the desktop, and the development box has none"),
        ),
        Verb::Gsetting(rest) => (
            "gsetting",
            rest,
            gettext("settings belong to the desktop, which the development box shares"),
        ),
        Verb::Shim(rest) => (
            "shim",
            rest,
            gettext("shims are in the home directory, which the machine and its boxes share"),
        ),
        Verb::Image(rest) => (
            "image",
            rest,
            gettext(
                "“image” is about the machine's image: what the development box's has follows from what is in the box",
            ),
        ),
        Verb::Admin(rest) => (
            "admin",
            rest,
            gettext("“admin” acts on the machine's image and units, which a box has none of"),
        ),
    };
    let args: Vec<String> =
        rest.args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let before = std::iter::once("").chain(args.iter().map(String::as_str));
    let shown = args.iter().zip(before).map(|(word, before)| secret::redact_after(before, word));
    let command = command::display(&Command::new("bkt").arg(noun).args(shown));
    let hint = fill(&gettext("Use: {command}"), &[("command", &command)]);
    let hint = match verb {
        Verb::Image(_) => {
            let more =
                gettext("To have something in the box and in its image: bkt dev dnf install");
            format!("{hint}\n{more}")
        }
        _ => hint,
    };
    Misnamed::Wrong { message, hint: Some(hint) }
}
