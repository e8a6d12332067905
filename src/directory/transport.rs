//! Bytes over TCP, or over TLS. Each call has a deadline.
//! The tool's connections to sites are the same.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;

use crate::base::net::{self, Deadline, Stream};
use crate::directory::error::Error;
use crate::directory::tls::{CertificateCheck, Trust};

/// A connection to a controller, or to a site.
#[derive(Debug)]
pub struct Transport {
    stream: Stream,
    tls: Option<Box<TlsSession>>,
}

#[derive(Debug)]
struct TlsSession {
    connection: ClientConnection,
    check: Arc<CertificateCheck>,
}

impl Transport {
    /// Connects, from a local address or from one that the system chooses.
    ///
    /// # Errors
    /// No connection by the deadline.
    pub fn connect(
        source: Option<IpAddr>,
        peer: SocketAddr,
        deadline: Deadline,
    ) -> Result<Self, Error> {
        let stream = Stream::connect(source, peer, deadline)?;
        Ok(Self { stream, tls: None })
    }

    /// Begins TLS with the host of this name. Everything after it is encrypted. `protocols` are
    /// offered, best first (RFC 7301).
    ///
    /// # Errors
    /// The certificate is not trusted; or another failure of TLS or of the connection.
    pub fn start_tls(
        &mut self,
        name: &str,
        trust: &Trust,
        protocols: &[&[u8]],
        deadline: Deadline,
    ) -> Result<(), Error> {
        let (check, mut config) = CertificateCheck::new(trust)?;
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| Error::Tls(format!("{}: not a host's name", name.escape_debug())))?;
        let connection = ClientConnection::new(Arc::new(config), name)
            .map_err(|error| Error::Tls(error.to_string()))?;
        let mut session = Box::new(TlsSession { connection, check });
        while session.connection.is_handshaking() {
            session.flush(&mut self.stream, deadline)?;
            if session.connection.is_handshaking() {
                session.feed(&mut self.stream, deadline)?;
            }
        }
        session.flush(&mut self.stream, deadline)?;
        self.tls = Some(session);
        Ok(())
    }

    /// The protocol that the peer chose.
    pub fn protocol(&self) -> Option<Vec<u8>> {
        let tls = self.tls.as_ref()?;
        tls.connection.alpn_protocol().map(<[u8]>::to_vec)
    }

    /// The certificate that the peer proved to have, in DER.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        self.tls.as_ref().and_then(|tls| tls.check.presented())
    }

    /// Whether the connection is open and has nothing to read, as between two calls.
    pub fn is_quiet(&self) -> bool {
        self.stream.is_quiet()
    }

    /// Sends all bytes.
    ///
    /// # Errors
    /// The connection broke, or the deadline is over.
    pub fn send(&mut self, bytes: &[u8], deadline: Deadline) -> Result<(), Error> {
        let Some(tls) = &mut self.tls else {
            return Ok(self.stream.send(bytes, deadline)?);
        };
        tls.connection.writer().write_all(bytes).map_err(broken)?;
        tls.flush(&mut self.stream, deadline)
    }

    /// Waits for bytes; never empty.
    ///
    /// # Errors
    /// The connection ended or broke, or the deadline is over.
    pub fn receive(&mut self, deadline: Deadline) -> Result<Vec<u8>, Error> {
        let Some(tls) = &mut self.tls else {
            return Ok(self.stream.receive(deadline)?);
        };
        loop {
            let mut buffer = [0; 4096];
            match tls.connection.reader().read(&mut buffer) {
                Ok(0) => return Err(net::Error::Closed.into()),
                Ok(came) => return Ok(buffer.get(..came).unwrap_or_default().to_vec()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    tls.feed(&mut self.stream, deadline)?;
                }
                Err(error) => return Err(broken(error)),
            }
        }
    }
}

fn broken(error: io::Error) -> Error {
    net::Error::Broken(error).into()
}

impl TlsSession {
    /// Sends what TLS has to send.
    fn flush(&mut self, stream: &mut Stream, deadline: Deadline) -> Result<(), Error> {
        let mut records = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut records).map_err(broken)?;
        }
        Ok(stream.send(&records, deadline)?)
    }

    /// Waits for bytes, and gives them to TLS.
    fn feed(&mut self, stream: &mut Stream, deadline: Deadline) -> Result<(), Error> {
        let came = stream.receive(deadline)?;
        let mut rest = came.as_slice();
        while !rest.is_empty() {
            self.connection.read_tls(&mut rest).map_err(broken)?;
            if let Err(error) = self.connection.process_new_packets() {
                // The alert tells the controller; whether it arrives does not matter.
                let _lost = self.flush(stream, deadline);
                return Err(self.check.failed(&error));
            }
        }
        Ok(())
    }
}
