//! A history, as people read it.

use std::fmt::Write as _;

use crate::{
    client::write,
    history::{Exchange, History},
    plan::{FAULTS, IDS},
    specification::{Action, Fields},
};

/// Columns for the whole time of a history.
const WIDTH: usize = 48;

/// One line for each operation, by its start: when, who, what, which faults, what came back.
pub fn print(history: &History) -> String {
    let longest = history.exchanges.iter().map(|exchange| exchange.end).max().unwrap_or_default();
    let column = |time: std::time::Duration| {
        let share = time.as_secs_f64() / longest.as_secs_f64().max(f64::MIN_POSITIVE);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "small"
        )]
        let column = (share * (WIDTH - 1) as f64) as usize;
        column
    };
    let mut text = format!(
        "The history of seed {}. A movie shows which write set its image, description and cast.\n",
        history.seed
    );
    for exchange in &history.exchanges {
        let (start, end) = (column(exchange.start), column(exchange.end));
        let bar = format!("{}{}", " ".repeat(start), "=".repeat(end - start + 1));
        let _ = writeln!(
            text,
            "client {} |{bar:WIDTH$}| {:>5}-{:<5} ms  {} -> {}{}",
            exchange.client,
            exchange.start.as_millis(),
            exchange.end.as_millis(),
            request(exchange),
            response(exchange),
            faults(exchange),
        );
    }
    text
}

fn request(exchange: &Exchange) -> String {
    let id = |id: usize| format!("{}-{}", IDS[id].0, IDS[id].1);
    let write = write(exchange.client, exchange.number);
    let with = |fields: Fields| {
        let names = [(true, "image"), (fields.description, "description"), (fields.cast, "cast")];
        names.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect::<Vec<_>>().join(", ")
    };
    let mut text = match exchange.step.action {
        Action::Create(one) => format!("{write} creates {}", id(one)),
        Action::Read(one) => format!("{write} reads {}", id(one)),
        Action::List(_) => format!("{write} lists"),
        Action::Update(one, fields) => format!("{write} updates {}: {}", id(one), with(fields)),
        Action::Rename(one, to, fields) => format!("{write} renames {} to {}: {}", id(one), id(to), with(fields)),
        Action::Delete(one) => format!("{write} deletes {}", id(one)),
    };
    for (name, value) in [("If-Match", &exchange.if_match), ("If-None-Match", &exchange.if_none_match)] {
        if let Some(value) = value {
            let _ = write!(text, " {name}: {value}");
        }
    }
    text
}

fn response(exchange: &Exchange) -> String {
    let Some(response) = &exchange.response else { return "nothing".to_owned() };
    let mut text = response.status.to_string();
    if let Some(etag) = response.headers.get("etag") {
        let _ = write!(text, " {etag}");
    }
    if response.status == 200 && !response.body.is_empty() {
        let body = response.json();
        let movies: Vec<_> = match body.as_object() {
            Some(listed) if matches!(exchange.step.action, Action::List(_)) => listed.values().collect(),
            _ => vec![&body],
        };
        for movie in movies {
            let image = movie["image"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            let _ = write!(
                text,
                " {}-{}({image}, {}, {})",
                movie["title"].as_str().unwrap_or_default(),
                movie["year"],
                movie["description"].as_str().unwrap_or_default(),
                movie["cast"][0].as_str().unwrap_or_default()
            );
        }
    }
    text
}

fn faults(exchange: &Exchange) -> String {
    let mut names: Vec<_> = exchange.step.faults.iter().map(|fault| FAULTS[*fault].0).collect();
    if exchange.step.overdue > 0 {
        names.push("overdue");
    }
    if names.is_empty() { String::new() } else { format!("  ({})", names.join(", ")) }
}
