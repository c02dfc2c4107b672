// Uses the API from a page of another origin: creates, reads, updates, renames and deletes a movie, and reads the response headers.
// Each request has the headers that tracing, jQuery, retries and sign-in add.

let requests = 0;

async function send(url, method, path, { body, headers } = {}) {
  const random = () => Math.random().toString(16).slice(2, 10).padEnd(8, "0");
  requests += 1;
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      traceparent: `00-${random().repeat(4)}-${random().repeat(2)}-01`,
      baggage: "userId=alice,serverNode=DF%2028",
      "X-Requested-With": "XMLHttpRequest",
      "Idempotency-Key": `page-${requests}-${random()}`,
      Authorization: "Bearer token",
      ...(body && { "Content-Type": "application/json" }),
      ...headers,
    },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  const target = (reference) => reference && new URL(reference, response.url).href;
  return {
    status: response.status,
    body: text && JSON.parse(text),
    etag: response.headers.get("ETag"),
    location: target(response.headers.get("Location")),
    next: target(response.headers.get("Link")?.match(/<([^>]*)>; rel="next"/)?.[1]),
  };
}

function check(name, actual, expected) {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Error(`${name}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
  }
}

// Calls all operations. Throws an error for a wrong response, or the browser's TypeError for a blocked request.
async function useEveryMethod(url, title) {
  const movie = { title, year: 2001, cast: ["Ann"], image: "https://example.org/a.jpg", description: "" };
  const created = await send(url, "POST", "ns_movies/", { body: movie });
  check("create", [created.status, created.body.title], [200, title]);
  check("create's headers", [!!created.etag, !!created.location], [true, true]);
  const own = created.location;

  const read = await send(url, "GET", own);
  check("read", [read.status, read.body.title, read.etag], [200, title, created.etag]);
  check("read again", (await send(url, "GET", own, { headers: { "If-None-Match": read.etag } })).status, 304);
  check("head", (await send(url, "HEAD", own)).status, 200);

  const found = [];
  for (let page = "ns_movies/?limit=1"; page; ) {
    const listed = await send(url, "GET", page);
    check("list", listed.status, 200);
    found.push(...Object.keys(listed.body));
    page = listed.next;
  }
  check("list", [found.includes(`${title}-2001`), found.length > 1], [true, true]);

  const changed = await send(url, "PUT", own, { body: { description: "Seen." }, headers: { "If-Match": read.etag } });
  check("update", [changed.status, changed.body.description], [200, "Seen."]);
  const stale = await send(url, "PUT", own, { body: { description: "" }, headers: { "If-Match": read.etag } });
  check("a stale update", [stale.status, stale.body.status], [412, 412]);
  const headers = { "Content-Type": "application/merge-patch+json" };
  const renamed = await send(url, "PATCH", own, { body: { year: 2002 }, headers });
  check("rename", [renamed.status, renamed.body.year], [200, 2002]);
  const deleted = await send(url, "DELETE", renamed.location, { headers: { "If-Match": renamed.etag } });
  check("delete", deleted.status, 200);
  const gone = await send(url, "GET", renamed.location);
  check("read what is deleted", [gone.status, gone.body.status], [404, 404]);
}

// Sends one request with each method, if possible to the movie `id`. Returns the methods that the browser does not block.
async function allowedMethods(url, id) {
  const own = `ns_movies/${encodeURIComponent(id)}`;
  const movie = { title: "Foreign", year: 1, cast: [], image: "https://example.org/a.jpg", description: "" };
  const allowed = [];
  for (const [method, path, body] of [
    ["GET", "ns_movies/"],
    ["HEAD", own],
    ["POST", "ns_movies/", movie],
    ["PUT", own, { description: "Foreign" }],
    ["PATCH", own, { description: "Foreign" }],
    ["DELETE", own],
  ]) {
    try {
      await send(url, method, path, { body });
      allowed.push(method);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  return allowed;
}
