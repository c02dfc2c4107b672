// Sends a request from a page, with the headers that tracing, jQuery, retries and sign-in add. Returns what the page can read of the
// response, or null if the browser blocks the request.
async ({ url, method, body, headers }) => {
  const added = {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    baggage: "userId=alice,serverNode=DF%2028",
    "X-Requested-With": "XMLHttpRequest",
    "Idempotency-Key": crypto.getRandomValues(new Uint32Array(4)).join("-"),
    Authorization: "Bearer token",
    ...(body && { "Content-Type": "application/json" }),
  };
  try {
    const response = await fetch(url, { method, headers: { ...added, ...headers }, body: body && JSON.stringify(body) });
    const target = (reference) => reference && new URL(reference, response.url).href;
    const text = await response.text();
    return {
      status: response.status,
      body: text && JSON.parse(text),
      etag: response.headers.get("ETag"),
      location: target(response.headers.get("Location")),
      next: target(response.headers.get("Link")?.match(/<([^>]*)>; rel="next"/)?.[1]),
    };
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
