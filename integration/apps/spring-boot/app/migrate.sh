#!/bin/bash
# The charm runs this before it starts a new version of the app.
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -jar *.jar --spring.profiles.active=migrate
