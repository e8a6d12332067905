//! The keys about TLS to a directory.

use std::path::PathBuf;

use serde::Deserialize;

use super::values::deserialize_from_str;
use crate::base::fingerprint::Fingerprint;

/// What makes the certificate of a controller acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerTrust {
    /// An authority that the host trusts, and the controller's name.
    System,
    /// An authority of this PEM file, and the controller's name.
    Authorities(PathBuf),
    /// It is the certificate with this fingerprint.
    Pin(Fingerprint),
}

/// When TLS begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsStart {
    /// With the first byte, on port 636.
    #[default]
    Ldaps,
    /// On port 389, after a question.
    StartTls,
}

/// TLS to a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// When it begins.
    pub start: TlsStart,
    /// What makes the certificate acceptable.
    pub trust: ServerTrust,
}

/// The keys about TLS as written in the file.
pub(super) struct TlsKeys {
    pub(super) tls: Option<TlsStart>,
    pub(super) authorities: Option<PathBuf>,
    pub(super) certificate: Option<Fingerprint>,
}

impl TlsKeys {
    /// `None` without TLS.
    pub(super) fn tls(self) -> Result<Option<Tls>, String> {
        let is_trust_given = self.authorities.is_some() || self.certificate.is_some();
        match self.tls {
            None if is_trust_given => {
                Err("authorities, certificate: they are for `tls`, which is not set".to_owned())
            }
            None => Ok(None),
            Some(start) => Ok(Some(Tls {
                start,
                trust: trust(self.authorities, self.certificate)?,
            })),
        }
    }
}

/// What of the two keys makes a certificate acceptable.
pub(super) fn trust(
    authorities: Option<PathBuf>,
    certificate: Option<Fingerprint>,
) -> Result<ServerTrust, String> {
    match (authorities, certificate) {
        (None, None) => Ok(ServerTrust::System),
        (Some(path), None) => Ok(ServerTrust::Authorities(path)),
        (None, Some(certificate)) => Ok(ServerTrust::Pin(certificate)),
        (Some(_), Some(_)) => Err(
            "authorities, certificate: the one accepts every certificate of an authority, the \
             other a single one; write one of them"
                .to_owned(),
        ),
    }
}

deserialize_from_str!(Fingerprint);
