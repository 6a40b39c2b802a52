//! Shapes that secrets have by themselves, and where they stand in headers and addresses.

use super::{Text, assign};
use regex::bytes::{Regex, RegexSet};
use std::ops::Range;

/// What a match's groups have captured is a secret, or all of it where it has none.
const SHAPES: &[&str] = &[
    // `Authorization: Bearer …`: the scheme may stay.
    r#"(?i-u)\b(?:proxy-)?authorization\\?["']?[ \t]*[:=][ \t]*\\?["']?(?:(?:basic|bearer|token|negotiate|apikey)[ \t]+([^\s"',;\\]+)|([^\r\n"']+))"#,
    // Schemes with fields of their own, which stand in quotes.
    r#"(?i-u)\b(?:proxy-)?authorization:[ \t]*(?:digest|aws4-[a-z0-9-]+|oauth|hawk|signature)[ \t]+([^\r\n]+)"#,
    r#"(?i-u)\bbearer[ \t]+([a-z0-9._~+/=-]{8,})"#,
    // `Cookie: …`, `Set-Cookie: …`
    r#"(?i-u)\b(?:set-)?cookie2?["']?:[ \t]*([^\r\n']+)"#,
    // `scheme://user:password@host`, `scheme://token@host`
    r#"(?i-u)\b[a-z][a-z0-9+.-]*://[^\s/?#"'@:]*:([^\s/?#"']+)@"#,
    r#"(?i-u)\bhttps?://([^\s/?#"'@:]{20,})(?::[^\s/?#"'@]*)?@"#,
    // Signed addresses.
    r#"(?i-u)[?&;](?:sig|signature|x-(?:amz|goog)-(?:signature|credential)|awsaccesskeyid|code|auth)=([^&\s"'#]+)"#,
    // `<password>…</password>`, a field of a form, `"auth": "…"` of a registry.
    r#"(?i-u)<[a-z0-9:._-]*(?:password|passwd|passphrase|secret|token|apikey|api-key)>([^<]+)"#,
    r#"(?i-u)name="[^"\r\n]*(?:password|passwd|passphrase|secret|token)"\r\n\r\n([^\r\n]+)"#,
    r#"(?i-u)"_?auth\\?"[ \t]*:[ \t]*\\?"([^"\\]+)"#,
    // SQL, `.netrc`, and logging in to FTP, POP3 and Redis.
    r#"(?i-u)\b(?:password|identified(?:[ \t]+with[ \t]+\S+)?[ \t]+(?:by|as))[ \t]+'((?:[^'\\]|\\.|'')*)"#,
    r"(?i-u)\blogin[ \t]+\S+[ \t\r\n]+password[ \t]+(\S+)",
    r"(?m-u)^PASS ([^\r\n]+)\r\n",
    r"(?i-u)\r\nAUTH\r\n\$\d+\r\n([^\r\n]+)(?:\r\n\$\d+\r\n([^\r\n]+))?",
    // What single programs mean by an option (see `program`), within a script.
    r#"(?-u)\bcurl[ \t](?:[^\n;|&]*?[ \t])?(?:-u|-U|--user|--proxy-user)[ \t=]?["']?[^\s:"']*:([^\s"']+)"#,
    r#"(?-u)\b(?:mysql|mariadb)[a-z-]*[ \t](?:[^\n;|&]*?[ \t])?-p(?:["']([^"']+)|([^\s"']+))"#,
    r#"(?-u)\b(?:sshpass[ \t]+-p|redis-cli[ \t](?:[^\n;|&]*?[ \t])?-a)[ \t]*(?:["']([^"']+)|([^\s"']+))"#,
    // AWS: ids of access keys. Their other half is found by its name.
    r"(?-u)\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})\b",
    // JSON Web Tokens, signed or encrypted.
    r"(?-u)\b(eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){2,4})",
    // GitHub, GitLab, Slack, Google, Stripe, npm, PyPI, Docker, DigitalOcean, Hugging Face, OpenAI and
    // the like, Vault, SendGrid, age.
    r"(?-u)\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})",
    r"(?-u)\b(gl(?:pat|ptt|dt|rt|cbt|ft|soat|agent)-[A-Za-z0-9_.-]{16,})",
    r"(?-u)\b(xox[abeoprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,})|hooks\.slack\.com/services/([A-Za-z0-9/]+)",
    r"(?-u)\b(AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_.-]{16,})",
    r"(?-u)\b((?:[sr]k_(?:live|test)|whsec|npm|dop_v1|dckr_pat|hf)_[A-Za-z0-9_-]{16,})",
    r"(?-u)\b(pypi-[A-Za-z0-9_-]{32,}|sk-[A-Za-z0-9_-]{20,}|hv[sb]\.[A-Za-z0-9_-]{16,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|AGE-SECRET-KEY-1[A-Z0-9]{16,})",
    // Telegram's bots, Discord's webhooks.
    r"(?-u)\bbot\d{6,}:([A-Za-z0-9_-]{30,})|/api/webhooks/\d+/([A-Za-z0-9_-]{30,})",
    // Hashes of passwords, as crypt(5) has them.
    r"(?-u)(\$(?:1|2[abxy]|5|6|7|y|gy|argon2(?:id|i|d))\$[./A-Za-z0-9,=$+-]{20,}[./A-Za-z0-9=])",
    // Private keys, to their end or that of the text.
    r"(?s-u)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END|\z)",
    // The same in base64, as a kubeconfig has it: of no, RSA's, EC's and OpenSSH's name.
    r"(?-u)(LS0tLS1CRUdJTiB(?:QUklWQVRF|SU0EgUFJJVkFURS|FQyBQUklWQVRF|PUEVOU1NI)[A-Za-z0-9+/=]*)",
];

/// Beginnings of the same at the end of a text that was cut.
const CUT_SHAPES: &[&str] = &[
    r#"(?i-u)\b[a-z][a-z0-9+.-]*://[^\s/?#"'@:]*:([^\s/?#"'@]+)\z"#,
    r#"(?i-u)\bhttps?://([^\s/?#"'@:]+)\z"#,
    r"(?i-u)\bbearer[ \t]+([a-z0-9._~+/=-]+)\z",
    r"(?-u)\bbot\d{6,}:([A-Za-z0-9_-]+)\z|/api/webhooks/\d+/([A-Za-z0-9_-]+)\z",
    r"(?-u)\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]*|eyJ[A-Za-z0-9_.-]*)\z",
    r"(?-u)\b((?:gh[pousr]_|github_pat_|gl[a-z]+-|xox[abeoprs]-|xapp-|AIza|ya29\.|[sr]k_(?:live|test)_|npm_|pypi-|sk-|hv[sb]\.|SG\.|hf_|dop_v1_|dckr_pat_|whsec_|AGE-SECRET-KEY-)[A-Za-z0-9_.-]*)\z",
    r"(?-u)(\$(?:1|2[abxy]|5|6|7|y|gy|argon2(?:id|i|d))\$[./A-Za-z0-9,=$+-]*)\z",
];

/// The line that a text begins within, whose beginning nobody knows, and the lines of a key behind it: all of it may be
/// the rest of a secret. In a string of JSON a line ends by its escape.
const REST_SHAPES: &[&str] = &[
    r"(?s-u)\A((?:[^\\\r\n]|\\[^nr]|\\\z)+(?:(?:[\r\n]|\\[nr])+(?:[A-Za-z0-9+/=]|\\/){16,})*)(?:[\r\n]|\\[nr]|\z)",
    r"(?s-u)\A((?:(?:[\r\n]|\\[nr])+(?:[A-Za-z0-9+/=]|\\/){16,})+)(?:[\r\n]|\\[nr]|\z)",
    r"(?s-u)\A(.+?)-----END [A-Z0-9 ]*PRIVATE KEY",
];

/// The shapes, compiled.
#[derive(Clone, Debug)]
pub(super) struct Shapes {
    /// Which of the others match at all: most texts hold none. The candidates for assignments come first.
    which: RegexSet,
    candidate: Regex,
    shapes: Vec<Regex>,
    cut_shapes: Vec<Regex>,
    rest_shapes: Vec<Regex>,
}

impl Shapes {
    pub(super) fn new() -> Result<Self, regex::Error> {
        let compiled = |patterns: &[&str]| patterns.iter().map(|pattern| Regex::new(pattern)).collect::<Result<_, _>>();
        Ok(Self {
            which: RegexSet::new([assign::CANDIDATE].iter().chain(SHAPES))?,
            candidate: Regex::new(assign::CANDIDATE)?,
            shapes: compiled(SHAPES)?,
            cut_shapes: compiled(CUT_SHAPES)?,
            rest_shapes: compiled(REST_SHAPES)?,
        })
    }

    /// Appends where in `string` there are secrets.
    pub(super) fn find(&self, string: &[u8], text: Text, found: &mut Vec<Range<usize>>) {
        let cut_shapes = if text.is_cut { &*self.cut_shapes } else { &[] };
        let rest_shapes = if text.is_rest { &*self.rest_shapes } else { &[] };
        for shape in cut_shapes.iter().chain(rest_shapes) {
            captured(shape, string, found);
        }
        if !self.which.is_match(string) {
            return;
        }
        for index in self.which.matches(string) {
            match index.checked_sub(1).map(|index| self.shapes.get(index)) {
                Some(Some(shape)) => captured(shape, string, found),
                Some(None) => {}
                None => {
                    let candidates = self.candidate.find_iter(string);
                    found.extend(candidates.filter_map(|found| assign::value(string, found.range(), text)));
                }
            }
        }
    }
}

/// Appends what the groups of `pattern` have captured in `string`; the whole match where they have
/// captured nothing.
pub(super) fn captured(pattern: &Regex, string: &[u8], found: &mut Vec<Range<usize>>) {
    for captures in pattern.captures_iter(string) {
        let known = found.len();
        found.extend(captures.iter().skip(1).flatten().map(|group| group.range()).filter(|range| !range.is_empty()));
        if found.len() == known {
            found.extend(captures.get(0).map(|whole| whole.range()).filter(|range| !range.is_empty()));
        }
    }
}
