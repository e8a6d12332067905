//! The servers of a configuration, and the sections that ask for a login by GSSAPI.

use super::tree::{ConfigTree, Directive};

/// Sections that part a server into places, each with directives of its own.
const PLACES: [&str; 12] = [
    "location",
    "locationmatch",
    "directory",
    "directorymatch",
    "files",
    "filesmatch",
    "proxy",
    "proxymatch",
    "if",
    "elseif",
    "else",
    "virtualhost",
];

/// A virtual host, or the whole of a configuration without any.
pub struct WebServer<'a> {
    /// Its name, for texts.
    pub name: String,
    /// Lines outside of sections: the main server's, then its own.
    main: Vec<&'a Directive>,
    own: Vec<&'a Directive>,
    pub places: Vec<WebPlace<'a>>,
}

/// A section, within those around it.
pub struct WebPlace<'a> {
    /// From the outermost to the section itself.
    pub sections: Vec<&'a Directive>,
    /// Its lines, without those of sections in it that are places too.
    pub lines: Vec<&'a Directive>,
}

/// The servers of a configuration.
pub fn servers(tree: &ConfigTree) -> Vec<WebServer<'_>> {
    let (main, main_places) = parted(&tree.top);
    let hosts = main_places
        .iter()
        .filter(|place| is_host(place) && place.sections.len() == 1);
    let mut servers: Vec<WebServer> = hosts
        .map(|host| WebServer {
            name: host_name(host),
            main: main.clone(),
            own: host.lines.clone(),
            places: places_of(&tree.top, host.sections.first().copied()),
        })
        .collect();
    if servers.is_empty() {
        servers.push(WebServer {
            name: "the server".to_owned(),
            main,
            own: Vec::new(),
            places: places_of(&tree.top, None),
        });
    }
    servers
}

/// The places of the main server, and of one virtual host.
fn places_of<'a>(top: &'a [Directive], host: Option<&'a Directive>) -> Vec<WebPlace<'a>> {
    let (_, mut places) = parted(top);
    places.retain(|place| {
        place
            .sections
            .iter()
            .all(|section| section.name != "virtualhost")
    });
    let inner = host.and_then(|host| host.children.as_ref());
    places.extend(inner.into_iter().flat_map(|lines| parted(lines).1));
    places
}

fn is_host(place: &WebPlace) -> bool {
    let last = place.sections.last();
    last.is_some_and(|section| section.name == "virtualhost")
}

fn host_name(host: &WebPlace) -> String {
    let name = host.lines.iter().find(|line| line.name == "servername");
    let address = host
        .sections
        .first()
        .map_or("", |section| section.raw.as_str());
    match name {
        Some(name) => format!("{} ({address})", name.word()),
        None => format!("<VirtualHost {address}>"),
    }
}

/// The lines outside of places, and the places. The tree's depth is bounded.
fn parted(lines: &[Directive]) -> (Vec<&Directive>, Vec<WebPlace<'_>>) {
    let mut plain = Vec::new();
    let mut places = Vec::new();
    for line in lines {
        let Some(children) = &line.children else {
            plain.push(line);
            continue;
        };
        let (inner, below) = parted(children);
        let is_place = PLACES.contains(&line.name.as_str());
        if is_place {
            places.push(WebPlace {
                sections: vec![line],
                lines: inner,
            });
        } else {
            // RequireAny, Limit and the like belong to the place around them.
            plain.extend(inner);
        }
        places.extend(below.into_iter().map(|mut place| {
            if is_place {
                place.sections.insert(0, line);
            }
            place
        }));
    }
    (plain, places)
}

impl<'a> WebServer<'a> {
    /// All lines with this name outside of places: the server's own, or else the main server's.
    pub fn all(&self, name: &str) -> Vec<&'a Directive> {
        let of = |lines: &[&'a Directive]| -> Vec<&'a Directive> {
            lines
                .iter()
                .copied()
                .filter(|line| line.name == name)
                .collect()
        };
        match of(&self.own) {
            own if own.is_empty() => of(&self.main),
            own => own,
        }
    }

    /// The line with this name that counts.
    pub fn last(&self, name: &str) -> Option<&'a Directive> {
        self.all(name).pop()
    }

    /// Each line of the server, of the main server and of the places.
    pub fn every_line(&self) -> impl Iterator<Item = &'a Directive> + '_ {
        let inner = self.places.iter().flat_map(|place| &place.lines);
        self.main.iter().chain(&self.own).chain(inner).copied()
    }

    /// The places that take NTLM: a login by GSSAPI that belongs to its connection.
    pub fn ntlm_places(&self) -> impl Iterator<Item = &WebPlace<'a>> {
        self.places
            .iter()
            .filter(|place| place.is_bound() && self.is_gssapi(place))
    }

    /// Whether requests to this place are logged in by GSSAPI.
    pub fn is_gssapi(&self, place: &WebPlace) -> bool {
        let own = place.last("authtype");
        let outer = || {
            self.covering(place)
                .filter_map(|outer| outer.last("authtype"))
                .last()
        };
        own.or_else(outer)
            .is_some_and(|kind| kind.word().eq_ignore_ascii_case("gssapi"))
    }

    /// The places that cover this one, those that count most last.
    pub fn covering<'b>(
        &'b self,
        inner: &'b WebPlace<'a>,
    ) -> impl Iterator<Item = &'b WebPlace<'a>> {
        let before = self
            .places
            .iter()
            .take_while(move |place| !std::ptr::eq(*place, inner));
        // A section comes before those in it.
        before.filter(move |outer| outer.covers(inner))
    }
}

impl<'a> WebPlace<'a> {
    /// How it is written.
    pub fn title(&self) -> String {
        let titles = self.sections.iter().map(|section| {
            let text: String = section.raw.chars().take(40).collect();
            let is_cut = text.len() < section.raw.len();
            let name = match section.name.as_str() {
                "if" => "If",
                "elseif" => "ElseIf",
                "else" => "Else",
                "location" => "Location",
                "directory" => "Directory",
                other => other,
            };
            format!("<{name} {text}{}>", if is_cut { "…" } else { "" })
        });
        titles.collect::<Vec<_>>().join(" ")
    }

    /// Where it begins.
    pub fn place(&self) -> String {
        self.sections
            .last()
            .map_or_else(String::new, |section| section.place())
    }

    /// The line with this name that counts.
    pub fn last(&self, name: &str) -> Option<&'a Directive> {
        self.lines.iter().copied().rfind(|line| line.name == name)
    }

    /// The lines of mod_auth_gssapi.
    pub fn gssapi_lines(&self) -> impl Iterator<Item = &'a Directive> + '_ {
        self.lines
            .iter()
            .copied()
            .filter(|line| line.name.starts_with("gssapi"))
    }

    /// Whether logins belong to their connection: without that, there is no NTLM.
    pub fn is_bound(&self) -> bool {
        self.last("gssapiconnectionbound")
            .is_some_and(Directive::is_on)
    }

    /// Whether user and password are taken, as for Basic.
    pub fn has_basic(&self) -> bool {
        self.last("gssapibasicauth").is_some_and(Directive::is_on)
    }

    /// The mechanisms that are named; none: all that there are.
    pub fn mechanisms(&self) -> Vec<&'a str> {
        let lines = self
            .gssapi_lines()
            .filter(|line| line.name == "gssapiallowedmech");
        lines.map(Directive::word).collect()
    }

    /// Whether NTLM is among the mechanisms that are named.
    pub fn names_ntlm(&self) -> bool {
        self.mechanisms().contains(&"ntlmssp")
    }

    /// Whether Kerberos is taken, with a keytab.
    pub fn has_keytab(&self) -> bool {
        let stores = self
            .gssapi_lines()
            .filter(|line| line.name == "gssapicredstore");
        let mut keytabs = stores.filter(|line| line.word().starts_with("keytab:"));
        let mechanisms = self.mechanisms();
        keytabs.next().is_some() && (mechanisms.is_empty() || mechanisms.contains(&"krb5"))
    }

    /// Whether what is said here counts there too.
    fn covers(&self, inner: &WebPlace) -> bool {
        let is_around = inner.sections.len() > self.sections.len()
            && self
                .sections
                .iter()
                .zip(&inner.sections)
                .all(|(one, two)| std::ptr::eq(*one, *two));
        let [outer_section] = self.sections.as_slice() else {
            return is_around;
        };
        let Some(inner_section) = inner.sections.first() else {
            return false;
        };
        let is_path = ["location", "directory"].contains(&outer_section.name.as_str());
        is_around
            || (is_path
                && outer_section.name == inner_section.name
                && is_below(inner_section.word(), outer_section.word()))
    }
}

fn is_below(path: &str, above: &str) -> bool {
    let above = above.trim_end_matches('/');
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
