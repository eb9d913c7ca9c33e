"""A mail server for the local model that keeps what it gets: `mail.py SETTINGS`, with Debian's python3-aiosmtpd.

Mails go into the Maildir `mail` of the working directory, and an HTTP port shows them.
"""

import asyncio
import email
import email.policy
import hmac
import http.server
import json
import mailbox
import os
import ssl
import subprocess
import sys
import threading

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult

MAIL = "mail"
os.umask(0o077)
with open(sys.argv[1], encoding="utf-8") as file:
    settings = json.load(file)


def authenticate(server, session, envelope, mechanism, data):
    users = (settings["user"], f"{settings['user']}@{settings['domain']}")
    right = data.login.decode("utf-8", "replace") in users
    right &= hmac.compare_digest(data.password, settings["password"].encode())
    return AuthResult(success=right, handled=right)


def tls():
    host = settings["host"]
    certificate, key = (f"{host.replace('/', '_')}.{suffix}" for suffix in ("pem", "key"))
    if not os.path.exists(certificate):
        request = [
            settings["openssl"], "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "3650", "-subj", "/CN=mail", "-addext", f"subjectAltName=DNS:{host}", "-keyout", key,
            "-out", certificate,
        ]
        subprocess.run(request, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class Reader(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        box = mailbox.Maildir(MAIL)
        names = sorted(box.keys())
        wanted = self.path.strip("/")
        if wanted in names:
            text = box.get_bytes(wanted)
        elif wanted:
            return self.send_error(404)
        else:
            lines = []
            for name in reversed(names):
                with box.get_file(name) as mail:
                    head = email.message_from_binary_file(mail, policy=email.policy.default)
                fields = (f"  {key}: {head.get(key, '')}\n" for key in ("From", "To", "Subject", "Date"))
                lines.append(f"/{name}\n{''.join(fields)}")
            text = ("\n".join(lines) or "no mail yet\n").encode("utf-8", "replace")
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


async def main():
    security = settings["transport_security"]
    context = tls() if security != "none" else None
    plain = settings["auth_type"] == "plain"
    handler = Mailbox(MAIL)

    def connection():
        return SMTP(
            handler, hostname=settings["host"], enable_SMTPUTF8=True,
            tls_context=context if security == "starttls" else None, require_starttls=security == "starttls",
            auth_required=plain, auth_require_tls=security == "starttls", authenticator=authenticate)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        connection, "127.0.0.1", settings["port"], ssl=context if security == "tls" else None)
    reader = http.server.ThreadingHTTPServer(("127.0.0.1", settings["http_port"]), Reader)
    threading.Thread(target=reader.serve_forever, daemon=True).start()
    await server.serve_forever()


asyncio.run(main())
