#!/bin/bash
# Brings the tables up to date. The charm runs it before the app starts; it may be run again.
python3 -m alembic upgrade head
