// Users, passwords, and TLS.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import {
  GUARDED_PORT,
  GUARDED_TLS_PORT,
  MUTUAL_TLS_PORT,
  PASSWORD,
  connect,
  isTrusted,
  trusts,
  withBothProtocols,
} from './address.mjs';

const guarded = { port: GUARDED_PORT, retryStrategy: null };

withBothProtocols((protocol, suffix) => {
  test(`a password alone is that of the default user${suffix}`, async (context) => {
    const client = connect(context, { ...protocol, ...guarded, password: PASSWORD });
    assert.equal(await client.acl('WHOAMI'), 'default');
  });

  test(`a user has a name and a password${suffix}`, async (context) => {
    const user = { username: 'application', password: PASSWORD };
    const client = connect(context, { ...protocol, ...guarded, ...user });
    assert.equal(await client.acl('WHOAMI'), 'application');
    assert.equal(await client.set('a', '1'), 'OK');
  });

  test(`without a password nothing is answered${suffix}`, async (context) => {
    const client = connect(context, { ...protocol, ...guarded });
    await assert.rejects(client.get('a'));
  });

  test(`a wrong password is refused${suffix}`, async (context) => {
    const client = connect(context, { ...protocol, ...guarded, password: 'guess', lazyConnect: true });
    const [[error]] = await Promise.all([once(client, 'error'), client.connect().catch(() => {})]);
    assert.match(error.message, /WRONGPASS/);
  });

  test(`a user can do no more than is granted${suffix}`, async (context) => {
    const user = { username: 'reader', password: PASSWORD };
    const client = connect(context, { ...protocol, ...guarded, ...user });
    await client.get('shared:a');
    await assert.rejects(client.set('shared:a', '1'), /NOPERM.*'set' command/);
    await assert.rejects(client.get('private:a'), /NOPERM.*keys/);
  });

  test(`big values pass through TLS${suffix}`, async (context) => {
    const options = { ...guarded, port: GUARDED_TLS_PORT, tls: trusts(), password: PASSWORD };
    const client = connect(context, { ...protocol, ...options });
    const megabyte = 'x'.repeat(1_000_000);
    await client.set('secret', megabyte);
    assert.equal(await client.get('secret'), megabyte);
  });
});

test('a server of an unknown authority is not spoken to', async (context) => {
  const client = connect(context, { ...guarded, port: GUARDED_TLS_PORT, tls: {} });
  await assert.rejects(client.ping());
});

test('clients show their certificates where the server asks for them', async (context) => {
  const options = { port: MUTUAL_TLS_PORT, retryStrategy: null };
  const client = connect(context, { ...options, tls: { ...trusts(), ...isTrusted() } });
  assert.equal(await client.set('a', '1'), 'OK');
  await assert.rejects(connect(context, { ...options, tls: trusts() }).ping());
});
