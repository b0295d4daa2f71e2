"""Rules that guard the invariants, read from the syntax of the product's own modules.

What an exception needs is a line here with its reason, not a comment beside the code.
"""

import ast
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

CODE_FROM_DATA = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle"}
HTTP = {"httpx", "httpcore", "requests", "aiohttp", "urllib3", "urllib.request", "http.client"}
HTTP |= {"imaplib", "poplib", "smtplib", "ftplib", "boto3", "botocore.httpsession"}
HTTP_MODULES = {
    "security/outbound/network.py": "the guarded client itself",
    "security/outbound/transport.py": "the guarded client itself",
    "security/outbound/streams.py": "the guarded client itself",
    "ingest/connectors/imap/wire.py": "speaks over the guarded connection that it is given",
    "ingest/connectors/imap/session.py": "names the errors of what it speaks through",
    "security/oidc/connection.py": "only names the type of the guarded client that it is given",
    "security/oidc/provider.py": "only names the type of the guarded client that it is given",
    "security/oidc/token_endpoint.py": "only names the type of the guarded client that it is given",
    "security/keys/vault_client.py": "the address comes from the operator alone",
    "retrieval/embedding/openai_server.py": "the address comes from the operator alone",
    "model/backends/openai_server.py": "the address comes from the operator alone",
    "model/backends/openai_wire.py": "the address comes from the operator alone",
    "model/backends/openai_stream.py": "the address comes from the operator alone",
    "model/backends/openai_description.py": "the address comes from the operator alone",
    "model/sources/hub.py": "fetches the models an operator names, checked by their hashes",
    "api/cli/client.py": "a program on a person's own machine, which calls this server",
    "api/cli/account.py": "a program on a person's own machine, which calls this server",
}
SQL_MODULES = {
    "api/migrations/fences.py": "names of tables, which cannot be parameters",
    "api/migrations/versions/0006_audit_tree.py": "names of tables, which cannot be parameters",
    "api/migrations/versions/0009_permission_lists.py": "names of tables and columns",
    "model/gguf/tokenizer.py": "a method called `text` that reads a file's fields; no SQL",
    "security/ddl.py": "names of tables, which cannot be parameters",
    "storage/copies.py": "names of tables, which cannot be parameters",
    "storage/database.py": "SQLite takes no parameters for its pragmas",
}
CLOCK_MODULES = {"api/wiring.py": "the one place, from which the clock is passed on"}
CLOCKS = {"now", "utcnow", "today"}
SQL = {"text", "execute", "exec_driver_sql", "executescript", "scalar", "scalars", "DDL"}
FILTERS = {"expr", "filter", "filter_expr"}
LOGGED = {"debug", "info", "warning", "error", "exception", "critical", "msg"}
NEVER_LOGGED = {
    *("text", "question", "answer", "query", "quote", "name", "title", "file", "path", "url"),
    *("content", "body", "password", "secret", "token", "key", "cookie", "headers", "message"),
    *("detail", "exc_info", "email", "user_name", "collection_name", "document_name"),
}

Rule = Callable[[ast.AST], bool]


@cache
def modules(root: Path) -> dict[str, ast.Module]:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    paths = [path for package in packages for path in sorted((root / package).rglob("*.py"))]
    return {path.relative_to(root).as_posix(): ast.parse(path.read_text()) for path in paths}


def broken(root: Path, rule: Rule, allowed: dict[str, str] | None = None) -> list[str]:
    return [
        f"{name}:{getattr(node, 'lineno', 0)}"
        for name, tree in modules(root).items()
        if name not in (allowed or {})
        for node in ast.walk(tree)
        if rule(node)
    ]


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return set()


def imports(names: set[str]) -> Rule:
    def rule(node: ast.AST) -> bool:
        return any(
            one == name or one.startswith(f"{name}.") for one in imported(node) for name in names
        )

    return rule


def called(node: ast.AST) -> tuple[str, str]:
    """Return what is called, and on what: ("yaml", "load") for `yaml.load(…)`."""
    if not isinstance(node, ast.Call):
        return "", ""
    if isinstance(node.func, ast.Attribute):
        owner = node.func.value
        return owner.id if isinstance(owner, ast.Name) else "?", node.func.attr
    return "", node.func.id if isinstance(node.func, ast.Name) else "?"


def runs_data(node: ast.AST) -> bool:
    owner, name = called(node)
    if (owner, name) in {("", "eval"), ("", "exec"), ("os", "system"), ("os", "popen")}:
        return True
    if owner == "yaml" and name in {"load", "load_all", "unsafe_load", "full_load"}:
        return True
    keywords = {one.arg: one.value for one in getattr(node, "keywords", ()) if name}
    shell = keywords.get("shell")
    if isinstance(shell, ast.Constant) and shell.value is True:
        return True
    safe = keywords.get("weights_only")
    is_load = (owner, name) == ("torch", "load")
    return is_load and not (isinstance(safe, ast.Constant) and safe.value is True)


def is_put_together(value: ast.AST) -> bool:
    """Whether a string is built from parts: f"…{x}", "…" + x, "…" % x, "…".format(x)."""
    if isinstance(value, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in value.values)
    if isinstance(value, ast.BinOp):
        sides = (value.left, value.right)
        return any(
            is_put_together(side)
            or (isinstance(side, ast.Constant) and isinstance(side.value, str))
            for side in sides
        )
    return called(value)[1] == "format"


def is_text(value: ast.AST) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def builds_sql(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    _, name = called(node)
    filters = [one.value for one in node.keywords if one.arg in FILTERS]
    return any(map(is_put_together, filters)) or (
        name in SQL and any(map(is_put_together, node.args[:1]))
    )


def reads_clock(node: ast.AST) -> bool:
    owner, name = called(node)
    return (owner in {"datetime", "date"} and name in CLOCKS) or (owner, name) == ("time", "time")


def logs_content(node: ast.AST) -> bool:
    owner, name = called(node)
    if not isinstance(node, ast.Call) or name not in LOGGED:
        return False
    if owner not in {"log", "logger", "logging", "_log", "_logger"}:
        return False
    event = node.args[0] if node.args else None
    fixed = isinstance(event, (ast.Constant, ast.Name))
    spoken = {one.arg for one in node.keywords}
    return not fixed or bool(spoken & NEVER_LOGGED)


def test_nothing_stored_or_sent_is_run_as_code(root: Path) -> None:
    assert broken(root, imports(CODE_FROM_DATA)) == []
    assert broken(root, runs_data) == []


def test_only_named_modules_speak_http(root: Path) -> None:
    assert broken(root, imports(HTTP), HTTP_MODULES) == []


def test_no_statement_or_filter_is_put_together_from_values(root: Path) -> None:
    assert broken(root, builds_sql, SQL_MODULES) == []


def test_only_one_place_reads_the_clock(root: Path) -> None:
    assert broken(root, reads_clock, CLOCK_MODULES) == []


def test_no_log_line_carries_content(root: Path) -> None:
    assert broken(root, logs_content) == []


def test_no_exception_outlives_its_module(root: Path) -> None:
    assert {*HTTP_MODULES, *SQL_MODULES, *CLOCK_MODULES} <= set(modules(root))


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (imports(CODE_FROM_DATA), "from pickle import loads"),
        (runs_data, "subprocess.run(x, shell=True)"),
        (runs_data, "yaml.load(x)"),
        (runs_data, "torch.load(x)"),
        (imports(HTTP), "from urllib.request import urlopen"),
        (imports(HTTP), "from urllib import request"),
        (builds_sql, "session.execute(text(f'DELETE FROM a WHERE b = {c}'))"),
        (builds_sql, "connection.execute('DELETE FROM ' + a)"),
        (builds_sql, "client.search(filter=f'tenant == \"{t}\"')"),
        (builds_sql, "text('a %s' % b)"),
        (reads_clock, "datetime.now(UTC)"),
        (logs_content, "log.info(f'asked {question}')"),
        (logs_content, "log.info('asked', question=question)"),
        (logs_content, "log.error('failed', exc_info=True)"),
    ],
)
def test_a_rule_sees_what_it_forbids(rule: Rule, code: str) -> None:
    assert any(rule(node) for node in ast.walk(ast.parse(code)))
