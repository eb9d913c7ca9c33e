// Brings the database to this release's schema. It may run at any time, any number of times, and at several places at once.
import { readdir, readFile } from 'node:fs/promises';

import pg from 'pg';

import { options } from './database.js';

// The number of the lock under which one migration runs at a time.
const LOCK = 7031914;
const DIRECTORY = new URL('./migrations/', import.meta.url);

const client = new pg.Client(options());
try {
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
  await client.query('CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY)');
  for (const file of (await readdir(DIRECTORY)).sort()) {
    const { rowCount } = await client.query('INSERT INTO schema_migrations VALUES ($1) ON CONFLICT DO NOTHING', [file]);
    if (rowCount > 0) {
      console.log(`migrating: ${file}`);
      await client.query(await readFile(new URL(file, DIRECTORY), 'utf8'));
    }
  }
  await client.query('COMMIT');
} catch (error) {
  console.error(`cannot migrate: ${error.message}`);
  process.exitCode = 1;
} finally {
  await client.end();
}
