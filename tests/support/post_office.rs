//! A small mail server: speaks as much SMTP as a client needs, and keeps what it is sent.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use stockroom::mail::Mailer;
use stockroom::mail::smtp::{Config, Tls};

/// The server's end of what was sent.
pub struct PostOffice {
    port: u16,
    letters: Receiver<String>,
}

impl PostOffice {
    /// Opens one; `refuses` letters if told so.
    pub fn open(refuses: bool) -> PostOffice {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (deliver, letters) = channel();
        std::thread::spawn(move || {
            for caller in listener.incoming() {
                let deliver = deliver.clone();
                std::thread::spawn(move || talk(caller.unwrap(), refuses, &deliver));
            }
        });
        PostOffice { port, letters }
    }

    /// A mailer that sends through it.
    pub fn mailer(&self) -> Mailer {
        mailer(self.port)
    }

    /// The next letter, as it came over the wire, with soft line breaks undone.
    #[track_caller]
    pub fn letter(&self) -> String {
        let letter = self.letters.recv_timeout(Duration::from_secs(10)).expect("a letter");
        letter.replace("=\r\n", "").replace("=3D", "=")
    }

    /// The address in the next letter, without scheme and host.
    #[track_caller]
    pub fn link(&self) -> String {
        let letter = self.letter();
        let at = letter.find("https://shop.test/").unwrap_or_else(|| panic!("no link: {letter}"));
        letter[at + "https://shop.test".len()..].split_whitespace().next().unwrap().to_string()
    }

    /// Nothing came.
    pub fn is_quiet(&self) -> bool {
        self.letters.recv_timeout(Duration::from_millis(300)).is_err()
    }
}

/// A mailer that sends to a port of this machine.
pub fn mailer(port: u16) -> Mailer {
    let config = Config {
        host: "127.0.0.1".into(),
        port,
        user: String::new(),
        password: String::new(),
        tls: Tls::None,
        from: "Stock room <stock@shop.test>".into(),
        site_url: "https://shop.test/".into(),
    };
    config.check().unwrap();
    Mailer::new(config)
}

fn talk(stream: TcpStream, refuses: bool, deliver: &Sender<String>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let mut out = stream;
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).is_ok();
    say("220 post office");
    while let Some(line) = lines.next() {
        let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "RCPT" if refuses => drop(say("550 nobody of that name")),
            "DATA" => {
                say("354 go on");
                let letter: Vec<String> = lines.by_ref().take_while(|line| line != ".").collect();
                let _ = deliver.send(letter.join("\r\n"));
                say("250 taken");
            }
            "QUIT" => {
                say("221 bye");
                return;
            }
            _ => drop(say("250 yes")),
        }
    }
}
