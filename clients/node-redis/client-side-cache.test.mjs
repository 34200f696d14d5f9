// node-redis' own cache of what it has read, which the server keeps coherent.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BasicClientSideCache } from 'redis';

import { connect, connectToEmpty, until } from './address.mjs';

async function caching(context) {
  const other = await connectToEmpty(context);
  const clientSideCache = new BasicClientSideCache({ maxEntries: 100, recordStats: true });
  const client = await connect(context, { RESP: 3, clientSideCache });
  return { client, other, clientSideCache };
}

test('a value that another client changes is seen', async (context) => {
  const { client, other } = await caching(context);
  await other.set('a', '1');
  assert.equal(await client.get('a'), '1');
  await other.set('a', '2');
  await until(async () => (await client.get('a')) === '2');
  await other.del('a');
  await until(async () => (await client.get('a')) === null);
});

test('a hash that another client changes is seen', async (context) => {
  const { client, other } = await caching(context);
  await other.hSet('h', { f: '1' });
  assert.deepEqual({ ...(await client.hGetAll('h')) }, { f: '1' });
  await other.hSet('h', { g: '2' });
  await until(async () => (await client.hGetAll('h')).g === '2');
});

test('a flush is seen', async (context) => {
  const { client, other } = await caching(context);
  await other.set('a', '1');
  assert.equal(await client.get('a'), '1');
  await other.flushAll();
  await until(async () => (await client.get('a')) === null);
});

test('a repeated read asks the server once', async (context) => {
  const { client, other, clientSideCache } = await caching(context);
  await other.set('a', '1');
  for (let turn = 0; turn < 10; turn += 1) assert.equal(await client.get('a'), '1');
  const { hitCount, missCount } = clientSideCache.stats();
  assert.deepEqual({ hitCount, missCount }, { hitCount: 9, missCount: 1 });
});
