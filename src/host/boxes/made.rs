//! How a box was made: what its maker was told, read back from the command line that it had podman run.
//!
//! Podman keeps that command line in `Config.CreateCommand`, and the arguments of the first process in `Args`.
//! `distrobox-create` puts options of its own around the person's: version 1 has theirs last, between `--userns keep-id`
//! and `--entrypoint`, flags before volumes; version 2 has them before `--annotation`. What follows the image are the
//! arguments of distrobox-init.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::{Made, Maker, said};
use crate::words::gettext;

/// Options of podman with a value that distrobox uses; the value of any other option is a word of its own here.
const VALUED: [&str; 17] = [
    "--hostname",
    "--name",
    "--security-opt",
    "--user",
    "--ipc",
    "--network",
    "--pid",
    "--label",
    "--env",
    "-e",
    "--volume",
    "-v",
    "--annotation",
    "--ulimit",
    "--userns",
    "--runtime",
    "--entrypoint",
];
/// The option that version 1 has before the last of its own, and version 2 after the person's.
const ANNOTATION: &str = "run.oci.keep_original_groups=1";
/// Where the first process is mounted.
const ENTRYPOINT: &str = "/usr/bin/entrypoint";
/// What version 2 has before the person's options: the names of options that are always its own, variables, and places
/// that something is mounted at.
const NAMES: [&str; 10] = [
    "--hostname",
    "--name",
    "--privileged",
    "--security-opt",
    "--pids-limit",
    "--user",
    "--ipc",
    "--network",
    "--pid",
    "--platform",
];
const LABELS: [&str; 2] = ["manager=distrobox", "distrobox."];
const VARIABLES: [&str; 6] =
    ["SHELL", "HOME", "container", "TERMINFO_DIRS", "CONTAINER_ID", "DISTROBOX_HOST_HOME"];
const PLACES: [&str; 17] = [
    "/tmp",
    "/dev",
    "/sys",
    "/dev/pts",
    "/dev/ptmx",
    "/sys/fs/selinux",
    "/var/log/journal",
    "/run/shm",
    "/usr/bin/distrobox-export",
    "/usr/bin/distrobox-host-exec",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/hostname",
    "/run/secrets/etc-pki-entitlement",
    "/run/secrets/rhsm",
    "/run/secrets/redhat.repo",
    "/run/.distrobox.rootless",
];

/// An option of `podman create`, or a word of one that is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word<'a> {
    name: &'a str,
    value: Option<&'a str>,
    /// Whether the value stood in the same word, after `=`.
    joined: bool,
}

impl Word<'_> {
    fn is(&self, name: &str, value: &str) -> bool {
        self.name == name && self.value == Some(value)
    }

    /// The value that it gives to a variable.
    fn sets(&self, variable: &str) -> Option<&str> {
        let value = self.value.filter(|_| matches!(self.name, "--env" | "-e"))?;
        value.strip_prefix(variable)?.strip_prefix('=')
    }

    /// Where in the box it mounts something.
    fn mounts(&self) -> Option<&str> {
        let volume = self.value.filter(|_| matches!(self.name, "--volume" | "-v"))?;
        let place = volume.split(':').nth(1).unwrap_or(volume);
        Some(if place.len() > 1 { place.trim_end_matches('/') } else { place })
    }

    /// The words as they were.
    fn words(&self) -> Vec<String> {
        match self.value {
            Some(value) if self.joined => vec![format!("{}={value}", self.name)],
            Some(value) => vec![self.name.to_owned(), value.to_owned()],
            None => vec![self.name.to_owned()],
        }
    }
}

/// How a box was made, from podman's `container inspect`. `node` is this machine's own host name, as `uname -n` says it.
pub fn read(maker: Maker, inspected: &Map<String, Json>, node: &str) -> Result<Made, String> {
    match maker {
        // Nothing that a toolbox is made with can be asked for.
        Maker::Toolbox => Ok(Made::default()),
        Maker::Distrobox => {
            let command = &inspected.get("Config").unwrap_or(&Json::Null)["CreateCommand"];
            let command = said::texts(command).filter(|words| !words.is_empty());
            let args = inspected.get("Args").and_then(said::texts);
            let made = command.and_then(|command| of_distrobox(&command, args.as_deref(), node));
            made.ok_or_else(|| gettext("how it was made is not known to podman"))
        }
    }
}

/// The same from the command line alone, and the arguments of the box's first process where podman tells them apart.
pub fn of_distrobox(command: &[&str], args: Option<&[&str]>, node: &str) -> Option<Made> {
    let create = command.iter().position(|word| *word == "create")?;
    let (options, rest) = options(&command[create + 1..]);
    let (theirs, last) = persons(&options)?;
    let mut made = Made::default();
    // The first of the rest is the image.
    let args = args.filter(|args| !args.is_empty()).or_else(|| rest.get(1..));
    of_init(args.unwrap_or_default(), &mut made);
    if !options.iter().any(|one| {
        one.sets("DISTROBOX_HOST_HOME").is_some_and(|home| Some(home) != made.home.as_deref())
    }) {
        made.home = None;
    }
    made.shell = options.iter().find_map(|one| one.sets("SHELL")).map(str::to_owned);
    made.unshare = unshared(&options, made.init);
    made.hostname = hostname(&options, made.unshare.contains("netns"), node);
    let platform = options.iter().filter(|one| one.name == "--platform");
    let theirs = theirs.iter().filter(|one| last || !is_own(one, &options));
    for one in platform.chain(theirs) {
        match (one.name, one.value) {
            ("--env" | "-e", Some(variable)) if variable.contains('=') => {
                let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
                made.env.insert(name.to_owned(), value.to_owned());
            }
            ("--volume" | "-v", Some(volume)) => made.volumes.push(volume.to_owned()),
            _ => made.flags.extend(one.words()),
        }
    }
    Some(made)
}

/// The person's options, and whether nothing else is among them.
fn persons<'a, 'b>(options: &'b [Word<'a>]) -> Option<(&'b [Word<'a>], bool)> {
    let annotation = options.iter().position(|one| one.is("--annotation", ANNOTATION))?;
    let init = options.iter().position(|one| one.mounts() == Some(ENTRYPOINT))?;
    if init > annotation {
        return Some((&options[..annotation], false));
    }
    let mut from = annotation + 1;
    let tail: [fn(&Word<'_>) -> bool; 3] = [
        |one| one.is("--ulimit", "host"),
        |one| one.is("--systemd", "always"),
        |one| one.name == "--userns" && one.value.is_some_and(|value| value.starts_with("keep-id")),
    ];
    for own in tail {
        from += usize::from(options.get(from).is_some_and(own));
    }
    let to = options.iter().rposition(|one| one.name == "--entrypoint").filter(|to| *to >= from)?;
    Some((&options[from..to], true))
}

/// Whether an option before the annotation is one of version 2's own.
fn is_own(one: &Word<'_>, options: &[Word<'_>]) -> bool {
    let value = one.value.unwrap_or_default();
    if let Some(place) = one.mounts() {
        let home = || {
            options.iter().any(|one| {
                [one.sets("HOME"), one.sets("DISTROBOX_HOST_HOME")].contains(&Some(place))
            })
        };
        let same = value.split(':').next() == Some(place);
        return PLACES.contains(&place)
            || place.starts_with("/run/host")
            || same
                && (place.starts_with("/run/user/") || place.starts_with("/var/home/") || home());
    }
    match one.name {
        "--env" => VARIABLES.iter().any(|name| one.sets(name).is_some()),
        "--label" => LABELS.iter().any(|label| value.starts_with(label)),
        "--runtime" => value == "crun",
        name => NAMES.contains(&name),
    }
}

/// What a box does not share with the machine.
fn unshared(options: &[Word<'_>], init: bool) -> BTreeSet<String> {
    let has = |name: &str, value: &str| options.iter().any(|one| one.is(name, value));
    let dev = options.iter().any(|one| one.mounts() == Some("/dev"));
    let all = [
        ("devsys", !dev),
        // An init system has both to itself, whether that was asked for or not.
        ("groups", has("--label", "distrobox.unshare_groups=1") && !init),
        ("process", !has("--pid", "host") && !init),
        ("ipc", !has("--ipc", "host")),
        ("netns", !has("--network", "host")),
    ];
    all.iter().filter(|(_, not)| *not).map(|(name, _)| (*name).to_owned()).collect()
}

/// The host name, where it is not what a box is called without one: the machine's, after the box's own where it is not on the
/// machine's network.
fn hostname(options: &[Word<'_>], netns: bool, node: &str) -> Option<String> {
    let value = |name: &str| options.iter().find(|one| one.name == name)?.value;
    let given = value("--hostname")?;
    // It is mounted only where the box has the machine's name, which may be another one since.
    let shared = options.iter().any(|one| one.mounts() == Some("/etc/hostname"));
    let after_box = given.strip_prefix(value("--name").unwrap_or_default());
    let own = netns && after_box.is_some_and(|rest| rest.starts_with('.'));
    (!shared && !own && given != node).then(|| given.to_owned())
}

/// The options of `podman create`, and what follows them: the image, and the arguments of the first process.
///
/// Distrobox has `--entrypoint` last; before it, a word may be a value of an option that is not known here.
fn options<'a, 'b>(words: &'b [&'a str]) -> (Vec<Word<'a>>, &'b [&'a str]) {
    let mut options = Vec::new();
    let mut rest = words;
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        let (name, joined) = match word.split_once('=') {
            Some((name, value)) if name.starts_with('-') => (name, Some(value)),
            _ => (*word, None),
        };
        let value = match joined {
            None if VALUED.contains(&name) => rest.split_first().map(|(value, after)| {
                rest = after;
                *value
            }),
            joined => joined,
        };
        options.push(Word { name, value, joined: joined.is_some() });
        if name == "--entrypoint" {
            break;
        }
    }
    (options, rest)
}

/// The arguments of distrobox-init.
fn of_init(args: &[&str], made: &mut Made) {
    let end = args.iter().position(|word| *word == "--").unwrap_or(args.len());
    let value = |name: &str| {
        let at = args[..end].iter().position(|word| *word == name)?;
        args[..end].get(at + 1).copied()
    };
    made.init = value("--init") == Some("1");
    made.nvidia = value("--nvidia") == Some("1");
    made.pre_init_hooks = value("--pre-init-hooks").unwrap_or_default().trim().to_owned();
    made.init_hooks = args.get(end + 1..).unwrap_or_default().join(" ").trim().to_owned();
    let packages = value("--additional-packages").unwrap_or_default();
    made.packages = packages.split_whitespace().map(str::to_owned).collect();
    made.home = value("--home").map(str::to_owned);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What podman 5.4.2 said of boxes that distrobox 1.8.1.2 made with the options in `asked`, on a machine called `vm`.
    const RECORDED: &str = include_str!("../../../tests/boxes/distrobox-1.8.1.2.jsonl");

    fn recorded() -> BTreeMap<String, Json> {
        let named = |line: &str| {
            let one: Json = serde_json::from_str(line).unwrap();
            (one["name"].as_str().unwrap().to_owned(), one)
        };
        RECORDED.lines().map(named).collect()
    }

    fn decoded(one: &Json, node: &str) -> Made {
        read(Maker::Distrobox, one.as_object().unwrap(), node).unwrap()
    }

    /// What is not as in a box that was made without any options.
    fn shown(made: &Made) -> Json {
        let mut json = serde_json::to_value(made).unwrap();
        let plain = Made { shell: Some("bash".to_owned()), ..Made::default() };
        let plain = serde_json::to_value(plain).unwrap();
        json.as_object_mut().unwrap().retain(|key, value| *value != plain[key]);
        json
    }

    #[test]
    fn what_distrobox_was_asked_for_is_what_is_read() {
        let recorded = recorded();
        let expected = [
            ("plain", json!({})),
            ("home", json!({ "home": "/home/ada/boxes/home" })),
            ("volumes", json!({ "volumes": ["/data:/data:ro", "/home/ada/x:/x"] })),
            (
                "flags",
                json!({ "env": { "EDITOR": "vi" }, "flags": ["--memory", "1g", "--cap-add=NET_ADMIN"] }),
            ),
            (
                "flags-and-volumes",
                json!({
                    "env": { "A": "b=c", "D": "" },
                    "volumes": ["/srv:/srv:z", "/data"],
                    "flags": ["--label", "mine=1", "--env-file", "/dev/null", "--env", "PATH"],
                }),
            ),
            ("packages", json!({ "packages": ["git", "vim", "tmux"] })),
            // The quotes are the shell's, which ran the command line, and spaces and lines it joins.
            (
                "hooks",
                json!({ "init_hooks": "touch /a && echo it", "pre_init_hooks": "echo /home/ada; true" }),
            ),
            ("hooks-plain", json!({ "init_hooks": "touch /a && echo \"b c\" -- x" })),
            ("init", json!({ "init": true })),
            ("init-all", json!({ "init": true, "unshare": ["devsys", "ipc", "netns"] })),
            ("nvidia", json!({ "nvidia": true })),
            ("hostname", json!({ "hostname": "other.example" })),
            ("unshare-netns", json!({ "unshare": ["netns"] })),
            ("unshare-netns-hostname", json!({ "unshare": ["netns"], "hostname": "boxed" })),
            ("unshare-ipc", json!({ "unshare": ["ipc"] })),
            ("unshare-process", json!({ "unshare": ["process"] })),
            ("unshare-devsys", json!({ "unshare": ["devsys"] })),
            ("unshare-groups", json!({ "unshare": ["groups"] })),
            ("unshare-all", json!({ "unshare": ["devsys", "groups", "ipc", "netns", "process"] })),
            ("platform", json!({ "flags": ["--platform=linux/amd64"] })),
            (
                "everything",
                json!({
                    "nvidia": true, "home": "/home/ada/e", "hostname": "e", "volumes": ["/a:/a", "/b:/b"],
                    "env": { "X": "1" }, "flags": ["--cpus=2"], "unshare": ["ipc"], "packages": ["a", "b"],
                    "init_hooks": "one; two", "pre_init_hooks": "zero",
                }),
            ),
            ("userns", json!({ "flags": ["--userns", "keep-id:uid=5", "--ulimit", "host"] })),
            ("hostname-file", json!({})),
            ("hostname-file-other", json!({ "hostname": "other" })),
            ("hostname-file-netns", json!({ "unshare": ["netns"] })),
        ];
        assert_eq!(expected.len(), recorded.len());
        for (name, made) in expected {
            let mut made = made;
            assert_eq!(shown(&decoded(&recorded[name], "vm")), made, "{name}");
            // The machine has another name since, which the box only tells where it shares the file of it.
            let tells = name.starts_with("hostname-file")
                || name.contains("netns")
                || made["hostname"].is_string();
            if !tells && name != "unshare-all" && name != "init-all" {
                made["hostname"] = json!("vm");
            }
            assert_eq!(shown(&decoded(&recorded[name], "other-vm")), made, "{name}");
        }
    }

    #[test]
    fn version_2_has_the_persons_options_among_its_own() {
        // As its `makeCreateCommand` puts them together.
        let words = |theirs: &str| {
            format!(
                "podman create --hostname vm --name b --privileged --security-opt label=disable --security-opt \
                 apparmor=unconfined --pids-limit=-1 --user root:root --ipc host --network host --pid host --label \
                 manager=distrobox --label distrobox.unshare_groups=0 --env SHELL=bash --env HOME=/home/ada --env \
                 container=podman --env TERMINFO_DIRS=/usr/share/terminfo:/run/host/usr/share/terminfo --env \
                 CONTAINER_ID=b --volume /tmp:/tmp:rslave --volume /x/distrobox-export:/usr/bin/distrobox-export:ro \
                 --volume /x/distrobox-host-exec:/usr/bin/distrobox-host-exec:ro --volume /home/ada:/home/ada:rslave \
                 --volume /:/run/host/:rslave --volume /dev:/dev:rslave --volume /sys:/sys:rslave --volume /dev/pts \
                 --volume /dev/null:/dev/ptmx --volume /sys/fs/selinux --volume /var/log/journal --env HOME=/home/ada/h \
                 --env DISTROBOX_HOST_HOME=/home/ada --volume /home/ada/h:/home/ada/h:rslave --volume \
                 /var/home/ada:/var/home/ada:rslave --volume /run/user/1000:/run/user/1000:rslave --volume \
                 /etc/hosts:/etc/hosts:ro --volume /dev/null:/run/.distrobox.rootless:ro {theirs} --runtime=crun \
                 --annotation run.oci.keep_original_groups=1 --ulimit host --userns keep-id:size=65536 --volume \
                 /x/distrobox-init:/usr/bin/entrypoint:ro --entrypoint /usr/bin/entrypoint image:1 --verbose --name ada \
                 --user 1000 --group 1000 --home /home/ada/h --init 0 --nvidia 1 --pre-init-hooks HOOK \
                 --additional-packages git -- one two"
            )
        };
        let made = |theirs: &str| {
            let words = words(theirs);
            let words: Vec<&str> = words.split_whitespace().collect();
            shown(&of_distrobox(&words, None, "vm").unwrap())
        };
        let mut expected = json!({
            "nvidia": true, "home": "/home/ada/h", "packages": ["git"], "init_hooks": "one two", "pre_init_hooks": "HOOK",
        });
        assert_eq!(made(""), expected);
        expected["env"] = json!({ "A": "1" });
        expected["volumes"] = json!(["/data:/data"]);
        expected["flags"] = json!(["--label", "mine=2", "--memory", "1g"]);
        assert_eq!(made("--env A=1 --label mine=2 --memory 1g --volume /data:/data"), expected);
    }

    #[test]
    fn a_box_that_was_made_otherwise_is_not_guessed_at() {
        for command in
            [json!(null), json!([]), json!("podman"), json!(["podman", "run", "image"]), json!(7)]
        {
            let inspected = json!({ "Config": { "CreateCommand": command } });
            read(Maker::Distrobox, inspected.as_object().unwrap(), "vm").unwrap_err();
        }
        read(Maker::Distrobox, &Map::new(), "vm").unwrap_err();
        assert_eq!(read(Maker::Toolbox, &Map::new(), "vm"), Ok(Made::default()));
    }

    proptest! {
        #[test]
        fn any_word_may_be_missing_or_another(
            which in any::<prop::sample::Index>(),
            at in any::<prop::sample::Index>(),
            word in prop::option::of("[-a-z=:/]{0,12}"),
        ) {
            let recorded = recorded();
            let one = *which.get(&recorded.values().collect::<Vec<_>>());
            let mut words = said::texts(&one["Config"]["CreateCommand"]).unwrap();
            let at = at.index(words.len());
            match &word {
                Some(word) => words[at] = word,
                None => drop(words.remove(at)),
            }
            of_distrobox(&words, None, "vm");
        }
    }
}
