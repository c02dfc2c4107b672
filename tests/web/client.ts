// Tests a client that @hey-api/openapi-ts generates from /swagger.json and that is compiled in strict mode: calls all operations.
// The test accesses the API only through generated functions and types. `node client.js http://localhost:9000`

import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import { createMovie, deleteMovie, listMovies, patchMovie, readMovie, updateMovie } from "./generated";
import type { Movie, MoviePatch } from "./generated";
import { client } from "./generated/client.gen";

async function main(url: string): Promise<void> {
  client.setConfig({ baseUrl: url.replace(/\/$/, "") });
  const title = `Client 50/50 & more? 🎬 ${randomBytes(4).toString("hex")}`;
  const movie: Movie = { title, year: 2011, cast: ["Ann"], image: "https://example.org/a.jpg", description: "" };
  const old = { id: `${title}-2011` };
  const renamed = { id: `${title}-2012` };

  const created = await createMovie({ body: movie });
  assert.deepEqual(created.data, movie);
  const etag = created.response?.headers.get("etag") ?? undefined;
  assert.ok(etag);
  const taken = await createMovie({ body: movie });
  assert.equal(taken.response?.status, 409);
  assert.equal(taken.error?.type, "urn:problem-type:movies:movie-exists");

  const read = await readMovie({ path: old });
  assert.deepEqual(read.data, movie);
  const listed: { [id: string]: Movie } = {};
  for (let cursor: string | undefined; ; ) {
    const page = await listMovies({ query: { limit: 1, cursor } });
    assert.ok(page.data);
    Object.assign(listed, page.data);
    const next = page.response?.headers.get("link")?.match(/<([^>]+)>/)?.[1];
    if (!next || !page.response) break;
    cursor = new URL(next, page.response.url).searchParams.get("cursor") ?? undefined;
  }
  assert.deepEqual(listed[old.id], movie);
  assert.ok("The Dare-2020" in listed);

  const patch: MoviePatch = { year: 2012 };
  const stale = await updateMovie({ path: old, body: patch, headers: { "If-Match": '"outdated"' } });
  assert.equal(stale.error?.status, 412);
  for (const headers of [{ "If-None-Match": "*" }, { "If-None-Match": `"outdated", W/${etag}` }]) {
    assert.equal((await updateMovie({ path: old, body: { cast: [] }, headers })).error?.status, 412);
    assert.equal((await patchMovie({ path: old, body: patch, headers })).error?.status, 412);
    assert.equal((await deleteMovie({ path: old, headers })).error?.status, 412);
  }
  assert.equal((await readMovie({ path: old, headers: { "If-Match": '"outdated"' } })).error?.status, 412);
  assert.equal((await readMovie({ path: old, headers: { "If-None-Match": etag } })).response?.status, 304);
  const headers = { "If-Match": etag, "If-None-Match": '"outdated"', "Idempotency-Key": randomBytes(16).toString("hex") };
  const moved = await patchMovie({ path: old, body: patch, headers });
  assert.deepEqual(moved.data, { ...movie, year: 2012 });
  const again = await patchMovie({ path: old, body: patch, headers });
  assert.deepEqual(again.data, moved.data);
  assert.equal(again.response?.headers.get("idempotency-replayed"), "true");
  assert.equal((await readMovie({ path: old })).error?.status, 404);
  const bad = await updateMovie({ path: renamed, body: { title: " ", year: 0 } });
  assert.deepEqual(bad.error?.errors?.map((error) => error.pointer), ["/title", "/year"]);

  assert.equal((await deleteMovie({ path: renamed })).response?.status, 200);
  assert.equal((await deleteMovie({ path: renamed })).error?.status, 404);
  console.log(`${url}: the generated client creates, reads, lists, renames and deletes movies`);
}

main(process.argv[2] ?? "").catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
