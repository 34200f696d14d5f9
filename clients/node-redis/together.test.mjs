// Pipelines, transactions, optimistic locking, pools, and channels.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createClientPool, ErrorReply, WatchError } from 'redis';

import { HOST, PORT, connect, connectToEmpty, until, withBothProtocols } from './address.mjs';

withBothProtocols((protocol, suffix) => {
  test(`commands of one turn of the loop go out together${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const numbers = Array.from({ length: 1000 }, (_, number) => `${number}`);
    const answers = await Promise.all(
      numbers.map((number) => [client.set(number, number), client.get(number)]).flat(),
    );
    assert.deepEqual(answers.filter((_, at) => at % 2 === 1), numbers);
  });

  test(`a transaction is carried out as one${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    assert.deepEqual(await client.multi().set('a', '1').incr('a').hSet('h', 'f', 'v').exec(), ['OK', 2, 1]);
    assert.deepEqual(await client.multi().get('a').get('b').execAsPipeline(), ['2', null]);
  });

  test(`an error within a transaction undoes nothing${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const failed = client.multi().set('a', 'x').incr('a').set('b', '1').exec();
    await assert.rejects(failed, (error) => error.replies[1] instanceof ErrorReply);
    assert.deepEqual(await client.mGet(['a', 'b']), ['x', '1']);
  });

  test(`a watched key that changes stops the transaction${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const other = await connect(context, protocol);
    await client.watch('a');
    await other.set('a', 'theirs');
    await assert.rejects(client.multi().set('a', 'mine').exec(), WatchError);
    assert.equal(await client.get('a'), 'theirs');
  });

  test(`optimistic locking in a pool loses no increment${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const pool = createClientPool(
      { ...protocol, socket: { host: HOST, port: PORT } },
      { minimum: 1, maximum: 4 },
    );
    await pool.connect();
    context.after(() => pool.destroy());
    const addOne = () => pool.execute(async (own) => {
      await own.watch('count');
      const count = Number(await own.get('count'));
      return own.multi().set('count', `${count + 1}`).exec();
    });
    const addOneAtLast = () => addOne().catch((error) => {
      if (error instanceof WatchError) return addOneAtLast();
      throw error;
    });
    await Promise.all(Array.from({ length: 40 }, addOneAtLast));
    assert.equal(await client.get('count'), '40');
    assert.ok(pool.totalClients <= 4);
  });

  test(`a lock without scripts${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const acquire = (token) => client.set('lock', token, {
      condition: 'NX', expiration: { type: 'PX', value: 30_000 },
    });
    const release = async (token) => {
      await client.watch('lock');
      const isOwn = (await client.get('lock')) === token;
      return isOwn ? (await client.multi().del('lock').exec())[0] === 1 : Boolean(!(await client.unwatch()));
    };
    assert.equal(await acquire('mine'), 'OK');
    assert.equal(await acquire('theirs'), null);
    assert.equal(await release('theirs'), false);
    assert.equal(await release('mine'), true);
    assert.equal(await acquire('theirs'), 'OK');
  });

  test(`channels and patterns${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const subscriber = await connect(context, protocol);
    const seen = [];
    await subscriber.subscribe('news', (message, channel) => seen.push([channel, message]));
    await subscriber.pSubscribe('sport.*', (message, channel) => seen.push([channel, message]));
    assert.equal(await client.publish('news', 'hello'), 1);
    assert.equal(await client.publish('sport.golf', 'par'), 1);
    await until(() => seen.length === 2);
    assert.deepEqual(seen, [['news', 'hello'], ['sport.golf', 'par']]);
    assert.deepEqual(await client.pubSubChannels(), ['news']);
    await subscriber.unsubscribe('news');
    assert.equal(await client.publish('news', 'nobody'), 0);
  });

  test(`subscriptions outlive a lost connection${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const subscriber = await connect(context, protocol);
    const seen = [];
    await subscriber.subscribe('news', (message) => seen.push(message));
    assert.equal(await client.clientKill({ filter: 'TYPE', type: 'pubsub' }), 1);
    // What is published before it listens again is lost.
    await until(async () => (await client.publish('news', 'again')) > 0 && seen.length > 0);
    assert.equal(seen[0], 'again');
  });
});
