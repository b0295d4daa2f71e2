"""Who may see the rows of all tenants at once."""

import re
from pathlib import Path

LIFTED = re.compile(r"\b(ALL_TENANTS|see_all_tenants)\b")
ALLOWED = {
    "storage/row_security.py": "defines it",
    "api/migrations/env.py": "migrations may change any row",
    "api/wiring.py": "finds the installation's one tenant by its name",
    "api/observability/ingestion.py": "metrics count over all tenants",
    "ingest/connectors/schedule.py": "which sources are due, over all tenants",
    "ingest/demand.py": "whether any tenant has work; ids alone",
    "ingest/pipeline/dispatcher.py": "the queue takes the tenants in turns",
    "ingest/pipeline/pruning.py": "old jobs and changes go, of all tenants",
    "ingest/pipeline/progress.py": "a job names a document, whose row says which tenant to enter",
    "ingest/sweep.py": "a file without a document has no tenant",
    "security/audit/checkpointer.py": "every tenant's log is signed",
    "api/cli/audit.py": "the operator verifies every tenant's log",
    "security/rotation.py": "the key-encryption key wraps the keys of all tenants",
    "security/key_store.py": "a backup of keys holds those of all tenants",
    "retrieval/index.py": "the list of changes, and which tenants there are",
    "retrieval/shared_vectors.py": "which tenants have changes that a shared store lacks",
}


def test_only_these_modules_see_all_tenants(root: Path) -> None:
    packages = (p.parent for p in root.glob("*/__init__.py"))
    found = {
        str(path.relative_to(root))
        for package in packages
        for path in package.rglob("*.py")
        if LIFTED.search(path.read_text())
    }
    assert found == set(ALLOWED), "give a reason here, or enter the tenant"
