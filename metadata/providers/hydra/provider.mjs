// An OpenID Connect provider for the local model: `provider.mjs SETTINGS`, with the npm package oidc-provider 8 or 9.
// The settings are lines of JSON, the first ones about itself, each of the others a client; these are read again
// whenever one is asked for. Keys are kept in the working directory.
import { createHash, generateKeyPairSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const prefixes = [join(homedir(), '.local'), join(dirname(process.execPath), '..'), '/usr/local', '/usr'];
const roots = prefixes.map((prefix) => join(prefix, 'lib/node_modules'));
const root = roots.find((path) => existsSync(join(path, 'oidc-provider/package.json')));
if (!root) {
  console.error('the npm package `oidc-provider` is not installed');
  process.exit(3);
}
if (process.argv[2] === '--check') process.exit(0);
const { Provider } = await import(pathToFileURL(join(root, 'oidc-provider/lib/index.js')));

const read = () => {
  const lines = readFileSync(process.argv[2], 'utf8').split('\n').filter((line) => line);
  return lines.map((line) => JSON.parse(line));
};
const [{ email, issuer, password, port, user }] = read();

const keys = 'keys.json';
if (!existsSync(keys)) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const made = { cookies: [randomBytes(32).toString('hex')], jwks: { keys: [privateKey.export({ format: 'jwk' })] } };
  writeFileSync(`${keys}~`, JSON.stringify(made), { mode: 0o600 });
  renameSync(`${keys}~`, keys);
}
const { cookies, jwks } = JSON.parse(readFileSync(keys, 'utf8'));

const scopes = ['openid', 'offline_access', 'email', 'phone', 'profile'];
const claims = {
  openid: ['sub'],
  email: ['email', 'email_verified'],
  phone: ['phone_number'],
  profile: ['name', 'given_name', 'family_name', 'preferred_username'],
};
const account = (id) => (id !== email ? undefined : {
  accountId: id,
  claims: () => ({
    sub: id, email, email_verified: true, preferred_username: user, name: 'Local User', given_name: 'Local',
    family_name: 'User',
  }),
});

const provider = new Provider(issuer, {
  claims,
  clients: [],
  conformIdTokenClaims: false,
  cookies: { keys: cookies },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  findAccount: (ctx, id) => account(id),
  interactions: { url: (ctx, interaction) => `/login/${interaction.uid}` },
  jwks,
  // Who may log in has agreed to everything.
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
    grant.addOIDCScope([...oidc.requestParamScopes].join(' '));
    await grant.save();
    return grant;
  },
  pkce: { required: () => false },
  routes: {
    authorization: '/oauth2/auth',
    end_session: '/oauth2/sessions/logout',
    introspection: '/oauth2/introspect',
    jwks: '/.well-known/jwks.json',
    revocation: '/oauth2/revoke',
    token: '/oauth2/token',
    userinfo: '/userinfo',
  },
  scopes,
});

// What an application asks for, as far as it is there.
const list = (text, known, otherwise) => {
  const asked = (text ?? otherwise).split(/[\s",[\]]+/);
  return known.filter((name) => asked.includes(name));
};
provider.Client.find = async (id) => {
  const client = read().find((line) => line.client_id === id);
  if (!client) return undefined;
  const grants = list(client.grant_types, ['authorization_code', 'refresh_token', 'client_credentials'],
    'authorization_code');
  return new provider.Client({
    client_id: id,
    client_secret: client.client_secret,
    grant_types: grants,
    redirect_uris: [client.redirect_uri],
    response_types: grants.includes('authorization_code') ? ['code'] : [],
    scope: list(client.scope, scopes, 'openid').join(' '),
    token_endpoint_auth_method: client.token_endpoint_auth_method || 'client_secret_basic',
  });
};

const digest = (text) => createHash('sha256').update(text).digest();
const same = (one, other) => timingSafeEqual(digest(one), digest(other));
const form = (message) => `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Log in</title>
<form method="post" autocomplete="off"><h1>Log in</h1><p>${message}</p>
<p><label>User <input name="login" value="${user}" required></label></p>
<p><label>Password <input name="password" type="password" required autofocus></label></p>
<p><button>Log in</button></p></form></html>
`;

async function login(request, response) {
  let message = '';
  await provider.interactionDetails(request, response);
  if (request.method === 'POST') {
    let body = '';
    for await (const chunk of request) {
      body += chunk;
      if (body.length > 65536) throw new Error('too long');
    }
    const given = new URLSearchParams(body);
    const name = given.get('login');
    if ((name === user || name === email) && same(given.get('password') ?? '', password)) {
      return provider.interactionFinished(request, response, { login: { accountId: email } });
    }
    message = 'Wrong user or password.';
  }
  response.writeHead(message ? 401 : 200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
  return response.end(form(message));
}

const answer = provider.callback();
createServer((request, response) => {
  if (!request.url.startsWith('/login/')) return answer(request, response);
  return login(request, response).catch(() => {
    response.writeHead(400, { 'Content-Type': 'text/plain' });
    response.end('This login has expired; go back to the application and start again.\n');
  });
}).listen(port, '127.0.0.1');
