//! The kernel's arguments: those that run, those of the next start, and those that the image gives.
//!
//! All from files. What runs is in `/proc/cmdline`. A deployment that is made ready for the next start has its own in
//! what ostree notes of it; otherwise the boot loader's entries have them, which on many machines only root may read.
//! What the image gives stands in `/usr/lib/bootc/kargs.d`, in the format that bootc documents:
//! <https://bootc-dev.github.io/bootc/building/kernel-arguments.html>.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use glib::{Variant, VariantDict};
use serde::Deserialize;

use super::IMAGE_FILE;
use crate::core::names::karg_as_read;
use crate::host::{Host, deployment, fs};
use crate::words::gettext;

/// Where an image says which arguments it is to be started with.
const GIVEN: &str = "usr/lib/bootc/kargs.d";
/// What ostree notes of the deployment that is made ready: a dictionary, `kargs` being a list of texts.
const STAGED: &str = "/run/ostree/staged-deployment";
/// The boot loader's entries, after the Boot Loader Specification.
const ENTRIES: &str = "/boot/loader/entries";

/// All there is to know about kernel arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments {
    /// What the running kernel was started with.
    pub running: Vec<String>,
    /// What the next start has.
    pub next: Vec<String>,
    /// Those of `next` that are spelt otherwise than they are compared, as they are spelt.
    pub spelt: Vec<String>,
    /// Whether `next` was read, and is not only taken to be what runs.
    pub sure: bool,
    /// What the next start has from its image.
    pub image: Vec<String>,
    /// What of that its image gives for the sake of the manifests it was built from, and of nothing else.
    pub built: Vec<String>,
}

impl Arguments {
    /// Reads them.
    pub fn read(host: &Host) -> Result<Self> {
        let line = fs::read(&host.path("/proc/cmdline"))?;
        let running = words(&line.context(gettext("/proc/cmdline is not there"))?);
        let staged = fs::read_bytes(&host.path(STAGED))?;
        let entry = newest_entry(host)?;
        let (next, sure) = match (staged.as_deref().and_then(staged_arguments), entry) {
            (Some(staged), _) => (staged, true),
            (None, Some(entry)) => (entry, true),
            (None, None) => (running.clone(), false),
        };
        let dir = match staged {
            Some(_) => staged_dir(host)?,
            None => dir_of(host, &next),
        };
        let (image, built) = given(&dir.unwrap_or_else(|| host.path("/")))?;
        let (running, next, mut spelt) = (as_read(&running), as_read(&next), next);
        spelt.retain(|word| !next.contains(word));
        Ok(Self { running, next, spelt, sure, image, built })
    }

    /// How an argument of the next start may be spelt, so that one who looks for its letters finds it.
    pub fn spellings<'a>(&'a self, argument: &'a str) -> impl Iterator<Item = &'a str> {
        let others = self.spelt.iter().map(String::as_str);
        std::iter::once(argument).chain(others.filter(move |word| karg_as_read(word) == argument))
    }
}

/// Splits a command line as the kernel does: at white space that does not stand between double quotes. What follows
/// `--` is for the first program, not for the kernel. Each argument is given in the spelling that is compared.
pub(super) fn split(line: &str) -> Vec<String> {
    as_read(&words(line))
}

fn as_read(words: &[String]) -> Vec<String> {
    words.iter().map(|word| karg_as_read(word)).collect()
}

/// The same, each argument as it is spelt.
fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        quoted ^= c == '"';
        if c.is_whitespace() && !quoted {
            all.push(std::mem::take(&mut word));
        } else {
            word.push(c);
        }
    }
    all.push(word);
    all.into_iter().filter(|word| !word.is_empty()).take_while(|word| word != "--").collect()
}

/// The arguments of the deployment that is made ready, as they are spelt; `None` where they are those of the one before it.
fn staged_arguments(bytes: &[u8]) -> Option<Vec<String>> {
    let noted = Variant::from_bytes_with_type(&glib::Bytes::from(bytes), glib::VariantTy::VARDICT);
    VariantDict::new(Some(&noted)).lookup("kargs").ok().flatten()
}

/// The arguments of the entry that is started first, as they are spelt: among those of ostree, that of the highest `version`.
fn newest_entry(host: &Host) -> Result<Option<Vec<String>>> {
    let dir = host.path(ENTRIES);
    let names = match fs::list(&dir) {
        Err(error) if error.source.kind() == ErrorKind::PermissionDenied => return Ok(None),
        names => names?.unwrap_or_default(),
    };
    let mut newest: Option<(u64, Vec<String>)> = None;
    for name in names.iter().filter(|name| name.ends_with(".conf")) {
        let text = match fs::read(&dir.join(name)) {
            Err(error) if error.source.kind() == ErrorKind::PermissionDenied => return Ok(None),
            text => text?.unwrap_or_default(),
        };
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(key));
            line.filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim)
        };
        let version = value("version").and_then(|version| version.parse().ok()).unwrap_or(0);
        let options = words(value("options").unwrap_or_default());
        let ours = options.iter().any(|arg| arg.starts_with("ostree="));
        if ours && newest.as_ref().is_none_or(|(before, _)| *before < version) {
            newest = Some((version, options));
        }
    }
    Ok(newest.map(|(_, options)| options))
}

/// The directory of the deployment that is made ready.
fn staged_dir(host: &Host) -> Result<Option<PathBuf>> {
    let staged = deployment::read(host)?.and_then(|deployments| deployments.staged);
    Ok(staged.map(|deployment| deployment.dir))
}

/// The directory of the deployment that is started with these arguments, where that can be told.
fn dir_of(host: &Host, arguments: &[String]) -> Option<PathBuf> {
    let link = arguments.iter().find_map(|arg| arg.strip_prefix("ostree="))?;
    let dir = host.path(link);
    dir.is_dir().then_some(dir)
}

/// One file of `kargs.d`. bootc refuses any other key.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Given {
    kargs: Vec<String>,
    match_architectures: Option<Vec<String>>,
}

/// What the image in `dir` gives, in its order; and what of it only the file of the manifests gives.
fn given(dir: &Path) -> Result<(Vec<String>, Vec<String>)> {
    let dir = dir.join(GIVEN);
    let (mut all, mut built, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for name in fs::list(&dir)?.unwrap_or_default() {
        let path = dir.join(&name);
        if !name.ends_with(".toml") {
            continue;
        }
        let Some(text) = fs::read(&path)? else { continue };
        let given: Given = toml::from_str(&text).with_context(|| path.display().to_string())?;
        let here = |architectures: &Vec<String>| {
            architectures.iter().any(|architecture| architecture == std::env::consts::ARCH)
        };
        if given.match_architectures.as_ref().is_none_or(here) {
            let words: Vec<String> = given.kargs.iter().flat_map(|arg| split(arg)).collect();
            let list =
                if Path::new(IMAGE_FILE).ends_with(&name) { &mut built } else { &mut others };
            list.extend(words.iter().cloned());
            all.extend(words);
        }
    }
    built.retain(|argument| !others.contains(argument));
    Ok((all, built))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::testing::Machine;

    fn words(line: &str) -> Vec<String> {
        split(line)
    }

    #[test]
    fn a_command_line_is_split_as_the_kernel_does() {
        assert_eq!(
            words("quiet  dyndbg=\"file a +p\" console=tty0\n"),
            ["quiet", "dyndbg=\"file a +p\"", "console=tty0"]
        );
        // As GRUB hands it on, and what needs no quotes.
        assert_eq!(words("\"dyndbg=file a +p\" b=\"c\""), ["dyndbg=\"file a +p\"", "b=c"]);
        assert_eq!(words("quiet -- single"), ["quiet"]);
        assert_eq!(words("a=\"b -- c\" d"), ["a=\"b -- c\"", "d"]);
        assert!(words(" \n").is_empty());
    }

    #[test]
    fn what_the_image_gives_is_for_its_architecture_alone() {
        let machine = Machine::new();
        machine.file("proc/cmdline", "quiet\n");
        let arch = std::env::consts::ARCH;
        let file = |name: &str, text: &str| {
            machine.file(&format!("usr/lib/bootc/kargs.d/{name}"), text);
        };
        file("20-b.toml", "kargs = [\"b=2\"]\n");
        file("10-a.toml", &format!("kargs = [\"a\"]\nmatch-architectures = [\"{arch}\"]\n"));
        file("30-c.toml", "kargs = [\"c\"]\nmatch-architectures = [\"vax\"]\n");
        file("40-d.conf", "no TOML");
        file("90-bkt.toml", "kargs = [\"a\", \"own\"]\n");
        let read = Arguments::read(&machine.host()).unwrap();
        assert_eq!(read.image, ["a", "b=2", "a", "own"]);
        assert_eq!(read.built, ["own"]);
        file("50-e.toml", "kargs = []\nother = 1\n");
        let error = format!("{:#}", Arguments::read(&machine.host()).unwrap_err());
        assert!(error.contains("50-e.toml") && error.contains("other"), "{error}");
    }

    #[test]
    fn the_next_start_is_that_of_the_staged_deployment_or_of_the_newest_entry() {
        let machine = Machine::new();
        machine.file("proc/cmdline", "quiet ostree=/ostree/boot.1/os/1/0\n");
        let read = || Arguments::read(&machine.host()).unwrap();
        assert_eq!(
            (read().next, read().sure),
            (words("quiet ostree=/ostree/boot.1/os/1/0"), false)
        );
        let entry = |name: &str, version: u64, options: &str| {
            let text = format!("title x\nversion {version}\noptions {options}\nlinux /x\n");
            machine.file(&format!("boot/loader/entries/{name}.conf"), text);
        };
        entry("ostree-1", 1, "old ostree=/a");
        entry("ostree-2", 2, "new ostree=/b");
        entry("other", 9, "other");
        assert_eq!((read().next, read().sure), (words("new ostree=/b"), true));
        let kargs = vec!["staged".to_owned(), "root=x".to_owned()];
        let noted = VariantDict::new(None);
        noted.insert("kargs", &kargs);
        machine.file("run/ostree/staged-deployment", noted.end().data());
        assert_eq!((read().next, read().sure), (kargs, true));
    }
}
