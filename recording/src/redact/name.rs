//! Which names are names of secrets: of options, variables, headers, fields.

/// What a name says of what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// Nothing.
    Plain,
    /// It may be a secret, and the word may as well stand in a sentence: `token: unexpected`.
    Vague,
    /// It is a secret.
    Secret,
}

/// What makes a name one of a secret when its last word ends with it: `password`, `PGPASSWORD`.
const ENDINGS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
];
/// The same, of a last word that is nothing but this.
const LAST: &[&str] = &[
    "pass",
    "dbpass",
    "userpass",
    "rootpass",
    "requirepass",
    "masterauth",
    "passin",
    "passout",
    "pwd",
    "dbpwd",
    "pw",
    "cookie",
    "sessionid",
    "sessid",
    "phpsessid",
    "jsessionid",
    "credential",
    "credentials",
    "jwt",
];
/// Those of both that also occur in sentences, when they stand alone.
const VAGUE: &[&str] = &["pass", "passwd", "pwd", "pw", "secret", "token", "cookie"];
/// Those that do so in company too.
const ALWAYS_VAGUE: &[&str] = &["credential", "credentials", "jwt"];
/// What stands in front of a `key` that is to be kept.
const KEY_OF: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "encryption",
    "signing",
    "master",
    "auth",
    "account",
    "service",
    "deploy",
    "license",
    "admin",
    "client",
    "subscription",
    "storage",
];
/// What stands in front of a `KEY` that is none: of tables and the like, or for everybody.
const OPEN_KEY_OF: &[&str] =
    &["public", "primary", "foreign", "sort", "partition", "cache", "index", "group", "hot", "registry", "routing"];
/// The shell's own: a directory.
const DIRECTORY: &[u8] = b"PWD";

/// What `name` is.
pub(super) fn of(name: &[u8]) -> Name {
    let words = words(name);
    let (last, before) = match words.as_slice() {
        [.., before, last] => (last.as_str(), Some(before.as_str())),
        [last] => (last.as_str(), None),
        [] => return Name::Plain,
    };
    if name == DIRECTORY {
        return Name::Plain;
    }
    if LAST.contains(&last) || ENDINGS.iter().any(|ending| last.ends_with(ending)) {
        let is_vague = ALWAYS_VAGUE.contains(&last) || before.is_none() && VAGUE.contains(&last);
        return if is_vague { Name::Vague } else { Name::Secret };
    }
    let is_variable = !name.iter().any(u8::is_ascii_lowercase);
    match (last, before) {
        ("key", Some(before)) if KEY_OF.contains(&before) => Name::Secret,
        ("key", Some(before)) if is_variable && !OPEN_KEY_OF.contains(&before) => Name::Secret,
        _ => Name::Plain,
    }
}

/// The words of `client-secret`, `CLIENT_SECRET`, `client.secret`, `clientSecret`, in lower case.
fn words(name: &[u8]) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for (i, byte) in name.iter().enumerate() {
        if !byte.is_ascii_alphanumeric() {
            words.push(std::mem::take(&mut word));
            continue;
        }
        let before = i.checked_sub(1).and_then(|i| name.get(i));
        let behind = name.get(i + 1);
        let begins = byte.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase() || before.is_ascii_uppercase() && behind.is_some_and(u8::is_ascii_lowercase)
            });
        if begins {
            words.push(std::mem::take(&mut word));
        }
        word.push(char::from(byte.to_ascii_lowercase()));
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}
