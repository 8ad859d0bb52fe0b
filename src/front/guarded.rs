//! The default front: who may connect, how long they may wait, and the thread that serves each.

use super::answer::{Framing, Writer};
use super::conn::{Conn, End, Held};
use super::wire::{Sock, Wire};
use super::{Backend, answer, listen, refusal};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tiny_http::Method;

/// Most connections at once, if there are file descriptors for them.
const MAX_CONNECTIONS: usize = 256;
/// Most connections from one address (one /64 of IPv6).
const PER_ADDRESS: usize = 64;
/// From a head's first byte to its last, from connecting to the first head, and a body's grace beside its rate.
const HEAD: Duration = Duration::from_secs(10);
/// From an answer to the next head.
const IDLE: Duration = Duration::from_secs(30);
/// To take an answer, beside what its bytes take at the least rate.
const WRITE: Duration = Duration::from_secs(60);
/// To close after our last word, and how much of what still comes is swallowed meanwhile.
const LINGER: Duration = Duration::from_secs(1);
const SWALLOW: usize = 256 * 1024;
/// File descriptors left to the rest of the process: database, media, uploads.
const SPARE_FILES: usize = 64;
/// Nobody is sent away who has not had this long to send something.
const SETTLE: Duration = Duration::from_millis(500);
/// Connections that are being closed to make room and may still exist beside the most.
const LEAVING: usize = 32;
/// After a failed `accept`, which the kernel would fail again at once.
const PAUSE: Duration = Duration::from_millis(20);
/// Stack of a connection's thread; only what is touched costs memory.
const STACK: usize = 512 * 1024;

/// What an operator or a test may want different; the default is what the product promises.
#[derive(Clone)]
pub struct Config {
    /// Most connections at once; 64 file descriptors are always spared.
    pub max_connections: usize,
    /// Most connections from one address.
    pub per_address: usize,
    /// The time for a head, and a body's grace beside its rate.
    pub head: Duration,
    /// The time from an answer to the next head.
    pub idle: Duration,
    /// The time to take an answer, beside what its bytes take at the least rate.
    pub write: Duration,
    /// Certificate and key, if this front speaks TLS.
    #[cfg(feature = "tls")]
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            max_connections: MAX_CONNECTIONS,
            per_address: PER_ADDRESS,
            head: HEAD,
            idle: IDLE,
            write: WRITE,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

/// A connection as the registry sees it.
struct Slot {
    socket: Arc<TcpStream>,
    address: IpAddr,
    /// Since which millisecond it waits for its client (to send or to take), or BUSY, or EVICTED.
    state: AtomicU64,
    /// It waits for a head: nothing is owed to the client.
    between: AtomicBool,
}

/// The handler runs.
const BUSY: u64 = 0;
/// It was closed to make room; its thread is about to see it.
const EVICTED: u64 = u64::MAX;

impl Slot {
    /// Changes the state, unless the connection was evicted.
    fn enter(&self, state: u64) -> bool {
        self.state.fetch_update(SeqCst, SeqCst, |s| (s != EVICTED).then_some(state)).is_ok()
    }
}

/// The guarded front. Its limits hold whatever clients do.
pub struct Guarded {
    backend: Arc<dyn Backend>,
    config: Config,
    listener: TcpListener,
    address: SocketAddr,
    slots: Mutex<HashMap<u64, Arc<Slot>>>,
    left: Condvar,
    stopping: AtomicBool,
    start: Instant,
    held: Held,
}

/// Removes a connection from the registry however its thread ends.
struct Lease {
    front: Arc<Guarded>,
    id: u64,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.front.slots().remove(&self.id);
        self.front.left.notify_all();
    }
}

impl Guarded {
    /// Listens on the address; port 0 chooses one. Fails if it is taken or not ours.
    pub fn bind(addr: SocketAddr, backend: Arc<dyn Backend>, mut config: Config) -> io::Result<Arc<Guarded>> {
        let socket = listen(addr)?;
        socket.set_write_timeout(Some(config.write))?; // inherited by connections
        let listener = TcpListener::from(socket);
        let address = listener.local_addr()?;
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let files = files.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
        config.max_connections = config.max_connections.min(files.saturating_sub(SPARE_FILES)).max(1);
        Ok(Arc::new(Guarded {
            backend,
            config,
            listener,
            address,
            slots: Mutex::default(),
            left: Condvar::new(),
            stopping: AtomicBool::new(false),
            start: Instant::now(),
            held: Held::default(),
        }))
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.slots().len()
    }

    /// Accepts and serves; returns after `stop`.
    pub fn run(self: &Arc<Self>) {
        let mut id = 0;
        while !self.stopping.load(SeqCst) {
            let (socket, peer) = match self.listener.accept() {
                Ok(accepted) => accepted,
                Err(e) if matches!(e.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => continue,
                Err(_) if self.stopping.load(SeqCst) => break,
                Err(e) => {
                    // Out of file descriptors or memory: somebody must go before anybody can come.
                    log::warn!("accept: {e}");
                    self.evict(&self.slots(), |_| true);
                    std::thread::sleep(PAUSE);
                    continue;
                }
            };
            id += 1;
            let Some(slot) = self.admit(id, socket, peer.ip().to_canonical()) else { continue };
            let lease = Lease { front: self.clone(), id };
            let thread = std::thread::Builder::new().stack_size(STACK);
            if let Err(e) = thread.spawn(move || lease.front.serve(&slot)) {
                log::warn!("no thread for a connection: {e}");
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// Takes no more connections, closes those that wait for a request, and lets requests in work finish `within` this
    /// time. Yields whether all did. A request that has wholly arrived is still answered.
    pub fn stop(&self, within: Duration) -> bool {
        self.stopping.store(true, SeqCst);
        let _ = socket2::SockRef::from(&self.listener).shutdown(Shutdown::Both); // wakes accept; it may have been awake
        let end = Instant::now() + within;
        let mut slots = self.slots();
        for slot in slots.values().filter(|s| s.between.load(SeqCst)) {
            let _ = slot.socket.shutdown(Shutdown::Read); // it may be closed already
        }
        while !slots.is_empty() {
            let rest = end.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                break;
            }
            slots = self.left.wait_timeout(slots, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        slots.is_empty()
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<u64, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the start, from 1 on.
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(EVICTED - 1) + 1
    }

    /// Registers a connection, if there is room or can be made.
    fn admit(&self, id: u64, socket: TcpStream, peer: IpAddr) -> Option<Arc<Slot>> {
        let address = counted_as(peer);
        let mut slots = self.slots();
        let staying = || slots.values().filter(|s| s.state.load(SeqCst) != EVICTED);
        let crowded = staying().filter(|s| counted_as(s.address) == address).count() >= self.config.per_address;
        let full = staying().count() >= self.config.max_connections;
        let room = match (crowded, full) {
            (true, _) => self.evict(&slots, |s| counted_as(s.address) == address),
            (_, true) => self.evict(&slots, |_| true),
            _ => true,
        };
        if !room || slots.len() >= self.config.max_connections + LEAVING {
            drop(slots);
            self.turn_away(socket);
            return None;
        }
        let state = AtomicU64::new(self.now());
        let slot = Arc::new(Slot { socket: Arc::new(socket), address: peer, state, between: AtomicBool::new(true) });
        slots.insert(id, slot.clone());
        Some(slot)
    }

    /// Closes the connection that has waited longest for its client, be it for a head, the rest of a body or the taking of
    /// an answer; a client that trickles waits all the while. False if all are busy or new.
    fn evict(&self, slots: &HashMap<u64, Arc<Slot>>, which: impl Fn(&Slot) -> bool) -> bool {
        let settled = self.now().saturating_sub(u64::try_from(SETTLE.as_millis()).unwrap_or(0));
        let waiting = slots.values().filter(|s| which(s)).map(|s| (s.state.load(SeqCst), s));
        let oldest = waiting.filter(|(state, _)| *state != BUSY && *state < settled).min_by_key(|(state, _)| *state);
        let Some((state, slot)) = oldest else { return false };
        if slot.state.compare_exchange(state, EVICTED, SeqCst, SeqCst).is_err() {
            return false; // its request came at this very moment
        }
        let _ = slot.socket.shutdown(Shutdown::Both); // the client may have been faster
        true
    }

    /// A word to a client there is no room for. It must not cost the accept loop any time.
    fn turn_away(&self, mut socket: TcpStream) {
        #[cfg(feature = "tls")]
        if self.config.tls.is_some() {
            return;
        }
        let body = r#"{"detail":"The server has too many connections."}"#;
        let head = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close";
        let text = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if socket.set_nonblocking(true).is_ok() {
            let _ = socket.write(text.as_bytes()); // a courtesy
            let _ = socket.read(&mut [0; 4096]); // unread bytes would turn the closing into a reset
        }
    }

    fn wire(&self, slot: &Slot) -> io::Result<Wire> {
        let sock = Sock::new(slot.socket.clone(), self.config.write);
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.config.tls {
            let session = rustls::ServerConnection::new(tls.clone()).map_err(io::Error::other)?;
            return Ok(Wire::Tls(Box::new(rustls::StreamOwned::new(session, sock))));
        }
        Ok(Wire::Plain(sock))
    }

    /// Serves one connection to its end.
    fn serve(&self, slot: &Slot) {
        let Ok(wire) = self.wire(slot) else { return };
        let mut conn = Conn::new(wire, slot.address, &*self.backend, &self.held, self.config.head);
        let (mut writer, mut wait) = (Writer::default(), self.config.head);
        loop {
            slot.between.store(true, SeqCst);
            if self.stopping.load(SeqCst) {
                break; // in this order either `stop` sees us waiting or we see it
            }
            let head = conn.head(wait);
            slot.between.store(false, SeqCst);
            let mut arrived = match head.and_then(|n| conn.request(n)) {
                Ok(arrived) => arrived,
                Err(End::Gone) => return,
                Err(End::Refuse(code, why)) => {
                    log::debug!("{} refused: {code} {why}", slot.address);
                    let framing = Framing { head_only: false, chunks: false, keep: false };
                    if writer.write(&mut conn.wire, refusal(code, why), framing, self.config.write).is_err() {
                        return;
                    }
                    break;
                }
            };
            if !slot.enter(BUSY) {
                return;
            }
            let answer = answer(&*self.backend, &mut arrived.request);
            slot.enter(self.now());
            let framing = Framing {
                head_only: arrived.request.method == Method::Head,
                chunks: arrived.chunks,
                keep: arrived.keep && !self.stopping.load(SeqCst),
            };
            drop(arrived); // the body's memory, before the answer is taken
            match writer.write(&mut conn.wire, answer, framing, self.config.write) {
                Ok(true) => wait = self.config.idle,
                Ok(false) => break,
                Err(_) => return,
            }
        }
        slot.enter(1); // the first to go
        conn.wire.until(Instant::now() + LINGER);
        conn.wire.linger(SWALLOW);
    }
}

/// What the limit for one address counts: an IPv6 host owns at least a /64.
fn counted_as(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(a) => Ipv6Addr::from_bits(a.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}
