// Strings, hashes, expiry, iteration, and errors.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect, connectToEmpty, withBothProtocols } from './address.mjs';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

withBothProtocols((protocol, suffix) => {
  test(`a connection has its name and its database${suffix}`, async (context) => {
    const client = connect(context, { ...protocol, connectionName: 'checkout', db: 4 });
    assert.equal(await client.client('GETNAME'), 'checkout');
    assert.match(await client.client('INFO'), / name=checkout .* db=4 /);
  });

  test(`databases are apart${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const other = connect(context, { ...protocol, db: 9 });
    await client.set('a', '0');
    await other.set('a', '9');
    await other.flushdb();
    assert.deepEqual([await client.get('a'), await other.get('a')], ['0', null]);
  });

  test(`set and get with every option${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    assert.equal(await client.set('a', '1', 'EX', 100, 'NX'), 'OK');
    assert.equal(await client.set('a', '2', 'NX'), null);
    assert.equal(await client.set('a', '2', 'KEEPTTL'), 'OK');
    assert.ok((await client.ttl('a')) > 0);
    assert.equal(await client.set('a', '3', 'XX', 'GET'), '2');
    assert.equal(await client.set('a', '4', 'PX', 5000), 'OK');
    assert.equal(await client.getex('a', 'PERSIST'), '4');
    assert.equal(await client.getdel('a'), '4');
    assert.equal(await client.get('a'), null);
    assert.equal(await client.setnx('a', '1'), 1);
    assert.equal(await client.psetex('a', 9000, '2'), 'OK');
    assert.equal(await client.getset('a', '3'), '2');
  });

  test(`values, counters and many keys at once${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    assert.equal(await client.mset({ a: '1', b: 'Hello' }), 'OK');
    assert.equal(await client.mset(new Map([['c', '3']])), 'OK');
    assert.deepEqual(await client.mget('a', 'b', 'd'), ['1', 'Hello', null]);
    assert.equal(await client.append('b', ' World'), 11);
    assert.equal(await client.getrange('b', -5, -1), 'World');
    assert.equal(await client.setrange('b', 6, 'Redis'), 11);
    assert.equal(await client.incrby('a', 41), 42);
    assert.equal(await client.decr('a'), 41);
    assert.equal(Number(await client.incrbyfloat('a', 0.5)), 41.5);
    assert.equal(await client.renamenx('a', 'b'), 0);
    assert.equal(await client.copy('a', 'e'), 1);
    assert.equal(await client.type('a'), 'string');
    assert.equal(await client.exists('a', 'e', 'f'), 2);
    assert.equal(await client.unlink('a', 'b', 'c', 'e'), 4);
  });

  test(`hashes${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    assert.equal(await client.hset('h', { name: 'Ada', age: 36 }), 2);
    assert.deepEqual({ ...(await client.hgetall('h')) }, { name: 'Ada', age: '36' });
    assert.deepEqual({ ...(await client.hgetall('nothing')) }, {});
    assert.deepEqual(await client.hmget('h', 'age', 'shoe'), ['36', null]);
    assert.equal(await client.hincrby('h', 'age', 1), 37);
    assert.equal(await client.hsetnx('h', 'age', 1), 0);
    assert.deepEqual((await client.hkeys('h')).sort(), ['age', 'name']);
    assert.deepEqual((await client.hvals('h')).sort(), ['37', 'Ada']);
    assert.equal(await client.hexists('h', 'shoe'), 0);
    assert.equal(await client.hdel('h', 'name', 'shoe'), 1);
    assert.equal(await client.hlen('h'), 1);
  });

  test(`expiry${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    await client.set('a', '1');
    assert.equal(await client.expire('a', 100), 1);
    assert.equal(await client.expire('a', 50, 'GT'), 0);
    assert.equal(await client.expireat('a', 4102444800), 1);
    assert.equal(await client.expiretime('a'), 4102444800);
    assert.equal(await client.persist('a'), 1);
    assert.equal(await client.ttl('a'), -1);
    assert.equal(await client.pexpire('a', 1), 1);
  });

  test(`every key and every field is met when iterating${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const numbers = Array.from({ length: 600 }, (_, number) => number);
    await client.mset(new Map(numbers.map((number) => [`key:${number}`, 'x'])));
    await client.hset('h', Object.fromEntries(numbers.map((number) => [`f${number}`, number])));

    const keys = new Set();
    for await (const some of client.scanStream({ match: 'key:*', type: 'string', count: 50 })) {
      some.forEach((key) => keys.add(key));
    }
    assert.equal(keys.size, 600);

    const fields = new Set();
    for await (const some of client.hscanStream('h', { count: 50 })) {
      some.filter((_, at) => at % 2 === 0).forEach((field) => fields.add(field));
    }
    assert.equal(fields.size, 600);
  });

  test(`any bytes are a key, a field and a value, and values may be big${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const megabyte = Buffer.concat(Array(4096).fill(ALL_BYTES));
    await client.set(ALL_BYTES, megabyte);
    assert.deepEqual(await client.getBuffer(ALL_BYTES), megabyte);
    await client.hset('h', ALL_BYTES, ALL_BYTES);
    assert.deepEqual(await client.hkeysBuffer('h'), [ALL_BYTES]);
    assert.deepEqual(await client.hgetBuffer('h', ALL_BYTES), ALL_BYTES);
  });

  test(`errors are those of the command alone${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    await client.hset('h', 'f', 'v');
    await assert.rejects(client.get('h'), /WRONGTYPE/);
    await assert.rejects(client.call('NO.SUCH.COMMAND', 'a'), /unknown command/);
    assert.equal(await client.hget('h', 'f'), 'v');
  });
});

test('keys can be given a prefix', async (context) => {
  const client = await connectToEmpty(context);
  const shop = connect(context, { keyPrefix: 'shop:' });
  await shop.mset({ a: '1', b: '2' });
  assert.deepEqual((await client.keys('*')).sort(), ['shop:a', 'shop:b']);
});
