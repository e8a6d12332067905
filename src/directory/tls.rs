//! Which certificate of a controller is accepted.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use crate::base::config::ServerTrust;
use crate::base::file;
use crate::base::fingerprint::Fingerprint;
use crate::directory::distrust::Distrust;
use crate::directory::error::Error;

/// What makes a certificate acceptable.
#[derive(Clone, Debug)]
pub enum Trust {
    /// An authority that the host trusts, and the controller's name.
    System,
    /// One of these authorities, and the controller's name.
    Authorities(Authorities),
    /// It is this certificate.
    Pin(Fingerprint),
}

/// Authorities, read and ready for a check.
#[derive(Clone, Debug)]
pub struct Authorities {
    certificates: Arc<[CertificateDer<'static>]>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Authorities {
    fn new(certificates: Vec<CertificateDer<'static>>) -> Result<Self, Error> {
        let verifier = verifier(&certificates)?;
        Ok(Self {
            certificates: certificates.into(),
            verifier,
        })
    }

    /// Whether one of them has this fingerprint.
    pub fn has(&self, fingerprint: Fingerprint) -> bool {
        let mut all = self.certificates.iter();
        all.any(|certificate| Fingerprint::of(certificate) == fingerprint)
    }
}

impl Trust {
    /// That of a configuration. Reads the file of its authorities, or those of the host.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn of(config: &ServerTrust) -> Result<Self, String> {
        let told = |path: &Path, problem: String| format!("{}: {problem}", path.display());
        match config {
            ServerTrust::Pin(fingerprint) => Ok(Self::Pin(*fingerprint)),
            ServerTrust::System => Authorities::new(of_the_system())
                .map(Self::Authorities)
                .map_err(|error| error.to_string()),
            ServerTrust::Authorities(path) => file::read(path, MAX_BUNDLE)
                .map_err(|error| error.to_string())
                .and_then(|(pem, _)| Self::of_pem(&pem))
                .map_err(|problem| told(path, problem)),
        }
    }

    /// The authorities of a PEM file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of_pem(pem: &[u8]) -> Result<Self, String> {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match all {
            Ok(all) if all.is_empty() => Err("no certificate in PEM form".to_owned()),
            Ok(all) => Authorities::new(all)
                .map(Self::Authorities)
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Checks a controller's certificate, and keeps it.
#[derive(Debug)]
pub(super) struct CertificateCheck {
    authorities: Option<Arc<WebPkiServerVerifier>>,
    pin: Option<Fingerprint>,
    provider: Arc<CryptoProvider>,
    presented: Mutex<Option<Vec<u8>>>,
}

impl CertificateCheck {
    /// The check, and the configuration of a connection that makes it.
    ///
    /// # Errors
    /// There is no authority that can be used.
    pub(super) fn new(trust: &Trust) -> Result<(Arc<Self>, ClientConfig), Error> {
        let provider = Arc::new(ring::default_provider());
        let (authorities, pin) = match trust {
            Trust::Pin(pin) => (None, Some(*pin)),
            Trust::Authorities(given) => (Some(Arc::clone(&given.verifier)), None),
            Trust::System => (Some(verifier(&of_the_system())?), None),
        };
        let check = Arc::new(Self {
            authorities,
            pin,
            provider: Arc::clone(&provider),
            presented: Mutex::new(None),
        });
        let verifier: Arc<dyn ServerCertVerifier> = Arc::clone(&check) as _;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Tls(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok((check, config))
    }

    /// The certificate that the controller sent, in DER.
    pub(super) fn presented(&self) -> Option<Vec<u8>> {
        let presented = self.presented.lock();
        presented.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The error of a handshake, with the fingerprint if the certificate is the reason.
    pub(super) fn failed(&self, error: &rustls::Error) -> Error {
        match (error, self.presented()) {
            (rustls::Error::InvalidCertificate(reason), Some(certificate)) => Error::Untrusted {
                fingerprint: Fingerprint::of(&certificate),
                reason: Distrust::from(reason),
            },
            _ => Error::Tls(error.to_string()),
        }
    }
}

/// Where systems keep the authorities that they trust, in one file: Debian, Fedora, SUSE, Alpine.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
const MAX_BUNDLE: u64 = 8 << 20;

/// The authorities that the host trusts. The environment has no say: it may be another user's.
fn of_the_system() -> Vec<CertificateDer<'static>> {
    let read = |path: &&str| file::read_system(Path::new(path), MAX_BUNDLE).ok();
    let bundle = BUNDLES.iter().find_map(read).unwrap_or_default();
    CertificateDer::pem_slice_iter(&bundle).flatten().collect()
}

fn verifier(authorities: &[CertificateDer<'static>]) -> Result<Arc<WebPkiServerVerifier>, Error> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    // A host may have authorities of a kind that is not understood here.
    roots.add_parsable_certificates(authorities.iter().cloned());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| Error::Tls(format!("no usable certificate authority: {error}")))
}

impl ServerCertVerifier for CertificateCheck {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut presented = self
            .presented
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *presented = Some(end_entity.to_vec());
        drop(presented);
        match (&self.authorities, self.pin) {
            (Some(authorities), _) => authorities.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
            (None, Some(pin)) if Fingerprint::of(end_entity) == pin => {
                Ok(ServerCertVerified::assertion())
            }
            (None, _) => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        assert!(Trust::of_pem(b"no certificate").is_err());
        let damaged = b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n";
        assert!(Trust::of_pem(damaged).is_err());
    }

    #[test]
    fn no_authority_is_an_error() {
        assert!(matches!(Authorities::new(Vec::new()), Err(Error::Tls(_))));
    }
}
