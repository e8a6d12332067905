//! A reader of the text exposition format of Prometheus. It refuses what `promtool check metrics`
//! refuses or warns of.

use std::collections::{BTreeMap, BTreeSet};

/// A line with a number.
#[derive(Debug, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// A metric that is described.
#[derive(Default)]
struct Metric {
    name: String,
    kind: String,
    /// The bound and the count of the last bucket.
    bucket: Option<(f64, f64)>,
}

/// All samples.
pub fn read(text: &str) -> Result<Vec<Sample>, String> {
    let mut samples: Vec<Sample> = Vec::new();
    let mut described = BTreeSet::new();
    let mut metric = Metric::default();
    let lines = text.strip_suffix('\n').ok_or("no end of the last line")?;
    for line in lines.split('\n') {
        let problem = |what: &str| format!("{what}: {line}");
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').ok_or_else(|| problem("no text"))?;
            if !is_name(name) || text.is_empty() || !described.insert(name.to_owned()) {
                return Err(problem("not a name, no text, or a second time"));
            }
            metric = Metric {
                name: name.to_owned(),
                ..Metric::default()
            };
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').ok_or_else(|| problem("no type"))?;
            if name != metric.name || !metric.kind.is_empty() {
                return Err(problem("not below its HELP"));
            }
            if name.ends_with("_total") != (kind == "counter") {
                return Err(problem("only names of counters end in _total"));
            }
            metric.kind = kind.to_owned();
        } else {
            let sample = sample(line).ok_or_else(|| problem("malformed"))?;
            metric.take(&sample).map_err(problem)?;
            let is_it =
                |other: &Sample| (&other.name, &other.labels) == (&sample.name, &sample.labels);
            if samples.iter().any(is_it) {
                return Err(problem("a second time"));
            }
            samples.push(sample);
        }
    }
    Ok(samples)
}

impl Metric {
    /// Takes a sample of this metric.
    fn take(&mut self, sample: &Sample) -> Result<(), &'static str> {
        let suffix = sample.name.strip_prefix(&self.name);
        match (self.kind.as_str(), suffix.ok_or("of another metric")?) {
            ("counter" | "gauge", "") => Ok(()),
            ("histogram", "_bucket") => {
                let bound = sample.labels.get("le").and_then(|bound| bound.parse().ok());
                let bucket = (bound.ok_or("no bound")?, sample.value);
                let last = self.bucket.replace(bucket).unwrap_or((f64::MIN, 0.0));
                match last.0 < bucket.0 && last.1 <= bucket.1 {
                    true => Ok(()),
                    false => Err("a bucket that is not above the last"),
                }
            }
            ("histogram", "_sum") => Ok(()),
            ("histogram", "_count") if self.bucket == Some((f64::INFINITY, sample.value)) => Ok(()),
            _ => Err("no such sample"),
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.chars().all(is_part) && text.starts_with(|letter: char| !letter.is_ascii_digit())
}

/// `NAME NUMBER` or `NAME{LABEL="…",LABEL="…"} NUMBER`.
fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            (is_name(label) && labels.insert(label.to_owned(), value).is_none()).then_some(())?;
            match after.strip_prefix(',') {
                Some(more) => rest = more,
                None => break rest = after.strip_prefix('}')?,
            }
        }
    }
    let value = rest.strip_prefix(' ')?.parse().ok()?;
    is_name(name).then(|| Sample {
        name: name.to_owned(),
        labels,
        value,
    })
}

/// A value up to its quote, and what follows the quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    loop {
        match letters.next()? {
            (end, '"') => return Some((value, &text[end + 1..])),
            (_, '\\') => value.push(match letters.next()?.1 {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            (_, letter) => value.push(letter),
        }
    }
}

#[test]
fn what_is_not_the_format_is_refused() {
    let head = "# HELP a_b text\n# TYPE a_b gauge\n";
    let of = |rest: &str| read(&format!("{head}{rest}"));
    assert_eq!(
        of("a_b{c=\"\\\\ \\\" \\n\",d=\"\"} 1\na_b 2\n")
            .unwrap()
            .len(),
        2
    );
    for bad in [
        "a_b 1",
        "a_b x\n",
        "a_b{} 1\n",
        "a_b{c=\"\\x\"} 1\n",
        "a_b{c=\"\"\"} 1\n",
        "a_b{c=\"\",c=\"\"} 1\n",
        "a_b{1c=\"\"} 1\n",
        "a_c 1\n",
        "a_b_sum 1\n",
        "a_b 1\na_b 2\n",
        "\n",
        "# TYPE a_b gauge\n",
        "# HELP a_b again\n",
        "# HELP a_total text\n# TYPE a_total gauge\n",
        "# HELP c\n",
    ] {
        assert!(of(bad).is_err(), "{bad}");
    }
    let head = "# HELP h text\n# TYPE h histogram\n";
    let of = |rest: &str| read(&format!("{head}{rest}"));
    let first = "h_bucket{le=\"1\"} 2\n";
    let last = "h_bucket{le=\"+Inf\"} 2\n";
    assert!(of(&format!("{first}{last}h_sum 1\nh_count 2\n")).is_ok());
    for bad in [
        format!("{first}h_count 2\n"),
        format!("{last}h_count 3\n"),
        format!("{last}{first}"),
        format!("{first}h_bucket{{le=\"+Inf\"}} 1\n"),
        "h_bucket 1\n".to_owned(),
        "h 1\n".to_owned(),
    ] {
        assert!(of(&bad).is_err(), "{bad}");
    }
}
