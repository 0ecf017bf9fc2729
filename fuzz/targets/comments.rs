//! The comments of JSON with comments, told by its text alone.

/// The comments of a manifest.
pub fn comments(text: &str) -> Vec<&str> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match rest.as_bytes()[0] {
            b'"' => {
                let mut escaped = false;
                let end = rest[1..].find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                end.map_or(rest.len(), |end| end + 2)
            }
            b'/' if rest.starts_with("//") || rest.starts_with("/*") => {
                let length = match rest.starts_with("//") {
                    true => rest.find(['\r', '\n']).unwrap_or(rest.len()),
                    // The asterisk that opens a comment does not close it.
                    false => rest[2..].find("*/").map_or(rest.len(), |end| 2 + end + 2),
                };
                found.push(rest[..length].trim_end());
                length
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        at += length;
    }
    found
}
