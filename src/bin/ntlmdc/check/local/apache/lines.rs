//! The lines of a file of Apache's configuration (server/util.c, ap_cfg_getline and
//! ap_getword_conf).

use std::collections::BTreeMap;

/// A line: a directive, or the beginning or the end of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigLine {
    /// Counted from 1: where it begins.
    pub number: usize,
    pub kind: LineKind,
    /// The directive or section, in small letters.
    pub name: String,
    /// What follows the name, as it is written.
    pub raw: String,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    Directive,
    Begin,
    End,
}

/// The lines of a file, without comments, with continued lines joined.
pub fn lines(text: &str) -> Vec<ConfigLine> {
    let mut found = Vec::new();
    let mut joined = String::new();
    let mut first = 0;
    for (index, line) in text.lines().enumerate() {
        if joined.is_empty() {
            first = index + 1;
        }
        if let Some(part) = line.strip_suffix('\\') {
            joined.push_str(part);
            continue;
        }
        joined.push_str(line);
        found.extend(config_line(&joined, first));
        joined.clear();
    }
    found.extend(config_line(&joined, first));
    found
}

fn config_line(line: &str, number: usize) -> Option<ConfigLine> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (kind, line) = match (line.strip_prefix("</"), line.strip_prefix('<')) {
        (Some(rest), _) => (LineKind::End, rest.strip_suffix('>').unwrap_or(rest)),
        (None, Some(rest)) => (LineKind::Begin, rest.strip_suffix('>').unwrap_or(rest)),
        (None, None) => (LineKind::Directive, line),
    };
    let (name, raw) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    Some(ConfigLine {
        number,
        kind,
        name: name.to_lowercase(),
        raw: raw.trim().to_owned(),
    })
}

/// The words of an argument: quoted ones without their quotes.
pub fn words(raw: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = raw.trim_start();
    while !rest.is_empty() {
        let (word, after) = word(rest);
        words.push(word);
        rest = after.trim_start();
    }
    words
}

fn word(text: &str) -> (String, &str) {
    let quote = text.chars().next().filter(|first| "\"'".contains(*first));
    let body = match quote {
        Some(_) => text.get(1..).unwrap_or_default(),
        None => text,
    };
    let mut word = String::new();
    let mut letters = body.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let is_end = quote.map_or(letter.is_whitespace(), |quote| letter == quote);
        if is_end {
            return (word, body.get(at + letter.len_utf8()..).unwrap_or_default());
        }
        let next = letters.peek().map(|(_, next)| *next);
        let is_escape =
            letter == '\\' && next.is_some_and(|next| next == '\\' || Some(next) == quote);
        match is_escape {
            true => word.extend(letters.next().map(|(_, next)| next)),
            false => word.push(letter),
        }
    }
    (word, "")
}

/// The text with `${NAME}` replaced by values; unknown names stay.
pub fn with_values(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        done.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            done.push_str("${");
            rest = after;
            continue;
        };
        match values.get(name) {
            Some(value) => done.push_str(value),
            None => {
                done.push_str("${");
                done.push_str(name);
                done.push('}');
            }
        }
        rest = behind;
    }
    done + rest
}

/// The variables that a shell file such as /etc/apache2/envvars sets, without those that are
/// computed.
pub fn variables(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        // $SUFFIX is empty, but for a second instance of Apache.
        let value = value.trim_matches(['"', '\'']).replace("$SUFFIX", "");
        if !name.is_empty() && name.chars().all(is_name) && !value.contains(['$', '`']) {
            found.insert(name.to_owned(), value);
        }
    }
    found
}

/// The variables that a systemd unit sets (systemd.exec(5), Environment=).
pub fn unit_variables(text: &str) -> BTreeMap<String, String> {
    let lines = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Environment="));
    let settings = lines.flat_map(words);
    let pairs = settings.filter_map(|setting| {
        let (name, value) = setting.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continued_lines_are_one() {
        let text = "# a\n\n  Header always set X \\\n   \"y z\"\n<If \"a\">\n</If>\nEnd\\";
        let found = lines(text);
        let shown: Vec<_> = found
            .iter()
            .map(|line| {
                (
                    line.number,
                    line.kind,
                    line.name.as_str(),
                    line.raw.as_str(),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                (3, LineKind::Directive, "header", "always set X    \"y z\""),
                (5, LineKind::Begin, "if", "\"a\""),
                (6, LineKind::End, "if", ""),
                (7, LineKind::Directive, "end", ""),
            ]
        );
    }

    #[test]
    fn words_lose_quotes_and_one_half_of_their_escapes() {
        let text = r#"user EXAMPLE\\a "b \"c\" \d" 'e\'f' "open"#;
        assert_eq!(
            words(text),
            ["user", r"EXAMPLE\a", r#"b "c" \d"#, "e'f", "open"]
        );
        assert!(words("  ").is_empty());
    }

    #[test]
    fn variables_of_a_unit() {
        let text = "[Service]\nEnvironment=\"A=b c\" D=e\nEnvironmentFile=/x\n Environment=F=g=h\n";
        let shown: Vec<_> = unit_variables(text).into_iter().collect();
        let expected = [("A", "b c"), ("D", "e"), ("F", "g=h")];
        assert_eq!(
            shown,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn values_of_variables() {
        let values =
            variables("export A=/a$SUFFIX\nB='b c'\n: ${C:=x}\nexport D=$(id)\nif x; then\n");
        assert_eq!(values.len(), 2, "{values:?}");
        assert_eq!(with_values("${A}/${B} ${C} ${", &values), "/a/b c ${C} ${");
    }
}
