//! Rules 5 and 10: running out of files, stopping.

use crate::support::{Client, PATIENCE, Shop, serve};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;
use stockroom::front::guarded::{Config, Guarded};

#[test]
fn stop_finishes_what_runs_and_closes_what_waits() {
    let server = serve(Config::default());
    let (mut idle, mut silent, mut busy, mut begun) = (server.connect(), server.connect(), server.connect(), server.connect());
    assert_eq!(idle.get("/x").code, 200);
    begun.send("GET / HT");
    busy.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n");
    server.shop.wait_for(2);
    std::thread::scope(|scope| {
        let stopped = scope.spawn(|| server.front.stop(PATIENCE));
        assert!(idle.ends() && silent.ends() && begun.ends(), "closed while a request still runs");
        assert!(std::net::TcpStream::connect(server.front.local_addr()).is_err(), "nobody new");
        server.shop.open();
        let answer = busy.answer();
        assert_eq!((answer.text(), answer.header("Connection")), ("open", Some("close")));
        assert!(busy.ends());
        assert!(stopped.join().unwrap());
    });
}

#[test]
fn stop_does_not_wait_longer_than_told() {
    let server = serve(Config::default());
    let mut busy = server.connect();
    busy.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n");
    server.shop.wait_for(1);
    assert!(!server.front.stop(Duration::from_millis(50)));
    server.shop.open();
    assert_eq!(busy.answer().code, 200);
}

/// Not a test of its own: the server of the next one, in a process whose limit can be lowered.
#[test]
#[ignore = "run by running_out_of_files_is_survived"]
fn child_with_few_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    if std::env::var_os("FEW_FILES").is_none() {
        return;
    }
    let front = Guarded::bind("127.0.0.1:0".parse().unwrap(), Shop::new(), Config::default()).unwrap();
    setrlimit(Resource::Nofile, Rlimit { current: Some(24), maximum: getrlimit(Resource::Nofile).maximum }).unwrap();
    println!("\nport {}", front.local_addr().port());
    std::thread::spawn({
        let front = front.clone();
        move || front.run()
    });
    let _ = std::io::stdin().read(&mut [0]); // until the parent is done or gone
    assert!(front.stop(PATIENCE));
}

#[test]
fn running_out_of_files_is_survived() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "life::child_with_few_files", "--nocapture"])
        .env("FEW_FILES", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.find_map(|l| l.strip_prefix("port ").map(str::to_owned)).unwrap();
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let mut crowd: Vec<Client> = (0..60).map(|_| Client::to(address)).collect();
    let answer = Client::to(address).get("/x");
    assert_eq!(answer.code, 200, "behind a crowd that holds every file");
    let survivors = crowd.iter_mut().filter_map(|c| {
        c.offer("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
        c.answer_or_end()
    });
    assert!(survivors.filter(|a| a.code == 200).count() > 0);
    drop(child.stdin.take());
    lines.for_each(drop);
    assert!(child.wait().unwrap().success());
}
