"""The README's commands that change the corpus are taken as they stand there, in their order."""

import json
import re
import shlex

from flask.testing import FlaskClient

from corpus.store import CorpusStore
from tests.real_server import ROOT
from tests.service.parts import BRIDGE, lines

SECTION = (ROOT / "README.md").read_text(encoding="utf-8").split("## Changing the corpus")[1].split("\n## ")[0]
COMMANDS = [command.replace("\\\n", " ") for command in re.findall(r"^    (curl (?:.*\\\n)*.*)$", SECTION, re.M)]
FILES = {"@debunks.jsonl": json.dumps(BRIDGE)}


def call(client: FlaskClient, command: str) -> int:
    """Do what curl would, and return the status; a body is sent as a form where no type is named, as curl does."""
    words = iter(shlex.split(command)[1:])
    url, method, body, headers = "", None, None, {}
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, value = next(words).split(": ", 1)
            headers[name] = value
        elif word in ("-d", "--data-binary"):
            body = next(words)
        elif word != "-i":
            url = word.removeprefix("http://127.0.0.1:8000")
    if body is not None:
        headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    sent = FILES.get(body, body) if body is not None else None
    return client.open(
        url, method=method or ("GET" if body is None else "POST"), data=sent, headers=headers
    ).status_code


def test_the_readmes_commands_work(client: FlaskClient, store: CorpusStore) -> None:
    assert len(COMMANDS) == 9
    assert [call(client, command) for command in COMMANDS] == [201, 200, 200, 201, 200, 204, 200, 201, 200]
    shown = [(version.author, version.debunk is None) for version in store.history("bridge")]
    assert shown == [("api", False), ("api", True), ("api", False), ("api", False), ("api:anna", False)]
    (given,) = lines(client.get("/v1/feedback"))
    assert (given["verdict"], given["lang"]) == ("reject", "en")
