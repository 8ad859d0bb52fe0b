//! Files: how they come in, who gets them, and in which pieces.

use serde_json::{Value, json};

use crate::support::Shop;

/// A red square of 4 × 4 pixels.
fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let square = image::RgbImage::from_pixel(4, 4, image::Rgb([200, 0, 0]));
    square.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

fn files(shop: &Shop) -> usize {
    stockroom::media::all(shop.path()).len()
}

#[test]
fn an_image_comes_with_small_ones() {
    let shop = Shop::new();
    let part = shop.part("Bolt");
    let at = format!("/api/part/{part}/");
    let changed = shop.admin.multipart("PATCH", &at, &[], &[("image", "my bolt.png", &png())]).is(200);
    assert_eq!(changed["image"], "/media/part_images/my_bolt.png");
    assert_eq!(changed["thumbnail"], "/media/part_images/my_bolt.thumbnail.png");
    for path in ["/media/part_images/my_bolt.png", "/media/part_images/my_bolt.thumbnail.png", "/media/part_images/my_bolt.preview.png"] {
        let answer = shop.reader.get(path).is(200);
        assert_eq!(answer.header("Content-Type"), Some("image/png"), "{path}");
        assert!(image::load_from_memory(&answer.body).is_ok(), "{path}");
    }
    let again = shop.admin.multipart("PATCH", &at, &[], &[("image", "my bolt.png", &png())]).is(200);
    assert_ne!(again["image"], changed["image"], "a name is never used twice");
}

#[test]
fn what_is_no_image_changes_nothing() {
    let shop = Shop::new();
    let part = shop.part("Bolt");
    let at = format!("/api/part/{part}/");
    let before = shop.state();
    shop.admin.multipart("PATCH", &at, &[], &[("image", "fake.png", b"no image")]).refuses("image");
    shop.admin.multipart("PATCH", &at, &[], &[("image", "empty.png", b"")]).refuses("image");
    shop.admin.patch(&at, json!({"image": "text"})).refuses("image");
    shop.admin.multipart("PATCH", &at, &[("name", "")], &[("image", "good.png", &png())]).refuses("name");
    shop.reader.multipart("PATCH", &at, &[], &[("image", "good.png", &png())]).is(403);
    assert_eq!(shop.state(), before);
    assert_eq!(files(&shop), 0, "a change that fails leaves no file behind");
}

#[test]
fn files_go_to_those_who_may_see_their_row() {
    let shop = Shop::new();
    let part = shop.part("Bolt");
    shop.admin.multipart("PATCH", &format!("/api/part/{part}/"), &[], &[("image", "a.png", &png())]).is(200);
    let path = "/media/part_images/a.png";
    shop.anon.get(path).is(401);
    shop.with_password("reader", crate::support::PASSWORD).get(path).is(401);
    shop.norole.get(path).is(404);
    let whole = shop.reader.get(path).is(200);
    assert!(whole.header("ETag").is_some() && whole.header("Content-Security-Policy").is_some());
    let piece = shop.reader.raw("GET", path, &[("Range", "bytes=0-7")], b"").is(206);
    assert_eq!(piece.body, whole.body[..8]);
    assert_eq!(piece.header("Content-Range"), Some(format!("bytes 0-7/{}", whole.body.len()).as_str()));
    shop.reader.raw("GET", path, &[("Range", "bytes=100000-")], b"").is(416);
    let mark = whole.header("ETag").unwrap().to_string();
    assert!(shop.reader.raw("GET", path, &[("If-None-Match", &mark)], b"").is(304).body.is_empty());
    for path in ["/media/", "/media/../stockroom.db", "/media/%2e%2e/secret.key", "/media/part_images/none.png", "/media/part_images"] {
        shop.admin.get(path).is(404);
    }
    std::fs::write(shop.path().join("media/part_images/loose.png"), png()).unwrap();
    shop.admin.get("/media/part_images/loose.png").is(404);
}

#[test]
fn a_browser_is_given_nothing_to_run() {
    let shop = Shop::new();
    let item = shop.stock(shop.part_with("Motor", json!({"testable": true})), 1.0);
    let part = shop.reader.get(&format!("/api/stock/{item}/")).is(200)["part"].clone();
    let template =
        shop.admin.post("/api/part/test-template/", json!({"part": part, "test_name": "Runs", "description": "Does it?"})).is(201).pk();
    let fields = [("stock_item", item.to_string()), ("template", template.to_string()), ("result", "true".to_string())];
    let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let made =
        shop.admin.multipart("POST", "/api/stock/test/", &pairs, &[("attachment", "page.html", b"<script>alert(1)</script>")]).is(201);
    let given = shop.reader.get(made["attachment"].as_str().unwrap()).is(200);
    assert_eq!(given.header("Content-Disposition"), Some("attachment"));
    assert_eq!(given.header("Content-Type"), Some("application/octet-stream"));
    assert_eq!(given.header("X-Content-Type-Options"), Some("nosniff"));
}

#[test]
fn parts_share_images() {
    let shop = Shop::new();
    let (a, b) = (shop.part("A"), shop.part("B"));
    shop.admin.multipart("PATCH", &format!("/api/part/{a}/"), &[], &[("image", "shared.png", &png())]).is(200);
    let changed = shop.admin.patch(&format!("/api/part/{b}/"), json!({"existing_image": "shared.png"})).is(200);
    assert_eq!(changed["image"], "/media/part_images/shared.png");
    assert_eq!(shop.norole.get("/api/part/thumbs/").is(200).json, json!([{"image": "/media/part_images/shared.png", "count": 2}]));
    shop.admin.patch(&format!("/api/part/{b}/"), json!({"existing_image": "none.png"})).refuses("existing_image");
    let thumb = format!("/api/part/thumbs/{b}/");
    assert_eq!(shop.admin.multipart("PATCH", &thumb, &[], &[("image", "own.png", &png())]).is(200)["image"], "/media/part_images/own.png");
    assert_eq!(
        shop.admin.multipart("PUT", &thumb, &[], &[("image", "other.png", &png())]).is(200)["image"],
        "/media/part_images/other.png"
    );
    assert_eq!(shop.reader.get(&thumb).is(200)["image"], "/media/part_images/other.png");
    assert_eq!(shop.admin.patch(&format!("/api/part/{b}/"), json!({"image": null})).is(200)["image"], Value::Null);
}

#[test]
fn notes_have_images() {
    let shop = Shop::new();
    let pairs = [("model_type", "part"), ("model_id", "3")];
    let made = shop.norole.multipart("POST", "/api/notes-image-upload/", &pairs, &[("image", "n.png", &png())]).is(201);
    assert_eq!((&made["user"], &made["model_type"]), (&json!(shop.norole.id), &json!("part")));
    shop.norole
        .multipart("POST", "/api/notes-image-upload/", &[("model_type", "banana")], &[("image", "n.png", &png())])
        .refuses("model_type");
    shop.norole.multipart("POST", "/api/notes-image-upload/", &[], &[]).refuses("image");
    assert_eq!(shop.reader.get("/api/notes-image-upload/").is(200).list().len(), 1);
    shop.reader.get(made["image"].as_str().unwrap()).is(200);
}
