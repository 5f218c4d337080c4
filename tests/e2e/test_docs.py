"""What the documentation tells people to type works: every shell and Python block of every how-to is run.

The blocks of a page are one session: a folder, a shell, and the service that the page presumes.
"""

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from msgspec import Struct

from privyseal.settings import (
    AwsIotSettings,
    IssuerSettings,
    MosquittoSettings,
    RuleSettings,
    Settings,
    SourceSettings,
)
from privyseal.settings.targets import TargetSettings
from tests.e2e.shell import run
from tests.programs import ROOT, program
from tests.service import Service, clean_environment

PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
# Languages of blocks: run, loaded as settings, or only shown.
RUN, LOADED, SHOWN = {"sh", "python"}, {"toml"}, {"console", "ini", "json", "yaml"}


def _blocks(page: Path) -> list[tuple[str, str]]:
    return _BLOCK.findall(page.read_text())


def _script(page: Path) -> str:
    """The page's commands as one shell script that ends at the first failure."""
    parts = ["set -eu"]
    for language, text in _blocks(page):
        if language == "sh":
            parts.append(text)
        elif language == "python":
            parts.append(f"python3 - <<'END_OF_BLOCK'\n{text}END_OF_BLOCK\n")
    return "\n".join(parts)


def _page(page: Path) -> str:
    return page.stem


@pytest.mark.parametrize("page", PAGES, ids=_page)
def test_the_commands_of_a_page_work(page: Path, service: Service, tmp_path: Path) -> None:
    """From the first to the last, in one shell, with `privyseal`, `aws` and `openssl` in its path."""
    tools = [
        Path(sys.executable).parent,
        *(Path(program(name)).parent for name in ("aws", "openssl", "curl", "mosquitto")),
    ]
    environment = clean_environment(PRIVYSEAL_DATA_DIR=str(service.data_dir), HOME=str(tmp_path))
    environment["PATH"] = ":".join([*map(str, tools), environment["PATH"]])
    script = _script(page)
    assert script.count("\n") > 5
    run("sh", "-c", script, env=environment, cwd=tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=_page)
def test_every_block_says_what_it_is(page: Path) -> None:
    """A language that nobody looks at would be a block that nobody runs."""
    languages = {language for language, _ in _blocks(page)}
    assert languages <= RUN | LOADED | SHOWN
    assert page.read_text().count("```") == 2 * len(_blocks(page))


@pytest.mark.parametrize("page", PAGES, ids=_page)
def test_settings_that_are_shown_are_settings(page: Path) -> None:
    """The TOML blocks load without an error."""
    for language, text in _blocks(page):
        if language in LOADED:
            assert msgspec.convert(tomllib.loads(text), Settings) != Settings()


def test_the_table_of_settings_has_them_all() -> None:
    """Names and defaults, in the order of the code."""
    text = (ROOT / "docs" / "how-to" / "operate.md").read_text()
    rows = re.findall(r"^\| `([a-z.-]+)` \| (?:`(.*?)`)? *\|", text, re.MULTILINE)
    assert rows == list(_settings(Settings))
    for section in (
        IssuerSettings,
        AwsIotSettings,
        MosquittoSettings,
        SourceSettings,
        RuleSettings,
        *get_args(TargetSettings),
    ):
        for field in msgspec.structs.fields(section):
            assert f"`{field.encode_name}`" in text


def _settings(table: type[Struct], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each name, those of sections with the section before, and its default as the page shows it."""
    for field in msgspec.structs.fields(table):
        name = prefix + field.encode_name
        if isinstance(field.default, Struct):
            yield from _settings(type(field.default), f"{name}.")
        elif name not in {
            "issuers",
            "registrars",
            "rules",
            "sources",
            "targets",
        }:  # sections that people name
            yield name, _shown(field.default)


def _shown(default: object) -> str:
    if default in {None, "", msgspec.NODEFAULT}:
        return ""
    if isinstance(default, tuple):
        return json.dumps(default)
    return str(default).lower() if isinstance(default, bool) else str(default)


@pytest.mark.parametrize("page", PAGES, ids=_page)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file that exists, and there to a heading."""
    for target, heading in _LINK.findall(page.read_text()):
        file = page.parent / target if target else page
        assert file.is_file(), target
        if heading:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}
