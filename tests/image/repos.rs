//! COPR projects and package repositories: the image's own, the person's own, and those that come.

use bucket::core::item::{ItemKey, Pending, SubsystemId};
use bucket::core::merge::Drift;
use bucket::core::plan::Action;
use bucket::engine::{Pick, Request, Verb};
use bucket::host::command::display;
use bucket::subsystem::{copr, external_repos};
use serde_json::json;

use super::machine::Machine;

const COPR: &SubsystemId = &copr::ID;
const REPOS: &SubsystemId = &external_repos::ID;
const FILE: &str = "system-packages.json";

fn copr_file(owner: &str, project: &str, enabled: u8) -> (String, String) {
    let id = format!("copr:copr.fedorainfracloud.org:{owner}:{project}");
    let text =
        format!("[{id}]\nname=x\nbaseurl=https://example.org/\nenabled={enabled}\ngpgcheck=1\n");
    (format!("etc/yum.repos.d/_{id}.repo"), text)
}

/// A repository in `/etc`, and in the image too.
fn add(machine: &Machine, (path, text): (String, String), in_image: Option<&str>) {
    if let Some(text) = in_image {
        machine.image_file(&format!("usr/{path}"), text);
    }
    machine.file(&path, text);
}

fn state(machine: &Machine, id: &SubsystemId, key: &str) -> Option<(Drift, Option<Pending>)> {
    machine.item(id, key).map(|item| (item.state, item.pending))
}

/// The command lines of a plan that does one thing with one item.
fn commands(machine: &Machine, id: &SubsystemId, key: &str, verb: Verb, now: bool) -> Vec<String> {
    let pick = Pick { subsystem: id.clone(), item: ItemKey::new(key), fields: None, verb };
    let request = Request { now, ..Request::picks(vec![pick]) };
    let plan = machine.engine().plan(&machine.survey(id), &request).unwrap();
    let steps = plan.steps.iter().filter_map(|one| match &one.step.action {
        Action::Run(command) => Some(display(command)),
        _ => None,
    });
    let blocked = plan.blocked.iter().map(|one| format!("{}: {}", one.later, one.reason));
    steps.chain(blocked).collect()
}

#[test]
fn a_copr_project_is_the_images_or_the_persons_or_comes() {
    let machine = Machine::new(&["bash"]);
    machine.image_file("usr/etc/yum.repos.d/fedora.repo", "[fedora]\n");
    machine.image_file("usr/bin/dnf5", "");
    let shipped = copr_file("ublue-os", "packages", 1);
    add(&machine, shipped.clone(), Some(&shipped.1));
    let switched = copr_file("group_asahi", "kernel", 0);
    add(&machine, switched, Some(&copr_file("group_asahi", "kernel", 1).1));
    add(&machine, copr_file("me", "mine", 1), None);
    machine.manifest(FILE, &json!({ "packages": [], "copr_repos": [{ "name": "atim/starship", "enabled": true, "gpg_check": true }] }));
    assert_eq!(state(&machine, COPR, "ublue-os/packages"), None);
    assert_eq!(state(&machine, COPR, "@asahi/kernel"), Some((Drift::Unmanaged, None)));
    assert_eq!(state(&machine, COPR, "me/mine"), Some((Drift::Unmanaged, None)));
    let comes = Some((Drift::Pending, Some(Pending::ImageBuild)));
    assert_eq!(state(&machine, COPR, "atim/starship"), comes);
    let enable = "pkexec dnf5 copr enable -y atim/starship";
    assert_eq!(commands(&machine, COPR, "atim/starship", Verb::Apply, true), [enable]);
    assert_eq!(
        commands(&machine, COPR, "me/mine", Verb::Apply, false),
        ["pkexec dnf5 copr remove -y me/mine"]
    );
    let stays = commands(&machine, COPR, "@asahi/kernel", Verb::Apply, false);
    assert!(stays[0].starts_with("true: the image brings it"), "{stays:?}");
    // Law 1.
    assert!(machine.act(COPR, &Request::all(Verb::Capture)).complete());
    let entries = machine.says(FILE)["copr_repos"].clone();
    assert_eq!(entries[1], json!({ "name": "@asahi/kernel", "enabled": false, "gpg_check": true }));
    assert_eq!(machine.survey(COPR).drifted(), 0);
    // One of the image that a manifest wants otherwise comes with an image that has it so.
    machine.manifest(
        FILE,
        &json!({ "copr_repos": [{ "name": "ublue-os/packages", "enabled": false }] }),
    );
    assert_eq!(state(&machine, COPR, "ublue-os/packages"), comes);
    machine.manifest(
        FILE,
        &json!({ "copr_repos": [{ "name": "ublue-os/packages", "enabled": true }] }),
    );
    assert_eq!(state(&machine, COPR, "ublue-os/packages"), Some((Drift::InSync, None)));
    assert!(machine.ran().is_empty());
}

#[test]
fn a_repository_is_the_images_or_the_persons_or_comes() {
    let machine = Machine::new(&["bash"]);
    let own = "[mine]\nname=Mine\nbaseurl=https://example.org/mine\nenabled=1\ngpgcheck=1\ngpgkey=https://example.org/k\n";
    let fedora = "[fedora]\nname=Fedora\nmetalink=https://example.org/m\nenabled=1\n[fedora-source]\nenabled=0\n";
    add(
        &machine,
        ("etc/yum.repos.d/fedora.repo".into(), fedora.replace("enabled=1", "enabled=0")),
        Some(fedora),
    );
    machine.file("etc/yum.repos.d/mine.repo", own);
    machine.file(
        "etc/yum.repos.d/idle.repo",
        own.replace("mine", "idle").replace("enabled=1", "enabled=0"),
    );
    add(&machine, copr_file("me", "mine", 1), None);
    let entry = json!({ "name": "vscode", "display_name": "Code", "baseurl": "https://example.org/c", "gpg_key": "https://example.org/k", "packages": ["code"] });
    machine.manifest("external-repos.json", &json!({ "repos": [entry] }));
    let report = machine.survey(REPOS);
    let report = report.subsystem(REPOS).unwrap();
    let items: Vec<_> = report.items.iter().map(|item| (item.key.as_str(), item.state)).collect();
    assert_eq!(items, [("mine", Drift::Unmanaged), ("vscode", Drift::Pending)]);
    assert!(report.notices[0].text.ends_with("cannot say them: fedora"), "{:?}", report.notices);
    let apply = commands(&machine, REPOS, "vscode", Verb::Apply, true);
    let place = machine.path("etc/yum.repos.d/vscode.repo");
    assert!(
        apply[0].starts_with("pkexec install -D -m 0644 -T -- ")
            && apply[0].ends_with(&format!("/vscode {}", place.display())),
        "{apply:?}"
    );
    assert_eq!(
        commands(&machine, REPOS, "mine", Verb::Apply, false),
        [format!("pkexec rm -f -- {}", machine.path("etc/yum.repos.d/mine.repo").display())]
    );
    // Law 1, and what an entry says beside stays.
    assert!(machine.act(REPOS, &Request::all(Verb::Capture)).complete());
    let entries = machine.says("external-repos.json")["repos"].clone();
    assert_eq!(entries[0]["packages"], json!(["code"]));
    assert_eq!(
        entries[1],
        json!({ "name": "mine", "display_name": "Mine", "baseurl": "https://example.org/mine", "gpg_key": "https://example.org/k", "packages": [] })
    );
    assert_eq!(machine.survey(REPOS).drifted(), 0);
    // Switched off here: that differs, and can be captured too.
    machine.file("etc/yum.repos.d/mine.repo", own.replace("enabled=1", "enabled=0"));
    assert_eq!(state(&machine, REPOS, "mine"), Some((Drift::SystemChanged, None)));
    assert!(machine.act(REPOS, &Request::all(Verb::Capture)).complete());
    assert_eq!(machine.says("external-repos.json")["repos"][1]["enabled"], json!(false));
    assert_eq!(machine.survey(REPOS).drifted(), 0);
    assert!(machine.ran().is_empty());
}

/// What a manifest cannot say would be lost, and undo could not bring it back.
#[test]
fn a_repository_that_says_more_is_not_written_over() {
    let machine = Machine::new(&["bash"]);
    machine.image_file("usr/etc/yum.repos.d/fedora.repo", "[fedora]\n");
    let own = "[mine]\nname=Mine\nbaseurl=https://example.org/mine\nenabled=1\ngpgcheck=1\ngpgkey=https://example.org/k\n";
    let path = "etc/yum.repos.d/mine.repo";
    for more in ["repo_gpgcheck=1\n", "priority=1\n", "gpgcheck=0\n"] {
        machine.file(path, format!("{own}{more}"));
        let said = commands(&machine, REPOS, "mine", Verb::Apply, false);
        assert!(said[0].starts_with("false: its file says more"), "{said:?}");
    }
    machine.file(path, own.replace("enabled=1\n", ""));
    let said = commands(&machine, REPOS, "mine", Verb::Apply, false);
    assert_eq!(said, [format!("pkexec rm -f -- {}", machine.path(path).display())]);
    // Not every repository of such a name is of COPR.
    machine.file("etc/yum.repos.d/copr-x.repo", own.replace("mine", "copr-x"));
    assert_eq!(state(&machine, REPOS, "copr-x"), Some((Drift::Unmanaged, None)));
}

#[test]
fn a_directory_that_cannot_be_read_is_an_error_and_not_empty() {
    let machine = Machine::new(&["bash"]);
    machine.file("etc/yum.repos.d", "no directory");
    for id in [COPR, REPOS] {
        let report = machine.survey(id);
        assert!(report.failed() && report.subsystem(id).unwrap().items.is_empty());
    }
}

/// What dnf5 lays over a repository's own file is what counts, and what root would write there would not.
#[test]
fn overrides_have_their_way() {
    let machine = Machine::new(&["bash"]);
    machine.image_file("usr/etc/yum.repos.d/fedora.repo", "[fedora]\n");
    machine.image_file("usr/bin/dnf5", "");
    let own = "[mine]\nname=Mine\nbaseurl=https://example.org/mine\nenabled=1\ngpgcheck=1\ngpgkey=https://example.org/k\n";
    machine.file("etc/yum.repos.d/mine.repo", own);
    add(&machine, copr_file("me", "mine", 1), None);
    machine.manifest(FILE, &json!({ "packages": [], "copr_repos": [] }));
    machine.manifest("external-repos.json", &json!({ "repos": [] }));
    for id in [COPR, REPOS] {
        assert!(machine.act(id, &Request::all(Verb::Capture)).complete());
        assert_eq!(machine.survey(id).drifted(), 0);
    }
    let path = "etc/dnf/repos.override.d/99-config_manager.repo";
    machine.file(path, "[mine]\nenabled=0\n[copr:*:me:*]\nenabled=0\n");
    for (id, key) in [(REPOS, "mine"), (COPR, "me/mine")] {
        assert_eq!(state(&machine, id, key), Some((Drift::SystemChanged, None)));
        let said = commands(&machine, id, key, Verb::Apply, false);
        assert!(said[0].starts_with(&format!("false: “/{path}” has its way")), "{said:?}");
        assert!(
            said[0].contains(":mine.enabled") || said[0].contains("unsetopt mine.enabled"),
            "{said:?}"
        );
        assert!(machine.act(id, &Request::all(Verb::Capture)).complete());
        assert_eq!(machine.survey(id).drifted(), 0);
    }
    assert_eq!(machine.says("external-repos.json")["repos"][0]["enabled"], json!(false));
    assert_eq!(machine.says(FILE)["copr_repos"][0]["enabled"], json!(false));
    assert!(machine.ran().is_empty());
}

#[test]
fn copr_projects_of_other_hubs_are_said_to_be_there() {
    let machine = Machine::new(&["bash"]);
    machine.image_file("usr/etc/yum.repos.d/fedora.repo", "[fedora]\n");
    let id = "copr:copr.example.org:me:mine";
    let text = format!("[{id}]\nname=x\nbaseurl=https://example.org/\nenabled=1\ngpgcheck=1\n");
    add(&machine, (format!("etc/yum.repos.d/_{id}.repo"), text.clone()), None);
    machine.manifest(FILE, &json!({ "packages": [] }));
    let report = machine.survey(COPR);
    let notices = &report.subsystem(COPR).unwrap().notices;
    assert!(notices.len() == 1 && notices[0].text.ends_with(id), "{notices:?}");
    assert!(machine.survey(REPOS).subsystem(REPOS).unwrap().notices.is_empty());
    // The image's own is not the person's.
    machine.image_file(&format!("usr/etc/yum.repos.d/_{id}.repo"), text);
    assert!(machine.survey(COPR).subsystem(COPR).unwrap().notices.is_empty());
}
