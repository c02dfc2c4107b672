//! Create, read, update, rename, delete, HEAD and OPTIONS: the responses of each route.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::support::{
    EventFormat, Service, change, collection, invalid, large, merged, missing, movie, new, other_change, path_of,
    stored, stored_2,
};

static TITLES: LazyLock<Vec<String>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../titles.json")).expect("an array of titles"));

#[tokio::test]
async fn the_fixture_is_what_it_says() {
    let service = Service::seeded().await;
    let all = service.list_all(collection()).await;
    for stored in [stored(), stored_2()] {
        assert_eq!((service.get(&stored.path).await.json(), &all[&stored.id]), (stored.body.clone(), &stored.body));
    }
    assert_eq!(all.len(), 2);
    assert_eq!(service.get(&missing().path).await.status, 404);
    assert!(service.get(&missing().path).await.body.contains(&missing().id));
    for new in [new(1), new(2)] {
        let created = service.post(&new.body).await;
        assert_eq!((created.status, created.location(), created.json()), (200, new.path, new.body.clone()));
        assert_eq!(service.list_all(collection()).await[&new.id], new.body);
    }
    let both = merged(&change(), &other_change());
    assert_eq!(merged(&both, &change()), both, "they change different fields");
    let expected = merged(&merged(&stored().body, &change()), &other_change());
    for patch in [change(), other_change()] {
        let changed = service.call("PATCH", &stored().path).json(&patch).send().await;
        assert_eq!((changed.status, changed.headers.get("location")), (200, None), "{patch}");
    }
    assert_eq!(service.get(&stored().path).await.json(), expected);
    let refused = service.post(&invalid().body).await;
    let mut pointers = refused.pointers();
    pointers.sort();
    assert_eq!((refused.status, pointers), (400, invalid().pointers.clone()));
    let changed = service.call("PATCH", &stored().path).json(&large(1_000)).send().await;
    assert_eq!((changed.status, changed.json()), (200, merged(&expected, &large(1_000))));
}

#[tokio::test]
async fn a_movie_with_any_title_can_be_created_read_changed_and_deleted() {
    let service = Service::start().await;
    for title in TITLES.iter().cloned().chain(["x".repeat(1_900), "日".repeat(680)]) {
        let path = path_of(&format!("{title}-1999"));
        let created = service.post(&movie(&title, 1999)).await;
        assert_eq!((created.status, created.json()), (200, movie(&title, 1999)), "{title}");
        let read = service.get(&created.location()).await;
        assert_eq!((read.status, read.json(), read.etag()), (200, movie(&title, 1999), created.etag()), "{title}");

        let change = json!({"description": "Changed."});
        assert_eq!(service.call("PUT", &path).json(&change).send().await.json()["description"], "Changed.", "{title}");
        assert_eq!(service.call("DELETE", &path).send().await.status, 200, "{title}");
        assert_eq!(service.get(&path).await.status, 404, "{title}");
    }
    assert!(service.list_all("/ns_movies/").await.is_empty());
}

#[tokio::test]
async fn ids_are_never_normalized() {
    let service = Service::start().await;
    for title in ["é", "e\u{301}", "É", "a", "A", "a ", " a"] {
        assert_eq!(service.post(&movie(title, 1)).await.status, 200, "{title}");
    }
    assert_eq!(service.list_all("/ns_movies/").await.len(), 7);
}

#[tokio::test]
async fn a_year_is_a_number_by_its_value() {
    let service = Service::start().await;
    for (number, year) in
        [("2020.0", "2020"), ("2.021e3", "2021"), ("202200e-2", "2022"), ("2023.000000000000", "2023")]
    {
        let body = |title: &str| movie(title, 1).to_string().replace("\"year\":1", &format!("\"year\":{number}"));
        let shown = format!("\"year\":{year},");
        let created = service.call("POST", "/ns_movies/").body(&body("Posted")).send().await;
        assert_eq!(created.headers["location"], format!("../ns_movies/Posted-{year}"), "{number}");
        let path = format!("/ns_movies/Posted-{year}");
        let same = service.call("PUT", &path).body(&body("Posted")).send().await;
        assert!(!same.headers.contains_key("location"), "{number}");
        let read = service.get(&path).await;
        for (method, id) in [("PUT", "Put-1"), ("PATCH", "Patched-1")] {
            let title = id.split('-').next().unwrap();
            service.post(&movie(title, 1)).await;
            let change = format!("{{\"year\":{number}}}");
            let renamed = service.call(method, &format!("/ns_movies/{id}")).body(&change).send().await;
            assert_eq!(renamed.headers["location"], format!("../ns_movies/{title}-{year}"), "{method} {number}");
            assert!(renamed.body.contains(&shown), "{method} {number}: {renamed:?}");
        }
        for response in [created, same, read, service.get(&format!("/ns_movies/?year={year}&limit=1")).await] {
            assert!(response.body.contains(&shown), "{number}: {response:?}");
        }
    }
}

#[tokio::test]
async fn an_existing_movie_is_not_overwritten() {
    let service = Service::seeded().await;
    let before = service.get("/ns_movies/The%20Dare-2020").await;
    let response =
        service.call("POST", "/ns_movies").header("If-None-Match", "*").json(&movie("The Dare", 2020)).send().await;
    assert_eq!(response.status, 409);
    assert!(response.body.contains("The Dare-2020"));
    let after = service.get("/ns_movies/The%20Dare-2020").await;
    assert_eq!((after.body.as_str(), after.etag()), (before.body.as_str(), before.etag()));
}

#[tokio::test]
async fn put_and_patch_change_only_the_fields_sent() {
    let service = Service::seeded().await;
    let path = "/ns_movies/The%20Dare-2020";
    let mut expected = service.get(path).await.json();
    let patches = [
        ("PUT", "application/json", json!({"cast": []})),
        ("PATCH", "application/merge-patch+json", json!({"description": ""})),
        ("PATCH", "APPLICATION/JSON; charset=utf-8", json!({"image": "http://h/x", "cast": ["é", ""]})),
        ("PUT", "", json!({"title": "The Dare", "description": "same id"})),
    ];
    for (method, content_type, patch) in patches {
        for (name, value) in patch.as_object().unwrap() {
            expected[name] = value.clone();
        }
        let call = service.call(method, path).header("Content-Type", content_type).body(&patch.to_string());
        let response = call.send().await;
        assert_eq!((response.status, response.json()), (200, expected.clone()), "{patch}");
        let read = service.get(path).await;
        assert_eq!((read.json(), read.etag()), (expected.clone(), response.etag()), "{patch}");
    }
}

#[tokio::test]
async fn the_five_fields_of_a_get_can_be_sent_back_with_put() {
    let service = Service::seeded().await;
    let path = "/ns_movies/Don%27t%20Click-2020";
    let movie = service.get(path).await.json();
    let response = service.call("PUT", path).json(&movie).send().await;
    assert_eq!((response.status, response.json()), (200, movie));
    assert!(!response.headers.contains_key("location"));
}

#[tokio::test]
async fn a_rename_moves_the_movie_with_all_its_fields() {
    let service = Service::seeded().await;
    let mut expected = service.get("/ns_movies/The%20Dare-2020").await.json();
    let rename = json!({"title": "50/50?", "year": 9999, "description": "Moved."});
    for (name, value) in rename.as_object().unwrap() {
        expected[name] = value.clone();
    }
    let response = service.call("PUT", "/ns_movies/The%20Dare-2020").json(&rename).send().await;
    assert_eq!((response.status, response.json()), (200, expected.clone()));
    assert_eq!(response.location(), "/ns_movies/50%2F50%3F-9999");
    assert_eq!(service.get("/ns_movies/The%20Dare-2020").await.status, 404);
    let moved = service.get("/ns_movies/50%2F50%3F-9999").await;
    assert_eq!((moved.json(), moved.etag()), (expected, response.etag()));
}

#[tokio::test]
async fn a_rename_onto_another_movie_changes_neither() {
    let service = Service::seeded().await;
    let before = service.list_all("/ns_movies/").await;
    let path = "/ns_movies/The%20Dare-2020";
    let response = service.call("PATCH", path).json(&json!({"title": "Don't Click", "cast": []})).send().await;
    assert_eq!(response.status, 409);
    assert!(response.body.contains("Don't Click-2020"), "{}", response.body);
    assert_eq!(service.list_all("/ns_movies/").await, before);
}

#[tokio::test]
async fn a_location_is_relative_to_the_requests_url() {
    for (source, method, path, up) in [
        (EventFormat::Rest, "POST", "/ns_movies/", "../"),
        (EventFormat::Rest, "POST", "/ns_movies", "./"),
        (EventFormat::Rest, "PUT", "/ns_movies/a%2Fb-1", "../"),
        (EventFormat::Rest, "PATCH", "/ns_movies/a/b-1", "../../"),
        (EventFormat::Alb, "PUT", "/ns_movies/a/b-1", "../../"),
        (EventFormat::Url, "PUT", "/ns_movies%2Fa%2Fb-1", "./"),
        // An HTTP API decodes the path, so the id counts as one segment.
        (EventFormat::Http, "POST", "/ns_movies/", "../"),
        (EventFormat::Http, "POST", "/ns_movies", "./"),
        (EventFormat::Http, "PUT", "/ns_movies/a%2Fb-1", "../"),
    ] {
        let service = Service::start().await;
        let body = if method == "POST" { movie("x / y?", 1) } else { json!({"title": "x / y?"}) };
        service.post(&movie("a/b", 1)).await;
        let response = service.call_through(source, method, path).json(&body).send().await;
        let location = format!("{up}ns_movies/x%20%2F%20y%3F-1");
        assert_eq!((response.status, &response.headers["location"]), (200, &location), "{source:?} {method} {path}");
        assert_eq!(
            service.get("/ns_movies/x%20%2F%20y%3F-1").await.etag(),
            response.etag(),
            "{source:?} {method} {path}"
        );
    }
}

#[tokio::test]
async fn the_404_for_a_movie_names_its_id() {
    let service = Service::seeded().await;
    for path in [
        "/ns_movies/Nope-1999",
        "/ns_movies/no-year",
        "/ns_movies/The%20Dare-02020",
        "/ns_movies/%00-1",
        "/ns_movies//",
    ] {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            for patch in [json!({"description": "x"}), json!({"title": "Renamed"})] {
                let response = service.call(method, path).json(&patch).send().await;
                assert_eq!(response.status, 404, "{method} {path}");
            }
        }
    }
    let response = service.get("/ns_movies/Nope%2F-1999").await;
    assert_eq!(response.json()["detail"], "Movie 'Nope/-1999' doesn't exist.");
    assert_eq!(response.json()["instance"], "/Prod/ns_movies/Nope%2F-1999");
    assert_eq!(service.list_all("/ns_movies/").await.len(), 2);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let service = Service::seeded().await;
    for path in ["/ns_movies/", "/ns_movies/The%20Dare-2020", "/ns_movies/Nope-1", "/health", "/nowhere"] {
        let (get, head) = (service.get(path).await, service.call("HEAD", path).send().await);
        let length = get.body.len().to_string();
        let mut expected = get.headers.clone();
        expected.insert("content-length".to_owned(), length);
        assert_eq!((head.status, head.headers, head.body.as_str()), (get.status, expected, ""), "{path}");
    }
}

#[tokio::test]
async fn options_names_the_methods_of_every_route() {
    let service = Service::start().await;
    for (path, methods) in [
        ("/ns_movies/", "GET, HEAD, POST, OPTIONS"),
        ("/ns_movies/x-1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ("/health", "GET, HEAD, OPTIONS"),
        ("/swagger.json", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ] {
        let response = service.call("OPTIONS", path).send().await;
        assert_eq!((response.status, response.body.as_str()), (204, ""), "{path}");
        for header in ["allow", "access-control-allow-methods"] {
            assert_eq!(response.headers[header], methods, "{path}: {header}");
        }
    }
}

#[tokio::test]
async fn health_tells_whether_the_table_responds() {
    let service = Service::start().await;
    assert_eq!(service.get("/health").await.json(), json!({"status": "ok"}));
    let gone = service.dynamodb.delete_table().table_name("movies").send().await;
    assert!(gone.is_ok());
    let response = service.get("/health").await;
    assert_eq!((response.status, response.headers["retry-after"].as_str()), (503, "1"));
    assert!(!response.body.to_lowercase().contains("dynamo") && !response.body.contains("ResourceNotFound"));
}

#[tokio::test]
async fn a_stored_item_has_the_documented_shape() {
    let service = Service::start().await;
    service.post(&movie("Shape", 2001)).await;
    let scan = service.dynamodb.scan().table_name("movies").send().await.unwrap();
    let item = scan.items().first().unwrap();
    let mut names: Vec<_> = item.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["cast", "description", "etag", "id", "image", "prior_etag", "title", "year"]);
    assert_eq!(item["year"].as_n().map(String::as_str), Ok("2001"));
}

#[tokio::test]
async fn an_item_that_is_not_a_movie_does_not_hide_movies() {
    use aws_sdk_dynamodb::types::AttributeValue;
    let service = Service::seeded().await;
    let foreign = service.dynamodb.put_item().table_name("movies");
    foreign.item("id", AttributeValue::S("Foreign-1".to_owned())).send().await.unwrap();
    assert_eq!(service.list_all("/ns_movies/?limit=1").await.len(), 2);
    assert_eq!(service.get("/ns_movies/Foreign-1").await.status, 404);
    let response: Value = service.get("/ns_movies/Foreign-1").await.json();
    assert!(!response.to_string().contains("attribute"));
}
