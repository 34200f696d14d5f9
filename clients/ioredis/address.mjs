// Where the servers under test are, and connections to them. See docs/clients.md.

import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import Redis from 'ioredis';

const { env } = process;

export const HOST = env.CLIENTS_HOST;
export const PORT = Number(env.CLIENTS_PORT);
export const GUARDED_PORT = Number(env.CLIENTS_GUARDED_PORT);
export const GUARDED_TLS_PORT = Number(env.CLIENTS_GUARDED_TLS_PORT);
export const MUTUAL_TLS_PORT = Number(env.CLIENTS_MUTUAL_TLS_PORT);
export const PASSWORD = env.CLIENTS_PASSWORD;

const certificate = (name) => readFileSync(`${env.CLIENTS_CERTIFICATES}/${name}`);

/** What a client needs to trust the server, and to be trusted by it. */
export const trusts = () => ({ ca: certificate('authority.pem') });
export const isTrusted = () => ({ cert: certificate('client.pem'), key: certificate('client.key') });

const PATIENCE_MS = 10_000;

/** A client that lives until the test `context` is over. */
export function connect(context, options = {}) {
  const client = new Redis({ host: HOST, port: PORT, ...options });
  client.on('error', () => {}); // Whoever waits for an answer is told.
  context.after(() => client.disconnect());
  return client;
}

/** An empty server, and a client of it. */
export async function connectToEmpty(context, options) {
  const client = connect(context, options);
  await client.flushall();
  return client;
}

/** The first answer of `condition` that is true; none within the patience is a failure. */
export async function until(condition) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error('waited in vain');
    await pause(5);
  }
}

/** Runs the same tests with both versions of the protocol. */
export function withBothProtocols(tests) {
  for (const protocol of [2, 3]) tests({ protocol }, ` (RESP${protocol})`);
}
