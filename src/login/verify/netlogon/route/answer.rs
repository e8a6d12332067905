//! What an answer says about the domain of its account.

use crate::base::name_case::alike;
use crate::base::sid::Sid;
use crate::dc::domains::Domain;
use crate::protocol::rpc::netlogon::sam_info::SamInfo4;

/// The DNS name of the domain, if the answer has one.
pub(super) fn dns_name(info: &SamInfo4) -> Option<&str> {
    Some(info.dns_logon_domain_name.as_str()).filter(|name| !name.is_empty())
}

/// The SID of the domain.
pub(super) fn domain_sid(info: &SamInfo4) -> Option<Sid> {
    info.sid.as_ref().and_then(Sid::domain)
}

/// Whether names and SID of the domain are all those of a row. The DNS name may be missing; at this
/// validation level no controller leaves the SID out.
pub(in crate::login::verify::netlogon) fn is_of_row(info: &SamInfo4, row: &Domain) -> bool {
    domain_sid(info).as_ref() == Some(&row.sid)
        && alike(&info.logon_domain_name, &row.netbios)
        && dns_name(info).is_none_or(|name| row.has_dns_name(name))
}

/// Whether any name, or the SID, of the domain is that of a row.
pub(super) fn touches_row(info: &SamInfo4, row: &Domain) -> bool {
    domain_sid(info).as_ref() == Some(&row.sid)
        || row.is_called(&info.logon_domain_name)
        || dns_name(info).is_some_and(|name| row.is_called(name))
}
