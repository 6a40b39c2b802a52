//! Options that mean a password to one program, and something else to others: `curl -u user:…`.

use std::ops::Range;

/// Where an option's secret stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// It is the next argument, or stands behind the option's letter.
    Value,
    /// It stands behind the option's letter, and the option may as well have none.
    Glued,
    /// It is what stands behind this byte in the value.
    Behind(u8),
}

/// The options of some programs.
struct Habit {
    programs: &'static [&'static str],
    /// What must be among the arguments in front.
    verb: Option<&'static str>,
    options: &'static [&'static str],
    form: Form,
}

const fn habit(programs: &'static [&'static str], options: &'static [&'static str], form: Form) -> Habit {
    Habit { programs, verb: None, options, form }
}

/// As their manuals have it.
const HABITS: &[Habit] = &[
    habit(&["curl"], &["-u", "-U", "--user", "--proxy-user"], Form::Behind(b':')),
    habit(&["smbclient", "rpcclient"], &["-U", "--user"], Form::Behind(b'%')),
    habit(&["mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump", "mariadb-admin"], &["-p"], Form::Glued),
    habit(&["sshpass", "mongo", "mongosh", "mongodump", "mongorestore"], &["-p"], Form::Value),
    habit(&["redis-cli", "valkey-cli"], &["-a"], Form::Value),
    habit(&["ldapsearch", "ldapmodify", "ldapadd", "ldapdelete", "ldapwhoami", "ldappasswd"], &["-w"], Form::Value),
    habit(&["sqlcmd", "mosquitto_pub", "mosquitto_sub", "ipmitool", "zip", "unzip"], &["-P"], Form::Value),
    habit(&["openssl"], &["-K", "-pass"], Form::Value),
    Habit {
        verb: Some("login"),
        ..habit(&["docker", "podman", "nerdctl", "buildah", "skopeo", "crane"], &["-p"], Form::Value)
    },
];

/// Reads the arguments of one program, one after the other.
#[derive(Default)]
pub(super) struct Arguments<'a> {
    seen: Vec<&'a [u8]>,
    /// Those of the program; most have none.
    habits: Vec<&'static Habit>,
    /// What the next argument is.
    next: Option<Form>,
}

impl<'a> Arguments<'a> {
    /// Takes the next argument, the program's name first; gives what of it is a secret.
    pub(super) fn take(&mut self, argument: &'a [u8]) -> Option<Range<usize>> {
        if self.seen.is_empty() {
            let program = argument.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            let of_it = |habit: &&Habit| habit.programs.iter().any(|name| name.as_bytes() == program);
            self.habits = HABITS.iter().filter(of_it).collect();
        } else if self.habits.is_empty() {
            return None;
        }
        let expected = self.next.take();
        let found = match expected {
            Some(form) => secret(argument, 0, form),
            None => self.option(argument),
        };
        self.seen.push(argument);
        found
    }

    fn option(&mut self, argument: &[u8]) -> Option<Range<usize>> {
        for habit in &self.habits {
            if habit.verb.is_some_and(|verb| !self.seen.contains(&verb.as_bytes())) {
                continue;
            }
            for option in habit.options {
                let Some(rest) = argument.strip_prefix(option.as_bytes()) else { continue };
                let is_long = option.len() > 2;
                if rest.is_empty() {
                    self.next = (habit.form != Form::Glued).then_some(habit.form);
                    return None;
                }
                if !is_long || rest.starts_with(b"=") {
                    return secret(argument, option.len() + usize::from(is_long), habit.form);
                }
            }
        }
        None
    }
}

/// What of the value that begins at `from` is secret.
fn secret(argument: &[u8], from: usize, form: Form) -> Option<Range<usize>> {
    let from = match form {
        Form::Value | Form::Glued => from,
        Form::Behind(sign) => from + argument.get(from..)?.iter().position(|byte| *byte == sign)? + 1,
    };
    (from < argument.len()).then_some(from..argument.len())
}
