//! One socket, plain or TLS, on which everything has an absolute deadline.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How much later than its deadline a wait may end; spares a system call for each read of a trickle.
const SLACK: Duration = Duration::from_millis(50);

/// A socket with a deadline for all that is done on it until the next one is set.
pub(super) struct Sock {
    socket: Arc<TcpStream>,
    end: Instant,
    // What SO_RCVTIMEO and SO_SNDTIMEO are. They are only changed when they would let a wait last too long; one that
    // ends too early is repeated. So a client that keeps its connection busy costs no system call for them.
    receive: Duration,
    send: Duration,
    stall: Duration,
}

impl Sock {
    /// `stall` is the SO_SNDTIMEO inherited from the listener, and the longest wait for a client to take anything at all,
    /// since what the kernel buffers counts as taken. Nothing may be inherited for reading: SO_RCVTIMEO on the listener
    /// makes `accept` itself time out.
    pub(super) fn new(socket: Arc<TcpStream>, stall: Duration) -> Sock {
        Sock { socket, end: Instant::now(), receive: Duration::MAX, send: stall, stall }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Sock {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let left = self.left()?;
            if self.receive > left + SLACK {
                self.socket.set_read_timeout(Some(left))?;
                self.receive = left;
            }
            match (&*self.socket).read(into) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.receive = Duration::MAX,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

impl Write for Sock {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        loop {
            let left = self.left()?.min(self.stall);
            if self.send > left + SLACK {
                self.socket.set_write_timeout(Some(left))?;
                self.send = left;
            }
            match (&*self.socket).write(from) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock && self.send >= left => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.send = Duration::MAX,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a connection speaks over its socket.
pub(super) enum Wire {
    Plain(Sock),
    #[cfg(feature = "tls")]
    Tls(Box<rustls::StreamOwned<rustls::ServerConnection, Sock>>),
}

impl Wire {
    fn sock(&mut self) -> &mut Sock {
        match self {
            Wire::Plain(sock) => sock,
            #[cfg(feature = "tls")]
            Wire::Tls(stream) => &mut stream.sock,
        }
    }

    pub(super) fn secure(&self) -> bool {
        !matches!(self, Wire::Plain(_))
    }

    /// Everything from now on must be done at `end`.
    pub(super) fn until(&mut self, end: Instant) {
        self.sock().end = end;
    }

    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(sock) => sock.read(into),
            #[cfg(feature = "tls")]
            Wire::Tls(stream) => stream.read(into),
        }
    }

    /// Writes and sends all of it.
    pub(super) fn send(&mut self, from: &[u8]) -> io::Result<()> {
        match self {
            Wire::Plain(sock) => sock.write_all(from),
            #[cfg(feature = "tls")]
            Wire::Tls(stream) => stream.write_all(from).and_then(|()| stream.flush()),
        }
    }

    /// Says goodbye, then swallows what the client still sends, up to `most` bytes: closing a socket with unread bytes
    /// sends RST, which may destroy the answer before the client has read it.
    pub(super) fn linger(&mut self, most: usize) {
        #[cfg(feature = "tls")]
        if let Wire::Tls(stream) = self {
            stream.conn.send_close_notify();
            let _ = stream.flush(); // the connection ends either way
        }
        let sock = self.sock();
        let _ = sock.socket.shutdown(std::net::Shutdown::Write); // likewise
        let (mut scrap, mut swallowed) = ([0; 4096], 0);
        while let Ok(n @ 1..) = sock.read(&mut scrap) {
            swallowed += n;
            if swallowed > most {
                break;
            }
        }
    }
}
