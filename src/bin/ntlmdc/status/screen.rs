//! A page of 80 columns.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anstyle::{AnsiColor, Style};
use gss_ntlmdc::base::counters::{ProcessEntry, Total};
use gss_ntlmdc::base::fault::Minor;

use super::facts::{DomainFacts, Facts};

/// The columns of the page.
pub const WIDTH: usize = 80;
/// How many refusals and processes are shown.
const MOST_ROWS: usize = 10;

/// The page, with colours, which go away where the output is no terminal.
pub fn text(facts: &Facts) -> String {
    let mut page = Page(String::new());
    heading(&mut page, facts);
    logins(&mut page, facts);
    refusals(&mut page, facts);
    if !facts.domains.is_empty() {
        page.line("", "");
        controllers(&mut page, facts);
    }
    guesses(&mut page, facts);
    processes(&mut page, facts);
    page.0
}

struct Page(String);

impl Page {
    /// A line with a name in the left column.
    fn line(&mut self, name: &str, value: &str) {
        self.styled(name, value, Style::new());
    }

    fn styled(&mut self, name: &str, value: &str, style: Style) {
        let bold = Style::new().bold();
        let room = WIDTH - 12;
        let value = cut(value, room);
        // Writing into a string does not fail.
        let _ok = match value.is_empty() && name.is_empty() {
            true => writeln!(self.0),
            false => writeln!(self.0, "{bold}{name:<11}{bold:#} {style}{value}{style:#}"),
        };
    }

    fn wrong(&mut self, name: &str, value: &str) {
        self.styled(name, value, AnsiColor::Red.on_default().bold());
    }
}

/// A text of at most so many letters.
fn cut(text: &str, room: usize) -> String {
    match text.char_indices().nth(room) {
        None => text.to_owned(),
        Some(_) => text.chars().take(room - 1).chain(['…']).collect(),
    }
}

fn heading(page: &mut Page, facts: &Facts) {
    let time = UNIX_EPOCH.checked_add(Duration::from_secs(facts.now));
    let time = humantime::format_rfc3339_seconds(time.unwrap_or_else(SystemTime::now));
    let place = facts.directory.display().to_string();
    let room = WIDTH - 12 - 22;
    let place = cut(&place, room);
    page.line("ntlmdc", &format!("{place:<room$}  {time}"));
    page.line("", "");
    if facts.is_new {
        page.line(
            "Logins",
            "none was counted yet: the first one makes the file",
        );
    }
}

fn logins(page: &mut Page, facts: &Facts) {
    if facts.is_new {
        return;
    }
    let counters = &facts.counters;
    let total = |total| counters.total(total);
    let since = age(facts.now, counters.made());
    let last = match total(Total::LastAccepted) {
        0 => "none yet".to_owned(),
        last => format!("the last {} ago", age(facts.now, last)),
    };
    let (accepted, refused) = (counters.accepted(), counters.refused());
    page.line(
        "Logins",
        &format!("{accepted} accepted, {last}; {refused} refused; within {since}"),
    );
    let (sent, answered) = (total(Total::Challenges), total(Total::ChallengesAnswered));
    page.line("Challenges", &format!("{sent} sent, {answered} answered"));
    let percentile = |hundredths| match counters.percentile(hundredths) {
        Some(bound) => format!("{hundredths} % within {}", duration(bound)),
        None => format!("{hundredths} % within -"),
    };
    let percentiles = [50, 95, 99].map(percentile);
    page.line("Time", &percentiles.join(", "));
}

fn refusals(page: &mut Page, facts: &Facts) {
    let counted = facts.counters.refusals().filter(|(_, count)| *count > 0);
    let mut counted: Vec<(u32, u64)> = counted.collect();
    if counted.is_empty() {
        return;
    }
    counted.sort_by_key(|(code, count)| (u64::MAX - count, *code));
    page.line("", "");
    let mut name = "Refused";
    for (code, count) in counted.iter().take(MOST_ROWS) {
        let text = Minor::from_code(*code).map_or("a code of another version", Minor::text);
        page.line(name, &format!("{count:>8}  {code:08x}  {text}"));
        name = "";
    }
    if let Some(more) = counted
        .len()
        .checked_sub(MOST_ROWS)
        .filter(|more| *more > 0)
    {
        page.line("", &format!("          and {more} other codes: see --json"));
    }
}

fn controllers(page: &mut Page, facts: &Facts) {
    let domains: Vec<&str> = facts.domains.iter().map(|one| one.name.as_str()).collect();
    page.line("Domain", &domains.join(", "));
    if let Some((code, processes)) = facts.outage() {
        let text = Minor::from_code(code).map_or("no controller answers", Minor::text);
        let outage = format!("refused in {} since {text}", counted(processes, "process"));
        page.wrong("Outage", &outage);
    }
    let mut name = "Controller";
    for one in facts.in_use().iter().take(MOST_ROWS) {
        let (since, last) = (age(facts.now, one.since), age(facts.now, one.last));
        let processes = counted(one.processes, "process");
        let text = format!("{} for {since}, {processes}, {last} ago", one.address);
        page.line(name, &text);
        name = "";
    }
    if facts.in_use().is_empty() {
        page.line(name, "none has answered a process that runs");
    }
    let failures = facts.domains.iter().flat_map(|one| &one.state.failures);
    for (controller, ago) in failures.take(MOST_ROWS) {
        let ago = span(ago.as_secs());
        page.wrong("", &format!("{controller} failed {ago} ago, comes last"));
    }
    questions(page, facts);
    for domain in &facts.domains {
        secrets(page, facts, domain);
    }
}

fn questions(page: &mut Page, facts: &Facts) {
    let total = |total| facts.counters.total(total);
    let questions = format!(
        "{} answered, {} failed, {} moved on; {} opened",
        total(Total::QuestionsAnswered),
        total(Total::QuestionsFailed),
        total(Total::Failovers),
        counted(total(Total::ChannelsOpened), "channel"),
    );
    page.line("Questions", &questions);
    let connections = facts.sum(|entry| entry.connections);
    let waiting = facts.sum(|entry| entry.waiting);
    let queue = format!(
        "{} waiting for {}",
        counted(waiting, "login"),
        counted(connections, "connection")
    );
    page.line("Queue", &queue);
}

fn secrets(page: &mut Page, facts: &Facts, domain: &DomainFacts) {
    let mut name = "Key";
    for (controller, agreed) in domain.state.keys.iter().take(MOST_ROWS) {
        let old = age(facts.now, u64::from(*agreed));
        page.line(name, &format!("{controller}: {old} old"));
        name = "";
    }
    if domain.state.keys.is_empty() {
        page.line(name, "none is stored");
    }
    let old = match domain.secret_changed {
        Some(changed) => format!("changed {} ago", age(facts.now, changed)),
        None => "it cannot be looked at".to_owned(),
    };
    page.line("Secret", &format!("{old}: {}", domain.secret.display()));
}

fn guesses(page: &mut Page, facts: &Facts) {
    let Some(guesses) = &facts.guesses else {
        return;
    };
    let limit = guesses.limit;
    let text = match guesses.accounts {
        Some((at_limit, wrong)) => format!(
            "{} at the limit of {limit}, {wrong} with wrong passwords",
            counted(at_limit, "account")
        ),
        None => format!("no file yet, or each process counts alone; the limit is {limit}"),
    };
    page.line("Guesses", &text);
}

fn processes(page: &mut Page, facts: &Facts) {
    page.line("", "");
    if facts.processes.is_empty() {
        page.line("Processes", "none that runs has handled a login");
        return;
    }
    page.line(
        "Process",
        " accepted   refused  connections  waiting       since  controller",
    );
    for entry in facts.processes.iter().take(MOST_ROWS) {
        page.line(&format!("{:>7}", entry.process), &row(facts, entry));
    }
    let more = facts.processes.len().checked_sub(MOST_ROWS);
    if let Some(more) = more.filter(|more| *more > 0) {
        page.line("", &format!("and {more} others: see --json"));
    }
    let without = facts.counters.total(Total::WithoutEntry);
    if without > 0 {
        let text = format!(
            "{} found no row; totals have them",
            counted(without, "process")
        );
        page.line("", &text);
    }
}

fn row(facts: &Facts, entry: &ProcessEntry) -> String {
    let controller = match (&entry.outage, entry.controller) {
        (Some(_), _) => "outage".to_owned(),
        (None, Some(controller)) => controller.address.to_string(),
        (None, None) => "-".to_owned(),
    };
    let since = age(facts.now, entry.since);
    format!(
        "{:>9} {:>9} {:>12} {:>8} {since:>11}  {controller}",
        entry.accepted, entry.refused, entry.connections, entry.waiting
    )
}

/// A number and what is counted, in the plural if need be.
fn counted(number: impl TryInto<u64>, what: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    match (number, what) {
        (1, _) => format!("1 {what}"),
        (_, "process") => format!("{number} processes"),
        _ => format!("{number} {what}s"),
    }
}

/// How long ago a time was.
fn age(now: u64, then: u64) -> String {
    span(now.saturating_sub(then))
}

/// A number of seconds in the largest unit that keeps two digits.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A bound of the histogram.
fn duration(microseconds: u64) -> String {
    match microseconds {
        0..1_000 => format!("{microseconds} µs"),
        1_000..1_000_000 => format!("{} ms", microseconds / 1_000),
        _ => format!("{} s", microseconds / 1_000_000),
    }
}
