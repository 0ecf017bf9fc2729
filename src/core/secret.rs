//! What looks like a secret, by its name.

/// Parts of a name that make its value a secret.
const NAMES: [&str; 7] =
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "APIKEY", "API_KEY", "PRIVATE_KEY"];

/// Whether a variable or setting of this name holds a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace('-', "_");
    NAMES.iter().any(|part| name.contains(part))
}

/// The word after `before` with a secret taken out: the value of a setting stands behind the name of its key.
pub fn redact_after(before: &str, word: &str) -> String {
    let is_key = before.starts_with(|c: char| c.is_ascii_alphanumeric())
        && before.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    match is_key && is_secret(before) && !word.starts_with("--") {
        true => "…".to_owned(),
        false => word.to_owned(),
    }
}

/// A command-line word with the value of a secret taken out: `--env=API_TOKEN=…`.
pub fn redact(word: &str) -> String {
    match word.rsplit_once('=') {
        Some((name, value)) if is_secret(name) && !value.is_empty() => format!("{name}=…"),
        _ => word.to_owned(),
    }
}
