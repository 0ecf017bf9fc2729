//! The laws of comparing, for everything that an image is made of at once: what was changed by hand on one machine is
//! captured, taken back, captured again and had on another machine.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use bucket::core::merge::Drift;
use bucket::core::plan::Plan;
use bucket::engine::{Engine, Request, Verb};
use bucket::manifest::containerfile::SECTIONS;
use tokio_util::sync::CancellationToken;

use super::machine::{Machine, write};

const UNIT: &str = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n";

/// A machine as its image made it.
pub fn machine(layered: &[&str]) -> Machine {
    let machine = Machine::new(&["bash", "nano"]);
    if !layered.is_empty() {
        machine.rpm_ostree(&[&["install"], layered].concat());
        machine.reboot();
    }
    let line = fs::read_to_string(machine.path("proc/cmdline")).unwrap();
    machine.file("proc/cmdline", line.replace("quiet ", ""));
    machine.image_file("usr/bin/dnf5", "");
    machine.image_file("usr/lib/systemd/system-preset/99-default.preset", "disable *\n");
    machine.image_file("usr/lib/systemd/system/multi-user.target", "[Unit]\n");
    machine.image_file("usr/lib/systemd/system/on.service", UNIT);
    for (path, text) in [("os-release", "ID=test\n"), ("issue", "Welcome\n"), ("a.conf", "a = 1\n")]
    {
        machine.image_file(&format!("usr/etc/{path}"), text);
        machine.file(&format!("etc/{path}"), text);
    }
    machine.image_file("usr/etc/yum.repos.d/fedora.repo", "[fedora]\n");
    machine.file("etc/yum.repos.d/fedora.repo", "[fedora]\n");
    let containerfile = SECTIONS.iter().fold("FROM base\n# mine\n".to_owned(), |text, name| {
        text + &format!("# === {name} (managed by bkt) ===\n# === END {name} ===\n")
    });
    machine.file("repo/Containerfile", containerfile + "RUN bootc container lint\n");
    machine
}

/// What a person does to their machine, each in the way of its own tool.
pub fn by_hand(machine: &Machine) {
    let line = fs::read_to_string(machine.path("proc/cmdline")).unwrap();
    machine.file("proc/cmdline", format!("mitigations=off {line}"));
    let copr = "copr:copr.fedorainfracloud.org:me:mine";
    let text = format!("[{copr}]\nname=x\nbaseurl=https://example.org/\nenabled=1\ngpgcheck=1\n");
    machine.file(&format!("etc/yum.repos.d/_{copr}.repo"), text);
    machine.file(
        "etc/yum.repos.d/code.repo",
        "[code]\nname=It's \"$(code)\"\nbaseurl=https://example.org/code\nenabled=1\ngpgcheck=1\ngpgkey=https://example.org/key.asc\n",
    );
    let wants = machine.path("etc/systemd/system/multi-user.target.wants/on.service");
    fs::create_dir_all(wants.parent().unwrap()).unwrap();
    symlink("/usr/lib/systemd/system/on.service", wants).unwrap();
    machine.file("etc/a.conf", "a = 'two'\nb = $(c) `d` \\\n");
    machine.file("etc/profile.d/own.sh", "#!/bin/sh\n");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(machine.path("etc/profile.d/own.sh"), mode.clone()).unwrap();
    machine.file(
        "home/.local/toolbox/shims/docker",
        "#!/bin/sh\nexec flatpak-spawn --host podman \"$@\"\n",
    );
    fs::set_permissions(machine.path("home/.local/toolbox/shims/docker"), mode).unwrap();
    fs::create_dir_all(machine.path("home/.local/bin")).unwrap();
    symlink("../toolbox/shims/docker", machine.path("home/.local/bin/docker")).unwrap();
}

/// Every file of the repository, with its text.
pub fn bytes(dir: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(bytes(&path));
        } else {
            all.insert(path.display().to_string(), fs::read_to_string(&path).unwrap());
        }
    }
    all
}

pub fn plan(machine: &Machine, request: &Request) -> Plan {
    let before = machine.ran().len();
    let engine = machine.engine();
    let report = engine.survey(&[]).unwrap();
    assert_eq!(machine.ran().len(), before, "a survey started a program");
    engine.plan(&report, request).unwrap()
}

#[track_caller]
pub fn execute(engine: &Engine, plan: &Plan) {
    let outcome = engine.execute(plan, &mut |_| (), &CancellationToken::new()).unwrap();
    assert!(outcome.complete() && outcome.operation.is_some(), "{outcome:#?}");
}

/// The items of an image whose state is not that both sides agree.
fn apart(machine: &Machine) -> Vec<(String, Drift)> {
    let report = machine.engine().survey(&[]).unwrap();
    let items = report.subsystems.iter().flat_map(|subsystem| &subsystem.items);
    items
        .filter(|item| item.ignored.is_none() && item.state != Drift::InSync)
        .map(|item| (item.key.to_string(), item.state))
        .collect()
}

#[test]
fn all_that_was_changed_by_hand_is_captured_taken_back_and_had_elsewhere() {
    let here = machine(&["gimp"]);
    by_hand(&here);
    let capture = Request::all(Verb::Capture);
    let before = bytes(&here.path("repo"));
    let first = plan(&here, &capture);
    let captured: Vec<&str> = first.changes.iter().map(|change| change.item.as_str()).collect();
    let expected = [
        "me/mine",
        "code",
        "package/gimp",
        "append/mitigations=off",
        "on.service",
        "/etc/a.conf",
        "/etc/profile.d/own.sh",
        "docker",
    ];
    assert_eq!(captured, expected, "{:?}", apart(&here));
    execute(&here.engine(), &first);
    // A second time there is nothing, and the Containerfile says what the manifests say.
    assert!(plan(&here, &capture).changes.is_empty());
    assert_eq!(apart(&here), []);
    let after = bytes(&here.path("repo"));
    let containerfile = here.engine().containerfile().unwrap().unwrap();
    assert!(!containerfile.drifts(), "{containerfile:?}");
    for said in [
        "gimp",
        "mitigations=off",
        "copr enable",
        "on.service",
        "code.repo",
        "system/etc/a.conf",
        "--host podman",
    ] {
        assert!(
            containerfile.files[0].text.contains(said),
            "{said}: {}",
            containerfile.files[0].text
        );
    }

    // Taken back, and done again: every byte.
    execute(&here.engine(), &here.engine().plan_undo(None).unwrap());
    assert_eq!(bytes(&here.path("repo")), before);
    execute(&here.engine(), &here.engine().plan_redo().unwrap());
    assert_eq!(bytes(&here.path("repo")), after);

    // Another machine of the same image has it with the next one, or now.
    let there = machine(&[]);
    for (path, text) in &after {
        let below = Path::new(path).strip_prefix(here.path("repo")).unwrap();
        write(&there.path("repo").join(below), text);
    }
    let comes = |machine: &Machine| {
        let apart = apart(machine);
        apart.into_iter().filter(|(_, state)| *state == Drift::Pending).count()
    };
    // A shim is the person's: it does not wait for an image.
    assert_eq!((comes(&there), apart(&there).len()), (7, 8), "{:?}", apart(&there));
    let now = Request { now: true, ..Request::all(Verb::Apply) };
    let had = |machine: &Machine| {
        let mut all = bytes(&machine.path("etc"));
        all.extend(
            bytes(&machine.path("home"))
                .into_iter()
                .filter(|(path, _)| path.contains("/.local/toolbox/")),
        );
        all
    };
    let untouched = had(&there);
    let second = plan(&there, &now);
    assert!(second.blocked.is_empty() && second.held.is_empty(), "{second:#?}");
    execute(&there.engine(), &second);
    let again = plan(&there, &now);
    assert!(again.changes.is_empty() && again.blocked.is_empty(), "{again:#?}");
    assert!(plan(&there, &capture).changes.is_empty());
    assert_eq!(
        fs::read_to_string(there.path("etc/a.conf")).unwrap(),
        "a = 'two'\nb = $(c) `d` \\\n"
    );
    let mode = fs::metadata(there.path("etc/profile.d/own.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
    assert_eq!(bytes(&there.path("repo")).len(), after.len());
    execute(&there.engine(), &there.engine().plan_undo(None).unwrap());
    assert_eq!(had(&there), untouched);
    assert_eq!((comes(&there), apart(&there).len()), (7, 8), "{:?}", apart(&there));
}
