//! Rules 1, 5 and 6: time and room.

use crate::support::{Client, PATIENCE, serve};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};
use stockroom::front::guarded::Config;

const SHORT: Duration = Duration::from_millis(400);
/// Longer than a new connection is spared.
const SETTLED: Duration = Duration::from_millis(700);

fn answered(client: &mut Client) -> bool {
    client.offer("GET /x HTTP/1.1\r\nHost: a\r\n\r\n") && client.answer().code == 200
}

#[test]
fn a_slow_head_is_told_408() {
    let server = serve(Config { head: SHORT, ..Config::default() });
    assert_eq!(server.refuses("GET / HT"), 408);
    let mut client = server.connect();
    assert_eq!(client.get("/x").code, 200);
    client.send("GET / HTTP/1.1\r\nHost"); // also between requests
    assert_eq!(client.answer().code, 408);
}

#[test]
fn a_trickled_head_has_one_deadline_for_all_of_it() {
    let server = serve(Config { head: SHORT, ..Config::default() });
    let mut client = server.connect();
    let mut writer = client.socket.try_clone().unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = writer.write_all(b"GET / HTTP/1.1\r\nX: ");
            while !stop.load(SeqCst) && writer.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let code = client.answer().code;
        stop.store(true, SeqCst);
        assert_eq!(code, 408);
    });
}

#[test]
fn a_body_must_keep_up() {
    let server = serve(Config { head: SHORT, ..Config::default() });
    let post = |lines: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
    assert_eq!(server.refuses(post("Content-Length: 500\r\n") + "slow"), 408);
    assert_eq!(server.refuses(post("Transfer-Encoding: chunked\r\n") + "5\r\nsl"), 408);
}

#[test]
fn idle_and_silent_connections_are_closed_without_a_word() {
    let server = serve(Config { head: SHORT, idle: SHORT, ..Config::default() });
    assert!(server.connect().ends());
    let mut client = server.connect();
    assert_eq!(client.get("/x").code, 200);
    assert!(client.ends());
}

#[test]
fn a_client_that_does_not_take_its_answer_is_closed() {
    let server = serve(Config { write: SHORT, ..Config::default() });
    let mut client = server.connect();
    client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.head().code, 200);
    crate::support::until(|| server.front.connections() == 0);
}

#[test]
fn when_full_the_longest_idle_goes_first() {
    let server = serve(Config { max_connections: 4, ..Config::default() });
    let mut clients: Vec<Client> = (0..4).map(|_| server.connect()).collect();
    for i in [2, 0, 3, 1] {
        assert!(answered(&mut clients[i])); // 2 now waits longest
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(SETTLED);
    let mut more = [server.connect(), server.connect()];
    assert!(more.iter_mut().all(answered));
    assert!(clients[2].ends() && clients[0].ends());
    assert!(answered(&mut clients[3]) && answered(&mut clients[1]));
}

#[test]
fn busy_connections_are_never_sent_away() {
    let server = serve(Config { max_connections: 3, ..Config::default() });
    let mut busy: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    for client in &mut busy {
        client.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    server.shop.wait_for(3);
    std::thread::sleep(SETTLED);
    let refused = server.connect().answer();
    assert_eq!((refused.code, refused.header("Retry-After")), (503, Some("1")));
    server.shop.open();
    for client in &mut busy {
        assert_eq!(client.answer().text(), "open");
    }
}

#[test]
fn new_connections_are_given_time_before_they_are_sent_away() {
    let server = serve(Config { max_connections: 2, ..Config::default() });
    // On a stalled machine the first two may have settled already; then nothing is proved, but nothing fails.
    let begin = Instant::now();
    let mut first = [server.connect(), server.connect()];
    assert!(first.iter_mut().all(answered));
    let third = server.connect().answer_or_end();
    if begin.elapsed() < Duration::from_millis(400) {
        assert_eq!(third.map(|a| a.code), Some(503));
        assert!(first.iter_mut().all(answered));
    }
}

#[test]
fn one_address_cannot_take_all_the_room() {
    let server = serve(Config { per_address: 3, max_connections: 8, ..Config::default() });
    let mut neighbours = [server.connect_from(2), server.connect_from(3)];
    assert!(neighbours.iter_mut().all(answered));
    std::thread::sleep(SETTLED);
    let mut greedy: Vec<Client> = (0..3).map(|_| server.connect_from(4)).collect();
    for client in &mut greedy {
        assert!(answered(client));
        std::thread::sleep(Duration::from_millis(20)); // an order to go by
    }
    std::thread::sleep(SETTLED);
    for i in 0..3 {
        let mut more = server.connect_from(4);
        assert!(answered(&mut more));
        assert!(greedy[i].ends(), "its own longest idle connection makes room");
        greedy.push(more);
    }
    assert!(neighbours.iter_mut().all(answered), "though they have been idle for longer");
}

#[test]
fn trickling_clients_do_not_lock_others_out() {
    let config = Config { max_connections: 32, per_address: 64, ..Config::default() };
    let server = serve(config);
    let mut slow: Vec<Client> = (0..32).map(|_| server.connect()).collect();
    for client in &mut slow {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx");
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(SeqCst) {
                for client in &mut slow {
                    client.offer("x");
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        std::thread::sleep(SETTLED);
        let served = (0..20).filter(|_| answered(&mut server.connect())).count();
        stop.store(true, SeqCst);
        assert_eq!(served, 20);
    });
}

#[test]
fn many_keep_alive_clients_are_all_served() {
    let server = serve(Config::default());
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                let mut client = server.connect();
                assert!((0..20).all(|_| answered(&mut client)));
            });
        }
    });
    assert!(begin.elapsed() < PATIENCE);
}
