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
fn small_images_keep_their_proportions_and_are_given_out_as_what_they_are() {
    let shop = Shop::new();
    let part = shop.part("Bolt");
    let wide = image::RgbaImage::from_pixel(640, 160, image::Rgba([0, 90, 200, 255]));
    for (extension, format) in [
        ("png", image::ImageFormat::Png),
        ("gif", image::ImageFormat::Gif),
        ("webp", image::ImageFormat::WebP),
        ("bmp", image::ImageFormat::Bmp),
        ("jpg", image::ImageFormat::Jpeg),
    ] {
        let mut bytes = Vec::new();
        let wide = image::DynamicImage::ImageRgba8(wide.clone());
        let wide = if extension == "jpg" { wide.into_rgb8().into() } else { wide };
        wide.write_to(&mut std::io::Cursor::new(&mut bytes), format).unwrap();
        let name = format!("{extension}.{extension}");
        let changed = shop.admin.multipart("PATCH", &format!("/api/part/{part}/"), &[], &[("image", &name, &bytes)]).is(200);
        let path = changed["image"].as_str().unwrap();
        assert_eq!(shop.reader.get(path).is(200).header("Content-Type"), Some(format.to_mime_type()));
        for (size, pixels) in [("thumbnail", (128, 32)), ("preview", (256, 64))] {
            let answer = shop.reader.get(&stockroom::media::small_name(path, size)).is(200);
            let kind = image::guess_format(&answer.body).unwrap();
            assert_eq!(answer.header("Content-Type"), Some(kind.to_mime_type()), "{extension}");
            let small = image::load_from_memory(&answer.body).unwrap();
            assert_eq!((small.width(), small.height()), pixels, "{extension}");
        }
    }
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
    assert_eq!(shop.reader.get("/api/part/thumbs/").is(200).json, json!([{"image": "/media/part_images/shared.png", "count": 2}]));
    assert_eq!(shop.norole.get("/api/part/thumbs/?search=A").is(200).json, json!([]), "whoever may not see parts learns nothing of them");
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

#[test]
fn attachments_belong_to_something_and_go_with_it() {
    let shop = Shop::new();
    let part = shop.part("Bolt");
    let (model, key) = (("model_type", "part"), part.to_string());
    let files: &[(&str, &str, &[u8])] = &[("attachment", "wa notes.txt", b"hello\n")];
    let made = shop.admin.multipart("POST", "/api/attachment/", &[model, ("model_id", &key), ("comment", "text")], files).is(201);
    assert_eq!(made["attachment"], format!("/media/attachments/part/{part}/wa_notes.txt"));
    assert_eq!((&made["filename"], &made["file_size"], &made["is_image"]), (&json!("wa_notes.txt"), &json!(6), &json!(false)));
    let picture =
        shop.admin.multipart("POST", "/api/attachment/", &[model, ("model_id", &key)], &[("attachment", "p.png", &png())]).is(201);
    assert_eq!(picture["is_image"], true);
    shop.reader.get(picture["thumbnail"].as_str().unwrap()).is(200);
    let link = json!({"model_type": "part", "model_id": part, "link": "https://shop.test/sheet.pdf", "tags": ["sheet"]});
    let link = shop.admin.post("/api/attachment/", link).is(201);
    assert_eq!((&link["attachment"], &link["tags"]), (&Value::Null, &json!(["sheet"])));
    let list = |query: &str| shop.reader.get(&format!("/api/attachment/?{query}")).is(200).list().len();
    assert_eq!((list("is_file=true"), list("is_link=true"), list("is_image=true"), list("tags=sheet")), (2, 1, 1, 1));
    shop.admin.post("/api/attachment/", json!({"model_type": "part", "model_id": part})).refuses("non_field_errors");
    shop.admin.post("/api/attachment/", json!({"model_type": "part", "model_id": 999, "link": "https://shop.test/"})).refuses("model_id");
    shop.admin.post("/api/attachment/", json!({"model_type": "moon", "model_id": 1, "link": "https://shop.test/"})).refuses("model_type");
    let path = picture["attachment"].as_str().unwrap().to_string();
    shop.admin.delete(&format!("/api/part/{part}/"));
    shop.admin.patch(&format!("/api/part/{part}/"), json!({"active": false})).is(200);
    shop.admin.delete(&format!("/api/part/{part}/")).is(204);
    assert_eq!(shop.rows("attachment"), 0);
    shop.admin.get(&path).is(404);
}

#[test]
fn attachments_follow_the_rights_of_what_they_belong_to() {
    let shop = Shop::new();
    let part = shop.part("Bolt");
    let body = json!({"model_type": "part", "model_id": part, "link": "https://shop.test/"});
    shop.reader.post("/api/attachment/", body.clone()).is(403);
    shop.store.post("/api/attachment/", body.clone()).is(403);
    let made = shop.admin.post("/api/attachment/", body.clone()).is(201);
    let at = format!("/api/attachment/{}/", made.pk());
    assert_eq!(shop.reader.get(&at).is(200)["comment"], "");
    shop.norole.get(&at).is(404);
    assert_eq!(shop.norole.get("/api/attachment/").is(200).list().len(), 0);
    for person in [&shop.reader, &shop.norole] {
        person.patch(&at, json!({"comment": "x"})).is(403);
        person.delete(&at).is(403);
    }
    assert_eq!(shop.admin.put(&at, body).is(200)["link"], "https://shop.test/");
    let file = ("attachment", "a.html", b"<p>".as_slice());
    let key = part.to_string();
    let other = shop.admin.multipart("POST", "/api/attachment/", &[("model_type", "part"), ("model_id", &key)], &[file]).is(201);
    shop.norole.get(other["attachment"].as_str().unwrap()).is(404);
    assert_eq!(shop.reader.get(other["attachment"].as_str().unwrap()).is(200).header("Content-Disposition"), Some("attachment"));
    shop.admin.delete(&at).is(204);
    shop.admin.delete_with("/api/attachment/", json!({"items": [other.pk()]})).is(200);
}

#[test]
fn files_get_other_names_but_stay_what_they_are() {
    let shop = Shop::new();
    let part = shop.part("Bolt").to_string();
    let pairs = [("model_type", "part"), ("model_id", part.as_str())];
    let made = shop.admin.multipart("POST", "/api/attachment/", &pairs, &[("attachment", "a.txt", b"x")]).is(201);
    let at = format!("/api/attachment/{}/", made.pk());
    let renamed = shop.admin.patch(&at, json!({"filename": "b.txt"})).is(200);
    assert_eq!(renamed["attachment"], format!("/media/attachments/part/{part}/b.txt"));
    assert_eq!(shop.admin.get(renamed["attachment"].as_str().unwrap()).is(200).body, b"x");
    for wrong in ["b.exe", "../b.txt", "/b.txt", ".txt", "b\\c.txt", "a b.txt"] {
        shop.admin.patch(&at, json!({"filename": wrong})).refuses("non_field_errors");
    }
    assert_eq!(shop.admin.patch(&at, json!({"filename": ""})).is(200)["filename"], "b.txt");
    let other = shop.admin.multipart("POST", "/api/attachment/", &pairs, &[("attachment", "c.txt", b"y")]).is(201);
    shop.admin.patch(&format!("/api/attachment/{}/", other.pk()), json!({"filename": "b.txt"})).refuses("non_field_errors");
}

#[test]
fn lists_become_files() {
    let shop = Shop::new();
    let place = shop.place_with("Box", json!({"parent": shop.place("Shelf")}));
    for n in 0..3 {
        let part = shop.part_with(&format!("Bolt {n}"), json!({"description": "=1+1", "IPN": format!("0{n}")}));
        shop.stock_with(part, 2.5, json!({"location": place}));
    }
    let table = |query: &str| {
        let made = shop.reader.get(&format!("/api/{query}")).is(200);
        assert_eq!((&made["complete"], &made["output_type"], &made["user"]), (&json!(true), &json!("export"), &json!(shop.reader.id)));
        let file = made["output"].as_str().unwrap().to_string();
        shop.store.get(&file).is(404);
        shop.store.get(&format!("/api/data-output/{}/", made.pk())).is(404);
        shop.reader.get(&format!("/api/data-output/{}/", made.pk())).is(200);
        (made["total"].as_i64().unwrap(), shop.reader.get(&file).is(200).body)
    };
    let (total, bytes) = table("part/?export=true&search=Bolt&ordering=-name&limit=1");
    assert_eq!(total, 3, "pages do not count");
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let heads = reader.headers().unwrap().clone();
    let at = |name: &str| heads.iter().position(|head| head == name).unwrap_or_else(|| panic!("{name}: {heads:?}"));
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), &rows[0][at("Name")], &rows[0][at("Description")]), (3, "Bolt 2", "'=1+1"), "no cell is a formula");
    let (_, bytes) = table("stock/?export=true&export_format=tsv");
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("Shelf/Box") && text.lines().next().unwrap().contains("\tPart Name\t"), "{text}");
    let (total, bytes) = table("stock/?export=true&export_format=xlsx");
    assert_eq!((total, &bytes[..4]), (3, b"PK\x03\x04".as_slice()));
    shop.reader.get("/api/part/?export=true&export_format=pdf").refuses("export_format");
    shop.reader.get("/api/part/?export=true&export_plugin=other").refuses("export_plugin");
    shop.norole.get("/api/part/?export=true").is(403);
    let options = shop.reader.options("/api/part/?export=true").is(200);
    assert_eq!(options["actions"]["GET"]["export_format"]["type"], "choice");
    let all = shop.reader.get("/api/data-output/").is(200);
    shop.reader.delete(&format!("/api/data-output/{}/", all.numbers("pk")[0])).is(204);
    shop.reader.delete_with("/api/data-output/", json!({"items": all.numbers("pk")})).is(200);
    assert_eq!(shop.store.get("/api/data-output/").is(200).list().len(), 0);
}
