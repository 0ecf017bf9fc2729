//! Packages: every state there is, what is done about it, and the laws.

use bucket::core::item::{ItemKey, Layer, Pending, SubsystemId};
use bucket::core::merge::Drift;
use bucket::core::plan::{Action, Plan, PlannedStep};
use bucket::engine::wish::{Edit, Reach, Wish};
use bucket::engine::{Pick, Request, Verb};
use bucket::subsystem::packages::{self, ID};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use super::machine::Machine;

const FILE: &str = "system-packages.json";
const PACKAGES: &SubsystemId = &ID;

/// State, pending, and what is said of an item.
fn state(machine: &Machine, key: &str) -> (Drift, Option<Pending>, String) {
    let item = machine.item(PACKAGES, key).unwrap_or_else(|| panic!("{key} is not listed"));
    (item.state, item.pending, item.note.unwrap_or_default())
}

#[test]
fn what_the_manifest_wants_is_in_the_image_or_comes_with_the_next() {
    let machine = Machine::new(&["bash", "vim", "glibc.x86_64", "glibc.i686"]);
    machine.manifest(FILE, &json!({
        "packages": ["vim", "htop", "glibc.i686", "vim.i686"], "groups": ["c-development"], "excluded": ["bash", "nano"]
    }));
    let image = Some(Pending::ImageBuild);
    assert_eq!(state(&machine, "package/vim"), (Drift::InSync, None, "In the base image".into()));
    assert_eq!(state(&machine, "package/glibc.i686").0, Drift::InSync);
    assert_eq!(state(&machine, "package/vim.i686").0, Drift::Pending);
    assert_eq!(state(&machine, "package/htop"), (Drift::Pending, image, String::new()));
    assert_eq!(
        state(&machine, "excluded/bash"),
        (Drift::Pending, image, "In the base image".into())
    );
    assert_eq!(state(&machine, "excluded/nano"), (Drift::InSync, None, "Not in the image".into()));
    let (drift, pending, note) = state(&machine, "group/c-development");
    assert_eq!((drift, pending), (Drift::Pending, image));
    assert!(note.contains("cannot be told"), "{note}");
    // Nothing that nobody named is listed, and nothing of this is for the person to do.
    let report = machine.survey(PACKAGES);
    assert_eq!(report.subsystem(PACKAGES).unwrap().items.len(), 7);
    assert_eq!((report.drifted(), report.failed()), (0, false));
}

fn packages_of(machine: &Machine) -> Json {
    machine.says(FILE)["packages"].clone()
}

fn notices(machine: &Machine) -> Vec<String> {
    let report = machine.survey(PACKAGES);
    let notices = &report.subsystem(PACKAGES).unwrap().notices;
    notices.iter().map(|notice| notice.text.clone()).collect()
}

fn now(verb: Verb) -> Request {
    Request { now: true, prune: true, force: true, ..Request::all(verb) }
}

/// Takes an operation back, in a new process.
fn undo(machine: &Machine, operation: Option<u64>) {
    let engine = machine.engine();
    let plan = engine.plan_undo(operation).unwrap();
    let undone = engine.execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();
    assert!(undone.errors.is_empty(), "{undone:?}");
}

/// How many changes either direction would still make.
fn left(machine: &Machine) -> usize {
    let engine = machine.engine();
    let report = machine.survey(PACKAGES);
    let plan =
        |verb| engine.plan(&report, &Request { prune: true, force: true, ..Request::all(verb) });
    let plans = [plan(Verb::Capture).unwrap(), plan(Verb::Apply).unwrap()];
    plans.iter().map(|plan| plan.changes.len() + plan.held.len()).sum()
}

#[test]
fn what_was_layered_is_told_from_what_the_image_has() {
    let machine = Machine::new(&["bash"]);
    machine.manifest(FILE, &json!({ "packages": ["bash"] }));
    assert!(notices(&machine).is_empty());
    machine.rpm_ostree(&["install", "gimp"]);
    let staged = "Staged: it comes at the next restart";
    // It differs, so the difference is said; when it comes is said beside it.
    assert_eq!(
        state(&machine, "package/gimp"),
        (Drift::Unmanaged, Some(Pending::Reboot), staged.into())
    );
    machine.reboot();
    assert_eq!(state(&machine, "package/gimp"), (Drift::Unmanaged, None, "Layered here".into()));
    // What it needs was not asked for.
    assert!(machine.item(PACKAGES, "package/gimp-libs").is_none());
    assert!(notices(&machine)[0].contains("holds “bootc upgrade” back"), "{:?}", notices(&machine));
    // Law 1: captured, and then nothing is left in either direction.
    assert!(machine.act(PACKAGES, &Request::all(Verb::Capture)).complete());
    assert_eq!(packages_of(&machine), json!(["bash", "gimp"]));
    assert_eq!(state(&machine, "package/gimp").0, Drift::InSync);
    assert_eq!(left(&machine), 0);
    // The manifest may name what came with it.
    machine.manifest(FILE, &json!({ "packages": ["bash", "gimp", "gimp-libs"] }));
    let with = "It came with what is layered here";
    assert_eq!(state(&machine, "package/gimp-libs"), (Drift::InSync, None, with.into()));
    assert!(machine.ran().is_empty());
}

#[test]
fn a_request_that_the_image_meets_can_go() {
    let machine = Machine::new(&["bash"]);
    machine.manifest(FILE, &json!({ "packages": ["htop"] }));
    machine.rpm_ostree(&["install", "htop"]);
    machine.reboot();
    assert!(packages::tidy(&machine.host()).unwrap().is_none());
    machine.stage_image(&["bash", "htop"]);
    assert_eq!(
        state(&machine, "package/htop").2,
        "The image has it now: the layered request can go"
    );
    assert!(notices(&machine)[0].contains("bkt dnf sync"), "{:?}", notices(&machine));
    let step = packages::tidy(&machine.host()).unwrap().unwrap();
    assert_eq!(step.items, [ItemKey::new("package/htop")]);
    let steps = vec![PlannedStep { subsystems: vec![ID], step }];
    let plan = Plan { steps, ..Plan::default() };
    machine.engine().execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();
    assert_eq!(machine.ran(), ["pkexec rpm-ostree uninstall htop"]);
    assert_eq!(state(&machine, "package/htop"), (Drift::InSync, None, "In the base image".into()));
    assert!(notices(&machine).is_empty());
    assert!(packages::tidy(&machine.host()).unwrap().is_none());
}

#[test]
fn what_was_removed_here_is_the_persons_doing() {
    let machine = Machine::new(&["bash", "firefox", "nano"]);
    machine.manifest(FILE, &json!({ "packages": ["firefox"] }));
    assert_eq!(state(&machine, "package/firefox").0, Drift::InSync);
    machine.rpm_ostree(&["override", "remove", "firefox", "nano"]);
    // Nobody wants it: what is said of it is that it is left out.
    let goes = "Staged: it goes at the next restart";
    assert_eq!(
        state(&machine, "excluded/nano"),
        (Drift::Unmanaged, Some(Pending::Reboot), goes.into())
    );
    machine.reboot();
    let here = "Removed here";
    assert_eq!(state(&machine, "excluded/nano"), (Drift::Unmanaged, None, here.into()));
    // The manifest wants this one: what the person did is what there is to decide on.
    assert_eq!(state(&machine, "package/firefox").0, Drift::Pending);
    let both = "Removed here, and the manifest wants it";
    assert_eq!(state(&machine, "excluded/firefox"), (Drift::Unmanaged, None, both.into()));
    let pick = Pick {
        subsystem: ID,
        item: ItemKey::new("excluded/firefox"),
        fields: None,
        verb: Verb::Apply,
    };
    let outcome = machine.act(PACKAGES, &Request::picks(vec![pick.clone()]));
    assert!(outcome.complete(), "{outcome:?}");
    assert_eq!(machine.ran(), ["pkexec rpm-ostree override reset firefox"]);
    assert_eq!(state(&machine, "package/firefox").1, Some(Pending::Reboot));
    undo(&machine, outcome.operation);
    assert_eq!(state(&machine, "excluded/firefox").2, both);
    let pick = Pick { verb: Verb::Capture, ..pick };
    assert!(machine.act(PACKAGES, &Request::picks(vec![pick])).complete());
    assert_eq!(machine.says(FILE), json!({ "packages": [], "excluded": ["firefox"] }));
    undo(&machine, None);
    assert_eq!(machine.says(FILE), json!({ "packages": ["firefox"] }));
    assert!(machine.act(PACKAGES, &Request::all(Verb::Capture)).complete());
    assert_eq!(machine.says(FILE)["excluded"], json!(["firefox", "nano"]));
    assert_eq!(left(&machine), 0);
}

#[test]
fn all_that_is_wanted_now_takes_one_command_of_each_kind_and_is_undone() {
    let machine = Machine::new(&["bash", "firefox", "vim"]);
    machine.rpm_ostree(&["install", "nano"]);
    machine.rpm_ostree(&["override", "remove", "vim"]);
    machine.reboot();
    let wanted = json!({ "packages": ["htop", "fd-find", "vim"], "excluded": ["firefox", "nano"], "groups": ["games"] });
    machine.manifest(FILE, &wanted);
    assert_eq!(state(&machine, "excluded/nano").2, "It is layered here");
    let layered = "Layered here, and the manifest excludes it";
    assert_eq!(state(&machine, "package/nano"), (Drift::Unmanaged, None, layered.into()));
    // Without a word more nothing is done that the next image does, nor anything undone that is only here.
    let engine = machine.engine();
    let plain = engine.plan(&machine.survey(PACKAGES), &Request::all(Verb::Apply)).unwrap();
    assert!(plain.changes.is_empty(), "{:?}", plain.changes);
    let picked = |item: &str| Pick {
        subsystem: ID,
        item: ItemKey::new(item),
        fields: None,
        verb: Verb::Apply,
    };
    let own = ["package/nano", "excluded/vim"].map(picked).to_vec();
    let all = Request { picks: own, ..now(Verb::Apply) };
    let plan = engine.plan(&machine.survey(PACKAGES), &all).unwrap();
    let blocked: Vec<_> =
        plan.blocked.iter().map(|one| (one.change.item.as_str(), one.later)).collect();
    assert_eq!(blocked, [("excluded/nano", true), ("group/games", true)]);
    for PlannedStep { step, .. } in &plan.steps {
        assert!(step.risk.password && step.risk.reboot && step.risk.network, "{step:?}");
    }
    let outcome = engine.execute(&plan, &mut |_| (), &CancellationToken::new()).unwrap();
    assert!(outcome.errors.is_empty(), "{outcome:?}");
    let ran = [
        "pkexec rpm-ostree override reset vim",
        "pkexec rpm-ostree install --idempotent --allow-inactive -y fd-find htop",
        "pkexec rpm-ostree uninstall nano",
        "pkexec rpm-ostree override remove firefox",
    ];
    assert_eq!(machine.ran(), ran);
    for key in
        ["package/htop", "package/fd-find", "package/vim", "excluded/firefox", "excluded/nano"]
    {
        assert_eq!(state(&machine, key).1, Some(Pending::Reboot), "{key}");
    }
    assert_eq!(left(&machine), 0);
    machine.reboot();
    assert_eq!(state(&machine, "package/htop"), (Drift::InSync, None, "Layered here".into()));
    // Law 4, from a new process.
    undo(&machine, outcome.operation);
    machine.reboot();
    assert_eq!(state(&machine, "package/htop").0, Drift::Pending);
    assert_eq!(state(&machine, "excluded/nano").2, "It is layered here");
    assert_eq!(state(&machine, "excluded/vim").2, "Removed here, and the manifest wants it");
    assert_eq!(state(&machine, "package/nano").2, layered);
    assert_eq!(state(&machine, "excluded/firefox").2, "In the base image");
}

#[test]
fn an_apply_that_fails_is_said() {
    let machine = Machine::new(&["bash"]);
    machine.manifest(FILE, &json!({ "packages": ["no-such-package"] }));
    let outcome = machine.act(PACKAGES, &now(Verb::Apply));
    assert!(!outcome.complete());
    assert!(outcome.errors[0].contains("Packages not found: no-such-package"), "{outcome:?}");
    assert_eq!(state(&machine, "package/no-such-package").0, Drift::Pending);
}

/// What a plan cannot do now, and whether it comes later.
fn obstacle(machine: &Machine, key: &str, edit: Edit, reach: Reach) -> (String, bool, Plan) {
    let wish = Wish { subsystem: ID, item: ItemKey::new(key), edit };
    let report = machine.survey(PACKAGES);
    let plan =
        machine.engine().plan_wishes(&report, &[wish], reach, &Layer::Shared, false).unwrap();
    assert_eq!(plan.blocked.len(), 1, "{plan:?}");
    (plan.blocked[0].reason.clone(), plan.blocked[0].later, plan)
}

#[test]
fn what_this_machine_cannot_do_now_is_said_and_written_down() {
    let machine = Machine::new(&["bash"]);
    machine.manifest(FILE, &json!({ "packages": ["bash"] }));
    let put = || Edit::put(bucket::core::item::Record::new());
    let writes =
        |plan: &Plan| plan.steps.iter().all(|one| matches!(one.step.action, Action::Write(_)));
    // What the image brings goes with an image.
    let (reason, later, plan) = obstacle(&machine, "package/bash", Edit::Remove, Reach::Both);
    assert!(later && reason.contains("the image brings it"), "{reason}");
    assert!(plan.steps.len() == 1 && writes(&plan), "{plan:?}");
    machine.file("etc/rpm-ostreed.conf", "[Daemon]\nLockLayering=true\n");
    let (reason, later, plan) = obstacle(&machine, "package/htop", put(), Reach::Both);
    assert!(later && reason.contains("locked"), "{reason}");
    assert!(plan.steps.len() == 1 && writes(&plan), "{plan:?}");
    let (reason, later, plan) = obstacle(&machine, "package/htop", put(), Reach::System);
    assert!(!later && reason.contains("locked"), "{reason}");
    assert!(plan.steps.is_empty());
    std::fs::remove_file(machine.booted().join("usr/bin/rpm-ostree")).unwrap();
    let (reason, ..) = obstacle(&machine, "package/htop", put(), Reach::Both);
    assert!(reason.contains("there is no rpm-ostree"), "{reason}");
    assert!(packages::tidy(&machine.host()).unwrap().is_none());
    // A file that is no key file is not passed over.
    machine.image_file("usr/bin/rpm-ostree", "");
    machine.file("etc/rpm-ostreed.conf", "LockLayering\n");
    let wish = Wish { subsystem: ID, item: ItemKey::new("package/htop"), edit: put() };
    let report = machine.survey(PACKAGES);
    let plan = machine.engine().plan_wishes(&report, &[wish], Reach::Both, &Layer::Shared, false);
    assert!(format!("{:#}", plan.unwrap_err()).contains("rpm-ostreed.conf"));
}

#[test]
fn groups_are_known_where_dnf5_noted_them() {
    let machine = Machine::new(&["bash"]);
    machine.manifest(FILE, &json!({ "packages": [], "groups": ["games", "office"] }));
    let records = "usr/lib/sysimage/libdnf5/groups.toml";
    machine
        .image_file(records, "version = \"1.0\"\n[groups]\n[groups.games]\nuserinstalled = true\n");
    assert_eq!(state(&machine, "group/games"), (Drift::InSync, None, "In the base image".into()));
    let office = (Drift::Pending, Some(Pending::ImageBuild), String::new());
    assert_eq!(state(&machine, "group/office"), office);
    machine.image_file(records, "[groups");
    assert_eq!(state(&machine, "group/games").0, Drift::Unknown);
    assert!(machine.survey(PACKAGES).failed());
}

#[test]
fn what_no_manifest_can_name_is_noticed() {
    let machine = Machine::new(&["bash"]);
    let sum = "a".repeat(64);
    machine.stage_origin(&format!(
        "\n[packages]\nrequested=/usr/bin/htop;vim;\nrequested-local={sum}:mine-1.0-1.noarch;\n\n\
         [overrides]\nreplace-local={sum}:bash-6-1.x86_64;\n"
    ));
    let notices = notices(&machine).join("\n");
    for says in [
        "files, which no manifest can name: mine-1.0-1.noarch",
        "in the image, which no manifest can say: bash-6-1.x86_64",
        "not compared: /usr/bin/htop\n",
    ] {
        assert!(notices.contains(says), "{notices}");
    }
    let report = machine.survey(PACKAGES);
    let keys: Vec<_> =
        report.subsystem(PACKAGES).unwrap().items.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(keys, ["package/vim"]);
}

#[test]
fn a_database_that_cannot_be_read_is_unknown_and_changes_nothing() {
    let machine = Machine::new(&["bash"]);
    machine.manifest(FILE, &json!({ "packages": ["bash", "htop"], "excluded": ["nano"] }));
    machine.rpm_ostree(&["install", "htop"]);
    machine.reboot();
    let dir = machine.booted().join("usr/share/rpm");
    std::fs::rename(dir.join("rpmdb.sqlite"), dir.join("Packages.db")).unwrap();
    let report = machine.survey(PACKAGES);
    let report = report.subsystem(PACKAGES).unwrap();
    assert!(report.failed() && report.unread[0].contains("the format ndb"), "{report:?}");
    assert_eq!(state(&machine, "package/bash").0, Drift::Unknown);
    assert_eq!(state(&machine, "excluded/nano").0, Drift::Unknown);
    // What was asked for stands in the origin.
    assert_eq!(state(&machine, "package/htop").0, Drift::InSync);
    assert_eq!(left(&machine), 0);
    // Nor is there anything to say where the origin cannot be read, and other subsystems go on.
    machine.image_file("../x", "");
    let origin = machine.booted().with_extension("0.origin");
    machine.file(origin.strip_prefix(machine.path("")).unwrap().to_str().unwrap(), "[origin\n");
    let report = machine.engine().survey(&[]).unwrap();
    let packages = report.subsystem(PACKAGES).unwrap();
    assert!(packages.items.is_empty() && packages.failed(), "{packages:?}");
    assert_eq!(machine.engine().plan(&report, &now(Verb::Apply)).unwrap().changes, []);
}

/// After a rollback everything is as the older image has it, and nothing of that is the person's doing.
#[test]
fn after_a_rollback_nothing_is_taken_for_the_persons_change() {
    let machine = Machine::new(&["bash", "nano"]);
    machine.manifest(FILE, &json!({ "packages": ["bash", "htop"], "excluded": ["nano"] }));
    machine.stage_image(&["bash", "htop"]);
    machine.reboot();
    for key in ["package/htop", "excluded/nano"] {
        assert_eq!(state(&machine, key).0, Drift::InSync, "{key}");
    }
    machine.roll_back();
    for key in ["package/htop", "excluded/nano"] {
        let (state, pending, _) = state(&machine, key);
        assert_eq!((state, pending), (Drift::Pending, Some(Pending::ImageBuild)), "{key}");
    }
    assert_eq!(left(&machine), 0);
}

#[test]
fn a_deployment_that_was_read_is_not_read_again() {
    let machine = Machine::new(&["bash", "vim"]);
    machine.manifest(FILE, &json!({ "packages": ["vim", "htop"] }));
    // What a first survey learns is no part of what it reads.
    machine.survey(PACKAGES);
    std::fs::remove_dir_all(machine.path("home/.cache/bkt")).unwrap();
    let cold = machine.survey(PACKAGES).subsystems;
    std::fs::remove_dir_all(machine.booted().join("usr/share/rpm")).unwrap();
    assert_eq!(machine.survey(PACKAGES).subsystems, cold);
    // Another deployment is read, and this one has nothing to be read.
    std::fs::remove_dir_all(machine.path("home/.cache/bkt")).unwrap();
    assert!(machine.survey(PACKAGES).failed());
}

#[test]
fn on_other_machines_the_manifest_is_for_others() {
    let machine = Machine::new(&["bash"]);
    std::fs::remove_file(machine.path("run/ostree-booted")).unwrap();
    machine.manifest(FILE, &json!({ "packages": ["vim"], "groups": ["games"] }));
    assert_eq!(state(&machine, "package/vim").0, Drift::NotHere);
    assert_eq!(left(&machine), 0);
    let put = Edit::put(bucket::core::item::Record::new());
    let (reason, later, plan) = obstacle(&machine, "package/htop", put, Reach::Both);
    assert!(later && reason.contains("not started from an image"), "{reason}");
    assert_eq!(plan.steps.len(), 1);
}

#[test]
fn what_one_machine_wants_is_layered_there() {
    let machine = Machine::new(&["bash", "nano"]);
    machine.manifest(FILE, &json!({ "packages": ["htop", "nano"] }));
    let own = json!({ "packages": ["vim", { "name": "htop", "absent": true }], "groups": ["games"], "excluded": ["nano"] });
    machine.manifest("hosts/machine/system-packages.json", &own);
    assert!(machine.item(PACKAGES, "package/htop").is_none());
    assert_eq!(state(&machine, "package/vim"), (Drift::Missing, None, String::new()));
    assert_eq!(state(&machine, "group/games").0, Drift::NotHere);
    // Of two layers that disagree, the machine's own has its way.
    assert!(machine.item(PACKAGES, "package/nano").is_none());
    assert_eq!(state(&machine, "excluded/nano").0, Drift::Missing);
    assert!(machine.ran().is_empty());
    assert!(machine.act(PACKAGES, &Request::all(Verb::Apply)).complete());
    assert_eq!(machine.ran().len(), 2, "{:?}", machine.ran());
    assert_eq!(left(&machine), 0);
}

/// Law 2: captured here, applied on an empty machine of the same image, both say the same.
#[test]
fn a_capture_carries_to_the_next_machine() {
    let (here, there) = (Machine::new(&["bash", "nano"]), Machine::new(&["bash", "nano"]));
    here.rpm_ostree(&["install", "gimp", "htop"]);
    here.rpm_ostree(&["override", "remove", "nano"]);
    here.reboot();
    assert!(here.act(PACKAGES, &Request::all(Verb::Capture)).complete());
    there.manifest(FILE, &here.says(FILE));
    assert!(there.act(PACKAGES, &now(Verb::Apply)).complete());
    there.reboot();
    let sides = |machine: &Machine| machine.survey(PACKAGES).subsystems.remove(0).items;
    assert_eq!(sides(&here), sides(&there));
}

#[test]
fn a_manifest_that_contradicts_itself_is_an_error_with_its_place() {
    let machine = Machine::new(&["bash"]);
    machine.file(
        "repo/manifests/system-packages.json",
        "{\"packages\": [\"vim\"],\n \"excluded\": [\"nano\", \"vim\"]}\n",
    );
    let report = machine.survey(PACKAGES);
    let text = format!("{:?}", report.subsystem(PACKAGES).unwrap().availability);
    assert!(text.contains("system-packages.json:2:23: “vim” is to be in the image"), "{text}");
    machine.file("repo/manifests/system-packages.json", "{\"packages\": [\"../x\"]}\n");
    let text = format!("{:?}", machine.survey(PACKAGES).subsystem(PACKAGES).unwrap().availability);
    assert!(text.contains("is not a package name"), "{text}");
}

/// A machine on which nothing can be layered, and whose dnf5 can install until the next restart.
fn locked(image: &[&str]) -> Machine {
    let machine = Machine::new(image);
    machine.file("etc/rpm-ostreed.conf", "[Daemon]\nLockLayering=true\n");
    machine.image_file("usr/bin/bootc", "");
    machine.image_file("usr/bin/dnf5", "");
    machine
}

const UNTIL: &str = "Until the next restart";

#[test]
fn what_dnf_put_on_top_is_a_change_of_this_machine_until_the_next_restart() {
    let machine = Machine::new(&["bash"]);
    machine.image_file("usr/bin/bootc", "");
    machine.image_file("usr/bin/dnf5", "");
    machine.manifest(FILE, &json!({ "packages": ["bash", "htop"] }));
    // Before and after, so that what was kept of the one is not taken for the other.
    assert_eq!(machine.survey(PACKAGES).drifted(), 0);
    machine.dnf_transient("install", &["gimp"]);
    assert_eq!(state(&machine, "package/gimp"), (Drift::Unmanaged, None, UNTIL.into()));
    // What it needs was not asked for, and the next start does not bring it.
    assert!(machine.item(PACKAGES, "package/gimp-libs").is_none());
    assert_eq!(state(&machine, "package/bash").2, "In the base image");
    assert_eq!(
        state(&machine, "package/htop"),
        (Drift::Pending, Some(Pending::ImageBuild), String::new())
    );
    assert_eq!(state(&machine, "package/gimp").0, Drift::Unmanaged, "from what was kept");
    machine.dnf_transient("install", &["htop"]);
    assert_eq!(
        state(&machine, "package/htop"),
        (Drift::Pending, Some(Pending::ImageBuild), UNTIL.into())
    );
    // One that the manifest excludes is said to be here.
    machine.manifest(FILE, &json!({ "packages": ["gimp-libs"], "excluded": ["gimp"] }));
    let both = "Here until the next restart, and the manifest excludes it";
    assert_eq!(state(&machine, "package/gimp"), (Drift::Unmanaged, None, both.into()));
    assert_eq!(state(&machine, "package/gimp-libs").2, UNTIL);
    // What the image brings can be gone until then.
    machine.dnf_transient("remove", &["bash"]);
    machine.manifest(FILE, &json!({ "packages": ["bash"] }));
    let (drift, _, note) = state(&machine, "package/bash");
    assert_eq!(
        (drift, note.as_str()),
        (Drift::InSync, "In the base image, and removed until the next restart")
    );
    machine.reboot();
    assert!(machine.item(PACKAGES, "package/gimp").is_none());
    assert_eq!(state(&machine, "package/bash").2, "In the base image");
    assert!(machine.ran().is_empty());
}

#[test]
fn what_is_layered_stays_and_what_is_staged_comes_beside_what_is_on_top() {
    let machine = Machine::new(&["bash"]);
    machine.manifest(FILE, &json!({ "packages": [] }));
    machine.rpm_ostree(&["install", "nano"]);
    machine.reboot();
    machine.dnf_transient("install", &["gimp", "htop"]);
    machine.stage_image(&["bash", "htop"]);
    assert_eq!(state(&machine, "package/nano").2, "Layered here");
    assert_eq!(state(&machine, "package/gimp").2, UNTIL);
    // The next start has this one, whatever is dropped then.
    assert!(machine.item(PACKAGES, "package/htop").is_none());
}

#[test]
fn a_database_that_is_being_written_is_unknown_and_not_empty() {
    let machine = Machine::new(&["bash"]);
    machine.manifest(FILE, &json!({ "packages": ["bash", "htop"] }));
    machine.dnf_transient("install", &["gimp"]);
    machine.file("usr/share/rpm/rpmdb.sqlite-wal", "something");
    assert_eq!(state(&machine, "package/htop").0, Drift::Unknown);
    assert_eq!(state(&machine, "package/bash").0, Drift::InSync);
    assert!(machine.survey(PACKAGES).failed());
    std::fs::remove_file(machine.path("usr/share/rpm/rpmdb.sqlite-wal")).unwrap();
    machine.file("usr/lib/sysimage/libdnf5/packages.toml", "[packages");
    let unknown = machine.item(PACKAGES, "package/htop").unwrap().unknown.unwrap();
    assert!(unknown.contains("dnf's records in"), "{unknown}");
}

/// Where it cannot be seen what is on top, nobody is told that there is nothing to remove.
#[test]
fn what_may_be_on_top_is_not_said_to_be_gone() {
    let machine = locked(&["bash"]);
    machine.manifest(FILE, &json!({ "packages": ["gimp"] }));
    assert!(machine.act(PACKAGES, &now(Verb::Apply)).complete());
    assert_eq!(machine.ran(), ["pkexec dnf5 install --transient -y gimp"]);
    machine.file("usr/share/rpm/rpmdb.sqlite-wal", "something");
    let (reason, later, _) = obstacle(&machine, "package/gimp", Edit::Remove, Reach::System);
    assert!(reason.contains("is being written") && !later, "{reason}");
    let back = machine.engine().plan_undo(None).unwrap();
    assert!(back.blocked[0].reason.contains("is being written"), "{back:?}");
    std::fs::remove_file(machine.path("usr/share/rpm/rpmdb.sqlite-wal")).unwrap();
    undo(&machine, None);
    assert_eq!(machine.ran()[1..], ["pkexec dnf5 remove --transient -y gimp"]);
}

/// The laws with a package on top: captured and applied, nothing is left; done and taken back, it is as before.
#[test]
fn the_laws_hold_with_a_package_on_top() {
    let machine = locked(&["bash"]);
    machine.manifest(FILE, &json!({ "packages": ["bash"] }));
    machine.dnf_transient("install", &["gimp"]);
    // Law 1, in both directions.
    let pick =
        |verb| Pick { subsystem: ID, item: ItemKey::new("package/gimp"), fields: None, verb };
    let applied = machine.act(PACKAGES, &Request::picks(vec![pick(Verb::Apply)]));
    assert!(applied.complete(), "{applied:?}");
    assert_eq!(machine.ran(), ["pkexec dnf5 remove --transient -y gimp"]);
    assert!(machine.item(PACKAGES, "package/gimp").is_none());
    assert_eq!(left(&machine), 0);
    // Law 4.
    undo(&machine, applied.operation);
    assert_eq!(machine.ran()[1..], ["pkexec dnf5 install --transient -y gimp"]);
    assert_eq!(state(&machine, "package/gimp"), (Drift::Unmanaged, None, UNTIL.into()));
    let captured = machine.act(PACKAGES, &Request::all(Verb::Capture));
    assert!(captured.complete(), "{captured:?}");
    assert_eq!(packages_of(&machine), json!(["bash", "gimp"]));
    assert_eq!(
        state(&machine, "package/gimp"),
        (Drift::Pending, Some(Pending::ImageBuild), UNTIL.into())
    );
    assert_eq!(left(&machine), 0);
    // Law 3: doing it again does nothing.
    assert!(machine.act(PACKAGES, &now(Verb::Apply)).results.is_empty());
    assert_eq!(machine.ran().len(), 2);
    // The next start drops it, the manifest does not, and nobody is asked what to do about it.
    machine.reboot();
    assert_eq!(
        state(&machine, "package/gimp"),
        (Drift::Pending, Some(Pending::ImageBuild), String::new())
    );
    assert_eq!(left(&machine), 0);
    // Law 2: on another machine of the same image, all at once.
    let other = locked(&["bash"]);
    other.manifest(FILE, &machine.says(FILE));
    let outcome = other.act(PACKAGES, &now(Verb::Apply));
    assert!(outcome.complete(), "{outcome:?}");
    assert_eq!(other.ran(), ["pkexec dnf5 install --transient -y gimp"]);
    assert_eq!(state(&other, "package/gimp").2, UNTIL);
    undo(&other, outcome.operation);
    assert_eq!(state(&other, "package/gimp").2, "");
}

#[test]
fn what_one_machine_wants_until_the_next_restart_is_wanted_after_it() {
    let machine = locked(&["bash"]);
    machine.manifest(FILE, &json!({ "packages": ["bash"] }));
    machine.manifest("hosts/machine/system-packages.json", &json!({ "packages": ["gimp"] }));
    assert_eq!(state(&machine, "package/gimp").0, Drift::Missing);
    assert!(machine.act(PACKAGES, &Request::all(Verb::Apply)).complete());
    assert_eq!(state(&machine, "package/gimp").0, Drift::InSync);
    machine.reboot();
    // Nobody has removed it: it is to be had again, and not to be forgotten.
    assert_eq!(state(&machine, "package/gimp").0, Drift::Missing);
}

#[test]
fn what_something_on_top_needs_is_not_taken_off() {
    let machine = locked(&["bash"]);
    machine.manifest(FILE, &json!({ "packages": ["gimp-libs"] }));
    machine.dnf_transient("install", &["gimp"]);
    let (reason, ..) = obstacle(&machine, "package/gimp-libs", Edit::Remove, Reach::System);
    assert!(reason.contains("until the next restart needs it"), "{reason}");
    // Nor is anything that no dnf can take off.
    std::fs::remove_file(machine.booted().join("usr/bin/dnf5")).unwrap();
    let (reason, ..) = obstacle(&machine, "package/gimp", Edit::Remove, Reach::System);
    assert!(reason.contains("goes with the next restart"), "{reason}");
}
