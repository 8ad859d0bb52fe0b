//! What every list can do: pages, order, search, filters, optional fields (CONVENTIONS §§4–8).

use serde_json::json;

use crate::support::{ORIGIN, Shop};

fn shelf(names: &[&str]) -> Shop {
    let shop = Shop::new();
    for name in names {
        shop.part(name);
    }
    shop
}

const LETTERS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

#[test]
fn without_a_limit_a_list_is_a_plain_array() {
    let shop = shelf(&LETTERS);
    for query in ["", "?limit=0", "?limit=-3", "?limit=junk", "?limit=", "?limit=1.5", "?offset=3", "?limit=99999999999999999999"] {
        let answer = shop.reader.get(&format!("/api/part/{query}")).is(200);
        assert!(answer.json.is_array(), "{query}");
        assert_eq!(answer.texts("name"), LETTERS, "{query}");
    }
}

#[test]
fn a_page_links_to_its_neighbours_with_sorted_keys() {
    let shop = shelf(&LETTERS);
    let link = |query: &str| json!(format!("{ORIGIN}/api/part/?{query}"));
    let page = shop.reader.get("/api/part/?ordering=-name&limit=2&active=true&offset=2").is(200);
    assert_eq!(page.keys(), ["count", "next", "previous", "results"]);
    assert_eq!(page["count"], 7);
    assert_eq!(page["next"], link("active=true&limit=2&offset=4&ordering=-name"));
    assert_eq!(page["previous"], link("active=true&limit=2&ordering=-name"), "the first page has no offset");
    assert_eq!(page.texts("name"), ["e", "d"]);
    let first = shop.reader.get("/api/part/?limit=3").is(200);
    assert_eq!((&first["next"], &first["previous"]), (&link("limit=3&offset=3"), &json!(null)));
    let last = shop.reader.get("/api/part/?limit=3&offset=6").is(200);
    assert_eq!((&last["next"], &last["previous"]), (&json!(null), &link("limit=3&offset=3")));
    assert_eq!(last.texts("name"), ["g"]);
    // Nothing behind an exact end.
    assert_eq!(shop.reader.get("/api/part/?limit=7").is(200)["next"], json!(null));
    // What must be escaped stays so.
    let odd = shop.reader.get("/api/part/?limit=1&search=%26%20x").is(200);
    assert_eq!((&odd["count"], &odd["next"]), (&json!(0), &json!(null)));
    let odd = shop.reader.get("/api/part/?limit=1&z=a%26b%20c").is(200);
    assert_eq!(odd["next"], link("limit=1&offset=1&z=a%26b+c"));
}

#[test]
fn an_offset_past_the_end_keeps_the_count() {
    let shop = shelf(&LETTERS);
    let page = shop.reader.get("/api/part/?limit=3&offset=50").is(200);
    assert_eq!((&page["count"], &page["next"], page.list().len()), (&json!(7), &json!(null), 0));
    assert_eq!(page["previous"], json!(format!("{ORIGIN}/api/part/?limit=3&offset=47")));
    for offset in ["9223372036854775807", "-1", "junk", "99999999999999999999"] {
        shop.reader.get(&format!("/api/part/?limit=3&offset={offset}")).is(200);
    }
    shop.reader.get("/api/part/?limit=9223372036854775807&offset=9223372036854775807").is(200);
}

#[test]
fn every_page_of_a_search_tells_the_same_count() {
    let shop = shelf(&["Nut a", "Nut b", "Nut c", "Nut d", "Bolt"]);
    for (page, here) in
        [("limit=3", 3), ("limit=4", 4), ("limit=5", 4), ("limit=3&offset=3", 1), ("limit=2&offset=2", 2), ("limit=2&offset=9", 0)]
    {
        let answer = shop.reader.get(&format!("/api/part/?search=nut&{page}")).is(200);
        assert_eq!((&answer["count"], answer["results"].as_array().map(Vec::len)), (&json!(4), Some(here)), "{page}");
    }
    let nothing = shop.reader.get("/api/part/?search=screw&limit=3").is(200);
    assert_eq!((&nothing["count"], &nothing["results"]), (&json!(0), &json!([])));
    assert_eq!(shop.reader.get("/api/stock/?search=screw&limit=3").is(200)["count"], json!(0));
}

#[test]
fn walking_the_pages_meets_every_row_once() {
    let shop = shelf(&LETTERS);
    let place = shop.place("Shelf");
    for part in 1..=7 {
        shop.stock_with(part, 5.0, json!({"location": place}));
    }
    for (list, order) in [
        ("part", "active"),
        ("part", "-active,IPN"),
        ("stock", "quantity"),
        ("stock", "-part"),
        ("stock", ""),
        ("stock", "location,status"),
    ] {
        let mut met = Vec::new();
        let mut next = Some(format!("/api/{list}/?limit=2&ordering={order}"));
        while let Some(path) = next {
            let page = shop.reader.get(&path).is(200);
            met.extend(page.numbers("pk"));
            next = page["next"].as_str().map(|n| n.strip_prefix(ORIGIN).unwrap().to_string());
        }
        met.sort_unstable();
        assert_eq!(met, [1, 2, 3, 4, 5, 6, 7], "{list} {order}");
    }
}

#[test]
fn words_of_ordering_that_mean_nothing_are_dropped() {
    let shop = shelf(&["b", "a", "c"]);
    let order = |words: &str| shop.reader.get(&format!("/api/part/?ordering={words}")).is(200).texts("name").join("");
    assert_eq!(order("name"), "abc");
    assert_eq!(order("-name"), "cba");
    assert_eq!(order("nonsense"), "abc", "the list's own order");
    assert_eq!(order("nonsense,-name"), "cba");
    assert_eq!(order(""), "abc");
    assert_eq!(order("id"), "bac");
    assert_eq!(order("-id"), "cab");
    assert_eq!(order("password,creation_user__password,--name"), "abc");
    assert_eq!(order(&"name,id,".repeat(900)), "abc", "however often a word comes");
    shop.reader.get(&format!("/api/stock/?ordering={}", "stock,".repeat(1300))).is(200);
}

#[test]
fn ties_go_by_key_in_the_direction_of_the_last_word() {
    let shop = shelf(&["b", "a", "c"]);
    let order = |words: &str| shop.reader.get(&format!("/api/part/?ordering={words}")).is(200).numbers("pk");
    assert_eq!(order("units"), [1, 2, 3]);
    assert_eq!(order("-units"), [3, 2, 1]);
    assert_eq!(order("units,-revision"), [3, 2, 1]);
    assert_eq!(order("-units,revision"), [1, 2, 3]);
    assert_eq!(order("-units,nonsense"), [3, 2, 1], "a dropped word is not the last");
}

#[test]
fn every_word_of_every_ordering_works() {
    let shop = shelf(&["b", "a"]);
    shop.stock(1, 2.0);
    shop.place("Shelf");
    shop.category("Small");
    for resource in stockroom::router::RESOURCES {
        if resource.lookup != stockroom::engine::describe::Lookup::Key || resource.path.contains("{id}") {
            continue;
        }
        let path = resource.path.replace("{above}", "1");
        for order in resource.order {
            for sign in ["", "-"] {
                for page in ["", "&limit=2"] {
                    shop.admin.get(&format!("/api/{path}/?ordering={sign}{}{page}", order.name)).is(200);
                }
            }
        }
    }
}

#[test]
fn every_filter_of_every_list_takes_something_and_forgives_nothing() {
    use stockroom::engine::describe::Reads;
    let shop = shelf(&["a", "b"]);
    shop.place("Shelf");
    shop.category("Small");
    shop.stock_with(1, 2.0, json!({"location": 1}));
    for resource in stockroom::router::RESOURCES {
        let path = resource.path.replace("{above}", "1");
        for filter in resource.filters {
            // Names of models have scenarios of their own.
            if filter.name.contains("model") && filter.name != "model_id" {
                continue;
            }
            let ask = |value: &str| shop.admin.get(&format!("/api/{path}/?{}={value}", filter.name));
            let (good, bad): (&[&str], &[&str]) = match filter.reads {
                Reads::Flag => (&["true", "false", "True", "FALSE", "1", "0", "", "junk", "yes"], &[]),
                Reads::Number => (&["1", "0.5", "-3", "1e2"], &["junk", "NaN", "1e400", "1,5", "inf"]),
                Reads::Int => (&["1", "-1", "0"], &["junk", "1.5.2", "99999999999999999999", "1e3x"]),
                Reads::IntOrNull => (&["1", "null", "none", "top", "empty", "false", "-1", ""], &["junk", "99999999999999999999"]),
                Reads::Date => (&["2026-01-31", ""], &["junk", "2026-02-30", "31.1.2026", "2026-1-1", "2026-01-31T00:00"]),
                Reads::Text => (&["x", "%25", "", "%00", "'%22%3B--", "%F0%9F%94%A9", "%FF"], &[]),
                Reads::Regex => (&["x", "%5Ea.*", "(?i)a"], &["(", "*", "%5B", "a%7B999999%7D", "(?%3D a)"]),
                Reads::Ref(_) => (&[""], &["junk", "0", "-1", "99999", "99999999999999999999", "1.5", "null"]),
                Reads::Ints => (&["1", "1,2,3", " 1, 2"], &["junk", "1,x", "1,,2", "99999999999999999999"]),
            };
            for value in good {
                ask(&value.replace(' ', "%20")).is(200);
            }
            for value in bad {
                let answer = ask(&value.replace(' ', "%20"));
                answer.refuses(filter.name);
            }
        }
    }
}

#[test]
fn a_flag_filter_that_is_not_understood_does_not_apply() {
    let shop = shelf(&["a"]);
    shop.part_with("b", json!({"active": false}));
    let names = |query: &str| shop.reader.get(&format!("/api/part/?{query}")).is(200).texts("name").join("");
    for (query, want) in [
        ("active=true", "a"),
        ("active=True", "a"),
        ("active=1", "a"),
        ("active=false", "b"),
        ("active=FALSE", "b"),
        ("active=0", "b"),
        ("active=maybe", "ab"),
        ("active=", "ab"),
        ("active=yes", "ab"),
        ("active=true&active=false", "b"),
        ("nonsense=1", "ab"),
    ] {
        assert_eq!(names(query), want, "{query}");
    }
}

#[test]
fn several_filters_narrow_together_and_all_problems_are_told() {
    let shop = shelf(&["a"]);
    shop.part_with("b", json!({"active": false, "salable": true}));
    shop.part_with("c", json!({"salable": true}));
    assert_eq!(shop.reader.get("/api/part/?active=true&salable=true").is(200).texts("name"), ["c"]);
    let answer = shop.reader.get("/api/part/?category=junk&variant_of=junk&created_after=junk").is(400);
    assert_eq!(answer.keys().len(), 3);
}

#[test]
fn days_filter_strictly() {
    let shop = shelf(&["a"]);
    shop.sql("UPDATE part SET creation_date = '2026-05-10'");
    let found = |query: &str| shop.reader.get(&format!("/api/part/?{query}")).is(200).list().len();
    assert_eq!((found("created_before=2026-05-10"), found("created_before=2026-05-11")), (0, 1));
    assert_eq!((found("created_after=2026-05-10"), found("created_after=2026-05-09")), (0, 1));
    // A moment is compared with the midnight at which the day begins.
    shop.stock(1, 1.0);
    shop.sql("UPDATE stock_item SET creation_date = unixepoch('2026-05-10 12:00') * 1000");
    let found = |query: &str| shop.reader.get(&format!("/api/stock/?{query}")).is(200).list().len();
    assert_eq!((found("created_after=2026-05-10"), found("created_after=2026-05-11")), (1, 0));
    assert_eq!((found("created_before=2026-05-10"), found("created_before=2026-05-11")), (0, 1));
}

#[test]
fn search_wants_every_term_somewhere() {
    let shop = Shop::new();
    let category = shop.category("Fasteners");
    shop.part_with("Hex nut", json!({"description": "stainless steel", "IPN": "FA-001", "category": category}));
    shop.part_with("Hex bolt", json!({"description": "brass, 20 mm long", "keywords": "screw metric"}));
    shop.part_with("Red LED", json!({"description": "0603 smd", "tags": ["opto", "light"]}));
    let found = |search: &str| {
        let answer = shop.reader.get(&format!("/api/part/?search={search}")).is(200);
        answer.texts("name").into_iter().map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(found("hex"), ["Hex bolt", "Hex nut"]);
    assert_eq!(found("HEX%20steel"), ["Hex nut"], "case does not matter, terms may be in different fields");
    assert_eq!(found("hex,steel"), ["Hex nut"], "commas part terms too");
    assert_eq!(found("steel%20brass"), Vec::<String>::new());
    assert_eq!(found("fasteners"), ["Hex nut"], "the category's name");
    assert_eq!(found("FA-0"), ["Hex nut"]);
    assert_eq!(found("screw"), ["Hex bolt"]);
    assert_eq!(found("opto"), ["Red LED"], "tags");
    assert_eq!(found("%22stainless%20steel%22"), ["Hex nut"], "a phrase");
    assert_eq!(found("%22steel%20stainless%22"), Vec::<String>::new());
    assert_eq!(found("'hex%20nut'"), ["Hex nut"]);
    assert_eq!(found("%20%20").len(), 3, "nothing asked for");
    assert_eq!(found("").len(), 3);
    assert_eq!(found("ex%20nu"), ["Hex nut"], "terms of less than three letters");
    assert_eq!(found("x"), ["Hex bolt", "Hex nut"]);
    assert_eq!(found("20%20mm"), ["Hex bolt"]);
}

#[test]
fn signs_that_mean_something_to_a_database_are_searched_literally() {
    let shop = Shop::new();
    for name in
        ["100% cotton", "under_score", "back\\slash", "plain", "quo\"te", "semi;colon", "star*", "caret^x", "(paren)", "NEAR", "a AND b"]
    {
        shop.part(name);
    }
    let found = |search: &str| {
        let encoded: String = form_urlencoded::byte_serialize(search.as_bytes()).collect();
        shop.reader.get(&format!("/api/part/?search={encoded}")).is(200).texts("name").len()
    };
    for (search, count) in [
        ("%", 1),
        ("_", 1),
        ("\\", 1),
        ("0%", 1),
        ("100%", 1),
        ("100% cot", 1),
        ("der_sco", 1),
        ("r_s", 1),
        ("ack\\sla", 1),
        ("k\\s", 1),
        ("*", 1),
        ("star*", 1),
        ("(paren)", 1),
        ("o\"te", 1),
        ("sta*", 0),
        ("pl%n", 0),
        ("p_ain", 0),
        ("NEAR(", 0),
        ("AND", 1),
        ("OR", 1),
        ("NOT", 0),
        ("name:plain", 0),
        ("^x", 1),
        ("-plain", 0),
        ("+++", 0),
        ("\"\"\"", 11),
        ("{name}", 0),
        ("plain\0", 1),
    ] {
        assert_eq!(found(search), count, "{search}");
    }
}

#[test]
fn letters_beyond_ascii_are_found() {
    let shop = shelf(&["Größe 5", "Ωhm", "日本語", "螺丝"]);
    let found = |search: &str| {
        let encoded: String = form_urlencoded::byte_serialize(search.as_bytes()).collect();
        shop.reader.get(&format!("/api/part/?search={encoded}")).is(200).texts("name").len()
    };
    for search in ["Größe", "röß", "ö", "Ω", "日本", "日本語", "螺丝", "螺"] {
        assert_eq!(found(search), 1, "{search}");
    }
}

#[test]
fn search_by_pattern_and_by_whole_words() {
    let shop = shelf(&["bolt 10", "bolt 100", "thunderbolt", "nut"]);
    let ask = |query: &str| shop.reader.get(&format!("/api/part/?search_regex=true&{query}"));
    let found = |query: &str| ask(query).is(200).texts("name").len();
    assert_eq!(found("search=%5Ebolt"), 2);
    assert_eq!(found("search=BOLT%24"), 1, "case does not matter");
    assert_eq!(found("search=b.lt"), 3);
    assert_eq!(found("search=10&search_whole=true"), 1);
    assert_eq!(found("search=nut%7Cthunder"), 2);
    for bad in ["(", "%5B", "*", "a%7B2%2C1%7D", "%5C"] {
        ask(&format!("search={bad}")).is(400);
    }
    let whole = |search: &str| shop.reader.get(&format!("/api/part/?search_whole=true&search={search}")).is(200).texts("name").len();
    assert_eq!((whole("bolt"), whole("10"), whole("1"), whole("b.lt")), (2, 1, 0, 0));
    // Without the flag a pattern is just text.
    assert_eq!(shop.reader.get("/api/part/?search=b.lt").is(200).list().len(), 0);
    shop.reader.get("/api/part/?search=(").is(200);
}

#[test]
fn searches_of_any_length_are_answered() {
    let shop = shelf(&["nut"]);
    for term in ["x".repeat(7000), "x ".repeat(3500), "ab,".repeat(2000), "\"".repeat(2000), "%25".repeat(2000)] {
        shop.reader.get(&format!("/api/part/?search={}", term.replace(' ', "%20"))).is(200);
        shop.reader.get(&format!("/api/stock/?search={}", term.replace(' ', "%20"))).is(200);
    }
    let regex = shop.reader.get(&format!("/api/part/?search_regex=1&search={}", "(a*)*".repeat(1000)));
    assert!(matches!(regex.status, 200 | 400));
    for list in ["part", "stock", "stock/location"] {
        let answer = shop.reader.get(&format!("/api/{list}/?tags={}", "a,".repeat(3900)));
        assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
    }
}

#[test]
fn optional_fields_come_when_they_are_asked_for() {
    let shop = Shop::new();
    let category = shop.category("Small");
    let place = shop.place("Shelf");
    let part = shop.part_with("Nut", json!({"category": category, "default_location": place, "tags": ["tiny"]}));
    let row = |query: &str| shop.reader.get(&format!("/api/part/?{query}")).is(200)[0].clone();
    for field in ["category_detail", "default_location_detail", "category_path", "tags", "parameters", "price_breaks"] {
        assert!(row("").get(field).is_none(), "{field} is left out of lists");
    }
    assert_eq!(row("category_detail=true")["category_detail"]["name"], "Small");
    assert_eq!(row("location_detail=1")["default_location_detail"]["pathstring"], "Shelf");
    assert_eq!(row("path_detail=yes")["category_path"], json!([{"pk": category, "name": "Small"}]));
    assert_eq!(row("tags=tiny")["name"], "Nut", "the filter has the name of the flag");
    assert_eq!(row("parameters=on")["parameters"], json!([]));
    assert!(row("category_detail=junk").get("category_detail").is_none(), "helper flags: everything else is false");
    assert!(row("")["pricing_min"].is_null());
    assert!(row("pricing=false").get("pricing_min").is_none());
    // A list of stock shows the part unless told otherwise.
    shop.stock(part, 1.0);
    let row = |query: &str| shop.reader.get(&format!("/api/stock/?{query}")).is(200)[0].clone();
    assert_eq!(row("")["part_detail"]["name"], "Nut");
    assert_eq!(row("")["part_detail"]["minimum_stock"], "0.000000", "a brief part has text there");
    assert!(row("part_detail=false").get("part_detail").is_none());
    assert!(row("").get("location_detail").is_none());
    assert_eq!(row("location_detail=true")["location_detail"]["name"], "Shelf");
    assert_eq!(row("path_detail=true")["location_path"][0]["name"], "Shelf");
    let one = |query: &str| shop.reader.get(&format!("/api/stock/1/?{query}")).is(200).json.clone();
    assert!(one("").get("tests").is_none() && one("tests=true")["tests"].is_array());
}

#[test]
fn details_are_shown_to_those_alone_who_may_see_them() {
    let shop = Shop::new();
    let category = shop.category("Small");
    let place = shop.place("Shelf");
    let part = shop.part_with("Nut", json!({"category": category, "default_location": place}));
    shop.stock_with(part, 1.0, json!({"location": place}));
    let clerk = shop.hire("clerk", &[("stock", &["view"])]);
    let row = clerk.get("/api/stock/?part_detail=true&location_detail=true").is(200)[0].clone();
    assert_eq!((&row["part"], &row["part_detail"], &row["location_detail"]), (&json!(part), &json!(null), &json!(null)));
    let seller = shop.hire("seller", &[("part", &["view"])]);
    let row = seller.get("/api/part/?category_detail=true&location_detail=true").is(200)[0].clone();
    assert_eq!((&row["category_detail"], &row["default_location_detail"]), (&json!(null), &json!(null)));
}

#[test]
fn broken_bytes_in_a_query_are_survived() {
    let shop = shelf(&["nut"]);
    for query in [
        "search=%FF%FE",
        "search=%00",
        "%FF=%FF",
        "search=%",
        "search=%zz",
        "&&&=&=",
        "limit=%00",
        "ordering=%00name",
        "=",
        "search=%ED%A0%80",
    ] {
        shop.reader.get(&format!("/api/part/?{query}")).is(200);
    }
    shop.reader.get("/api/part/?category=%FF").refuses("category");
}
