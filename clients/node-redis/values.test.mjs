// Strings, hashes, expiry, iteration, and errors.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RESP_TYPES } from 'redis';

import { connect, connectToEmpty, withBothProtocols } from './address.mjs';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const IN_2100 = 4102444800;

withBothProtocols((protocol, suffix) => {
  const inBytes = (client) => client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });

  test(`a connection has its name and its database${suffix}`, async (context) => {
    const client = await connect(context, { ...protocol, name: 'checkout', database: 4 });
    assert.equal(await client.clientGetName(), 'checkout');
    const about = await client.clientInfo();
    assert.equal(about.db, 4);
    assert.equal(about.id, await client.clientId());
  });

  test(`databases are apart${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    await client.set('a', '0');
    await client.select(3);
    assert.equal(await client.get('a'), null);
    await client.set('a', '3');
    await client.flushDb();
    await client.select(0);
    assert.equal(await client.get('a'), '0');
  });

  test(`set and get with every option${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    assert.equal(await client.set('a', '1'), 'OK');
    assert.equal(await client.set('a', '2', { condition: 'NX' }), null);
    assert.equal(await client.set('a', '2', { condition: 'XX', GET: true }), '1');
    await client.set('a', '3', { expiration: { type: 'EX', value: 100 } });
    assert.ok((await client.ttl('a')) > 0);
    await client.set('a', '4', { expiration: 'KEEPTTL' });
    assert.ok((await client.ttl('a')) > 0);
    await client.set('a', '5', { expiration: { type: 'PXAT', value: IN_2100 * 1000 } });
    assert.equal(await client.expireTime('a'), IN_2100);
    assert.equal(await client.getEx('a', { type: 'PERSIST' }), '5');
    assert.equal(await client.ttl('a'), -1);
    assert.equal(await client.getDel('a'), '5');
    assert.equal(await client.get('a'), null);
    assert.equal(await client.setNX('a', '1'), 1);
    assert.equal(await client.setEx('a', 10, '1'), 'OK');
    assert.equal(await client.getSet('a', '2'), '1');
  });

  test(`parts of values and counters${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    assert.equal(await client.append('a', 'Hello World'), 11);
    assert.equal(await client.getRange('a', 0, 4), 'Hello');
    assert.equal(await client.setRange('a', 6, 'Redis'), 11);
    assert.equal(await client.strLen('a'), 11);
    assert.equal(await client.incrBy('n', 41), 41);
    assert.equal(await client.incr('n'), 42);
    assert.equal(await client.decrBy('n', 2), 40);
    assert.equal(await client.incrByFloat('n', 1.5), '41.5');
  });

  test(`many keys at once${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    assert.equal(await client.mSet({ a: '1', b: '2' }), 'OK');
    assert.deepEqual(await client.mGet(['a', 'b', 'c']), ['1', '2', null]);
    assert.equal(await client.mSetNX({ b: '3', c: '3' }), 0);
    assert.equal(await client.exists(['a', 'b', 'c']), 2);
    assert.equal(await client.rename('a', 'd'), 'OK');
    assert.equal(await client.copy('d', 'e'), 1);
    assert.equal(await client.touch(['d', 'e', 'f']), 2);
    assert.equal(await client.del(['b', 'd', 'e', 'f']), 3);
    assert.equal(await client.dbSize(), 0);
  });

  test(`hashes${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    assert.equal(await client.hSet('h', { name: 'Ada', age: 36 }), 2);
    assert.equal(await client.hGet('h', 'name'), 'Ada');
    assert.deepEqual(await client.hmGet('h', ['name', 'shoe']), ['Ada', null]);
    assert.deepEqual({ ...(await client.hGetAll('h')) }, { name: 'Ada', age: '36' });
    assert.deepEqual({ ...(await client.hGetAll('nothing')) }, {});
    assert.equal(await client.hIncrBy('h', 'age', 1), 37);
    assert.equal(await client.hIncrByFloat('h', 'age', 0.5), '37.5');
    assert.equal(await client.hSetNX('h', 'name', 'Alan'), 0);
    assert.equal(await client.hExists('h', 'name'), 1);
    assert.deepEqual((await client.hKeys('h')).sort(), ['age', 'name']);
    assert.equal((await client.hRandFieldCount('h', 5)).length, 2);
    assert.equal(await client.hDel('h', ['name', 'age', 'shoe']), 2);
  });

  test(`expiry${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    await client.set('a', '1');
    assert.equal(await client.expire('a', 100), 1);
    assert.equal(await client.expire('a', 50, 'GT'), 0);
    assert.equal(await client.pExpire('a', 50_000, 'LT'), 1);
    assert.equal(await client.expireAt('a', new Date(IN_2100 * 1000)), 1);
    assert.equal(await client.pExpireTime('a'), IN_2100 * 1000);
    assert.equal(await client.persist('a'), 1);
    assert.equal(await client.pTTL('a'), -1);
    assert.equal(await client.pTTL('nothing'), -2);
  });

  test(`every key and every field is met when iterating${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const numbers = Array.from({ length: 600 }, (_, number) => number);
    await client.mSet(numbers.map((number) => [`key:${number}`, 'x']));
    await client.hSet('h', Object.fromEntries(numbers.map((number) => [`f${number}`, `${number}`])));

    const keys = new Set();
    for await (const some of client.scanIterator({ MATCH: 'key:*', TYPE: 'string', COUNT: 50 })) {
      some.forEach((key) => keys.add(key));
    }
    assert.equal(keys.size, 600);

    const fields = new Map();
    for await (const some of client.hScanIterator('h', { COUNT: 50 })) {
      some.forEach(({ field, value }) => fields.set(field, value));
    }
    assert.equal(fields.size, 600);
    assert.equal(fields.get('f599'), '599');
  });

  test(`any bytes are a key, a field and a value, and values may be big${suffix}`, async (context) => {
    const client = inBytes(await connectToEmpty(context, protocol));
    const megabyte = Buffer.concat(Array(4096).fill(ALL_BYTES));
    await client.set(ALL_BYTES, megabyte);
    assert.deepEqual(await client.get(ALL_BYTES), megabyte);
    await client.hSet('h', ALL_BYTES, ALL_BYTES);
    assert.deepEqual(await client.hGet('h', ALL_BYTES), ALL_BYTES);
    assert.deepEqual(await client.hKeys('h'), [ALL_BYTES]);
  });

  test(`errors are those of the command alone${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    await client.hSet('h', 'f', 'v');
    await assert.rejects(client.get('h'), /^.*WRONGTYPE/);
    await assert.rejects(client.sendCommand(['NO.SUCH.COMMAND']), /unknown command/);
    assert.equal(await client.hGet('h', 'f'), 'v');
  });
});
