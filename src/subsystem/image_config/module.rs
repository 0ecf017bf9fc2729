//! The modules of `image-config.json`, read: each a step of the image's build, in the order they stand there.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{FILE, LIST, sources};
use crate::core::item::{ItemKey, Layer};
use crate::core::names::{BuildArg, ImagePath, InvalidName, RepoRelPath, UnitName};
use crate::manifest::{Entry, Manifests, Sheet};
use crate::words::{fill, gettext};

/// `image-config.json`
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
pub struct ImageConfigFile {
    /// The modules, in the order the image is built in.
    modules: Vec<Raw>,
}

/// What a module does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// Puts files of the repository into the image.
    Files,
    /// Runs commands.
    Run,
    /// Makes a target want a unit, by a link.
    SystemdEnable,
    /// Puts a file in its place only where a build argument is `1`.
    OptionalFeature,
    /// Makes a command that runs another in a slice of its own.
    Wrapper,
}

impl Type {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Run => "run",
            Self::SystemdEnable => "systemd-enable",
            Self::OptionalFeature => "optional-feature",
            Self::Wrapper => "wrapper",
        }
    }
}

/// Whose units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The machine's.
    System,
    /// Each person's.
    User,
}

impl Scope {
    /// As it is written, and as systemd's directories are called.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
        }
    }
}

/// One module as it stands there: what its type does not use is left alone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Raw {
    /// Its name.
    name: String,
    /// What it does. Only an entry that drops another layer's may leave it out.
    #[serde(rename = "type")]
    kind: Option<Type>,
    /// What it is for.
    comment: Option<String>,
    /// In a host's layer: this machine does not want the module.
    #[serde(default)]
    #[allow(dead_code, reason = "read with the list; here for the schema")]
    absent: bool,
    /// `files`: commands before the files are there.
    #[serde(default)]
    pre_run: Vec<String>,
    /// `files`: the files.
    files: Option<Vec<RawPlace>>,
    /// `files`: commands once the files are there.
    #[serde(default)]
    post_run: Vec<String>,
    /// `run`: the commands.
    commands: Option<Vec<String>>,
    /// `systemd-enable`: whose unit.
    scope: Option<Scope>,
    /// `systemd-enable`: the unit.
    #[schemars(with = "Option<String>")]
    unit: Option<UnitName>,
    /// `systemd-enable`: the target that wants it. `wrapper`: the command that is run.
    target: Option<String>,
    /// `optional-feature`: the build argument.
    #[schemars(with = "Option<String>")]
    arg: Option<BuildArg>,
    /// `optional-feature`: commands before the file is there.
    #[serde(default)]
    staging_pre_run: Vec<String>,
    /// `optional-feature`: the file, in the repository.
    #[schemars(with = "Option<String>")]
    src: Option<Source>,
    /// `optional-feature`: where the file is in every image.
    #[schemars(with = "Option<String>")]
    staging: Option<Place>,
    /// `optional-feature`: where it goes if it is wanted.
    #[schemars(with = "Option<String>")]
    dest: Option<Place>,
    /// `optional-feature`: commands once it is there.
    #[serde(default)]
    post_install: Vec<String>,
    /// `wrapper`: the slice.
    slice: Option<String>,
    /// `wrapper`: the command that is made.
    #[schemars(with = "Option<String>")]
    output: Option<Place>,
    /// `wrapper`: what it is for, said in the script.
    description: Option<String>,
    /// `wrapper`: in a terminal of the program itself, the program is run as it is.
    #[serde(default)]
    remote_cli: bool,
}

/// One file of a module as it stands there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct RawPlace {
    /// The file, or a directory of files, in the repository. Only an entry that drops another layer's may leave it out.
    #[schemars(with = "Option<String>")]
    src: Option<Source>,
    /// Where it goes in the image; with a “/” at the end, the directory it goes to.
    #[schemars(with = "String")]
    dest: Place,
    /// What it is for.
    comment: Option<String>,
    /// Its permissions; those it has in the repository where they are left out.
    #[schemars(with = "Option<String>")]
    mode: Option<Mode>,
    /// In a host's layer: this machine does not want the file.
    #[serde(default)]
    absent: bool,
}

/// A path in the repository; `./` before it and `/` after it mean nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Source(RepoRelPath);

impl TryFrom<String> for Source {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        let plain = text.trim_start_matches("./").trim_end_matches('/');
        plain.parse().map(Self)
    }
}

/// A path in the image. What is said to be in `/usr/etc` is written to `/etc`, which becomes it: beside `/etc`, an image
/// may not have it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Place {
    path: ImagePath,
    is_dir: bool,
}

impl TryFrom<String> for Place {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        let plain = text.trim_end_matches('/');
        let plain = if plain.starts_with("/usr/etc/") { &plain[4..] } else { plain };
        Ok(Self { path: plain.parse()?, is_dir: text.ends_with('/') })
    }
}

/// Permissions in octal: `0755`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Mode(pub u32);

impl TryFrom<String> for Mode {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        let octal = (3..=4).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'7'));
        match u32::from_str_radix(&text, 8) {
            Ok(mode) if octal => Ok(Self(mode)),
            _ => Err(InvalidName {
                text,
                kind: "a mode",
                expected: "three or four octal digits, such as 0644",
            }),
        }
    }
}

/// One module.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub comment: Option<String>,
    /// The layer it stands in.
    pub layer: Layer,
    /// What it does.
    pub kind: Kind,
}

/// What a module does.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Puts files of the repository into the image.
    Files {
        /// Commands before the files are there.
        pre_run: Vec<String>,
        /// The files.
        files: Vec<File>,
        /// Commands once the files are there.
        post_run: Vec<String>,
    },
    /// Runs commands.
    Run(Vec<String>),
    /// Makes a target want a unit.
    SystemdEnable {
        /// Whose unit.
        scope: Scope,
        /// The unit.
        unit: UnitName,
        /// The target.
        target: UnitName,
    },
    /// Puts a file in its place where a build argument is `1`.
    OptionalFeature {
        /// The build argument.
        arg: BuildArg,
        /// Commands before the file is there.
        staging_pre_run: Vec<String>,
        /// The file.
        src: RepoRelPath,
        /// Where it is in every image.
        staging: ImagePath,
        /// Where it goes.
        dest: ImagePath,
        /// Commands once it is there.
        post_install: Vec<String>,
    },
    /// Makes a command that runs another in a slice.
    Wrapper(Wrapper),
}

/// A command that runs another in a slice of its own.
#[derive(Clone, Debug)]
pub struct Wrapper {
    /// What is run.
    pub target: ImagePath,
    /// The slice.
    pub slice: UnitName,
    /// The command that is made.
    pub output: ImagePath,
    /// What it is for.
    pub description: Option<String>,
    /// In a terminal of the program itself, the program is run as it is.
    pub remote_cli: bool,
}

/// One file, or directory of files, of a module.
#[derive(Clone, Debug)]
pub struct File {
    /// In the repository; `None` where the entry drops another layer's.
    pub src: Option<RepoRelPath>,
    /// In the image.
    pub dest: ImagePath,
    /// Whether `dest` is the directory that it goes to.
    pub into: bool,
    /// What it is for.
    pub comment: Option<String>,
    /// Its permissions.
    pub mode: Option<Mode>,
}

impl File {
    /// What goes from one place to another, with nothing else to say of it.
    pub fn plain(src: &RepoRelPath, dest: &ImagePath) -> Self {
        let (src, dest) = (Some(src.clone()), dest.clone());
        Self { src, dest, into: false, comment: None, mode: None }
    }
}

impl Kind {
    /// Its type.
    pub fn of(&self) -> Type {
        match self {
            Self::Files { .. } => Type::Files,
            Self::Run(_) => Type::Run,
            Self::SystemdEnable { .. } => Type::SystemdEnable,
            Self::OptionalFeature { .. } => Type::OptionalFeature,
            Self::Wrapper(_) => Type::Wrapper,
        }
    }

    /// The files and directories of the repository that it takes, each with its place in the entry.
    fn sources(&self) -> Vec<(String, &RepoRelPath)> {
        match self {
            Self::Files { files, .. } => {
                let named = files.iter().enumerate();
                named
                    .filter_map(|(n, f)| Some((format!("files/{n}/src"), f.src.as_ref()?)))
                    .collect()
            }
            Self::OptionalFeature { src, .. } => vec![("src".to_owned(), src)],
            Self::Run(_) | Self::SystemdEnable { .. } | Self::Wrapper(_) => Vec::new(),
        }
    }
}

/// What one layer says.
#[derive(Default)]
pub struct Said {
    /// The modules, in order.
    pub modules: Vec<Module>,
    /// The names of modules that are said to be absent.
    pub absent: Vec<String>,
}

/// The modules of one layer, as they stand there. A file that is not in the repository is an error.
pub fn of_layer(manifests: &Manifests, layer: &Layer) -> anyhow::Result<Said> {
    read(manifests, layer, true)
}

/// The same of manifests that are there without the files they name.
pub fn of_manifest_alone(manifests: &Manifests, layer: &Layer) -> anyhow::Result<Said> {
    read(manifests, layer, false)
}

fn read(manifests: &Manifests, layer: &Layer, whole: bool) -> anyhow::Result<Said> {
    let Some(sheet) = manifests.sheet(layer, FILE)? else { return Ok(Said::default()) };
    let mut said = Said::default();
    let mut names = BTreeSet::new();
    for entry in sheet.entries::<Raw>(LIST)? {
        let name = &entry.value.name;
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            let what = gettext("“name” should be a name on one line");
            return Err(sheet.error_inside(LIST, &entry, "name", what).into());
        }
        if !names.insert(name.clone()) {
            let what = fill(&gettext("“{name}” stands here twice"), &[("name", name)]);
            return Err(sheet.error_at(LIST, &entry, what).into());
        }
        if entry.absent {
            said.absent.push(name.clone());
            continue;
        }
        let kind = kind(&sheet, &entry)?;
        for (at, src) in kind.sources().into_iter().filter(|_| whole) {
            if let Some(what) = sources::unfit(manifests, src)? {
                return Err(sheet.error_inside(LIST, &entry, &at, what).into());
            }
        }
        let Raw { name, comment, .. } = entry.value;
        said.modules.push(Module { name, comment, layer: layer.clone(), kind });
    }
    Ok(said)
}

/// The modules that the layers which are looked at want: a host's stands in the place of the shared one of its name.
pub fn all(manifests: &Manifests) -> anyhow::Result<Vec<Module>> {
    let mut modules: Vec<Module> = Vec::new();
    for layer in manifests.layers() {
        let said = of_layer(manifests, &layer)?;
        for name in said.absent.into_iter().filter(|_| layer != Layer::Shared) {
            modules.retain(|module| module.name != name);
            manifests.hide(FILE, ItemKey::new(name));
        }
        for module in said.modules {
            match modules.iter_mut().find(|other| other.name == module.name) {
                Some(other) => *other = module,
                None => modules.push(module),
            }
        }
    }
    Ok(modules)
}

fn kind(sheet: &Sheet, entry: &Entry<Raw>) -> anyhow::Result<Kind> {
    let raw = entry.value.clone();
    let lacks = |field: &str| {
        let what = fill(&gettext("“{field}” is missing"), &[("field", field)]);
        sheet.error_at(LIST, entry, what)
    };
    let unfit =
        |field: &str, error: InvalidName| sheet.error_inside(LIST, entry, field, error.to_string());
    let Some(kind) = raw.kind else { return Err(lacks("type").into()) };
    Ok(match kind {
        Type::Files => {
            let mut files = Vec::new();
            for (index, file) in raw.files.ok_or_else(|| lacks("files"))?.into_iter().enumerate() {
                if file.src.is_none() && !file.absent {
                    let what = fill(&gettext("“{field}” is missing"), &[("field", "src")]);
                    let at = format!("files/{index}");
                    return Err(sheet.error_inside(LIST, entry, &at, what).into());
                }
                let src = file.src.map(|Source(src)| src).filter(|_| !file.absent);
                let Place { path: dest, is_dir: into } = file.dest;
                files.push(File { src, dest, into, comment: file.comment, mode: file.mode });
            }
            Kind::Files { pre_run: raw.pre_run, files, post_run: raw.post_run }
        }
        Type::Run => Kind::Run(raw.commands.ok_or_else(|| lacks("commands"))?),
        Type::SystemdEnable => Kind::SystemdEnable {
            scope: raw.scope.ok_or_else(|| lacks("scope"))?,
            unit: raw.unit.ok_or_else(|| lacks("unit"))?,
            target: raw
                .target
                .ok_or_else(|| lacks("target"))?
                .parse()
                .map_err(|error| unfit("target", error))?,
        },
        Type::OptionalFeature => Kind::OptionalFeature {
            arg: raw.arg.ok_or_else(|| lacks("arg"))?,
            staging_pre_run: raw.staging_pre_run,
            src: raw.src.ok_or_else(|| lacks("src"))?.0,
            staging: raw.staging.ok_or_else(|| lacks("staging"))?.path,
            dest: raw.dest.ok_or_else(|| lacks("dest"))?.path,
            post_install: raw.post_install,
        },
        Type::Wrapper => Kind::Wrapper(Wrapper {
            target: raw
                .target
                .ok_or_else(|| lacks("target"))?
                .parse()
                .map_err(|error| unfit("target", error))?,
            slice: slice(raw.slice.ok_or_else(|| lacks("slice"))?)
                .map_err(|error| unfit("slice", error))?,
            output: raw.output.ok_or_else(|| lacks("output"))?.path,
            description: raw.description,
            remote_cli: raw.remote_cli,
        }),
    })
}

/// A slice, whose type may be left out, as with `systemd-run`.
fn slice(text: String) -> Result<UnitName, InvalidName> {
    if text.ends_with(".slice") { text.parse() } else { format!("{text}.slice").parse() }
}
