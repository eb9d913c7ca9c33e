#!/usr/bin/env python3
import paas_charm.fastapi
