//! Our own domain, and those whose users may log in.

use crate::base::config::{self, DomainName};
use crate::base::name_case::alike;
use crate::base::sid::Sid;
use crate::protocol::rpc::netlogon::domain_trusts::{
    DIRECT_OUTBOUND, DomainTrust, FOREST_TRANSITIVE, IN_FOREST, PRIMARY,
};

/// How a domain is related to ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Our own domain.
    Ours,
    /// A domain of our own forest.
    InForest,
    /// The root of a trusted forest: it answers for the domains below its DNS name as well.
    ForestRoot,
    /// A trusted domain that answers for itself only.
    External,
}

/// One domain: NetBIOS name, DNS name and SID. None of them is accepted without the other two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its NetBIOS name.
    pub netbios: String,
    /// Its DNS name; an NT 4 domain has none.
    pub dns: Option<String>,
    /// Its security identifier.
    pub sid: Sid,
    /// How it is related to ours.
    pub kind: Kind,
    /// Further suffixes of its users' principal names, from the configuration.
    pub upn_suffixes: Vec<DomainName>,
}

impl Domain {
    /// True for either of its names.
    pub fn is_called(&self, name: &str) -> bool {
        alike(name, &self.netbios) || self.has_dns_name(name)
    }

    /// True for its DNS name.
    pub fn has_dns_name(&self, name: &str) -> bool {
        self.dns.as_deref().is_some_and(|dns| alike(dns, name))
    }

    /// True if `name` is a DNS name below this domain's.
    pub fn is_above(&self, name: &str) -> bool {
        self.dns.as_deref().is_some_and(|dns| is_below(name, dns))
    }

    /// True if the two share a name or the identifier.
    pub fn overlaps(&self, other: &Self) -> bool {
        let shares_dns = other.dns.as_deref().is_some_and(|dns| self.is_called(dns));
        self.sid == other.sid || self.is_called(&other.netbios) || shares_dns
    }

    fn is_same(&self, other: &Self) -> bool {
        let has_same_dns = match (&self.dns, &other.dns) {
            (Some(one), Some(other)) => alike(one, other),
            (None, None) => true,
            _ => false,
        };
        self.sid == other.sid && alike(&self.netbios, &other.netbios) && has_same_dns
    }
}

/// True if `name` is at least a label, a dot, and `domain`.
pub fn is_below(name: &str, domain: &str) -> bool {
    let mut dots = name.match_indices('.').filter(|(at, _)| *at > 0);
    dots.any(|(at, _)| name.get(at + 1..).is_some_and(|rest| alike(rest, domain)))
}

/// The list of a controller of ours, with the additions of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domains {
    ours: Domain,
    others: Vec<Domain>,
}

impl Domains {
    /// Takes over a controller's list. Left out are rows without a NetBIOS name or a SID (no NTLM
    /// answer can be about them), and rows that share a name or the SID with a row before them.
    ///
    /// # Errors
    /// The list is not about the domain that is configured, by its DNS name and its SID.
    pub fn new(trusts: Vec<DomainTrust>, config: &config::Netlogon) -> Result<Self, String> {
        let mut ours = None;
        let mut others = Vec::new();
        for row in trusts.into_iter().filter_map(domain) {
            match row.kind {
                Kind::Ours if ours.is_some() => return Err("it has two domains as its own".into()),
                Kind::Ours => ours = Some(row),
                _ => others.push(row),
            }
        }
        let ours = ours.ok_or("its own domain is not in it")?;
        if !ours.has_dns_name(&config.domain) {
            let dns = ours.dns.as_deref().unwrap_or_default();
            return Err(format!(
                "its own domain is \"{dns}\", not {}",
                config.domain
            ));
        }
        if let Some(sid) = config.sid.as_ref().filter(|sid| **sid != ours.sid) {
            return Err(format!(
                "its own domain has the SID {}, and `sid` of {} is {sid}",
                ours.sid, config.domain
            ));
        }
        let mut list = Self {
            ours,
            others: Vec::new(),
        };
        for row in others {
            if !list.iter().any(|known| known.overlaps(&row)) {
                list.others.push(row);
            }
        }
        for written in &config.trusted_domains {
            list.add(written.into());
        }
        Ok(list)
    }

    /// Adds a domain of the configuration, unless it contradicts the list.
    fn add(&mut self, written: Domain) {
        if let Some(row) = self.others.iter_mut().find(|row| row.is_same(&written)) {
            row.upn_suffixes = written.upn_suffixes;
        } else if !self.iter().any(|row| row.overlaps(&written)) {
            self.others.push(written);
        }
    }

    /// Our own domain.
    pub fn ours(&self) -> &Domain {
        &self.ours
    }

    /// The domain of this name, else the nearest above it, whose controllers are asked.
    pub fn leads_to(&self, name: &str) -> Option<&Domain> {
        let called = self.iter().find(|row| row.is_called(name));
        called.or_else(|| self.nearest_above(name))
    }

    /// The domain with the longest DNS name above this name: a trusted forest may lie below
    /// another.
    pub fn nearest_above(&self, name: &str) -> Option<&Domain> {
        let above = self.iter().filter(|row| row.is_above(name));
        above.max_by_key(|row| row.dns.as_ref().map_or(0, String::len))
    }

    /// All of them, our own first.
    pub fn iter(&self) -> impl Iterator<Item = &Domain> {
        std::iter::once(&self.ours).chain(&self.others)
    }
}

impl From<&config::TrustedDomain> for Domain {
    fn from(written: &config::TrustedDomain) -> Self {
        Self {
            netbios: written.netbios.as_str().to_owned(),
            dns: Some(written.dns.clone()),
            sid: written.sid.clone(),
            kind: Kind::External,
            upn_suffixes: written.upn_suffixes.clone(),
        }
    }
}

/// `None` for a row that no answer can be checked against, or of a domain that ours does not trust.
fn domain(row: DomainTrust) -> Option<Domain> {
    let kind = match row.flags {
        flags if flags & PRIMARY != 0 => Kind::Ours,
        flags if flags & IN_FOREST != 0 => Kind::InForest,
        flags if flags & DIRECT_OUTBOUND == 0 => return None,
        _ if row.attributes & FOREST_TRANSITIVE != 0 => Kind::ForestRoot,
        _ => Kind::External,
    };
    Some(Domain {
        netbios: row.netbios_name?,
        dns: row.dns_name,
        sid: row.sid.filter(Sid::is_domain)?,
        kind,
        upn_suffixes: Vec::new(),
    })
}
