//! `toolchains` of `toolbox-packages.json`, as it is written and as it is compared.

use anyhow::Result;
use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer};

use super::{ARGS, FILE, Item, SHA256, TOOLCHAIN, URL, VERSION};
use crate::core::item::{ItemKey, Layer, Record, Wanted, WantedItems};
use crate::core::names::{
    ComponentName, NpmName, ScriptName, Sha256, TargetName, ToolName, ToolVersion, ToolchainName,
    WebAddress,
};
use crate::manifest::plain::{self, Plain};
use crate::manifest::{Manifests, Sheet};

/// Where the default toolchain stands.
pub(super) const DEFAULT: &str = "toolchains/rustup/default";
/// Where further toolchains stand.
pub(super) const TOOLCHAINS: &str = "toolchains/rustup/toolchains";
/// Where components stand.
pub(super) const COMPONENTS: &str = "toolchains/rustup/components";
/// Where targets stand.
pub(super) const TARGETS: &str = "toolchains/rustup/targets";
/// Where packages of npm stand.
pub(super) const NPM: &str = "toolchains/npm";
/// Where tools of proto stand.
pub(super) const PROTO: &str = "toolchains/proto";
/// Where scripts stand.
pub(super) const SCRIPTS: &str = "toolchains/scripts";

/// What the toolchains of the development box have.
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
pub struct ToolchainsFile {
    /// Rust.
    rustup: Option<RustupFile>,
    /// Packages that npm installs for all projects.
    npm: Option<Vec<VersionedFile>>,
    /// Scripts that are run once.
    scripts: Option<Vec<Script>>,
    /// Tools that proto installs.
    proto: Option<Vec<VersionedFile>>,
}

/// What rustup has.
#[derive(JsonSchema)]
#[allow(dead_code, reason = "describes the file")]
struct RustupFile {
    /// The default toolchain: `stable`. It need not stand among the toolchains too.
    default: Option<String>,
    /// Further toolchains.
    toolchains: Option<Vec<plain::Name>>,
    /// Components of the default toolchain, beside those that every toolchain comes with.
    components: Option<Vec<plain::Name>>,
    /// Targets of the default toolchain, beside the machine itself.
    targets: Option<Vec<plain::Name>>,
}

/// Something that has versions.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the file")]
enum VersionedFile {
    /// Its name.
    Bare(String),
    /// The same, and more.
    Full {
        /// Its name.
        name: String,
        /// The version, or the beginning of one; not compared where it is left out.
        version: Option<String>,
        /// In the layer of one machine: whether the shared entry of that name is dropped there.
        absent: Option<bool>,
    },
}

/// A package or a tool, and its version where one is named.
#[derive(Clone, Debug)]
pub(super) struct Versioned<N> {
    pub(super) name: N,
    pub(super) version: Option<ToolVersion>,
}

impl<'de, N> Deserialize<'de> for Versioned<N>
where
    N: std::str::FromStr + Deserialize<'de>,
    N::Err: std::fmt::Display,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Full<N> {
            name: N,
            version: Option<ToolVersion>,
        }
        plain::either(
            deserializer,
            "a name, or an object with “name”",
            |name: N| Self { name, version: None },
            |full: Full<N>| Self { name: full.name, version: full.version },
        )
    }
}

/// A script that is fetched, and run only where it is the one that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, JsonSchema)]
pub(super) struct Script {
    /// Its name.
    #[schemars(with = "String")]
    pub(super) name: ScriptName,
    /// Where it is.
    #[schemars(with = "String")]
    pub(super) url: WebAddress,
    /// The checksum of what it has to be.
    #[schemars(with = "String")]
    pub(super) sha256: Sha256,
    /// What it is given.
    #[serde(default)]
    pub(super) args: Vec<String>,
}

/// An entry of the scripts, which has a name alone where it takes another layer's away.
#[derive(Clone, Debug)]
pub(super) enum ScriptEntry {
    Script(Box<Script>),
    Gone(ScriptName),
}

impl<'de> Deserialize<'de> for ScriptEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let json = serde_json::Value::deserialize(deserializer)?;
        if json["absent"] == true {
            let name = ScriptName::deserialize(&json["name"]).map_err(D::Error::custom)?;
            return Ok(Self::Gone(name));
        }
        Script::deserialize(json)
            .map(|script| Self::Script(Box::new(script)))
            .map_err(D::Error::custom)
    }
}

/// The host that this program was built for, as toolchains name it.
pub(super) fn triple() -> String {
    let arch = match std::env::consts::ARCH {
        "riscv64" => "riscv64gc",
        arch => arch,
    };
    format!("{arch}-unknown-linux-gnu")
}

/// A toolchain without this machine's host, which rustup adds by itself.
pub fn canonical(name: &ToolchainName) -> ToolchainName {
    let short = name.as_str().strip_suffix(&triple()).and_then(|rest| rest.strip_suffix('-'));
    short.and_then(|short| short.parse().ok()).unwrap_or_else(|| name.clone())
}

/// Everything that the layers want, laid over one another.
pub(super) fn wanted(manifests: &Manifests) -> Result<WantedItems> {
    let mut wanted = manifests.items(FILE, TOOLCHAINS, |entry: &Plain<ToolchainName>| {
        Ok((Item::Toolchain(canonical(entry.name())).key(), Record::new()))
    })?;
    wanted.extend(manifests.items(FILE, COMPONENTS, |entry: &Plain<ComponentName>| {
        Ok((Item::Component(entry.name().clone()).key(), Record::new()))
    })?);
    wanted.extend(manifests.items(FILE, TARGETS, |entry: &Plain<TargetName>| {
        Ok((Item::Target(entry.name().clone()).key(), Record::new()))
    })?);
    wanted.extend(manifests.items(FILE, NPM, |entry: &Versioned<NpmName>| {
        Ok(versioned(Item::Npm(entry.name.clone()), entry.version.as_ref()))
    })?);
    wanted.extend(manifests.items(FILE, PROTO, |entry: &Versioned<ToolName>| {
        Ok(versioned(Item::Tool(entry.name.clone()), entry.version.as_ref()))
    })?);
    wanted.extend(manifests.items(FILE, SCRIPTS, |entry: &ScriptEntry| {
        Ok(match entry {
            ScriptEntry::Script(script) => (
                Item::Script(script.name.clone()).key(),
                of_script(&script.url, &script.sha256, &script.args),
            ),
            ScriptEntry::Gone(name) => (Item::Script(name.clone()).key(), Record::new()),
        })
    })?);
    if let Some((name, layer)) = default(manifests)? {
        // Whoever wants a default wants it installed.
        let toolchain = Item::Toolchain(name.clone()).key();
        let implied = Wanted { record: Record::new(), layer: layer.clone() };
        wanted.entry(toolchain).or_insert(implied);
        let record = Record::new().with(TOOLCHAIN, name.as_str());
        wanted.insert(Item::Default.key(), Wanted { record, layer });
    }
    Ok(wanted)
}

fn versioned(item: Item, version: Option<&ToolVersion>) -> (ItemKey, Record) {
    let record = version.map(|version| Record::new().with(VERSION, version.as_str()));
    (item.key(), record.unwrap_or_default())
}

/// What is compared of a script.
pub(super) fn of_script(url: &WebAddress, sha256: &Sha256, args: &[String]) -> Record {
    let record = Record::new().with(URL, url.as_str()).with(SHA256, sha256.as_str());
    match args.is_empty() {
        true => record,
        false => record.with(ARGS, serde_json::json!(args).to_string().as_str()),
    }
}

/// A script as an item's record has it.
pub(super) fn script(name: &ScriptName, record: &Record) -> Result<Script> {
    let text = |field| record.text(field).unwrap_or_default();
    let args = match record.text(ARGS) {
        Some(args) => serde_json::from_str(args)?,
        None => Vec::new(),
    };
    Ok(Script { name: name.clone(), url: text(URL).parse()?, sha256: text(SHA256).parse()?, args })
}

/// The default toolchain, and the layer that says so. In a host's layer `null` takes the shared one away.
pub(super) fn default(manifests: &Manifests) -> Result<Option<(ToolchainName, Layer)>> {
    let mut default = None;
    for layer in manifests.layers() {
        let Some(sheet) = manifests.sheet(&layer, FILE)? else { continue };
        if let Some(said) = said_default(&sheet)? {
            default = said.map(|name| (canonical(&name), layer));
        }
    }
    Ok(default)
}

/// What one file says of the default, if anything.
pub(super) fn said_default(sheet: &Sheet) -> Result<Option<Option<ToolchainName>>> {
    Ok(sheet.value::<Option<ToolchainName>>(DEFAULT)?)
}

/// Makes sure that fields can be what they are set to.
pub(super) fn check(set: &Record) -> Result<()> {
    let parse = |field, parse: &dyn Fn(&str) -> Result<()>| set.text(field).map_or(Ok(()), parse);
    parse(TOOLCHAIN, &|text| Ok(text.parse::<ToolchainName>().map(drop)?))?;
    parse(VERSION, &|text| Ok(text.parse::<ToolVersion>().map(drop)?))?;
    parse(URL, &|text| Ok(text.parse::<WebAddress>().map(drop)?))?;
    parse(SHA256, &|text| Ok(text.parse::<Sha256>().map(drop)?))
}
