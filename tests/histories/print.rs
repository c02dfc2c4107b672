//! Prints a history for people.

use std::fmt::{self, Display, Write as _};

use crate::{
    history::{Event, Exchange, History, REPLAYED},
    plan::{FAULTS, Request},
    specification::Movie,
};

/// One line for each operation, in the order of the requests: the client, the times, the request, the response and the
/// faults. Each column of the bars is an event: the request or the response of one operation.
impl Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "The history of seed {}. Each movie is followed by the numbers of the operations that set its two fields;\n\
             each ETag is the number of the operation that it shows.",
            self.seed
        )?;
        for (index, exchange) in self.exchanges.iter().enumerate() {
            let [start, end] = [exchange.start, exchange.end].map(|time| time.as_millis());
            let (mut bar, mut is_under_way) = (String::new(), false);
            for event in &self.events {
                is_under_way |= matches!(event, Event::Invoked(one) if *one == index);
                bar.push(if is_under_way { '=' } else { ' ' });
                is_under_way &= !matches!(event, Event::Returned(one) if *one == index);
            }
            let client = exchange.client;
            write!(f, "client {client} |{bar}| {start:>5} to {end:>5} ms: {} -> ", self.request(exchange))?;
            writeln!(f, "{}{}", self.response(exchange), faults(exchange))?;
        }
        Ok(())
    }
}

impl History {
    fn request(&self, exchange: &Exchange) -> String {
        let Request { write: number, action, key, .. } = &exchange.step.request;
        let mut text = format!("{number} {action}");
        for (name, value) in [("If-Match", &exchange.if_match), ("If-None-Match", &exchange.if_none_match)] {
            if let Some(value) = value {
                let _ = write!(text, " {name} {}", self.version(value));
            }
        }
        if let Some(key) = key {
            let _ = write!(text, " with key {key}");
        }
        text
    }

    fn response(&self, exchange: &Exchange) -> String {
        let Some(response) = &exchange.response else { return "nothing".to_owned() };
        let mut text = response.status.to_string();
        let shown = match exchange.etag_and_movie() {
            Some((_, movie)) => movie.map(|movie| vec![movie]),
            None if exchange.is_listing() && response.status == 200 => exchange.listed(),
            None => Ok(Vec::new()),
        };
        let _ = match shown {
            Ok(movies) => movies
                .iter()
                .try_for_each(|Movie { id, version, other }| write!(text, " movie {id} ({version}, {other})")),
            Err(error) => write!(text, " {error}"),
        };
        if let Some(etag) = response.headers.get("etag").filter(|_| !exchange.is_listing()) {
            let _ = write!(text, " ETag {}", self.version(etag));
        }
        if response.headers.contains_key(REPLAYED) {
            text.push_str(" replayed");
        }
        text
    }

    /// The number of the write to which an ETag belongs. If no response shows it, the value of the header itself.
    fn version(&self, etag: &str) -> String {
        let mut shown = self.exchanges.iter().filter_map(Exchange::etag_and_movie);
        match shown.find(|(one, _)| *one == etag) {
            Some((_, Ok(movie))) => movie.version.to_string(),
            _ => etag.to_owned(),
        }
    }
}

fn faults(exchange: &Exchange) -> String {
    let overdue = (exchange.step.overdue > 0).then(|| format!("the first {} overdue", exchange.step.overdue));
    let names: Vec<_> = exchange.step.faults.iter().map(|fault| FAULTS[*fault].0.to_owned()).chain(overdue).collect();
    if names.is_empty() { String::new() } else { format!(" [{}]", names.join(", ")) }
}
