//! One manifest, read: JSON, or JSON with comments, with line and column for every error.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jsonc_parser::ast::{self, Value as Ast};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;
use thiserror::Error;

/// A manifest that is not what it should be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}:{line}:{column}: {what}", path.display())]
pub struct DocError {
    /// The file.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

/// The values of one manifest. Its top level is an object.
pub struct Sheet {
    path: PathBuf,
    text: String,
    json: Value,
}

/// One entry of a list, with its place in it for error messages.
#[derive(Clone, Debug)]
pub struct Entry<T> {
    /// The entry.
    pub value: T,
    /// Set in a host layer to drop a shared entry on that machine.
    pub absent: bool,
    index: usize,
}

/// One member of an object whose members are entries, by its name.
#[derive(Clone, Debug)]
pub struct Member<T> {
    /// Its name.
    pub name: String,
    /// The entry; `None` where a host layer drops a shared one on that machine.
    pub value: Option<T>,
}

/// An entry of a list, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What it says.
    pub json: Value,
    /// Its text, comments inside it included; its lines without the room that its first one has before it.
    pub text: String,
}

/// JSON as it is written, with comments and trailing commas allowed and nothing else.
pub(super) fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// The text without the byte order mark that some editors put in front.
pub(super) fn body(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

impl Sheet {
    /// Parses a manifest. An empty file is an error: it is what a crash of another program leaves.
    pub fn parse(path: &Path, text: &str) -> Result<Self, DocError> {
        let text = body(text);
        let ast = parse(text).map_err(|(at, what)| error(path, text, at, what))?;
        if let Some((at, name)) = given_twice(&ast) {
            return Err(error(path, text, at, format!("“{name}” stands here twice")));
        }
        let json = ast.into();
        Ok(Self { path: path.to_owned(), text: text.to_owned(), json })
    }

    /// All of it.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// All that it says.
    pub fn into_json(self) -> Value {
        self.json
    }

    /// A value by its name, or, below others, by a path of names and, in lists, of numbers: `systemd/enable`.
    pub fn get(&self, path: &str) -> Option<&Value> {
        path.split('/').try_fold(&self.json, |json, name| match json {
            Value::Array(list) => list.get(name.parse::<usize>().ok()?),
            json => json.get(name),
        })
    }

    /// A value read into a type; `None` where it is not there.
    pub fn value<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, DocError> {
        let Some(json) = self.get(path) else { return Ok(None) };
        self.typed(json, &keys(path)).map(Some)
    }

    /// All of it, read into a type.
    pub fn whole<T: DeserializeOwned>(&self) -> Result<T, DocError> {
        self.typed(&self.json, &[])
    }

    /// An error about the value at `path`, for what only its reader can tell is wrong.
    pub fn error_of(&self, path: &str, what: String) -> DocError {
        self.error(&keys(path), what)
    }

    /// The entries of a list. A list that is not there is empty.
    pub fn entries<T: DeserializeOwned>(&self, list: &str) -> Result<Vec<Entry<T>>, DocError> {
        self.each(list)?.into_iter().collect()
    }

    /// The same, of which each that is not what it should be is an error for itself.
    pub fn each<T: DeserializeOwned>(
        &self,
        list: &str,
    ) -> Result<Vec<Result<Entry<T>, DocError>>, DocError> {
        let Some(json) = self.get(list) else { return Ok(Vec::new()) };
        let Some(array) = json.as_array() else {
            return Err(self.error_of(list, format!("“{list}” should be a list: “[” … “]”")));
        };
        let entry = |(index, json): (usize, &Value)| {
            let mut path = keys(list);
            path.push(Segment::Seq { index });
            let absent = match json.get("absent") {
                None => false,
                Some(Value::Bool(absent)) => *absent,
                Some(_) => {
                    path.extend(keys("absent"));
                    return Err(self.error(&path, "“absent” should be true or false".to_owned()));
                }
            };
            Ok(Entry { value: self.typed(json, &path)?, absent, index })
        };
        Ok(array.iter().enumerate().map(entry).collect())
    }

    /// The members of an object whose members are entries. An object that is not there is empty.
    pub fn members<T: DeserializeOwned>(&self, object: &str) -> Result<Vec<Member<T>>, DocError> {
        let Some(json) = self.get(object) else { return Ok(Vec::new()) };
        let Some(members) = json.as_object() else {
            let what = format!("“{object}” should be an object: “{{” … “}}”");
            return Err(self.error_of(object, what));
        };
        let member = |(name, json): (&String, &Value)| {
            let mut path = keys(object);
            path.push(Segment::Map { key: name.clone() });
            let value = match json.get("absent") {
                Some(Value::Bool(true)) => None,
                None | Some(Value::Bool(false)) => Some(self.typed(json, &path)?),
                Some(_) => {
                    path.extend(keys("absent"));
                    return Err(self.error(&path, "“absent” should be true or false".to_owned()));
                }
            };
            Ok(Member { name: name.clone(), value })
        };
        members.iter().map(member).collect()
    }

    /// An error about a value inside a member of an object that was read before, by a path of names and, in lists, of
    /// numbers; the member itself where the path is empty.
    pub fn error_in_member(
        &self,
        object: &str,
        name: &str,
        inside: &str,
        what: String,
    ) -> DocError {
        let mut path = keys(object);
        path.push(Segment::Map { key: name.to_owned() });
        path.extend(keys(inside).into_iter().filter(|_| !inside.is_empty()));
        self.error(&path, what)
    }

    /// The JSON of the entry of `list` that `is` accepts.
    pub fn find(&self, list: &str, is: &dyn Fn(&Value) -> bool) -> Option<&Value> {
        self.get(list)?.as_array()?.iter().find(|entry| is(entry))
    }

    /// An error about an entry of `list` that was read before, for what only its reader can tell is wrong.
    pub fn error_at<T>(&self, list: &str, entry: &Entry<T>, what: String) -> DocError {
        let mut path = keys(list);
        path.push(Segment::Seq { index: entry.index });
        self.error(&path, what)
    }

    /// The same about a value inside it, by a path of names and, in lists, of numbers: `files/2/src`.
    pub fn error_inside<T>(
        &self,
        list: &str,
        entry: &Entry<T>,
        inside: &str,
        what: String,
    ) -> DocError {
        let mut path = keys(list);
        path.push(Segment::Seq { index: entry.index });
        path.extend(inside.split('/').map(|name| match name.parse() {
            Ok(index) => Segment::Seq { index },
            Err(_) => Segment::Map { key: name.to_owned() },
        }));
        self.error(&path, what)
    }

    /// Every list that can be reached by names alone, by its path, with its entries as they are written.
    pub fn lists(&self) -> Vec<(String, Vec<Written>)> {
        let mut lists = Vec::new();
        if let Ok(ast) = parse(&self.text) {
            self.lists_below(&ast, "", &mut lists);
        }
        lists
    }

    fn lists_below(&self, value: &Ast<'_>, path: &str, lists: &mut Vec<(String, Vec<Written>)>) {
        match value {
            Ast::Object(object) => {
                for property in &object.properties {
                    let name = property.name.as_str();
                    // A path could not say which is meant.
                    if name.contains('/') {
                        continue;
                    }
                    let path = match path {
                        "" => name.to_owned(),
                        path => format!("{path}/{name}"),
                    };
                    self.lists_below(&property.value, &path, lists);
                }
            }
            Ast::Array(array) => {
                let entry = |element: &Ast<'_>| Written {
                    json: element.clone().into(),
                    text: self.unindented(element),
                };
                lists.push((path.to_owned(), array.elements.iter().map(entry).collect()));
            }
            _ => (),
        }
    }

    /// Every object that is a member of another object, by its path, with its name and how it is written.
    pub fn objects(&self) -> Vec<(String, String, Written)> {
        let mut objects = Vec::new();
        if let Ok(ast) = parse(&self.text) {
            self.objects_below(&ast, "", &mut objects);
        }
        objects
    }

    fn objects_below(
        &self,
        value: &Ast<'_>,
        path: &str,
        objects: &mut Vec<(String, String, Written)>,
    ) {
        let Ast::Object(object) = value else { return };
        for property in &object.properties {
            let name = property.name.as_str();
            // A path could not say which is meant.
            if name.contains('/') || !matches!(property.value, Ast::Object(_)) {
                continue;
            }
            let inner = match path {
                "" => name.to_owned(),
                path => format!("{path}/{name}"),
            };
            self.objects_below(&property.value, &inner, objects);
            if !path.is_empty() {
                let json = property.value.clone().into();
                let written = Written { json, text: self.unindented(&property.value) };
                objects.push((inner, name.to_owned(), written));
            }
        }
    }

    /// The text of a value, its lines without the room that its first one has before it.
    fn unindented(&self, value: &Ast<'_>) -> String {
        let (start, end) = (value.range().start, value.range().end);
        let room = room_before(&self.text, start);
        let mut lines = self.text[start..end].split('\n');
        let first = lines.next().unwrap_or_default().to_owned();
        lines.fold(first, |text, line| text + "\n" + line.strip_prefix(room).unwrap_or(line))
    }

    /// The text with the entry of `list`, or the object of that path, that says `json` written as `text`; `None` where there
    /// is no such entry.
    pub(super) fn with_entry(&self, list: &str, json: &Value, text: &str) -> Option<String> {
        let ast = parse(&self.text).ok()?;
        let mut array = &ast;
        for name in list.split('/') {
            let Ast::Object(object) = array else { return None };
            array = &object.get(name)?.value;
        }
        let says = |element: &&Ast<'_>| Value::from((*element).clone()) == *json;
        let range = match array {
            Ast::Array(array) => array.elements.iter().find(says)?.range(),
            other => Some(other).filter(says)?.range(),
        };
        let room = room_before(&self.text, range.start);
        let text = text.replace('\n', &format!("\n{room}"));
        Some(format!("{}{text}{}", &self.text[..range.start], &self.text[range.end..]))
    }

    fn typed<T: DeserializeOwned>(&self, json: &Value, at: &[Segment]) -> Result<T, DocError> {
        // The path of an error costs as much as reading does, so it is only looked for when there is one.
        T::deserialize(json).or_else(|_| {
            serde_path_to_error::deserialize(json).map_err(
                |error: serde_path_to_error::Error<_>| {
                    let path: Vec<Segment> =
                        at.iter().chain(error.path().iter()).cloned().collect();
                    self.error(&path, error.inner().to_string())
                },
            )
        })
    }

    /// An error at the value that `path` leads to, or at the last one on the way there.
    fn error(&self, path: &[Segment], what: String) -> DocError {
        let at = parse(&self.text).map_or(0, |ast| descend(&ast, path));
        error(&self.path, &self.text, at, what)
    }
}

/// The spaces and tabs at the beginning of the line that a byte is in.
fn room_before(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = &text[start..at];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

fn keys(path: &str) -> Vec<Segment> {
    path.split('/').map(|name| Segment::Map { key: name.to_owned() }).collect()
}

/// Where the value that `path` leads to stands in the text, in bytes of it.
pub(super) fn span(text: &str, path: &str) -> Option<std::ops::Range<usize>> {
    let mark = text.len() - body(text).len();
    let ast = parse(body(text)).ok()?;
    let value = path.split('/').try_fold(&ast, |value, name| match value {
        Ast::Object(object) => object.get(name).map(|property| &property.value),
        Ast::Array(array) => array.elements.get(name.parse::<usize>().ok()?),
        _ => None,
    })?;
    let range = value.range();
    Some(range.start + mark..range.end + mark)
}

/// An error at a byte of the text.
fn error(path: &Path, text: &str, at: usize, what: String) -> DocError {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    DocError {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        what,
    }
}

fn parse(text: &str) -> Result<Ast<'_>, (usize, String)> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options());
    let parsed = parsed.map_err(|error| (error.range().start, error.kind().to_string()))?;
    match parsed.value {
        Some(value @ Ast::Object(_)) => Ok(value),
        _ => Err((0, "expected an object: “{” … “}”".to_owned())),
    }
}

/// Where a key stands for the second time in its object: one of its values would be ignored without a word.
fn given_twice(value: &Ast<'_>) -> Option<(usize, String)> {
    match value {
        Ast::Object(object) => {
            let mut seen = HashSet::with_capacity(object.properties.len());
            let twice =
                |property: &&ast::ObjectProp<'_>| !seen.insert(property.name.as_str().to_owned());
            let found = object.properties.iter().find(twice);
            found.map(|property| (property.range.start, property.name.as_str().to_owned())).or_else(
                || object.properties.iter().find_map(|property| given_twice(&property.value)),
            )
        }
        Ast::Array(array) => array.elements.iter().find_map(given_twice),
        _ => None,
    }
}

fn descend(value: &Ast<'_>, path: &[Segment]) -> usize {
    let next = path.split_first().and_then(|(segment, rest)| {
        let inner = match (segment, value) {
            (Segment::Seq { index }, Ast::Array(array)) => array.elements.get(*index),
            (Segment::Map { key }, Ast::Object(object)) => {
                object.get(key).map(|property| &property.value)
            }
            (Segment::Map { key }, Ast::Array(array)) => {
                key.parse::<usize>().ok().and_then(|index| array.elements.get(index))
            }
            _ => None,
        };
        inner.map(|inner| descend(inner, rest))
    });
    next.unwrap_or_else(|| value.range().start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(text: &str) -> Sheet {
        Sheet::parse(Path::new("apps.json"), text).unwrap()
    }

    #[test]
    fn errors_name_line_and_column() {
        let error = |text: &str| Sheet::parse(Path::new("m.json"), text).err().unwrap().to_string();
        assert!(
            error("{\n  \"a\": nul\n}").starts_with("m.json:2:8: "),
            "{}",
            error("{\n  \"a\": nul\n}")
        );
        assert_eq!(error("{\n  \"a\": 1,\n  \"a\": 2}"), "m.json:3:3: “a” stands here twice");
        assert!(error("").starts_with("m.json:1:1: expected an object"));
        assert!(error("[]").starts_with("m.json:1:1: expected an object"));
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code, reason = "only its reading is of interest")]
        struct App {
            id: String,
            tags: Option<Vec<String>>,
        }
        let doc =
            sheet("{\"apps\": [\n  {\"id\": \"a\"},\n  {\"id\": \"é\", \"tags\": [\"x\", 3]}\n]}");
        let error = doc.entries::<App>("apps").unwrap_err();
        assert_eq!(
            error.to_string(),
            "apps.json:3:29: invalid type: integer `3`, expected a string"
        );
        let doc = sheet("{\"a\": {\n\"b\": [\"x\",\n3]}}");
        let error = doc.entries::<String>("a/b").unwrap_err();
        assert_eq!((error.line, error.column), (3, 1));
        let doc = sheet("{\n\"apps\": {}}");
        assert!(
            doc.entries::<App>("apps")
                .unwrap_err()
                .to_string()
                .starts_with("apps.json:2:9: “apps” should be")
        );
    }
}
