//! Who really asks and under which name: Host, and `X-Forwarded-*` from proxies the operator listed.

use super::named;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use tiny_http::Header;

/// The longest Host: a DNS name of 253, a colon and a port.
const MAX_HOST: usize = 259;

/// Where a request came from, as far as it can be believed.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// The client.
    pub client: IpAddr,
    /// `http` or `https`, as the client sees it.
    pub scheme: &'static str,
    /// The host (and port) the client asked for; empty if it did not say.
    pub host: String,
}

/// An address, or all addresses that share its first bits (`10.0.0.0/8`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let wrong = || format!("\"{text}\" is neither an IP address nor a network like 10.0.0.0/8");
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most { Err(wrong()) } else { Ok(Network { address, bits }) }
    }
}

impl Network {
    /// Whether the address lies in it; an IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= self.bits,
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= self.bits,
            _ => false,
        }
    }
}

/// Works out client, scheme and host. `X-Forwarded-*` counts only if `peer` is trusted: the client is then the last
/// address in `X-Forwarded-For` that is no proxy of ours (what stands before it anybody could have written), scheme and
/// host are what the nearest proxy said. What is not well formed is ignored.
pub fn origin(peer: IpAddr, secure: bool, host: &str, headers: &[Header], trusted: &[Network]) -> Origin {
    let scheme = if secure { "https" } else { "http" };
    let mut origin = Origin { client: peer.to_canonical(), scheme, host: host.to_owned() };
    let is_ours = |a: IpAddr| trusted.iter().any(|n| n.contains(a));
    if !is_ours(peer) {
        return origin;
    }
    for hop in named(headers, "X-Forwarded-For").rev().flat_map(|line| line.rsplit(',')) {
        let Some(address) = address(hop.trim()) else { break };
        origin.client = address;
        if !is_ours(address) {
            break;
        }
    }
    match last(headers, "X-Forwarded-Proto") {
        Some(p) if p.eq_ignore_ascii_case("https") => origin.scheme = "https",
        Some(p) if p.eq_ignore_ascii_case("http") => origin.scheme = "http",
        _ => {}
    }
    if let Some(host) = last(headers, "X-Forwarded-Host").filter(|h| is_host(h)) {
        origin.host = host.to_ascii_lowercase();
    }
    origin
}

/// What the nearest proxy wrote: the last item of the last header of this name.
fn last<'h>(headers: &'h [Header], name: &str) -> Option<&'h str> {
    named(headers, name).next_back()?.rsplit(',').next().map(str::trim)
}

/// An address as proxies write it, some with a port.
fn address(text: &str) -> Option<IpAddr> {
    let plain = text.parse::<IpAddr>().ok();
    let ported = || text.parse::<SocketAddr>().ok().map(|a| a.ip());
    plain.or_else(ported).map(|a| a.to_canonical())
}

/// Whether this is a DNS name, an IPv4 address or an IPv6 address in brackets, with or without a port. Nothing else may
/// become part of a link. Underscores are allowed: container networks have such names.
pub fn is_host(text: &str) -> bool {
    let (name, port) = match text.rfind(':') {
        Some(i) if !text.ends_with(']') => (&text[..i], Some(&text[i + 1..])),
        _ => (text, None),
    };
    let is_port = |p: &str| p.bytes().all(|b| b.is_ascii_digit()) && p.parse::<u16>().is_ok();
    if text.len() > MAX_HOST || port.is_some_and(|p| !is_port(p)) {
        return false;
    }
    if let Some(inner) = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(legal) && !label.starts_with('-')
    };
    let numeric = name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if numeric { name.parse::<Ipv4Addr>().is_ok() } else { name.strip_suffix('.').unwrap_or(name).split('.').all(is_label) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(lines: &[&str]) -> Vec<Header> {
        lines.iter().map(|l| l.parse().unwrap()).collect()
    }

    fn seen(peer: &str, lines: &[&str], trusted: &[&str]) -> (String, &'static str, String) {
        let trusted: Vec<Network> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        let o = origin(peer.parse().unwrap(), false, "shop.example", &heads(lines), &trusted);
        (o.client.to_string(), o.scheme, o.host)
    }

    const SAID: &[&str] =
        &["X-Forwarded-For: 6.6.6.6, 203.0.113.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: Inventory.example:8443"];

    #[test]
    fn a_stranger_is_not_believed() {
        for trusted in [&[][..], &["10.0.0.0/8"], &["192.168.1.2"]] {
            assert_eq!(seen("192.168.1.1", SAID, trusted), ("192.168.1.1".into(), "http", "shop.example".into()));
        }
    }

    #[test]
    fn a_listed_proxy_is_believed_about_its_nearest_client_only() {
        let want = ("203.0.113.9".into(), "https", "inventory.example:8443".into());
        assert_eq!(seen("192.168.1.1", SAID, &["192.168.1.1"]), want);
        assert_eq!(seen("::ffff:192.168.1.1", SAID, &["192.168.0.0/16"]), want);
    }

    #[test]
    fn a_chain_of_listed_proxies_is_walked_to_the_first_stranger() {
        let lines = &["X-Forwarded-For: 6.6.6.6, 203.0.113.9", "x-forwarded-for: 10.1.1.1:5000, 10.2.2.2"];
        assert_eq!(seen("10.3.3.3", lines, &["10.0.0.0/8"]).0, "203.0.113.9");
        assert_eq!(seen("10.3.3.3", &["X-Forwarded-For: [2001:db8::1]:77"], &["10.0.0.0/8"]).0, "2001:db8::1");
        assert_eq!(seen("10.3.3.3", &["X-Forwarded-For: 10.4.4.4"], &["10.0.0.0/8"]).0, "10.4.4.4");
    }

    #[test]
    fn nonsense_from_a_listed_proxy_is_ignored() {
        let lines = &["X-Forwarded-For: 1.2.3.4, unknown", "X-Forwarded-Proto: gopher", "X-Forwarded-Host: a/b"];
        assert_eq!(seen("10.3.3.3", lines, &["10.0.0.0/8"]), ("10.3.3.3".into(), "http", "shop.example".into()));
    }

    #[test]
    fn networks_are_checked() {
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8", "host", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("1.2.3.4".parse().unwrap()) && !all.contains("::1".parse().unwrap()));
        let net: Network = "fd00::/8".parse().unwrap();
        assert!(net.contains("fdff::1".parse().unwrap()) && !net.contains("fe00::1".parse().unwrap()));
    }

    #[test]
    fn hosts_are_names_or_addresses() {
        let right = "localhost pi.local. shop_1:80 a-b.example:65535 10.0.0.1:1 [::1] [2001:db8::1]:443 xn--caf-dma.example 1a";
        for host in right.split(' ') {
            assert!(is_host(host), "{host}");
        }
        let wrong = " |.|a..b|-a|a b|a/b|a@b|a:|a:65536|a:+1|a:1:2|::1|[::1|[]|[::1]x|[::1]:|999.1.1.1|1.2|a\\b|a?b|a#b|a,b|é|:80";
        for host in wrong.split('|') {
            assert!(!is_host(host.trim()), "{host}");
        }
        assert!(!is_host(&"a.".repeat(200)));
    }
}
