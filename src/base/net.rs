//! TCP and UDP, with a deadline on every wait.
//! Blocking calls on the caller's thread. None waits beyond its deadline.

use std::io::{self, Read, Write};
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The moment at which a wait ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The moment that long from now.
    pub fn after(duration: Duration) -> Self {
        let now = Instant::now();
        // The longest duration of the configuration, a day, cannot overflow the clock.
        Self(now.checked_add(duration).unwrap_or(now))
    }

    /// The earlier of this deadline and the moment that long from now.
    #[must_use]
    pub fn or_after(self, duration: Duration) -> Self {
        self.min(Self::after(duration))
    }

    /// The time left. `None` when it is over.
    pub fn remaining(self) -> Option<Duration> {
        self.0
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())
    }

    fn left(self) -> Result<Duration, Error> {
        self.remaining().ok_or(Error::Timeout)
    }
}

/// Why sending or receiving failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The connection was not established.
    #[error("no connection: {0}")]
    Connect(io::Error),
    /// The deadline is over.
    #[error("no answer in time")]
    Timeout,
    /// The peer closed the connection.
    #[error("the connection was closed")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    /// The bytes are not a message of the expected kind, for this reason.
    #[error("{0}")]
    Unframed(String),
}

impl Error {
    fn of_io(error: io::Error) -> Self {
        match error.kind() {
            // The time limit of a socket; which of the two depends on the system.
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Timeout,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Broken(error),
        }
    }
}

/// A TCP connection. Closed when dropped.
#[derive(Debug)]
pub struct Stream {
    socket: TcpStream,
    /// The socket's time limit for each wait, if it was set.
    limit: Option<Duration>,
    /// Bytes that were received and not returned yet.
    unread: Vec<u8>,
}

impl Stream {
    /// The longest wait between two looks at the clock. While more than that is left of a deadline,
    /// the socket's time limit is not changed: most logins set none.
    const LONGEST_WAIT: Duration = Duration::from_secs(1);
    /// How many bytes are read at once: a PDU with some dozen groups.
    const AT_ONCE: usize = 2048;

    /// Connects from a local address of the same family, or one that the system chooses. Small
    /// messages are sent immediately (TCP_NODELAY).
    ///
    /// # Errors
    /// [`Error::Connect`], also when the deadline ends the attempt or the address is not ours;
    /// [`Error::Timeout`] if the deadline is over before it begins; [`Error::Broken`].
    pub fn connect(
        source: Option<IpAddr>,
        peer: SocketAddr,
        deadline: Deadline,
    ) -> Result<Self, Error> {
        let left = deadline.left()?;
        let connect = || {
            let socket = Self::socket(source, peer)?;
            socket.connect_timeout(&peer.into(), left)?;
            Ok(TcpStream::from(socket))
        };
        Self::connected(connect().map_err(Error::Connect)?)
    }

    fn socket(source: Option<IpAddr>, peer: SocketAddr) -> io::Result<socket2::Socket> {
        let domain = socket2::Domain::for_address(peer);
        let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
        if let Some(source) = source {
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        Ok(socket)
    }

    fn connected(socket: TcpStream) -> Result<Self, Error> {
        socket.set_nodelay(true).map_err(Error::Broken)?;
        Ok(Self {
            socket,
            limit: None,
            unread: Vec::new(),
        })
    }

    /// Sends all of `bytes`.
    ///
    /// # Errors
    /// [`Error::Timeout`], [`Error::Closed`], [`Error::Broken`].
    pub fn send(&mut self, bytes: &[u8], deadline: Deadline) -> Result<(), Error> {
        let mut rest = bytes;
        while !rest.is_empty() {
            self.limit_wait(deadline)?;
            match self.socket.write(rest) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(Error::of_io(error)),
            }
        }
        Ok(())
    }

    /// Reads one message. `length` gets its first `HEADER` bytes, and gives or refuses its length.
    ///
    /// # Errors
    /// [`Error::Unframed`] with the error of `length`; [`Error::Timeout`], [`Error::Closed`],
    /// [`Error::Broken`].
    pub fn message<const HEADER: usize, E: ToString>(
        &mut self,
        length: impl FnOnce(&[u8; HEADER]) -> Result<usize, E>,
        deadline: Deadline,
    ) -> Result<Vec<u8>, Error> {
        let header = loop {
            match self.unread.first_chunk() {
                Some(header) => break header,
                None => self.read(deadline)?,
            }
        };
        let length = length(header).map_err(|error| Error::Unframed(error.to_string()))?;
        let length = length.max(HEADER);
        while self.unread.len() < length {
            self.read(deadline)?;
        }
        let rest = self.unread.split_off(length);
        Ok(mem::replace(&mut self.unread, rest))
    }

    /// Waits until bytes have come, and returns them.
    ///
    /// # Errors
    /// [`Error::Timeout`], [`Error::Closed`], [`Error::Broken`].
    pub fn receive(&mut self, deadline: Deadline) -> Result<Vec<u8>, Error> {
        if self.unread.is_empty() {
            self.read(deadline)?;
        }
        Ok(mem::take(&mut self.unread))
    }

    /// Waits for bytes and reads them.
    fn read(&mut self, deadline: Deadline) -> Result<(), Error> {
        let mut buffer = [0; Self::AT_ONCE];
        loop {
            self.limit_wait(deadline)?;
            match self.socket.read(&mut buffer) {
                Ok(0) => return Err(Error::Closed),
                Ok(came) => {
                    let came = buffer.get(..came).unwrap_or_default();
                    self.unread.extend_from_slice(came);
                    return Ok(());
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(Error::of_io(error)),
            }
        }
    }

    /// Limits the next wait to the time that is left.
    fn limit_wait(&mut self, deadline: Deadline) -> Result<(), Error> {
        let limit = Some(deadline.left()?.min(Self::LONGEST_WAIT));
        if self.limit != limit {
            let socket = &self.socket;
            socket.set_read_timeout(limit).map_err(Error::Broken)?;
            socket.set_write_timeout(limit).map_err(Error::Broken)?;
            self.limit = limit;
        }
        Ok(())
    }

    /// Whether the connection is open and has nothing to read, as between two calls.
    pub fn is_quiet(&self) -> bool {
        let without_waiting = libc::MSG_PEEK | libc::MSG_DONTWAIT;
        let peeked = socket2::SockRef::from(&self.socket)
            .recv_with_flags(&mut [MaybeUninit::uninit()], without_waiting);
        let nothing = matches!(&peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        nothing && self.unread.is_empty()
    }
}

/// A TCP connection that the system is about to make. Given up when dropped.
#[derive(Debug)]
pub struct Connecting(socket2::Socket);

impl Connecting {
    /// Begins to connect, as [`Stream::connect`] does, and does not wait.
    ///
    /// # Errors
    /// [`Error::Connect`].
    pub fn begin(source: Option<IpAddr>, peer: SocketAddr) -> Result<Self, Error> {
        let begin = || {
            let socket = Stream::socket(source, peer)?;
            socket.set_nonblocking(true)?;
            match socket.connect(&peer.into()) {
                Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
                _ => Ok(Self(socket)),
            }
        };
        begin().map_err(Error::Connect)
    }

    /// Waits until the connection is there.
    ///
    /// # Errors
    /// As [`Stream::connect`].
    pub fn finish(self, deadline: Deadline) -> Result<Stream, Error> {
        let Self(socket) = self;
        loop {
            let left = deadline.left()?;
            let patience = Timespec::try_from(left).ok();
            let mut wanted = [PollFd::new(&socket, PollFlags::OUT)];
            match poll(&mut wanted, patience.as_ref()) {
                Ok(0) => return Err(Error::Connect(io::ErrorKind::TimedOut.into())),
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(Error::Connect(error.into())),
            }
        }
        let failed = socket.take_error().map_err(Error::Connect)?;
        failed.map_or(Ok(()), |error| Err(Error::Connect(error)))?;
        socket.set_nonblocking(false).map_err(Error::Connect)?;
        Stream::connected(socket.into())
    }
}

/// Whether a wait was ended by a signal or its time limit, and may be repeated if time is left.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
    )
}

/// A UDP socket on a port that the system chooses. Closed when dropped.
#[derive(Debug)]
pub struct Datagrams(UdpSocket);

impl Datagrams {
    /// A socket for one peer: it receives from no other.
    ///
    /// # Errors
    /// [`Error::Connect`].
    pub fn connected(peer: SocketAddr) -> Result<Self, Error> {
        let any = match peer {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let socket = Self::bound(any)?;
        socket.0.connect(peer).map_err(Error::Connect)?;
        Ok(socket)
    }

    /// A socket for every peer of the address family of `source`.
    ///
    /// # Errors
    /// [`Error::Connect`]: the address is not ours, or the system has none of that family.
    pub fn bound(source: IpAddr) -> Result<Self, Error> {
        let socket = UdpSocket::bind(SocketAddr::new(source, 0)).map_err(Error::Connect)?;
        Ok(Self(socket))
    }

    /// Sends to the peer of [`Datagrams::connected`].
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Broken`], [`Error::Timeout`].
    pub fn send(&self, bytes: &[u8]) -> Result<(), Error> {
        self.0.send(bytes).map(drop).map_err(Error::of_io)
    }

    /// Sends to this peer.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Broken`], [`Error::Timeout`].
    pub fn send_to(&self, bytes: &[u8], peer: SocketAddr) -> Result<(), Error> {
        self.0.send_to(bytes, peer).map(drop).map_err(Error::of_io)
    }

    /// The next datagram and its sender. A datagram that is longer than `buffer` is cut.
    ///
    /// # Errors
    /// [`Error::Timeout`]; [`Error::Broken`], also if the port of a connected peer is closed.
    pub fn receive<'a>(
        &self,
        buffer: &'a mut [u8],
        deadline: Deadline,
    ) -> Result<(&'a [u8], SocketAddr), Error> {
        loop {
            let limit = Some(deadline.left()?);
            self.0.set_read_timeout(limit).map_err(Error::Broken)?;
            match self.0.recv_from(buffer) {
                Ok((length, peer)) => return Ok((buffer.get(..length).unwrap_or_default(), peer)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::of_io(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
