// Users, passwords, and TLS.

import assert from 'node:assert/strict';
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

const guarded = { port: GUARDED_PORT, reconnectStrategy: false };

withBothProtocols((protocol, suffix) => {
  test(`a password alone is that of the default user${suffix}`, async (context) => {
    const client = await connect(context, { ...protocol, socket: guarded, password: PASSWORD });
    assert.equal(await client.aclWhoAmI(), 'default');
  });

  test(`a user has a name and a password${suffix}`, async (context) => {
    const user = { username: 'application', password: PASSWORD };
    const client = await connect(context, { ...protocol, socket: guarded, ...user });
    assert.equal(await client.aclWhoAmI(), 'application');
    assert.equal(await client.set('a', '1'), 'OK');
  });

  test(`a wrong password is refused${suffix}`, async (context) => {
    const wrong = connect(context, { ...protocol, socket: guarded, password: 'guess' });
    await assert.rejects(wrong, /WRONGPASS/);
  });

  test(`a user can do no more than is granted${suffix}`, async (context) => {
    const user = { username: 'reader', password: PASSWORD };
    const client = await connect(context, { ...protocol, socket: guarded, ...user });
    await client.get('shared:a');
    await assert.rejects(client.set('shared:a', '1'), /NOPERM.*'set' command/);
    await assert.rejects(client.get('private:a'), /NOPERM.*keys/);
  });

  test(`big values pass through TLS${suffix}`, async (context) => {
    const socket = { ...guarded, port: GUARDED_TLS_PORT, ...trusts() };
    const client = await connect(context, { ...protocol, socket, password: PASSWORD });
    const megabyte = 'x'.repeat(1_000_000);
    await client.set('secret', megabyte);
    assert.equal(await client.get('secret'), megabyte);
  });
});

test('without a password nothing is answered', async (context) => {
  const client = connect(context, { RESP: 2, socket: guarded });
  await assert.rejects(client.then((client) => client.get('a')), /NOAUTH/);
});

test('a server of an unknown authority is not spoken to', async (context) => {
  const socket = { ...guarded, port: GUARDED_TLS_PORT, tls: true };
  await assert.rejects(connect(context, { socket, password: PASSWORD }));
});

test('clients show their certificates where the server asks for them', async (context) => {
  const socket = { port: MUTUAL_TLS_PORT, reconnectStrategy: false, ...trusts() };
  const client = await connect(context, { socket: { ...socket, ...isTrusted() } });
  assert.equal(await client.set('a', '1'), 'OK');
  await assert.rejects(connect(context, { socket }));
});
