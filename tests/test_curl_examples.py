"""Every curl command of the documents is run as it stands there, in the order of its page, by curl, on a real server.

A command is expected to succeed; one that is shown to fail says with what, in a comment behind it: `curl … # 404`.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.real_server import ROOT, RealServer, serving

pytestmark = pytest.mark.slow

SETTINGS = {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_STORE_TEXTS": "on"}
ADDRESS = re.compile(r"https?://[\w.\[\]-]+:8000\b")
CONFIG = 'silent\nshow-error\nmax-time = 60\nwrite-out = "%{stderr}\\nstatus %{http_code}\\n"\n'
# what a file holds that a command sends, by the path that it is sent to
FILES: dict[str, list[dict[str, Any]]] = {
    "/v1/debunks": [{"id": "moon", "myth": "The moon is made of cheese.", "fact": "It is rock.", "lang": "en"}],
    "/v1/match/batch": [{"id": 1, "text": "The bridge was sold."}, {"id": "b", "text": "Bake it.", "lang": "en"}],
}


def code_lines(page: str) -> Iterator[str]:
    """Yield the lines of the page's code blocks, indented and fenced, and its code within sentences that calls curl."""
    fence = ""
    for line in page.splitlines():
        if mark := re.match(r" *(```+|~~~+)", line):
            fence = "" if fence else mark[1]
        elif fence or line.startswith("    "):
            yield line.strip() if fence else line[4:]
        else:
            yield from re.findall(r"`(curl [^`]*https?://[^`]*)`", line)


def commands_of(page: str) -> Iterator[str]:
    """Yield the commands that call curl, each whole: with the lines that it goes on in, and the comment behind it."""
    lines = code_lines(page)
    for line in lines:
        if not re.search(r"(^|[|;&$(]\s*)curl\s", line.removeprefix("$ ")):
            continue
        command = line.removeprefix("$ ")
        while command.endswith("\\") or not is_closed(command):
            command += "\n" + next(lines)
        yield command


def is_closed(command: str) -> bool:
    try:
        return bool(shlex.split(command, comments=True))
    except ValueError:  # a quote is open
        return False


PAGES = {
    path.relative_to(ROOT).as_posix(): commands
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if (commands := list(commands_of(path.read_text(encoding="utf-8"))))
}


class Shell:
    """A shell in a folder of its own, whose curl tells the status of every answer."""

    def __init__(self, folder: Path, server: RealServer) -> None:
        self.folder, self.server = folder, server
        (folder / ".curlrc").write_text(CONFIG)
        self.environment = {**os.environ, "CURL_HOME": str(folder), "no_proxy": "*"}

    def run(self, command: str) -> None:
        """Run the command; its answer has the status that it should have."""
        here = ADDRESS.sub(self.server.url, command)
        assert here != command, f"{command}\nasks another server than http://…:8000"
        self.write_files(here)
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", here],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        met = [int(status) for status in re.findall(r"^status (\d+)$", done.stderr, re.M)]
        wanted = re.search(r"#.*?\b([1-5]\d\d)\b[^\n]*$", command)
        told = f"{command}\nexit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert met, told
        assert all(status == int(wanted[1]) if wanted else 200 <= status < 300 for status in met), told
        assert done.returncode == 0, told

    def write_files(self, command: str) -> None:
        """Write the files that the command sends, where they are not there yet."""
        for name in re.findall(r"(?:@|-T |--upload-file )'?([\w.-]+\.\w+)", command):
            path = next((path for path in FILES if re.search(rf":\d+{path}(?![\w/])", command)), "")
            assert path, f"{command}\nsends {name}; say in FILES what a file holds that is sent there"
            lines = [json.dumps(row) + "\n" for row in FILES[path]]
            if not (self.folder / name).exists():
                (self.folder / name).write_text("".join(lines), encoding="utf-8")


def readme_left(server: RealServer) -> None:
    """Assert what the README's commands leave behind, as it tells their effects."""
    versions = httpx.get(f"{server.url}/v1/debunks/bridge/history").json()["versions"]
    assert [version["author"] for version in versions][-1] == "api:anna"
    assert [version["debunk"] is None for version in versions] == [True, False, False, False]
    assert versions[1]["debunk"]["suppressions"] == [{"text": "The bridge was painted.", "lang": "en"}]
    (feedback,) = httpx.get(f"{server.url}/v1/feedback").text.splitlines()
    assert json.loads(feedback)["verdict"] == "reject"
    assert httpx.get(f"{server.url}/v1/debunks/moon").status_code == 200


LEFT: dict[str, Callable[[RealServer], None]] = {"README.md": readme_left}


@pytest.mark.parametrize("page", PAGES)
def test_every_curl_command_of_a_page_does_what_it_says(page: str, tmp_path: Path) -> None:
    assert shutil.which("curl"), "these tests need curl: apt-get install curl"
    with serving(tmp_path / "server", SETTINGS) as server:
        shell = Shell(tmp_path, server)
        for command in PAGES[page]:
            shell.run(command)
        if page in LEFT:
            LEFT[page](server)


def test_commands_are_found_wherever_a_page_has_them() -> None:
    page = (
        "Say `curl http://127.0.0.1:8000/a` or `curl` it.\n\n"
        "    curl http://127.0.0.1:8000/b \\\n      -d 'c'\n    ls\n\n"
        "```bash\n$ curl -d '{\n  \"d\": 1}' http://127.0.0.1:8000/e # 404\ncat f | curl -T - http://127.0.0.1:8000/g\n```\n"
    )
    assert list(commands_of(page)) == [
        "curl http://127.0.0.1:8000/a",
        "curl http://127.0.0.1:8000/b \\\n  -d 'c'",
        "curl -d '{\n\"d\": 1}' http://127.0.0.1:8000/e # 404",
        "cat f | curl -T - http://127.0.0.1:8000/g",
    ]


def test_the_readmes_commands_are_all_found() -> None:
    assert len(PAGES["README.md"]) >= (ROOT / "README.md").read_text(encoding="utf-8").count("\n    curl ")


def test_a_command_that_fails_otherwise_than_it_says_is_told(tmp_path: Path) -> None:
    with serving(tmp_path / "server", SETTINGS) as server:
        shell = Shell(tmp_path, server)
        shell.run("curl http://127.0.0.1:8000/v1/debunks/absent # 404 UnknownDebunk")
        shell.run("curl http://localhost:8000/livez | cat")
        for wrong in (
            "curl http://127.0.0.1:8000/v1/debunks/absent",
            "curl http://127.0.0.1:8000/livez # 404",
            "curl http://127.0.0.1:8000/livez | false",
            "curl http://127.0.0.1:9/livez",
            "curl -d @absent.bin http://127.0.0.1:8000/v1/match",
        ):
            with pytest.raises(AssertionError, match="curl"):
                shell.run(wrong)
