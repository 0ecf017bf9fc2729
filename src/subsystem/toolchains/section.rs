//! `TOOLCHAINS`: what installs toolchains is baked into the box's image. What they install lives in the home directory,
//! which no image has: it comes when the manifest is applied.

use anyhow::Result;

use super::entry::{self, Script};
use super::{FILE, Item};
use crate::core::names::ScriptName;
use crate::manifest::Manifests;
use crate::manifest::containerfile::{Run, Section, write};
use crate::words::gettext;

const NAME: &str = "TOOLCHAINS";
/// Where a script is while the image is built.
const FETCHED: &str = "/tmp/bkt-script";
/// Installers that ask these put their programs into `/usr/local/bin`, where everybody has them.
const PLACES: [&str; 3] =
    ["CARGO_HOME=/usr/local", "RUSTUP_HOME=/tmp/bkt-rustup", "PROTO_HOME=/usr/local"];
/// What rustup runs the toolchain's program for, called by its name.
const PROXIES: &str = "cargo rustc rustdoc rustfmt cargo-fmt cargo-clippy clippy-driver rust-analyzer rust-gdb rust-lldb";

/// Makes the section.
pub(super) fn make(manifests: &Manifests) -> Result<Section> {
    let wanted = entry::wanted(manifests)?;
    let mut scripts = Vec::new();
    // In the manifest's order: they may build on one another.
    for layer in manifests.layers() {
        let Some(sheet) = manifests.sheet(&layer, FILE)? else { continue };
        for entry in sheet.entries::<entry::ScriptEntry>(entry::SCRIPTS)? {
            if let entry::ScriptEntry::Script(script) = entry.value {
                scripts.push(*script);
            }
        }
    }
    let items: Vec<Item> = wanted.keys().filter_map(|key| Item::of(key).ok()).collect();
    let section = Section::new(NAME, body(&items, &scripts)?)?;
    let proto = items.iter().any(|item| matches!(item, Item::Tool(_)));
    Ok(match proto && scripts.iter().all(|one| one.name.as_str() != "proto") {
        true => section.noting(gettext(
            "Tools of proto are wanted, and no script named proto installs it.\nbkt dev script add ADDRESS --name proto",
        )),
        false => section,
    })
}

fn body(items: &[Item], scripts: &[Script]) -> Result<String> {
    let by_script = |name: &str| {
        name.parse::<ScriptName>().is_ok_and(|name| scripts.iter().any(|one| one.name == name))
    };
    let has = |is: fn(&Item) -> bool| items.iter().any(is);
    let rust = has(|item| {
        matches!(item, Item::Default | Item::Toolchain(_) | Item::Component(_) | Item::Target(_))
    });
    let rustup = rust && !by_script("rustup");
    let node = has(|item| matches!(item, Item::Tool(tool) if tool.as_str() == "node"));
    let npm = has(|item| matches!(item, Item::Npm(_))) && !node && !by_script("node");
    let mut text = String::new();
    let packages = [("rustup", rustup), ("npm", npm)];
    let packages: Vec<&str> =
        packages.into_iter().filter(|(_, needed)| *needed).map(|(name, _)| name).collect();
    if !packages.is_empty() {
        let mut run = Run::new().list("dnf install -y", packages)?;
        if rustup {
            // Some distributions package the installer alone, which is rustup when it is called so.
            run = run
                .command("if ! command -v rustup > /dev/null; then ln -s /usr/bin/rustup-init /usr/local/bin/rustup; fi")?
                .command(format!(
                    "for name in {PROXIES}; do command -v \"$name\" > /dev/null || ln -s \"$(command -v rustup)\" \"/usr/local/bin/$name\"; done"
                ))?;
        }
        text += &run.command("dnf clean all")?.text();
    }
    for script in scripts {
        text += &fetched(script)?;
    }
    Ok(text)
}

/// Fetches a script, and runs it only where it is the one that was looked at.
fn fetched(Script { name, url, sha256, args }: &Script) -> Result<String> {
    let title = write::comment(&format!("The script {name}."));
    let fetch = "curl --fail --silent --show-error --location --globoff --output";
    let mut words = Vec::new();
    for arg in args {
        words.push(write::word(arg)?);
    }
    let run = format!("env {} sh {FETCHED} {}", PLACES.join(" "), words.join(" "));
    let run = Run::new()
        .command(format!("{fetch} {FETCHED} {}", write::word(url.as_str())?))?
        .command(format!("echo '{sha256}  {FETCHED}' | sha256sum -c -"))?
        .command(run)?
        .command(format!("rm -rf {FETCHED} /tmp/bkt-rustup"))?;
    Ok(title + &run.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(name: &str, args: &[&str]) -> Script {
        Script {
            name: name.parse().unwrap(),
            url: "https://example.org/install.sh?a=1&b=$(id)".parse().unwrap(),
            sha256: "0f".repeat(32).parse().unwrap(),
            args: args.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn installers_are_baked_in_and_nothing_reaches_a_shell_unquoted() {
        let items = [Item::Default, Item::Npm("a".parse().unwrap())];
        let text = body(&items, &[script("x", &["-y", "a b'c; rm -rf /", "$(id)"])]).unwrap();
        let expected = r#"RUN set -eu; \
    dnf install -y \
      rustup \
      npm; \
"#;
        assert!(text.starts_with(expected), "{text}");
        let expected = format!(
            r#"# The script x.
RUN set -eu; \
    curl --fail --silent --show-error --location --globoff --output /tmp/bkt-script 'https://example.org/install.sh?a=1&b=$(id)'; \
    echo '{}  /tmp/bkt-script' | sha256sum -c -; \
    env CARGO_HOME=/usr/local RUSTUP_HOME=/tmp/bkt-rustup PROTO_HOME=/usr/local sh /tmp/bkt-script -y 'a b'\''c; rm -rf /' '$(id)'; \
    rm -rf /tmp/bkt-script /tmp/bkt-rustup
"#,
            "0f".repeat(32)
        );
        assert!(text.ends_with(&expected), "{text}");
        assert!(body(&[], &[script("x", &["a\nb"])]).is_err());
    }

    #[test]
    fn what_a_script_installs_is_no_package() {
        let items = [Item::Default, Item::Tool("node".parse().unwrap())];
        let text = body(&items, &[script("rustup", &[]), script("proto", &[])]).unwrap();
        assert!(!text.contains("dnf"), "{text}");
        let text = body(&items, &[]).unwrap();
        assert!(text.contains("      rustup; \\\n"), "{text}");
        assert_eq!(body(&[], &[]).unwrap(), "");
    }
}
