// The server: it greets as it is told to, and counts its visitors in PostgreSQL.
import { createHash } from 'node:crypto';

import express from 'express';

import { pool } from './database.js';
import { integrations } from './integrations.js';
import { measured, metrics } from './metrics.js';
import { version, visit } from './visitors.js';

const database = pool();
const greeting = process.env.APP_GREETING || 'Hello';
const port = process.env.PORT || '8080';
const metricsPort = process.env.METRICS_PORT || port;
const metricsPath = process.env.METRICS_PATH || '/metrics';

const app = express();
app.use(measured);

app.get('/', (request, response) => {
  response.type('text').send(`${greeting}, world!`);
});

app.get('/health', (request, response) => {
  response.type('text').send('ok');
});

app.get('/visitors', async (request, response) => {
  await visit(database, request);
  const { rows } = await database.query('SELECT count(*) FROM visitors');
  response.type('text').send(rows[0].count);
});

// Which hosts' services have ticked lately, by service.
app.get('/ticks', async (request, response) => {
  const { rows } = await database.query(
    `SELECT DISTINCT service, host FROM ticks WHERE at > now() - interval '10 seconds' ORDER BY service, host`,
  );
  const hosts = { scheduler: [], worker: [] };
  for (const { service, host } of rows) {
    hosts[service].push(host);
  }
  response.json(hosts);
});

// Lets a test compare keys without seeing them.
app.get('/key', (request, response) => {
  const digest = createHash('sha256').update(process.env.APP_SECRET_KEY ?? '').digest('hex');
  response.type('text').send(digest);
});

app.get('/version', async (request, response) => {
  response.type('text').send(await version(database));
});

app.use(integrations);

const listeners = [];
if (metricsPort === port) {
  app.get(metricsPath, metrics);
} else {
  listeners.push(listen(express().get(metricsPath, metrics), metricsPort));
}
listeners.push(listen(app, port));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const listener of listeners) {
      listener.close();
      listener.closeIdleConnections();
    }
    database.end();
    // Whoever is still waiting has waited long enough.
    setTimeout(() => process.exit(), 3000).unref();
  });
}

function listen(server, port) {
  return server.listen(port, (error) => {
    if (error) {
      console.error(`cannot listen: ${error.message}`);
      process.exit(1);
    }
    console.log(`listening on port ${port}`);
  });
}
