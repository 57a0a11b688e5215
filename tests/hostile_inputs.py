"""Hostile and unlucky inputs by their names in docs/hostile-input.md, each as the bytes that are sent."""

import gzip
import json
from collections.abc import Callable

from tests.raw_http import post, request

CANARY = b"canary-of-somebodys-text"
MATCH, DEBUNKS, FEEDBACK = "/v1/match", "/v1/debunks", "/v1/feedback"
JSON = b"Content-Type: application/json"
FORM = b"Content-Type: application/x-www-form-urlencoded"
TEXT = '{"text": "canary-of-somebodys-text"}'
SENT = TEXT.encode()
CHUNKED = b"Transfer-Encoding: chunked"
MIB = 1 << 20


def chunked(path: str, chunks: bytes, *headers: bytes) -> bytes:
    return request(b"POST", path.encode(), CHUNKED, JSON, *headers) + chunks


def get(target: bytes, *headers: bytes) -> bytes:
    return request(b"GET", target, *headers)


def debunk(**fields: str) -> bytes:
    told = {"id": "hostile", "myth": "The bridge was sold", "fact": "It was not.", **fields}
    return post(DEBUNKS, json.dumps(told).encode())


def put(target: bytes) -> bytes:
    body = b'{"myth": "The bridge was sold", "fact": "It was not."}'
    return request(b"PUT", target, JSON, b"Content-Length: %d" % len(body)) + body


def many(method: bytes, target: bytes, headers: int) -> bytes:
    return request(method, target, *(b"X-%d: %s" % (number, CANARY) for number in range(headers)))


def bomb(mebibytes: int) -> bytes:
    return gzip.compress(b'{"text": "' + b"a" * (mebibytes * MIB) + b'"}')


BODIES: dict[str, Callable[[], bytes]] = {
    "a body of 100 MB": lambda: post(MATCH, CANARY * 4_200_000),
    "100 MB in chunks, without a length": lambda: chunked(MATCH, (b"100000\r\n" + b"a" * MIB + b"\r\n") * 96),
    "a chunk that says it has 2^60 bytes": lambda: chunked(MATCH, b"1000000000000000\r\n" + b"a" * 2 * MIB),
    "100 MB that wait for 100 Continue": lambda: request(
        b"POST", b"/v1/match", b"Content-Length: 100000000", b"Expect: 100-continue"
    ),
    "a bulk of 65 MB": lambda: post(DEBUNKS, b"\n" * 65 * MIB, b"Content-Type: application/x-ndjson"),
    "a form of 2 MB": lambda: post("/", b"text=" + CANARY * 90_000, FORM),
    "a gzip bomb: 200 KB that unfold to 200 MB": lambda: post(MATCH, bomb(200), JSON, b"Content-Encoding: gzip"),
    "a packed body of any size": lambda: post(DEBUNKS, gzip.compress(SENT), JSON, b"Content-Encoding: br, gzip"),
    "a body that is cut off": lambda: post(MATCH, SENT)[:-5],
    "a bulk that is cut off at a line's end": lambda: (
        request(b"POST", b"/v1/debunks", b"Content-Type: application/x-ndjson", b"Content-Length: 1000")
        + b'{"id": "cut", "myth": "The bridge was sold", "fact": "It was not."}\n'
    ),
    "chunks that are cut off": lambda: chunked(MATCH, b"24\r\n" + SENT + b"\r\n"),
    "no body": lambda: request(b"POST", b"/v1/match"),
    "100,000 open brackets": lambda: post(MATCH, b"[" * 100_000),
    "100,000 nested objects": lambda: post(MATCH, b'{"text":' * 100_000),
    "a number of 5,000 digits": lambda: post(MATCH, b'{"text": "a b c d", "limit": ' + b"9" * 5000 + b"}"),
    "1e999": lambda: post(MATCH, b'{"text": "a b c d", "threshold": 1e999}'),
    "NaN": lambda: post(MATCH, b'{"text": "a b c d", "threshold": NaN}'),
    "Infinity": lambda: post(MATCH, b'{"text": "a b c d", "threshold": -Infinity}'),
    "the same field twice": lambda: post(MATCH, b'{"text": 1, "text": "a b c d"}'),
    "NUL in a text, as an escape": lambda: post(MATCH, rb'{"text": "a \u0000 b c d"}'),
    "NUL in a text, as a byte": lambda: post(MATCH, b'{"text": "a \0 b c d"}'),
    "half of a surrogate pair, as an escape": lambda: post(MATCH, rb'{"text": "a \ud800 b c d"}'),
    "half of a surrogate pair, in bytes": lambda: post(MATCH, b'{"text": "a \xed\xa0\x80 b c d"}'),
    "half of a surrogate pair as a language": lambda: post(MATCH, rb'{"text": "a", "lang": "\udfff"}'),
    "half of a surrogate pair as a field's name": lambda: post(MATCH, rb'{"\ud800": 1, "text": "a"}'),
    "half of a surrogate pair as a debunk's id": lambda: debunk(id="\ud800"),
    "half of a surrogate pair in a fact": lambda: debunk(fact="\ud800"),
    "NUL in a debunk's id": lambda: debunk(id="a\0b"),
    "NUL in a fact": lambda: debunk(fact="a\0b"),
    "NUL in a text that feedback is about": lambda: post(
        FEEDBACK, rb'{"verdict": "confirm", "debunk_id": "nato.int-115204-1", "text": "a\u0000b"}'
    ),
    "no UTF-8": lambda: post(MATCH, b'{"text": "\xff\xfe\xfa"}'),
    "a byte order mark before JSON": lambda: post(MATCH, b'\xef\xbb\xbf{"text": "a b c d"}'),
    "JSON in UTF-16": lambda: post(MATCH, '{"text": "a b c d"}'.encode("utf-16")),
    "a form's text that is no UTF-8": lambda: post("/", b"text=%FF%FE+a+b+c", FORM),
    "10,000 fields in a form": lambda: post("/", b"&".join(b"f%d=1" % number for number in range(10_000)), FORM),
    "a multipart form without an end": lambda: post(
        "/", b"--b\r\n" + CANARY, b"Content-Type: multipart/form-data; boundary=b"
    ),
    "2,000 parts of a form": lambda: post(
        "/",
        b"".join(b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n' for _ in range(2000)) + b"--b--\r\n",
        b"Content-Type: multipart/form-data; boundary=b",
    ),
}

PATHS: dict[str, Callable[[], bytes]] = {
    "`//v1/match`": lambda: post("//v1/match", SENT),
    "`/v1//match`": lambda: post("/v1//match", SENT),
    "`/v1/match/`": lambda: post("/v1/match/", SENT),
    "`/v1/../v1/match`": lambda: post("/v1/../v1/match", SENT),
    "`/v1/%2e%2e/v1/match`": lambda: post("/v1/%2e%2e/v1/match", SENT),
    "`/static/../service/app.py`": lambda: get(b"/static/../service/app.py"),
    "`/static/%2e%2e/app.py`": lambda: get(b"/static/%2e%2e/app.py"),
    "`/static/..%5capp.py`": lambda: get(b"/static/..%5capp.py"),
    "`/static/%00`": lambda: get(b"/static/style.css%00.html"),
    "`/static//etc/passwd`": lambda: get(b"/static//etc/passwd"),
    "NUL in a path": lambda: get(b"/v1/debunks/a%00b"),
    "NUL in a path that is written": lambda: put(b"/v1/debunks/a%00b"),
    "an encoded slash in an id": lambda: get(b"/v1/debunks/a%2Fb"),
    "bytes that are no UTF-8 in a path": lambda: get(b"/v1/debunks/%FF%FE"),
    "a line's end in a path": lambda: get(b"/v1/debunks/a%0D%0ASet-Cookie:%20a=b"),
    "a path of 8,000 bytes": lambda: get(b"/v1/debunks/" + b"a" * 7900),
    "a URL of 1 MB": lambda: get(b"/v1/match?text=" + b"a" * MIB),
    "a raw byte above 127 in a path": lambda: get(b"/v1/\xff"),
    "NUL in a query": lambda: get(b"/v1/debunks?after=a%00b&tag=%00"),
    "a query's text that is no UTF-8": lambda: get(b"/v1/match?text=a+%FF+b+c+d"),
    "1,000 fields in a query": lambda: get(b"/v1/match?" + b"&".join(b"a=%d" % number for number in range(1000))),
    "an absolute target of another host": lambda: get(b"http://evil.example/livez"),
    "a target without a slash": lambda: get(b"livez"),
    "`GET *`": lambda: get(b"*"),
    "`OPTIONS *`": lambda: request(b"OPTIONS", b"*"),
}

HEADS: dict[str, Callable[[], bytes]] = {
    "10,000 headers": lambda: many(b"GET", b"/livez", 10_000),
    "a header of 1 MB": lambda: get(b"/livez", b"X: " + b"a" * MIB),
    "a header's name with a space": lambda: get(b"/livez", b"X Y: " + CANARY),
    "a header's name with a byte above 127": lambda: get(b"/livez", b"X\xff: " + CANARY),
    "a header's name with NUL": lambda: get(b"/livez", b"X\0: " + CANARY),
    "a header without a colon": lambda: get(b"/livez", CANARY),
    "a header without a name": lambda: get(b"/livez", b": " + CANARY),
    "NUL in a header": lambda: get(b"/livez", b"X: " + CANARY + b"\0"),
    "a header that goes on in the next line": lambda: get(b"/livez", b"X: a", b" " + CANARY),
    "lines that end with LF alone": lambda: get(b"/livez").replace(b"\r\n", b"\n"),
    "a header with `_` for `-`": lambda: get(b"/livez", b"Content_Length: 5"),
    "both Content-Length and Transfer-Encoding": lambda: chunked(MATCH, b"0\r\n\r\n", b"Content-Length: 5"),
    "two Content-Lengths": lambda: post(MATCH, SENT, b"Content-Length: 5"),
    "the same Content-Length twice": lambda: post(MATCH, SENT, b"Content-Length: %d" % len(SENT)),
    "a Content-Length of `+5`": lambda: request(b"POST", b"/v1/match", b"Content-Length: +5") + SENT,
    "a Content-Length of `-1`": lambda: request(b"POST", b"/v1/match", b"Content-Length: -1") + SENT,
    "a Content-Length of `5, 5`": lambda: request(b"POST", b"/v1/match", b"Content-Length: 5, 5") + SENT,
    "a Content-Length of 5,000 digits": lambda: request(b"POST", b"/v1/match", b"Content-Length: " + b"9" * 5000),
    "a chunk's size that is no number": lambda: chunked(MATCH, b"zz\r\n" + SENT + b"\r\n0\r\n\r\n"),
    "a chunk's size of `0x5`": lambda: chunked(MATCH, b"0x5\r\n" + SENT),
    "a chunk's size of `-5`": lambda: chunked(MATCH, b"-5\r\n" + SENT),
    "a chunk that is longer than it says": lambda: chunked(MATCH, b"5\r\n" + SENT + b"\r\n0\r\n\r\n"),
    "a chunk's extension with a bare CR": lambda: chunked(MATCH, b"5;a\rb\r\naaaaa\r\n0\r\n\r\n"),
    "a chunk's size line of 10,000 bytes": lambda: chunked(MATCH, b"0" * 10_000),
    "a broken chunk on a path that is not there": lambda: chunked("/nothing", b"zz\r\n" + SENT),
    "Transfer-Encoding `identity, chunked, chunked`": lambda: request(
        b"POST", b"/v1/match", b"Transfer-Encoding: identity, chunked, chunked"
    ),
    "Transfer-Encoding `gzip, chunked`": lambda: (
        request(b"POST", b"/v1/match", b"Transfer-Encoding: gzip, chunked") + b"5\r\naaaaa\r\n0\r\n\r\n"
    ),
    "Transfer-Encoding with a vertical tab": lambda: request(b"POST", b"/v1/match", b"Transfer-Encoding: \x0bchunked"),
    "a transfer coding that is not known": lambda: request(b"POST", b"/v1/match", b"Transfer-Encoding: " + CANARY),
    "an expectation that is not known": lambda: request(b"POST", b"/v1/match", b"Expect: " + CANARY),
    "two Hosts": lambda: get(b"/livez", b"Host: localhost"),
    "no Host": lambda: get(b"/livez").replace(b"Host: localhost\r\n", b""),
    "no Host, in HTTP/1.0": lambda: (
        get(b"/livez").replace(b"Host: localhost\r\n", b"").replace(b"HTTP/1.1", b"HTTP/1.0")
    ),
    "a Host of another name": lambda: get(b"/livez").replace(b"localhost", b"evil.example"),
    "a Host that is no name": lambda: get(b"/livez").replace(b"localhost", b"a b\\@[::"),
    "an empty Host": lambda: get(b"/livez").replace(b"localhost", b""),
    "`X-Forwarded-Host`, `X-Forwarded-Prefix`, `Forwarded`": lambda: get(
        b"/livez", b"X-Forwarded-Host: evil.example", b"X-Forwarded-Prefix: /x", b"Forwarded: host=evil.example"
    ),
    "`SCRIPT_NAME: /v1` and `PATH_INFO: /`": lambda: get(b"/livez", b"SCRIPT_NAME: /v1", b"PATH_INFO: /"),
    "`X-HTTP-Method-Override: DELETE`": lambda: post(
        MATCH, b'{"text": "a b c d"}', b"X-HTTP-Method-Override: DELETE", b"X-Method-Override: DELETE"
    ),
    "an X-Request-ID with a line's end": lambda: get(b"/livez", b"X-Request-ID: a%0d%0ab " + CANARY),
    "an X-Request-ID of 8,000 bytes": lambda: get(b"/livez", b"X-Request-ID: " + b"a" * 8000),
    "an upgrade to HTTP/2 or a WebSocket": lambda: get(
        b"/livez", b"Upgrade: h2c, websocket", b"HTTP2-Settings: AAMAAABkAAQAAP__"
    ),
    "a Range": lambda: get(b"/static/style.css", b"Range: bytes=0-0,1-1,2-2,3-3"),
    "an unknown method": lambda: request(b"BREW", b"/v1/match"),
    "TRACE": lambda: request(b"TRACE", b"/v1/match"),
    "CONNECT": lambda: request(b"CONNECT", b"evil.example:443"),
    "a method in lower case": lambda: request(b"get", b"/livez"),
    "a method of 21 letters": lambda: request(b"A" * 21, b"/livez"),
    "HTTP/0.9": lambda: b"GET /livez\r\n",
    "HTTP/1.2": lambda: get(b"/livez").replace(b"HTTP/1.1", b"HTTP/1.2"),
    "HTTP/3.0": lambda: get(b"/livez").replace(b"HTTP/1.1", b"HTTP/3.0"),
    "HTTP/2's first bytes": lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a request of two words": lambda: CANARY + b" once\r\n\r\n",
    "TLS's first bytes": lambda: bytes.fromhex("16030100c8010000c40303") + b"\x5a" * 190,
    "SSH's first bytes": lambda: b"SSH-2.0-OpenSSH_9.6\r\n",
    "1 MB of noise": lambda: bytes(range(128, 256)) * 8192,
    "PROXY protocol": lambda: b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + get(b"/livez"),
}

INPUTS = {**BODIES, **PATHS, **HEADS}
