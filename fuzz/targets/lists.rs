//! Queries of lists: filters, search, ordering, pages. Never a 5xx.
#![no_main]
use libfuzzer_sys::fuzz_target;
use std::io::Read;
use std::sync::{Arc, OnceLock};
use stockroom::front::{Backend, Body, Request};
use stockroom::identity::{User, token};
use stockroom::router::RESOURCES;
use stockroom::server::Server;
use stockroom::site::Site;
use stockroom::users::user;
use tiny_http::{Header, Method};

struct Shop {
    server: Arc<Server>,
    token: String,
    _folder: tempfile::TempDir,
}

fn shop() -> &'static Shop {
    static SHOP: OnceLock<Shop> = OnceLock::new();
    SHOP.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let site = Site::open(folder.path()).expect("a site");
        let secret = site.secret;
        let token = site.db.write(User::system(), move |tx| {
            let id = user::create(tx, "admin", "a@shop.test", "!", true, true)?;
            Ok(token::create(tx, &secret, id, "tests", None)?.token)
        });
        let token = token.expect("a token");
        Shop { server: Server::new(site, Vec::new()), token, _folder: folder }
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((&which, query)) = data.split_first() else { return };
    let lists: Vec<_> = RESOURCES.iter().filter(|r| !r.path.is_empty() && !r.path.contains('{')).collect();
    let resource = lists[usize::from(which) % lists.len()];
    let query: String =
        query.iter().map(|b| if b.is_ascii_graphic() && *b != b'#' { char::from(*b).to_string() } else { format!("%{b:02X}") }).collect();
    let mut request = Request {
        method: Method::Get,
        target: format!("/api/{}/?{query}", resource.path.trim_matches('/')),
        headers: vec![Header::from_bytes("Authorization", format!("Token {}", shop().token)).expect("a header")],
        body: Body::default(),
        peer: [127, 0, 0, 1].into(),
        secure: false,
        host: "shop.test".into(),
    };
    let reply = shop().server.answer(&mut request);
    let status = reply.status_code().0;
    let mut bytes = Vec::new();
    reply.into_reader().read_to_end(&mut bytes).expect("an answer");
    assert!(status < 500, "{status} {}", request.target);
});
