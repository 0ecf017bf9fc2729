//! What the modules make of an image: instructions of the Containerfile, in the order of the manifest.

use std::fmt::Write;

use super::module::{self, File, Kind, Module, Scope, Wrapper};
use super::sources;
use crate::core::item::Layer;
use crate::core::names::{ImagePath, InvalidName, UnitName};
use crate::manifest::Manifests;
use crate::manifest::containerfile::{Run, Section, write};

/// The section's name.
const NAME: &str = "IMAGE_CONFIG";

/// The section, of the shared manifest.
pub fn section(manifests: &Manifests) -> anyhow::Result<Section> {
    let mut body = String::new();
    for module in module::of_layer(manifests, &Layer::Shared)?.modules {
        let instructions = instructions(manifests, &module)?;
        if instructions.is_empty() {
            continue;
        }
        if !body.is_empty() {
            body.push('\n');
        }
        body += &write::comment(&match &module.comment {
            Some(comment) => format!("{}: {}", module.name, one_line(comment)),
            None => module.name.clone(),
        });
        body += &instructions;
    }
    Ok(Section::new(NAME, body)?)
}

fn instructions(manifests: &Manifests, module: &Module) -> anyhow::Result<String> {
    let copies = |file: &File| -> anyhow::Result<String> {
        let mut text = String::new();
        if let Some(comment) = &file.comment {
            text += &write::comment(&one_line(comment));
        }
        for placed in sources::of_entry(manifests, &module.name, &module.layer, file)? {
            text += &write::copy(&placed.src, &placed.dest, placed.mode);
        }
        Ok(text)
    };
    let mut text = String::new();
    match &module.kind {
        Kind::Files { pre_run, files, post_run } => {
            text += &commands(pre_run)?;
            for file in files {
                text += &copies(file)?;
            }
            text += &commands(post_run)?;
        }
        Kind::Run(list) => text += &commands(list)?,
        Kind::SystemdEnable { scope, unit, target } => {
            let link = wants(*scope, unit, target)?;
            text += &Run::new().link(&link, &wanted_unit(unit))?.text();
        }
        Kind::OptionalFeature { arg, staging_pre_run, src, staging, dest, post_install } => {
            text += &commands(staging_pre_run)?;
            text += &copies(&File::plain(src, staging))?;
            // A word of the shell's, and a name that holds nothing but letters, digits and “_”.
            let mut script = format!("if [ \"${{{arg}}}\" = \"1\" ]; then\n");
            let install = format!(
                "install -Dpm0644 {} {}",
                write::word(staging.as_str())?,
                write::word(dest.as_str())?
            );
            let _ = writeln!(script, "{install}");
            for command in post_install {
                let _ = writeln!(script, "{command}");
            }
            script += "fi\n";
            let _ = writeln!(text, "ARG {arg}=0");
            text += &write::script(&script)?;
        }
        Kind::Wrapper(wrapper) => {
            text += &write::file(&wrapper.output, 0o755, &script(wrapper))?;
        }
    }
    Ok(text)
}

/// The person's commands as they wrote them, the first that fails ending the build.
fn commands(list: &[String]) -> anyhow::Result<String> {
    match list {
        [] => Ok(String::new()),
        list => Ok(write::script(&list.join("\n"))?),
    }
}

fn one_line(comment: &str) -> String {
    comment.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The link with which a target wants a unit, as the image's vendor makes them.
pub fn wants(scope: Scope, unit: &UnitName, target: &UnitName) -> Result<ImagePath, InvalidName> {
    format!("/usr/lib/systemd/{}/{target}.wants/{unit}", scope.as_str()).parse()
}

/// What that link says.
pub fn wanted_unit(unit: &UnitName) -> String {
    format!("../{unit}")
}

/// The script of a wrapper. A path of an image has nothing in it that quotes do not keep.
///
/// With `remote_cli` the program is run as it is where it was called from a terminal of its own, which it tells by
/// `VSCODE_IPC_HOOK_CLI`: there it talks to the one that runs.
pub fn script(wrapper: &Wrapper) -> String {
    let Wrapper { target, slice, description, remote_cli, .. } = wrapper;
    let mut script = "#!/bin/sh\n".to_owned();
    if let Some(description) = description {
        let _ = writeln!(script, "# {}", one_line(description));
    }
    if *remote_cli {
        let _ = writeln!(
            script,
            "if [ -n \"${{VSCODE_IPC_HOOK_CLI:-}}\" ]; then\n    exec '{target}' \"$@\"\nfi"
        );
    }
    let _ = writeln!(
        script,
        "exec systemd-run --user --scope --quiet --slice='{slice}' -- '{target}' \"$@\""
    );
    script
}
