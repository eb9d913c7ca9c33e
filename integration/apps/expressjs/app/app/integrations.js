// What the app does with integrations other than its database. Each is there when the charm says so, by variables.
import { randomUUID } from 'node:crypto';

import { connect } from 'amqplib';
import axios from 'axios';
import cookieSession from 'cookie-session';
import { Router, text } from 'express';
import { Client as ObjectStore } from 'minio';
import nodemailer from 'nodemailer';
import { Issuer, generators } from 'openid-client';
import { createClient } from 'redis';

const QUEUE = 'visitors';
const { env } = process;

class Missing extends Error {
  status = 503;
}

// The value of the integration's variable.
function needed(variable, integration) {
  if (!env[variable]) {
    throw new Missing(`no ${integration} integration: ${variable} is not set`);
  }
  return env[variable];
}

// What is made at the first call; again, if that fails.
function once(make) {
  let made;
  return () => {
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

export const integrations = Router();
integrations.use(text({ type: () => true, limit: '10mb' }));
integrations.use((request, response, next) => {
  response.type('text');
  next();
});

const cache = once(async () => {
  // Valkey speaks the same protocol.
  const url = env.REDIS_DB_CONNECT_STRING
    || needed('VALKEY_DB_CONNECT_STRING', 'redis or valkey').replace('valkey', 'redis');
  const client = createClient({ url });
  client.on('error', (error) => console.error(`lost the cache: ${error.message}`));
  return client.connect();
});

integrations.put('/cache/:key', async (request, response) => {
  await (await cache()).set(request.params.key, request.body ?? '');
  response.send('stored');
});

integrations.get('/cache/:key', async (request, response) => {
  const value = await (await cache()).get(request.params.key);
  if (value === null) {
    response.sendStatus(404);
  } else {
    response.send(value);
  }
});

const bucket = once(async () => {
  const name = needed('S3_BUCKET', 's3');
  const { protocol, hostname, port } = new URL(env.S3_ENDPOINT || 'https://s3.amazonaws.com');
  const client = new ObjectStore({
    endPoint: hostname,
    port: port ? Number(port) : undefined,
    useSSL: protocol === 'https:',
    accessKey: env.S3_ACCESS_KEY,
    secretKey: env.S3_SECRET_KEY,
    region: env.S3_REGION,
    pathStyle: env.S3_ADDRESSING_STYLE === 'path',
  });
  return { name, client };
});

integrations.put('/objects/:name', async (request, response) => {
  const { name, client } = await bucket();
  await client.putObject(name, request.params.name, request.body ?? '');
  response.send('stored');
});

integrations.get('/objects/:name', async (request, response) => {
  const { name, client } = await bucket();
  try {
    const object = await client.getObject(name, request.params.name);
    response.send(Buffer.concat(await object.toArray()));
  } catch (error) {
    if (error.code !== 'NoSuchKey') {
      throw error;
    }
    response.sendStatus(404);
  }
});

// Does something on a channel of its own, in which the queue is there.
async function withQueue(use) {
  const connection = await connect(needed('RABBITMQ_CONNECT_STRING', 'rabbitmq'));
  try {
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(QUEUE, { durable: true });
    return await use(channel);
  } finally {
    await connection.close();
  }
}

integrations.post('/messages', async (request, response) => {
  await withQueue(async (channel) => {
    channel.sendToQueue(QUEUE, Buffer.from(request.body ?? ''), { persistent: true });
    await channel.waitForConfirms();
  });
  response.send('queued');
});

integrations.get('/messages', async (request, response) => {
  const message = await withQueue((channel) => channel.get(QUEUE, { noAck: true }));
  if (message) {
    response.send(message.content);
  } else {
    response.status(204).end();
  }
});

integrations.post('/mail', async (request, response) => {
  const security = env.SMTP_TRANSPORT_SECURITY;
  const transport = nodemailer.createTransport({
    host: needed('SMTP_HOST', 'smtp'),
    port: Number(env.SMTP_PORT),
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: !security,
    // Where the integrator says so, since the server's certificate is nobody's.
    tls: { rejectUnauthorized: env.SMTP_SKIP_SSL_VERIFY !== 'True' },
    auth: env.SMTP_USER && { user: env.SMTP_USER, pass: env.SMTP_PASSWORD },
  });
  await transport.sendMail({
    from: `expressjs-visitors@${env.SMTP_DOMAIN || 'example.com'}`,
    to: request.query.to,
    subject: 'From expressjs-visitors',
    text: request.body ?? '',
  });
  response.send('sent');
});

const baseUrl = (env.APP_BASE_URL ?? '').replace(/\/$/, '');
const callbackUrl = `${baseUrl}/callback`;
const session = cookieSession({
  secret: env.APP_SECRET_KEY || randomUUID(),
  httpOnly: true,
  sameSite: 'lax',
  secure: baseUrl.startsWith('https:'),
});

const openID = once(async () => {
  const id = needed('APP_OIDC_CLIENT_ID', 'oidc');
  const issuer = new Issuer({
    issuer: env.APP_OIDC_API_BASE_URL,
    authorization_endpoint: env.APP_OIDC_AUTHORIZE_URL,
    token_endpoint: env.APP_OIDC_ACCESS_TOKEN_URL,
    userinfo_endpoint: env.APP_OIDC_USER_URL,
    jwks_uri: env.APP_OIDC_JWKS_URL,
  });
  return new issuer.Client({
    client_id: id,
    client_secret: env.APP_OIDC_CLIENT_SECRET,
    redirect_uris: [callbackUrl],
    response_types: ['code'],
  });
});

integrations.get('/login', session, async (request, response) => {
  const client = await openID();
  const checks = { state: generators.state(), nonce: generators.nonce() };
  request.session = { checks };
  const { scope } = JSON.parse(env.APP_OIDC_CLIENT_KWARGS);
  response.redirect(client.authorizationUrl({ scope, ...checks }));
});

integrations.get('/callback', session, async (request, response) => {
  const client = await openID();
  if (!request.session.checks) {
    response.status(400).send('this login is not one of yours');
    return;
  }
  const tokens = await client.callback(callbackUrl, client.callbackParams(request), request.session.checks);
  request.session = { email: tokens.claims().email };
  response.send('logged in');
});

integrations.get('/me', session, (request, response) => {
  if (request.session.email) {
    response.send(request.session.email);
  } else {
    response.sendStatus(401);
  }
});

integrations.get('/through', async (request, response) => {
  needed('HTTP_PROXY', 'http-proxy');
  // It takes the proxy from the environment; Node.js' own `fetch` does not.
  const answer = await axios.get(request.query.url, { responseType: 'text', timeout: 10000 });
  response.send(answer.data);
});

integrations.use((error, request, response, next) => {
  if (error instanceof Missing) {
    response.status(error.status).type('text').send(error.message);
  } else {
    next(error);
  }
});
