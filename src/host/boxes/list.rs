//! Which containers are boxes: the answer of `podman ps --all --format json`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::said::{self, Said};
use super::{Maker, State};
use crate::core::names::ContainerName;
use crate::words::{fill, gettext};

/// A box, as the list of containers has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub name: ContainerName,
    /// Podman's id of it.
    pub id: String,
    /// What made it.
    pub maker: Maker,
    /// Whether it runs.
    pub state: State,
}

/// The boxes in what podman said, by name, and what of it could not be read, for people.
pub fn read(said: Said) -> (Vec<Row>, Vec<String>) {
    let odd = gettext("podman's list of containers has something that is not understood: {text}");
    let odd = |text: &String| fill(&odd, &[("text", text)]);
    let mut unread: Vec<String> = said.unread.iter().map(odd).collect();
    let mut rows = Vec::new();
    for container in &said.objects {
        match row(container) {
            Ok(row) => rows.extend(row),
            Err(why) => unread.push(why),
        }
    }
    rows.sort_by(|a: &Row, b| a.name.cmp(&b.name));
    (rows, unread)
}

/// A container: `None` where it is no box.
fn row(container: &Map<String, Json>) -> Result<Option<Row>, String> {
    let id = said::text(container, &["Id", "ID", "id"]);
    // As podman shows them itself.
    let shown: String = id.unwrap_or("?").chars().take(12).collect();
    let wrong = |text: String| fill(&text, &[("id", &shown)]);
    let maker = match container.get("Labels") {
        None | Some(Json::Null) => None,
        Some(labels) => maker(labels).ok_or_else(|| {
            wrong(gettext("podman's labels of the container {id} are not understood"))
        })?,
    };
    let Some(maker) = maker else { return Ok(None) };
    let id = id.filter(|id| id.bytes().all(|b| b.is_ascii_hexdigit()));
    let id = id.ok_or_else(|| wrong(gettext("podman's id of a box, {id}, is not understood")))?;
    let names = ["Names", "Name", "names"].iter().find_map(|key| container.get(*key));
    let names = names.and_then(said::texts).unwrap_or_default();
    let Some(name) = names.into_iter().find(|name| !name.is_empty()) else {
        return Err(wrong(gettext("the box {id} has no name")));
    };
    let name: ContainerName =
        name.parse().map_err(|error| format!("{}: {error}", wrong(gettext("the box {id}"))))?;
    let state = state(container).ok_or_else(|| {
        let text = gettext("whether the box {name} runs is not understood");
        fill(&text, &[("name", name.as_str())])
    })?;
    Ok(Some(Row { name, id: id.to_owned(), maker, state }))
}

/// What made a container, by its labels: an object, or a text `a=b,c=d`. `None` where they are neither.
fn maker(labels: &Json) -> Option<Option<Maker>> {
    let labels: Vec<(&str, &str)> = match labels {
        Json::Object(labels) => labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
            .collect(),
        Json::String(labels) => {
            labels.split(',').map(|label| label.split_once('=').unwrap_or((label, ""))).collect()
        }
        _ => return None,
    };
    let of = |(name, value): &(&str, &str)| match *name {
        "manager" => (*value == "distrobox").then_some(Maker::Distrobox),
        "com.github.containers.toolbox" | "com.github.debarshiray.toolbox" => Some(Maker::Toolbox),
        _ => name.starts_with("distrobox.").then_some(Maker::Distrobox),
    };
    Some(labels.iter().find_map(of))
}

/// `None` where it cannot be told.
fn state(container: &Map<String, Json>) -> Option<State> {
    let state = said::text(container, &["State", "state"])?.to_ascii_lowercase();
    Some(match state.as_str() {
        "running" => {
            let pid = said::number(container.get("Pid")?)?;
            State::Running { pid: u32::try_from(pid).ok().filter(|pid| *pid > 0)? }
        }
        "exited" | "stopped" => State::Stopped { since: said::time(container.get("ExitedAt")?)? },
        "created" | "configured" | "initialized" => State::Stopped { since: 0 },
        _ => State::Other(state),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(json: &Json) -> (Vec<Row>, Vec<String>) {
        read(said::read(&json.to_string()))
    }

    #[test]
    fn odd_containers_lose_no_box() {
        let good = json!({
            "Id": "ab12", "Names": ["good"], "Labels": { "manager": "distrobox" },
            "State": "running", "Pid": 7, "Novelty": { "x": [] },
        });
        let labels = json!({ "manager": "distrobox" });
        for (odd, unread) in [
            (json!({ "Id": "cd", "Names": null, "Labels": labels, "State": "created" }), 1),
            (json!({ "Id": "cd", "Names": [], "Labels": labels, "State": "created" }), 1),
            (json!({ "Id": "cd", "Names": [3], "Labels": labels, "State": "created" }), 1),
            (json!({ "Id": "cd", "Names": ["-rf"], "Labels": labels, "State": "created" }), 1),
            (json!({ "Id": "--all", "Names": ["a"], "Labels": labels, "State": "created" }), 1),
            (json!({ "Id": 5, "Names": ["a"], "Labels": labels, "State": "created" }), 1),
            (json!({ "Id": "cd", "Names": ["a"], "Labels": labels, "State": 5 }), 1),
            (json!({ "Id": "cd", "Names": ["a"], "Labels": labels, "State": "running" }), 1),
            (json!({ "Id": "cd", "Names": ["a"], "Labels": 7, "State": "running" }), 1),
            (json!({ "Id": "cd", "Names": ["a"], "Labels": null, "State": 5 }), 0),
            (json!({ "Id": "cd", "Labels": { "other": null } }), 0),
            (json!({}), 0),
            (json!("text"), 1),
            (json!([]), 0),
        ] {
            let (found, reasons) = rows(&json!([odd, good]));
            assert_eq!(found.len(), 1, "{odd}: {found:?}");
            assert_eq!(found[0].name.as_str(), "good");
            assert_eq!(reasons.len(), unread, "{odd}: {reasons:?}");
        }
    }

    #[test]
    fn a_box_is_told_by_its_labels() {
        let made = |labels: Json| {
            let one = json!({ "Id": "a", "Names": "a", "Labels": labels, "State": "Paused" });
            rows(&one).0.pop().map(|row| row.maker)
        };
        assert_eq!(made(json!({ "manager": "distrobox" })), Some(Maker::Distrobox));
        assert_eq!(made(json!({ "distrobox.version": "2" })), Some(Maker::Distrobox));
        assert_eq!(made(json!("a=b,manager=distrobox")), Some(Maker::Distrobox));
        assert_eq!(made(json!({ "com.github.containers.toolbox": "true" })), Some(Maker::Toolbox));
        assert_eq!(made(json!({ "manager": "podman-compose" })), None);
    }

    #[test]
    fn states_are_running_stopped_or_as_podman_calls_them() {
        let state = |json: Json| state(json.as_object().unwrap());
        assert_eq!(
            state(json!({ "State": "running", "Pid": "7" })),
            Some(State::Running { pid: 7 })
        );
        assert_eq!(state(json!({ "State": "running", "Pid": 0 })), None);
        let exited = json!({ "State": "exited", "ExitedAt": 1_795_284_659 });
        assert_eq!(state(exited), Some(State::Stopped { since: 1_795_284_659 }));
        let created = json!({ "State": "created", "ExitedAt": -62_135_596_800_i64 });
        assert_eq!(state(created), Some(State::Stopped { since: 0 }));
        assert_eq!(state(json!({ "State": "paused" })), Some(State::Other("paused".to_owned())));
        assert_eq!(state(json!({})), None);
    }
}
