//! TCP and UDP with a deadline on every wait.
//!
//! Blocking calls of the standard library, on the caller's thread; none waits for longer than is left
//! of its deadline.

use std::io::{self, Read, Write};
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The moment by which something must be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// That long from now.
    pub fn after(duration: Duration) -> Self {
        let now = Instant::now();
        // A day is the longest that the configuration takes: far from what the clock can count.
        Self(now.checked_add(duration).unwrap_or(now))
    }

    /// This one, or that long from now, whichever is earlier.
    #[must_use]
    pub fn or_after(self, duration: Duration) -> Self {
        self.min(Self::after(duration))
    }

    /// The time left; none when it is over.
    pub fn remaining(self) -> Option<Duration> {
        self.0
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())
    }

    fn left(self) -> Result<Duration, Error> {
        self.remaining().ok_or(Error::Timeout)
    }
}

/// Why nothing was sent, or nothing came.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody took the connection.
    #[error("no connection: {0}")]
    Connect(io::Error),
    /// The deadline is over.
    #[error("no answer in time")]
    Timeout,
    /// The other side has closed the connection.
    #[error("the connection was closed")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    /// What came is no message of the expected kind; the text says why.
    #[error("{0}")]
    Unframed(String),
}

impl Error {
    fn of_io(error: io::Error) -> Self {
        match error.kind() {
            // What a time limit of a socket gives, by the system.
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
    /// What came and was not asked for yet.
    unread: Vec<u8>,
}

impl Stream {
    /// The longest wait between two looks at the clock. As long as more than that is left of a
    /// deadline, the socket's time limit stays as it is: a login sets none.
    const LONGEST_WAIT: Duration = Duration::from_secs(1);
    /// How much is read at once, in bytes: a PDU with some dozen groups in it.
    const AT_ONCE: usize = 2048;

    /// Connects; from a local address of the same family, or one of the system's choice. Small
    /// messages are sent at once (TCP_NODELAY).
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

    /// Reads one message whose first `HEADER` bytes tell its length; `length` reads it out of them,
    /// and bounds it.
    ///
    /// # Errors
    /// [`Error::Unframed`] with the words of `length`; [`Error::Timeout`], [`Error::Closed`],
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

    /// Reads what is there, once something is.
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

    /// Sees to it that the next wait ends before the deadline does.
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

    /// Whether the connection is open and nothing has come: as it is between a call and the next.
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

/// A UDP socket with a port of the system's choice. Closed when dropped.
#[derive(Debug)]
pub struct Datagrams(UdpSocket);

impl Datagrams {
    /// Talks to one peer; what others send does not arrive.
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

    /// Talks to anybody of the family of `source`.
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

    /// Sends to anybody.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Broken`], [`Error::Timeout`].
    pub fn send_to(&self, bytes: &[u8], peer: SocketAddr) -> Result<(), Error> {
        self.0.send_to(bytes, peer).map(drop).map_err(Error::of_io)
    }

    /// The next datagram, and who sent it. Of one that is longer than `buffer`, the rest is lost.
    ///
    /// # Errors
    /// [`Error::Timeout`]; [`Error::Broken`], also when nobody listens at a connected peer.
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
