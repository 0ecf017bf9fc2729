//! OpenPGP keyrings in one spelling, so that a manifest's key can be compared with what flatpak keeps.
//!
//! Importing a key adds trust packets and may write packet headers anew; the packets themselves stay as they are.
//! The format is RFC 9580, section 4.

/// Tags of the packets a public key is made of: key, subkey, user id, user attribute, signature.
const KEPT: [u8; 5] = [6, 14, 13, 17, 2];
/// The tag of a public key, with which a keyring starts.
const PUBLIC_KEY: u8 = 6;

/// A keyring's packets, without those of one machine's trust, in base64; `None` where it is no public keyring.
pub fn canonical(keyring: &[u8]) -> Option<String> {
    let mut rest = keyring;
    let mut keys: Vec<Vec<u8>> = Vec::new();
    while !rest.is_empty() {
        let (tag, body, after) = packet(rest)?;
        rest = after;
        if tag == PUBLIC_KEY {
            keys.push(Vec::new());
        }
        if KEPT.contains(&tag) {
            let key = keys.last_mut()?;
            key.extend([0xc0 | tag, 0xff]);
            key.extend(u32::try_from(body.len()).ok()?.to_be_bytes());
            key.extend(body);
        }
    }
    if keys.is_empty() {
        return None;
    }
    keys.sort();
    keys.dedup();
    Some(glib::base64_encode(&keys.concat()).to_string())
}

/// [`canonical`] of a key in base64 or in ASCII armour.
pub fn canonical_text(text: &str) -> Option<String> {
    let base64 = match text.trim().strip_prefix("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
        Some(armour) => {
            let (block, _) = armour.split_once("-----END")?;
            // Headers end at a blank line; the line that starts with “=” is a checksum.
            let lines: Vec<&str> = block.lines().map(str::trim).collect();
            let headers = lines.iter().rposition(|line| line.contains(": ")).map_or(0, |at| at + 1);
            lines[headers..].iter().filter(|line| !line.starts_with('=')).copied().collect()
        }
        None => text.to_owned(),
    };
    let base64: String = base64.split_ascii_whitespace().collect();
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    if base64.is_empty() || !base64.bytes().all(is_base64) {
        return None;
    }
    canonical(&glib::base64_decode(&base64))
}

/// The first packet's tag and body, and what follows.
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (tag, length, rest) = match first {
        0xc0.. => {
            let (one, rest) = rest.split_first()?;
            let (length, rest) = match one {
                0..192 => (usize::from(*one), rest),
                192..224 => {
                    let (two, rest) = rest.split_first()?;
                    (((usize::from(*one) - 192) << 8) + usize::from(*two) + 192, rest)
                }
                255 => number(rest, 4)?,
                // Partial lengths are for data, not for keys.
                _ => return None,
            };
            (first & 0x3f, length, rest)
        }
        0x80.. => {
            let (length, rest) = match first & 3 {
                0 => number(rest, 1)?,
                1 => number(rest, 2)?,
                2 => number(rest, 4)?,
                _ => return None,
            };
            ((first >> 2) & 0x0f, length, rest)
        }
        _ => return None,
    };
    Some((tag, rest.get(..length)?, &rest[length..]))
}

fn number(bytes: &[u8], length: usize) -> Option<(usize, &[u8])> {
    let value = bytes.get(..length)?.iter().fold(0, |value, byte| value << 8 | usize::from(*byte));
    Some((value, &bytes[length..]))
}
