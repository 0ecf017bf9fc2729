//! A machine below a directory, with stand-ins for podman and distrobox that keep their boxes in a file: of distrobox the
//! command line that version 1.8 puts together and has the shell read, of podman its answers and its books.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bucket::core::plan::Command;
use bucket::core::report::ItemReport;
use bucket::engine::{Engine, Outcome, Request};
use bucket::host::command::{self, RunError};
use bucket::host::{Environment, Host, Runner};
use bucket::manifest::repo::{Found, Repo};
use bucket::subsystem::distrobox;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

pub struct Machine {
    pub root: PathBuf,
    repo: PathBuf,
    stand_in: Arc<StandIn>,
    /// Variables of the person.
    pub vars: BTreeMap<String, String>,
}

/// What stands for podman and distrobox.
struct StandIn {
    root: PathBuf,
    ran: Mutex<Vec<String>>,
}

impl Machine {
    /// A machine called `name` below `dir`, with a repository that others may share, an image and what can be fetched.
    pub fn new(dir: &Path, name: &str) -> Self {
        let root = dir.join(name);
        let stand_in = StandIn { root: root.clone(), ran: Mutex::default() };
        let machine = Self {
            repo: dir.join("repo"),
            root,
            stand_in: Arc::new(stand_in),
            vars: BTreeMap::new(),
        };
        fs::create_dir_all(machine.repo.join("manifests")).unwrap();
        machine.stand_in.save(&mut json!({
            "images": { "registry.example/one:1": { "id": "a1", "packages": { "bash": "Dependency" } } },
            "registry": { "registry.example/two:2": { "id": "b2", "packages": { "bash": "Dependency" } } },
            "boxes": {}, "repositories": ["htop", "gcc", "jq"],
        }));
        machine
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn program(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn manifest(&self, containers: Json) {
        let text = serde_json::to_string_pretty(&json!({ "containers": containers })).unwrap();
        fs::write(self.repo.join("manifests/distrobox.json"), text + "\n").unwrap();
    }

    pub fn says(&self) -> Json {
        let text = fs::read_to_string(self.repo.join("manifests/distrobox.json")).unwrap();
        serde_json::from_str::<Json>(&text).unwrap()["containers"].clone()
    }

    pub fn engine(&self) -> Engine {
        let env = Environment { vars: self.vars.clone(), ..Environment::below(&self.root) };
        let host = Host::new(env, self.stand_in.clone());
        let repo = Repo {
            root: self.repo.clone(),
            id: "boxes".to_owned(),
            found: Found::Named,
            trusted: true,
        };
        Engine::new(host, repo, vec![Box::new(distrobox::Distroboxes)])
    }

    pub fn item(&self, name: &str) -> Option<ItemReport> {
        let report = self.engine().survey(&[]).unwrap();
        let key = bucket::core::item::ItemKey::new(name);
        report.item(&distrobox::ID, &key).cloned()
    }

    pub fn act(&self, request: &Request) -> Outcome {
        let engine = self.engine();
        let plan = engine.plan(&engine.survey(&[]).unwrap(), request).unwrap();
        assert!(plan.blocked.is_empty(), "{:#?}", plan.blocked);
        engine.execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap()
    }

    /// What was run that changes something.
    pub fn ran(&self) -> Vec<String> {
        std::mem::take(&mut *self.stand_in.ran.lock().unwrap())
    }

    pub fn state(&self) -> Json {
        self.stand_in.load()
    }

    pub fn set(&self, change: impl FnOnce(&mut Json)) {
        let mut state = self.stand_in.load();
        change(&mut state);
        self.stand_in.save(&mut state);
    }

    /// Makes a box as a person does, and starts it.
    pub fn by_hand(&self, name: &str, more: &[&str]) {
        let make = Command::new("distrobox")
            .args(["create", "--yes", "--name", name, "--image", "registry.example/one:1"])
            .args(more.iter().copied());
        self.run(&make);
        self.run(&Command::new("distrobox").args(["enter", "--name", name, "--", "true"]));
    }

    pub fn run(&self, command: &Command) {
        self.stand_in.run(command, &mut |_| (), &CancellationToken::new()).unwrap();
    }
}

impl StandIn {
    fn file(&self) -> PathBuf {
        self.root.join("boxes.json")
    }

    fn load(&self) -> Json {
        serde_json::from_str(&fs::read_to_string(self.file()).unwrap()).unwrap()
    }

    fn save(&self, state: &mut Json) {
        let writes = state["writes"].as_u64().unwrap_or(0) + 1;
        state["writes"] = writes.into();
        let storage = self.root.join("home/.local/share/containers/storage");
        fs::create_dir_all(&storage).unwrap();
        fs::write(self.file(), state.to_string()).unwrap();
        fs::write(storage.join("db.sql"), writes.to_string().repeat(writes as usize)).unwrap();
        for one in state["boxes"].as_object().unwrap().values() {
            let proc = self.root.join(format!("proc/{}", one["pid"]));
            let database = proc.join("root/usr/lib/sysimage/libdnf5");
            fs::create_dir_all(&database).unwrap();
            fs::write(
                proc.join("stat"),
                format!("{} (box) S {} 4711 9\n", one["pid"], "1 ".repeat(18)),
            )
            .unwrap();
            fs::write(database.join("packages.toml"), one["packages"].to_string()).unwrap();
        }
    }

    fn answer(&self, words: &[&str]) -> Result<String, String> {
        let mut state = self.load();
        if state["broken"].is_string() {
            return Err(state["broken"].to_string());
        }
        let changes = !matches!(words, ["podman", "ps" | "run" | "exec" | "unshare" | "diff", ..])
            && !matches!(words, ["podman", _, "exists" | "inspect", ..]);
        if changes {
            self.ran.lock().unwrap().push(words.join(" "));
        }
        // Programs that do their work, and what they are told to say of it.
        let after = state["fails"].as_str().is_some_and(|fails| words.join(" ").starts_with(fails));
        let mute =
            state["mute"] == true && matches!(words, ["podman", "run" | "exec" | "unshare", ..]);
        if mute {
            return Err("the package manager is broken".to_owned());
        }
        let said = match words {
            ["podman", "ps", ..] => {
                let row = |(name, one): (&String, &Json)| {
                    json!({
                        "Id": one["id"], "Names": [name], "Pid": one["pid"], "ExitedAt": 1,
                        "Labels": { "manager": "distrobox" },
                        "State": if one["running"] == true { "running" } else { "exited" },
                    })
                };
                let rows: Vec<Json> = state["boxes"].as_object().unwrap().iter().map(row).collect();
                Json::from(rows).to_string()
            }
            ["podman", "container", "inspect", "--", ids @ ..] => {
                let boxes = state["boxes"].as_object().unwrap().values();
                let of = boxes.filter(|one| ids.contains(&one["id"].as_str().unwrap()));
                let said: Vec<Json> = of
                    .map(|one| {
                        json!({
                            "Id": one["id"], "Image": one["image_id"], "ImageName": one["image"],
                            "Config": { "CreateCommand": one["command"] }, "Args": one["args"],
                        })
                    })
                    .collect();
                Json::from(said).to_string()
            }
            ["podman", "container", "exists", name] => match state["boxes"].get(*name) {
                Some(_) => String::new(),
                None => return Err("1".to_owned()),
            },
            ["podman", "image", "exists", "--", name] => match state["images"].get(*name) {
                Some(_) => String::new(),
                None => return Err("1".to_owned()),
            },
            ["podman", "pull", "--", name] => {
                let image = state["registry"][*name].clone();
                if image.is_null() {
                    return Err("connection refused".to_owned());
                }
                state["images"][*name] = image;
                String::new()
            }
            ["podman", "exec", "--user", "root", id, ..] => listed(&find(&state, id)["packages"]),
            ["podman", "unshare", "sh", "-c", _, "sh", id, _] => {
                listed(&find(&state, id)["packages"])
            }
            ["podman", "run", .., id, "-c", _] => {
                let images = state["images"].as_object().unwrap();
                listed(&images.values().find(|one| one["id"] == *id).unwrap()["packages"])
            }
            ["podman", "diff", "--format", "json", name] => {
                json!({ "changed": ["/etc"], "added": state["boxes"][*name]["files"] }).to_string()
            }
            ["podman", "stop" | "start", name] => {
                state["boxes"][*name]["running"] = (words[1] == "start").into();
                String::new()
            }
            ["podman", "rename", old, new] => {
                let boxes = state["boxes"].as_object_mut().unwrap();
                let one = boxes.remove(*old).ok_or("no such container")?;
                boxes.insert((*new).to_owned(), one);
                String::new()
            }
            ["podman", "rm", .., name] | ["distrobox", "rm", .., name] => {
                state["boxes"].as_object_mut().unwrap().remove(*name);
                String::new()
            }
            ["distrobox", "create", rest @ ..] => {
                self.create(&mut state, rest)?;
                String::new()
            }
            ["distrobox", "enter", "--name", name, "--", rest @ ..] => {
                self.enter(&mut state, name, rest)?;
                String::new()
            }
            _ => return Err(format!("unknown: {words:?}")),
        };
        if changes {
            self.save(&mut state);
        }
        if after {
            return Err("cut off".to_owned());
        }
        Ok(said)
    }

    /// The command line that distrobox-create 1.8 evaluates, as far as a box is told by it.
    fn create(&self, state: &mut Json, words: &[&str]) -> Result<(), String> {
        let home = self.root.join("home").display().to_string();
        let (mut name, mut image, mut flags, mut packages) = ("", "", String::new(), String::new());
        let (mut hooks, mut pre, mut volumes, mut own) = ("", "", String::new(), String::new());
        let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let (mut hostname, mut ipc) = (node, "--ipc host");
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || *words.next().unwrap();
            match *word {
                "--yes" => (),
                "--name" => name = value(),
                "--image" => image = value(),
                "--hostname" => value().clone_into(&mut hostname),
                "--unshare-ipc" => ipc = "",
                "--home" => value().clone_into(&mut own),
                "--volume" => volumes += &format!(" --volume {}", value()),
                "--additional-flags" => flags += &format!(" {}", value()),
                "--additional-packages" => packages += &format!(" {}", value()),
                "--init-hooks" => hooks = value(),
                "--pre-init-hooks" => pre = value(),
                other => return Err(format!("Invalid flag {other}")),
            }
        }
        if state["fragile"] == name {
            return Err("the box could not be made".to_owned());
        }
        let custom = match own.is_empty() {
            true => String::new(),
            false => format!(
                "--env \"HOME={own}\" --env \"DISTROBOX_HOST_HOME={home}\" --volume \"{own}:{own}:rslave\""
            ),
        };
        let at = if own.is_empty() { &home } else { &own };
        let text = format!(
            "podman create --hostname \"{hostname}\" --name \"{name}\" --privileged --user root:root {ipc} --network host \
             --pid host --label \"manager=distrobox\" --label \"distrobox.unshare_groups=0\" --env \"HOME={home}\" \
             --env \"CONTAINER_ID={name}\" --volume \"{home}\":\"{home}\":rslave --volume /usr/bin/distrobox-init:/usr/bin/entrypoint:ro --volume /dev:/dev:rslave \
             --volume /sys:/sys:rslave --volume /dev/pts --volume /dev/null:/dev/ptmx {custom} \
             --volume /etc/hosts:/etc/hosts:ro --annotation run.oci.keep_original_groups=1 --ulimit host --userns keep-id \
             {flags}{volumes} --entrypoint /usr/bin/entrypoint {image} --verbose --name \"me\" --user 1000 --group 1000 \
             --home \"{at}\" --init \"0\" --nvidia \"0\" --pre-init-hooks \"{pre}\" --additional-packages \"{packages}\" -- '{hooks}'"
        );
        // `eval` without quotes puts one space for several.
        let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let read = glib::shell_parse_argv(text).map_err(|error| error.to_string())?;
        let read: Vec<String> = read.into_iter().map(|word| word.into_string().unwrap()).collect();
        let at = read.iter().position(|word| word == image).ok_or("no image")?;
        let here = state["images"][image].clone();
        if here.is_null() {
            return Err("the image is not here".to_owned());
        }
        let number = state["number"].as_u64().unwrap_or(10) + 1;
        state["number"] = number.into();
        state["boxes"][name] = json!({
            "id": format!("{number:064x}"), "pid": 1000 + number, "running": false,
            "image": image, "image_id": here["id"], "packages": here["packages"],
            "asked": packages.split_whitespace().collect::<Vec<_>>(), "files": [],
            "command": read, "args": read[at + 1..],
        });
        Ok(())
    }

    fn enter(&self, state: &mut Json, name: &str, words: &[&str]) -> Result<(), String> {
        let repositories = state["repositories"].clone();
        let one = state["boxes"].get_mut(name).ok_or("no such container")?;
        one["running"] = true.into();
        let mut install = |packages: &[&str]| -> Result<(), String> {
            for package in packages {
                if !repositories.as_array().unwrap().contains(&json!(package)) {
                    return Err(format!("No match for argument: {package}"));
                }
                one["packages"][*package] = "User".into();
            }
            Ok(())
        };
        match words {
            ["true"] => {
                let asked = state["boxes"][name]["asked"].clone();
                let one = &mut state["boxes"][name];
                for package in asked.as_array().unwrap() {
                    if !repositories.as_array().unwrap().contains(package) {
                        return Err("Container Setup Failure!".to_owned());
                    }
                    one["packages"][package.as_str().unwrap()] = "User".into();
                }
                Ok(())
            }
            ["sudo", "-n", "dnf5", "install", "-y", packages @ ..] => install(packages),
            ["sudo", "-n", "dnf5", "remove", "-y", "--no-autoremove", packages @ ..] => {
                for package in packages {
                    one["packages"].as_object_mut().unwrap().remove(*package);
                }
                Ok(())
            }
            ["sh", "-c", script, "sh", apps @ ..] if script.contains("--app") => {
                for app in apps {
                    let text = format!(
                        "[Desktop Entry]\nName={app} (on {name})\nExec=/usr/bin/distrobox-enter  -n {name}  --   {app} %U\n"
                    );
                    let dir = self.root.join("home/.local/share/applications");
                    fs::create_dir_all(&dir).unwrap();
                    fs::write(dir.join(format!("{name}-org.example.{app}.desktop")), text).unwrap();
                }
                Ok(())
            }
            _ => Err(format!("not found: {words:?}")),
        }
    }
}

fn find<'s>(state: &'s Json, id: &str) -> &'s Json {
    state["boxes"].as_object().unwrap().values().find(|one| one["id"] == id).unwrap()
}

fn listed(packages: &Json) -> String {
    let rows = packages.as_object().unwrap().iter();
    let rows = rows.map(|(name, why)| format!("= {name} x86_64 {}\n", why.as_str().unwrap()));
    format!(
        "# manager\ndnf5\n# native\nx86_64\n# all\n{}# lacks\n# end\n",
        rows.collect::<String>()
    )
}

impl Runner for StandIn {
    fn run(
        &self,
        command: &Command,
        line: &mut dyn FnMut(&str),
        _: &CancellationToken,
    ) -> Result<String, RunError> {
        let words: Vec<&str> =
            std::iter::once(&command.program).chain(&command.args).map(String::as_str).collect();
        let said = self.answer(&words).map_err(|why| RunError::Failed {
            command: command::display(command),
            status: format!("exit status: {}", if why == "1" { "1" } else { "125" }),
            tail: why,
        })?;
        said.lines().for_each(line);
        Ok(said)
    }
}
