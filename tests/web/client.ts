// Tests a client that @hey-api/openapi-ts generates from /swagger.json and that is compiled in strict mode: calls all operations.
// The test accesses the API only through generated functions and types. `node client.js http://localhost:9000`

import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import * as fixture from "./fixture.json";
import { createMovie, deleteMovie, listMovies, patchMovie, readMovie, updateMovie } from "./generated";
import type { Movie, MoviePatch } from "./generated";
import { client } from "./generated/client.gen";

async function main(url: string): Promise<void> {
  client.setConfig({ baseUrl: url.replace(/\/$/, "") });
  const { id, body }: typeof fixture.new = JSON.parse(JSON.stringify(fixture.new).replaceAll("{n}", "1"));
  const movie: Movie = body;
  const path = { id };

  const created = await createMovie({ body: movie });
  assert.deepEqual(created.data, movie);
  const etag = created.response?.headers.get("etag") ?? undefined;
  assert.ok(etag);
  assert.equal((await createMovie({ body: movie })).error?.status, 409);
  const bad = await createMovie({ body: fixture.invalid.body as unknown as Movie });
  assert.deepEqual(bad.error?.errors?.map((error) => error.pointer).sort(), fixture.invalid.pointers);

  assert.deepEqual((await readMovie({ path })).data, movie);
  assert.equal((await readMovie({ path, headers: { "If-None-Match": etag } })).response?.status, 304);
  const listed: { [id: string]: Movie } = {};
  for (let cursor: string | undefined; ; ) {
    const page = await listMovies({ query: { limit: 1, cursor } });
    assert.ok(page.data);
    Object.assign(listed, page.data);
    const next = page.response?.headers.get("link")?.match(/<([^>]+)>/)?.[1];
    if (!next || !page.response) break;
    cursor = new URL(next, page.response.url).searchParams.get("cursor") ?? undefined;
  }
  assert.deepEqual(listed[id], movie);
  assert.ok(Object.keys(listed).length > 1);

  const patch: MoviePatch = fixture.change;
  const headers = { "If-Match": etag, "If-None-Match": '"outdated"', "Idempotency-Key": randomUUID() };
  const changed = await patchMovie({ path, body: patch, headers });
  const again = await patchMovie({ path, body: patch, headers });
  assert.deepEqual([changed.data, again.data], Array(2).fill({ ...movie, ...fixture.change }));
  assert.equal(again.response?.headers.get("idempotency-replayed"), "true");
  const stale = await updateMovie({ path, body: patch, headers: { "If-Match": etag } });
  assert.equal(stale.error?.status, 412);
  assert.equal((await deleteMovie({ path })).response?.status, 200);
  assert.equal((await deleteMovie({ path })).error?.status, 404);
  console.log(`${url}: the generated client creates, reads, lists, changes and deletes movies`);
}

main(process.argv[2] ?? "").catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
