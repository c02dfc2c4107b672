// Load for a deployed API, with k6: k6 run -e URL=https://….amazonaws.com/dev -e RATE=20 benches/load.js
//
// RATE is the number of requests a second. Requests above the stage's limits in samconfig.toml (dev 20, prod 100) get 429.
// By default, all requests are reads. WRITES=1 adds writes, which need an API with WriteAuthorization=NONE. The saved query
// "cold-and-warm" of Logs Insights shows the results.
import http from "k6/http";
import { check } from "k6";

const root = __ENV.URL.replace(/\/$/, "");
const rate = Number(__ENV.RATE || 100);

export const options = {
  scenarios: {
    steady: { executor: "constant-arrival-rate", rate, timeUnit: "1s", duration: __ENV.DURATION || "10m", preAllocatedVUs: rate },
  },
  thresholds: { checks: ["rate==1"], http_req_duration: ["p(99)<500"] },
};

const is = (...statuses) => ({ "the expected status": ({ status }) => statuses.includes(status) });
const json = { headers: { "Content-Type": "application/json" } };

export default function () {
  const choice = Math.random();
  if (__ENV.WRITES && choice < 0.3) {
    const movie = { title: `Load ${__VU} ${__ITER}`, year: 9998, cast: [], image: "https://example.org/a.jpg", description: "" };
    const path = `${root}/ns_movies/${encodeURIComponent(`${movie.title}-${movie.year}`)}`;
    check(http.post(`${root}/ns_movies/`, JSON.stringify(movie), json), is(200, 409));
    check(http.put(path, JSON.stringify({ description: "Changed." }), json), is(200));
    check(http.del(path), is(200));
  } else if (choice < 0.8) {
    check(http.get(`${root}/ns_movies/The%20Dare-2020`), is(200, 404));
  } else if (choice < 0.95) {
    check(http.get(`${root}/ns_movies/?limit=100`), is(200));
  } else {
    check(http.get(`${root}/ns_movies/Nothing-1`), is(404));
  }
}
