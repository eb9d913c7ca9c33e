#!/bin/bash
# Brings the database to this release's schema.
exec node migrate.js
