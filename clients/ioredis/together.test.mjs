// Pipelines, transactions, optimistic locking, channels, and scripts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect, connectToEmpty, until, withBothProtocols } from './address.mjs';

withBothProtocols((protocol, suffix) => {
  test(`a pipeline answers in order, each command for itself${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const pipeline = client.pipeline();
    for (let number = 0; number < 1000; number += 1) pipeline.incr('count');
    const answers = await pipeline.set('a', 'x').incr('a').get('a').exec();
    assert.deepEqual(answers.slice(0, 1000).map(([, count]) => count), answers.slice(0, 1000).map((_, at) => at + 1));
    assert.match(answers[1001][0].message, /not an integer/);
    assert.deepEqual(answers[1002], [null, 'x']);
  });

  test(`commands of one turn of the loop go out together${suffix}`, async (context) => {
    const client = await connectToEmpty(context, { ...protocol, enableAutoPipelining: true });
    const numbers = Array.from({ length: 300 }, (_, number) => `${number}`);
    await Promise.all(numbers.map((number) => client.set(number, number)));
    assert.deepEqual(await Promise.all(numbers.map((number) => client.get(number))), numbers);
  });

  test(`a transaction is carried out as one${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const answers = await client.multi().set('a', '1').incr('a').hset('h', 'f', 'v').exec();
    assert.deepEqual(answers, [[null, 'OK'], [null, 2], [null, 1]]);
  });

  test(`a transaction can be sent command by command${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    await client.multi({ pipeline: false });
    assert.equal(await client.set('a', '1'), 'QUEUED');
    assert.equal(await client.incr('a'), 'QUEUED');
    assert.deepEqual(await client.exec(), [[null, 'OK'], [null, 2]]);
  });

  test(`a transaction that cannot be queued is not carried out${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    await assert.rejects(client.multi().set('a', '1').set('b').exec(), /EXECABORT/);
    assert.equal(await client.get('a'), null);
  });

  test(`a watched key that changes stops the transaction${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const other = connect(context, protocol);
    await client.watch('a');
    await other.set('a', 'theirs');
    assert.equal(await client.multi().set('a', 'mine').exec(), null);
    assert.equal(await client.get('a'), 'theirs');
  });

  test(`optimistic locking loses no increment${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const add = async () => {
      const own = connect(context, protocol);
      for (let left = 10; left > 0;) {
        await own.watch('count');
        const count = Number(await own.get('count'));
        if (await own.multi().set('count', count + 1).exec()) left -= 1;
      }
    };
    await Promise.all([add(), add(), add()]);
    assert.equal(await client.get('count'), '30');
  });

  test(`channels and patterns${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const subscriber = connect(context, protocol);
    const seen = [];
    subscriber.on('message', (channel, message) => seen.push([channel, message]));
    subscriber.on('pmessage', (...message) => seen.push(message));
    assert.equal(await subscriber.subscribe('news', 'weather'), 2);
    assert.equal(await subscriber.psubscribe('sport.*'), 3);
    assert.equal(await client.publish('news', 'hello'), 1);
    assert.equal(await client.publish('sport.golf', 'par'), 1);
    await until(() => seen.length === 2);
    assert.deepEqual(seen, [['news', 'hello'], ['sport.*', 'sport.golf', 'par']]);
    assert.equal(await subscriber.unsubscribe('news'), 2);
    assert.equal(await client.publish('news', 'nobody'), 0);
  });

  test(`messages may be any bytes${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const subscriber = connect(context, protocol);
    const seen = [];
    subscriber.on('messageBuffer', (channel, message) => seen.push(message));
    await subscriber.subscribe('bytes');
    await client.publish('bytes', Buffer.from([0, 255]));
    await until(() => seen.length === 1);
    assert.deepEqual(seen, [Buffer.from([0, 255])]);
  });

  test(`subscriptions outlive a lost connection${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const subscriber = connect(context, protocol);
    const seen = [];
    subscriber.on('message', (_, message) => seen.push(message));
    await subscriber.subscribe('news');
    assert.equal(await client.client('KILL', 'TYPE', 'pubsub'), 1);
    // What is published before it listens again is lost.
    await until(async () => (await client.publish('news', 'again')) > 0 && seen.length > 0);
    assert.equal(seen[0], 'again');
  });

  test(`a lost connection is made anew${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    const other = connect(context, { ...protocol, db: 5 });
    await other.set('a', '5');
    assert.equal(await client.client('KILL', 'ID', await other.client('ID')), 1);
    assert.equal(await other.get('a'), '5');
  });

  test(`a script works where there are scripts and fails plainly elsewhere${suffix}`, async (context) => {
    const client = await connectToEmpty(context, protocol);
    client.defineCommand('echoKey', { numberOfKeys: 1, lua: 'return KEYS[1]' });
    const outcome = await client.echoKey('a').catch((error) => error.message);
    assert.match(outcome, /^a$|^ERR unknown command 'eval(sha)?'/i);
  });
});
