// Remembers a visitor.
export async function visit(database) {
  await database.query('INSERT INTO visitors DEFAULT VALUES');
}

export async function version() {
  return '1';
}
