"""A push service of our own, and browsers that subscribed to it: what RFC 8030, 8291 and 8292 say.

It speaks TLS on a free port of this machine. Decryption and the check of signatures are written
from the RFCs with bare cryptographic parts: what encrypts here was written by somebody else.
"""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
import os
import ssl
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import NameOID

from timebank.core import clock

CREATED = 201
HANG_UP = 0  # reads the message and closes the line without an answer


def base64url(octets: bytes) -> str:
    """Write bytes as browsers do, without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Read what `base64url` wrote."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Browser:
    """A browser that subscribed: its keys, and its address at the push service."""

    endpoint: str = ""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def p256dh(self) -> bytes:
        """Its public key, as a point."""
        return self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    @property
    def subscription(self) -> dict[str, object]:
        """What `subscription.toJSON()` gives a page."""
        keys = {"p256dh": base64url(self.p256dh), "auth": base64url(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def read(self, body: bytes) -> bytes:
        """Decrypt a message. Source: RFC 8188 2.1 and 2.2; RFC 8291 3.3, 3.4 and 4."""
        salt, record_size, key_length = body[:16], int.from_bytes(body[16:20]), body[20]
        sender = body[21 : 21 + key_length]
        sealed = body[21 + key_length :]
        assert len(sealed) <= record_size, "more than one record"
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.key.exchange(ec.ECDH(), point)
        info = b"WebPush: info\x00" + self.p256dh + sender
        input_key = HKDF(hashes.SHA256(), 32, self.auth, info).derive(shared)
        content_key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(
            input_key
        )
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(input_key)
        padded = AESGCM(content_key).decrypt(nonce, sealed, None).rstrip(b"\x00")
        assert padded.endswith(b"\x02"), "the last record ends in 2"
        return padded[:-1]


@dataclass(frozen=True)
class Received:
    """A request as it came in, whatever was answered."""

    path: str
    headers: dict[str, str]
    body: bytes

    def signed_by(self, public_key: str) -> dict[str, object]:
        """Check who signed it -> what they claim. Source: RFC 8292 2 and 3; RFC 7515 A.3."""
        scheme, _space, rest = self.headers["authorization"].partition(" ")
        assert scheme == "vapid"
        told = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert told["k"] == public_key, "signed by somebody else"
        head, claims, signature = told["t"].split(".")
        assert json.loads(from_base64url(head)) == {"typ": "JWT", "alg": "ES256"}
        both = from_base64url(signature)
        assert len(both) == 64
        key = ec.EllipticCurvePublicKey.from_encoded_point(
            ec.SECP256R1(), from_base64url(public_key)
        )
        numbers = encode_dss_signature(int.from_bytes(both[:32]), int.from_bytes(both[32:]))
        key.verify(numbers, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        return dict(json.loads(from_base64url(claims)))


@dataclass
class Sink:
    """The push service: what came in, and what it answers at each path."""

    url: str
    received: list[Received] = field(default_factory=list)
    answers: dict[str, int | Callable[[], int]] = field(default_factory=dict)

    def browser(self, name: str, *, answer: int | Callable[[], int] = CREATED) -> Browser:
        """Subscribe a browser; messages to it are answered so."""
        self.answers[f"/send/{name}"] = answer
        return Browser(endpoint=f"{self.url}/send/{name}")


@contextmanager
def running(folder: Path) -> Iterator[Sink]:
    """Serve, trusted by every TLS client that starts meanwhile (SSL_CERT_FILE)."""
    certificate = _certificate(folder)
    server = _Server(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    sink = Sink(f"https://localhost:{server.server_port}")
    server.sink = sink  # type: ignore[attr-defined]
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(certificate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        if before is None:
            del os.environ["SSL_CERT_FILE"]
        else:
            os.environ["SSL_CERT_FILE"] = before


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever breaks off a line does so for a test."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_POST(self) -> None:
        sink: Sink = self.server.sink  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        sink.received.append(Received(self.path, headers, body))
        answer = sink.answers.get(self.path, 404)
        status = answer() if callable(answer) else answer
        self.close_connection = True
        if status == HANG_UP:
            return
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"{sink.url}/send/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def _certificate(folder: Path) -> Path:
    """Make a certificate for this machine that vouches for itself -> key and certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = clock.now()
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=400))
        .not_valid_after(now + dt.timedelta(days=4000))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "push-service.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
