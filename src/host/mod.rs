//! The machine, behind one type: where things are, how programs are run, and who we are.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::core::names::{ContainerName, InvalidName};
use crate::core::plan::Command;

pub mod act;
pub mod boxes;
pub mod bundle;
pub mod bus;
pub mod command;
pub mod commit;
pub mod dconf;
pub mod delegate;
pub mod deployment;
pub mod dnf;
pub mod flatpak;
pub mod follow;
pub mod forge;
pub mod fs;
pub mod git;
pub mod http;
pub mod images;
pub mod inside;
pub mod interrupt;
pub mod keyfile;
pub mod listen;
pub mod logind;
pub mod notify;
pub mod place;
pub mod plant;
pub mod podman;
pub mod privilege;
pub mod rpmdb;
pub mod schemas;
pub mod shell;
#[cfg(test)]
pub(crate) mod testing;
pub mod tree;
pub mod yum;

pub use command::{CommandLog, RunError, Runner};

/// Where things are and who we are, read once when the program starts.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `/`, or a directory that stands for it: `BKT_ROOT`, with which tests have a machine of their own.
    pub root: PathBuf,
    /// The person's home directory.
    pub home: PathBuf,
    /// `$XDG_CONFIG_HOME`.
    pub config: PathBuf,
    /// `$XDG_DATA_HOME`.
    pub data: PathBuf,
    /// `$XDG_STATE_HOME`.
    pub state: PathBuf,
    /// `$XDG_CACHE_HOME`.
    pub cache: PathBuf,
    /// `$XDG_RUNTIME_DIR`, where there is one.
    pub runtime: Option<PathBuf>,
    /// `$XDG_DATA_DIRS`, most important first.
    pub data_dirs: Vec<PathBuf>,
    /// The working directory.
    pub cwd: PathBuf,
    /// The machine's name, up to the first dot.
    pub hostname: String,
    /// Whether we are root.
    pub is_root: bool,
    /// All other variables that a reader asks for by name.
    pub vars: std::collections::BTreeMap<String, String>,
}

/// The machine.
#[derive(Clone)]
pub struct Host {
    env: Arc<Environment>,
    runner: Arc<dyn Runner>,
    log: Arc<CommandLog>,
    /// Nothing is written, not even into a cache.
    dry: bool,
    /// The repository that this machine is compared with.
    repository: Option<PathBuf>,
    /// The development box, or why its name cannot be told.
    dev_box: Arc<Result<ContainerName, String>>,
}

/// The development box where no repository names one.
const DEV_BOX: &str = "bootc-dev";

impl Host {
    /// The machine we run on.
    pub fn real() -> anyhow::Result<Self> {
        Ok(Self::new(Environment::read()?, Arc::new(command::Real)))
    }

    /// A machine put together by a test.
    pub fn new(env: Environment, runner: Arc<dyn Runner>) -> Self {
        let dev_box = DEV_BOX.parse().map_err(|error: InvalidName| error.to_string());
        Self {
            env: Arc::new(env),
            runner,
            log: Arc::default(),
            dry: false,
            dev_box: Arc::new(dev_box),
            repository: None,
        }
    }

    /// The same machine, whose development box has the name that a repository gives it; an error says why that cannot be
    /// told.
    pub fn with_dev_box(mut self, name: Result<Option<ContainerName>, String>) -> Self {
        match name {
            Ok(Some(name)) => self.dev_box = Arc::new(Ok(name)),
            Ok(None) => (),
            Err(why) => self.dev_box = Arc::new(Err(why)),
        }
        self
    }

    /// The name of the development box; the error says, for people, why it cannot be told.
    pub fn dev_box(&self) -> Result<&ContainerName, String> {
        self.dev_box.as_ref().as_ref().map_err(Clone::clone)
    }

    /// The same machine, where what was read is not even kept in a cache.
    pub fn dry(mut self, dry: bool) -> Self {
        self.dry = dry;
        self
    }

    /// Whether nothing is to be written, not even into a cache.
    pub fn is_dry(&self) -> bool {
        self.dry
    }

    /// The same machine, compared with the repository whose top directory this is.
    pub fn beside(mut self, repository: &Path) -> Self {
        self.repository = Some(repository.to_owned());
        self
    }

    /// The top directory of the repository that this machine is compared with, where there is one: it says what is called
    /// what on the machine, such as the development box.
    pub fn repository(&self) -> Option<&Path> {
        self.repository.as_deref()
    }

    /// Where things are and who we are.
    pub fn env(&self) -> &Environment {
        &self.env
    }

    /// The value of a variable, if it is set and not empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// An absolute path on this machine: `/usr/share` is looked up below the root.
    pub fn path(&self, absolute: &str) -> PathBuf {
        self.env.root.join(absolute.trim_start_matches('/'))
    }

    /// What runs programs.
    pub fn runner(&self) -> &dyn Runner {
        &*self.runner
    }

    /// Every command this process has run, for the person to see.
    pub fn log(&self) -> &Arc<CommandLog> {
        &self.log
    }

    /// Runs a program to its end and notes it in the command log. Returns its standard output.
    pub fn run(
        &self,
        command: &Command,
        line: &mut dyn FnMut(&str),
        cancel: &CancellationToken,
    ) -> Result<String, RunError> {
        let number = self.log.start(self.now(), command::display(command));
        let mut said = String::new();
        let result = self.runner.run(
            command,
            &mut |text| {
                said.push_str(text);
                said.push('\n');
                command::keep_end(&mut said);
                line(text);
            },
            cancel,
        );
        self.log.end(number, result.as_ref().map(drop).map_err(ToString::to_string), said);
        result
    }

    /// The same for a program that may take no longer than `patience`: then it is cancelled.
    pub fn run_within(&self, command: &Command, patience: Duration) -> Result<String, RunError> {
        let cancel = CancellationToken::new();
        let _limit = interrupt::limit(&cancel, patience);
        self.run(command, &mut |_| (), &cancel)
    }

    /// Runs a program to its end and notes it in the command log. Returns its standard output byte for byte.
    pub fn output(&self, command: &Command) -> Result<Vec<u8>, RunError> {
        let number = self.log.start(self.now(), command::display(command));
        let result = self.runner.output(command);
        self.log.end(number, result.as_ref().map(drop).map_err(ToString::to_string), String::new());
        result
    }

    /// Becomes a program that speaks to the person itself. Returns only where that did not work.
    pub fn become_program(&self, command: &Command) -> RunError {
        self.runner.become_program(command)
    }

    /// The time.
    #[allow(clippy::disallowed_methods, reason = "this is the one clock")]
    pub fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    /// Where Bucket keeps this machine's state: `$XDG_STATE_HOME/bkt`.
    pub fn state_dir(&self) -> PathBuf {
        self.env.state.join("bkt")
    }

    /// A path as people write it: the home directory becomes `~`.
    pub fn display(&self, path: &Path) -> String {
        match path.strip_prefix(&self.env.home) {
            Ok(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
            Ok(rest) => format!("~/{}", rest.display()),
            Err(_) => path.display().to_string(),
        }
    }
}

/// Where the translations of this program are: beside it, as it was installed.
pub fn locale_dir() -> PathBuf {
    let program = std::env::current_exe().ok();
    let prefix = program.as_deref().and_then(Path::parent).and_then(Path::parent);
    prefix.unwrap_or(Path::new("/usr")).join("share/locale")
}

/// The machine's name up to the first dot. It names a directory of the repository, so that nothing else may come of it.
fn layer_name(node: &str) -> String {
    let name = node.split('.').next().unwrap_or_default();
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    match name.is_empty() || !name.chars().all(plain) {
        true => "localhost".to_owned(),
        false => name.to_owned(),
    }
}

impl Environment {
    /// A machine that is all below `root`, for tests and benchmarks: its home, its data, and nothing of ours.
    pub fn below(root: &Path) -> Self {
        let home = root.join("home");
        Self {
            root: root.to_owned(),
            config: home.join(".config"),
            data: home.join(".local/share"),
            state: home.join(".local/state"),
            cache: home.join(".cache"),
            runtime: None,
            data_dirs: vec![root.join("usr/share")],
            cwd: home.clone(),
            home,
            hostname: "machine".to_owned(),
            is_root: false,
            vars: std::collections::BTreeMap::new(),
        }
    }

    /// Reads the process's environment, by the XDG base directory specification.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn read() -> anyhow::Result<Self> {
        use anyhow::Context;
        let vars: std::collections::BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect();
        let absolute =
            |name: &str| vars.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home =
            absolute("HOME").context("HOME is not set to a directory: set it, or log in again")?;
        let data_dirs: Vec<PathBuf> = vars
            .get("XDG_DATA_DIRS")
            .filter(|dirs| !dirs.is_empty())
            .map_or("/usr/local/share:/usr/share", String::as_str)
            .split(':')
            .map(PathBuf::from)
            .filter(|dir| dir.is_absolute())
            .collect();
        let node = rustix::system::uname();
        let hostname = node.nodename().to_string_lossy();
        Ok(Self {
            root: absolute("BKT_ROOT").unwrap_or_else(|| PathBuf::from("/")),
            config: absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
            data: absolute("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")),
            state: absolute("XDG_STATE_HOME").unwrap_or_else(|| home.join(".local/state")),
            cache: absolute("XDG_CACHE_HOME").unwrap_or_else(|| home.join(".cache")),
            runtime: absolute("XDG_RUNTIME_DIR"),
            home,
            data_dirs,
            cwd: std::env::current_dir().context("the working directory is gone")?,
            hostname: layer_name(&hostname),
            is_root: rustix::process::geteuid().is_root(),
            vars,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::layer_name;

    #[test]
    fn a_host_name_leads_nowhere() {
        assert_eq!(layer_name("desk.example.org"), "desk");
        for name in ["", "../x", "/etc", "a/b", ".."] {
            assert_eq!(layer_name(name), "localhost", "{name}");
        }
    }
}
