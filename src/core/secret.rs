//! What looks like a secret: by its name, or, in a whole file, by what it says.

/// Parts of a name that make its value a secret.
const NAMES: [&str; 7] =
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "APIKEY", "API_KEY", "PRIVATE_KEY"];

/// Whether a variable or setting of this name holds a secret.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace('-', "_");
    NAMES.iter().any(|part| name.contains(part))
}

/// Names that are a secret's in files alone.
const IN_FILES: [&str; 4] = ["PSK", "PASSPHRASE", "PRIVATEKEY", "PRESHAREDKEY"];

/// How the hashes of passwords begin, as crypt(5) has them.
const HASHES: [&str; 6] = ["$1$", "$5$", "$6$", "$y$", "$2b$", "$2y$"];

/// Whether the text of a file holds what looks like a secret: a private key, the hash of a password, or a line that
/// gives a value to a name that is a secret's. Comments give none, and a switch or a number is none.
pub fn in_text(text: &str) -> bool {
    text.lines().map(str::trim).any(|line| {
        if line.starts_with("-----BEGIN ") && line.contains("PRIVATE KEY") {
            return true;
        }
        if line.starts_with(['#', ';']) || line.starts_with("//") {
            return false;
        }
        if line
            .split([':', '=', ' ', '"', '\''])
            .any(|word| HASHES.iter().any(|h| word.starts_with(h)))
        {
            return true;
        }
        line.match_indices('=').any(|(at, _)| gives(last_word(&line[..at]), &line[at + 1..]))
            || line.split_once(':').is_some_and(|(name, value)| gives(name, value))
            || has_login(line)
            // As in `.netrc`: `machine x login y password z`.
            || line.starts_with("machine ") && line.contains(" password ")
    })
}

/// What an assignment is made to: `export A`, `"Environment="B`, `--c`.
fn last_word(text: &str) -> &str {
    text.trim_end()
        .rsplit([' ', '\t', '=', '(', '"', '\''])
        .find(|word| !word.is_empty())
        .unwrap_or("")
}

/// Whether `name`, in a file, is given a secret.
fn gives(name: &str, value: &str) -> bool {
    let name = name.trim().trim_matches(['"', '\'']);
    let upper = name.to_ascii_uppercase();
    let plain = upper.replace(['-', '_', '.'], "");
    let named = is_secret(name)
        || IN_FILES.iter().any(|part| plain.ends_with(part))
        || upper == "PASS"
        || upper.ends_with("_PASS");
    // In a shell, what stands for a variable that is not set: `a=${B:-c}`.
    let value = match name.contains("${") {
        true => value.trim_start_matches(['-', '=', '+', '?']).trim_end_matches('}'),
        false => value,
    };
    named && !name.contains(' ') && is_value(value.trim().trim_matches(['"', '\'', ',', ';']))
}

/// Whether an address has a password in it: `http://user:password@proxy:3128`.
fn has_login(line: &str) -> bool {
    line.split("://").skip(1).any(|rest| {
        let host = rest.split(['/', '"', '\'', ' ', '\t', '<', '>']).next().unwrap_or_default();
        let login = host.rsplit_once('@').and_then(|(login, _)| login.split_once(':'));
        login.is_some_and(|(_, password)| {
            !password.is_empty() && !password.starts_with(['$', '%', '*', '{'])
        })
    })
}

/// Whether a value can be a secret: not a switch or a permission, not a number, not a path, and not a name that stands for another value.
fn is_value(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    !matches!(
        &*lower,
        "" | "yes" | "no" | "true" | "false" | "on" | "off" | "none" | "null" | "read" | "write"
    ) && !value.bytes().all(|b| b.is_ascii_digit())
        && !value.starts_with(['/', '$', '%', '<'])
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

/// An address without the password or token in it: `https://me:secret@forge.example/x` → `https://forge.example/x`. A
/// name alone may be a token too, and only SSH needs it.
pub fn without_login(address: &str) -> String {
    let split = address.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (login, host) = rest[..end].rsplit_once('@')?;
        let name = login.split(':').next().filter(|_| scheme.ends_with("ssh"));
        let name = name.map(|name| format!("{name}@")).unwrap_or_default();
        Some(format!("{scheme}://{name}{host}{}", &rest[end..]))
    });
    split.unwrap_or_else(|| address.to_owned())
}

/// An address as it may be shown: no name, no password, and nothing in its query that looks like a secret.
pub fn shown_address(address: &str) -> String {
    let shown = without_login(address);
    match shown.split_once('?') {
        Some((path, query)) => {
            let query: Vec<String> = query.split('&').map(redact).collect();
            format!("{path}?{}", query.join("&"))
        }
        None => shown,
    }
}

/// Whether a value is an address that has a secret in it: a login, or a token in its query.
pub fn in_address(value: &str) -> bool {
    value.contains("://")
        && value.starts_with(|c: char| c.is_ascii_alphabetic())
        && !value.contains(char::is_whitespace)
        && shown_address(value) != value
}

/// A value as it may be shown: an address without the secret in it.
pub fn shown_value(value: &str) -> String {
    match in_address(value) {
        true => shown_address(value),
        false => value.to_owned(),
    }
}

/// A command-line word with the value of a secret taken out: `--env=API_TOKEN=…`, and the login of an address.
pub fn redact(word: &str) -> String {
    if !word.contains(char::is_whitespace) && word.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let shown = without_login(word);
        if shown != word {
            return shown;
        }
    }
    match word.rsplit_once('=') {
        Some((name, value)) if is_secret(name) && !value.is_empty() => format!("{name}=…"),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_its_login_and_nothing_else() {
        for (url, shown) in [
            ("https://me:secret@forge.example/a:b@c", "https://forge.example/a:b@c"),
            ("https://ghp_token@forge.example", "https://forge.example"),
            ("https://forge.example/a", "https://forge.example/a"),
            ("ssh://git:secret@forge.example:22/a", "ssh://git@forge.example:22/a"),
            ("git@forge.example:me/x.git", "git@forge.example:me/x.git"),
            ("../bare", "../bare"),
        ] {
            assert_eq!(without_login(url), shown);
            assert_eq!(redact(url), shown);
        }
        assert_eq!(redact("see https://me@forge.example"), "see https://me@forge.example");
    }

    #[test]
    fn an_address_is_shown_without_secrets() {
        assert_eq!(
            shown_address("https://me:word@host.example/a?b=1&access_token=x"),
            "https://host.example/a?b=1&access_token=…"
        );
        assert_eq!(shown_address("nonsense"), "nonsense");
    }

    #[test]
    fn an_address_with_a_secret_is_told_from_one_without() {
        for address in [
            "https://me:hunter2@example.org/x.sh",
            "https://ghp_abc@example.org/x",
            "https://example.org/x.sh?v=1&access_token=abc",
            "ssh://git:secret@forge.example/a",
        ] {
            assert!(in_address(address), "{address}");
        }
        for address in [
            "https://example.org/x.sh?v=1",
            "https://example.org/a@b:c",
            "ssh://git@forge.example/a",
            "'see https://me:pw@example.org'",
            "see https://me:pw@example.org",
            "me:pw@x",
        ] {
            assert!(!in_address(address), "{address}");
        }
    }

    #[test]
    fn a_file_that_holds_a_secret_is_told_from_one_that_speaks_of_it() {
        for text in [
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n",
            "[wifi-security]\npsk=correct horse\n",
            "root:$y$j9T$abc$def:19000:0\n",
            "api_token: \"abc123x\"\n",
            "  \"password\": \"hunter2\",\n",
            "[Interface]\nPrivateKey = aGVsbG8=\n",
            "machine example.org login me password hunter2\n",
            "export API_TOKEN=abc123x\n",
            "[Service]\nEnvironment=\"A=b\" \"API_TOKEN=abc123x\"\n",
            "SMTP_PASS=hunter2",
            "password=${REGISTRY_PASSWORD:-hunter2}\n",
            "proxy=http://me:hunter2@proxy.example.org:3128\n",
        ] {
            assert!(in_text(text), "{text:?}");
        }
        for text in [
            "-----BEGIN CERTIFICATE-----\nMIIB\n",
            "PasswordAuthentication no\nPermitRootLogin prohibit-password\n",
            "# password = hunter2\n",
            "ask_password=true\npassword_min_length=12\n",
            "password-file = /run/secrets/x\n",
            "password    requisite    pam_pwquality.so retry=3\n",
            "net.ipv4.conf.all.rp_filter = 1\n",
            "ExecStart=/usr/bin/x --password=$PW --token-file=/run/x\n",
            "baseurl=https://example.org:8080/a@b:c\nurl = ssh://git@example.org/x:y@z\n",
            "proxy=http://${USER}:${PW}@proxy:3128\n",
            "bypass = localhost\n",
            "permissions:\n  id-token: write\n",
            "password=${REGISTRY_PASSWORD:-${CI_REGISTRY_PASSWORD:-}}\n",
        ] {
            assert!(!in_text(text), "{text:?}");
        }
    }
}
